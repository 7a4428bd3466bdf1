/*
 * Draws from the distributions that traffic is made of, in integers only: the bytes that ss-gen prints depend
 * on the seed alone, never on how a C library rounds a logarithm. Logarithms are to base 2 in steps of 1/1024
 *; the two tables behind them are rounded once, when made.
 */
#ifndef SS_GEN_SAMPLE_H
#define SS_GEN_SAMPLE_H

#include "base/attr.h"
#include "base/rng.h"
#include <stdbool.h>
#include <stdint.h>

#define SS_LOG2_ONE 1024 /* a factor of two */

/* Makes the tables; call it once before any draw. Idempotent. */
void ss_sample_init(void);

/* A normal deviate in 1/1024 standard deviations: four uniforms summed (Irwin-Hall), so it ends at +-3.46 sd,
 * which keeps amounts in bounds. */
static inline int32_t ss_sample_normal(struct ss_rng *rng)
{
    uint64_t r = ss_rng_next(rng);
    int32_t sum = (int32_t)((r & 0xffff) + (r >> 16 & 0xffff) + (r >> 32 & 0xffff) + (r >> 48)) - 131070;
    return (int32_t)((int64_t)sum * 1774 >> 16); /* sd of the sum is 65536 / sqrt(3): 1774 = 1024 sqrt(3) */
}

/* 2^(x/1024) in 1/65536; x from -16384 to 46000. */
uint64_t ss_sample_exp2(int32_t x);
/* round(1024 log2(v)) for v > 0. */
int32_t ss_sample_log2(uint32_t v);
/* Exponential with mean `mean`. */
int64_t ss_sample_exponential(struct ss_rng *rng, int64_t mean);

/* Uniform in [from, to]. */
static inline int64_t ss_sample_between(struct ss_rng *rng, int64_t from, int64_t to)
{
    return from + (int64_t)ss_rng_below(rng, (uint64_t)(to - from) + 1);
}

/* True with probability p / 2^32. */
static inline bool ss_sample_chance(struct ss_rng *rng, uint32_t p)
{
    return (uint32_t)(ss_rng_next(rng) >> 32) < p;
}

/* A probability as ss_sample_chance wants it: SS_CHANCE(0.25). */
#define SS_CHANCE(p) ((uint32_t)((p)*4294967295.0))

/* Picks i with probability weight[i] / sum, in constant time (Vose 1991). */
struct ss_alias {
    uint32_t n;
    struct {
        uint32_t limit, other;
    } * slot;
};
int ss_alias_init(struct ss_alias *alias, const uint32_t *weight, uint32_t n) SS_MUST_CHECK;
void ss_alias_free(struct ss_alias *alias);

static inline uint32_t ss_alias_pick(const struct ss_alias *alias, struct ss_rng *rng)
{
    uint64_t r = ss_rng_next(rng);
    uint32_t i = (uint32_t)((r >> 32) * alias->n >> 32);
    return (uint32_t)r <= alias->slot[i].limit ? i : alias->slot[i].other;
}

#endif
