/* The order of things within a step: host events arrive, biases change, due populations reset, every bank adds up
   what arrived and updates its compartments, and their spikes leave for step t + 1 + delay. */
#include <string.h>

#include "accumulate.h"
#include "portable.h"
#include "state.h"
#include "update.h"

/* Chunks of a delivery that are fetched ahead of their use. */
enum { PREFETCHED = 32 };

/* A spike of a neuron (numbered over all populations) to every axon it reaches, `hop` steps and their delay later. */
static int send(nd_state *state, int32_t neuron, int hop, int32_t payload)
{
    const nd_image *image = state->image;
    for (int32_t r = image->route_start[neuron]; r < image->route_start[neuron + 1]; r++) {
        const nd_route *route = &image->route[r];
        if (nd_ring_push(&state->ring, state->step + hop + route->delay, route, payload)) return -1;
    }
    return 0;
}

static void load_biases(nd_state *state)
{
    const nd_image *image = state->image;
    for (int32_t b = 0; b < image->biases; b++) {
        const nd_bias *bias = &image->bias_rows[b];
        const int32_t first = image->population_start[bias->population];
        const int32_t neurons = image->population_start[bias->population + 1] - first;
        const int32_t *row = bias->rows + state->step * neurons;
        for (int32_t n = 0; n < neurons; n++) state->bias[image->place[first + n]] = row[n];
    }
}

static int reset_due(const nd_state *state, int32_t population)
{
    const int64_t since = state->step - state->image->reset_first[population];
    return since >= 0 && since % state->image->reset_interval == 0;
}

static void reset(nd_state *state)
{
    if (!state->image->reset_interval) return;
    for (int32_t b = 0; b < state->image->blocks; b++) {
        const nd_block *block = &state->image->block[b];
        if (!reset_due(state, block->population)) continue;
        const size_t first = (size_t)block->first, count = (size_t)block->count;
        if (state->u) memset(state->u + first, 0, count * sizeof *state->u);
        else memset(state->u_lava + first, 0, count * sizeof *state->u_lava);
        memset(state->v + first, 0, count * sizeof *state->v);
        memset(state->r + first, 0, count * sizeof *state->r);
        memset(state->s + first, 0, count * sizeof *state->s);
        state->block_busy[b] = 0;
    }
}

/* The synapses of a delivery lie anywhere in memory: they are fetched while the one before is added up. */
static void prefetch(const nd_chunk *chunk, int32_t chunks)
{
    const char *line = (const char *)chunk, *end = (const char *)(chunk + (chunks < PREFETCHED ? chunks : PREFETCHED));
    for (; line < end; line += 64) ND_PREFETCH(line);
}

static void accumulate(nd_state *state, int32_t head, int wide)
{
    for (int32_t d = head; d >= 0; d = state->ring.pool[d].next) {
        const nd_delivery *delivery = &state->ring.pool[d];
        const nd_chunk *chunk = state->image->chunk + delivery->first_chunk;
        if (delivery->next >= 0) {
            const nd_delivery *next = &state->ring.pool[delivery->next];
            prefetch(state->image->chunk + next->first_chunk, next->chunks);
        }
        if (wide) nd_accumulate_wide(state->q_wide, chunk, delivery->chunks, delivery->payload);
        else if (delivery->payload == 1) nd_accumulate_spike(state->q, chunk, delivery->chunks);
        else nd_accumulate_narrow(state->q, chunk, delivery->chunks, delivery->payload);
    }
}

/* Whether nothing arrived at the compartments of a block, which start at `at` in the bank. */
static int untouched(const nd_state *state, const nd_block *block, int32_t at, int wide)
{
    int64_t any = 0;
    if (wide) {
        for (int32_t i = 0; i < block->count; i++) any |= state->q_wide[at + i];
    } else {
        int32_t narrow = 0;
        for (int32_t i = 0; i < block->count; i++) narrow |= state->q[at + i];
        any = narrow;
    }
    return any == 0;
}

/* Notes the spikes of a block and sends them on. */
static int emit(nd_state *state, const nd_block *block, const int32_t *fired)
{
    const nd_image *image = state->image;
    for (int32_t i = 0; i < block->count; i++) {
        if (!fired[i]) continue;
        const int32_t neuron = image->neuron[block->first + i];
        nd_fired_set(&state->fired, block->population, neuron, fired[i]);
        if (send(state, image->population_start[block->population] + neuron, 1, fired[i])) return -1;
    }
    return 0;
}

/* q of a block's compartments, which start at `at`, in 64 bits. */
static const int64_t *widened(const nd_state *state, int32_t at, int32_t count, int wide, int64_t *room)
{
    if (wide) return state->q_wide + at;
    for (int32_t i = 0; i < count; i++) room[i] = state->q[at + i];
    return room;
}

