/* The spikes of a population in one step, put into neuron order whatever the order of the cores, and the lists in
   which spikes end. */
#ifndef NEURODEPLOY_SPIKES_H
#define NEURODEPLOY_SPIKES_H

#include <stdint.h>

#include "core.h"
#include "deliveries.h"
#include "kernels.h"

/* Several steps' worth, for the populations that take them at once. */
typedef struct {
    ptrdiff_t row;              /* words of a step */
    uint64_t *word;             /* (ND_BLOCK, row): one bit per neuron of the largest population */
    int32_t count[ND_BLOCK];    /* how many bits are set */
    int32_t *payload;           /* (neurons of the largest population): of those with a bit, if their spikes have any */
    nd_delivery *item;          /* the same, for whoever takes them */
} nd_fired;

int nd_fired_init(nd_fired *fired, int32_t neurons);
void nd_fired_destroy(nd_fired *fired);

static inline void nd_fired_set(nd_fired *fired, int32_t step, int32_t neuron)
{
    fired->word[step * fired->row + neuron / 64] |= UINT64_C(1) << (neuron % 64);
    fired->count[step]++;
}

/* What was set in slot `slot` among so many neurons is appended to `list` as spikes of a step, in the neurons' order, goes
   into `item` too, and is forgotten; returns how many, -1 without memory. Payloads are 1 if the population is not
   graded. */
int32_t nd_fired_take(nd_fired *fired, const nd_kernels *kernels, int32_t slot, int32_t neurons, int graded, int64_t step,
                      nd_spikes *list, nd_delivery *item);

#endif
