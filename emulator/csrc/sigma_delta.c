/* Sigma-delta neurons, delta encoders and sigma decoders, a block at a time. Every sum wraps in 32 bits; q is counted
   in units of 64, so it is the sum of weight * payload itself, called x. Per neuron:

     sigma-delta:  sigma <- sigma + x;  a' = activation(sigma + bias);  sends encoded(a')
     delta:        sends encoded((x + bias) << shift)
     sigma:        sigma <- sigma + x;  sends sigma

     encoded(a'):  change = a' - a + residue;  error <- error + change where errors are cumulative
                   out = change where |change|, or |error|, reaches the threshold, else 0
                   residue <- change - out;  a <- a';  error <- 0 where out is not 0;  message = out >> state_exponent
     corrected:    change = a' - a;  a <- a + (message << state_exponent)

   A message is the payload of a spike, 0 none. State: sigma-delta u = sigma, v = a, r = residue, s = error;
   delta u = residue, v = a, s = error; sigma u = v = sigma. Counted as wraps, clips and overflows: u, v and x beyond
   24 bits. */
#include "arithmetic.h"
#include "update.h"

ND_INLINE int32_t word(uint32_t x)
{
    return (int32_t)x;
}

ND_INLINE int32_t sum(int32_t a, int32_t b)
{
    return word((uint32_t)a + (uint32_t)b);
}

ND_INLINE int32_t difference(int32_t a, int32_t b)
{
    return word((uint32_t)a - (uint32_t)b);
}

ND_INLINE int32_t shifted(int32_t a, int32_t bits)
{
    return word((uint32_t)a << bits);
}

/* |a| >= limit, with a's own 32 bits: -2^31 is its own opposite. */
ND_INLINE int32_t reaches(int32_t a, int32_t limit)
{
    return (a < 0 ? difference(0, a) : a) >= limit;
}

ND_INLINE int32_t beyond_state(int32_t x)
{
    return (x < -HALF) | (x >= HALF);
}

ND_INLINE int32_t load(const nd_cells *cells, int32_t i)
{
    return cells->u ? cells->u[i] : (int32_t)cells->u_lava[i];
}

ND_INLINE void store(const nd_cells *cells, int32_t i, int32_t u)
{
    if (cells->u) cells->u[i] = u;
    else cells->u_lava[i] = u;
}

/* Returns the message; a, residue and error are the neuron's own. */
ND_INLINE int32_t encoded(const nd_sigma_delta *p, int32_t activation, int32_t *a, int32_t *residue, int32_t *error)
{
    if (p->corrected) {
        const int32_t change = difference(activation, *a);
        const int32_t message = reaches(change, p->threshold) ? change >> p->state_exponent : 0;
        *a = sum(*a, shifted(message, p->state_exponent));
        return message;
    }
    const int32_t change = sum(difference(activation, *a), *residue);
    if (p->cumulative) *error = sum(*error, change);
    const int32_t out = reaches(p->cumulative ? *error : change, p->threshold) ? change : 0;
    if (out) *error = 0;
    *residue = difference(change, out);
    *a = activation;
    return out >> p->state_exponent;
}

ND_INLINE void count(nd_tally *tally, int32_t message, int32_t u, int32_t v, int32_t x, int32_t active)
{
    tally->count[ND_SPIKES] += message != 0;
    tally->count[ND_WRAPS] += beyond_state(u);
    tally->count[ND_CLIPS] += beyond_state(v);
    tally->count[ND_OVERFLOWS] += beyond_state(x);
    tally->count[ND_ACTIVE] += active;
}

void nd_update_sigma_delta(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally)
{
    const nd_sigma_delta *p = &block->parameter.sigma_delta;
    nd_tally total = {{0}, 0};
    for (int32_t i = 0; i < block->count; i++) {
        const int32_t x = word((uint32_t)q[i]), bias = cells->bias[i], before = load(cells, i), v0 = cells->v[i];
        const int32_t sigma = sum(before, x), driven = sum(sigma, bias);
        const int32_t activation = p->relu && driven < 0 ? 0 : driven;
        cells->fired[i] = encoded(p, activation, &cells->v[i], &cells->r[i], &cells->s[i]);
        store(cells, i, sigma);
        count(&total, cells->fired[i], sigma, cells->v[i], x, (before | v0 | x | bias) != 0);
        total.busy |= (sigma | cells->v[i] | cells->r[i] | cells->s[i]) != 0;
    }
    *tally = total;
}

void nd_update_delta(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally)
{
    const nd_sigma_delta *p = &block->parameter.sigma_delta;
    nd_tally total = {{0}, 0};
    for (int32_t i = 0; i < block->count; i++) {
        const int32_t x = word((uint32_t)q[i]), bias = cells->bias[i], v0 = cells->v[i];
        int32_t residue = load(cells, i);
        const int32_t active = (residue | v0 | x | bias) != 0;
        cells->fired[i] = encoded(p, shifted(sum(x, bias), p->shift), &cells->v[i], &residue, &cells->s[i]);
        store(cells, i, residue);
        count(&total, cells->fired[i], 0, cells->v[i], x, active);
        total.busy |= (residue | cells->v[i] | cells->s[i]) != 0;
    }
    *tally = total;
}

void nd_update_sigma(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally)
{
    nd_tally total = {{0}, 0};
    for (int32_t i = 0; i < block->count; i++) {
        const int32_t x = word((uint32_t)q[i]), before = load(cells, i), sigma = sum(before, x);
        store(cells, i, sigma);
        cells->v[i] = sigma;
        cells->fired[i] = sigma;
        count(&total, sigma, sigma, 0, x, (before | x) != 0);
        total.busy |= sigma != 0;
    }
    *tally = total;
}
