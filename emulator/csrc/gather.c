#include "gather.h"

#include <string.h>

#include "arithmetic.h"

/* What a group that was touched is once its 16-bit sums are in the wide ones. */
enum { SPILLED = ND_AWAKE + 1 };

/* The 16-bit sums of the groups touched since the last time move over into the wide ones. */
static void spill(nd_state *state, const nd_population *population, uint8_t *touched)
{
    for (int32_t g = 0; g < population->groups * population->halves; g++) {
        if (touched[g] != ND_AWAKE) continue;
        int16_t *q = state->q + (size_t)g * ND_GROUP;
        int64_t *wide = state->q_wide + (size_t)g * ND_GROUP;
        for (int i = 0; i < ND_GROUP; i++) wide[i] += q[i];
        memset(q, 0, sizeof *q * ND_GROUP);
        touched[g] = SPILLED;
    }
}

/* The wide sums move back into 16 bits if all are below the population's limit; returns whether they are. What many
   spikes add up to is mostly far below what it could be. */
static int narrow(nd_state *state, const nd_population *population, const uint8_t *touched, int64_t *load)
{
    int64_t least = 0, largest = 0;
    for (int32_t g = 0; g < population->groups; g++) {
        if (!touched[g]) continue;
        const int64_t *wide = state->q_wide + (size_t)g * ND_GROUP;
        for (int i = 0; i < ND_GROUP; i++) {
            least = wide[i] < least ? wide[i] : least;
            largest = wide[i] > largest ? wide[i] : largest;
        }
        if (largest >= population->limit || least <= -population->limit) return 0;
    }
    for (int32_t g = 0; g < population->groups; g++) {
        if (!touched[g]) continue;
        int16_t *q = state->q + (size_t)g * ND_GROUP;
        int64_t *wide = state->q_wide + (size_t)g * ND_GROUP;
        for (int i = 0; i < ND_GROUP; i++) q[i] = (int16_t)wide[i];
        memset(wide, 0, sizeof *wide * ND_GROUP);
    }
    *load = largest > -least ? largest : -least;
    return 1;
}

static void add_one(nd_state *state, int32_t target, int64_t amount, uint8_t *touched)
{
    state->q_wide[target] += amount;
    touched[target / ND_GROUP] = ND_AWAKE;
}

static void add_run_wide(nd_state *state, const nd_population *population, nd_run run, int32_t first, int64_t payload,
                         uint8_t *touched)
{
    const int64_t from = (int64_t)run.weight * ND_PIECE;
    if (!run.pieces) add_one(state, first, run.weight * payload, touched);
    for (int32_t i = 0; i < run.pieces * ND_PIECE; i++) {
        const int32_t weight = population->words ? state->image->word_weight[from + i]
                                                 : state->image->byte_weight[from + i];
        add_one(state, first + i, weight * payload, touched);
    }
}

/* A spike too large for 16 bits. */
static void add_wide(nd_state *state, const nd_link *link, const nd_delivery *spike, uint8_t *touched)
{
    const nd_image *image = state->image;
    const nd_population *population = &image->population[link->target];
    const nd_row row = image->row[link->first_row + spike->neuron];
    const int64_t payload = spike->payload;
    if (row.pattern == ND_LIKE_LINK) {
        add_run_wide(state, population, (nd_run){0, link->pieces, row.at}, link->at * ND_PIECE, payload, touched);
    } else if (row.pattern < 0) {
        add_one(state, row.at, (row.pattern + ND_SINGLE) * payload, touched);
    } else {
        const nd_run *head = &image->run[row.pattern];
        for (const nd_run *run = head + 1; run <= head + head->target; run++) {
            const int32_t first = row.at * ND_PIECE + run->target * (run->pieces ? ND_PIECE : 1);
            add_run_wide(state, population, *run, first, payload, touched);
        }
    }
}

static int64_t load_of(const nd_image *image, const nd_link *link, const nd_delivery *spike)
{
    const int64_t payload = spike->payload;
    return image->row_bound[link->first_row + spike->neuron] * (payload < 0 ? -payload : payload);
}

/* As many spikes at a time as suit 16 bits. */
static void add_all_wide(nd_state *state, const nd_link *link, const nd_list *list, uint8_t *touched)
{
    const nd_population *population = &state->image->population[link->target];
    for (int32_t d = 0; d < list->count;) {
        int64_t load = 0;
        int32_t end = d;
        for (; end < list->count; end++) {
            load += load_of(state->image, link, &list->item[end]);
            if (load >= ND_NARROW) break;
        }
        if (end > d) {
            state->kernels->accumulate(state->image, link, list->item + d, end - d, state->q, touched);
            spill(state, population, touched);
        } else {
            add_wide(state, link, &list->item[end++], touched);
        }
        d = end;
    }
}

/* Most that the sum of any compartment can reach: from what bounds all rows of a link, from the compartment that hears
   most sources if each of them fires, and only if both are too much from the rows themselves. */
static int64_t most(const nd_state *state, int32_t number, int64_t step, int exactly)
{
    const nd_image *image = state->image;
    int64_t load = 0, strongest = 0;
    for (int32_t l = image->target_start[number]; l < image->target_start[number + 1]; l++) {
        const nd_link *link = &image->link[l];
        const nd_list *list = nd_ring_at(&state->ring, step, l);
        if (list->most > strongest) strongest = list->most;
        if (!exactly) load += list->load * link->bound;
        else for (int32_t i = 0; i < list->count; i++) load += load_of(image, link, &list->item[i]);
    }
    const int64_t heard = strongest * image->population[number].fan_in;
    return load < heard ? load : heard;
}

int64_t nd_load(const nd_state *state, int32_t number, int64_t step)
{
    const nd_population *population = &state->image->population[number];
    const int64_t load = most(state, number, step, 0);
    if (load < population->limit && load << population->shift < OVERFLOW_LIMIT) return load;
    return most(state, number, step, 1);
}

void nd_gather(nd_state *state, int32_t number, int32_t slot)
{
    const nd_image *image = state->image;
    int16_t *q = state->q + slot * state->q_row;
    uint8_t *touched = state->touched + slot * state->touched_row;
    for (int32_t l = image->target_start[number]; l < image->target_start[number + 1]; l++) {
        nd_list *list = nd_ring_at(&state->ring, state->step + slot, l);
        if (!list->count) continue;
        state->kernels->accumulate(image, &image->link[l], list->item, list->count, q, touched);
        nd_list_clear(list);
    }
}

int nd_gather_any(nd_state *state, int32_t number, int64_t *load)
{
    const nd_image *image = state->image;
    const nd_population *population = &image->population[number];
    if (*load < population->limit) {
        nd_gather(state, number, 0);
        return 0;
    }
    for (int32_t l = image->target_start[number]; l < image->target_start[number + 1]; l++)
        add_all_wide(state, &image->link[l], nd_ring_at(&state->ring, state->step, l), state->touched);
    nd_forget(state, number);
    return !(population->fast && population->halves == 1 && narrow(state, population, state->touched, load));
}

void nd_forget(nd_state *state, int32_t number)
{
    const int32_t *start = state->image->target_start + number;
    for (int32_t l = start[0]; l < start[1]; l++) nd_list_clear(nd_ring_at(&state->ring, state->step, l));
}
