#include "deliveries.h"

#include <stdlib.h>

int nd_ring_init(nd_ring *ring, int32_t populations, int32_t span)
{
    int64_t slots = 1;
    while (slots <= span) slots *= 2;
    ring->populations = populations;
    ring->mask = slots - 1;
    ring->list = calloc((size_t)(slots * populations), sizeof *ring->list);
    return ring->list ? 0 : -1;
}

void nd_ring_destroy(nd_ring *ring)
{
    if (!ring->list) return;
    for (int64_t i = 0; i < (ring->mask + 1) * ring->populations; i++) free(ring->list[i].item);
    free(ring->list);
}

int nd_list_grow(nd_list *list)
{
    if (list->capacity > INT32_MAX / 2) return -1;
    const int32_t capacity = list->capacity ? 2 * list->capacity : 64;
    nd_delivery *item = realloc(list->item, sizeof *item * (size_t)capacity);
    if (!item) return -1;
    list->item = item;
    list->capacity = capacity;
    return 0;
}
