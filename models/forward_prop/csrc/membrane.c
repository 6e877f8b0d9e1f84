// One neuron between two events: where its potential peaks, and where it first crosses the threshold from below.
#include <math.h>

#include "events.h"

// (e^x - 1) / x for |x| <= 1/32, where eight terms of its series are exact to rounding.
static double growth(double x)
{
    return 1.0 + x * (1.0 / 2 + x * (1.0 / 6 + x * (1.0 / 24 + x * (1.0 / 120 + x * (1.0 / 720 + x * (1.0 / 5040 +
           x * (1.0 / 40320)))))));
}

static const double SMALL = 0x1p-5;

static double decay(double x) { return x <= SMALL ? 1.0 - x * growth(-x) : exp(-x); }

nd_decay nd_decays(const nd_cell *cell, double s)
{
    const double delta = cell->beta - cell->alpha, membrane = decay(cell->beta * s), x = delta * s;
    if (fabs(x) <= SMALL) {
        const double grown = s * growth(x);
        return (nd_decay){membrane * (1.0 + delta * grown), membrane, membrane * grown};
    }
    if (fabs(x) <= 1.0) {
        const double grown = expm1(x);
        return (nd_decay){membrane * (1.0 + grown), membrane, membrane * (grown / delta)};
    }
    // without e^x, which overflows where the synapse is much slower than the membrane and the time long
    const double synapse = decay(cell->alpha * s);
    return (nd_decay){synapse, membrane, (synapse - membrane) / delta};
}

// Where V' = 0, for a current and a rise V'(0) above 0; infinite where V rises for ever.
static double peak(const nd_cell *cell, double current, double rise)
{
    const double delta = cell->beta - cell->alpha, y = rise / (cell->alpha * current), x = delta * y;
    if (delta == 0.0) return y;
    return x <= -1.0 ? INFINITY : log1p(x) / delta;
}

// The root of V = theta in (0, high], by Halley's method (V'' costs nothing), guarded by bisection; V is below theta at
// 0 and not below at `high`, and rises in between.
static double crossing(const nd_cell *cell, double current, double potential, double guess, double high)
{
    double low = 0.0, s = guess;
    for (int round = 0; round < 100; round++) {
        if (!(s > low && s < high)) s = 0.5 * (low + high);
        const nd_decay d = nd_decays(cell, s);
        const double v = potential * d.membrane + current * d.kernel, above = v - cell->theta;
        if (above < 0.0) low = s; else high = s;
        if (above == 0.0 || high - low <= 0x1p-52 * high) return s;
        const double slope = current * d.synapse - cell->beta * v;
        const double bend = -cell->alpha * current * d.synapse - cell->beta * slope;
        const double newton = above / slope, bent = newton * bend / slope;
        const double step = newton / (1.0 - 0.5 * bent);
        s -= step;
        // the error left behind is of the order of step * bent^2
        if (fabs(bent) <= 0x1p-10 && fabs(step) * bent * bent <= 0x1p-58 * s && s > low && s < high) return s;
    }
    return s;
}

static int release(const nd_cell *cell, double current, double potential, double wait, nd_spike *hit, double after[2])
{
    const double rise = current - cell->beta * potential;
    hit->time = fmax(wait, 0.0), hit->held = wait >= 0.0, hit->edge = 0;
    hit->slope = hit->held ? 1.0 : rise;
    hit->margin = rise > 0.0 ? INFINITY : potential - cell->theta;
    after[0] = current, after[1] = potential - cell->theta;
    return ND_SPIKE;
}

int nd_next(const nd_cell *cell, double current, double potential, double wait, double gap, nd_spike *hit,
            double after[2])
{
    if (wait > gap) return ND_NOTHING;
    if (wait > 0.0) {
        const nd_decay d = nd_decays(cell, wait);
        potential = potential * d.membrane + current * d.kernel, current *= d.synapse, gap -= wait;
    }
    // in the refractory time the threshold may have been passed; else only rounding brings a state to it
    if (potential >= cell->theta) return release(cell, current, potential, wait, hit, after);
    const double rise = current - cell->beta * potential, before = fmax(wait, 0.0);
    if (!(current > 0.0 && rise > 0.0)) return ND_NOTHING;
    const double top_at = peak(cell, current, rise);
    const int edge = top_at >= gap;
    const nd_decay end = nd_decays(cell, edge ? gap : top_at);
    const double top = edge ? potential * end.membrane + current * end.kernel : current * end.synapse / cell->beta;
    hit->time = before + (edge ? gap : top_at), hit->margin = top - cell->theta;
    hit->slope = 0.0, hit->held = 0, hit->edge = (uint8_t)edge;
    if (edge ? top < cell->theta : top <= cell->theta)
        return top >= cell->theta - cell->tolerance ? ND_NEAR : ND_NOTHING;
    // a parabola around the peak, or a straight line, gives a first guess
    const double share = (cell->theta - potential) / (top - potential), high = edge ? gap : top_at;
    const double s = crossing(cell, current, potential, edge ? high * share : high * (1.0 - sqrt(1.0 - share)), high);
    after[0] = current * decay(cell->alpha * s), after[1] = 0.0;
    hit->time = before + s, hit->slope = after[0] - cell->beta * cell->theta;
    return ND_SPIKE;
}
