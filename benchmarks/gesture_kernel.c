/* The DVS Gesture network written out by hand: 128x128x2-4a-16c5z-2a-32c3z-2a-512-11 and nothing else.

   What a compiled program is measured against (gesture_kernel.py). It shares nothing with the emulator: sizes, decays
   and threshold stand in the code, weights are given once, and there are no delays, biases or refractory periods.
   Planes are stored row by row, channel innermost, sums with a border as wide as the kernel reaches, so that a spike
   adds one contiguous run of weights per kernel row and nothing is tested. Decays are 3/4 and 31/32 of the magnitude.

   Layers are updated from the last to the first. What a layer fires is added to the next one at once, which has had its
   update already: so it counts one step later.

   cc -O3 -march=native -shared -fPIC -o gesture_kernel.so gesture_kernel.c */
#include <stdint.h>
#include <string.h>

enum {
    THRESHOLD = 80 * 64,
    POOL_WEIGHT = 28,
    BLOCK = 64,     /* neurons updated together before their spikes are looked for */
    IN = 128, S1 = 32, S2 = 16, S3 = 8,     /* sides of the planes */
    C0 = 2, C1 = 16, C2 = 32,               /* channels */
    K1 = 5, K2 = 3, P1 = K1 / 2, P2 = K2 / 2, W1 = S1 + 2 * P1, W2 = S2 + 2 * P2,
    FLAT = S3 * S3 * C2, HIDDEN = 512, CLASSES = 11, OUT = 16,
    LAYERS = 7
};

/* Kernels with the columns turned round, (source channel, row, column, output channel); dense rows by source. */
typedef struct {
    int16_t conv1[C0 * K1 * K1 * C1];
    int16_t conv2[C1 * K2 * K2 * C2];
    int16_t fc2[HIDDEN * OUT];
    int8_t fc1[FLAT * HIDDEN];
} gesture_weights;

/* u, v and the sum of what arrived, in weights. */
typedef struct {
    int32_t u_pool1[S1 * S1 * C0], v_pool1[S1 * S1 * C0], u_conv1[S1 * S1 * C1], v_conv1[S1 * S1 * C1];
    int32_t u_pool2[S2 * S2 * C1], v_pool2[S2 * S2 * C1], u_conv2[S2 * S2 * C2], v_conv2[S2 * S2 * C2];
    int32_t u_pool3[FLAT], v_pool3[FLAT], u_fc1[HIDDEN], v_fc1[HIDDEN], u_fc2[BLOCK], v_fc2[BLOCK];
    int16_t pool1[S1 * S1 * C0], conv1[W1 * W1 * C1], pool2[S2 * S2 * C1], conv2[W2 * W2 * C2], pool3[FLAT];
    int16_t fc1[HIDDEN], fc2[BLOCK];
} gesture_state;

/* One step of BLOCK neurons; which of them fire, a bit each. u wraps at 24 bits and v is clipped at 23, which neurons
   that are `tame` cannot reach: their weights' magnitudes add up to less than 2^10, so |u| < 2^18 and |v| < 2^23. */
static inline uint64_t update(int32_t *restrict u, int32_t *restrict v, int16_t *restrict q, int tame)
{
    _Alignas(64) uint8_t fired[BLOCK];
    int32_t any = 0;
    uint64_t mask = 0;
    for (int i = 0; i < BLOCK; i++) {
        const int32_t a = u[i], b = v[i];
        int32_t x = ((a * 3 + (a >> 31 & 3)) >> 2) + q[i] * 64;
        if (!tame) x = (int32_t)((uint32_t)x << 8) >> 8;
        int32_t y = ((b * 31 + (b >> 31 & 31)) >> 5) + x;
        if (!tame) y = y > (1 << 23) - 1 ? (1 << 23) - 1 : y;
        if (!tame) y = y < 1 - (1 << 23) ? 1 - (1 << 23) : y;
        const int32_t fires = -(y > THRESHOLD);
        u[i] = x;
        v[i] = y & ~fires;
        q[i] = 0;
        fired[i] = (uint8_t)(fires & 1);
        any |= fires;
    }
    if (!any) return 0;
    for (int i = 0; i < BLOCK / 8; i++) {
        uint64_t eight;
        memcpy(&eight, fired + 8 * i, 8);
        mask |= (eight * 0x0102040810204080u >> 56) << 8 * i;
    }
    return mask;
}

static inline void add(int16_t *restrict sum, const int16_t *restrict weight, int count)
{
    for (int i = 0; i < count; i++) sum[i] = (int16_t)(sum[i] + weight[i]);
}

