/*
 * fit.c: the most plausible length scales, signal and noise.
 *
 *     L(theta) = t' alpha / 2 + sum ln R_ii + sum ((theta - centre) / sd)^2 / 2
 * is minus the log posterior of theta, and with W = K^-1 - alpha alpha', G = -2 dk/d(r^2):
 *     dL/d ln l_j   = sum_{a<b} W_ab G_ab D_j,ab / l_j^2
 *     dL/d ln s2    = (n - t' alpha - sum W_aa N_aa) / 2      since tr(W K) = n - t' alpha
 *     dL/d ln noise = noise sum W_aa weight_a / 2
 * plus (theta - centre) / sd^2, where N is the diagonal of noise. (Rasmussen & Williams 2006,
 * eq. 5.9.) The mode is used, not a mixture: averaging over theta did not pay.
 */
#include "search/gp/gp.h"

#include <math.h>
#include <string.h>

#include "base/linalg.h"
#include "base/numeric.h"
#include "base/vector.h"
#include "search/gp/lbfgs.h"

#define JITTER     1e-8 /* times s2; ten times as much after each failure */
#define MAX_JITTER 1e-4
#define MIN_GAIN   1e-3 /* by which L must fall for theta to change */

bool gp_data_init(struct gp_data *data, const struct gp_space *gs, size_t n, struct arena *arena)
{
    *data = (struct gp_data){.n = n, .step = linalg_stride(n)};
    data->features = arena_array(arena, gs->n_features * data->step, sizeof(double));
    data->t = arena_array(arena, data->step, sizeof(double));
    data->weight = arena_array(arena, data->step, sizeof(double));
    data->extra = arena_array(arena, data->step, sizeof(double));
    return data->features != NULL && data->t != NULL && data->weight != NULL && data->extra != NULL;
}

bool gp_work_init(struct gp_work *work, const struct gp_space *gs, size_t n, struct arena *arena)
{
    *work = (struct gp_work){.stride = linalg_stride(n)};
    size_t size = linalg_rows(n) * work->stride;
    work->K = arena_array(arena, size, sizeof(double));
    work->G = arena_array(arena, size, sizeof(double));
    work->M = arena_array(arena, size, sizeof(double));
    work->C = arena_array(arena, size, sizeof(double));
    work->alpha = arena_array(arena, work->stride, sizeof(double));
    work->scaled = arena_array(arena, gs->n_features * work->stride, sizeof(double));
    work->sums = arena_array(arena, gs->n_features * LANES, sizeof(double));
    return work->K != NULL && work->G != NULL && work->M != NULL && work->C != NULL &&
           work->alpha != NULL && work->sums != NULL && work->scaled != NULL &&
           gp_kernel_init(&work->kernel, gs, NULL, arena);
}

void gp_prior(const struct gp_space *gs, double *centre, double *sd, double *low, double *high)
{
    for (size_t i = 0; i < gs->d + 2; i++) {
        bool signal = i == gs->d, noise = i > gs->d;
        if (centre != NULL)
            centre[i] = noise ? -8.16 : signal ? 0.08 : gs->dims[i].centre;
        if (sd != NULL)
            sd[i] = noise ? 2.2 : signal ? 0.25 : gs->dims[i].sd;
        if (low != NULL)
            low[i] = noise ? -13.815510557964274 : signal ? -4.0 : -3.9120230054281460;
        if (high != NULL)
            high[i] = noise ? 0.0 : signal ? 4.0 : 3.9120230054281460;
    }
}

/* K and G for the present kernel; G is zero where b <= a and in the padding. */
static void fill(const struct gp_space *gs, const struct gp_data *data, double jitter,
                 struct gp_work *w)
{
    size_t rows = linalg_rows(data->n);
    struct gp_columns all = {w->scaled, data->step};
    for (size_t a = 0; a < data->n; a++) {
        size_t block = a / LANES * LANES;
        double *K = w->K + a * w->stride, *G = w->G + a * w->stride;
        if (a == block)
            gp_covariances(gs, &w->kernel, (struct gp_columns){w->scaled + a, data->step},
                           data->n - a < LANES ? data->n - a : LANES, all, block, rows, K, G,
                           w->stride);
        for (size_t b = block; b <= a; b++)
            G[b] = 0.0;
        for (size_t b = data->n; b < rows; b++)
            G[b] = 0.0;
        K[a] += jitter * w->kernel.s2 + w->kernel.noise * data->weight[a] + data->extra[a];
    }
    linalg_pad(w->K, data->n, w->stride);
}

/* sums[f] = sum_{a<b} W_ab G_ab D_f,ab by lanes, squared features in units of l */
HONE_CLONES static void sum_by_feature(const struct gp_space *gs, const struct gp_data *data,
                                       const struct gp_work *w, double *sums)
{
    size_t rows = linalg_rows(data->n), step = data->step;
    for (size_t a = 0; a < data->n; a++) {
        const double *C = w->C + a * w->stride, *G = w->G + a * w->stride;
        double alpha = w->alpha[a];
        for (size_t b = a / LANES * LANES; b < rows; b += LANES) {
            v8 weight = (v8_load(C + b) - v8_load(w->alpha + b) * alpha) * v8_load(G + b);
            const double *feature = w->scaled;
            for (size_t f = 0; f < gs->n_square; f++, feature += step) {
                v8 difference = v8_load(feature + b) - feature[a];
                v8_store(sums + f * LANES,
                         v8_load(sums + f * LANES) + weight * difference * difference);
            }
            for (size_t f = gs->n_square; f < gs->n_features; f++, feature += step) {
                v8i differs = v8_load(feature + b) != feature[a];
                v8_store(sums + f * LANES, v8_load(sums + f * LANES) + (v8)((v8i)weight & differs));
            }
        }
    }
}

