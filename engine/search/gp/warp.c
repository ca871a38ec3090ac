/*
 * warp.c: values as a Gaussian process likes them: bad outliers pulled in, skew taken out.
 *
 *   1. With median m and s = m - (lower decile): above c = m + 3 s only c + s ln(1 + (y - c)/s).
 *   2. Standardise, then Yeo & Johnson's power whose exponent lambda makes the result most normal.
 *   3. Standardise again.
 * The good end keeps its shape: a transform to ranks would flatten the optimum.
 *
 * Source: Yeo & Johnson, "A new family of power transformations", Biometrika 87 (2000) 954-959;
 *     step 2 as in HEBO (Cowen-Rivers et al. 2022). Step 1 is ours.
 * Invariants: the map rises; it depends on the values but not on their order.
 */
#include "search/gp/gp.h"

#include <math.h>
#include <string.h>

#include "base/numeric.h"

#define LAMBDA_LOW    (-1.0)
#define LAMBDA_HIGH   3.0
#define LAMBDA_STEP   1e-3
#define MIN_FOR_CUT   3
#define MIN_FOR_POWER 6
#define CUT_AT        3.0
#define MIN_SD        0.1 /* of the power's result; below, lambda = 1 */

/* Linear between order statistics. */
static double quantile(const double *sorted, size_t n, double p)
{
    double at = p * (double)(n - 1);
    size_t i = (size_t)at;
    if (i + 1 >= n)
        return sorted[n - 1];
    return sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]);
}

static void moments(const double *y, size_t n, double *mean, double *sd)
{
    double sum = 0.0, square = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += y[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        square += (y[i] - sum) * (y[i] - sum) / (double)n;
    *mean = sum;
    *sd = sqrt(square);
}

static double power(double z, double lambda)
{
    if (z >= 0.0)
        return fabs(lambda) < 1e-9 ? num_log1p(z) : num_expm1(lambda * num_log1p(z)) / lambda;
    double mirrored = 2.0 - lambda;
    return fabs(mirrored) < 1e-9 ? -num_log1p(-z) : -num_expm1(mirrored * num_log1p(-z)) / mirrored;
}

static double inverse_power(double p, double lambda)
{
    bool right = p >= 0.0;
    double exponent = right ? lambda : 2.0 - lambda, size = fabs(p);
    double z = size;
    if (fabs(exponent) < 1e-9)
        z = num_expm1(size);
    else
        z = num_expm1(num_log1p(fmax(exponent * size, -1.0 + 1e-12)) / exponent);
    return right ? z : -z;
}

/* Log likelihood of lambda for standardised values, as normal after the power. */
static double power_likelihood(const double *z, size_t n, double lambda, double *work)
{
    double jacobian = 0.0, mean, sd;
    for (size_t i = 0; i < n; i++) {
        work[i] = power(z[i], lambda);
        jacobian += z[i] >= 0.0 ? num_log1p(z[i]) : -num_log1p(-z[i]);
    }
    moments(work, n, &mean, &sd);
    double likelihood = -(double)n * num_log(sd) + (lambda - 1.0) * jacobian;
    return isnan(likelihood) ? -(double)INFINITY : likelihood;
}

static double best_lambda(const double *z, size_t n, double *work)
{
    const double golden = 0.61803398874989484820;
    double low = LAMBDA_LOW, high = LAMBDA_HIGH;
    double a = high - golden * (high - low), b = low + golden * (high - low);
    double at_a = power_likelihood(z, n, a, work), at_b = power_likelihood(z, n, b, work);
    while (high - low > LAMBDA_STEP) {
        if (at_a >= at_b) {
            high = b;
            b = a;
            at_b = at_a;
            a = high - golden * (high - low);
            at_a = power_likelihood(z, n, a, work);
        } else {
            low = a;
            a = b;
            at_a = at_b;
            b = low + golden * (high - low);
            at_b = power_likelihood(z, n, b, work);
        }
    }
    return 0.5 * (low + high);
}

static double standardised(const struct gp_warp *w, double y)
{
    if (w->spread > 0.0 && y > w->cut)
        y = w->cut + w->spread * num_log1p((y - w->cut) / w->spread);
    return w->sd > 0.0 ? (y - w->mean) / w->sd : 0.0;
}

void gp_warp_fit(struct gp_warp *w, const double *y, size_t n, double *work)
{
    *w = (struct gp_warp){.lambda = 1.0, .sd_after = 1.0};
    double *z = work, *powered = work + n;
    memcpy(z, y, n * sizeof *z);
    num_sort(z, n); /* sums in this order don't depend on that of the trials */
    if (n >= MIN_FOR_CUT) {
        double median = quantile(z, n, 0.5);
        w->spread = median - quantile(z, n, 0.1);
        if (!(w->spread > 0.0)) {
            double mean;
            moments(z, n, &mean, &w->spread);
        }
        w->cut = median + CUT_AT * w->spread;
        for (size_t i = 0; w->spread > 0.0 && i < n; i++)
            if (z[i] > w->cut)
                z[i] = w->cut + w->spread * num_log1p((z[i] - w->cut) / w->spread);
    }
    moments(z, n, &w->mean, &w->sd);
    /* A spread of rounding errors is none. */
    if (!(w->sd > 1e-14 * fabs(w->mean)) || isinf(w->sd)) {
        w->sd = 0.0;
        return;
    }
    if (n < MIN_FOR_POWER)
        return;
    for (size_t i = 0; i < n; i++)
        z[i] = (z[i] - w->mean) / w->sd;
    double lambda = best_lambda(z, n, powered), mean, sd;
    for (size_t i = 0; i < n; i++)
        powered[i] = power(z[i], lambda);
    moments(powered, n, &mean, &sd);
    if (!(sd >= MIN_SD) || isinf(sd))
        return;
    w->lambda = lambda;
    w->mean_after = mean;
    w->sd_after = sd;
}

double gp_warp(const struct gp_warp *w, double y)
{
    return (power(standardised(w, y), w->lambda) - w->mean_after) / w->sd_after;
}

double gp_unwarp(const struct gp_warp *w, double t)
{
    double y = w->mean + w->sd * inverse_power(t * w->sd_after + w->mean_after, w->lambda);
    if (w->spread > 0.0 && y > w->cut)
        y = w->cut + w->spread * num_expm1((y - w->cut) / w->spread);
    return y;
}
