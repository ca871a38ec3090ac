/*
 * distribution.c: the normal distribution of CMA-ES and how ranked samples move it.
 *
 * With weights w_i by rank, y_w = sum of the better half's w_i y_i, L = R':
 *     m       <- m + sigma y_w
 *     p_sigma <- (1 - c_sigma) p_sigma + sqrt(c_sigma (2 - c_sigma) mu_eff) L^-1 y_w
 *     sigma   <- sigma exp((c_sigma / d_sigma) (|p_sigma| / chi - 1)),   chi = E |N(0, I)|
 *     p_c     <- (1 - c_c) p_c + h sqrt(c_c (2 - c_c) mu_eff) y_w
 *     C       <- (1 - c_1 - c_mu sum w) C + c_1 p_c p_c' + c_mu sum w_i y_i y_i'
 * where the worse half has negative weights, scaled so that C stays positive definite.
 *
 * Sources: Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv 1604.00772 (2016); Krause,
 *     Arbonès & Igel, "CMA-ES with Optimal Covariance Update and Storage Complexity", NeurIPS 29
 *     (2016): the factor in place of the root; Hansen, "Injecting External Solutions Into CMA-ES",
 *     arXiv 1110.4181 (2011); Ros & Hansen, PPSN X (2008): the diagonal form.
 * Departures: L instead of the symmetric root of C, as it needs no eigenvectors and has the same
 *     bits everywhere; the widest standard deviation stays below that of a flat cube.
 */
#include "search/cma/cma.h"

#include <math.h>
#include <string.h>

#include "base/linalg.h"
#include "base/numeric.h"

/* Samples of a wider distribution would nearly all be outside the cube. */
#define MAX_SD 0.5

/* The ratio of the largest to the smallest pivot of R is a lower bound of the square root of C's
 * condition; this is that of 1e14. */
#define MAX_RATIO 1e7

bool cma_init(struct cma *cma, size_t d, struct arena *arena)
{
    *cma = (struct cma){.d = d, .full = d <= CMA_FULL, .stride = linalg_stride(d)};
    size_t entries = cma->full ? linalg_rows(d) * cma->stride : d;
    cma->C = arena_array(arena, entries, sizeof(double));
    cma->R = arena_array(arena, entries, sizeof(double));
    cma->m = arena_array(arena, 4 * d, sizeof(double));
    if (cma->C == NULL || cma->R == NULL || cma->m == NULL)
        return false;
    cma->A = cma->m + d;
    cma->p_sigma = cma->m + 2 * d;
    cma->p_c = cma->m + 3 * d;
    return true;
}

double *cma_covariance(const struct cma *cma, size_t i, size_t j)
{
    return cma->full ? &cma->C[i * cma->stride + j] : &cma->C[i];
}

void cma_start(struct cma *cma, const double *m, double sigma)
{
    size_t d = cma->d;
    memcpy(cma->m, m, d * sizeof *m);
    memset(cma->p_sigma, 0, 2 * d * sizeof(double)); /* and p_c behind it */
    memset(cma->C, 0, (cma->full ? linalg_rows(d) * cma->stride : d) * sizeof(double));
    for (size_t j = 0; j < d; j++)
        cma->A[j] = *cma_covariance(cma, j, j) = 1.0;
    cma->sigma = sigma;
    cma->generation = 0;
}

bool cma_factor(struct cma *cma)
{
    size_t d = cma->d, step = cma->full ? cma->stride + 1 : 1;
    if (cma->full) {
        memcpy(cma->R, cma->C, linalg_rows(d) * cma->stride * sizeof(double));
        linalg_pad(cma->R, d, cma->stride);
        if (!linalg_cholesky(cma->R, d, cma->stride))
            return false;
    } else {
        for (size_t j = 0; j < d; j++)
            cma->R[j] = sqrt(cma->C[j]);
    }
    double least = (double)INFINITY, most = 0.0;
    for (size_t j = 0; j < d; j++) {
        least = fmin(least, cma->R[j * step]);
        most = fmax(most, cma->R[j * step]);
    }
    return least > 0.0 && most < MAX_RATIO * least;
}

