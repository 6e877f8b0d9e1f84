/* Steps of CUBA LIF neurons in 32 bits; see update_body.h. */

enum { VECTORS = ND_GROUP / LANES };

/* |x| up to here neither wraps nor is clipped */
#define STATE_BITS_FREE 0x7FFFFF
/* Groups whose |u| and |v| have fallen below this are kept in 16 bits again. */
#define SMALL_AGAIN (1 << 14)

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
        r[k] = holds ? load(s->r + at + k * LANES) : all(0);
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
