#include "update.h"

#include "portable.h"

#define HALF (1 << 23)
#define FULL (1 << 24)
#define VOLTAGE_LIMIT (HALF - 1)
/* |64 q| >= 2^21 */
#define OVERFLOW_LIMIT (1 << 15)

/* sgn(x) ((|x| keep) >> 12) for |x| <= 2^23: x keep / 4096 rounded down, up for negative x. The two halves of x keep
   the products within 25 bits. Shifts of negative numbers are arithmetic in every compiler we build with. */
ND_INLINE int32_t decayed(int32_t x, int32_t keep)
{
    return (x >> 12) * keep + (((x & 4095) * keep + ((x >> 31) & 4095)) >> 12);
}

/* sgn(x) ((|x| keep) >> 12) for any x. Sums and products of this form wrap beyond 64 bits, as unsigned ones do. */
ND_INLINE int64_t decayed_wide(int64_t x, int32_t keep)
{
    const uint64_t sign = (uint64_t)(x >> 63), a = ((uint64_t)x ^ sign) - sign;
    const uint64_t d = (a >> 12) * (uint64_t)keep + (((a & 4095) * (uint64_t)keep) >> 12);
    return (int64_t)((d ^ sign) - sign);
}

ND_INLINE int64_t bounded(int64_t x, int64_t limit)
{
    const int64_t low = x < -limit ? -limit : x;
    return low > limit ? limit : low;
}

ND_INLINE int64_t wrapped(int64_t x, int lava)
{
    if (lava) return x - (x > HALF ? FULL : 0) + (x <= -HALF ? FULL : 0);
    return (int64_t)(((uint64_t)x + HALF) & (FULL - 1)) - HALF;
}

ND_INLINE void update_wide(const nd_block *block, const nd_cells *cells, const int64_t *restrict q, nd_tally *tally,
                           const int lava)
{
    int32_t *restrict us = cells->u, *restrict vs = cells->v, *restrict rs = cells->r, *restrict fired = cells->fired;
    int64_t *restrict us_lava = cells->u_lava;
    const int32_t *restrict biases = cells->bias;
    const int32_t n = block->count, current_keep = block->current_keep, voltage_keep = block->voltage_keep;
    const int32_t threshold = block->threshold, refractory = block->refractory;
    int32_t spikes = 0, wraps = 0, clips = 0, overflows = 0, active = 0, held = 0;
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
        overflows += (q[i] >= OVERFLOW_LIMIT) | (q[i] <= -OVERFLOW_LIMIT);
        active += (u0 | v0 | q[i] | bias) != 0;
        held |= r;
    }
    tally->count[ND_SPIKES] = spikes;
    tally->count[ND_WRAPS] = wraps;
    tally->count[ND_CLIPS] = clips;
    tally->count[ND_OVERFLOWS] = overflows;
    tally->count[ND_ACTIVE] = active;
    tally->busy = active | held;
}

void nd_update_wide(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally)
{
    if (cells->u_lava) update_wide(block, cells, q, tally, 1);
    else update_wide(block, cells, q, tally, 0);
}