static void gradient_of(const struct gp_space *gs, const struct gp_data *data, double quadratic,
                        double *gradient, struct gp_work *w)
{
    linalg_inverse(w->K, data->n, w->stride, w->M, w->C);
    memset(w->sums, 0, gs->n_features * LANES * sizeof(double));
    sum_by_feature(gs, data, w, w->sums);
    for (size_t j = 0; j < gs->d + 2; j++)
        gradient[j] = 0.0;
    for (size_t f = 0; f < gs->n_features; f++) {
        v8 sum = v8_load(w->sums + f * LANES);
        double weight = f < gs->n_square ? 1.0 : w->kernel.inverse[f] * w->kernel.inverse[f];
        gradient[gs->dim_of[f]] += weight * v8_sum(&sum);
    }
    double noise = 0.0, diagonal = 0.0;
    for (size_t a = 0; a < data->n; a++) {
        double W = w->C[a * w->stride + a] - w->alpha[a] * w->alpha[a];
        double own = w->kernel.noise * data->weight[a];
        noise += W * own;
        diagonal += W * (own + data->extra[a]);
    }
    gradient[gs->d] = 0.5 * ((double)data->n - quadratic - diagonal);
    gradient[gs->d + 1] = 0.5 * noise;
}

double gp_loss(const struct gp_space *gs, const struct gp_data *data, const double *theta,
               double *gradient, struct gp_work *w)
{
    gp_kernel_set(&w->kernel, gs, theta);
    gp_scale(gs, &w->kernel, data->features, data->step, data->n, w->scaled);
    double jitter = JITTER;
    fill(gs, data, jitter, w);
    while (!linalg_cholesky(w->K, data->n, w->stride)) {
        jitter *= 10.0;
        if (jitter > 1.001 * MAX_JITTER)
            return (double)INFINITY;
        fill(gs, data, jitter, w);
    }
    memset(w->alpha, 0, w->stride * sizeof(double));
    memcpy(w->alpha, data->t, data->n * sizeof(double));
    linalg_solve_lower(w->K, data->n, w->stride, w->alpha);
    double quadratic = linalg_dot(w->alpha, w->alpha, data->n), loss = 0.5 * quadratic;
    linalg_solve_upper(w->K, data->n, w->stride, w->alpha);
    for (size_t a = 0; a < data->n; a++)
        loss += num_log(w->K[a * w->stride + a]);
    if (gradient != NULL)
        gradient_of(gs, data, quadratic, gradient, w);
    for (size_t j = 0; j < gs->d + 2; j++) {
        double centre = j < gs->d ? gs->dims[j].centre : j == gs->d ? 0.08 : -8.16;
        double sd = j < gs->d ? gs->dims[j].sd : j == gs->d ? 0.25 : 2.2;
        double away = (theta[j] - centre) / sd;
        loss += 0.5 * away * away;
        if (gradient != NULL)
            gradient[j] += away / sd;
    }
    return loss;
}

static size_t evaluations(size_t n)
{
    return n <= 60 ? 25 : n <= 150 ? 15 : 8;
}

bool gp_fit(const struct gp_space *gs, const struct gp_data *data, struct gp_starts starts,
            struct rng *rng, double *theta, struct arena *arena)
{
    size_t m = gs->d + 2, n_starts = 1 + starts.centre + starts.draws;
    double *box = arena_array(arena, 6 * m, sizeof *box);
    struct gp_work work;
    struct lbfgs l;
    if (box == NULL || !gp_work_init(&work, gs, data->n, arena) || !lbfgs_init(&l, m, arena))
        return false;
    double *centre = box, *sd = box + m, *low = box + 2 * m, *high = box + 3 * m;
    double *start = box + 4 * m, *gradient = box + 5 * m;
    gp_prior(gs, centre, sd, low, high);
    l.low = low;
    l.high = high;
    l.first_step = 0.5;
    l.gradient_tolerance = 1e-2 * (1.0 + (double)data->n / 50.0);
    l.decrease_tolerance = 1e-5;
    double best = (double)INFINITY, *found = arena_array(arena, m, sizeof *found);
    if (found == NULL)
        return false;
    double present = gp_loss(gs, data, theta, NULL, &work);
    for (size_t s = 0; s < n_starts; s++) {
        for (size_t j = 0; j < m; j++)
            start[j] = s == 0                    ? theta[j]
                       : starts.centre && s == 1 ? centre[j]
                                                 : centre[j] + sd[j] * rng_normal(rng);
        l.evaluations_left = evaluations(data->n);
        lbfgs_start(&l, start);
        double f;
        do
            f = gp_loss(gs, data, l.trial, gradient, &work);
        while (lbfgs_next(&l, f, gradient));
        if (l.f < best) {
            best = l.f;
            memcpy(found, l.x, m * sizeof *found);
        }
    }
    if (best < present - MIN_GAIN)
        memcpy(theta, found, m * sizeof *theta);
    return true;
}
