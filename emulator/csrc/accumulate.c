#include "accumulate.h"

#include "portable.h"

/* The sums of a chunk are formed before the first is stored: so compilers see that no store can change a load, and
   use vectors. */
ND_CLONES void nd_accumulate_spike(int32_t *q, const nd_chunk *chunk, int32_t chunks)
{
    for (const nd_chunk *end = chunk + chunks; chunk < end; chunk++) {
        int32_t sum[ND_LANES], *lane = q + chunk->offset;
        for (int j = 0; j < ND_LANES; j++) sum[j] = lane[j] + chunk->weight[j];
        for (int j = 0; j < ND_LANES; j++) lane[j] = sum[j];
    }
}

ND_CLONES void nd_accumulate_narrow(int32_t *q, const nd_chunk *chunk, int32_t chunks, int32_t payload)
{
    for (const nd_chunk *end = chunk + chunks; chunk < end; chunk++) {
        int32_t sum[ND_LANES], *lane = q + chunk->offset;
        for (int j = 0; j < ND_LANES; j++) sum[j] = lane[j] + chunk->weight[j] * payload;
        for (int j = 0; j < ND_LANES; j++) lane[j] = sum[j];
    }
}

void nd_accumulate_wide(int64_t *q, const nd_chunk *chunk, int32_t chunks, int32_t payload)
{
    for (const nd_chunk *end = chunk + chunks; chunk < end; chunk++)
        for (int j = 0; j < ND_LANES; j++) q[chunk->offset + j] += (int64_t)chunk->weight[j] * payload;
}