void cma_sample(const struct cma *cma, struct rng *rng, double *y)
{
    size_t d = cma->d;
    memset(y, 0, d * sizeof *y);
    for (size_t i = 0; i < d; i++) {
        double z = rng_normal(rng);
        if (!cma->full) {
            y[i] = cma->R[i] * z;
            continue;
        }
        const double *row = cma->R + i * cma->stride;
        for (size_t j = i; j < d; j++)
            y[j] += row[j] * z;
    }
}

void cma_point(const struct cma *cma, const double *y, double *x)
{
    for (size_t j = 0; j < cma->d; j++)
        x[j] = cma->m[j] + cma->sigma * cma->A[j] * y[j];
}

double cma_length(const struct cma *cma, const double *y, double *work)
{
    memcpy(work, y, cma->d * sizeof *y);
    if (cma->full)
        linalg_solve_lower(cma->R, cma->d, cma->stride, work);
    double sum = 0.0;
    for (size_t j = 0; j < cma->d; j++) {
        if (!cma->full)
            work[j] /= cma->R[j];
        sum += work[j] * work[j];
    }
    return sqrt(sum);
}

void cma_limit(const struct cma *cma, double *y, double *work)
{
    double d = (double)cma->d, most = sqrt(d) + 2.0 * d / (d + 2.0);
    double length = cma_length(cma, y, work);
    for (size_t j = 0; j < cma->d && length > most; j++)
        y[j] *= most / length;
}

/* The constants of a generation. */
struct rates {
    size_t mu;
    double mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu, chi;
    double *w; /* lambda, the first mu positive with sum 1 */
};

