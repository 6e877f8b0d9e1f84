#include "deliveries.h"

#include <stdlib.h>

static const nd_list empty = {-1, 0};

int nd_ring_init(nd_ring *ring, int32_t banks, int32_t span)
{
    int64_t slots = 1;
    while (slots <= span) slots *= 2;
    ring->banks = banks;
    ring->mask = slots - 1;
    ring->capacity = 0;
    ring->free = -1;
    ring->pool = NULL;
    ring->list = malloc(sizeof *ring->list * (size_t)slots * (size_t)(banks + 1));
    if (!ring->list) return -1;
    for (int64_t i = 0; i < slots * banks; i++) ring->list[i] = empty;
    return 0;
}

void nd_ring_destroy(nd_ring *ring)
{
    free(ring->list);
    free(ring->pool);
}

/* More nodes, when none is free. */
static int grow(nd_ring *ring)
{
    if (ring->capacity > INT32_MAX / 2) return -1;
    int32_t capacity = ring->capacity ? 2 * ring->capacity : 1024;
    nd_delivery *pool = realloc(ring->pool, sizeof *pool * (size_t)capacity);
    if (!pool) return -1;
    for (int32_t i = ring->capacity; i < capacity; i++) pool[i].next = i + 1 < capacity ? i + 1 : -1;
    ring->free = ring->capacity;
    ring->pool = pool;
    ring->capacity = capacity;
    return 0;
}

int nd_ring_push(nd_ring *ring, int64_t step, const nd_route *route, int32_t payload)
{
    if (ring->free < 0 && grow(ring)) return -1;
    nd_list *list = &ring->list[(step & ring->mask) * ring->banks + route->bank];
    const int32_t node = ring->free;
    nd_delivery *delivery = &ring->pool[node];
    ring->free = delivery->next;
    delivery->next = list->head;
    delivery->first_chunk = route->first_chunk;
    delivery->chunks = route->chunks;
    delivery->payload = payload;
    list->head = node;
    if (list->load < ND_NARROW) list->load += (int64_t)route->bound * (payload < 0 ? -(int64_t)payload : payload);
    return 0;
}

nd_list nd_ring_take(nd_ring *ring, int64_t step, int32_t bank)
{
    nd_list *list = &ring->list[(step & ring->mask) * ring->banks + bank];
    const nd_list taken = *list;
    *list = empty;
    return taken;
}

void nd_ring_release(nd_ring *ring, nd_list list)
{
    if (list.head < 0) return;
    int32_t last = list.head;
    while (ring->pool[last].next >= 0) last = ring->pool[last].next;
    ring->pool[last].next = ring->free;
    ring->free = list.head;
}
