/* 8 compartments at a time with AVX2. */
#include <immintrin.h>

#include "portable.h"

enum { LANES = 8 };
typedef __m256i lanes;
typedef __m256 scales;
typedef __m256i mask;

ND_INLINE lanes load(const int32_t *from) { return _mm256_loadu_si256((const void *)from); }
ND_INLINE void store(int32_t *to, lanes x) { _mm256_storeu_si256((void *)to, x); }
ND_INLINE lanes load_sums(const int16_t *from) { return _mm256_cvtepi16_epi32(_mm_loadu_si128((const void *)from)); }
ND_INLINE lanes all(int32_t x) { return _mm256_set1_epi32(x); }
ND_INLINE scales load_scales(const float *from) { return _mm256_loadu_ps(from); }
ND_INLINE scales all_scales(float x) { return _mm256_set1_ps(x); }
ND_INLINE lanes plus(lanes a, lanes b) { return _mm256_add_epi32(a, b); }
ND_INLINE lanes size(lanes x) { return _mm256_abs_epi32(x); }
ND_INLINE lanes shifted(lanes x, int32_t bits) { return _mm256_sll_epi32(x, _mm_cvtsi32_si128(bits)); }
ND_INLINE lanes any_bit(lanes a, lanes b, lanes c) { return _mm256_or_si256(_mm256_or_si256(a, b), c); }
ND_INLINE lanes scaled(lanes x, scales k) { return _mm256_cvttps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(x), k)); }
ND_INLINE lanes one_less(lanes r) { return _mm256_max_epi32(_mm256_sub_epi32(r, all(1)), _mm256_setzero_si256()); }
ND_INLINE mask above(lanes a, lanes b) { return _mm256_cmpgt_epi32(a, b); }
ND_INLINE mask either(mask a, mask b) { return _mm256_or_si256(a, b); }
ND_INLINE mask without(mask a, mask b) { return _mm256_andnot_si256(b, a); }
ND_INLINE lanes zero_where(mask m, lanes x) { return _mm256_andnot_si256(m, x); }
ND_INLINE lanes choose(mask m, lanes yes, lanes no) { return _mm256_blendv_epi8(no, yes, m); }
ND_INLINE uint64_t bits(mask m) { return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(m)); }
ND_INLINE lanes count_not_zero(lanes count, lanes x)
{
    return _mm256_add_epi32(count, _mm256_min_epu32(x, all(1)));
}
ND_INLINE int share_bits(lanes x, lanes y) { return !_mm256_testz_si256(x, y); }

ND_INLINE uint64_t four_zero(const uint64_t *from)
{
    const lanes x = _mm256_loadu_si256((const void *)from);
    return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(x, _mm256_setzero_si256())));
}
ND_INLINE uint64_t eight_not_zero(const uint64_t *from) { return (four_zero(from) | four_zero(from + 4) << 4) ^ 0xFF; }

/* 16 states of 16 bits at a time; k of shorts_scaled is unsigned, `size` that of x or 0;
   shorts_sum saturates. */
enum { SHORT_LANES = 16 };
#define SHORTS SHORT_LANES
typedef __m256i shorts;
typedef __m256i shorts_mask;    /* 0 where a condition holds, -1 where it does not */

ND_INLINE shorts load_shorts(const int16_t *from) { return _mm256_loadu_si256((const void *)from); }
ND_INLINE void store_shorts(int16_t *to, shorts x) { _mm256_storeu_si256((void *)to, x); }
ND_INLINE shorts all_shorts(int16_t x) { return _mm256_set1_epi16(x); }
ND_INLINE shorts shorts_any_bit(shorts a, shorts b, shorts c) { return any_bit(a, b, c); }
ND_INLINE shorts shorts_plus(shorts a, shorts b) { return _mm256_add_epi16(a, b); }
ND_INLINE shorts shorts_sum(shorts a, shorts b) { return _mm256_adds_epi16(a, b); }
ND_INLINE shorts shorts_times(shorts a, shorts b) { return _mm256_mullo_epi16(a, b); }
ND_INLINE shorts shorts_size(shorts x) { return _mm256_abs_epi16(x); }
ND_INLINE shorts shorts_where(shorts_mask m, shorts x) { return _mm256_andnot_si256(m, x); }
ND_INLINE shorts shorts_size_where(shorts_mask m, shorts x) { return _mm256_abs_epi16(shorts_where(m, x)); }
ND_INLINE shorts shorts_scaled(shorts x, shorts size, shorts k)
{
    return _mm256_sign_epi16(_mm256_mulhi_epu16(size, k), x);
}
ND_INLINE shorts_mask shorts_up_to(shorts a, shorts b) { return _mm256_cmpgt_epi16(a, b); }
ND_INLINE shorts_mask shorts_not_zero(shorts x) { return _mm256_cmpeq_epi16(x, all_shorts(0)); }
ND_INLINE uint64_t two_clear(shorts_mask low, shorts_mask high)
{
    const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0xD8);
    return (uint32_t)~_mm256_movemask_epi8(bytes);
}
ND_INLINE uint64_t shorts_bits(const shorts_mask *m) { return two_clear(m[0], m[1]) | two_clear(m[2], m[3]) << 32; }
ND_INLINE int shorts_share_bits(shorts x, shorts y) { return share_bits(x, y); }

#include "rows_avx2.h"

#define WIDE ND_PIECE
typedef row wide;
#define load_wide load_row
#define wide_bytes load_bytes
#define store_wide store_row
#define wide_plus row_plus
