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

/* Steps that a spike of a neuron takes over a link; -1 for one that it does not take. */
static int32_t link_delay(const nd_image *image, const nd_link *link, int32_t neuron)
{
    const int32_t row = link->first_row + neuron;
    if (link->delay >= 0) return link->delay;
    return image->row[row].pattern ? image->row_delay[row] : -1;
}

/* The link on which a spike is delivered last, the first of several: it stands for all that the neuron has. */
static int32_t last_delivered(const nd_image *image, int32_t source, int32_t neuron)
{
    int32_t last = -1, longest = -1;
    for (int32_t o = image->source_start[source]; o < image->source_start[source + 1]; o++) {
        const int32_t delay = link_delay(image, &image->link[image->outgoing[o]], neuron);
        if (delay > longest) {
            longest = delay;
            last = image->outgoing[o];
        }
    }
    return last;
}

int64_t nd_pending(const nd_state *state, int64_t *departure, int64_t *neuron, int64_t *payload)
{
    const nd_image *image = state->image;
    int64_t count = 0;
    for (int64_t step = state->step; step <= state->step + state->ring.mask; step++)
        for (int32_t l = 0; l < image->links; l++) {
            const nd_list *list = nd_ring_at(&state->ring, step, l);
            const nd_link *link = &image->link[l];
            for (int32_t i = 0; i < list->count; i++) {
                const nd_delivery spike = list->item[i];
                if (l != last_delivered(image, link->source, spike.neuron)) continue;
                if (departure) {
                    departure[count] = step - link_delay(image, link, spike.neuron);
                    neuron[count] = image->population_start[link->source] + spike.neuron;
                    payload[count] = spike.payload;
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

static int32_t population_of(const nd_image *image, int64_t neuron)
{
    int32_t low = 0, high = image->populations;
    while (high - low > 1) {
        const int32_t middle = low + (high - low) / 2;
        if (image->population_start[middle] <= neuron) low = middle;
        else high = middle;
    }
    return low;
}

static int resume_spikes(nd_state *state, const nd_snapshot *snapshot)
{
    const nd_image *image = state->image;
    for (int64_t i = 0; i < snapshot->spikes; i++) {
        const int32_t source = population_of(image, snapshot->neuron[i]);
        const int32_t neuron = (int32_t)(snapshot->neuron[i] - image->population_start[source]);
        const nd_delivery spike = {neuron, (int32_t)snapshot->payload[i]};
        for (int32_t o = image->source_start[source]; o < image->source_start[source + 1]; o++) {
            const int32_t number = image->outgoing[o];
            const int32_t delay = link_delay(image, &image->link[number], neuron);
            const int64_t arrival = snapshot->departure[i] + delay;
            if (delay < 0 || arrival < state->step) continue;
            if (nd_list_append(nd_ring_at(&state->ring, arrival, number), &spike, 1)) return -1;
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
