// Leaky neurons in continuous time, event by event, and the gradient of their firing times, as plain C.
//
// After the last event V and I go on as V(s) = V e^(-beta s) + I k(s), I(s) = I e^(-alpha s), with
// k(s) = (e^(-alpha s) - e^(-beta s)) / (beta - alpha), which is e^(-beta s) s where both rates are equal. k is computed
// through expm1, so that rates nearly equal lose no digits. Every function works on one recording and one layer.
#ifndef ND_EVENTS_H
#define ND_EVENTS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Rates, threshold, end of time and refractory time of all neurons; peaks nearer than `tolerance` below the threshold
// are listed as near; more than `limit` spikes of a layer in a recording end the simulation.
typedef struct nd_cell {
    double alpha, beta, theta, horizon, refractory, tolerance;
    int64_t limit;
} nd_cell;

// A spike, or a peak that nearly was one. slope: V'(f-), or 1 for a held spike. margin: of a spike the distance of the
// potential's peak from the threshold, infinite where the potential only crosses on its way up; of a peak without a
// spike the same, zero or negative. held: the threshold was passed in the refractory time, and the spike waited.
typedef struct nd_spike {
    double time, slope, margin;
    int32_t neuron;
    uint8_t held, edge;
} nd_spike;

typedef struct nd_list {
    nd_spike *item;
    int64_t count, room;
} nd_list;

// Events of one recording in the order of time.
typedef struct nd_events {
    int64_t count;
    const int32_t *neuron;
    const double *time;
} nd_events;

// weight: (inputs, neurons); recurrent: (neurons, neurons), or NULL.
typedef struct nd_layer {
    int64_t neurons;
    const double *weight, *recurrent;
} nd_layer;

enum { ND_DONE = 0, ND_MEMORY = 1, ND_TOO_MANY = 2 };

// What a neuron does next: a spike, a peak that nearly was one, or nothing.
enum { ND_NOTHING = 0, ND_SPIKE = 1, ND_NEAR = 2 };

// The first spike in (0, gap], seen from a state (current, potential); wait: what is left of the refractory time, below
// 0 where there is none. hit: filled for a spike or a near peak; its time is counted from the state. after: current and
// potential behind a spike.
int nd_next(const nd_cell *cell, double current, double potential, double wait, double gap, nd_spike *hit,
            double after[2]);

// k(s) and the two decays over s.
typedef struct nd_decay {
    double synapse, membrane, kernel;
} nd_decay;

nd_decay nd_decays(const nd_cell *cell, double s);

// Adds the layer's spikes in (time, neuron) order and its near peaks; work: 4 * neurons numbers.
int nd_forward(const nd_cell *cell, nd_layer layer, nd_events in, double *work, nd_list *spikes, nd_list *near);

int nd_append(nd_list *list, nd_spike spike);

// A layer's spikes as the backward pass sees them. weight 0 in `use` drops a spike's own equation.
typedef struct nd_fired {
    int64_t count;
    const int32_t *neuron;
    const double *time, *slope;
    const uint8_t *held, *use;
    const double *loss; // derivative of the loss by each time
} nd_fired;

// Solves L^T lambda = loss from the last spike to the first, and adds the gradient: to the weights (as `layer`), and
// to the time of each input event; work: 4 * neurons + spikes numbers.
void nd_backward(const nd_cell *cell, nd_layer layer, nd_events in, nd_fired out, double *work, double *by_weight,
                 double *by_recurrent, double *by_input);

#ifdef __cplusplus
}
#endif

#endif
