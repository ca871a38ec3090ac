/*
 * sobol.h: scrambled Sobol' points, for the strategy of that name and for the designs and
 * candidates of others.
 */
#ifndef HONE_SEARCH_SOBOL_H
#define HONE_SEARCH_SOBOL_H

#include <stddef.h>
#include <stdint.h>

/* Dimensions of the table; beyond them coordinates are independent uniforms. */
#define SOBOL_DIMENSIONS 64
#define SOBOL_BITS       32

/** A sequence: copy it freely, it is only read. */
struct sobol {
    size_t d;
    uint64_t seed, key;
    uint32_t shift[SOBOL_DIMENSIONS];
    uint32_t direction[SOBOL_DIMENSIONS][SOBOL_BITS];
};

/**
 * Set up the sequence in d dimensions whose scrambling is drawn from (seed, key).
 * @param key  0 for the design of a study; 1 + trial number for the candidates of a trial
 * Cost: 32 * 32 draws a dimension, up to 64; no allocation.
 */
void sobol_init(struct sobol *sobol, uint64_t seed, uint64_t key, size_t d);

/** The sequence without scrambling: what the literature prints. */
void sobol_init_plain(struct sobol *sobol, size_t d);

/** Point number `index` (from 0, modulo 2^32): d coordinates in [0, 1). */
void sobol_at(const struct sobol *sobol, uint64_t index, double *out);

/** Point `index` of the design of a study with this seed: sobol_init() with key 0, then sobol_at().
 */
void sobol_point(uint64_t seed, uint64_t index, size_t d, double *out);

#endif
