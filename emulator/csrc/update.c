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

ND_INLINE int32_t clipped(int32_t x)
{
    int32_t low = x < -VOLTAGE_LIMIT ? -VOLTAGE_LIMIT : x;
    return low > VOLTAGE_LIMIT ? VOLTAGE_LIMIT : low;
}

/* Four counts of up to ND_BLOCK in one number: one horizontal sum instead of four. */
#define PACK(spikes, wraps, clips, overflows) ((spikes) | (wraps) << 8 | (clips) << 16 | (overflows) << 24)

/* Written once, compiled for each combination of the two flags, so that the common cases load and store no more
   than they need. */
ND_INLINE void update(const nd_block *block, const nd_cells *cells, const int32_t *restrict q, nd_tally *tally,
                      const int with_bias, const int with_refractory)
{
    int32_t *restrict us = cells->u, *restrict vs = cells->v, *restrict rs = cells->r, *restrict fired = cells->fired;
    const int32_t *restrict biases = cells->bias;
    const int32_t n = block->count, current_keep = block->current_keep, voltage_keep = block->voltage_keep;
    const int32_t threshold = block->threshold, refractory = block->refractory;
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
    const int hold = block->refractory > 1;   /* a refractory delay of 1 holds nothing: r need not be kept */
    if (block->has_bias && hold) update(block, cells, q, tally, 1, 1);
    else if (block->has_bias) update(block, cells, q, tally, 1, 0);
    else if (hold) update(block, cells, q, tally, 0, 1);
    else update(block, cells, q, tally, 0, 0);
}

/* Sums beyond 64 bits wrap, as unsigned ones do. */
static int64_t add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t decayed_wide(int64_t x, int32_t keep)
{
    uint64_t a = x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
    uint64_t d = (a >> 12) * (uint64_t)keep + (((a & 4095) * (uint64_t)keep) >> 12);
    return (int64_t)(x < 0 ? 0 - d : d);
}

static int64_t bounded(int64_t x, int64_t limit)
{
    return x < -limit ? -limit : x > limit ? limit : x;
}

static int64_t wrapped(int64_t x, int lava)
{
    if (!lava) return (int64_t)(((uint64_t)x + HALF) & (FULL - 1)) - HALF;
    return x > HALF ? x - FULL : x <= -HALF ? x + FULL : x;
}

void nd_update_wide(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally)
{
    const nd_tally none = {{0}, 0};
    const int lava = cells->u_lava != NULL;
    *tally = none;
    for (int32_t i = 0; i < block->count; i++) {
        const int64_t u0 = lava ? cells->u_lava[i] : cells->u[i];
        const int64_t bias = cells->bias[i];
        const int32_t v0 = cells->v[i];
        const int64_t x = add(decayed_wide(u0, block->current_keep), (int64_t)((uint64_t)q[i] * 64));
        const int64_t u = wrapped(x, lava);
        /* far beyond the clip it no longer matters how large u is, and the sum stays in 64 bits */
        const int64_t y = decayed(v0, block->voltage_keep) + bias + bounded(u, INT64_C(1) << 40);
        const int32_t v = (int32_t)bounded(y, VOLTAGE_LIMIT);
        const int32_t r = cells->r[i] > 0 ? cells->r[i] - 1 : 0;
        const int32_t spike = r == 0 && v > block->threshold;
        if (lava) cells->u_lava[i] = u;
        else cells->u[i] = (int32_t)u;
        cells->v[i] = spike || r > 0 ? 0 : v;
        cells->r[i] = spike ? block->refractory : r;
        cells->fired[i] = spike;
        tally->count[ND_SPIKES] += spike;
        tally->count[ND_WRAPS] += u != x;
        tally->count[ND_CLIPS] += v != y;
        tally->count[ND_OVERFLOWS] += q[i] >= OVERFLOW_LIMIT || q[i] <= -OVERFLOW_LIMIT;
        tally->count[ND_ACTIVE] += u0 || v0 || q[i] || bias;
        tally->busy |= u0 || v0 || q[i] || bias || r > 0;
    }
}
