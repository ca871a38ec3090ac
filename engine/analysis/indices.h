/* indices.h: Sobol' indices of a function on the unit cube. */
#ifndef HONE_ANALYSIS_INDICES_H
#define HONE_ANALYSIS_INDICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/** Write the function's values at n points (n x d, row-major) to out. */
typedef void unit_function(void *context, const double *u, size_t n, double *out);

/**
 * First-order indices S_j = V(E(f | u_j)) / V(f) and total ones T_j = E(V(f | all but u_j)) / V(f),
 * for independent uniform u; 0 where f is constant. Both are cut to [0, 1].
 *
 * @param seed          of the points
 * @param first, total  out: d each
 * @return false: out of memory
 * Cost: 4096 (d + 2) values of f
 */
bool sobol_indices(unit_function *f, void *context, size_t d, uint64_t seed, double *first,
                   double *total, struct arena *arena);

#endif
