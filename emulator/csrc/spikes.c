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

enum { LITTLE = 1 << 16 };

static int reserve(nd_spikes *spikes, int64_t count, int graded)
{
    if (count <= spikes->capacity) return 0;
    int64_t capacity = spikes->capacity ? spikes->capacity : 256;
    while (capacity < count) capacity *= capacity < LITTLE ? 4 : 2;     /* what is not used costs no memory yet */
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

int32_t nd_fired_take(nd_fired *fired, const nd_kernels *kernels, int32_t slot, int32_t neurons, int graded, int64_t step,
                      nd_spikes *list, nd_delivery *item)
{
    const int32_t count = fired->count[slot];
    uint64_t *word = fired->word + slot * fired->row;
    if (reserve(list, list->count + count, graded)) return -1;
    int64_t *steps = list->step + list->count, *numbers = list->neuron + list->count;
    for (int32_t first = 0; first <= neurons / 64; first += 64)
        for (uint64_t used = kernels->not_zero(word + first); used; used &= used - 1) {
            const int32_t w = first + nd_lowest_bit(used);
            for (uint64_t bits = word[w]; bits; bits &= bits - 1) {
                const int32_t neuron = w * 64 + nd_lowest_bit(bits);
                *item++ = (nd_delivery){neuron, graded ? fired->payload[neuron] : 1};
                *numbers++ = neuron;
                *steps++ = step;
            }
            word[w] = 0;
        }
    for (int32_t i = 0; graded && i < count; i++) list->payload[list->count + i] = item[i - count].payload;
    list->count += count;
    fired->count[slot] = 0;
    return count;
}
