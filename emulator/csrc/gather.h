/* What reaches a population in a step, added up. */
#ifndef NEURODEPLOY_GATHER_H
#define NEURODEPLOY_GATHER_H

#include "state.h"

/* No sum of what arrives in a step is larger, in units of 64 * 2^shift; enough is known before anything is added. */
int64_t nd_load(const nd_state *state, int32_t population, int64_t step);

/* The sums of what arrives in `slot` steps from the present one, which are below the population's limit, go into that
   row of state->q, the groups that they reach into that of state->touched. */
void nd_gather(nd_state *state, int32_t population, int32_t slot);

/* The sums of what arrives in the present step, none above `load`: in the first row of state->q; or in state->q_wide
   (and q zero) if they reach the population's limit, or may and no kernel updates its neurons. Returns whether they are
   in q_wide, and a `load` that may be less. */
int nd_gather_any(nd_state *state, int32_t population, int64_t *load);

/* What arrives in the present step is forgotten. */
void nd_forget(nd_state *state, int32_t population);

#endif
