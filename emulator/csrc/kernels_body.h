/* The kernels, written once over `lanes` and `row`; included by one file per instruction set, which defines KERNELS
   and NAME. Whatever the lanes, the bits are the same: all of it is integer arithmetic, and the one float product is
   exact where it is looked at. */
#include <stddef.h>

#include "kernels.h"

enum { VECTORS = ND_GROUP / LANES };

/* |x| up to here neither wraps nor is clipped */
#define STATE_BITS_FREE 0x7FFFFF

ND_INLINE void add_run(const nd_run *run, const nd_population *population, const nd_image *image, int16_t *q,
                       int32_t payload)
{
    int16_t *sum = q + (ptrdiff_t)run->target * ND_PIECE;
    const int16_t *word = image->word_weight + (ptrdiff_t)run->weight * ND_PIECE;
    const int8_t *byte = image->byte_weight + (ptrdiff_t)run->weight * ND_PIECE;
    if (payload != 1) {
        const row times = all_row((int16_t)payload);
        for (int32_t p = 0; p < run->pieces; p++) {
            const ptrdiff_t at = (ptrdiff_t)p * ND_PIECE;
            const row weight = population->words ? load_row(word + at) : load_bytes(byte + at);
            store_row(sum + at, row_plus(load_row(sum + at), row_times(weight, times)));
        }
    } else if (population->words) {
        for (int32_t p = 0; p < run->pieces; p++, sum += ND_PIECE, word += ND_PIECE)
            store_row(sum, row_plus(load_row(sum), load_row(word)));
    } else {
        ND_UNROLL_LITTLE
        for (int32_t p = 0; p < run->pieces; p++, sum += ND_PIECE, byte += ND_PIECE)
            store_row(sum, row_plus(load_row(sum), load_bytes(byte)));
    }
}

/* The weights of a coming delivery, which lie anywhere in memory: at most the first 512 bytes of its first run. */
ND_INLINE void fetch(const nd_image *image, const nd_bundle *bundle)
{
    const nd_run *run = &image->run[bundle->first_run];
    if (!run->pieces) return;
    const int words = image->population[bundle->population].words, pieces = run->pieces < 32 ? run->pieces : 32;
    const char *pool = words ? (const char *)image->word_weight : (const char *)image->byte_weight;
    const char *line = pool + ((ptrdiff_t)run->weight * ND_PIECE << words), *end = line + (pieces * ND_PIECE << words);
    for (; line < end; line += 64) ND_PREFETCH(line);
}

static void accumulate(const nd_image *image, const nd_delivery *delivery, int32_t count, int16_t *q, uint8_t *awake)
{
    enum { AHEAD = 4 };
    for (int32_t d = 0; d < count; d++) {
        if (d + AHEAD < count) ND_PREFETCH(&image->run[image->bundle[delivery[d + AHEAD].bundle].first_run]);
        if (d + 1 < count) fetch(image, &image->bundle[delivery[d + 1].bundle]);
        const nd_bundle *bundle = &image->bundle[delivery[d].bundle];
        const nd_population *population = &image->population[bundle->population];
        const nd_run *run = image->run + bundle->first_run, *end = run + bundle->runs;
        for (; run < end; run++) {
            if (run->pieces) {
                const int32_t first = run->target * ND_PIECE / ND_GROUP;
                const int32_t last = (run->target + run->pieces - 1) * ND_PIECE / ND_GROUP;
                awake[first] |= ND_AWAKE;
                awake[last] |= ND_AWAKE;
                for (int32_t g = first + 1; g < last; g++) awake[g] |= ND_AWAKE;    /* mostly none */
                add_run(run, population, image, q, delivery[d].payload);
            } else {
                q[run->target] = (int16_t)(q[run->target] + run->weight * delivery[d].payload);
                awake[run->target / ND_GROUP] |= ND_AWAKE;
            }
        }
    }
}

