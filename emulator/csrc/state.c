#include "state.h"

#include <stdlib.h>
#include <string.h>

static int32_t largest_bank(const nd_image *image)
{
    int32_t largest = 0;
    for (int32_t b = 0; b < image->banks; b++) {
        int32_t size = image->bank_start[b + 1] - image->bank_start[b];
        if (size > largest) largest = size;
    }
    return largest;
}

static int allocate(nd_state *state, int lava)
{
    const nd_image *image = state->image;
    const size_t compartments = (size_t)image->bank_start[image->banks];
    const size_t lanes = ((size_t)largest_bank(image) + ND_LANES) << (image->imaginary != 0);
    if (lava) state->u_lava = calloc(compartments + 1, sizeof *state->u_lava);
    else state->u = calloc(compartments + 1, sizeof *state->u);
    state->v = calloc(compartments + 1, sizeof *state->v);
    state->r = calloc(compartments + 1, sizeof *state->r);
    state->s = calloc(compartments + 1, sizeof *state->s);
    state->bias = calloc(compartments + 1, sizeof *state->bias);
    state->block_busy = calloc((size_t)image->blocks + 1, 1);
    state->bank_busy = calloc((size_t)image->banks + 1, 1);
    state->q = calloc(lanes, sizeof *state->q);
    state->q_wide = calloc(lanes, sizeof *state->q_wide);
    state->counters = calloc((size_t)image->populations * ND_COUNTERS, sizeof *state->counters);
    if (nd_ring_init(&state->ring, image->banks, image->max_delay + 1)) return -1;
    if (nd_fired_init(&state->fired, image->populations, image->population_start, image->graded)) return -1;
    return (state->u || state->u_lava) && state->v && state->r && state->s && state->bias && state->block_busy
        && state->bank_busy && state->q && state->q_wide && state->counters ? 0 : -1;
}

nd_state *nd_state_new(const nd_image *image, int lava, int drop_first_step)
{
    nd_state *state = calloc(1, sizeof *state);
    if (!state) return NULL;
    state->image = image;
    state->drop_first_step = drop_first_step;
    if (allocate(state, lava)) {
        nd_state_free(state);
        return NULL;
    }
    memcpy(state->bias, image->bias, sizeof *state->bias * (size_t)image->bank_start[image->banks]);
    for (int32_t bank = 0; bank < image->banks; bank++)
        for (int32_t b = image->bank_block_start[bank]; b < image->bank_block_start[bank + 1]; b++)
            state->bank_busy[bank] |= image->block[b].restless != 0;
    return state;
}

void nd_state_free(nd_state *state)
{
    if (!state) return;
    free(state->u);
    free(state->u_lava);
    free(state->v);
    free(state->r);
    free(state->s);
    free(state->bias);
    free(state->block_busy);
    free(state->bank_busy);
    free(state->q);
    free(state->q_wide);
    free(state->counters);
    nd_ring_destroy(&state->ring);
    nd_fired_destroy(&state->fired);
    free(state);
}

void nd_read(const nd_state *state, int32_t population, int64_t *u, int64_t *v)
{
    const nd_image *image = state->image;
    const int32_t *place = image->place + image->population_start[population];
    const int32_t neurons = image->population_start[population + 1] - image->population_start[population];
    for (int32_t n = 0; n < neurons; n++) {
        const int32_t at = place[n];
        u[n] = at < 0 ? 0 : state->u_lava ? state->u_lava[at] : state->u[at];
        v[n] = at < 0 ? 0 : state->v[at];
    }
}

const int64_t *nd_counters(const nd_state *state)
{
    return state->counters;
}
