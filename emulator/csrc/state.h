/* What changes while a program runs; shared by the files of the core, nobody else's business. */
#ifndef NEURODEPLOY_STATE_H
#define NEURODEPLOY_STATE_H

#include "core.h"
#include "deliveries.h"
#include "kernels.h"
#include "spikes.h"

enum { ND_BLOCK = 16 };         /* most steps that a population takes before the next one takes them */

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
    uint8_t *awake;             /* (groups): see nd_lif_step */
    uint8_t *touched;           /* (groups of the largest population, twice with halves): zero between uses */
    int16_t *q;                 /* the same times ND_GROUP: sums of a population, zero between populations */
    int64_t *q_wide;            /* the same, for sums beyond a population's limit */
    int32_t *list, *odd;        /* groups of the population being updated */
    nd_fired_group *fired;      /* the same */
    int64_t *counters;          /* (populations, ND_COUNTERS) */
    nd_ring ring;
    nd_fired spikes;
};

#endif
