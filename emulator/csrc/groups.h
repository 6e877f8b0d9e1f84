/* One group takes one step, whatever its neurons and whatever arrives. */
#ifndef NEURODEPLOY_GROUPS_H
#define NEURODEPLOY_GROUPS_H

#include "state.h"

/* `q`: sums in units of 64, (ND_GROUP); `imaginary`: those of projections that are, zeros without. The group's spikes are
   noted in a slot of state->spikes, overflows are counted if asked. */
void nd_update_group(nd_state *state, int32_t population, int32_t group, int32_t slot, const int64_t *q,
                     const int64_t *imaginary, int count_overflows);

#endif
