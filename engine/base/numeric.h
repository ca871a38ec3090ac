/*
 * numeric.h: elementary and normal-distribution functions whose bits are the same on every machine,
 * which those of the C library are not. Of libm only what IEEE 754 defines exactly is used (sqrt,
 * fabs, floor, ...). Relative errors are below 1e-15 where nothing else is said. All take and give
 * NaN and infinities as their namesakes of <math.h>. None sets errno.
 */
#ifndef HONE_BASE_NUMERIC_H
#define HONE_BASE_NUMERIC_H

#include <stddef.h>

double num_exp(double x);
double num_expm1(double x);
double num_log(double x);
double num_log1p(double x);

/** x to the power y. Exact for whole |y| <= 64 where x^y is a double; else the relative error is
 * below 1e-15 (4 + |y ln x|). */
double num_pow(double x, double y);

/** |x| <= 1e6; absolute error below 1e-16 there. NaN beyond 2^52. */
double num_sin(double x);
double num_cos(double x);

double num_erfc(double x);

/** exp(x^2) erfc(x): what is left of erfc when its decay is taken out. */
double num_erfcx(double x);

double num_normal_pdf(double z);
double num_normal_cdf(double z);
/** ln of the distribution function; finite for every finite z > -1e154. */
double num_normal_log_cdf(double z);
/** The z with num_normal_cdf(z) = p; p = 0 and 1 give infinities. */
double num_normal_quantile(double p);

/** out[i] = exp(x[i]) for x in [-708, 709], clamped to these ends. out may be x. */
void num_exp_all(const double *x, size_t n, double *out);

/** Put n numbers, none of them NaN, in rising order. In place, no allocation; Shell's sort, about
 * O(n^1.3). */
void num_sort(double *x, size_t n);

/** Fill in the indices 0 .. n-1 by rising key, equal keys by index. Keys are not NaN. */
void num_order(const double *key, size_t n, size_t *index);

/** The median of n >= 1 numbers, none of them NaN; sorts x. The two middle ones may be as large as
 * doubles are. */
double num_median(double *x, size_t n);

/** The median as above, and the spread about it: 1.48 times the median distance, which is the
 * standard deviation of a normal distribution. */
double num_centre(double *x, size_t n, double *sd_out);

#endif
