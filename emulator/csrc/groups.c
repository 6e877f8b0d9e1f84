#include "groups.h"

#include "update.h"

/* u of a group in the 64 bits of the Lava profile, and back into 32 if it fits. */
static void widen(const nd_state *state, int32_t group, int64_t *u)
{
    const size_t at = (size_t)group * ND_GROUP;
    const int far = state->awake[group] & ND_FAR;
    for (int32_t i = 0; i < ND_GROUP; i++) u[i] = far ? state->u_far[at + i] : state->u[at + i];
}

static int narrow(nd_state *state, int32_t group, const int64_t *u)
{
    const size_t at = (size_t)group * ND_GROUP;
    int far = 0;
    for (int32_t i = 0; i < ND_GROUP; i++) far |= u[i] > 1 << 23 || u[i] < -(1 << 23);
    for (int32_t i = 0; i < ND_GROUP; i++) {
        if (far) state->u_far[at + i] = u[i];
        else state->u[at + i] = (int32_t)u[i];
    }
    return far ? ND_FAR : 0;
}

void nd_update_group(nd_state *state, int32_t number, int32_t group, int32_t slot, const int64_t *q,
                     const int64_t *imaginary, int count_overflows)
{
    const nd_image *image = state->image;
    int64_t *counters = state->counters + (size_t)number * ND_COUNTERS;
    int64_t u_lava[ND_GROUP];
    int32_t fired[ND_GROUP];
    nd_tally tally;
    int busy = 0, far = 0;
    if (state->awake[group] & ND_SMALL) {
        const size_t at = (size_t)group * ND_GROUP;
        nd_widen(state->small + 2 * at, state->u + at, state->v + at);
    }
    if (state->u_far) widen(state, group, u_lava);
    for (int32_t b = image->group_block_start[group]; b < image->group_block_start[group + 1]; b++) {
        const nd_block *block = &image->block[b];
        const int32_t first = block->first, at = first - group * ND_GROUP;
        const nd_cells cells = {
            .u = state->u_far ? NULL : state->u + first,
            .u_lava = state->u_far ? u_lava + at : NULL,
            .v = state->v + first,
            .r = state->r + first,
            .s = state->s + first,
            .bias = state->bias + first,
            .imaginary = imaginary + at,
            .fired = fired,
        };
        nd_update_wide(block, &cells, q + at, &tally);
        busy |= tally.busy != 0;
        if (!count_overflows) tally.count[ND_OVERFLOWS] = 0;
        for (int32_t i = 0; tally.count[ND_SPIKES] && i < block->count; i++)
            if (fired[i]) {
                nd_fired_set(&state->spikes, slot, image->neuron[first + i]);
                state->spikes.payload[image->neuron[first + i]] = fired[i];
            }
        tally.count[ND_SPIKES] = 0;     /* counted as they leave */
        for (int c = 0; c < ND_COUNTERS; c++) counters[c] += tally.count[c];
    }
    if (state->u_far) far = narrow(state, group, u_lava);
    state->awake[group] = (uint8_t)((busy ? ND_AWAKE : ND_REST) | far);
}
