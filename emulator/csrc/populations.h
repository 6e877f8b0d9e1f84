/* A population takes steps. */
#ifndef NEURODEPLOY_POPULATIONS_H
#define NEURODEPLOY_POPULATIONS_H

#include "state.h"

/* From the present step on, at most `steps` of them; returns how many, at least 1, or -1 without memory. The population's
   spikes are appended to its list among `spikes` and leave. */
int32_t nd_take_steps(nd_state *state, int32_t population, int32_t steps, nd_spikes *spikes);

#endif
