/* The arithmetic that neuron models share. */
#ifndef NEURODEPLOY_ARITHMETIC_H
#define NEURODEPLOY_ARITHMETIC_H

#include <stdint.h>

#include "portable.h"

#define HALF (1 << 23)
#define FULL (1 << 24)
#define VOLTAGE_LIMIT (HALF - 1)
/* |64 q| >= 2^21 */
#define OVERFLOW_LIMIT (1 << 15)

/* sgn(x) ((|x| keep) >> 12) for |x| <= 2^25: x keep / 4096 rounded down, up for negative x. The two halves of x keep
   the products within 27 bits. Shifts of negative numbers are arithmetic in every compiler we build with. */
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

ND_INLINE int32_t overflows(int64_t q)
{
    return (q >= OVERFLOW_LIMIT) | (q <= -OVERFLOW_LIMIT);
}

#endif
