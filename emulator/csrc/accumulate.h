/* Synapses: the weights that one spike reaches, added to q in units of 64. */
#ifndef NEURODEPLOY_ACCUMULATE_H
#define NEURODEPLOY_ACCUMULATE_H

#include <stdint.h>

#include "core.h"

/* q[offset + j] += weight[j] * payload for every chunk and lane j. q has ND_LANES elements more than the bank has
   compartments, as the zeros of a chunk may reach beyond. The 32-bit forms need |q| < ND_NARROW throughout. */
void nd_accumulate_spike(int32_t *q, const nd_chunk *chunk, int32_t chunks);
void nd_accumulate_narrow(int32_t *q, const nd_chunk *chunk, int32_t chunks, int32_t payload);
void nd_accumulate_wide(int64_t *q, const nd_chunk *chunk, int32_t chunks, int32_t payload);

#endif
