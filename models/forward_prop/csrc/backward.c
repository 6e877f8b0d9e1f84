// The gradient of firing times by the implicit function theorem, solved from the last spike to the first.
//
// For each neuron i two sums over its later spikes f are carried back in time t: b = sum of lambda_f e^(-beta (f - t))
// and c = sum of lambda_f k(f - t). k'(s) = e^(-beta s) - alpha k(s), so all entries of L^T lambda follow from them.
#include <string.h>

#include "events.h"

typedef struct nd_adjoint {
    const nd_cell *cell;
    int64_t neurons;
    double *b, *c, *at, *lambda, *hold;
} nd_adjoint;

static void back_to(nd_adjoint *run, int64_t i, double time)
{
    if (run->at[i] > time && (run->b[i] != 0.0 || run->c[i] != 0.0)) {
        const nd_decay over = nd_decays(run->cell, run->at[i] - time);
        run->c[i] = run->c[i] * over.synapse + run->b[i] * over.kernel;
        run->b[i] *= over.membrane;
    }
    run->at[i] = time;
}

static void all_back_to(nd_adjoint *run, double *grid, double time)
{
    const nd_decay over = nd_decays(run->cell, *grid - time);
    for (int64_t i = 0; i < run->neurons; i++) {
        if (run->at[i] != *grid) {
            back_to(run, i, time);
            continue;
        }
        run->c[i] = run->c[i] * over.synapse + run->b[i] * over.kernel;
        run->b[i] *= over.membrane, run->at[i] = time;
    }
    *grid = time;
}

// An event that came through the weights `row`: adds the gradient by them; gives that by the event's time.
static double deliver(const nd_adjoint *run, const double *row, double *by_row)
{
    double by_time = 0.0;
    for (int64_t i = 0; i < run->neurons; i++) {
        by_row[i] -= run->c[i];
        by_time += row[i] * (run->b[i] - run->cell->alpha * run->c[i]);
    }
    return by_time;
}

// Spikes first … last - 1 of one time, none of which is a cause of another.
static void solve(nd_adjoint *run, nd_layer layer, nd_fired out, int64_t first, int64_t last, double *grid,
                  double *by_recurrent)
{
    const double gain = run->cell->theta * run->cell->beta;
    if (layer.recurrent) all_back_to(run, grid, out.time[first]);
    for (int64_t k = first; k < last; k++) {
        const int64_t i = out.neuron[k], row = i * layer.neurons;
        back_to(run, i, out.time[k]);
        double right = out.loss[k] + gain * run->b[i] + run->hold[i];
        if (layer.recurrent) right += deliver(run, layer.recurrent + row, by_recurrent + row);
        run->lambda[k] = out.use[k] ? right / out.slope[k] : 0.0;
    }
    for (int64_t k = first; k < last; k++) {
        const int64_t i = out.neuron[k];
        run->hold[i] = out.held[k] ? run->lambda[k] : 0.0; // a held spike moves with the one before it
        run->b[i] += out.held[k] ? 0.0 : run->lambda[k];
    }
}

void nd_backward(const nd_cell *cell, nd_layer layer, nd_events in, nd_fired out, double *work, double *by_weight,
                 double *by_recurrent, double *by_input)
{
    const int64_t n = layer.neurons;
    nd_adjoint run = {cell, n, work, work + n, work + 2 * n, work + 4 * n, work + 3 * n};
    memset(work, 0, (size_t)(4 * n) * sizeof *work);
    double grid = out.count ? out.time[out.count - 1] : 0.0;
    for (int64_t i = 0; i < n; i++) run.at[i] = grid;
    int64_t k = out.count, e = in.count;
    while (e > 0 && (!k || in.time[e - 1] >= grid)) by_input[--e] = 0.0; // behind every spike
    while (k > 0 || e > 0) {
        if (k > 0 && (!e || out.time[k - 1] > in.time[e - 1])) {
            int64_t first = k - 1;
            while (first > 0 && out.time[first - 1] == out.time[first]) first--;
            solve(&run, layer, out, first, k, &grid, by_recurrent);
            k = first;
        } else { // at equal times the spike comes before the input, which cannot have caused it
            e--;
            all_back_to(&run, &grid, in.time[e]);
            const int64_t row = in.neuron[e] * n;
            by_input[e] = deliver(&run, layer.weight + row, by_weight + row);
        }
    }
}
