#include "deliveries.h"

#include <limits.h>
#include <stdlib.h>

int nd_ring_init(nd_ring *ring, int32_t banks, int32_t span)
{
    int64_t slots = 1;
    while (slots <= span) slots *= 2;
    ring->banks = banks;
    ring->mask = slots - 1;
    ring->capacity = 0;
    ring->free = -1;
    ring->pool = NULL;
    ring->head = malloc(sizeof *ring->head * (size_t)slots * (size_t)(banks > 0 ? banks : 1));
    if (!ring->head) return -1;
    for (int64_t i = 0; i < slots * banks; i++) ring->head[i] = -1;
    return 0;
}

void nd_ring_destroy(nd_ring *ring)
{
    free(ring->head);
    free(ring->pool);
}

static int grow(nd_ring *ring)
{
    if (ring->capacity > INT32_MAX / 2) return -1;
    int32_t capacity = ring->capacity ? 2 * ring->capacity : 1024;
    nd_delivery *pool = realloc(ring->pool, sizeof *pool * (size_t)capacity);
    if (!pool) return -1;
    for (int32_t i = ring->capacity; i < capacity; i++) pool[i].next = i + 1 < capacity ? i + 1 : ring->free;
    ring->free = ring->capacity;
    ring->pool = pool;
    ring->capacity = capacity;
    return 0;
}

int nd_ring_push(nd_ring *ring, int64_t step, int32_t bank, int32_t axon, int32_t payload)
{
    if (ring->free < 0 && grow(ring)) return -1;
    int32_t *head = &ring->head[(step & ring->mask) * ring->banks + bank];
    int32_t node = ring->free;
    nd_delivery *delivery = &ring->pool[node];
    ring->free = delivery->next;
    delivery->next = *head;
    delivery->axon = axon;
    delivery->payload = payload;
    *head = node;
    return 0;
}

int32_t nd_ring_take(nd_ring *ring, int64_t step, int32_t bank)
{
    int32_t *head = &ring->head[(step & ring->mask) * ring->banks + bank];
    int32_t taken = *head;
    *head = -1;
    return taken;
}

void nd_ring_release(nd_ring *ring, int32_t head)
{
    if (head < 0) return;
    int32_t last = head;
    while (ring->pool[last].next >= 0) last = ring->pool[last].next;
    ring->pool[last].next = ring->free;
    ring->free = head;
}
