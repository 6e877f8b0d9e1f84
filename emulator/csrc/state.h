/* What changes while a program runs; shared by the files of the core, nobody else's business. */
#ifndef NEURODEPLOY_STATE_H
#define NEURODEPLOY_STATE_H

#include "core.h"
#include "deliveries.h"
#include "kernels.h"
#include "spikes.h"

struct nd_state {
    const nd_image *image;
    const nd_kernels *kernels;
    int drop_first_step;
    int broken;                 /* ran out of memory in the middle of a step */
    int64_t step;               /* next step */
    int32_t block;              /* steps that a population may take before the populations behind it take them */
    int32_t *u, *v, *r;         /* (compartments) */
    int16_t *small;             /* (groups, 2, ND_GROUP): u and v of groups that are ND_SMALL */
    int32_t *s;                 /* a fourth state of the models that have one, (compartments) */
    int64_t *u_far;             /* (compartments), in the Lava profile: u of groups that are ND_FAR */
    int32_t *bias;              /* (compartments): of the present step */
    uint8_t *awake;             /* (groups): see nd_lif_steps */
    ptrdiff_t touched_row;      /* groups of the largest population, twice with halves */
    uint8_t *touched;           /* (block, touched_row): zero between uses */
    ptrdiff_t q_row;            /* at least ND_GROUP times that */
    int16_t *q;                 /* (block, q_row): sums of a population, zero between populations */
    int64_t *q_wide;            /* (q_row), for sums beyond a population's limit */
    uint16_t *reached;          /* (touched_row): see nd_lif_steps */
    int32_t *list, *odd;        /* groups of the population being updated */
    int64_t *counters;          /* (populations, ND_COUNTERS) */
    nd_ring ring;
    nd_fired spikes;
};

#endif
