/*
 * acquisition.c: how promising is a point, given what the Gaussian process believes there?
 *
 * We minimise. With mean mu and standard deviation sd at x, and f* the best value seen,
 *     EI(x) = sd h(z),   z = (f* - mu) / sd,   h(z) = pdf(z) + z cdf(z).
 * In double precision EI is zero from about z = -38 down: no gradient to climb. We take ln EI: ln h
 * directly for z > -1; with Mills' ratio q = cdf/pdf as -z^2/2 - ln(2 pi)/2 + ln(1 + z q) down to
 * -60; by the asymptotic series of 1 + z q below. To it comes
 *     ln(1 - noise / sqrt(sd^2 + noise^2)),
 * which keeps a noisy study from asking again and again beside the best value seen.
 * Every fourth ask takes the lower confidence bound mu - sd/2 instead, which is greedier.
 *
 * Sources: EI: Jones, Schonlau & Welch, J. Global Optimization 13 (1998) 455-492; its logarithm:
 *     Ament, Daulton, Eriksson, Balandat & Bakshy, NeurIPS 36 (2023); the noise factor: Huang,
 *     Allen, Notz & Zeng, J. Global Optimization 34 (2006) 441-466.
 * Departures: the schedule; a batch is built one point at a time, not jointly.
 */
#include "search/gp/gp.h"

#include <math.h>

#include "base/numeric.h"

#define HALF_LN_2PI  0.91893853320467274178
#define SQRT_PI_2    1.2533141373155002512
#define INV_SQRT_2   0.70710678118654752440
#define DIRECT_ABOVE (-1.0)
#define SERIES_BELOW (-60.0)
#define BOUND_SD     0.5 /* sd's that the lower bound lies below the mean */

/* ln h(z), cdf/h and pdf/h */
static double log_h(double z, double *cdf_h, double *pdf_h)
{
    if (z > DIRECT_ABOVE) {
        double pdf = num_normal_pdf(z), cdf = num_normal_cdf(z), h = pdf + z * cdf;
        *cdf_h = cdf / h;
        *pdf_h = pdf / h;
        return num_log(h);
    }
    double q = SQRT_PI_2 * num_erfcx(-z * INV_SQRT_2), rest, ln_rest;
    if (z > SERIES_BELOW) {
        rest = 1.0 + z * q;
        ln_rest = num_log1p(z * q);
    } else {
        double w = 1.0 / (z * z);
        double series = w * (-3.0 + w * (15.0 + w * (-105.0 + w * 945.0)));
        rest = w * (1.0 + series);
        ln_rest = -2.0 * num_log(-z) + num_log1p(series);
    }
    *cdf_h = q / rest;
    *pdf_h = 1.0 / rest;
    return -0.5 * z * z - HALF_LN_2PI + ln_rest;
}

struct gp_gain gp_log_improvement(double mu, double sd, double best)
{
    double cdf_h, pdf_h, value = num_log(sd) + log_h((best - mu) / sd, &cdf_h, &pdf_h);
    return (struct gp_gain){value, -cdf_h / sd, pdf_h / sd};
}

struct gp_gain gp_acquire(enum gp_mode mode, double mu, double sd, double best, double noise)
{
    if (mode == GP_LOWER_BOUND)
        return (struct gp_gain){BOUND_SD * sd - mu, -1.0, BOUND_SD};
    struct gp_gain gain = gp_log_improvement(mu, sd, best);
    double sd_noise = sqrt(noise), both = sqrt(sd * sd + noise);
    gain.value += num_log(sd * sd / (both * (both + sd_noise)));
    gain.d_sd += sd_noise * (both + sd_noise) / (both * both * sd);
    return gain;
}
