/* CUBA LIF neurons, a group at a time for as many steps as are known; written over `lanes` and `shorts`, see
   kernels_body.h. Per neuron and step, decays truncating toward zero; nothing wraps and nothing is clipped in any of the
   steps, or the group is left as it was:

     r <- max(r - 1, 0)
     u <- u current_keep / 4096 + q
     v <- v voltage_keep / 4096 + u + bias
     r > 0: v <- 0;   else a spike where v > threshold: v <- 0, r <- refractory

   A group's state stays in registers from its first step to its last. */

enum { VECTORS = ND_GROUP / LANES };

/* |x| up to here neither wraps nor is clipped */
#define STATE_BITS_FREE 0x7FFFFF
/* Groups whose |u| and |v| have fallen below this are kept in 16 bits again. */
#define SMALL_AGAIN (1 << 14)

/* The neurons of a group that fired in a step. */
ND_INLINE void note(nd_lif_steps *s, int32_t g, int32_t step, uint64_t fired)
{
    const int32_t *neuron = s->neuron + (ptrdiff_t)g * ND_GROUP;
    uint64_t *word = s->fired + step * s->fired_row;
    s->fired_count[step] += nd_bits_set(fired);
    for (; fired; fired &= fired - 1) {
        const uint32_t n = (uint32_t)neuron[nd_lowest_bit(fired)];
        word[n / 64] |= UINT64_C(1) << n % 64;
    }
}

/* A group has taken its steps: what fired in them, a bit of `loud` for each step with any, and sums of zero. */
static void settle(nd_lif_steps *s, int32_t g, const uint64_t *fired, uint32_t loud)
{
    int16_t *q = s->q + (ptrdiff_t)g * ND_GROUP;
    for (; loud; loud &= loud - 1) {
        const int32_t step = nd_lowest_bit(loud);
        note(s, g, step, fired[step]);
    }
    for (uint32_t reached = s->reached[g]; reached; reached &= reached - 1)
        memset(q + nd_lowest_bit(reached) * s->q_row, 0, ND_GROUP * sizeof *q);
}

/* The groups that have anything to do go into s->list; returns how many. */
ND_INLINE int32_t list_busy(nd_lif_steps *s)
{
    const int32_t groups = s->population->groups;
    int32_t count = 0;
    for (int32_t g = 0; g < groups; g++) {
        s->list[count] = g;
        count += (s->awake[g] & ND_AWAKE) | (s->reached[g] != 0);
    }
    return count;
}

#ifdef SHORTS
/* In 16 bits. With k below 1 and all |x| below 2^15, (|x| (k 2^16)) / 2^16 is the upper half of a product of unsigned
   numbers. It holds while |u| < 2^14, 64 |q| 2^shift < 2^15 and |v| < 2^15, which is looked at afterwards, in bits that all
   steps have in common: sums saturate, so that a |u| that was too large ends with the bit of 2^14 at least and a v that
   was too low at -2^15; a v that ends at 2^15 - 1 is above the threshold, as it would be without an end. */
#define SMALL_CURRENT (1 << 14)

typedef struct {
    shorts current, voltage, threshold;
    shorts scale;               /* of q in units of u */
    shorts middle, outside;     /* 0 <= q + middle < 2 middle, no bit of it outside: no such product is too large */
} small_rules;

/* Whether the rules suit a population, and what they are. */
ND_INLINE int small_rules_of(const nd_lif_steps *s, small_rules *rules)
{
    const nd_population *p = s->population;
    const int32_t current = (int32_t)(*s->current_scale * 65536), voltage = (int32_t)(*s->voltage_scale * 65536);
    const int32_t shift = 6 + p->shift, threshold = *s->threshold;
    if (p->varied || p->restless || p->holds || current > 65535 || voltage > 65535 || shift > 14) return 0;
    if (threshold >= INT16_MAX) return 0;
    rules->current = all_shorts((int16_t)current);
    rules->voltage = all_shorts((int16_t)voltage);
    rules->threshold = all_shorts((int16_t)threshold);
    rules->scale = all_shorts((int16_t)(1 << shift));
    rules->middle = all_shorts((int16_t)(1 << (15 - shift)));
    rules->outside = all_shorts((int16_t)-(1 << (16 - shift)));
    return 1;
}

/* Whether group g could take its steps in 16 bits; otherwise it is left as it was. `reached`: whether any q differs from
   0. A spike's v is set to zero where it is next used, by `below`. */
