/* What spikes bring, added up; written over `row` and `wide`, see kernels_body.h. */
/* One run of any kind, laid down from `first` on: sums of its compartments, and which groups they are in. */
static void add_run(nd_run run, int32_t first, const nd_population *population, const nd_image *image, int16_t *q,
                    int32_t payload)
{
    int16_t *sum = q + first;
    const int16_t *word = image->word_weight + (ptrdiff_t)run.weight * ND_PIECE;
    const int8_t *byte = image->byte_weight + (ptrdiff_t)run.weight * ND_PIECE;
    if (!run.pieces) {
        *sum = (int16_t)(*sum + run.weight * payload);
    } else if (payload != 1) {
        const row times = all_row((int16_t)payload);
        for (int32_t p = 0; p < run.pieces; p++) {
            const ptrdiff_t at = (ptrdiff_t)p * ND_PIECE;
            const row weight = population->words ? load_row(word + at) : load_bytes(byte + at);
            store_row(sum + at, row_plus(load_row(sum + at), row_times(weight, times)));
        }
    } else if (population->words) {
        for (int32_t p = 0; p < run.pieces; p++, sum += ND_PIECE, word += ND_PIECE)
            store_row(sum, row_plus(load_row(sum), load_row(word)));
    } else {
        for (int32_t p = 0; p < run.pieces; p++, sum += ND_PIECE, byte += ND_PIECE)
            store_row(sum, row_plus(load_row(sum), load_bytes(byte)));
    }
}

ND_INLINE void touch(int32_t first, int32_t count, uint8_t *touched)
{
    const uint32_t last = (uint32_t)(first + count - 1) / ND_GROUP;
    for (uint32_t g = (uint32_t)first / ND_GROUP; g <= last; g++) touched[g] = ND_AWAKE;
}

/* Runs of `pieces` pieces of bytes each, few and known when this is compiled, which saves the loops over them. */
ND_INLINE void add_runs(const nd_run *run, int32_t runs, const int pieces, const int8_t *pool, int16_t *q,
                        int32_t first, uint8_t *touched)
{
    for (const nd_run *end = run + runs; run < end; run++) {
        const int32_t at = first + run->target * ND_PIECE;
        int16_t *sum = q + at;
        const int8_t *weight = pool + (ptrdiff_t)run->weight * ND_PIECE;
        ND_UNROLL
        for (int i = 0; i + WIDE <= pieces * ND_PIECE; i += WIDE)
            store_wide(sum + i, wide_plus(load_wide(sum + i), wide_bytes(weight + i)));
        ND_UNROLL
        for (int i = pieces * ND_PIECE / WIDE * WIDE; i < pieces * ND_PIECE; i += ND_PIECE)
            store_row(sum + i, row_plus(load_row(sum + i), load_bytes(weight + i)));
        ND_UNROLL
        for (int p = 0; p < pieces; p += ND_GROUP / ND_PIECE) touched[((uint32_t)at + p * ND_PIECE) / ND_GROUP] = ND_AWAKE;
        if (pieces > 1) touched[((uint32_t)at + pieces * ND_PIECE - 1) / ND_GROUP] = ND_AWAKE;
    }
}

/* All of a pattern, laid down from compartment `first` on. */
ND_INLINE void add_pattern(const nd_run *head, int32_t first, const nd_population *population, const nd_image *image,
                           int16_t *q, int32_t payload, uint8_t *touched)
{
    const int32_t runs = head->target;
    const int8_t *pool = image->byte_weight;
    if (payload == 1 && !population->words)
        switch (head->pieces) {
        case 1: add_runs(head + 1, runs, 1, pool, q, first, touched); return;
        case 2: add_runs(head + 1, runs, 2, pool, q, first, touched); return;
        case 3: add_runs(head + 1, runs, 3, pool, q, first, touched); return;
        case 4: add_runs(head + 1, runs, 4, pool, q, first, touched); return;
        case 5: add_runs(head + 1, runs, 5, pool, q, first, touched); return;
        case 6: add_runs(head + 1, runs, 6, pool, q, first, touched); return;
        case 8: add_runs(head + 1, runs, 8, pool, q, first, touched); return;
        case 10: add_runs(head + 1, runs, 10, pool, q, first, touched); return;
        case 12: add_runs(head + 1, runs, 12, pool, q, first, touched); return;
        default: break;
        }
    for (int32_t r = 1; r <= runs; r++) {
        const nd_run run = head[r];
        const int32_t at = first + run.target * (run.pieces ? ND_PIECE : 1);
        add_run(run, at, population, image, q, payload);
        touch(at, run.pieces ? run.pieces * ND_PIECE : 1, touched);
    }
}

