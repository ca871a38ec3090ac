/* near.h: cmocka, and the comparison of doubles that its assertions lack. */
#ifndef HONE_TESTS_NEAR_H
#define HONE_TESTS_NEAR_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static inline void near_check(double actual, double expected, double bound, const char *what,
                              const char *file, int line)
{
    if (actual == expected || fabs(actual - expected) <= bound)
        return;
    print_error("%s = %.17g, expected %.17g within %.3g\n", what, actual, expected, bound);
    _fail(file, line);
}

/** |actual - expected| <= tolerance * max(1, |expected|); fails on NaN. */
#define assert_near(actual, expected, tolerance)                                                   \
    near_check((actual), (expected), (tolerance)*fmax(1.0, fabs(expected)), #actual, __FILE__,     \
               __LINE__)

/** |actual - expected| <= tolerance * |expected|. */
#define assert_near_relative(actual, expected, tolerance)                                          \
    near_check((actual), (expected), (tolerance)*fabs(expected), #actual, __FILE__, __LINE__)

#endif
