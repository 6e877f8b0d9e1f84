/* The adaptive neuron, a block at a time. Per neuron, d being how far its threshold lies above the one at rest:

     u, v as those of CUBA LIF
     d <- (d threshold_keep) >> 12
     r <- (r refractory_keep) >> 12
     a spike where v >= threshold + d + r:  r <- r + 2 (threshold + d), d <- d + step

   v is not reset. A spike needs threshold + d + r <= v < 2^23, so d and r stay below 2^25. State: u, v, r, s = d. */
#include "arithmetic.h"
#include "update.h"

void nd_update_alif(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally)
{
    const nd_alif *p = &block->parameter.alif;
    const int lava = cells->u_lava != NULL;
    nd_tally total = {{0}, 0};
    for (int32_t i = 0; i < block->count; i++) {
        const int64_t u0 = lava ? cells->u_lava[i] : cells->u[i];
        const int32_t v0 = cells->v[i], bias = cells->bias[i];
        const int64_t x = (int64_t)((uint64_t)decayed_wide(u0, p->current_keep) + (uint64_t)q[i] * 64);
        const int64_t u = wrapped(x, lava);
        const int64_t y = decayed(v0, p->voltage_keep) + bias + bounded(u, INT64_C(1) << 40);
        const int32_t v = (int32_t)bounded(y, VOLTAGE_LIMIT);
        const int32_t d = decayed(cells->s[i], p->threshold_keep), r = decayed(cells->r[i], p->refractory_keep);
        const int32_t threshold = p->threshold + d;
        const int32_t spike = v - r >= threshold;
        if (lava) cells->u_lava[i] = u;
        else cells->u[i] = (int32_t)u;
        cells->v[i] = v;
        cells->r[i] = spike ? r + 2 * threshold : r;
        cells->s[i] = spike ? d + p->step : d;
        cells->fired[i] = spike;
        total.count[ND_SPIKES] += spike;
        total.count[ND_WRAPS] += u != x;
        total.count[ND_CLIPS] += v != y;
        total.count[ND_OVERFLOWS] += overflows(q[i]);
        total.count[ND_ACTIVE] += (u0 | v0 | q[i] | bias) != 0;
        total.busy |= (u | v | cells->r[i] | cells->s[i]) != 0;
    }
    *tally = total;
}