ND_INLINE int take_small(nd_lif_steps *s, int32_t g, const small_rules *rules, const int reached)
{
    enum { PARTS = ND_GROUP / SHORTS };
    const ptrdiff_t at = (ptrdiff_t)g * ND_GROUP;
    int16_t *us = s->small + 2 * at, *vs = us + ND_GROUP;
    const int16_t *qs = s->q + at;
    const shorts zero = all_shorts(0);
    shorts u[PARTS], v[PARTS], u_bits = zero, v_bits = zero, q_bits = zero, any = zero;
    shorts_mask below[PARTS];
    uint64_t fired[ND_BLOCK];
    int64_t active = 0;
    uint32_t loud = 0;
    ND_UNROLL
    for (int j = 0; j < PARTS; j++) {
        u[j] = load_shorts(us + j * SHORTS);
        v[j] = load_shorts(vs + j * SHORTS);
        below[j] = shorts_up_to(zero, zero);
    }
    for (int32_t t = 0; t < s->steps; t++, qs += s->q_row) {
        shorts_mask busy[PARTS];
        ND_UNROLL
        for (int j = 0; j < PARTS; j++) {
            const shorts u_size = shorts_size(u[j]), v_size = shorts_size_where(below[j], v[j]);
            const shorts q = reached ? load_shorts(qs + j * SHORTS) : zero;
            if (reached) ND_PREFETCH(qs + ND_GROUP + j * SHORTS);
            if (reached) q_bits = shorts_any_bit(q_bits, shorts_plus(q, rules->middle), q_bits);
            u_bits = shorts_any_bit(u_bits, u_size, u_bits);
            v_bits = shorts_any_bit(v_bits, v_size, v_bits);
            busy[j] = shorts_not_zero(shorts_any_bit(u_size, v_size, q));
            u[j] = shorts_scaled(u[j], u_size, rules->current);
            if (reached) u[j] = shorts_sum(u[j], shorts_times(q, rules->scale));
            v[j] = shorts_sum(shorts_scaled(v[j], v_size, rules->voltage), u[j]);
            below[j] = shorts_up_to(v[j], rules->threshold);
        }
        const uint64_t silent = shorts_bits(below);
        active += nd_bits_set(shorts_bits(busy));
        fired[t] = ~silent;
        loud |= (uint32_t)(silent != UINT64_MAX) << t;
    }
    ND_UNROLL
    for (int j = 0; j < PARTS; j++) {
        v[j] = shorts_where(below[j], v[j]);
        u_bits = shorts_any_bit(u_bits, shorts_size(u[j]), u_bits);
        v_bits = shorts_any_bit(v_bits, shorts_size(v[j]), v_bits);
        any = shorts_any_bit(any, u[j], v[j]);
    }
    if (shorts_share_bits(u_bits, all_shorts(-SMALL_CURRENT)) | shorts_share_bits(v_bits, all_shorts(INT16_MIN))
        | shorts_share_bits(q_bits, rules->outside)) return 0;
    ND_UNROLL
    for (int j = 0; j < PARTS; j++) store_shorts(us + j * SHORTS, u[j]), store_shorts(vs + j * SHORTS, v[j]);
    s->active += active;
    s->awake[g] = (uint8_t)(ND_SMALL | (shorts_share_bits(any, any) ? ND_AWAKE : 0));
    settle(s, g, fired, loud);
    return 1;
}

static int take_steps_small(nd_lif_steps *s, int32_t g, const small_rules *rules)
{
    return s->reached[g] ? take_small(s, g, rules, 1) : take_small(s, g, rules, 0);
}
#else
typedef int small_rules;
ND_INLINE int small_rules_of(const nd_lif_steps *s, small_rules *rules) { (void)s; return *rules = 0; }
ND_INLINE int take_steps_small(nd_lif_steps *s, int32_t g, const small_rules *rules)
{
    (void)s; (void)g; (void)rules;
    return 0;
}
#endif

static void shrink(nd_lif_steps *s, int32_t g)
{
    const ptrdiff_t at = (ptrdiff_t)g * ND_GROUP;
    int16_t *small = s->small + 2 * at;
    for (int i = 0; i < ND_GROUP; i++) small[i] = (int16_t)s->u[at + i];
    for (int i = 0; i < ND_GROUP; i++) small[ND_GROUP + i] = (int16_t)s->v[at + i];
    s->awake[g] |= ND_SMALL;
}

/* Where a group that takes its steps in 32 bits will be, once it is known that nothing wraps and nothing is clipped. */
typedef struct {
    int32_t u[ND_GROUP], v[ND_GROUP], r[ND_GROUP];
    uint64_t fired[ND_BLOCK];
    lanes odd, any, active;
} large_group;

/* `together` vectors of a group from the j-th on take its steps in 32 bits.

   A product x k / 4096 is formed in float. |x| has 24 bits and k 13, so the product needs up to 37 and has 24; rounded
   toward zero it keeps every bit of its integer part, which is below 2^24 and which the conversion cuts out. */
