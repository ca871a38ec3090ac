/*
 * rng.h: random numbers as a function of (seed, purpose, trial, draw); no generator state is kept.
 * Philox4x32-10 (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11,
 * 2011).
 */
#ifndef HONE_BASE_RNG_H
#define HONE_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* Stored studies depend on these numbers: add at the end, never renumber. */
enum rng_purpose {
    RNG_DESIGN,
    RNG_SCRAMBLE,
    RNG_CANDIDATES,
    RNG_FIT,
    RNG_TIE,
    RNG_GRID,
    RNG_RANDOM,
    RNG_FILL,
    RNG_TEST,
    RNG_SCRIPT,   /* HONE_SEED of a trial */
    RNG_ANALYSIS, /* no proposal depends on it */
    RNG_CMAES,
    RNG_CMAES_RUN,
    RNG_NSGA2,
    RNG_BRACKET,
    RNG_SHARE,
    RNG_TRANSFER,
    RNG_SIMULATE /* of a simulated machine */
};

/** A stream: draws of one purpose for one trial. Copy it freely; each draw advances only this copy.
 */
struct rng {
    uint32_t key[2];     /* the seed */
    uint32_t counter[4]; /* number of the next block, purpose, trial number (two words) */
    uint32_t block[4];   /* unread output */
    unsigned left;
};

/** The generator itself: four random words of a key and a counter. */
void rng_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);

void rng_init(struct rng *rng, uint64_t seed, enum rng_purpose purpose, uint64_t trial);
uint32_t rng_u32(struct rng *rng);
uint64_t rng_u64(struct rng *rng);
/** Uniform in [0, 1), 53 bits. */
double rng_uniform(struct rng *rng);
/** Uniform integer in [0, n), n >= 1, without bias. */
uint64_t rng_below(struct rng *rng, uint64_t n);
/** Standard normal, by the inverse of the distribution function: one uniform a draw. */
double rng_normal(struct rng *rng);

#endif
