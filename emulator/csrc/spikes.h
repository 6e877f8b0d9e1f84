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
    const int32_t *graded;      /* (populations): whether payloads are kept */
    const int32_t *neuron_start;    /* (populations + 1) */
    int32_t *payload;           /* (neurons): of those with a bit; NULL without graded populations */
} nd_fired;

int nd_fired_init(nd_fired *fired, int32_t populations, const int32_t *population_start, const int32_t *graded);
void nd_fired_destroy(nd_fired *fired);

static inline void nd_fired_set(nd_fired *fired, int32_t population, int32_t neuron, int32_t payload)
{
    fired->word[fired->word_start[population] + neuron / 64] |= UINT64_C(1) << (neuron % 64);
    fired->count[population]++;
    if (fired->graded[population]) fired->payload[fired->neuron_start[population] + neuron] = payload;
}

/* Append what fired in `step` to the lists and clear it. */
int nd_fired_flush(nd_fired *fired, int64_t step, nd_spikes *spikes);

#endif
