/* The order of things within a step: host events arrive, biases change, due populations reset, every population adds
   up what arrived and updates its compartments, and their spikes leave for step t + 1 + delay. A population does so for
   as many steps as nobody behind it can tell, before the next one does. */
#include <fenv.h>
#include <string.h>

#include "arithmetic.h"
#include "gather.h"
#include "state.h"
#include "update.h"

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

static int reset_due(const nd_state *state, int32_t population)
{
    if (!state->image->reset_interval) return 0;
    const int64_t since = state->step - state->image->reset_first[population];
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

/* The spikes that the update of a population has noted are listed and leave. */
static int leave(nd_state *state, int32_t number, nd_spikes *spikes)
{
    const nd_image *image = state->image;
    const int32_t neurons = image->population_start[number + 1] - image->population_start[number];
    const int32_t count = nd_fired_take(&state->spikes, neurons, image->graded[number]);
    const nd_delivery *spike = state->spikes.item;
    if (!count) return 0;
    if (nd_spikes_append(&spikes[number], state->step, spike, count, image->graded[number])) return -1;
    return nd_send(&state->ring, image, number, state->step + 1, spike, count);
}

/* Input events of the present step; returns how many, -1 without memory. */
static int64_t arrive(nd_state *state, const nd_events *events, int64_t first)
{
    enum { BLOCK = 256 };
    nd_delivery spike[BLOCK];
    int64_t next = first;
    int32_t count;
    do {
        for (count = 0; count < BLOCK && next < events->count && events->step[next] == state->step; count++, next++) {
            const int32_t payload = events->payload ? (int32_t)events->payload[next] : 1;
            spike[count] = (nd_delivery){(int32_t)events->neuron[next], payload};
        }
        if (nd_send(&state->ring, state->image, 0, state->step, spike, count)) return -1;
    } while (count == BLOCK);
    return next - first;
}

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

/* One step of a group with any q, in units of 64; `imaginary`: q' of neurons that have such projections. */
static void update_group(nd_state *state, int32_t number, int32_t group, const int64_t *q, const int64_t *imaginary,
                         int count_overflows)
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
        for (int c = 0; c < ND_COUNTERS; c++) counters[c] += tally.count[c];
        for (int32_t i = 0; tally.count[ND_SPIKES] && i < block->count; i++)
            if (fired[i]) {
                nd_fired_set(&state->spikes, image->neuron[first + i]);
                state->spikes.payload[image->neuron[first + i]] = fired[i];
            }
    }
    if (state->u_far) far = narrow(state, group, u_lava);
    state->awake[group] = (uint8_t)((busy ? ND_AWAKE : ND_REST) | far);
}

static const int64_t nothing[ND_GROUP];

/* The sums of one group in units of 64; they are set to zero where they come from. */
static void take(nd_state *state, int32_t group, int32_t shift, int wide, int64_t *q)
{
    const size_t at = (size_t)group * ND_GROUP;
    for (size_t i = 0; i < ND_GROUP; i++) {
        const int64_t sum = wide ? state->q_wide[at + i] : state->q[at + i];
        q[i] = (int64_t)((uint64_t)sum << shift);
    }
    if (wide) memset(state->q_wide + at, 0, sizeof *state->q_wide * ND_GROUP);
    else memset(state->q + at, 0, sizeof *state->q * ND_GROUP);
}