/* Weights that will be needed, which lie anywhere in memory: at most their first 512 bytes. */
ND_INLINE void fetch(const int8_t *line, int32_t pieces)
{
    const int8_t *end = line + (pieces < 32 ? pieces : 32) * ND_PIECE;
    for (; line < end; line += 64) ND_PREFETCH(line);
}

/* Several rows of bytes for the same compartments: their sums stay in registers from the first row to the last. */
static void add_rows(const int8_t *const *weight, int32_t rows, int32_t pieces, int16_t *sum)
{
    enum { TOGETHER = 8, BLOCK = TOGETHER * WIDE };
    int32_t at = 0;
    for (; at + BLOCK <= pieces * ND_PIECE; at += BLOCK) {
        wide total[TOGETHER];
        ND_UNROLL
        for (int j = 0; j < TOGETHER; j++) total[j] = load_wide(sum + at + j * WIDE);
        for (int32_t r = 0; r < rows; r++) {
            const int8_t *from = weight[r] + at;
            ND_UNROLL
            for (int j = 0; j < TOGETHER; j++) total[j] = wide_plus(total[j], wide_bytes(from + j * WIDE));
        }
        ND_UNROLL
        for (int j = 0; j < TOGETHER; j++) store_wide(sum + at + j * WIDE, total[j]);
    }
    for (; at < pieces * ND_PIECE; at += ND_PIECE) {
        row total = load_row(sum + at);
        for (int32_t r = 0; r < rows; r++) total = row_plus(total, load_bytes(weight[r] + at));
        store_row(sum + at, total);
    }
}

/* A row of any kind. */
ND_INLINE void add_row(nd_row own, const nd_link *link, const nd_population *population, const nd_image *image,
                       int16_t *q, int32_t payload, uint8_t *touched)
{
    if (own.pattern >= 0) {
        add_pattern(&image->run[own.pattern], own.at * ND_PIECE, population, image, q, payload, touched);
    } else if (own.pattern == ND_LIKE_LINK) {
        add_run((nd_run){0, link->pieces, own.at}, link->at * ND_PIECE, population, image, q, payload);
        touch(link->at * ND_PIECE, link->pieces * ND_PIECE, touched);
    } else {
        q[own.at] = (int16_t)(q[own.at] + (own.pattern + ND_SINGLE) * payload);
        touched[(uint32_t)own.at / ND_GROUP] = ND_AWAKE;
    }
}

/* Spikes of a link whose rows mostly are one run at the same place, as those of a dense layer: such rows are added
   together. */
static void accumulate_alike(const nd_image *image, const nd_link *link, const nd_delivery *spike, int32_t count,
                             int16_t *q, uint8_t *touched)
{
    enum { AHEAD = 8, TOGETHER = 64 };
    const nd_population *population = &image->population[link->target];
    const nd_row *rows = image->row + link->first_row;
    const int8_t *alike[TOGETHER];
    int16_t *const sum = q + (ptrdiff_t)link->at * ND_PIECE;
    int32_t found = 0;
    touch(link->at * ND_PIECE, link->pieces * ND_PIECE, touched);
    for (int32_t d = 0; d < count; d++) {
        if (d + AHEAD < count) ND_PREFETCH(&rows[spike[d + AHEAD].neuron]);
        const nd_row own = rows[spike[d].neuron];
        if (own.pattern != ND_LIKE_LINK || spike[d].payload != 1) {
            add_row(own, link, population, image, q, spike[d].payload, touched);
            continue;
        }
        alike[found] = image->byte_weight + (ptrdiff_t)own.at * ND_PIECE;
        fetch(alike[found++], link->pieces);
        if (found < TOGETHER) continue;
        add_rows(alike, found, link->pieces, sum);
        found = 0;
    }
    if (found) add_rows(alike, found, link->pieces, sum);
}

static void accumulate(const nd_image *image, const nd_link *link, const nd_delivery *spike, int32_t count, int16_t *q,
                       uint8_t *touched)
{
    enum { AHEAD = 8 };
    const nd_population *population = &image->population[link->target];
    const nd_row *rows = image->row + link->first_row;
    if (link->pieces && !population->words) {
        accumulate_alike(image, link, spike, count, q, touched);
        return;
    }
    for (int32_t d = 0; d < AHEAD && d < count; d++) ND_PREFETCH(&rows[spike[d].neuron]);
    for (int32_t d = 0; d < count; d++) {
        if (d + AHEAD < count) ND_PREFETCH(&rows[spike[d + AHEAD].neuron]);
        add_row(rows[spike[d].neuron], link, population, image, q, spike[d].payload, touched);
    }
}
