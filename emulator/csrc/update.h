/* The CUBA LIF compartment in 64 bits: any current, wraps and clips, both profiles. Per neuron, decays truncating
   toward zero:

     r <- max(r - 1, 0)
     u <- wrap(sgn(u) ((|u| current_keep) >> 12) + 64 q)
     v <- clip(sgn(v) ((|v| voltage_keep) >> 12) + u + bias)      to +-(2^23 - 1)
     r > 0: v <- 0;   else a spike where v > threshold: v <- 0, r <- refractory

   wrap: modulo 2^24 into [-2^23, 2^23) on the chip; in Lava x > 2^23 -> x - 2^24, else x <= -2^23 -> x + 2^24, once. */
#ifndef NEURODEPLOY_UPDATE_H
#define NEURODEPLOY_UPDATE_H

#include <stdint.h>

#include "core.h"

/* State of a block's compartments; exactly one of u and u_lava is set. */
typedef struct {
    int32_t *u;                 /* |u| <= 2^23 */
    int64_t *u_lava;            /* may leave 24 bits */
    int32_t *v;
    int32_t *r;
    const int32_t *bias;
    int32_t *fired;             /* out, ND_GROUP: not 0 where the neuron fired */
} nd_cells;

/* How many updates of a block spiked, wrapped, clipped, overflowed (|64 q| >= 2^21) and had anything to do. */
typedef struct {
    int32_t count[ND_COUNTERS];
    int32_t busy;               /* 0: nothing to do, and nothing will be until a spike or a bias arrives */
} nd_tally;

void nd_update_wide(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally);

#endif
