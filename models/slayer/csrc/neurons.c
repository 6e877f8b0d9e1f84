// The neurons: the integer CUBA LIF forward and backward, and SRM with its refractory kernel.
#include "loops.h"

enum { STATE_HALF = 1 << 23, STATE_MASK = (1 << 24) - 1, LIMIT = STATE_HALF - 1, LARGEST = 1 << 30 };

// sgn(x) * ((|x| * keep) >> 12) for |x| <= 2^23 and keep <= 4096, in 32 bits by parts of 12.
static inline int32_t decayed(int32_t x, int32_t keep)
{
    int32_t size = x < 0 ? -x : x;
    int32_t kept = (size >> 12) * keep + (((size & 4095) * keep) >> 12);
    return x < 0 ? -kept : kept;
}

static inline int32_t whole(float x)
{
    float low = x > -(float)LARGEST ? x : -(float)LARGEST; // NaN takes the limit: no value is undefined
    return (int32_t)(low < (float)LARGEST ? low : (float)LARGEST);
}

ND_CLONES
void nd_cuba_forward(const nd_cuba *neuron, nd_raster size, int64_t first, int64_t last, const float *sums,
                     float *spikes, float *voltages)
{
    const nd_cuba p = *neuron;
    const int left = p.shift > 0 ? p.shift : 0, right = p.shift < 0 ? -p.shift : 0;
    for (int64_t lane = first; lane < last; lane += ND_LANES) {
        const int lanes = last - lane < ND_LANES ? (int)(last - lane) : ND_LANES;
        int32_t u[ND_LANES] = {0}, v[ND_LANES] = {0}, hold[ND_LANES] = {0};
        for (int64_t step = 0; step < size.steps; step++) {
            const float *restrict arriving = sums + step * size.width + lane;
            float *restrict spike = spikes + step * size.width + lane;
            float *restrict shown = voltages + step * size.width + lane;
            for (int i = 0; i < lanes; i++) {
                const int32_t rest = hold[i] > 0 ? hold[i] - 1 : 0;
                const uint32_t q = (uint32_t)(whole(arriving[i]) >> right) << left;
                const uint32_t sum = (uint32_t)decayed(u[i], p.keep_current) + q + STATE_HALF;
                const int32_t current = (int32_t)(sum & STATE_MASK) - STATE_HALF;
                int32_t voltage = decayed(v[i], p.keep_voltage) + current;
                voltage = voltage > LIMIT ? LIMIT : voltage;
                voltage = voltage < -LIMIT ? -LIMIT : voltage;
                voltage = rest > 0 ? 0 : voltage;
                const int32_t fired = voltage > p.threshold;
                shown[i] = (float)voltage;
                spike[i] = (float)fired;
                u[i] = current;
                v[i] = fired ? 0 : voltage;
                hold[i] = fired ? p.refractory : rest;
            }
        }
    }
}

ND_CLONES
void nd_cuba_backward(float keep_current, float keep_voltage, float gain, float threshold, const float *derivative,
                      int32_t entries, nd_raster size, int64_t first, int64_t last, const float *error,
                      const float *voltages, float *gradient)
{
    const int32_t middle = (int32_t)threshold;
    for (int64_t lane = first; lane < last; lane += ND_LANES) {
        const int lanes = last - lane < ND_LANES ? (int)(last - lane) : ND_LANES;
        float by_voltage[ND_LANES] = {0}, by_current[ND_LANES] = {0};
        for (int64_t step = size.steps - 1; step >= 0; step--) {
            const float *restrict e = error + step * size.width + lane;
            const float *restrict v = voltages + step * size.width + lane;
            float *restrict g = gradient + step * size.width + lane;
            int32_t entry[ND_LANES];
            float slope[ND_LANES];
            for (int i = 0; i < lanes; i++) {
                const int32_t away = (int32_t)v[i] - middle, distance = away < 0 ? -away : away;
                entry[i] = distance < entries ? distance : entries - 1;
            }
            for (int i = 0; i < lanes; i++) slope[i] = derivative[entry[i]];
            for (int i = 0; i < lanes; i++) {
                by_voltage[i] = slope[i] * e[i] + keep_voltage * by_voltage[i];
                by_current[i] = by_voltage[i] + keep_current * by_current[i];
                g[i] = by_current[i] * gain;
            }
        }
    }
}

ND_CLONES
void nd_srm_forward(const nd_alpha *refractory, float threshold, nd_raster size, int64_t first, int64_t last,
                    const float *x, float *spikes, float *potentials)
{
    const nd_alpha k = *refractory;
    for (int64_t lane = first; lane < last; lane += ND_LANES) {
        const int lanes = last - lane < ND_LANES ? (int)(last - lane) : ND_LANES;
        float a[ND_LANES] = {0}, b[ND_LANES] = {0};
        const float none[ND_LANES] = {0};
        for (int64_t step = 0; step < size.steps; step++) {
            const float *restrict drive = x + step * size.width + lane;
            float *restrict spike = spikes + step * size.width + lane;
            float *restrict shown = potentials + step * size.width + lane;
            const float *old = step < k.length ? none : spikes + (step - k.length) * size.width + lane;
            for (int i = 0; i < lanes; i++) {
                const float leaving = old[i];
                b[i] = k.pole * (b[i] + a[i]) - k.late * leaving;
                const float u = drive[i] + k.gain * b[i];
                const float fired = u >= threshold ? 1.0f : 0.0f;
                a[i] = k.pole * a[i] + fired - k.tail * leaving;
                shown[i] = u;
                spike[i] = fired;
            }
        }
    }
}
