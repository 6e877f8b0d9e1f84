/* 4 compartments at a time with what every machine of its kind has (SSE2, NEON), as the compiler's vectors; compilers
   without them take one at a time. */
#include <string.h>

#include "portable.h"

#if defined(__GNUC__)
enum { LANES = 4 };
typedef int32_t lanes __attribute__((vector_size(16)));
typedef float scales __attribute__((vector_size(16)));
typedef int16_t sums __attribute__((vector_size(8)));
#define CONVERTED(x, type) __builtin_convertvector(x, type)
#define LANE(x, i) (x)[i]
#define TRUE_WHERE(condition) ((lanes)(condition))
#else
enum { LANES = 1 };
typedef int32_t lanes;
typedef float scales;
typedef int16_t sums;
#define CONVERTED(x, type) ((type)(x))
#define LANE(x, i) (x)
#define TRUE_WHERE(condition) (-(int32_t)(condition))
#endif
typedef lanes mask;             /* -1 or 0 */

#define LOADER(name, type, element) \
    ND_INLINE type name(const element *from) { type x; memcpy(&x, from, sizeof x); return x; }
LOADER(load, lanes, int32_t)
LOADER(load_scales, scales, float)
LOADER(load_sums_alone, sums, int16_t)

ND_INLINE void store(int32_t *to, lanes x) { memcpy(to, &x, sizeof x); }
ND_INLINE lanes load_sums(const int16_t *from) { return CONVERTED(load_sums_alone(from), lanes); }
ND_INLINE lanes all(int32_t x) { return x - (lanes){0}; }
ND_INLINE scales all_scales(float x) { return x - (scales){0}; }
ND_INLINE lanes plus(lanes a, lanes b) { return a + b; }
ND_INLINE lanes size(lanes x) { return (x ^ (x >> 31)) - (x >> 31); }
ND_INLINE lanes shifted(lanes x, int32_t bits) { return x * all(1 << bits); }
ND_INLINE lanes any_bit(lanes a, lanes b, lanes c) { return a | b | c; }
ND_INLINE lanes scaled(lanes x, scales k) { return CONVERTED(CONVERTED(x, scales) * k, lanes); }
ND_INLINE mask above(lanes a, lanes b) { return TRUE_WHERE(a > b); }
ND_INLINE lanes one_less(lanes r) { return r + above(r, all(0)); }
ND_INLINE mask either(mask a, mask b) { return a | b; }
ND_INLINE mask without(mask a, mask b) { return a & ~b; }
ND_INLINE lanes zero_where(mask m, lanes x) { return x & ~m; }
ND_INLINE lanes choose(mask m, lanes yes, lanes no) { return (yes & m) | (no & ~m); }
ND_INLINE lanes count_not_zero(lanes count, lanes x) { return count - TRUE_WHERE(x != all(0)); }
ND_INLINE uint64_t bits(mask m)
{
    uint64_t result = 0;
    for (int i = 0; i < LANES; i++) result |= (uint64_t)(LANE(m, i) & 1) << i;
    return result;
}
ND_INLINE int share_bits(lanes x, lanes y)
{
    int32_t both = 0;
    for (int i = 0; i < LANES; i++) both |= LANE(x, i) & LANE(y, i);
    return both != 0;
}

ND_INLINE uint64_t eight_not_zero(const uint64_t *from)
{
    uint64_t used = 0;
    for (int i = 0; i < 8; i++) used |= (uint64_t)(from[i] != 0) << i;
    return used;
}

/* Compilers make vectors of these loops by themselves. */
typedef struct { int16_t sum[ND_PIECE]; } row;

ND_INLINE row load_row(const int16_t *from) { row x; memcpy(&x, from, sizeof x); return x; }
ND_INLINE void store_row(int16_t *to, row x) { memcpy(to, &x, sizeof x); }
ND_INLINE row load_bytes(const int8_t *from) { row x; for (int i = 0; i < ND_PIECE; i++) x.sum[i] = from[i]; return x; }
ND_INLINE row all_row(int16_t y) { row x; for (int i = 0; i < ND_PIECE; i++) x.sum[i] = y; return x; }
ND_INLINE row row_plus(row a, row b)
{
    for (int i = 0; i < ND_PIECE; i++) a.sum[i] = (int16_t)(a.sum[i] + b.sum[i]);
    return a;
}
ND_INLINE row row_times(row a, row b)
{
    for (int i = 0; i < ND_PIECE; i++) a.sum[i] = (int16_t)(a.sum[i] * b.sum[i]);
    return a;
}

#define WIDE ND_PIECE
typedef row wide;
#define load_wide load_row
#define wide_bytes load_bytes
#define store_wide store_row
#define wide_plus row_plus
