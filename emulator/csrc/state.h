/* What changes while a program runs; shared by the files of the core, nobody else's business. */
#ifndef NEURODEPLOY_STATE_H
#define NEURODEPLOY_STATE_H

#include "core.h"
#include "deliveries.h"
#include "spikes.h"

struct nd_state {
    const nd_image *image;
    int drop_first_step;
    int broken;                 /* ran out of memory in the middle of a step */
    int64_t step;               /* next step */
    int32_t *u;                 /* (compartments); NULL in the Lava profile, ... */
    int64_t *u_lava;            /* ... which uses this instead */
    int32_t *v, *r;
    int32_t *s;                 /* a fourth state of the models that have one */
    int32_t *bias;              /* (compartments): of the present step */
    uint8_t *block_busy;        /* (blocks): not at rest */
    uint8_t *bank_busy;         /* (banks): a block is not at rest or restless */
    int32_t *q;                 /* (compartments of the largest bank + ND_LANES), twice that with imaginary
                                   projections; zero between banks */
    int64_t *q_wide;
    int64_t *counters;          /* (populations, ND_COUNTERS) */
    nd_ring ring;
    nd_fired fired;
};

#endif
