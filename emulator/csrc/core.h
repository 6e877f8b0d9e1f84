/* The compiled program in steps: cores, their axons and compartments, and the spikes between them.

   Indices are trusted here: whoever fills an nd_image has checked them. Functions that can run out of memory
   return 0, or -1 when they did. */
#ifndef NEURODEPLOY_CORE_H
#define NEURODEPLOY_CORE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ND_LANES = 8,           /* weights of a chunk, added together */
    ND_BLOCK = 64,          /* most compartments of a block */
    ND_NARROW = 1 << 24     /* below it, 64 q fits the 32-bit arithmetic of nd_update_narrow */
};

/* Neuron models; blocks.py numbers them in the same way. */
enum { ND_CUBA_LIF, ND_ALIF, ND_SIGMA_DELTA, ND_DELTA, ND_SIGMA, ND_RESONATE_FIRE, ND_MODELS };

typedef struct {
    int32_t current_keep;       /* 4096 - current decay */
    int32_t voltage_keep;       /* 4096 - voltage decay */
    int32_t threshold;          /* mantissa * 64 */
    int32_t refractory;         /* 1 ... 63 */
} nd_cuba_lif;

typedef struct {
    int32_t current_keep, voltage_keep;
    int32_t threshold;          /* at rest: mantissa * 64 */
    int32_t threshold_keep;     /* 4096 - threshold decay */
    int32_t refractory_keep;    /* 4096 - refractory decay */
    int32_t step;               /* threshold step * 64 */
} nd_alif;

/* Sigma-delta neurons and delta encoders; sigma decoders have no parameters. */
typedef struct {
    int32_t threshold;          /* mantissa << shift */
    int32_t shift;              /* spike exponent + state exponent; biases come shifted, but to a delta encoder */
    int32_t state_exponent;
    int32_t relu, cumulative, corrected;
} nd_sigma_delta;

typedef struct {
    int32_t sin_decay, cos_decay;   /* -4096 ... 4096 */
    int32_t threshold;              /* mantissa * 64 */
    int32_t izhikevich;
} nd_resonate_fire;

/* Consecutive compartments of one core and population with the same configuration. */
typedef struct {
    int32_t first, count;       /* compartments, counted over all banks; count <= ND_BLOCK */
    int32_t population;
    int32_t restless;           /* whether it can leave rest by itself: a bias can differ from 0, or rest fires */
    int32_t model;
    union {
        nd_cuba_lif cuba_lif;
        nd_alif alif;
        nd_sigma_delta sigma_delta;
        nd_resonate_fire resonate_fire;
        int32_t column[6];
    } parameter;
} nd_block;

/* Where a spike goes, and the synapses that it finds there. */
typedef struct {
    int32_t bank;
    int32_t delay;              /* steps */
    int32_t first_chunk, chunks;
    int32_t bound;              /* most that one spike adds to |q| of any compartment, at most ND_NARROW */
} nd_route;

/* The weights w * 2^exponent of compartments `offset` ... in the bank; zeros behind the last. Imaginary projections
   have an offset higher by the bank's compartments + ND_LANES: their sums follow the real ones. */
typedef struct {
    int32_t offset;
    int16_t weight[ND_LANES];
} nd_chunk;

/* A bias given per step. */
typedef struct {
    int32_t population;
    int64_t steps;
    const int32_t *rows;        /* (steps, neurons) */
} nd_bias;

/* A loaded program. A bank is a core, or the host's own input neurons, which come last. Neurons of all populations
   are numbered in network order; q is counted in units of 64, so a weight is w * 2^exponent. */
typedef struct {
    int32_t populations, banks, blocks, biases;
    int32_t max_delay;                      /* of all routes, in steps */
    const int32_t *population_start;        /* (populations + 1): neurons */
    const nd_block *block;                  /* (blocks) */
    const int32_t *bank_block_start;        /* (banks + 1) */
    const int32_t *bank_start;              /* (banks + 1): compartments */
    const int32_t *neuron;                  /* (compartments): number in its population */
    const int32_t *place;                   /* (neurons): compartment, -1 for an input fed by events */
    const int32_t *bias;                    /* (compartments): constant part */
    int32_t imaginary;                      /* whether any projection is */
    const int32_t *graded;                  /* (populations): whether spikes carry payloads */
    const nd_bias *bias_rows;               /* (biases) */
    const int32_t *route_start;             /* (neurons + 1) */
    const nd_route *route;                  /* (routes) */
    const nd_chunk *chunk;                  /* (chunks) */
    int64_t reset_interval;                 /* 0: never */
    const int64_t *reset_first;             /* (populations): first step with a reset */
} nd_image;

typedef struct {
    int64_t count;
    const int64_t *step, *neuron, *payload; /* sorted by step; payload NULL: all 1 */
} nd_events;

/* u and v of a population after each step, (steps, neurons). */
typedef struct {
    int32_t population;
    int64_t *u, *v;
} nd_trace;

/* Spikes of a population, sorted by step, then by neuron. */
typedef struct {
    int64_t count, capacity;
    int64_t *step, *neuron;                 /* owned, from malloc */
    int64_t *payload;                       /* the same; NULL where all are 1 */
} nd_spikes;

enum { ND_SPIKES, ND_WRAPS, ND_CLIPS, ND_OVERFLOWS, ND_ACTIVE, ND_COUNTERS };

typedef struct nd_state nd_state;

/* A state at rest before step 0, NULL without memory. `image` must outlive it. */
nd_state *nd_state_new(const nd_image *image, int lava, int drop_first_step);
void nd_state_free(nd_state *state);

/* Run `steps` more steps; the spikes of population p are appended to spikes[p]. A state that ran out of memory
   refuses every further call. */
int nd_advance(nd_state *state, int64_t steps, const nd_events *events, const nd_trace *traces, size_t trace_count,
               nd_spikes *spikes);

/* u and v of a population now; zeros for one without compartments. */
void nd_read(const nd_state *state, int32_t population, int64_t *u, int64_t *v);

/* Totals since step 0, (populations, ND_COUNTERS). */
const int64_t *nd_counters(const nd_state *state);

#ifdef __cplusplus
}
#endif

#endif
