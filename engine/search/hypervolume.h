/* hypervolume.h: how much of the space of objectives a set of points dominates. */
#ifndef HONE_SEARCH_HYPERVOLUME_H
#define HONE_SEARCH_HYPERVOLUME_H

#include "base/mem.h"

/**
 * The volume of all that is dominated by one of the points and dominates the reference, everything
 * minimised. Points need not be a front; those that don't dominate the reference add nothing.
 *
 * @param points     n x m, finite; m >= 1
 * @param reference  m
 * @return           >= 0; NaN when memory is out
 * Cost: a sort and a sweep for m <= 2, O(n^2) for m = 3; above, up to O(n^(m-1))
 */
double hypervolume(const double *points, size_t n, size_t m, const double *reference,
                   struct arena *scratch);

#endif
