// Products of sparse spikes: work is done for events, in the product and in the gradient of the weights.
#include "loops.h"

#include <string.h>

ND_CLONES
void nd_count(int64_t columns, int64_t first, int64_t last, const float *table, int64_t *count)
{
    for (int64_t row = first; row < last; row++) {
        const float *restrict value = table + row * columns;
        int32_t found = 0;
        for (int64_t i = 0; i < columns; i++) found += value[i] != 0.0f;
        count[row] = found;
    }
}

enum { CHUNK = 16 };

ND_CLONES
void nd_list(int64_t columns, int64_t first, int64_t last, const float *table, const int64_t *start, int32_t *column,
             float *value)
{
    for (int64_t row = first; row < last; row++) {
        const float *restrict values = table + row * columns;
        int64_t at = start[row];
        if (start[row + 1] == at) continue;
        for (int64_t chunk = 0; chunk < columns; chunk += CHUNK) {
            const int64_t end = chunk + CHUNK < columns ? chunk + CHUNK : columns;
            int32_t any = 0;
            if (end - chunk == CHUNK)
                for (int i = 0; i < CHUNK; i++) any |= values[chunk + i] != 0.0f;
            else
                any = 1;
            if (!any) continue;
            for (int64_t i = chunk; i < end; i++) {
                if (values[i] == 0.0f) continue;
                column[at] = (int32_t)i;
                value[at++] = values[i];
            }
        }
    }
}

static inline void add(float *restrict to, const float *restrict from, float factor, int64_t length)
{
    for (int64_t i = 0; i < length; i++) to[i] += factor * from[i];
}

ND_CLONES
void nd_product(nd_lists events, int64_t outputs, int64_t first, int64_t last, const float *weight, float *out)
{
    memset(out + first * outputs, 0, (size_t)((last - first) * outputs) * sizeof *out);
    for (int64_t row = first; row < last; row++)
        for (int64_t k = events.start[row]; k < events.start[row + 1]; k++)
            add(out + row * outputs, weight + events.column[k] * outputs, events.value[k], outputs);
}

ND_CLONES
void nd_collect(nd_lists events, int64_t rows, int64_t outputs, int64_t first, int64_t last, const float *error,
                float *gradient)
{
    for (int64_t row = 0; row < rows; row++)
        for (int64_t k = events.start[row]; k < events.start[row + 1]; k++)
            add(gradient + events.column[k] * outputs + first, error + row * outputs + first, events.value[k],
                last - first);
}

void nd_gather(nd_lists events, const int32_t *target, int64_t outputs, int64_t first, int64_t last, float *out)
{
    memset(out + first * outputs, 0, (size_t)((last - first) * outputs) * sizeof *out);
    for (int64_t row = first; row < last; row++)
        for (int64_t k = events.start[row]; k < events.start[row + 1]; k++)
            out[row * outputs + target[events.column[k]]] += events.value[k];
}

ND_CLONES
void nd_scatter(const int32_t *target, int64_t columns, int64_t outputs, float factor, int64_t first, int64_t last,
                const float *error, float *gradient)
{
    for (int64_t row = first; row < last; row++) {
        const float *restrict from = error + row * outputs;
        float *restrict to = gradient + row * columns;
        for (int64_t i = 0; i < columns; i++) to[i] = factor * from[target[i]];
    }
}

// The part of a kernel's row that meets the plane: positions x + padding - kx for kx = kernel - 1 … 0, ascending.
typedef struct span {
    int32_t skip, length, start;
} span;

static inline span covered(int32_t position, int32_t kernel, int32_t padding, int32_t size)
{
    const int32_t low = position + padding - kernel + 1, high = position + padding + 1;
    const int32_t from = low < 0 ? 0 : low, to = high > size ? size : high;
    return (span){from - low, to > from ? to - from : 0, from};
}

typedef struct place {
    int32_t y, x, channel;
} place;

static inline place where(const nd_conv *shape, int32_t column)
{
    const int32_t pixel = column / shape->channels;
    return (place){pixel / shape->width, pixel % shape->width, column % shape->channels};
}

ND_CLONES
void nd_conv_forward(const nd_conv *shape, nd_lists events, int64_t first, int64_t last, const float *weight,
                     float *out)
{
    const nd_conv s = *shape;
    const int64_t plane = (int64_t)s.out_height * s.out_width * s.out_channels;
    memset(out + first * plane, 0, (size_t)((last - first) * plane) * sizeof *out);
    for (int64_t row = first; row < last; row++) {
        for (int64_t e = events.start[row]; e < events.start[row + 1]; e++) {
            const place at = where(&s, events.column[e]);
            const span across = covered(at.x, s.kernel, s.padding, s.out_width);
            if (!across.length) continue;
            for (int32_t ky = 0; ky < s.kernel; ky++) {
                const int32_t y = at.y + s.padding - ky;
                if (y < 0 || y >= s.out_height) continue;
                const float *from = weight + (((int64_t)at.channel * s.kernel + ky) * s.kernel + across.skip) * s.out_channels;
                float *to = out + row * plane + ((int64_t)y * s.out_width + across.start) * s.out_channels;
                add(to, from, events.value[e], (int64_t)across.length * s.out_channels);
            }
        }
    }
}

ND_CLONES
void nd_conv_collect(const nd_conv *shape, nd_lists events, int64_t first, int64_t last, const float *error,
                     float *gradient)
{
    const nd_conv s = *shape;
    const int64_t plane = (int64_t)s.out_height * s.out_width * s.out_channels;
    for (int64_t row = first; row < last; row++) {
        for (int64_t e = events.start[row]; e < events.start[row + 1]; e++) {
            const place at = where(&s, events.column[e]);
            const span across = covered(at.x, s.kernel, s.padding, s.out_width);
            if (!across.length) continue;
            for (int32_t ky = 0; ky < s.kernel; ky++) {
                const int32_t y = at.y + s.padding - ky;
                if (y < 0 || y >= s.out_height) continue;
                float *to = gradient + (((int64_t)at.channel * s.kernel + ky) * s.kernel + across.skip) * s.out_channels;
                const float *from = error + row * plane + ((int64_t)y * s.out_width + across.start) * s.out_channels;
                add(to, from, events.value[e], (int64_t)across.length * s.out_channels);
            }
        }
    }
}

ND_CLONES
void nd_fold(const nd_conv *shape, int64_t first, int64_t last, const float *columns, float *planes)
{
    const nd_conv s = *shape;
    const int64_t plane = (int64_t)s.height * s.width * s.channels, row_of_kernel = (int64_t)s.kernel * s.channels;
    memset(planes + first * plane, 0, (size_t)((last - first) * plane) * sizeof *planes);
    for (int64_t row = first; row < last; row++) {
        for (int32_t oy = 0; oy < s.out_height; oy++) {
            for (int32_t ox = 0; ox < s.out_width; ox++) {
                const int32_t low = ox - s.padding, from = low < 0 ? 0 : low;
                const int32_t to = low + s.kernel > s.width ? s.width : low + s.kernel;
                const int64_t window = (row * s.out_height + oy) * s.out_width + ox;
                if (to <= from) continue;
                for (int32_t ky = 0; ky < s.kernel; ky++) {
                    const int32_t y = oy + ky - s.padding;
                    if (y < 0 || y >= s.height) continue;
                    add(planes + row * plane + ((int64_t)y * s.width + from) * s.channels,
                        columns + (window * s.kernel + ky) * row_of_kernel + (int64_t)(from - low) * s.channels, 1.0f,
                        (int64_t)(to - from) * s.channels);
                }
            }
        }
    }
}