static inline void add_bytes(int16_t *restrict sum, const int8_t *restrict weight, int count)
{
    for (int i = 0; i < count; i++) sum[i] = (int16_t)(sum[i] + weight[i]);
}

/* `each` is run for every neuron n of a stretch that fires; its spikes are counted in `total`. */
#define UPDATE(u, v, q, stretch, tame, total, each)                                                         \
    for (int block = 0; block < (stretch); block += BLOCK)                                                  \
        for (uint64_t mask = update((u) + block, (v) + block, (q) + block, tame); mask; mask &= mask - 1) { \
            const int n = block + __builtin_ctzll(mask);                                                    \
            (total)++;                                                                                      \
            each                                                                                            \
        }

/* Rows of a plane are stretches: n is column * channels + channel there. */
static void step(const gesture_weights *w, gesture_state *s, int64_t *spikes, int32_t *output)
{
    UPDATE(s->u_fc2, s->v_fc2, s->fc2, BLOCK, 0, spikes[6], { output[n]++; })
    UPDATE(s->u_fc1, s->v_fc1, s->fc1, HIDDEN, 0, spikes[5], { add(s->fc2, w->fc2 + n * OUT, OUT); })
    UPDATE(s->u_pool3, s->v_pool3, s->pool3, FLAT, 1, spikes[4], { add_bytes(s->fc1, w->fc1 + n * HIDDEN, HIDDEN); })
    for (int y = 0; y < S2; y++) {
        const int at = y * S2 * C2;
        UPDATE(s->u_conv2 + at, s->v_conv2 + at, s->conv2 + ((y + P2) * W2 + P2) * C2, S2 * C2, 1, spikes[3],
               { s->pool3[(y / 2 * S3 + n / C2 / 2) * C2 + n % C2] += POOL_WEIGHT; })
    }
    for (int y = 0; y < S2; y++) {
        const int at = y * S2 * C1;
        UPDATE(s->u_pool2 + at, s->v_pool2 + at, s->pool2 + at, S2 * C1, 1, spikes[2], {
            const int16_t *row = w->conv2 + n % C1 * K2 * K2 * C2;
            for (int k = 0; k < K2; k++)
                add(s->conv2 + ((y + k) * W2 + n / C1) * C2, row + k * K2 * C2, K2 * C2);
        })
    }
    for (int y = 0; y < S1; y++) {
        const int at = y * S1 * C1;
        UPDATE(s->u_conv1 + at, s->v_conv1 + at, s->conv1 + ((y + P1) * W1 + P1) * C1, S1 * C1, 1, spikes[1],
               { s->pool2[(y / 2 * S2 + n / C1 / 2) * C1 + n % C1] += POOL_WEIGHT; })
    }
    for (int y = 0; y < S1; y++) {
        const int at = y * S1 * C0;
        UPDATE(s->u_pool1 + at, s->v_pool1 + at, s->pool1 + at, S1 * C0, 1, spikes[0], {
            const int16_t *row = w->conv1 + n % C0 * K1 * K1 * C1;
            for (int k = 0; k < K1; k++)
                add(s->conv1 + ((y + k) * W1 + n / C0) * C1, row + k * K1 * C1, K1 * C1);
        })
    }
}

int64_t gesture_state_bytes(void) { return sizeof(gesture_state); }

int64_t gesture_weight_bytes(void) { return sizeof(gesture_weights); }

/* Run a recording from zero state.

   event_step, event_neuron: input spikes sorted by step; neurons as channel, row, column. `state`: memory of
   gesture_state_bytes(). `spikes`: of each layer, (LAYERS). `output`: of each class in each step, (steps, OUT). */
void gesture_run(const gesture_weights *w, gesture_state *s, int64_t steps, int64_t events, const int64_t *event_step,
                 const int64_t *event_neuron, int64_t *spikes, int32_t *output)
{
    int64_t next = 0;
    memset(s, 0, sizeof *s);
    memset(spikes, 0, LAYERS * sizeof *spikes);
    memset(output, 0, (size_t)steps * OUT * sizeof *output);
    for (int64_t t = 0; t < steps; t++) {
        for (; next < events && event_step[next] == t; next++) {
            const int64_t n = event_neuron[next], y = n / IN % IN, x = n % IN;
            s->pool1[(y / 4 * S1 + x / 4) * C0 + n / (IN * IN)] += POOL_WEIGHT;
        }
        step(w, s, spikes, output + t * OUT);
    }
}
