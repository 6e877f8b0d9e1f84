/* The inner loops of the core, compiled once for every instruction set. */
#ifndef NEURODEPLOY_KERNELS_H
#define NEURODEPLOY_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "core.h"
#include "deliveries.h"

enum { ND_BLOCK = 16 };         /* most steps that a population takes before the next one takes them */

/* What a group is. */
enum {
    ND_REST = 0,
    ND_AWAKE = 1,               /* something in it is not zero, or was so before its last update */
    ND_FAR = 2,                 /* u does not fit 24 bits (Lava only) */
    ND_SMALL = 4                /* u and v are kept in 16 bits */
};

/* Steps of a population of CUBA LIF neurons whose sums are below its limit. */
typedef struct {
    const nd_population *population;
    int32_t steps;              /* 1 ... ND_BLOCK */
    const float *current_scale, *voltage_scale;
    const int32_t *threshold, *refractory;
    const int32_t *bias;        /* the same in all steps */
    const int32_t *neuron;      /* (groups * ND_GROUP): number in the population */
    int32_t *u, *v, *r;
    int16_t *small;             /* (groups, 2, ND_GROUP): u and v of those that are ND_SMALL */
    int16_t *q;                 /* (steps, q_row): set to 0 */
    ptrdiff_t q_row;
    const uint16_t *reached;    /* (groups): a bit for each step in which q is not zero */
    uint8_t *awake;             /* (groups): all but ND_AWAKE and those reached are skipped; what they are afterwards */
    int32_t *list;              /* (groups): for the kernel's use */
    uint64_t *fired;            /* (steps, fired_row), out: the bits of neurons that fired are set ... */
    ptrdiff_t fired_row;
    int32_t *fired_count;       /* (steps): ... and counted */
    int32_t *odd, odds;         /* out: groups left as they were: something in them wraps, is clipped or is ND_FAR */
    int64_t active;             /* out: updates with anything to do */
} nd_lif_steps;

typedef struct {
    const char *name;
    /* What spikes bring over a link, added to its target's accumulators; the groups they reach become ND_AWAKE. */
    void (*accumulate)(const nd_image *image, const nd_link *link, const nd_delivery *spike, int32_t count, int16_t *q,
                       uint8_t *touched);
    /* Needs the rounding mode FE_TOWARDZERO. */
    void (*update)(nd_lif_steps *steps);
    /* Which of 64 words, at the start of a cache line, are not 0: a bit each. */
    uint64_t (*not_zero)(const uint64_t *word);
} nd_kernels;

extern const nd_kernels nd_kernels_baseline;
#ifdef ND_X86
extern const nd_kernels nd_kernels_avx2, nd_kernels_avx512;
#endif

/* u and v of a group that shall no longer be ND_SMALL. */
static inline void nd_widen(const int16_t *small, int32_t *u, int32_t *v)
{
    for (int i = 0; i < ND_GROUP; i++) u[i] = small[i];
    for (int i = 0; i < ND_GROUP; i++) v[i] = small[ND_GROUP + i];
}

/* The kernels of an instruction set that this machine has, NULL for another. */
const nd_kernels *nd_kernels_named(const char *name);

#endif
