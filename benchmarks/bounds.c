/* What bounds an emulator on this machine: two fixed loops, nothing else.

   rows FOLDER_BYTES: rows of 512 weights of 8 bits, taken at random from a table of so many bytes, added to 512 sums of
   16 bits; prints rows a second. neurons COUNT: CUBA LIF updates of COUNT neurons, u and v in 32 bits, the input in 16;
   prints updates a second. Both run for about as long as a recording, so that others on the machine weigh on both.

   cc -O3 -march=native -o bounds bounds.c -lm */
#include <fenv.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WIDTH = 512, PICKS = 4096, ROUNDS = 200, UPDATES = 4000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *zeros(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!memory) exit(1);
    return memset(memory, 0, bytes);
}

static double rows(size_t bytes)
{
    const size_t count = bytes / WIDTH;
    int8_t *weight = zeros(count * WIDTH);
    int16_t *sum = zeros(WIDTH * sizeof *sum);
    size_t *pick = zeros(PICKS * sizeof *pick);
    double spent = 0;
    uint64_t random = 1;
    for (size_t i = 0; i < count * WIDTH; i++) weight[i] = (int8_t)(i % 7 - 3);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < PICKS; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            pick[i] = (random >> 33) % count;
        }
        const double started = now();
        for (int i = 0; i < PICKS; i++) {
            const int8_t *row = weight + pick[i] * WIDTH;
            for (int j = 0; j < WIDTH; j++) sum[j] = (int16_t)(sum[j] + row[j]);
        }
        spent += now() - started;
    }
    if (sum[0] == 12345) puts("");
    free(weight);
    free(sum);
    free(pick);
    return (double)PICKS * ROUNDS / spent;
}

static double neurons(int count)
{
    int32_t *u = zeros((size_t)count * sizeof *u), *v = zeros((size_t)count * sizeof *v);
    int16_t *q = zeros((size_t)count * sizeof *q);
    uint8_t *spike = zeros((size_t)count);
    const float current = 3072 / 4096.0f, voltage = 3968 / 4096.0f;
    double spent = 0;
    fesetround(FE_TOWARDZERO);
    for (int round = 0; round < UPDATES; round++) {
        for (int i = round % 7; i < count; i += 7) q[i] = (int16_t)(round % 3);
        const double started = now();
        for (int i = 0; i < count; i++) {
            const int32_t x = (int32_t)((float)u[i] * current) + q[i] * 64;
            const int32_t y = (int32_t)((float)v[i] * voltage) + x, fires = y > 80 * 64;
            u[i] = x;
            v[i] = fires ? 0 : y;
            spike[i] = (uint8_t)fires;
            q[i] = 0;
        }
        spent += now() - started;
    }
    if (spike[0] == 123) puts("");
    free(u);
    free(v);
    free(q);
    free(spike);
    return (double)count * UPDATES / spent;
}

int main(int count, char **argument)
{
    if (count == 3 && !strcmp(argument[1], "rows")) printf("%.6e\n", rows(strtoul(argument[2], NULL, 10)));
    else if (count == 3 && !strcmp(argument[1], "neurons")) printf("%.6e\n", neurons(atoi(argument[2])));
    else return 2;
    return 0;
}
