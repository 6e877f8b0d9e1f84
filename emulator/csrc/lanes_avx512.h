/* 16 compartments at a time with AVX-512 F, BW, DQ and VL; rows of 16 sums as in AVX2. */
#include <immintrin.h>

#include "portable.h"

enum { LANES = 16 };
typedef __m512i lanes;
typedef __m512 scales;
typedef __mmask16 mask;

ND_INLINE lanes load(const int32_t *from) { return _mm512_loadu_si512(from); }
ND_INLINE void store(int32_t *to, lanes x) { _mm512_storeu_si512(to, x); }
ND_INLINE lanes load_sums(const int16_t *from) { return _mm512_cvtepi16_epi32(_mm256_loadu_si256((const void *)from)); }
ND_INLINE lanes all(int32_t x) { return _mm512_set1_epi32(x); }
ND_INLINE scales load_scales(const float *from) { return _mm512_loadu_ps(from); }
ND_INLINE scales all_scales(float x) { return _mm512_set1_ps(x); }
ND_INLINE lanes plus(lanes a, lanes b) { return _mm512_add_epi32(a, b); }
ND_INLINE lanes size(lanes x) { return _mm512_abs_epi32(x); }
ND_INLINE lanes shifted(lanes x, int32_t bits) { return _mm512_sll_epi32(x, _mm_cvtsi32_si128(bits)); }
ND_INLINE lanes any_bit(lanes a, lanes b, lanes c) { return _mm512_ternarylogic_epi32(a, b, c, 0xFE); }
ND_INLINE lanes scaled(lanes x, scales k) { return _mm512_cvttps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(x), k)); }
ND_INLINE lanes one_less(lanes r) { return _mm512_max_epi32(_mm512_sub_epi32(r, all(1)), _mm512_setzero_si512()); }
ND_INLINE mask above(lanes a, lanes b) { return _mm512_cmpgt_epi32_mask(a, b); }
ND_INLINE mask either(mask a, mask b) { return _kor_mask16(a, b); }
ND_INLINE mask without(mask a, mask b) { return _kandn_mask16(b, a); }
ND_INLINE lanes zero_where(mask m, lanes x) { return _mm512_maskz_mov_epi32(_knot_mask16(m), x); }
ND_INLINE lanes choose(mask m, lanes yes, lanes no) { return _mm512_mask_mov_epi32(no, m, yes); }
ND_INLINE uint64_t bits(mask m) { return _cvtmask16_u32(m); }
ND_INLINE lanes count_not_zero(lanes count, lanes x)
{
    return _mm512_mask_add_epi32(count, _mm512_test_epi32_mask(x, x), count, all(1));
}
ND_INLINE int share_bits(lanes x, lanes y) { return _mm512_test_epi32_mask(x, y) != 0; }

ND_INLINE uint64_t eight_not_zero(const uint64_t *from)
{
    const lanes x = _mm512_loadu_si512(from);
    return _cvtmask8_u32(_mm512_test_epi64_mask(x, x));
}

/* 32 states of 16 bits at a time; k of shorts_scaled is unsigned, `size` that of x or 0;
   shorts_sum saturates. */
enum { SHORT_LANES = 32 };
#define SHORTS SHORT_LANES
typedef __m512i shorts;
typedef __mmask32 shorts_mask;

ND_INLINE shorts load_shorts(const int16_t *from) { return _mm512_loadu_si512(from); }
ND_INLINE void store_shorts(int16_t *to, shorts x) { _mm512_storeu_si512(to, x); }
ND_INLINE shorts all_shorts(int16_t x) { return _mm512_set1_epi16(x); }
ND_INLINE shorts shorts_any_bit(shorts a, shorts b, shorts c) { return _mm512_ternarylogic_epi32(a, b, c, 0xFE); }
ND_INLINE shorts shorts_plus(shorts a, shorts b) { return _mm512_add_epi16(a, b); }
ND_INLINE shorts shorts_sum(shorts a, shorts b) { return _mm512_adds_epi16(a, b); }
ND_INLINE shorts shorts_times(shorts a, shorts b) { return _mm512_mullo_epi16(a, b); }
ND_INLINE shorts shorts_size(shorts x) { return _mm512_abs_epi16(x); }
ND_INLINE shorts shorts_size_where(shorts_mask m, shorts x) { return _mm512_maskz_abs_epi16(m, x); }
ND_INLINE shorts shorts_where(shorts_mask m, shorts x) { return _mm512_maskz_mov_epi16(m, x); }
ND_INLINE shorts shorts_scaled(shorts x, shorts size, shorts k)
{
    const shorts y = _mm512_mulhi_epu16(size, k);
    return _mm512_mask_sub_epi16(y, _mm512_movepi16_mask(x), _mm512_setzero_si512(), y);
}
ND_INLINE shorts_mask shorts_up_to(shorts a, shorts b) { return _mm512_cmple_epi16_mask(a, b); }
ND_INLINE shorts_mask shorts_not_zero(shorts x) { return _mm512_test_epi16_mask(x, x); }
ND_INLINE uint64_t shorts_bits(const shorts_mask *m) { return _cvtmask64_u64(_mm512_kunpackd(m[1], m[0])); }
ND_INLINE int shorts_share_bits(shorts x, shorts y) { return _mm512_test_epi16_mask(x, y) != 0; }

/* 32 sums at a time. */
enum { WIDE = 32 };
typedef __m512i wide;

ND_INLINE wide load_wide(const int16_t *from) { return _mm512_loadu_si512(from); }
ND_INLINE wide wide_bytes(const int8_t *from) { return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const void *)from)); }
ND_INLINE void store_wide(int16_t *to, wide x) { _mm512_storeu_si512(to, x); }
ND_INLINE wide wide_plus(wide a, wide b) { return _mm512_add_epi16(a, b); }

#include "rows_avx2.h"
