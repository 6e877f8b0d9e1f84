/* The two inner loops of the core, compiled once for every instruction set. */
#ifndef NEURODEPLOY_KERNELS_H
#define NEURODEPLOY_KERNELS_H

#include <stdint.h>

#include "core.h"
#include "deliveries.h"

/* What a group is. */
enum {
    ND_REST = 0,
    ND_AWAKE = 1,               /* something in it is not zero, or was so before its last update */
    ND_FAR = 2,                 /* u does not fit 24 bits (Lava only) */
    ND_SMALL = 4                /* u and v are kept in 16 bits */
};

/* Neurons of a group that fired. */
typedef struct {
    uint64_t bits;
    int32_t group;
} nd_fired_group;

/* One step of a population of CUBA LIF neurons whose sums are below its limit. */
typedef struct {
    const nd_population *population;
    const float *current_scale, *voltage_scale;
    const int32_t *threshold, *refractory;
    const int32_t *bias;
    int32_t *u, *v, *r;
    int16_t *small;             /* (groups, 2, ND_GROUP): u and v of those that are ND_SMALL */
    int16_t *q;                 /* set to 0 */
    uint8_t *awake;             /* (groups): all but ND_AWAKE are skipped; set to what they are afterwards */
    int32_t *list;              /* (groups): for the kernel's use */
    nd_fired_group *fired;      /* (groups + 1), out: groups in which something fired */
    int32_t fired_groups;
    int32_t *odd, odds;         /* out: groups left as they were: something in them wraps, is clipped or is ND_FAR */
    int64_t active;             /* out: updates with anything to do */
} nd_lif_step;

typedef struct {
    const char *name;
    /* What spikes bring over a link, added to its target's accumulators; the groups they reach become ND_AWAKE. */
    void (*accumulate)(const nd_image *image, const nd_link *link, const nd_delivery *spike, int32_t count, int16_t *q,
                       uint8_t *touched);
    /* Needs the rounding mode FE_TOWARDZERO. */
    void (*update)(nd_lif_step *step);
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
