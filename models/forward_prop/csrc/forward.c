// The spikes of a layer: from event to event, all neurons side by side.
#include <math.h>
#include <stdlib.h>

#include "events.h"

int nd_append(nd_list *list, nd_spike spike)
{
    if (list->count == list->room) {
        const int64_t room = list->room ? 2 * list->room : 64;
        nd_spike *item = realloc(list->item, (size_t)room * sizeof *item);
        if (!item) return ND_MEMORY;
        list->item = item, list->room = room;
    }
    list->item[list->count++] = spike;
    return ND_DONE;
}

typedef struct nd_run {
    const nd_cell *cell;
    nd_layer layer;
    double now, next, peak_at, peak; // where and how high k is highest
    double *current, *potential, *release, *later;
    nd_list *spikes, *near;
    int64_t first_spike, first_near; // of those since the last event, whose margin the next event decides
} nd_run;

static double waiting(const nd_run *run, int64_t i) { return run->release[i] - run->now; }

static int record(nd_run *run, nd_list *list, int64_t i, nd_spike hit)
{
    hit.neuron = (int32_t)i, hit.time = fmin(run->now + hit.time, run->next); // rounding puts none behind an event
    if (hit.time >= run->cell->horizon && list == run->spikes) return ND_DONE;
    if (list->count >= run->cell->limit) return ND_TOO_MANY;
    return nd_append(list, hit);
}

static int earlier(const void *a, const void *b)
{
    const nd_spike *x = a, *y = b;
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    return (x->neuron > y->neuron) - (x->neuron < y->neuron);
}

// All spikes of neuron i until the next event; `later` is its potential there, without them.
static int fire(nd_run *run, int64_t i, double gap)
{
    const nd_cell *cell = run->cell;
    double state[2] = {run->current[i], run->potential[i]}, done = 0.0, wait = waiting(run, i);
    for (;;) {
        nd_spike hit;
        const int found = nd_next(cell, state[0], state[1], wait, gap - done, &hit, state);
        if (found == ND_NOTHING) return ND_DONE;
        done = hit.time += done;
        const int failed = record(run, found == ND_SPIKE ? run->spikes : run->near, i, hit);
        if (failed || found == ND_NEAR) return failed;
        run->later[i] -= cell->theta * exp(-cell->beta * (gap - done));
        if (cell->refractory > 0.0) run->release[i] = run->now + done + cell->refractory;
        wait = cell->refractory > 0.0 ? cell->refractory : -1.0;
    }
}

// Whether the potential may come near the threshold before the next event; most neurons are sorted out here.
static int may_fire(const nd_run *run, int64_t i, nd_decay over, double highest)
{
    const double current = run->current[i], potential = run->potential[i], low = run->cell->theta - run->cell->tolerance;
    if (run->later[i] >= low || potential >= run->cell->theta) return 1;
    const double rise = current - run->cell->beta * potential;
    const double rise_later = current * over.synapse - run->cell->beta * run->later[i];
    return rise > 0.0 && rise_later < 0.0 && fmax(potential, 0.0) + current * highest >= low;
}

static int step_together(nd_run *run, double gap)
{
    const nd_cell *cell = run->cell;
    const nd_decay over = nd_decays(cell, gap);
    const double highest = gap < run->peak_at ? over.kernel : run->peak;
    const int64_t first = run->spikes->count;
    for (int64_t i = 0; i < run->layer.neurons; i++)
        run->later[i] = run->potential[i] * over.membrane + run->current[i] * over.kernel;
    for (int64_t i = 0; i < run->layer.neurons; i++) {
        const int failed = may_fire(run, i, over, highest) ? fire(run, i, gap) : ND_DONE;
        if (failed) return failed;
    }
    for (int64_t i = 0; i < run->layer.neurons; i++)
        run->potential[i] = run->later[i], run->current[i] *= over.synapse;
    if (run->spikes->count > first + 1)
        qsort(run->spikes->item + first, (size_t)(run->spikes->count - first), sizeof(nd_spike), earlier);
    return ND_DONE;
}

// The earliest spike until the next event, or none; near peaks before it are listed.
static int earliest(nd_run *run, nd_spike *best, double after[2], int *failed)
{
    const int64_t first = run->near->count;
    int64_t kept = first;
    int any = 0;
    *failed = ND_DONE, best->time = INFINITY;
    for (int64_t i = 0; i < run->layer.neurons && !*failed; i++) {
        nd_spike hit;
        double state[2];
        const double gap = run->next - run->now;
        const int found = nd_next(run->cell, run->current[i], run->potential[i], waiting(run, i), gap, &hit, state);
        if (found == ND_NEAR) *failed = record(run, run->near, i, hit);
        if (found != ND_SPIKE || !(hit.time < best->time)) continue;
        *best = hit, best->neuron = (int32_t)i, after[0] = state[0], after[1] = state[1], any = 1;
    }
    for (int64_t k = first; k < run->near->count; k++)
        if (!any || run->near->item[k].time < run->now + best->time) run->near->item[kept++] = run->near->item[k];
    run->near->count = kept;
    return any;
}

