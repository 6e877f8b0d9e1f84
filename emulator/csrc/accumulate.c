#include "accumulate.h"

#include "core.h"
#include "portable.h"

/* The sums of a chunk are formed before the first is stored: so compilers see that no store can change a load, and
   use vectors. */
ND_CLONES void nd_accumulate_spike(int32_t *q, const int32_t *offset, const int16_t *restrict weight, int32_t chunks)
{
    for (int32_t k = 0; k < chunks; k++) {
        int32_t sum[ND_LANES], *lane = q + offset[k];
        const int16_t *w = weight + (int64_t)k * ND_LANES;
        for (int j = 0; j < ND_LANES; j++) sum[j] = lane[j] + w[j];
        for (int j = 0; j < ND_LANES; j++) lane[j] = sum[j];
    }
}

ND_CLONES void nd_accumulate_narrow(int32_t *q, const int32_t *offset, const int16_t *restrict weight, int32_t chunks,
                                    int32_t payload)
{
    for (int32_t k = 0; k < chunks; k++) {
        int32_t sum[ND_LANES], *lane = q + offset[k];
        const int16_t *w = weight + (int64_t)k * ND_LANES;
        for (int j = 0; j < ND_LANES; j++) sum[j] = lane[j] + w[j] * payload;
        for (int j = 0; j < ND_LANES; j++) lane[j] = sum[j];
    }
}

void nd_accumulate_wide(int64_t *q, const int32_t *offset, const int16_t *weight, int32_t chunks, int32_t payload)
{
    for (int32_t k = 0; k < chunks; k++) {
        int64_t *lane = q + offset[k];
        const int16_t *w = weight + (int64_t)k * ND_LANES;
        for (int j = 0; j < ND_LANES; j++) lane[j] += (int64_t)w[j] * payload;
    }
}