/* `at`: first compartment in the bank; `imaginary`: where its imaginary sums start, behind the real ones. */
static int update_block(nd_state *state, const nd_block *block, int32_t at, int32_t imaginary, int wide, int32_t *busy)
{
    static const int64_t nothing[ND_BLOCK];
    int32_t fired[ND_BLOCK];
    int64_t room[2][ND_BLOCK];
    nd_tally tally;
    const int32_t first = block->first, count = block->count;
    const nd_cells cells = {
        .u = state->u ? state->u + first : NULL,
        .u_lava = state->u_lava ? state->u_lava + first : NULL,
        .v = state->v + first,
        .r = state->r + first,
        .s = state->s + first,
        .bias = state->bias + first,
        .imaginary = state->image->imaginary ? widened(state, imaginary, count, wide, room[1]) : nothing,
        .fired = fired,
    };
    if (!wide && state->u && block->model == ND_CUBA_LIF) nd_update_narrow(block, &cells, state->q + at, &tally);
    else nd_update_wide(block, &cells, widened(state, at, count, wide, room[0]), &tally);
    int64_t *counters = state->counters + (size_t)block->population * ND_COUNTERS;
    for (int c = 0; c < ND_COUNTERS; c++) counters[c] += tally.count[c];
    *busy = tally.busy != 0;
    return tally.count[ND_SPIKES] ? emit(state, block, fired) : 0;
}

static int update_bank(nd_state *state, int32_t bank)
{
    const nd_image *image = state->image;
    const nd_list list = nd_ring_take(&state->ring, state->step, bank);
    const int arrived = list.head >= 0;
    if (!arrived && !state->bank_busy[bank]) return 0;
    const int32_t start = image->bank_start[bank], lanes = image->bank_start[bank + 1] - start + ND_LANES;
    const int wide = list.load >= ND_NARROW;
    accumulate(state, list.head, wide);
    uint8_t bank_busy = 0;
    for (int32_t b = image->bank_block_start[bank]; b < image->bank_block_start[bank + 1]; b++) {
        const nd_block *block = &image->block[b];
        const int32_t at = block->first - start;
        /* a block at rest stays there: nothing decays, and no threshold lies below 0 */
        if (!state->block_busy[b] && !block->restless && (!arrived || untouched(state, block, at, wide))
            && (!arrived || !image->imaginary || untouched(state, block, lanes + at, wide))) continue;
        int32_t busy;
        if (update_block(state, block, at, lanes + at, wide, &busy)) return -1;
        state->block_busy[b] = (uint8_t)busy;
        bank_busy |= busy || block->restless;
    }
    state->bank_busy[bank] = bank_busy;
    if (arrived) {
        const size_t used = (size_t)lanes << (image->imaginary != 0);
        if (wide) memset(state->q_wide, 0, used * sizeof *state->q_wide);
        else memset(state->q, 0, used * sizeof *state->q);
        nd_ring_release(&state->ring, list);
    }
    return 0;
}

static int update_all(nd_state *state, nd_spikes *spikes)
{
    if (state->step == 0 && state->drop_first_step) {
        for (int32_t bank = 0; bank < state->image->banks; bank++)
            nd_ring_release(&state->ring, nd_ring_take(&state->ring, 0, bank));
        return 0;
    }
    load_biases(state);
    reset(state);
    for (int32_t bank = 0; bank < state->image->banks; bank++)
        if (update_bank(state, bank)) return -1;
    return nd_fired_flush(&state->fired, state->step, spikes);
}

static void record(const nd_state *state, const nd_trace *trace, int64_t row)
{
    const int32_t *start = state->image->population_start + trace->population;
    const int64_t at = row * (start[1] - start[0]);
    nd_read(state, trace->population, trace->u + at, trace->v + at);
}

int nd_advance(nd_state *state, int64_t steps, const nd_events *events, const nd_trace *traces, size_t trace_count,
               nd_spikes *spikes)
{
    int64_t next = 0;
    if (state->broken) return -1;
    state->broken = 1;
    for (int64_t row = 0; row < steps; row++, state->step++) {
        for (; next < events->count && events->step[next] == state->step; next++) {
            const int32_t payload = events->payload ? (int32_t)events->payload[next] : 1;
            if (send(state, (int32_t)events->neuron[next], 0, payload)) return -1;
        }
        if (update_all(state, spikes)) return -1;
        for (size_t t = 0; t < trace_count; t++) record(state, &traces[t], row);
    }
    state->broken = 0;
    return 0;
}
