// The loops over steps that training spends its time in, as plain C.
//
// Rasters lie time first: element (step, lane) at step * width + lane, a lane being one neuron of one recording. Every
// function works on lanes, rows or columns first … last - 1, so that threads share the work; results do not depend on
// how it is shared. Nothing is contracted to fused operations: the torch loops of the same name give the same bits.
#ifndef ND_LOOPS_H
#define ND_LOOPS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Where compiler and loader allow it, a function exists for several instruction sets and the best is taken.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__linux__) && !defined(ND_NO_CLONES)
#include <features.h>
#if defined(__GLIBC__)
#define ND_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
#endif
#ifndef ND_CLONES
#define ND_CLONES
#endif

// Lanes that a loop carries through all steps at once: state that stays in the first cache, and pieces of a step long
// enough to be fetched ahead. The filter with many taps has the window of its lanes there too.
#define ND_LANES 1024
#define ND_FIR_LANES 64

typedef struct nd_raster {
    int64_t steps, width;
} nd_raster;

// A Loihi compartment: shares of 4096 that a step keeps, the threshold, the refractory delay, and log2 of the current
// that one unit of weight adds, -1 … 13.
typedef struct nd_cuba {
    int32_t keep_current, keep_voltage, threshold, refractory, shift;
} nd_cuba;

// Spikes and the voltages before the reset from sums of weights; whole numbers below 2^24, even where shift is -1.
void nd_cuba_forward(const nd_cuba *neuron, nd_raster size, int64_t first, int64_t last, const float *sums,
                     float *spikes, float *voltages);

// The gradient to the sums: the recursion of by_voltage and by_current from the last step back. derivative[k] is the
// surrogate at |voltage - threshold| = k, its last entry stands for all beyond.
void nd_cuba_backward(float keep_current, float keep_voltage, float gain, float threshold, const float *derivative,
                      int32_t entries, nd_raster size, int64_t first, int64_t last, const float *error,
                      const float *voltages, float *gradient);

// (t / tau) e^(1 - t / tau) for t = 0 … length - 1, times a height: pole e^(-1 / tau), gain height * e / tau,
// tail pole^length, late length * pole^length.
typedef struct nd_alpha {
    float pole, gain, tail, late;
    int64_t length;
} nd_alpha;

// y = kernel * x, or its correlation with x where reverse is set.
void nd_alpha_filter(const nd_alpha *kernel, int reverse, nd_raster size, int64_t first, int64_t last, const float *x,
                     float *y);

// Spikes and potentials of SRM neurons: u = x + kernel * spikes, a spike where u >= threshold.
void nd_srm_forward(const nd_alpha *refractory, float threshold, nd_raster size, int64_t first, int64_t last,
                    const float *x, float *spikes, float *potentials);

// y = kernel * x for any kernel, or its correlation with x.
void nd_fir(const float *kernel, int64_t length, int reverse, nd_raster size, int64_t first, int64_t last,
            const float *x, float *y);

// y(t) = x(t - delay), lane by lane; delay has a value for each of the last `neurons` lanes of a recording.
void nd_shift(const int32_t *delay, int64_t neurons, int reverse, nd_raster size, int64_t first, int64_t last,
              const float *x, float *y);

// Non-zero values of a table (rows, columns) as lists by row: count, then fill at start[row].
void nd_count(int64_t columns, int64_t first, int64_t last, const float *table, int64_t *count);
void nd_list(int64_t columns, int64_t first, int64_t last, const float *table, const int64_t *start, int32_t *column,
             float *value);

// Lists of non-zero values by row.
typedef struct nd_lists {
    const int64_t *start;
    const int32_t *column;
    const float *value;
} nd_lists;

// out(row, :) = sum over the row's events of value * weight(column, :), for rows first … last - 1.
void nd_product(nd_lists events, int64_t outputs, int64_t first, int64_t last, const float *weight, float *out);

// gradient(column, :) += value * error(row, :) over all rows, for outputs first … last - 1.
void nd_collect(nd_lists events, int64_t rows, int64_t outputs, int64_t first, int64_t last, const float *error,
                float *gradient);

// out(row, target(column)) += value over the row's events: what a pool sums; target of `columns`, each below `outputs`.
void nd_gather(nd_lists events, const int32_t *target, int64_t outputs, int64_t first, int64_t last, float *out);

// gradient(row, column) = factor * error(row, target(column)).
void nd_scatter(const int32_t *target, int64_t columns, int64_t outputs, float factor, int64_t first, int64_t last,
                const float *error, float *gradient);

// A convolution of stride 1 on planes (height, width, channels): weights (channels, kernel, kernel, out channels) with
// the last kernel axis reversed, so that a row of the kernel meets a contiguous piece of the output.
typedef struct nd_conv {
    int32_t height, width, channels, kernel, padding, out_height, out_width, out_channels;
} nd_conv;

void nd_conv_forward(const nd_conv *shape, nd_lists events, int64_t first, int64_t last, const float *weight,
                     float *out);
void nd_conv_collect(const nd_conv *shape, nd_lists events, int64_t first, int64_t last, const float *error,
                     float *gradient);

// planes(row, y, x, channel) = sum of columns(row, oy, ox, ky, kx, channel) over y = oy + ky - padding and x alike: the
// gradient to a convolution's input from that to its windows.
void nd_fold(const nd_conv *shape, int64_t first, int64_t last, const float *columns, float *planes);

#ifdef __cplusplus
}
#endif
#endif
