/*
 * A small seeded generator (xoshiro256**, Blackman and Vigna 2018; seeded through splitmix64), for everything
 * that must be reproducible to the byte: synthetic data, sampling, forests. Never for secrets: digest.h has
 * those.
 */
#ifndef SS_BASE_RNG_H
#define SS_BASE_RNG_H

#include <stdint.h>

struct ss_rng {
    uint64_t s[4];
};

static inline uint64_t ss_splitmix64(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline void ss_rng_seed(struct ss_rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        rng->s[i] = ss_splitmix64(&seed);
}

static inline uint64_t ss_rng_next(struct ss_rng *rng)
{
    uint64_t *s = rng->s, x = s[1] * 5, out = ((x << 7) | (x >> 57)) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return out;
}

/* Uniform in [0, n), by multiplication (Lemire 2019, without the rejection step: bias below n / 2^64). */
static inline uint64_t ss_rng_below(struct ss_rng *rng, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)ss_rng_next(rng) * n) >> 64);
}

/* Uniform in [0, 1), 53 bits. */
static inline double ss_rng_unit(struct ss_rng *rng)
{
    return (double)(ss_rng_next(rng) >> 11) * 0x1p-53;
}

#endif
