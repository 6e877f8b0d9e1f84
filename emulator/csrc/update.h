/* One step of a block of compartments, each neuron model in a file of its own. */
#ifndef NEURODEPLOY_UPDATE_H
#define NEURODEPLOY_UPDATE_H

#include <stdint.h>

#include "core.h"

/* State of a block's compartments; exactly one of u and u_lava is set. What it means, the models say. */
typedef struct {
    int32_t *u;                 /* of CUBA LIF |u| <= 2^23 */
    int64_t *u_lava;            /* may leave 24 bits */
    int32_t *v;
    int32_t *r, *s;             /* two more; CUBA LIF has no s */
    const int32_t *bias;
    const int64_t *imaginary;   /* q' of resonate-and-fire neurons, in units of 64 */
    int32_t *fired;             /* out, ND_GROUP: payload of the neuron's spike, 0 without one */
} nd_cells;

/* How many updates of a block spiked, wrapped, clipped, overflowed (|64 q| >= 2^21) and had anything to do. */
typedef struct {
    int32_t count[ND_COUNTERS];
    int32_t busy;               /* 0: nothing to do, and nothing will be until a spike or a bias arrives */
} nd_tally;

/* Any model with any q, for both profiles; kernels.h has a faster way for most steps of CUBA LIF neurons. */
void nd_update_wide(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally);

/* The models that nd_update_wide chooses from. */
void nd_update_cuba_lif(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally);
void nd_update_alif(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally);
void nd_update_sigma_delta(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally);
void nd_update_delta(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally);
void nd_update_sigma(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally);
void nd_update_resonate_fire(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally);

#endif
