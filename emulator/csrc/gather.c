#include "gather.h"

/* The 16-bit sums move over into the wide ones. */
static void spill(nd_state *state, const nd_population *population)
{
    const int32_t lanes = population->groups * population->halves * ND_GROUP;
    for (int32_t i = 0; i < lanes; i++) {
        state->q_wide[i] += state->q[i];
        state->q[i] = 0;
    }
}

/* A spike too large for 16 bits. */
static void add_wide(nd_state *state, const nd_population *population, const nd_delivery *delivery, uint8_t *awake)
{
    const nd_image *image = state->image;
    const nd_bundle *bundle = &image->bundle[delivery->bundle];
    for (int32_t r = bundle->first_run; r < bundle->first_run + bundle->runs; r++) {
        const nd_run *run = &image->run[r];
        const int64_t from = (int64_t)run->weight * ND_PIECE, to = (int64_t)run->target * ND_PIECE;
        if (!run->pieces) {
            state->q_wide[run->target] += (int64_t)run->weight * delivery->payload;
            awake[run->target / ND_GROUP] |= ND_AWAKE;
        }
        for (int64_t i = 0; i < (int64_t)run->pieces * ND_PIECE; i++) {
            const int32_t weight = population->words ? image->word_weight[from + i] : image->byte_weight[from + i];
            state->q_wide[to + i] += (int64_t)weight * delivery->payload;
            awake[(to + i) / ND_GROUP] |= ND_AWAKE;
        }
    }
}

static int gather(nd_state *state, const nd_population *population, const nd_list *list, uint8_t *awake)
{
    const nd_image *image = state->image;
    if (list->load < population->limit) {
        state->kernels->accumulate(image, list->item, list->count, state->q, awake);
        return 0;
    }
    for (int32_t d = 0; d < list->count;) {
        int64_t load = 0;
        int32_t end = d;
        for (; end < list->count; end++) {
            const int64_t payload = list->item[end].payload;
            load += image->bundle[list->item[end].bundle].bound * (payload < 0 ? -payload : payload);
            if (load >= ND_NARROW) break;
        }
        if (end > d) {
            state->kernels->accumulate(image, list->item + d, end - d, state->q, awake);
            spill(state, population);
        } else {
            add_wide(state, population, &list->item[end++], awake);
        }
        d = end;
    }
    return 1;
}

int nd_gather(nd_state *state, int32_t number, const nd_list *list)
{
    const nd_population *population = &state->image->population[number];
    uint8_t *awake = state->awake + population->first_group, *touched = state->touched;
    const int32_t groups = population->groups;
    if (population->halves == 1) return gather(state, population, list, awake);
    const int wide = gather(state, population, list, touched);
    for (int32_t g = 0; g < groups; g++) {
        awake[g] |= touched[g] | touched[groups + g];
        touched[g] = touched[groups + g] = 0;
    }
    return wide;
}
