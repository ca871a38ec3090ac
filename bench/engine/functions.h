/* functions.h: the base functions of suites/functions.py. */
#ifndef HONE_BENCH_FUNCTIONS_H
#define HONE_BENCH_FUNCTIONS_H

#include <stddef.h>

/** z: d numbers; the minimum 0 is at z = 0, on the scale of BBOB's domain [-5, 5]. */
typedef double base_function(const double *z, size_t d);
/** u: d numbers in [0, 1]; away: d distances in [0, 1] from the optimum; values: the objectives. */
typedef void multi_function(const double *u, const double *away, size_t d, double *values);

/** By the name in functions.py; NULL when there is none. */
base_function *function_find(const char *name);
multi_function *function_find_multi(const char *name);

#endif
