/* Synapses: the weights of one axon added to q, in units of 64. */
#ifndef NEURODEPLOY_ACCUMULATE_H
#define NEURODEPLOY_ACCUMULATE_H

#include <stdint.h>

/* q[offset[k] + j] += weight[k][j] * payload for every chunk k and lane j. q has ND_LANES elements more than the
   bank has compartments, as the zeros of a chunk may reach beyond. The narrow form needs |q| < ND_NARROW before,
   within and after. */
void nd_accumulate_spike(int32_t *q, const int32_t *offset, const int16_t *weight, int32_t chunks);
void nd_accumulate_narrow(int32_t *q, const int32_t *offset, const int16_t *weight, int32_t chunks, int32_t payload);
void nd_accumulate_wide(int64_t *q, const int32_t *offset, const int16_t *weight, int32_t chunks, int32_t payload);

#endif
