/* What differs between compilers. */
#ifndef NEURODEPLOY_PORTABLE_H
#define NEURODEPLOY_PORTABLE_H

#include <stdint.h>

#if defined(_MSC_VER)
#include <intrin.h>
#define ND_INLINE static __forceinline
#elif defined(__GNUC__)
#define ND_INLINE static inline __attribute__((always_inline))
#else
#define ND_INLINE static inline
#endif

#if defined(__GNUC__)
#define ND_PREFETCH(address) __builtin_prefetch(address)
#define ND_UNROLL _Pragma("GCC unroll 16")
#else
#define ND_PREFETCH(address) ((void)(address))
#define ND_UNROLL
#endif

/* Position of the lowest bit set in `word`, which is not zero. */
ND_INLINE int nd_lowest_bit(uint64_t word)
{
#if defined(_MSC_VER) && defined(_M_X64)
    unsigned long position;
    _BitScanForward64(&position, word);
    return (int)position;
#elif defined(__GNUC__)
    return __builtin_ctzll(word);
#else
    int position = 0;
    while (!(word >> position & 1)) position++;
    return position;
#endif
}

/* How many bits of `word` are set. */
ND_INLINE int nd_bits_set(uint64_t word)
{
    word -= word >> 1 & UINT64_C(0x5555555555555555);
    word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
    word = (word + (word >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
    return (int)(word * UINT64_C(0x0101010101010101) >> 56);
}

#endif
