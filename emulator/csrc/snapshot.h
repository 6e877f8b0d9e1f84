/* The state of a program between two steps, in network order: what it needs to go on, whatever the mapping. */
#ifndef NEURODEPLOY_SNAPSHOT_H
#define NEURODEPLOY_SNAPSHOT_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    int64_t step;                           /* the next one */
    const int64_t *u, *v, *r, *s;           /* (neurons) */
    const int64_t *counters;                /* (populations, ND_COUNTERS) */
    int64_t spikes;                         /* on their way, see nd_pending */
    const int64_t *departure, *neuron, *payload;
} nd_snapshot;

/* The four states of every neuron, (neurons) each; zeros for an input fed by events. */
void nd_kept(const nd_state *state, int64_t *u, int64_t *v, int64_t *r, int64_t *s);

/* How many spikes are on their way to any population. Of each, unless `departure` is NULL: the step in which it would
   arrive without an axonal delay, the neuron it comes from, numbered over all populations, and its payload; in no
   particular order. A spike is left out when all that it reaches has received it. */
int64_t nd_pending(const nd_state *state, int64_t *departure, int64_t *neuron, int64_t *payload);

/* Continue from a snapshot; `state` must be new, and is broken when memory runs out. */
int nd_resume(nd_state *state, const nd_snapshot *snapshot);

#ifdef __cplusplus
}
#endif

#endif
