#include "snapshot.h"

#include <string.h>

#include "state.h"

void nd_kept(const nd_state *state, int64_t *u, int64_t *v, int64_t *r, int64_t *s)
{
    const nd_image *image = state->image;
    for (int32_t p = 0; p < image->populations; p++) {
        const int32_t first = image->population_start[p];
        nd_read(state, p, u + first, v + first);
    }
    for (int32_t n = 0; n < image->population_start[image->populations]; n++) {
        const int32_t at = image->place[n];
        r[n] = at < 0 ? 0 : state->r[at];
        s[n] = at < 0 ? 0 : state->s[at];
    }
}

/* The neuron that a bundle belongs to. */
static int32_t owner(const nd_image *image, int32_t bundle)
{
    int32_t low = 0, high = image->population_start[image->populations];
    while (high - low > 1) {
        const int32_t middle = low + (high - low) / 2;
        if (image->bundle_start[middle] <= bundle) low = middle;
        else high = middle;
    }
    return low;
}

/* The bundle of a neuron that is delivered last, the first of several: it stands for all of the neuron's. */
static int32_t last_delivered(const nd_image *image, int32_t neuron)
{
    int32_t last = image->bundle_start[neuron];
    for (int32_t b = last + 1; b < image->bundle_start[neuron + 1]; b++)
        if (image->bundle[b].delay > image->bundle[last].delay) last = b;
    return last;
}

int64_t nd_pending(const nd_state *state, int64_t *departure, int64_t *neuron, int64_t *payload)
{
    const nd_image *image = state->image;
    int64_t count = 0;
    for (int64_t step = state->step; step <= state->step + state->ring.mask; step++)
        for (int32_t p = 0; p < image->populations; p++) {
            const nd_list *list = nd_ring_at(&state->ring, step, p);
            for (int32_t i = 0; i < list->count; i++) {
                const int32_t bundle = list->item[i].bundle, source = owner(image, bundle);
                if (bundle != last_delivered(image, source)) continue;
                if (departure) {
                    departure[count] = step - image->bundle[bundle].delay;
                    neuron[count] = source;
                    payload[count] = list->item[i].payload;
                }
                count++;
            }
        }
    return count;
}

static void resume_neurons(nd_state *state, const nd_snapshot *snapshot)
{
    const nd_image *image = state->image;
    /* a group that turns out to rest costs one update that changes nothing */
    memset(state->awake, ND_AWAKE, (size_t)image->groups);
    for (int32_t n = 0; n < image->population_start[image->populations]; n++) {
        const int32_t at = image->place[n];
        if (at < 0) continue;
        const int64_t u = snapshot->u[n];
        if (state->u_far) {
            state->u_far[at] = u;
            if (u > 1 << 23 || u < -(1 << 23)) state->awake[at / ND_GROUP] |= ND_FAR;
        }
        state->u[at] = (int32_t)u;      /* not looked at where the group is ND_FAR */
        state->v[at] = (int32_t)snapshot->v[n];
        state->r[at] = (int32_t)snapshot->r[n];
        state->s[at] = (int32_t)snapshot->s[n];
    }
}

static int resume_spikes(nd_state *state, const nd_snapshot *snapshot)
{
    const nd_image *image = state->image;
    for (int64_t i = 0; i < snapshot->spikes; i++) {
        const int64_t neuron = snapshot->neuron[i];
        for (int32_t b = image->bundle_start[neuron]; b < image->bundle_start[neuron + 1]; b++) {
            const int64_t arrival = snapshot->departure[i] + image->bundle[b].delay;
            if (arrival < state->step) continue;
            if (nd_ring_push(&state->ring, arrival, &image->bundle[b], b, (int32_t)snapshot->payload[i])) return -1;
        }
    }
    return 0;
}

int nd_resume(nd_state *state, const nd_snapshot *snapshot)
{
    state->step = snapshot->step;
    memcpy(state->counters, snapshot->counters,
           sizeof *state->counters * (size_t)state->image->populations * ND_COUNTERS);
    resume_neurons(state, snapshot);
    state->broken = resume_spikes(state, snapshot) != 0;
    return state->broken ? -1 : 0;
}
