#include "kernels.h"

#include <string.h>

enum { MOST = 4 };

static int32_t available(const nd_kernels **found)
{
    int32_t count = 0;
    found[count++] = &nd_kernels_baseline;
#ifdef ND_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2")) found[count++] = &nd_kernels_avx2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl")) found[count++] = &nd_kernels_avx512;
#endif
    return count;
}

const char *const *nd_instruction_sets(void)
{
    static const char *const names[][MOST] = {
        {"baseline", NULL}, {"baseline", "avx2", NULL}, {"baseline", "avx2", "avx512", NULL}};
    const nd_kernels *found[MOST];
    return names[available(found) - 1];
}

const nd_kernels *nd_kernels_named(const char *name)
{
    const nd_kernels *found[MOST];
    const int32_t count = available(found);
    for (int32_t i = 0; i < count; i++)
        if (strcmp(found[i]->name, name) == 0) return found[i];
    return NULL;
}
