/* Memory for vectors: it starts with a cache line, so that no vector lies across two. */
#ifndef NEURODEPLOY_MEMORY_H
#define NEURODEPLOY_MEMORY_H

#include <stdint.h>
#include <stdlib.h>

enum { ND_LINE = 64 };

/* `count` elements of `size` bytes, all zero; NULL without memory. nd_drop frees it. */
static inline void *nd_zeros(size_t count, size_t size)
{
    const size_t room = ND_LINE + sizeof(void *);
    if (size && count > (SIZE_MAX - room) / size) return NULL;
    char *start = calloc(1, count * size + room);
    if (!start) return NULL;
    const uintptr_t first = (uintptr_t)start + room - 1;
    char *line = start + (first / ND_LINE * ND_LINE - (uintptr_t)start);
    ((void **)(void *)line)[-1] = start;
    return line;
}

static inline void nd_drop(void *memory)
{
    if (memory) free(((void **)memory)[-1]);
}

#endif