/* Per neuron, decays truncating toward zero; nothing wraps and nothing is clipped, or the group is left as it was:

     r <- max(r - 1, 0)
     u <- u current_keep / 4096 + q
     v <- v voltage_keep / 4096 + u + bias
     r > 0: v <- 0;   else a spike where v > threshold: v <- 0, r <- refractory

   A product x k / 4096 is formed in float. |x| has 24 bits and k 13, so the product needs up to 37 and has 24; rounded
   toward zero it keeps every bit of its integer part, which is below 2^24 and which the conversion cuts out. */
ND_INLINE void update_groups(nd_lif_step *s, const int varied, const int with_bias, const int holds)
{
    scales current = all_scales(*s->current_scale), voltage = all_scales(*s->voltage_scale);
    lanes threshold = all(*s->threshold), refractory = all(*s->refractory), active = all(0);
    const lanes beyond = all(~STATE_BITS_FREE);
    const int32_t shift = 6 + s->population->shift, groups = s->population->groups;
    for (int32_t g = 0; g < groups; g++) {
        if (!s->awake[g]) continue;
        if (s->awake[g] & ND_FAR) {
            s->odd[s->odds++] = g;
            continue;
        }
        const ptrdiff_t at = (ptrdiff_t)g * ND_GROUP;
        lanes us[VECTORS], vs[VECTORS], rs[VECTORS], odd = all(0), any = all(0), counted = active;
        uint64_t fired = 0;
        ND_UNROLL
        for (int j = 0; j < VECTORS; j++) {
            const ptrdiff_t i = at + j * LANES;
            if (varied) {
                current = load_scales(s->current_scale + i);
                voltage = load_scales(s->voltage_scale + i);
                threshold = load(s->threshold + i);
            }
            const lanes u0 = load(s->u + i), v0 = load(s->v + i), q = load_sums(s->q + i);
            lanes busy = any_bit(u0, v0, q);
            lanes y = scaled(v0, voltage);
            if (with_bias) {
                const lanes bias = load(s->bias + i);
                busy = any_bit(busy, bias, bias);
                y = plus(y, bias);
            }
            counted = count_not_zero(counted, busy);
            const lanes u = plus(scaled(u0, current), shifted(q, shift));
            y = plus(y, u);
            odd = any_bit(odd, size(u), size(y));
            mask spike = above(y, threshold), silent = spike;
            if (holds) {
                const lanes r = one_less(load(s->r + i));
                const mask held = above(r, all(0));
                if (varied) refractory = load(s->refractory + i);
                spike = without(spike, held);
                silent = either(silent, held);
                rs[j] = choose(spike, refractory, r);
                busy = any_bit(busy, r, r);
            }
            any = any_bit(any, busy, busy);
            us[j] = u;
            vs[j] = zero_where(silent, y);
            fired |= bits(spike) << (j * LANES);
        }
        if (share_bits(odd, beyond)) {
            s->odd[s->odds++] = g;
            continue;
        }
        active = counted;
        ND_UNROLL
        for (int j = 0; j < VECTORS; j++) {
            const ptrdiff_t i = at + j * LANES;
            store(s->u + i, us[j]);
            store(s->v + i, vs[j]);
            if (holds) store(s->r + i, rs[j]);
            clear_sums(s->q + i);
        }
        s->awake[g] = (uint8_t)share_bits(any, all(-1));
        for (; fired; fired &= fired - 1) s->fired[s->spikes++] = (int32_t)at + nd_lowest_bit(fired);
    }
    int32_t total[LANES];
    store(total, active);
    for (int j = 0; j < LANES; j++) s->active += total[j];
}

/* Compiled for each combination, so that the common cases load and store no more than they need. */
static void update(nd_lif_step *s)
{
    const int bias = s->population->restless, holds = s->population->holds;
    if (s->population->varied) {
        if (bias && holds) update_groups(s, 1, 1, 1);
        else if (bias) update_groups(s, 1, 1, 0);
        else if (holds) update_groups(s, 1, 0, 1);
        else update_groups(s, 1, 0, 0);
    } else {
        if (bias && holds) update_groups(s, 0, 1, 1);
        else if (bias) update_groups(s, 0, 1, 0);
        else if (holds) update_groups(s, 0, 0, 1);
        else update_groups(s, 0, 0, 0);
    }
}

const nd_kernels KERNELS = {NAME, accumulate, update};
