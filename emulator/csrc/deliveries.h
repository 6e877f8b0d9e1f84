/* Spikes on their way: for each coming step and each link, the neurons whose rows will be added then. */
#ifndef NEURODEPLOY_DELIVERIES_H
#define NEURODEPLOY_DELIVERIES_H

#include <stdint.h>

#include "core.h"

/* A spike. */
typedef struct {
    int32_t neuron;             /* number in its population */
    int32_t payload;
} nd_delivery;

/* What a link brings in a step, in no particular order: integer sums do not depend on it. */
typedef struct {
    nd_delivery *item;
    int32_t count, capacity;
    int32_t again;              /* whether a neuron may have come twice */
    int64_t load;               /* sum of |payload|, exact only below 2^32 */
    int64_t most;               /* no neuron brings a larger one, all its spikes together */
} nd_list;

/* A ring of steps, each with one list per link. Lists keep their memory when they are emptied. */
typedef struct {
    int32_t links;
    int64_t mask;               /* slots - 1, slots a power of two */
    nd_list *list;              /* (slots, links) */
} nd_ring;

/* Room for deliveries up to `span` steps ahead of the present one. */
int nd_ring_init(nd_ring *ring, int32_t links, int32_t span);
void nd_ring_destroy(nd_ring *ring);

static inline nd_list *nd_ring_at(const nd_ring *ring, int64_t step, int32_t link)
{
    return &ring->list[(step & ring->mask) * ring->links + link];
}

/* Spikes of population `source` on its links from the `first` on, to arrive `delay` steps after `departure`. */
int nd_send(nd_ring *ring, const nd_image *image, int32_t source, int32_t first, int64_t departure,
            const nd_delivery *spike, int32_t count);

int nd_list_append(nd_list *list, const nd_delivery *spike, int32_t count);

/* Room for `count` more behind the last, NULL without memory; what is written there counts once it has been added. */
nd_delivery *nd_list_room(nd_list *list, int32_t count);
void nd_list_add(nd_list *list, int32_t count);

/* The same for spikes without payload, in the order of their neurons. */
void nd_list_add_plain(nd_list *list, int32_t count);

static inline void nd_list_clear(nd_list *list)
{
    list->count = 0;
    list->load = list->most = 0;
    list->again = 0;
}

#endif
