/* The spikes of one step, put into neuron order whatever the order of the cores, and the lists they end in. */
#ifndef NEURODEPLOY_SPIKES_H
#define NEURODEPLOY_SPIKES_H

#include <stdint.h>

#include "core.h"

/* One bit per neuron; each population starts a new word. */
typedef struct {
    int32_t populations;
    int64_t *word_start;        /* (populations + 1) */
    uint64_t *word;
    int32_t *count;             /* (populations): bits set */
} nd_fired;

int nd_fired_init(nd_fired *fired, int32_t populations, const int32_t *population_start);
void nd_fired_destroy(nd_fired *fired);

static inline void nd_fired_set(nd_fired *fired, int32_t population, int32_t neuron)
{
    fired->word[fired->word_start[population] + neuron / 64] |= UINT64_C(1) << (neuron % 64);
    fired->count[population]++;
}

/* Append what fired in `step` to the lists and clear it. */
int nd_fired_flush(nd_fired *fired, int64_t step, nd_spikes *spikes);

#endif
