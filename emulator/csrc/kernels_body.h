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

/* Weights that will be needed, which lie anywhere in memory: at most their first 512 bytes. */
ND_INLINE void fetch(const nd_image *image, const nd_run *run, int words)
{
    if (!run->pieces) return;
    const int pieces = run->pieces < 32 ? run->pieces : 32;
    const char *pool = words ? (const char *)image->word_weight : (const char *)image->byte_weight;
    const char *line = pool + ((ptrdiff_t)run->weight * ND_PIECE << words), *end = line + (pieces * ND_PIECE << words);
    for (; line < end; line += 64) ND_PREFETCH(line);
}

ND_INLINE void wake(int32_t target, int32_t pieces, uint8_t *awake)
{
    const int32_t first = target * ND_PIECE / ND_GROUP, last = (target + pieces - 1) * ND_PIECE / ND_GROUP;
    awake[first] |= ND_AWAKE;
    awake[last] |= ND_AWAKE;
    for (int32_t g = first + 1; g < last; g++) awake[g] |= ND_AWAKE;    /* mostly none */
}

/* Several rows of bytes for the same compartments: their sums stay in registers from the first row to the last. */
static void add_rows(const int8_t *const *weight, int32_t rows, int32_t pieces, int16_t *sum)
{
    enum { TOGETHER = 8, BLOCK = TOGETHER * WIDE };
    int32_t at = 0;
    for (; at + BLOCK <= pieces * ND_PIECE; at += BLOCK) {
        wide total[TOGETHER];
        ND_UNROLL
        for (int j = 0; j < TOGETHER; j++) total[j] = load_wide(sum + at + j * WIDE);
        for (int32_t r = 0; r < rows; r++) {
            const int8_t *from = weight[r] + at;
            ND_UNROLL
            for (int j = 0; j < TOGETHER; j++) total[j] = wide_plus(total[j], wide_bytes(from + j * WIDE));
        }
        ND_UNROLL
        for (int j = 0; j < TOGETHER; j++) store_wide(sum + at + j * WIDE, total[j]);
    }
    for (; at < pieces * ND_PIECE; at += ND_PIECE) {
        row total = load_row(sum + at);
        for (int32_t r = 0; r < rows; r++) total = row_plus(total, load_bytes(weight[r] + at));
        store_row(sum + at, total);
    }
}

static void accumulate(const nd_image *image, const nd_link *link, const nd_delivery *spike, int32_t count, int16_t *q,
                       uint8_t *awake)
{
    enum { AHEAD = 4, TOGETHER = 64 };
    const nd_population *population = &image->population[link->target];
    const nd_row *rows = image->row + link->first_row;
    const int8_t *equal[TOGETHER];      /* weights of runs of the link's shape */
    int16_t *const sum = q + (ptrdiff_t)link->at * ND_PIECE;
    int32_t equals = 0;
    for (int32_t d = 0; d < count; d++) {
        if (d + 2 * AHEAD < count) ND_PREFETCH(&rows[spike[d + 2 * AHEAD].neuron]);
        if (d + AHEAD < count && rows[spike[d + AHEAD].neuron].runs > 0)
            ND_PREFETCH(&image->run[rows[spike[d + AHEAD].neuron].first]);
        if (d + 1 < count && rows[spike[d + 1].neuron].runs > 0)
            fetch(image, &image->run[rows[spike[d + 1].neuron].first], population->words);
        const nd_row row = rows[spike[d].neuron];
        const int32_t payload = spike[d].payload;
        if (row.runs < 0) {
            q[row.first] = (int16_t)(q[row.first] + (row.runs + ND_SINGLE) * payload);
            awake[row.first / ND_GROUP] |= ND_AWAKE;
            continue;
        }
        for (const nd_run *run = image->run + row.first, *end = run + row.runs; run < end; run++) {
            if (!run->pieces) {
                q[run->target] = (int16_t)(q[run->target] + run->weight * payload);
                awake[run->target / ND_GROUP] |= ND_AWAKE;
            } else if (run->pieces == link->pieces && run->target == link->at && payload == 1 && !population->words) {
                if (!equals) wake(run->target, run->pieces, awake);
                equal[equals++] = image->byte_weight + (ptrdiff_t)run->weight * ND_PIECE;
                if (equals == TOGETHER) {
                    add_rows(equal, equals, link->pieces, sum);
                    equals = 0;
                }
            } else {
                wake(run->target, run->pieces, awake);
                add_run(run, population, image, q, payload);
            }
        }
    }
    if (equals) add_rows(equal, equals, link->pieces, sum);
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
