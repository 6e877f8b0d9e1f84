/* Spikes on their way: for each coming step and each population, the bundles that will be added then. */
#ifndef NEURODEPLOY_DELIVERIES_H
#define NEURODEPLOY_DELIVERIES_H

#include <stdint.h>

#include "core.h"

typedef struct {
    int32_t bundle;
    int32_t payload;
} nd_delivery;

/* What reaches a population in a step, in no particular order: integer sums do not depend on it. */
typedef struct {
    nd_delivery *item;
    int32_t count, capacity;
    int64_t load;               /* most that it adds to the sum of any compartment; exact only below ND_NARROW */
} nd_list;

/* A ring of steps, each with one list per population. Lists keep their memory when they are emptied. */
typedef struct {
    int32_t populations;
    int64_t mask;               /* slots - 1, slots a power of two */
    nd_list *list;              /* (slots, populations) */
} nd_ring;

/* Room for deliveries up to `span` steps ahead of the present one. */
int nd_ring_init(nd_ring *ring, int32_t populations, int32_t span);
void nd_ring_destroy(nd_ring *ring);

static inline nd_list *nd_ring_at(const nd_ring *ring, int64_t step, int32_t population)
{
    return &ring->list[(step & ring->mask) * ring->populations + population];
}

int nd_list_grow(nd_list *list);

/* A spike whose bundle number `number` is added in `step`. */
static inline int nd_ring_push(nd_ring *ring, int64_t step, const nd_bundle *bundle, int32_t number, int32_t payload)
{
    nd_list *list = nd_ring_at(ring, step, bundle->population);
    if (list->count == list->capacity && nd_list_grow(list)) return -1;
    list->item[list->count++] = (nd_delivery){number, payload};
    if (list->load < ND_NARROW) list->load += (int64_t)bundle->bound * (payload < 0 ? -(int64_t)payload : payload);
    return 0;
}

static inline void nd_list_clear(nd_list *list)
{
    list->count = 0;
    list->load = 0;
}

#endif
