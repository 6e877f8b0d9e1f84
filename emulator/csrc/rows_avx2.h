/* Rows of 16 sums with AVX2. */
typedef __m256i row;

ND_INLINE row load_row(const int16_t *from) { return _mm256_loadu_si256((const void *)from); }
ND_INLINE row load_bytes(const int8_t *from) { return _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)from)); }
ND_INLINE void store_row(int16_t *to, row x) { _mm256_storeu_si256((void *)to, x); }
ND_INLINE row all_row(int16_t x) { return _mm256_set1_epi16(x); }
ND_INLINE row row_plus(row a, row b) { return _mm256_add_epi16(a, b); }
ND_INLINE row row_times(row a, row b) { return _mm256_mullo_epi16(a, b); }
