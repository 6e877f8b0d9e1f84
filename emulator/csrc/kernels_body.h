/* The kernels, written once over `lanes` and `row`; included by one file per instruction set, which defines KERNELS
   and NAME. Whatever the lanes, the bits are the same: all of it is integer arithmetic, and the one float product is
   exact where it is looked at. */
#include <stddef.h>

#include "kernels.h"

enum { VECTORS = ND_GROUP / LANES };

/* |x| up to here neither wraps nor is clipped */
#define STATE_BITS_FREE 0x7FFFFF

/* One run of any kind, laid down from `first` on: sums of its compartments, and which groups they are in. */
static void add_run(nd_run run, int32_t first, const nd_population *population, const nd_image *image, int16_t *q,
                    int32_t payload)
{
    int16_t *sum = q + first;
    const int16_t *word = image->word_weight + (ptrdiff_t)run.weight * ND_PIECE;
    const int8_t *byte = image->byte_weight + (ptrdiff_t)run.weight * ND_PIECE;
    if (!run.pieces) {
        *sum = (int16_t)(*sum + run.weight * payload);
    } else if (payload != 1) {
        const row times = all_row((int16_t)payload);
        for (int32_t p = 0; p < run.pieces; p++) {
            const ptrdiff_t at = (ptrdiff_t)p * ND_PIECE;
            const row weight = population->words ? load_row(word + at) : load_bytes(byte + at);
            store_row(sum + at, row_plus(load_row(sum + at), row_times(weight, times)));
        }
    } else if (population->words) {
        for (int32_t p = 0; p < run.pieces; p++, sum += ND_PIECE, word += ND_PIECE)
            store_row(sum, row_plus(load_row(sum), load_row(word)));
    } else {
        for (int32_t p = 0; p < run.pieces; p++, sum += ND_PIECE, byte += ND_PIECE)
            store_row(sum, row_plus(load_row(sum), load_bytes(byte)));
    }
}

ND_INLINE void touch(int32_t first, int32_t count, uint8_t *touched)
{
    const int32_t last = (first + count - 1) / ND_GROUP;
    for (int32_t g = first / ND_GROUP; g <= last; g++) touched[g] = ND_AWAKE;
}

/* Runs of `pieces` pieces of bytes each, few and known when this is compiled, which saves the loops over them. */
ND_INLINE void add_runs(const nd_run *run, int32_t runs, const int pieces, const int8_t *pool, int16_t *q,
                        int32_t first, uint8_t *touched)
{
    for (const nd_run *end = run + runs; run < end; run++) {
        const int32_t at = first + run->target * ND_PIECE;
        int16_t *sum = q + at;
        const int8_t *weight = pool + (ptrdiff_t)run->weight * ND_PIECE;
        ND_UNROLL
        for (int p = 0; p < pieces; p++)
            store_row(sum + p * ND_PIECE, row_plus(load_row(sum + p * ND_PIECE), load_bytes(weight + p * ND_PIECE)));
        ND_UNROLL
        for (int p = 0; p < pieces; p += ND_GROUP / ND_PIECE) touched[(at + p * ND_PIECE) / ND_GROUP] = ND_AWAKE;
        if (pieces > 1) touched[(at + pieces * ND_PIECE - 1) / ND_GROUP] = ND_AWAKE;
    }
}

/* All of a pattern, laid down from compartment `first` on. */
ND_INLINE void add_pattern(const nd_run *head, int32_t first, const nd_population *population, const nd_image *image,
                           int16_t *q, int32_t payload, uint8_t *touched)
{
    const int32_t runs = head->target;
    const int8_t *pool = image->byte_weight;
    if (payload == 1 && !population->words)
        switch (head->pieces) {
        case 1: add_runs(head + 1, runs, 1, pool, q, first, touched); return;
        case 2: add_runs(head + 1, runs, 2, pool, q, first, touched); return;
        case 3: add_runs(head + 1, runs, 3, pool, q, first, touched); return;
        case 4: add_runs(head + 1, runs, 4, pool, q, first, touched); return;
        case 5: add_runs(head + 1, runs, 5, pool, q, first, touched); return;
        case 6: add_runs(head + 1, runs, 6, pool, q, first, touched); return;
        case 8: add_runs(head + 1, runs, 8, pool, q, first, touched); return;
        case 10: add_runs(head + 1, runs, 10, pool, q, first, touched); return;
        case 12: add_runs(head + 1, runs, 12, pool, q, first, touched); return;
        default: break;
        }
    for (int32_t r = 1; r <= runs; r++) {
        const nd_run run = head[r];
        const int32_t at = first + run.target * (run.pieces ? ND_PIECE : 1);
        add_run(run, at, population, image, q, payload);
        touch(at, run.pieces ? run.pieces * ND_PIECE : 1, touched);
    }
}