/* All groups one by one: any model, any sums. */
static void update_groups(nd_state *state, int32_t number, int wide)
{
    const nd_population *population = &state->image->population[number];
    int64_t q[2][ND_GROUP];
    for (int32_t g = 0; g < population->groups; g++) {
        const int32_t group = population->first_group + g;
        if (!(state->awake[group] & ND_AWAKE)) continue;
        take(state, g, population->shift, wide, q[0]);
        if (population->halves == 2) take(state, population->groups + g, population->shift, wide, q[1]);
        update_group(state, number, group, q[0], population->halves == 2 ? q[1] : nothing, 1);
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
static void update_odd(nd_state *state, int32_t number, int32_t count)
{
    const nd_population *population = &state->image->population[number];
    int64_t q[ND_GROUP];
    for (int32_t o = 0; o < count; o++) {
        take(state, state->odd[o], population->shift, 0, q);
        update_group(state, number, population->first_group + state->odd[o], q, nothing, 0);
    }
}

/* A population of CUBA LIF neurons from its 16-bit sums, of which none exceeds `load`. */
static void update_fast(nd_state *state, int32_t number, int64_t load)
{
    const nd_image *image = state->image;
    const nd_population *population = &image->population[number];
    const size_t first = (size_t)population->first_group * ND_GROUP;
    int64_t *counters = state->counters + (size_t)number * ND_COUNTERS;
    nd_lif_step step = {
        .population = population,
        .current_scale = image->current_scale + first,
        .voltage_scale = image->voltage_scale + first,
        .threshold = image->threshold + first,
        .refractory = image->refractory + first,
        .bias = state->bias + first,
        .u = state->u + first,
        .v = state->v + first,
        .r = state->r + first,
        .small = state->small + 2 * first,
        .q = state->q,
        .awake = state->awake + population->first_group,
        .list = state->list,
        .fired = state->fired,
        .odd = state->odd,
    };
    if (load << population->shift >= OVERFLOW_LIMIT) counters[ND_OVERFLOWS] += count_overflows(state, population);
    state->kernels->update(&step);
    counters[ND_ACTIVE] += step.active;
    for (int32_t i = 0; i < step.fired_groups; i++) {
        const int32_t *neuron = image->neuron + first + (size_t)step.fired[i].group * ND_GROUP;
        uint64_t bits = step.fired[i].bits;
        counters[ND_SPIKES] += nd_bits_set(bits);
        do {
            nd_fired_set(&state->spikes, neuron[nd_lowest_bit(bits)]);
            bits &= bits - 1;
        } while (bits);
    }
    update_odd(state, number, step.odds);
}

static int update_population(nd_state *state, int32_t number, nd_spikes *spikes)
{
    const nd_population *population = &state->image->population[number];
    int64_t load;
    if (!population->groups) return 0;
    if (state->step == 0 && state->drop_first_step) {
        nd_forget(state, number);
        return 0;
    }
    load_biases(state, number);
    if (reset_due(state, number)) reset(state, population);
    if (population->restless)
        for (int32_t g = 0; g < population->groups; g++) state->awake[population->first_group + g] |= ND_AWAKE;
    const int wide = nd_gather(state, number, &load);
    if (wide || !population->fast) update_groups(state, number, wide);
    else update_fast(state, number, load);
    return leave(state, number, spikes);
}

static void record(const nd_state *state, const nd_trace *trace, int64_t row)
{
    const int32_t *start = state->image->population_start + trace->population;
    const int64_t at = row * (start[1] - start[0]);
    nd_read(state, trace->population, trace->u + at, trace->v + at);
}

/* `steps` steps of all populations, one population after the other: no spike that leaves in them arrives in them at a
   population that comes first, see nd_state. What a population needs stays in the caches meanwhile. */
static int advance_block(nd_state *state, int64_t steps, const nd_trace *traces, size_t trace_count, int64_t row,
                         nd_spikes *spikes)
{
    const int64_t first = state->step;
    for (int32_t p = 0; p < state->image->populations; p++)
        for (int64_t i = 0; i < steps; i++) {
            state->step = first + i;
            if (update_population(state, p, spikes)) return -1;
            for (size_t t = 0; t < trace_count; t++)
                if (traces[t].population == p) record(state, &traces[t], row + i);
        }
    return 0;
}

static int advance(nd_state *state, int64_t steps, const nd_events *events, const nd_trace *traces, size_t trace_count,
                   nd_spikes *spikes)
{
    int64_t next = 0;
    for (int64_t row = 0; row < steps;) {
        const int64_t first = state->step, left = steps - row, count = left < state->block ? left : state->block;
        for (int64_t i = 0; i < count; i++) {
            state->step = first + i;
            const int64_t arrived = arrive(state, events, next);
            if (arrived < 0) return -1;
            next += arrived;
        }
        state->step = first;
        if (advance_block(state, count, traces, trace_count, row, spikes)) return -1;
        state->step = first + count;
        row += count;
    }
    return 0;
}

int nd_advance(nd_state *state, int64_t steps, const nd_events *events, const nd_trace *traces, size_t trace_count,
               nd_spikes *spikes)
{
    if (state->broken) return -1;
    const int rounding = fegetround();
    fesetround(FE_TOWARDZERO);      /* the kernels ask for it */
    state->broken = advance(state, steps, events, traces, trace_count, spikes) != 0;
    fesetround(rounding);
    return state->broken ? -1 : 0;
}
