/*
 * confirm.c: what repeated runs of the best configurations say: hone_confirm().
 *
 * A configuration's mean has Student's interval, mean +- t s / sqrt(n) with n - 1 degrees of
 * freedom, from its own runs alone. With two or three runs s is hardly known; for the question
 * which one is best all candidates are taken to have the same noise, as the best configurations of
 * one study nearly do: s^2 is pooled, with v = sum (n_i - 1) degrees of freedom, and the means are
 * believed to be normal around what was seen, given s:
 *     v s^2 / sigma^2 ~ chi^2_v,   mu_i ~ N(mean_i, sigma^2 / n_i)
 * (the posterior under the usual flat priors; Gelman et al., Bayesian Data Analysis, 3rd ed.,
 * section 3.2). The probability that mu_i is the best is counted over 20,000 draws.
 *
 * Student's distribution for a whole number of degrees of freedom is a finite sum in the angle a
 * with t = sqrt(v) tan a (Abramowitz & Stegun, 26.7.3 and 26.7.4), in which the quantile is found
 * by bisection: no arctangent is needed.
 */
#include <math.h>

#include "analysis/confirm.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/numeric.h"
#include "base/rng.h"

#define LEVEL  0.95
#define DRAWS  20000
#define STREAM 2000 /* of random numbers */

/* P(|T| <= sqrt(v) tan a). */
static double student_within(double a, size_t v)
{
    const double pi = 3.14159265358979323846;
    double s = num_sin(a), c = num_cos(a), term = 1.0, sum = 1.0;
    if (v == 1)
        return 2.0 * a / pi;
    bool odd = v % 2 == 1;
    for (size_t k = odd ? 3 : 2; k < v - 1; k += 2) {
        term *= c * c * (double)(k - 1) / (double)k;
        sum += term;
    }
    return odd ? 2.0 / pi * (a + s * c * sum) : s * sum;
}

double student_quantile(double level, size_t v)
{
    double low = 0.0, high = 1.57079632679489661923;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high);
        if (student_within(middle, v) < level)
            low = middle;
        else
            high = middle;
    }
    double a = 0.5 * (low + high);
    return sqrt((double)v) * num_sin(a) / num_cos(a);
}

struct moments {
    double mean, squares; /* squares: sum of (x - mean)^2 */
};

static struct moments moments_of(const hone_repeats *r)
{
    struct moments m = {0};
    for (size_t i = 0; i < r->n; i++)
        m.mean += r->values[i] / (double)r->n;
    for (size_t i = 0; i < r->n; i++)
        m.squares += (r->values[i] - m.mean) * (r->values[i] - m.mean);
    return m;
}

static hone_status check(size_t n, const hone_repeats *repeats, hone_error *err)
{
    if (n == 0)
        return error_set(err, HONE_EINVAL, "there is no configuration to confirm");
    for (size_t i = 0; i < n; i++) {
        if (repeats[i].n == 0)
            return error_set(err, HONE_EINVAL, "configuration %zu has no run", i);
        for (size_t k = 0; k < repeats[i].n; k++)
            if (!isfinite(repeats[i].values[k]))
                return error_set(err, HONE_EINVAL, "configuration %zu: run %zu is not finite", i,
                                 k);
    }
    return HONE_OK;
}

/* Give each draw to whichever mean is the best in it; equal ones share it. */
static void count_draw(size_t n, const double *mean, bool maximize, hone_confirmed *out)
{
    double best = mean[0];
    size_t equal = 0;
    for (size_t i = 0; i < n; i++)
        best = maximize ? fmax(best, mean[i]) : fmin(best, mean[i]);
    for (size_t i = 0; i < n; i++)
        equal += mean[i] == best;
    for (size_t i = 0; i < n; i++)
        if (mean[i] == best)
            out[i].probability += 1.0 / (double)equal / DRAWS;
}

static void draw_means(size_t n, const hone_repeats *repeats, double variance, size_t v,
                       const hone_confirmed *out, uint64_t draw, double *mean)
{
    struct rng rng;
    rng_init(&rng, draw, RNG_ANALYSIS, STREAM);
    double chi = 0.0;
    for (size_t k = 0; k < v; k++) {
        double z = rng_normal(&rng);
        chi += z * z;
    }
    double sigma = chi > 0.0 ? sqrt(variance * (double)v / chi) : 0.0;
    for (size_t i = 0; i < n; i++)
        mean[i] = out[i].mean + sigma / sqrt((double)repeats[i].n) * rng_normal(&rng);
}

hone_status hone_confirm(size_t n, const hone_repeats *repeats, bool maximize, hone_confirmed *out,
                         hone_error *err)
{
    hone_status status = check(n, repeats, err);
    if (status != HONE_OK)
        return status;
    double *mean = mem_array(n, sizeof *mean), squares = 0.0;
    size_t v = 0;
    if (mean == NULL)
        return error_memory(err);
    for (size_t i = 0; i < n; i++) {
        struct moments m = moments_of(&repeats[i]);
        double runs = (double)repeats[i].n;
        out[i] = (hone_confirmed){.mean = m.mean, .low = (double)NAN, .high = (double)NAN};
        squares += m.squares;
        v += repeats[i].n - 1;
        if (repeats[i].n < 2)
            continue;
        double half =
            student_quantile(LEVEL, repeats[i].n - 1) * sqrt(m.squares / (runs - 1.0) / runs);
        out[i].low = m.mean - half;
        out[i].high = m.mean + half;
    }
    for (uint64_t draw = 0; draw < DRAWS; draw++) {
        draw_means(n, repeats, v > 0 ? squares / (double)v : 0.0, v, out, draw, mean);
        count_draw(n, mean, maximize, out);
    }
    mem_free(mean);
    return HONE_OK;
}
