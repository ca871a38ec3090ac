/* random_space.h: search spaces of every kind, drawn at random, for tests of laws. */
#ifndef HONE_TESTS_RANDOM_SPACE_H
#define HONE_TESTS_RANDOM_SPACE_H

#include "space/space.h"

/**
 * Draw a space of 1 to 6 parameters of all kinds, scales and steps, some of them conditional, some
 * with `where`. Free it with hone_space_free().
 * @param finite  only parameters with few values
 */
hone_space *random_space(struct rng *rng, bool finite);

/** $HONE_TEST_SEED, else 1; printed to stderr, so that a failure can be repeated. */
uint64_t random_seed(void);

#endif
