/* The CUBA LIF compartment with any q, for both profiles, a block at a time. Per neuron, decays truncating toward zero:

     r <- max(r - 1, 0)
     u <- wrap(sgn(u) ((|u| current_keep) >> 12) + 64 q)
     v <- clip(sgn(v) ((|v| voltage_keep) >> 12) + u + bias)      to +-(2^23 - 1)
     r > 0: v <- 0;   else a spike where v > threshold: v <- 0, r <- refractory

   wrap: modulo 2^24 into [-2^23, 2^23) on the chip; in Lava x > 2^23 -> x - 2^24, else x <= -2^23 -> x + 2^24, once. */
#include "update.h"

#include "arithmetic.h"

ND_INLINE void update_wide(const nd_block *block, const nd_cells *cells, const int64_t *restrict q, nd_tally *tally,
                           const int lava)
{
    int32_t *restrict us = cells->u, *restrict vs = cells->v, *restrict rs = cells->r, *restrict fired = cells->fired;
    int64_t *restrict us_lava = cells->u_lava;
    const int32_t *restrict biases = cells->bias;
    const nd_cuba_lif *p = &block->parameter.cuba_lif;
    const int32_t n = block->count, current_keep = p->current_keep, voltage_keep = p->voltage_keep;
    const int32_t threshold = p->threshold, refractory = p->refractory;
    int32_t spikes = 0, wraps = 0, clips = 0, over = 0, active = 0, held = 0;
    for (int32_t i = 0; i < n; i++) {
        const int64_t u0 = lava ? us_lava[i] : us[i];
        const int32_t v0 = vs[i], bias = biases[i];
        const int64_t x = (int64_t)((uint64_t)decayed_wide(u0, current_keep) + (uint64_t)q[i] * 64);
        const int64_t u = wrapped(x, lava);
        /* far beyond the clip it no longer matters how large u is, and the sum stays in 64 bits */
        const int64_t y = decayed(v0, voltage_keep) + bias + bounded(u, INT64_C(1) << 40);
        const int32_t v = (int32_t)bounded(y, VOLTAGE_LIMIT);
        const int32_t r = rs[i] > 0 ? rs[i] - 1 : 0;
        const int32_t spike = (r == 0) & (v > threshold);
        if (lava) us_lava[i] = u;
        else us[i] = (int32_t)u;
        vs[i] = (spike | (r > 0)) ? 0 : v;
        rs[i] = spike ? refractory : r;
        fired[i] = spike;
        spikes += spike;
        wraps += u != x;
        clips += v != y;
        over += overflows(q[i]);
        active += (u0 | v0 | q[i] | bias) != 0;
        held |= r;
    }
    tally->count[ND_SPIKES] = spikes;
    tally->count[ND_WRAPS] = wraps;
    tally->count[ND_CLIPS] = clips;
    tally->count[ND_OVERFLOWS] = over;
    tally->count[ND_ACTIVE] = active;
    tally->busy = active | held;
}

void nd_update_cuba_lif(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally)
{
    if (cells->u_lava) update_wide(block, cells, q, tally, 1);
    else update_wide(block, cells, q, tally, 0);
}
