/* The resonate-and-fire neurons, a block at a time. Per neuron, every product truncating toward zero after >> 12:

     real' = clip(cos real - sin imag + 64 q)       to +-(2^23 - 1)
     imag' = clip(sin real + cos imag + 64 q')
     a spike where real' >= threshold, imag' >= 0 and imag < 0;
     of Izhikevich's kind where imag' >= threshold, and then real' <- 0, imag' <- threshold - 1

   State: u = real, v = imag. */
#include "arithmetic.h"
#include "update.h"

/* sgn(x f) ((|x f|) >> 12) for |x| < 2^23 and |f| <= 4096 */
ND_INLINE int64_t scaled(int32_t x, int32_t factor)
{
    const int64_t product = (int64_t)x * factor;
    return product < 0 ? -(-product >> 12) : product >> 12;
}

void nd_update_resonate_fire(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally)
{
    const nd_resonate_fire *p = &block->parameter.resonate_fire;
    nd_tally total = {{0}, 0};
    for (int32_t i = 0; i < block->count; i++) {
        const int32_t real = cells->u ? cells->u[i] : (int32_t)cells->u_lava[i], imag = cells->v[i];
        /* far beyond the clip it no longer matters how large q is, and the sum stays in 64 bits */
        const int64_t in_real = bounded(q[i], INT64_C(1) << 40);
        const int64_t in_imag = bounded(cells->imaginary[i], INT64_C(1) << 40);
        const int64_t x = scaled(real, p->cos_decay) - scaled(imag, p->sin_decay) + in_real * 64;
        const int64_t y = scaled(real, p->sin_decay) + scaled(imag, p->cos_decay) + in_imag * 64;
        const int32_t new_real = (int32_t)bounded(x, VOLTAGE_LIMIT), new_imag = (int32_t)bounded(y, VOLTAGE_LIMIT);
        const int32_t crossed = (new_real >= p->threshold) & (new_imag >= 0) & (imag < 0);
        const int32_t spike = p->izhikevich ? new_imag >= p->threshold : crossed;
        const int32_t u = spike && p->izhikevich ? 0 : new_real;
        if (cells->u) cells->u[i] = u;
        else cells->u_lava[i] = u;
        cells->v[i] = spike && p->izhikevich ? p->threshold - 1 : new_imag;
        cells->fired[i] = spike;
        total.count[ND_SPIKES] += spike;
        total.count[ND_CLIPS] += (new_real != x) | (new_imag != y);
        total.count[ND_OVERFLOWS] += overflows(q[i]) | overflows(cells->imaginary[i]);
        total.count[ND_ACTIVE] += (real | imag | q[i] | cells->imaginary[i]) != 0;
        total.busy |= (u | cells->v[i]) != 0;
    }
    *tally = total;
}
