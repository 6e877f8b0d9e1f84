/* The CUBA LIF compartment, a block at a time. Per neuron, decays truncating toward zero:

     r <- max(r - 1, 0)
     u <- wrap(sgn(u) ((|u| current_keep) >> 12) + 64 q)
     v <- clip(sgn(v) ((|v| voltage_keep) >> 12) + u + bias)      to +-(2^23 - 1)
     r > 0: v <- 0;   else a spike where v > threshold: v <- 0, r <- refractory

   wrap: modulo 2^24 into [-2^23, 2^23) on the chip; in Lava x > 2^23 -> x - 2^24, else x <= -2^23 -> x + 2^24, once. */
#include "update.h"

#include "arithmetic.h"

/* Four counts of up to ND_BLOCK in one number: one horizontal sum instead of four. */
#define PACK(spikes, wraps, clips, overflows) ((spikes) | (wraps) << 8 | (clips) << 16 | (overflows) << 24)

/* Written once, compiled for each combination of the two flags, so that the common cases load and store no more
   than they need. */
ND_INLINE void update(const nd_block *block, const nd_cells *cells, const int32_t *restrict q, nd_tally *tally,
                      const int with_bias, const int with_refractory)
{
    int32_t *restrict us = cells->u, *restrict vs = cells->v, *restrict rs = cells->r, *restrict fired = cells->fired;
    const int32_t *restrict biases = cells->bias;
    const nd_cuba_lif *p = &block->parameter.cuba_lif;
    const int32_t n = block->count, current_keep = p->current_keep, voltage_keep = p->voltage_keep;
    const int32_t threshold = p->threshold, refractory = p->refractory;
    int32_t packed = 0, active = 0, held = 0;
    for (int32_t i = 0; i < n; i++) {
        const int32_t u0 = us[i], v0 = vs[i], q0 = q[i], bias = with_bias ? biases[i] : 0;
        const int32_t x = decayed(u0, current_keep) + q0 * 64;
        const int32_t u = ((x + HALF) & (FULL - 1)) - HALF;
        const int32_t y = decayed(v0, voltage_keep) + u + bias;
        const int32_t v = clipped(y);
        int32_t spike = v > threshold, silent = spike;
        if (with_refractory) {
            const int32_t r = rs[i] > 0 ? rs[i] - 1 : 0;
            spike &= r == 0;
            silent |= r > 0;
            rs[i] = spike ? refractory : r;
            held |= r;
        }
        us[i] = u;
        vs[i] = silent ? 0 : v;
        fired[i] = spike;
        packed += PACK(spike, u != x, v != y, (q0 >= OVERFLOW_LIMIT) | (q0 <= -OVERFLOW_LIMIT));
        active += (u0 | v0 | q0 | bias) != 0;
    }
    tally->count[ND_SPIKES] = packed & 255;
    tally->count[ND_WRAPS] = packed >> 8 & 255;
    tally->count[ND_CLIPS] = packed >> 16 & 255;
    tally->count[ND_OVERFLOWS] = packed >> 24 & 255;
    tally->count[ND_ACTIVE] = active;
    tally->busy = active | held;
}

ND_CLONES void nd_update_narrow(const nd_block *block, const nd_cells *cells, const int32_t *q, nd_tally *tally)
{
    /* a refractory delay of 1 holds nothing: r need not be kept */
    const int hold = block->parameter.cuba_lif.refractory > 1;
    if (block->restless && hold) update(block, cells, q, tally, 1, 1);
    else if (block->restless) update(block, cells, q, tally, 1, 0);
    else if (hold) update(block, cells, q, tally, 0, 1);
    else update(block, cells, q, tally, 0, 0);
}

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
        vs[i] = spike | (r > 0) ? 0 : v;
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

ND_CLONES void nd_update_cuba_lif(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally)
{
    if (cells->u_lava) update_wide(block, cells, q, tally, 1);
    else update_wide(block, cells, q, tally, 0);
}
