// Causal filters over time, forwards and (for gradients) backwards, and delays.
#include "loops.h"

// a(t) = sum of pole^j x(t - j) and b(t) = sum of j pole^j x(t - j) over the kernel's length, each from its last value
// and the x that leaves the window.
ND_CLONES
void nd_alpha_filter(const nd_alpha *kernel, int reverse, nd_raster size, int64_t first, int64_t last, const float *x,
                     float *y)
{
    const nd_alpha k = *kernel;
    for (int64_t lane = first; lane < last; lane += ND_LANES) {
        const int lanes = last - lane < ND_LANES ? (int)(last - lane) : ND_LANES;
        float a[ND_LANES] = {0}, b[ND_LANES] = {0};
        const float none[ND_LANES] = {0};
        for (int64_t n = 0; n < size.steps; n++) {
            const int64_t step = reverse ? size.steps - 1 - n : n, before = reverse ? step + k.length : step - k.length;
            const float *restrict now = x + step * size.width + lane;
            const float *old = n < k.length ? none : x + before * size.width + lane;
            float *restrict out = y + step * size.width + lane;
            for (int i = 0; i < lanes; i++) {
                b[i] = k.pole * (b[i] + a[i]) - k.late * old[i];
                a[i] = k.pole * a[i] + now[i] - k.tail * old[i];
                out[i] = k.gain * b[i];
            }
        }
    }
}

ND_CLONES
void nd_fir(const float *kernel, int64_t length, int reverse, nd_raster size, int64_t first, int64_t last,
            const float *x, float *y)
{
    for (int64_t lane = first; lane < last; lane += ND_FIR_LANES) {
        const int lanes = last - lane < ND_FIR_LANES ? (int)(last - lane) : ND_FIR_LANES;
        for (int64_t n = 0; n < size.steps; n++) {
            const int64_t step = reverse ? size.steps - 1 - n : n, taps = n + 1 < length ? n + 1 : length;
            const int64_t stride = reverse ? size.width : -size.width;
            const float *now = x + step * size.width + lane;
            float sum[ND_FIR_LANES] = {0};
            if (lanes == ND_FIR_LANES) // the loop that matters, of a length that the compiler knows
                for (int64_t k = 0; k < taps; k++)
                    for (int i = 0; i < ND_FIR_LANES; i++) sum[i] += kernel[k] * now[k * stride + i];
            else
                for (int64_t k = 0; k < taps; k++)
                    for (int i = 0; i < lanes; i++) sum[i] += kernel[k] * now[k * stride + i];
            for (int i = 0; i < lanes; i++) y[step * size.width + lane + i] = sum[i];
        }
    }
}

void nd_shift(const int32_t *delay, int64_t neurons, int reverse, nd_raster size, int64_t first, int64_t last,
              const float *x, float *y)
{
    for (int64_t step = 0; step < size.steps; step++) {
        for (int64_t lane = first, neuron = first % neurons; lane < last; lane++) {
            const int64_t source = reverse ? step + delay[neuron] : step - delay[neuron];
            const int inside = source >= 0 && source < size.steps;
            y[step * size.width + lane] = inside ? x[source * size.width + lane] : 0.0f;
            neuron = neuron + 1 < neurons ? neuron + 1 : 0;
        }
    }
}
