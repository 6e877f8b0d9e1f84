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
    ND_GROUP = 64,          /* compartments that rest or wake together */
    ND_PIECE = 16,          /* weights added together */
    ND_NARROW = 1 << 15,    /* sums below it fit the 16-bit accumulators */
    ND_SINGLE = ND_NARROW + 1,
    ND_LIKE_LINK = -(1 << 20)
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

/* Consecutive compartments of one group with the same configuration. */
typedef struct {
    int32_t first, count;       /* compartments */
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

/* The compartments of a population, whichever core they are on, in the order of the cores. They start a new group;
   the rest of the last group stays empty. An input fed by events has none. */
typedef struct {
    int32_t first_group, groups;
    int32_t fast;               /* whether all are CUBA LIF neurons, for which there are kernels */
    int32_t varied;             /* whether parameters differ; if not, those of the first compartment hold for all */
    int32_t restless;           /* whether any block is */
    int32_t holds;              /* whether any refractory delay is above 1 */
    int32_t shift;              /* q = 2^shift * what is accumulated */
    int32_t limit;              /* below it, sums suit the 16-bit accumulators and 32-bit updates */
    int32_t words;              /* weights are stored in 16 bits, not in 8 */
    int32_t fan_in;             /* most that one spike of every source adds to a compartment's sum, at most 2^24 */
    int32_t halves;             /* 2 with imaginary projections, whose sums follow the real ones; else 1 */
} nd_population;

/* What the spikes of one population add to another. */
typedef struct {
    int32_t source, target;     /* populations */
    int32_t delay;              /* in steps, of all rows; -1 if they differ */
    int32_t first_row;          /* that of the source's first neuron */
    int32_t bound;              /* of all rows */
    int32_t at, pieces;         /* where the one run that most rows have begins, and its pieces; 0 if there is none */
} nd_link;

/* What a spike of one neuron adds: a pattern, laid down from piece `at` on; or none, which is pattern 0; or, with pattern
   ND_LIKE_LINK, the run that most rows of the link have, with the weights of piece `at` in the pool; or, with another
   pattern below 0, a single weight of pattern + ND_SINGLE for compartment `at`. */
typedef struct {
    int32_t at, pattern;
} nd_row;

/* Weights of consecutive compartments, numbered inside their population (imaginary ones behind all of its groups):
   pieces of ND_PIECE, counted from `target` on the one hand and from `weight` in the pool on the other. With `pieces` 0
   a single weight for compartment `target`. Targets are relative to the row's.

   Equal patterns, such as those of a convolution's kernel at every position, are stored once. A pattern is its head and
   then its runs; in the head, `target` is how many there are, `pieces` the pieces of each of them, 0 if they differ or
   there are single weights among them. */
typedef struct {
    int32_t target, pieces, weight;
} nd_run;

/* A bias given per step. */
typedef struct {
    int32_t population;
    int64_t steps;
    const int32_t *rows;        /* (steps, neurons) */
} nd_bias;

/* A loaded program. Neurons of all populations are numbered in network order. q is counted in units of 64, so a
   weight is w * 2^exponent, stored divided by its population's 2^shift. */
typedef struct {
    int32_t populations, groups, biases, links;
    int32_t max_delay;                      /* in steps */
    const int32_t *population_start;        /* (populations + 1): neurons */
    const nd_population *population;        /* (populations) */
    const nd_block *block;                  /* (blocks) */
    const int32_t *group_block_start;       /* (groups + 1) */
    const int32_t *neuron;                  /* (groups * ND_GROUP): number in its population */
    const int32_t *place;                   /* (neurons): compartment, -1 for an input fed by events */
    const int32_t *bias;                    /* (groups * ND_GROUP): constant part */
    const int32_t *graded;                  /* (populations): whether spikes carry payloads */
    const float *current_scale;             /* (groups * ND_GROUP), of CUBA LIF neurons: keep / 4096, ... */
    const float *voltage_scale;
    const int32_t *threshold, *refractory;  /* ... and as in nd_cuba_lif */
    const nd_bias *bias_rows;               /* (biases) */
    const nd_link *link;                    /* (links): one target after the other */
    const int32_t *target_start;            /* (populations + 1): links into each population */
    const int32_t *outgoing;                /* (links): numbers of links, one source after the other */
    const int32_t *source_start;            /* (populations + 1) */
    const nd_row *row;                      /* (rows) */
    const uint16_t *row_bound;              /* (rows): most that it adds to a compartment's sum, at most ND_NARROW */
    const int32_t *row_delay;               /* (rows) */
    const nd_run *run;                      /* (runs and heads); the first is the head of a pattern without runs */
    const int8_t *byte_weight;              /* pool of populations without `words`, (pieces, ND_PIECE) */
    const int16_t *word_weight;             /* pool of those with, (pieces, ND_PIECE) */
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

/* Names of the instruction sets that this machine has, slowest first, NULL behind the last. */
const char *const *nd_instruction_sets(void);

/* A state at rest before step 0, NULL without memory. `image` must outlive it; `instructions` is one of
   nd_instruction_sets(), all of which compute the same bits. */
nd_state *nd_state_new(const nd_image *image, const char *instructions, int lava, int drop_first_step);
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
