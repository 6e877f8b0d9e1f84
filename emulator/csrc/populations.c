#include "populations.h"

#include <string.h>

#include "arithmetic.h"
#include "gather.h"
#include "groups.h"

static void load_biases(nd_state *state, int32_t number)
{
    const nd_image *image = state->image;
    for (int32_t b = 0; b < image->biases; b++) {
        const nd_bias *bias = &image->bias_rows[b];
        if (bias->population != number) continue;
        const int32_t first = image->population_start[bias->population];
        const int32_t neurons = image->population_start[bias->population + 1] - first;
        const int32_t *row = bias->rows + state->step * neurons;
        for (int32_t n = 0; n < neurons; n++) state->bias[image->place[first + n]] = row[n];
    }
}

static int reset_due(const nd_state *state, int32_t population, int64_t step)
{
    if (!state->image->reset_interval) return 0;
    const int64_t since = step - state->image->reset_first[population];
    return since >= 0 && since % state->image->reset_interval == 0;
}

static void reset(nd_state *state, const nd_population *population)
{
    const size_t first = (size_t)population->first_group * ND_GROUP, count = (size_t)population->groups * ND_GROUP;
    memset(state->u + first, 0, count * sizeof *state->u);
    memset(state->v + first, 0, count * sizeof *state->v);
    memset(state->r + first, 0, count * sizeof *state->r);
    memset(state->s + first, 0, count * sizeof *state->s);
    memset(state->awake + population->first_group, ND_REST, (size_t)population->groups);
}

/* The spikes that a population's update has noted `slot` steps from the present one are listed and leave; where the first
   link has one delay, they are listed in what it delivers. */
static int leave(nd_state *state, int32_t number, int32_t slot, nd_spikes *spikes)
{
    const nd_image *image = state->image;
    const int32_t neurons = image->population_start[number + 1] - image->population_start[number];
    const int32_t graded = image->graded[number], link = image->source_start[number];
    const int64_t departure = state->step + slot + 1;
    nd_list *list = NULL;
    nd_delivery *item = state->spikes.item;
    if (!state->spikes.count[slot]) return 0;
    if (link < image->source_start[number + 1] && image->link[image->outgoing[link]].delay >= 0) {
        const int32_t out = image->outgoing[link];
        list = nd_ring_at(&state->ring, departure + image->link[out].delay, out);
        item = nd_list_room(list, state->spikes.count[slot]);
        if (!item) return -1;
    }
    const int32_t count = nd_fired_take(&state->spikes, state->kernels, slot, neurons, graded, departure - 1,
                                        &spikes[number], item);
    if (count < 0) return -1;
    if (list && graded) nd_list_add(list, count);
    else if (list) nd_list_add_plain(list, count);
    state->counters[(size_t)number * ND_COUNTERS + ND_SPIKES] += count;
    return nd_send(&state->ring, image, number, list != NULL, departure, item, count);
}

/* The sums of one group in units of 64; they are set to zero where they come from. */
static void take(nd_state *state, int32_t group, int32_t slot, int32_t shift, int64_t *q)
{
    int16_t *sum = state->q + slot * state->q_row + (ptrdiff_t)group * ND_GROUP;
    for (int i = 0; i < ND_GROUP; i++) q[i] = (int64_t)((uint64_t)sum[i] << shift);
    memset(sum, 0, sizeof *sum * ND_GROUP);
}

static void take_wide(nd_state *state, int32_t group, int32_t shift, int64_t *q)
{
    int64_t *sum = state->q_wide + (ptrdiff_t)group * ND_GROUP;
    for (int i = 0; i < ND_GROUP; i++) q[i] = (int64_t)((uint64_t)sum[i] << shift);
    memset(sum, 0, sizeof *sum * ND_GROUP);
}

/* What was touched in so many steps is forgotten; state->reached has a bit for each of them. */
static void reach(nd_state *state, int32_t groups, int32_t steps)
{
    memset(state->reached, 0, sizeof *state->reached * (size_t)groups);
    for (int32_t t = 0; t < steps; t++) {
        uint8_t *touched = state->touched + t * state->touched_row;
        for (int32_t g = 0; g < groups; g++) state->reached[g] |= (uint16_t)((touched[g] != 0) << t);
        memset(touched, 0, (size_t)groups);
    }
}

/* One step of all groups one by one: any model, any sums. */
static void update_groups(nd_state *state, int32_t number, int wide)
{
    const nd_population *population = &state->image->population[number];
    const int32_t groups = population->groups;
    int64_t q[2][ND_GROUP] = {{0}};
    reach(state, groups * population->halves, 1);
    for (int32_t g = 0; g < groups; g++) {
        const int32_t group = population->first_group + g;
        if (!(state->awake[group] & ND_AWAKE) && !state->reached[g]
            && !(population->halves == 2 && state->reached[groups + g])) continue;
        for (int32_t h = 0; h < population->halves; h++) {
            if (wide) take_wide(state, h * groups + g, population->shift, q[h]);
            else take(state, h * groups + g, 0, population->shift, q[h]);
        }
        nd_update_group(state, number, group, 0, q[0], q[1], 1);
    }
}

