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
    int32_t *payload;           /* (neurons of the largest population): of those with a bit, if their spikes have any */
    nd_delivery *item;          /* the same: see nd_fired_take */
} nd_fired;

int nd_fired_init(nd_fired *fired, int32_t neurons);
void nd_fired_destroy(nd_fired *fired);

static inline void nd_fired_set(nd_fired *fired, int32_t step, int32_t neuron)
{
    fired->word[step * fired->row + neuron / 64] |= UINT64_C(1) << (neuron % 64);
}

/* What was set in a step among so many neurons goes into `item`, in their order, and is forgotten; returns how many.
   Payloads are 1 if the population is not graded. */
int32_t nd_fired_take(nd_fired *fired, const nd_kernels *kernels, int32_t step, int32_t neurons, int graded);

/* Appends the spikes of a step; payloads only of graded populations. */
int nd_spikes_append(nd_spikes *list, int64_t step, const nd_delivery *spike, int32_t count, int graded);

#endif
