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

/* One function compiled for several instruction sets, the best one chosen when the library is loaded. The choice
   runs before a sanitizer is ready, so sanitized builds do without. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__) \
    && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ND_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define ND_CLONES
#endif

#if defined(__GNUC__)
#define ND_PREFETCH(address) __builtin_prefetch(address)
#else
#define ND_PREFETCH(address) ((void)(address))
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

#endif