static int64_t count_overflows(const nd_state *state, const nd_population *population)
{
    const int32_t limit = OVERFLOW_LIMIT >> population->shift, lanes = population->groups * ND_GROUP;
    int64_t count = 0;
    for (int32_t i = 0; i < lanes; i++) count += state->q[i] >= limit || state->q[i] <= -limit;
    return count;
}

/* Groups that the fast kernel would not take; their overflows have been counted. */
static void update_odd(nd_state *state, int32_t number, int32_t count, int32_t steps)
{
    static const int64_t nothing[ND_GROUP];
    const nd_population *population = &state->image->population[number];
    int64_t q[ND_GROUP];
    for (int32_t o = 0; o < count; o++)
        for (int32_t t = 0; t < steps; t++) {
            take(state, state->odd[o], t, population->shift, q);
            nd_update_group(state, number, population->first_group + state->odd[o], t, q, nothing, 0);
        }
}

/* Steps of a population of CUBA LIF neurons from its 16-bit sums. */
static int update_fast(nd_state *state, int32_t number, int32_t steps, nd_spikes *spikes)
{
    const nd_image *image = state->image;
    const nd_population *population = &image->population[number];
    const size_t first = (size_t)population->first_group * ND_GROUP;
    int64_t *counters = state->counters + (size_t)number * ND_COUNTERS;
    nd_lif_steps update = {
        .population = population,
        .steps = steps,
        .current_scale = image->current_scale + first,
        .voltage_scale = image->voltage_scale + first,
        .threshold = image->threshold + first,
        .refractory = image->refractory + first,
        .bias = state->bias + first,
        .neuron = image->neuron + first,
        .u = state->u + first,
        .v = state->v + first,
        .r = state->r + first,
        .small = state->small + 2 * first,
        .q = state->q,
        .q_row = state->q_row,
        .reached = state->reached,
        .awake = state->awake + population->first_group,
        .list = state->list,
        .fired = state->spikes.word,
        .fired_row = state->spikes.row,
        .fired_count = state->spikes.count,
        .odd = state->odd,
    };
    reach(state, population->groups, steps);
    state->kernels->update(&update);
    counters[ND_ACTIVE] += update.active;
    update_odd(state, number, update.odds, steps);
    for (int32_t t = 0; t < steps; t++)
        if (leave(state, number, t, spikes)) return -1;
    return steps;
}

/* One step, whatever the neurons and what arrives. */
static int update_any(nd_state *state, int32_t number, int64_t load, nd_spikes *spikes)
{
    const nd_population *population = &state->image->population[number];
    const int wide = nd_gather_any(state, number, &load);
    if (wide || !population->fast) {
        update_groups(state, number, wide);
        return leave(state, number, 0, spikes) ? -1 : 1;
    }
    if (load << population->shift >= OVERFLOW_LIMIT)
        state->counters[(size_t)number * ND_COUNTERS + ND_OVERFLOWS] += count_overflows(state, population);
    return update_fast(state, number, 1, spikes);
}

/* How many of the coming steps a population can take at once: kernels update it, its biases stay, it is not reset after
   the first of them, and no sum can reach its limit or overflow. `load`: that of the first step, -1 if not known. */
static int32_t at_once(const nd_state *state, int32_t number, int32_t steps, int64_t *load)
{
    const nd_image *image = state->image;
    const nd_population *population = &image->population[number];
    *load = -1;
    if (!population->fast) return 0;
    for (int32_t b = 0; b < image->biases; b++)
        if (image->bias_rows[b].population == number) steps = 1;
    for (int32_t t = 0; t < steps; t++) {
        if (t && reset_due(state, number, state->step + t)) return t;
        const int64_t most = nd_load(state, number, state->step + t);
        if (!t) *load = most;
        if (most >= population->limit || most << population->shift >= OVERFLOW_LIMIT) return t;
    }
    return steps;
}

int32_t nd_take_steps(nd_state *state, int32_t number, int32_t steps, nd_spikes *spikes)
{
    const nd_population *population = &state->image->population[number];
    int64_t load;
    if (!population->groups) return steps;
    if (state->step == 0 && state->drop_first_step) {
        nd_forget(state, number);
        return 1;
    }
    load_biases(state, number);
    if (reset_due(state, number, state->step)) reset(state, population);
    if (population->restless)
        for (int32_t g = 0; g < population->groups; g++) state->awake[population->first_group + g] |= ND_AWAKE;
    const int32_t together = at_once(state, number, steps, &load);
    if (!together) return update_any(state, number, load < 0 ? nd_load(state, number, state->step) : load, spikes);
    for (int32_t t = 0; t < together; t++) nd_gather(state, number, t);
    return update_fast(state, number, together, spikes);
}