static void settle(nd_run *run);

// A spike came between others and this event: had its potential been lower by its margin, the event would be first.
static void crowd(nd_run *run, const double *added)
{
    const nd_cell *cell = run->cell;
    for (int64_t k = run->spikes->count - 2; k >= 0; k--) {
        nd_spike *spike = run->spikes->item + k;
        const double margin = (run->now - spike->time) * spike->slope;
        if (margin >= cell->tolerance || run->now - spike->time >= cell->tolerance) return;
        if (added[spike->neuron] < 0.0) spike->margin = fmin(spike->margin, margin);
    }
}

// A layer whose spikes come back to it: the earliest spike is the next event.
static int step_recurrent(nd_run *run)
{
    const nd_cell *cell = run->cell;
    const int64_t n = run->layer.neurons;
    nd_spike best = {0};
    double after[2] = {0.0, 0.0};
    int failed;
    const int any = earliest(run, &best, after, &failed);
    if (failed) return failed;
    const nd_decay over = nd_decays(cell, any ? best.time : run->next - run->now);
    for (int64_t i = 0; i < n; i++) {
        run->potential[i] = run->potential[i] * over.membrane + run->current[i] * over.kernel;
        run->current[i] *= over.synapse;
        const double below = cell->theta - run->potential[i], rise = run->current[i] - cell->beta * run->potential[i];
        if (!any || i == best.neuron || !(below > 0.0 && below <= cell->tolerance && rise > 0.0)) continue;
        const nd_spike near = {best.time, 0.0, -below, (int32_t)i, 0, 1}; // a peak if the spike inhibits
        if ((failed = record(run, run->near, i, near))) return failed;
    }
    const double then = any ? fmin(run->now + best.time, run->next) : run->next;
    if (any) failed = record(run, run->spikes, best.neuron, best);
    run->now = then;
    if (failed || !any || then >= cell->horizon) return failed;
    const double *added = run->layer.recurrent + best.neuron * n;
    run->current[best.neuron] = after[0], run->potential[best.neuron] = after[1];
    if (cell->refractory > 0.0) run->release[best.neuron] = then + cell->refractory;
    for (int64_t i = 0; i < n; i++) run->current[i] += added[i];
    crowd(run, added);
    settle(run);
    return ND_DONE;
}

// Decides, now that an event has changed the currents, about potentials that were rising when it came: those that rise
// on will cross a little later or have crossed a little early; only those that fall now stood at a peak.
static void settle(nd_run *run)
{
    const double leak = run->cell->beta * run->cell->theta;
    int64_t kept = run->first_near;
    for (int64_t k = run->first_near; k < run->near->count; k++) {
        const nd_spike peak = run->near->item[k];
        if (!peak.edge || run->current[peak.neuron] <= leak) run->near->item[kept++] = peak;
    }
    run->near->count = run->first_near = kept;
    for (int64_t k = run->first_spike; k < run->spikes->count; k++) {
        nd_spike *spike = run->spikes->item + k;
        if (spike->edge && run->current[spike->neuron] > leak) spike->margin = INFINITY;
    }
    run->first_spike = run->spikes->count;
}

static int until(nd_run *run, double next)
{
    int failed = ND_DONE;
    run->next = next;
    if (!run->layer.recurrent) {
        failed = step_together(run, next - run->now);
        run->now = next;
    }
    while (!failed && run->now < next) failed = step_recurrent(run);
    return failed;
}

int nd_forward(const nd_cell *cell, nd_layer layer, nd_events in, double *work, nd_list *spikes, nd_list *near)
{
    const int64_t n = layer.neurons;
    const double delta = cell->beta - cell->alpha; // k has its peak at log(beta / alpha) / delta
    const double top_at = delta == 0.0 ? 1.0 / cell->alpha : log1p(delta / cell->alpha) / delta;
    nd_run run = {cell, layer, 0.0, 0.0, top_at, nd_decays(cell, top_at).kernel,
                  work, work + n, work + 2 * n, work + 3 * n, spikes, near, 0, 0};
    for (int64_t i = 0; i < n; i++) run.current[i] = run.potential[i] = 0.0, run.release[i] = -1.0;
    if (in.count && in.time[0] < cell->horizon) run.now = in.time[0]; // all is still before
    for (int64_t k = 0; run.now < cell->horizon;) {
        for (; k < in.count && in.time[k] <= run.now; k++) {
            const double *row = layer.weight + in.neuron[k] * n;
            for (int64_t i = 0; i < n; i++) run.current[i] += row[i];
        }
        settle(&run);
        const double next = k < in.count && in.time[k] < cell->horizon ? in.time[k] : cell->horizon;
        const int failed = until(&run, next);
        if (failed) return failed;
    }
    return ND_DONE;
}