/* Weights that will be needed, which lie anywhere in memory: at most their first 512 bytes. */
ND_INLINE void fetch(const int8_t *line, int32_t pieces)
{
    const int8_t *end = line + (pieces < 32 ? pieces : 32) * ND_PIECE;
    for (; line < end; line += 64) ND_PREFETCH(line);
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

/* A row of any kind. */
ND_INLINE void add_row(nd_row own, const nd_link *link, const nd_population *population, const nd_image *image,
                       int16_t *q, int32_t payload, uint8_t *touched)
{
    if (own.pattern >= 0) {
        add_pattern(&image->run[own.pattern], own.at * ND_PIECE, population, image, q, payload, touched);
    } else if (own.pattern == ND_LIKE_LINK) {
        add_run((nd_run){0, link->pieces, own.at}, link->at * ND_PIECE, population, image, q, payload);
        touch(link->at * ND_PIECE, link->pieces * ND_PIECE, touched);
    } else {
        q[own.at] = (int16_t)(q[own.at] + (own.pattern + ND_SINGLE) * payload);
        touched[own.at / ND_GROUP] = ND_AWAKE;
    }
}

/* Spikes of a link whose rows mostly are one run at the same place, as those of a dense layer: such rows are added
   together. */
static void accumulate_alike(const nd_image *image, const nd_link *link, const nd_delivery *spike, int32_t count,
                             int16_t *q, uint8_t *touched)
{
    enum { AHEAD = 8, TOGETHER = 64 };
    const nd_population *population = &image->population[link->target];
    const nd_row *rows = image->row + link->first_row;
    const int8_t *alike[TOGETHER];
    int16_t *const sum = q + (ptrdiff_t)link->at * ND_PIECE;
    int32_t found = 0;
    touch(link->at * ND_PIECE, link->pieces * ND_PIECE, touched);
    for (int32_t d = 0; d < count; d++) {
        if (d + AHEAD < count) ND_PREFETCH(&rows[spike[d + AHEAD].neuron]);
        const nd_row own = rows[spike[d].neuron];
        if (own.pattern != ND_LIKE_LINK || spike[d].payload != 1) {
            add_row(own, link, population, image, q, spike[d].payload, touched);
            continue;
        }
        alike[found] = image->byte_weight + (ptrdiff_t)own.at * ND_PIECE;
        fetch(alike[found++], link->pieces);
        if (found < TOGETHER) continue;
        add_rows(alike, found, link->pieces, sum);
        found = 0;
    }
    if (found) add_rows(alike, found, link->pieces, sum);
}

static void accumulate(const nd_image *image, const nd_link *link, const nd_delivery *spike, int32_t count, int16_t *q,
                       uint8_t *touched)
{
    enum { AHEAD = 8 };
    const nd_population *population = &image->population[link->target];
    const nd_row *rows = image->row + link->first_row;
    if (link->pieces && !population->words) {
        accumulate_alike(image, link, spike, count, q, touched);
        return;
    }
    for (int32_t d = 0; d < count; d++) {
        if (d + AHEAD < count) ND_PREFETCH(&rows[spike[d + AHEAD].neuron]);
        add_row(rows[spike[d].neuron], link, population, image, q, spike[d].payload, touched);
    }
}

/* Per neuron, decays truncating toward zero; nothing wraps and nothing is clipped, or the group is left as it was:

     r <- max(r - 1, 0)
     u <- u current_keep / 4096 + q
     v <- v voltage_keep / 4096 + u + bias
     r > 0: v <- 0;   else a spike where v > threshold: v <- 0, r <- refractory

   A product x k / 4096 is formed in float. |x| has 24 bits and k 13, so the product needs up to 37 and has 24; rounded
   toward zero it keeps every bit of its integer part, which is below 2^24 and which the conversion cuts out. */
/* Which of a group fired; without a branch, because it is as hard to foretell as the spikes are. */
ND_INLINE void note(nd_lif_step *s, int32_t g, uint64_t fired)
{
    s->fired[s->fired_groups] = (nd_fired_group){fired, g};
    s->fired_groups += fired != 0;
}

/* The groups that are awake go into s->list; returns how many. */
ND_INLINE int32_t list_awake(nd_lif_step *s)
{
    const int32_t groups = s->population->groups;
    int32_t count = 0;
    for (int32_t g = 0; g < groups; g++) {
        s->list[count] = g;
        count += s->awake[g] & ND_AWAKE;
    }
    return count;
}

#ifdef SHORTS
/* The same in 16 bits. With k below 1 and all |x| below 2^15, (|x| (k 2^16)) / 2^16 is the upper half of a product of
   unsigned numbers. */
typedef struct {
    shorts current, voltage, threshold;
    shorts beyond;              /* bits of a |q| whose shift would not fit */
    int shift;
} small_rules;

/* Whether the rules suit a population, and what they are. */
ND_INLINE int small_rules_of(const nd_lif_step *s, small_rules *rules)
{
    const nd_population *p = s->population;
    const int32_t current = (int32_t)(*s->current_scale * 65536), voltage = (int32_t)(*s->voltage_scale * 65536);
    const int32_t shift = 6 + p->shift, threshold = *s->threshold;
    if (p->varied || p->restless || p->holds || current > 65535 || voltage > 65535 || shift > 14) return 0;
    rules->current = all_shorts((int16_t)current);
    rules->voltage = all_shorts((int16_t)voltage);
    rules->threshold = all_shorts((int16_t)(threshold < INT16_MAX ? threshold : INT16_MAX));
    rules->beyond = all_shorts((int16_t)-(1 << (15 - shift)));
    rules->shift = shift;
    return 1;
}

/* Whether group g could be updated in 16 bits; otherwise it is left as it was. */
ND_INLINE int update_small(nd_lif_step *s, int32_t g, const small_rules *rules)
{
    enum { PARTS = ND_GROUP / SHORTS };
    const ptrdiff_t at = (ptrdiff_t)g * ND_GROUP;
    int16_t *us = s->small + 2 * at, *vs = us + ND_GROUP, *qs = s->q + at;
    shorts u[PARTS], v[PARTS], high = all_shorts(0), large = all_shorts(0);
    uint64_t silent = 0, busy = 0;
    ND_UNROLL
    for (int j = 0; j < PARTS; j++) {
        const shorts u0 = load_shorts(us + j * SHORTS), v0 = load_shorts(vs + j * SHORTS);
        const shorts q = load_shorts(qs + j * SHORTS);
        busy |= bits_not_zero(shorts_any_bit(u0, v0, q)) << (j * SHORTS);
        large = shorts_any_bit(large, shorts_size(q), large);
        u[j] = shorts_plus(shorts_scaled(u0, rules->current), shorts_shifted(q, rules->shift));
        const shorts y = shorts_plus(shorts_scaled(v0, rules->voltage), u[j]);
        high = shorts_higher(high, shorts_higher(shorts_size(u[j]), shorts_size(y)));
        const shorts_mask below = shorts_up_to(y, rules->threshold);
        v[j] = shorts_where(below, y);
        silent |= shorts_bits(below) << (j * SHORTS);
    }
    /* sums that saturated end at 2^15 - 1 or -2^15 */
    if (shorts_share_bits(large, rules->beyond) | shorts_any_end(high)) return 0;
    ND_UNROLL
    for (int j = 0; j < PARTS; j++) {
        store_shorts(us + j * SHORTS, u[j]);
        store_shorts(vs + j * SHORTS, v[j]);
        store_shorts(qs + j * SHORTS, all_shorts(0));
    }
    s->active += __builtin_popcountll(busy);
    s->awake[g] = (uint8_t)(ND_SMALL | (busy != 0 ? ND_AWAKE : 0));
    note(s, g, ~silent);
    return 1;
}
#else
typedef int small_rules;
ND_INLINE int small_rules_of(const nd_lif_step *s, small_rules *rules) { (void)s; return *rules = 0; }
ND_INLINE int update_small(nd_lif_step *s, int32_t g, const small_rules *rules)
{
    (void)s; (void)g; (void)rules;
    return 0;
}
#endif

/* Groups whose |u| and |v| have fallen below this are kept in 16 bits again. */
#define SMALL_AGAIN (1 << 14)

static void shrink(nd_lif_step *s, int32_t g)
{
    const ptrdiff_t at = (ptrdiff_t)g * ND_GROUP;
    int16_t *small = s->small + 2 * at;
    for (int i = 0; i < ND_GROUP; i++) small[i] = (int16_t)s->u[at + i];
    for (int i = 0; i < ND_GROUP; i++) small[ND_GROUP + i] = (int16_t)s->v[at + i];
    s->awake[g] |= ND_SMALL;
}

ND_INLINE void update_groups(nd_lif_step *s, const int varied, const int with_bias, const int holds)
{
    scales current = all_scales(*s->current_scale), voltage = all_scales(*s->voltage_scale);
    lanes threshold = all(*s->threshold), refractory = all(*s->refractory), active = all(0);
    const lanes beyond = all(~STATE_BITS_FREE);
    const int32_t shift = 6 + s->population->shift, count = list_awake(s);
    small_rules rules = {0};
    const int small = !varied && !with_bias && !holds && small_rules_of(s, &rules);
    for (int32_t i = 0; i < count; i++) {
        const int32_t g = s->list[i];
        if (small && s->awake[g] & ND_SMALL) {
            if (update_small(s, g, &rules)) continue;
            nd_widen(s->small + (ptrdiff_t)g * 2 * ND_GROUP, s->u + (ptrdiff_t)g * ND_GROUP,
                     s->v + (ptrdiff_t)g * ND_GROUP);
        }
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
        if (small && !share_bits(odd, all(-SMALL_AGAIN))) shrink(s, g);
        note(s, g, fired);
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
