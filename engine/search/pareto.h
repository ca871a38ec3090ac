/*
 * pareto.h: order among points with several values, all minimised: who dominates whom, and who
 * stands alone. `values` are n x m, row-major, without NaN; infinities are allowed.
 */
#ifndef HONE_SEARCH_PARETO_H
#define HONE_SEARCH_PARETO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

/** Whether a is nowhere larger than b and somewhere smaller. */
bool pareto_dominates(const double *a, const double *b, size_t m);

/**
 * Sort points into fronts: front 0 is dominated by nobody, front k + 1 only by points of the fronts
 * up to k. Points that break a constraint follow behind all others, by how much they break it.
 * (Deb, Pratap, Agarwal & Meyarivan 2002, sections III A and VI)
 *
 * @param violation  n numbers: <= 0 breaks nothing; NULL: none does
 * @param rank_out   n numbers: the front of each point
 * @return           the number of fronts; 0 when memory is out, or n = 0
 * Cost: O(n log n) for m <= 2, up to O(m n^2) above.
 */
size_t pareto_ranks(const double *values, const double *violation, size_t n, size_t m,
                    struct arena *scratch, size_t *rank_out);

/**
 * The crowding distance of each point within its front: for each objective the gap between its
 * neighbours as a share of the front's range, summed; infinite at the ends. Of equal points all but
 * the first have 0, so that they go first. (the same, section III B)
 *
 * @param rank, fronts  of pareto_ranks()
 * @return              false when memory is out
 * Cost: O(m n log n).
 */
bool pareto_crowding(const double *values, size_t n, size_t m, const size_t *rank, size_t fronts,
                     struct arena *scratch, double *crowding_out);

#endif
