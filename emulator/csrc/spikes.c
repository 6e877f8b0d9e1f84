#include "spikes.h"

#include <stdlib.h>

#include "portable.h"

int nd_fired_init(nd_fired *fired, int32_t populations, const int32_t *population_start, const int32_t *graded)
{
    fired->populations = populations;
    int any = 0;
    fired->word = NULL;
    fired->payload = NULL;
    fired->graded = graded;
    fired->neuron_start = population_start;
    fired->count = calloc((size_t)populations + 1, sizeof *fired->count);
    fired->word_start = calloc((size_t)populations + 1, sizeof *fired->word_start);
    if (!fired->count || !fired->word_start) return -1;
    for (int32_t p = 0; p < populations; p++) {
        int64_t neurons = population_start[p + 1] - population_start[p];
        fired->word_start[p + 1] = fired->word_start[p] + (neurons + 63) / 64;
        any |= graded[p];
    }
    fired->word = calloc((size_t)fired->word_start[populations] + 1, sizeof *fired->word);
    if (any) fired->payload = calloc((size_t)population_start[populations] + 1, sizeof *fired->payload);
    return fired->word && (fired->payload || !any) ? 0 : -1;
}

void nd_fired_destroy(nd_fired *fired)
{
    free(fired->count);
    free(fired->word_start);
    free(fired->word);
    free(fired->payload);
}

static int reserve(nd_spikes *spikes, int64_t count, int graded)
{
    if (count <= spikes->capacity) return 0;
    int64_t capacity = spikes->capacity ? spikes->capacity : 256;
    while (capacity < count) capacity *= 2;
    int64_t *step = realloc(spikes->step, sizeof *step * (size_t)capacity);
    if (step) spikes->step = step;
    int64_t *neuron = realloc(spikes->neuron, sizeof *neuron * (size_t)capacity);
    if (neuron) spikes->neuron = neuron;
    if (!step || !neuron) return -1;
    if (graded) {
        int64_t *payload = realloc(spikes->payload, sizeof *payload * (size_t)capacity);
        if (!payload) return -1;
        spikes->payload = payload;
    }
    spikes->capacity = capacity;
    return 0;
}

int nd_fired_flush(nd_fired *fired, int64_t step, nd_spikes *spikes)
{
    for (int32_t p = 0; p < fired->populations; p++) {
        if (!fired->count[p]) continue;
        nd_spikes *list = &spikes[p];
        if (reserve(list, list->count + fired->count[p], fired->graded[p])) return -1;
        const int32_t *payload = fired->graded[p] ? fired->payload + fired->neuron_start[p] : NULL;
        uint64_t *word = fired->word + fired->word_start[p];
        const int64_t words = fired->word_start[p + 1] - fired->word_start[p];
        for (int64_t w = 0; w < words; w++) {
            for (uint64_t bits = word[w]; bits; bits &= bits - 1) {
                const int64_t neuron = w * 64 + nd_lowest_bit(bits);
                if (payload) list->payload[list->count] = payload[neuron];
                list->step[list->count] = step;
                list->neuron[list->count++] = neuron;
            }
            word[w] = 0;
        }
        fired->count[p] = 0;
    }
    return 0;
}