ND_INLINE void take_large(const nd_lif_steps *s, int32_t g, int j, large_group *into, const int varied,
                          const int with_bias, const int holds)
{
    enum { TOGETHER = VECTORS < 4 ? VECTORS : 4 };
    const ptrdiff_t at = (ptrdiff_t)g * ND_GROUP + j * LANES;
    const int32_t shift = 6 + s->population->shift;
    scales current = all_scales(*s->current_scale), voltage = all_scales(*s->voltage_scale);
    lanes threshold = all(*s->threshold), refractory = all(*s->refractory);
    lanes u[TOGETHER], v[TOGETHER], r[TOGETHER], odd = into->odd, any = all(0), active = into->active;
    const int16_t *qs = s->q + at;
    ND_UNROLL
    for (int k = 0; k < TOGETHER; k++) {
        u[k] = load(s->u + at + k * LANES);
        v[k] = load(s->v + at + k * LANES);
        if (holds) r[k] = load(s->r + at + k * LANES);
    }
    for (int32_t t = 0; t < s->steps; t++, qs += s->q_row) {
        uint64_t fired = 0;
        ND_UNROLL
        for (int k = 0; k < TOGETHER; k++) {
            const ptrdiff_t i = at + k * LANES;
            if (varied) {
                current = load_scales(s->current_scale + i);
                voltage = load_scales(s->voltage_scale + i);
                threshold = load(s->threshold + i);
            }
            const lanes q = load_sums(qs + k * LANES);
            lanes busy = any_bit(u[k], v[k], q), y = scaled(v[k], voltage);
            if (with_bias) {
                const lanes bias = load(s->bias + i);
                busy = any_bit(busy, bias, bias);
                y = plus(y, bias);
            }
            active = count_not_zero(active, busy);
            u[k] = plus(scaled(u[k], current), shifted(q, shift));
            y = plus(y, u[k]);
            odd = any_bit(odd, size(u[k]), size(y));
            mask spike = above(y, threshold), silent = spike;
            if (holds) {
                const lanes left = one_less(r[k]);
                const mask held = above(left, all(0));
                if (varied) refractory = load(s->refractory + i);
                spike = without(spike, held);
                silent = either(silent, held);
                r[k] = choose(spike, refractory, left);
            }
            v[k] = zero_where(silent, y);
            fired |= bits(spike) << ((j + k) * LANES);
        }
        if (share_bits(odd, all(~STATE_BITS_FREE))) break;
        into->fired[t] = j ? into->fired[t] | fired : fired;
    }
    ND_UNROLL
    for (int k = 0; k < TOGETHER; k++) {
        const int i = (j + k) * LANES;
        any = any_bit(any, u[k], v[k]);
        if (holds) any = any_bit(any, r[k], r[k]), store(into->r + i, r[k]);
        store(into->u + i, u[k]);
        store(into->v + i, v[k]);
    }
    into->odd = odd;
    into->any = any_bit(into->any, any, any);
    into->active = active;
}

ND_INLINE void take_steps_large(nd_lif_steps *s, int32_t g, const int small, const int varied, const int with_bias,
                                const int holds)
{
    enum { TOGETHER = VECTORS < 4 ? VECTORS : 4 };
    const ptrdiff_t at = (ptrdiff_t)g * ND_GROUP;
    large_group to;
    int32_t active[LANES];
    uint32_t loud = 0;
    to.odd = to.any = to.active = all(0);
    for (int j = 0; j < VECTORS; j += TOGETHER) take_large(s, g, j, &to, varied, with_bias, holds);
    if (share_bits(to.odd, all(~STATE_BITS_FREE))) {
        s->odd[s->odds++] = g;
        return;
    }
    memcpy(s->u + at, to.u, sizeof to.u);
    memcpy(s->v + at, to.v, sizeof to.v);
    if (holds) memcpy(s->r + at, to.r, sizeof to.r);
    store(active, to.active);
    for (int k = 0; k < LANES; k++) s->active += active[k];
    for (int32_t t = 0; t < s->steps; t++) loud |= (uint32_t)(to.fired[t] != 0) << t;
    s->awake[g] = (uint8_t)share_bits(to.any, all(-1));
    if (small && !share_bits(to.odd, all(-SMALL_AGAIN))) shrink(s, g);
    settle(s, g, to.fired, loud);
}

ND_INLINE void update_groups(nd_lif_steps *s, const int varied, const int with_bias, const int holds)
{
    const int32_t count = list_busy(s);
    small_rules rules = {0};
    const int small = !varied && !with_bias && !holds && small_rules_of(s, &rules);
    for (int32_t i = 0; i < count; i++) {
        const int32_t g = s->list[i];
        if (small && s->awake[g] & ND_SMALL) {
            if (take_steps_small(s, g, &rules)) continue;
            nd_widen(s->small + (ptrdiff_t)g * 2 * ND_GROUP, s->u + (ptrdiff_t)g * ND_GROUP,
                     s->v + (ptrdiff_t)g * ND_GROUP);
            s->awake[g] = ND_AWAKE;
        }
        if (s->awake[g] & ND_FAR) s->odd[s->odds++] = g;
        else take_steps_large(s, g, small, varied, with_bias, holds);
    }
}

/* Compiled for each combination, so that the common cases load and store no more than they need. */
static void update(nd_lif_steps *s)
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