static double sum_of(const double *x, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

/* (sum w)^2 / sum w^2 */
static double effective(const double *w, size_t n)
{
    double sum = sum_of(w, n), squares = 0.0;
    for (size_t i = 0; i < n; i++)
        squares += w[i] * w[i];
    return squares > 0.0 ? sum * sum / squares : 0.0;
}

/* Tutorial, table 1; raw weights are in w. */
static void rates_init(struct rates *r, const struct cma *cma, size_t lambda)
{
    double d = (double)cma->d;
    r->mu = lambda / 2;
    for (size_t i = 0; i < lambda; i++)
        r->w[i] = num_log((double)(lambda + 1) / 2.0) - num_log((double)(i + 1));
    r->mu_eff = effective(r->w, r->mu);
    double mu_eff_worse = effective(r->w + r->mu, lambda - r->mu);

    r->c_sigma = (r->mu_eff + 2.0) / (d + r->mu_eff + 5.0);
    r->d_sigma = 1.0 + r->c_sigma + 2.0 * fmax(0.0, sqrt((r->mu_eff - 1.0) / (d + 1.0)) - 1.0);
    r->c_c = (4.0 + r->mu_eff / d) / (d + 4.0 + 2.0 * r->mu_eff / d);
    r->c_1 = 2.0 / ((d + 1.3) * (d + 1.3) + r->mu_eff);
    r->c_mu = 2.0 * (r->mu_eff - 2.0 + 1.0 / r->mu_eff) / ((d + 2.0) * (d + 2.0) + r->mu_eff);
    if (!cma->full) {
        r->c_1 = fmin(0.5, r->c_1 * (d + 2.0) / 3.0);
        r->c_mu *= (d + 2.0) / 3.0;
    }
    r->c_mu = fmin(r->c_mu, 1.0 - r->c_1);
    r->chi = sqrt(d) * (1.0 - 1.0 / (4.0 * d) + 1.0 / (21.0 * d * d));

    double better = sum_of(r->w, r->mu), worse = -sum_of(r->w + r->mu, lambda - r->mu);
    double bound = fmin(1.0 + r->c_1 / r->c_mu, 1.0 + 2.0 * mu_eff_worse / (r->mu_eff + 2.0));
    bound = fmin(bound, (1.0 - r->c_1 - r->c_mu) / (d * r->c_mu));
    for (size_t i = 0; i < lambda; i++)
        r->w[i] *= i < r->mu ? 1.0 / better : worse > 0.0 ? bound / worse : 0.0;
}

/* C <- C + factor v v' */
static void add_outer(struct cma *cma, double factor, const double *v)
{
    for (size_t i = 0; i < cma->d; i++)
        for (size_t j = i; j < (cma->full ? cma->d : i + 1); j++)
            *cma_covariance(cma, i, j) += factor * v[i] * v[j];
}

/* length: of the lambda steps. */
static void update_C(struct cma *cma, const struct rates *r, const double *Y, size_t lambda,
                     const double *length, bool stalled)
{
    size_t d = cma->d;
    double lost = stalled ? r->c_c * (2.0 - r->c_c) : 0.0;
    double keep = 1.0 + r->c_1 * lost - r->c_1 - r->c_mu * sum_of(r->w, lambda);
    for (size_t i = 0; i < d; i++)
        for (size_t j = i; j < (cma->full ? d : i + 1); j++)
            *cma_covariance(cma, i, j) *= keep;
    add_outer(cma, r->c_1, cma->p_c);
    for (size_t i = 0; i < lambda; i++) {
        double w = r->w[i];
        if (w < 0.0) /* as if it were of the usual length: the direction counts */
            w *= (double)d / fmax(length[i] * length[i], 1e-300);
        if (length[i] > 0.0)
            add_outer(cma, r->c_mu * w, Y + i * d);
    }
}

static void update_sigma(struct cma *cma, const struct rates *r, double path)
{
    double change = r->c_sigma / r->d_sigma * (path / r->chi - 1.0), widest = 0.0;
    cma->sigma *= num_exp(fmin(1.0, change));
    for (size_t j = 0; j < cma->d; j++)
        widest = fmax(widest, sqrt(*cma_covariance(cma, j, j)));
    cma->sigma = fmin(cma->sigma, MAX_SD / widest);
}

bool cma_update(struct cma *cma, const double *Y, size_t lambda, struct arena *arena)
{
    size_t d = cma->d;
    struct rates r = {.w = arena_array(arena, lambda, sizeof(double))};
    double *length = arena_array(arena, lambda, sizeof *length);
    double *step = arena_array(arena, d, sizeof *step), *z = arena_array(arena, d, sizeof *z);
    if (r.w == NULL || length == NULL || step == NULL || z == NULL)
        return false;
    rates_init(&r, cma, lambda);
    for (size_t i = 0; i < lambda; i++)
        length[i] = cma_length(cma, Y + i * d, z);
    for (size_t i = 0; i < r.mu; i++)
        for (size_t j = 0; j < d; j++)
            step[j] += r.w[i] * Y[i * d + j];

    cma_length(cma, step, z);
    double gain = sqrt(r.c_sigma * (2.0 - r.c_sigma) * r.mu_eff), squares = 0.0;
    for (size_t j = 0; j < d; j++) {
        cma->m[j] += cma->sigma * step[j];
        cma->p_sigma[j] = (1.0 - r.c_sigma) * cma->p_sigma[j] + gain * z[j];
        squares += cma->p_sigma[j] * cma->p_sigma[j];
    }
    cma->generation++;
    double path = sqrt(squares);
    double begun = 1.0 - num_pow(1.0 - r.c_sigma, 2.0 * (double)cma->generation);
    bool stalled = !(path / sqrt(begun) < (1.4 + 2.0 / ((double)d + 1.0)) * r.chi);
    gain = stalled ? 0.0 : sqrt(r.c_c * (2.0 - r.c_c) * r.mu_eff);
    for (size_t j = 0; j < d; j++)
        cma->p_c[j] = (1.0 - r.c_c) * cma->p_c[j] + gain * step[j];
    update_C(cma, &r, Y, lambda, length, stalled);
    update_sigma(cma, &r, path);
    return true;
}
