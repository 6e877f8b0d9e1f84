/* Spikes on their way: for each coming step and each bank, the axons that fire then. */
#ifndef NEURODEPLOY_DELIVERIES_H
#define NEURODEPLOY_DELIVERIES_H

#include <stdint.h>

typedef struct {
    int32_t next;               /* -1: last */
    int32_t axon, payload;
} nd_delivery;

/* A ring of steps, each with one linked list per bank; all lists share a pool. The order within a list means
   nothing: integer sums do not depend on it. */
typedef struct {
    int32_t banks;
    int64_t mask;               /* slots - 1, slots a power of two */
    int32_t *head;              /* (slots, banks), -1: empty */
    nd_delivery *pool;
    int32_t capacity, free;     /* head of the list of free nodes, -1: none */
} nd_ring;

/* Room for deliveries up to `span` steps ahead of the present one. */
int nd_ring_init(nd_ring *ring, int32_t banks, int32_t span);
void nd_ring_destroy(nd_ring *ring);

/* One spike on `axon` of `bank` in `step`. */
int nd_ring_push(nd_ring *ring, int64_t step, int32_t bank, int32_t axon, int32_t payload);

/* Takes the list of a bank and step out of the ring; give it back with nd_ring_release. */
int32_t nd_ring_take(nd_ring *ring, int64_t step, int32_t bank);
void nd_ring_release(nd_ring *ring, int32_t head);

#endif
