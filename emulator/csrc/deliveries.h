/* Spikes on their way: for each coming step and each bank, the synapses that will be read then. */
#ifndef NEURODEPLOY_DELIVERIES_H
#define NEURODEPLOY_DELIVERIES_H

#include <stdint.h>

#include "core.h"

typedef struct {
    int32_t next;               /* -1: last */
    int32_t first_chunk, chunks;
    int32_t payload;
} nd_delivery;

/* What reaches a bank in a step. */
typedef struct {
    int32_t head;               /* -1: nothing */
    int64_t load;               /* most that it adds to |q| of any compartment; exact only below ND_NARROW */
} nd_list;

/* A ring of steps, each with one linked list per bank; all lists share a pool. The order within a list means
   nothing: integer sums do not depend on it. */
typedef struct {
    int32_t banks;
    int64_t mask;               /* slots - 1, slots a power of two */
    nd_list *list;              /* (slots, banks) */
    nd_delivery *pool;
    int32_t capacity, free;     /* free: head of the list of unused nodes, -1 without */
} nd_ring;

/* Room for deliveries up to `span` steps ahead of the present one. */
int nd_ring_init(nd_ring *ring, int32_t banks, int32_t span);
void nd_ring_destroy(nd_ring *ring);

/* A spike that takes `route` and arrives in `step`. */
int nd_ring_push(nd_ring *ring, int64_t step, const nd_route *route, int32_t payload);

/* Takes the list of a bank and step out of the ring; give it back with nd_ring_release. */
nd_list nd_ring_take(nd_ring *ring, int64_t step, int32_t bank);
void nd_ring_release(nd_ring *ring, nd_list list);

#endif
