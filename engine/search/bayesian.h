/* bayesian.h: the strategy "bayesian", and what its memo says. */
#ifndef HONE_SEARCH_BAYESIAN_H
#define HONE_SEARCH_BAYESIAN_H

#include "search/search.h"

extern const struct search_algorithm search_bayesian;

/**
 * How much the next trial is expected to improve on the best value, relative to its size.
 * @param memo  of the last ask
 * @return      >= 0; NaN when the last ask used no model
 */
double bayesian_expected_gain(const void *memo, size_t size);

#endif
