#include "spikes.h"

#include <stdlib.h>

#include "memory.h"
#include "portable.h"

int nd_fired_init(nd_fired *fired, int32_t neurons)
{
    const size_t count = (size_t)neurons + 1;
    fired->row = (ptrdiff_t)(count / 4096 + 1) * 64;
    fired->word = nd_zeros(ND_BLOCK * (size_t)fired->row, sizeof *fired->word);
    fired->payload = nd_zeros(count, sizeof *fired->payload);
    fired->item = nd_zeros(count, sizeof *fired->item);
    return fired->word && fired->payload && fired->item ? 0 : -1;
}

void nd_fired_destroy(nd_fired *fired)
{
    nd_drop(fired->word);
    nd_drop(fired->payload);
    nd_drop(fired->item);
}

int32_t nd_fired_take(nd_fired *fired, const nd_kernels *kernels, int32_t step, int32_t neurons, int graded)
{
    uint64_t *word = fired->word + step * fired->row;
    int32_t count = 0;
    for (int32_t first = 0; first <= neurons / 64; first += 64)
        for (uint64_t used = kernels->not_zero(word + first); used; used &= used - 1) {
            const int32_t w = first + nd_lowest_bit(used);
            for (uint64_t bits = word[w]; bits; bits &= bits - 1) {
                const int32_t neuron = w * 64 + nd_lowest_bit(bits);
                fired->item[count++] = (nd_delivery){neuron, graded ? fired->payload[neuron] : 1};
            }
            word[w] = 0;
        }
    return count;
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

int nd_spikes_append(nd_spikes *list, int64_t step, const nd_delivery *spike, int32_t count, int graded)
{
    if (reserve(list, list->count + count, graded)) return -1;
    int64_t *steps = list->step + list->count, *neurons = list->neuron + list->count;
    for (int32_t i = 0; i < count; i++) steps[i] = step;
    for (int32_t i = 0; i < count; i++) neurons[i] = spike[i].neuron;
    for (int32_t i = 0; graded && i < count; i++) list->payload[list->count + i] = spike[i].payload;
    list->count += count;
    return 0;
}
