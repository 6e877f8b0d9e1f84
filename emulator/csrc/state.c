#include "state.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

static int32_t most_groups(const nd_image *image)
{
    int32_t most = 1;
    for (int32_t p = 0; p < image->populations; p++)
        if (image->population[p].groups * image->population[p].halves > most)
            most = image->population[p].groups * image->population[p].halves;
    return most;
}

static int32_t most_neurons(const nd_image *image)
{
    int32_t most = 0;
    for (int32_t p = 0; p < image->populations; p++) {
        const int32_t neurons = image->population_start[p + 1] - image->population_start[p];
        if (neurons > most) most = neurons;
    }
    return most;
}

/* Least delay of a link; that of all rows is -1 where they differ. */
static int32_t least_delay(const nd_image *image, const nd_link *link)
{
    if (link->delay >= 0) return link->delay;
    const int32_t neurons = image->population_start[link->source + 1] - image->population_start[link->source];
    int32_t least = image->max_delay;
    for (int32_t row = link->first_row; row < link->first_row + neurons; row++)
        if (image->row[row].pattern && image->row_delay[row] < least) least = image->row_delay[row];
    return least;
}

/* A spike reaches the populations behind its own whenever they come to that step; it must not reach one in front of
   it, nor its own, in a step that was taken already. */
static int32_t block(const nd_image *image)
{
    int32_t steps = ND_BLOCK;
    for (int32_t l = 0; l < image->links; l++) {
        const nd_link *link = &image->link[l];
        if (link->source < link->target) continue;
        const int32_t free = 1 + least_delay(image, link);
        if (free < steps) steps = free;
    }
    return steps;
}

/* Sums of a step: the same group in 16 steps must not always meet the same few lines of a cache, whose ways repeat every
   4096 bytes. */
static ptrdiff_t q_row(ptrdiff_t groups)
{
    enum { REPEATS = 4096 / (ND_GROUP * 2) };
    return ((groups + REPEATS - 1) / REPEATS * REPEATS + 1) * ND_GROUP;
}

static int allocate(nd_state *state, int lava)
{
    const nd_image *image = state->image;
    const size_t groups = (size_t)image->groups + 1, compartments = groups * ND_GROUP;
    const size_t most = (size_t)most_groups(image), block = (size_t)state->block;
    state->touched_row = (ptrdiff_t)most;
    state->q_row = block > 1 ? q_row((ptrdiff_t)most) : (ptrdiff_t)most * ND_GROUP;
    if (lava && !(state->u_far = nd_zeros(compartments, sizeof *state->u_far))) return -1;
    state->u = nd_zeros(compartments, sizeof *state->u);
    state->v = nd_zeros(compartments, sizeof *state->v);
    state->r = nd_zeros(compartments, sizeof *state->r);
    state->small = nd_zeros(2 * compartments, sizeof *state->small);
    state->s = nd_zeros(compartments, sizeof *state->s);
    state->bias = nd_zeros(compartments, sizeof *state->bias);
    state->awake = nd_zeros(groups, sizeof *state->awake);
    state->touched = nd_zeros(block * most, sizeof *state->touched);
    state->q = nd_zeros(block * (size_t)state->q_row, sizeof *state->q);
    state->q_wide = nd_zeros((size_t)state->q_row, sizeof *state->q_wide);
    state->reached = nd_zeros(most, sizeof *state->reached);
    state->list = nd_zeros(most + 1, sizeof *state->list);
    state->odd = nd_zeros(most, sizeof *state->odd);
    state->counters = nd_zeros((size_t)image->populations * ND_COUNTERS, sizeof *state->counters);
    if (nd_ring_init(&state->ring, image->links, image->max_delay + state->block)) return -1;
    if (nd_fired_init(&state->spikes, most_neurons(image))) return -1;
    return state->u && state->v && state->small && state->r && state->s && state->bias && state->awake
        && state->touched && state->q && state->q_wide && state->reached && state->list && state->odd
        && state->counters ? 0 : -1;
}

nd_state *nd_state_new(const nd_image *image, const char *instructions, int lava, int drop_first_step)
{
    nd_state *state = calloc(1, sizeof *state);
    if (!state) return NULL;
    state->image = image;
    state->kernels = nd_kernels_named(instructions);
    state->drop_first_step = drop_first_step;
    state->block = block(image);
    if (!state->kernels || allocate(state, lava)) {
        nd_state_free(state);
        return NULL;
    }
    memcpy(state->bias, image->bias, sizeof *state->bias * (size_t)image->groups * ND_GROUP);
    return state;
}

void nd_state_free(nd_state *state)
{
    if (!state) return;
    nd_drop(state->u);
    nd_drop(state->u_far);
    nd_drop(state->v);
    nd_drop(state->small);
    nd_drop(state->r);
    nd_drop(state->s);
    nd_drop(state->bias);
    nd_drop(state->awake);
    nd_drop(state->touched);
    nd_drop(state->q);
    nd_drop(state->q_wide);
    nd_drop(state->reached);
    nd_drop(state->list);
    nd_drop(state->odd);
    nd_drop(state->counters);
    nd_ring_destroy(&state->ring);
    nd_fired_destroy(&state->spikes);
    free(state);
}

void nd_read(const nd_state *state, int32_t population, int64_t *u, int64_t *v)
{
    const nd_image *image = state->image;
    const int32_t *place = image->place + image->population_start[population];
    const int32_t neurons = image->population_start[population + 1] - image->population_start[population];
    for (int32_t n = 0; n < neurons; n++) {
        const int32_t at = place[n];
        const int is = at < 0 ? ND_REST : state->awake[at / ND_GROUP];
        const int64_t small = (int64_t)at + at / ND_GROUP * ND_GROUP;
        u[n] = at < 0 ? 0 : is & ND_SMALL ? state->small[small] : is & ND_FAR ? state->u_far[at] : state->u[at];
        v[n] = at < 0 ? 0 : is & ND_SMALL ? state->small[small + ND_GROUP] : state->v[at];
    }
}

const int64_t *nd_counters(const nd_state *state)
{
    return state->counters;
}
