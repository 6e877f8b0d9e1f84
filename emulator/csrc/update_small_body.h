/* Steps of CUBA LIF neurons in 16 bits, where the instruction set has `shorts`; see update_body.h. */
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
    for (int i = 0; i < ND_GROUP; i += 16) ND_PREFETCH(s->neuron + at + i);
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
