/* The order of things within a step: host events arrive, biases change, due populations reset, every population adds
   up what arrived and updates its compartments, and their spikes leave for step t + 1 + delay. A population does so for
   as many steps as nobody behind it can tell, before the next one does. */
#include <fenv.h>

#include "populations.h"

/* Input events of the present step; returns how many, -1 without memory. */
static int64_t arrive(nd_state *state, const nd_events *events, int64_t first)
{
    enum { BLOCK = 256 };
    nd_delivery spike[BLOCK];
    int64_t next = first;
    int32_t count;
    do {
        for (count = 0; count < BLOCK && next < events->count && events->step[next] == state->step; count++, next++) {
            const int32_t payload = events->payload ? (int32_t)events->payload[next] : 1;
            spike[count] = (nd_delivery){(int32_t)events->neuron[next], payload};
        }
        if (nd_send(&state->ring, state->image, 0, 0, state->step, spike, count)) return -1;
    } while (count == BLOCK);
    return next - first;
}

static void record(const nd_state *state, const nd_trace *trace, int64_t row)
{
    const int32_t *start = state->image->population_start + trace->population;
    const int64_t at = row * (start[1] - start[0]);
    nd_read(state, trace->population, trace->u + at, trace->v + at);
}

static int is_traced(int32_t population, const nd_trace *traces, size_t trace_count)
{
    for (size_t t = 0; t < trace_count; t++)
        if (traces[t].population == population) return 1;
    return 0;
}

/* `steps` steps of all populations, one population after the other: no spike that leaves in them arrives in them at a
   population that comes first, see nd_state. What a population needs stays in the caches meanwhile. */
static int advance_block(nd_state *state, int64_t steps, const nd_trace *traces, size_t trace_count, int64_t row,
                         nd_spikes *spikes)
{
    const int64_t first = state->step;
    for (int32_t p = 0; p < state->image->populations; p++) {
        const int traced = is_traced(p, traces, trace_count);
        for (int64_t i = 0; i < steps;) {
            state->step = first + i;
            const int32_t taken = nd_take_steps(state, p, (int32_t)(traced ? 1 : steps - i), spikes);
            if (taken < 0) return -1;
            for (size_t t = 0; traced && t < trace_count; t++)
                if (traces[t].population == p) record(state, &traces[t], row + i);
            i += taken;
        }
    }
    return 0;
}

static int advance(nd_state *state, int64_t steps, const nd_events *events, const nd_trace *traces, size_t trace_count,
                   nd_spikes *spikes)
{
    int64_t next = 0;
    for (int64_t row = 0; row < steps;) {
        const int64_t first = state->step, left = steps - row, count = left < state->block ? left : state->block;
        for (int64_t i = 0; i < count; i++) {
            state->step = first + i;
            const int64_t arrived = arrive(state, events, next);
            if (arrived < 0) return -1;
            next += arrived;
        }
        state->step = first;
        if (advance_block(state, count, traces, trace_count, row, spikes)) return -1;
        state->step = first + count;
        row += count;
    }
    return 0;
}

int nd_advance(nd_state *state, int64_t steps, const nd_events *events, const nd_trace *traces, size_t trace_count,
               nd_spikes *spikes)
{
    if (state->broken) return -1;
    const int rounding = fegetround();
    fesetround(FE_TOWARDZERO);      /* the kernels ask for it */
    state->broken = advance(state, steps, events, traces, trace_count, spikes) != 0;
    fesetround(rounding);
    return state->broken ? -1 : 0;
}
