/* CUBA LIF neurons, a group at a time for as many steps as are known; written over `lanes` and `shorts`, see
   kernels_body.h. Per neuron and step, decays truncating toward zero; nothing wraps and nothing is clipped in any of the
   steps, or the group is left as it was:

     r <- max(r - 1, 0)
     u <- u current_keep / 4096 + q
     v <- v voltage_keep / 4096 + u + bias
     r > 0: v <- 0;   else a spike where v > threshold: v <- 0, r <- refractory

   A group's state stays in registers from its first step to its last. */

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

#include "update_small_body.h"
#include "update_large_body.h"

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
