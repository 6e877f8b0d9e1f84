/* What reaches a population in a step, added up. */
#ifndef NEURODEPLOY_GATHER_H
#define NEURODEPLOY_GATHER_H

#include "state.h"

/* The sums of what arrives in the present step, in units of 64 * 2^shift: in state->q, or in state->q_wide (and q zero)
   if they reach the population's limit, or may and no kernel updates its neurons. `load`: none is larger. Returns
   whether they are in q_wide. */
int nd_gather(nd_state *state, int32_t population, int64_t *load);

/* What arrives in the present step is forgotten. */
void nd_forget(nd_state *state, int32_t population);

#endif
