/*
 * fit.c: the most plausible length scales, signal, noise and additive share.
 *
 *     L(theta) = t' alpha / 2 + sum ln R_ii + sum ((theta - centre) / sd)^2 / 2
 * is minus the log posterior of theta (Rasmussen & Williams 2006, eq. 5.8 and 5.9). With
 * W = K^-1 - alpha alpha', the kernel's q_j and rho_j = 1 / (1 + q_j), and
 * G_j = -2 dk/dq_j = G + 2 s2 w/d rho_j^2, G that of the Matern part:
 *     dL/d ln l_j   = sum_{a<b} W_ab G_j,ab q_j,ab
 *     dL/d ln s2    = (n - t' alpha - sum W_aa N_aa) / 2      since tr(W K) = n - t' alpha
 *     dL/d ln noise = noise sum W_aa weight_a / 2
 *     dL/d logit w  = w sum_{a<b} W_ab (s2/d sum_j rho_j,ab - k_ab)
 * plus (theta - centre) / sd^2, where N is the diagonal of noise; the sum of W k over a < b is
 * dL/d ln s2 less the diagonal's share. The mode is used, not a mixture: averaging over theta did
 * not pay.
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
    work->sums = arena_array(arena, (gs->n_features + 1) * LANES, sizeof(double));
    return work->K != NULL && work->G != NULL && work->M != NULL && work->C != NULL &&
           work->alpha != NULL && work->sums != NULL && work->scaled != NULL &&
           gp_kernel_init(&work->kernel, gs, NULL, arena);
}

struct entry {
    double centre, sd, low, high;
};

static struct entry entry_of(const struct gp_space *gs, size_t i)
{
    static const struct entry extra[GP_EXTRA] = {
        [GP_SIGNAL] = {0.08, 0.25, -4.0, 4.0},
        [GP_NOISE] = {-8.16, 2.2, -13.815510557964274, 0.0}, /* from 1e-6 */
        [GP_SHARE] = {-1.4, 1.5, -6.0, 6.0},                 /* a fifth */
    };
    if (i >= gs->d)
        return extra[i - gs->d];
    const double ln_50 = 3.9120230054281460;
    return (struct entry){gs->dims[i].centre, gs->dims[i].sd, -ln_50, ln_50};
}

void gp_prior(const struct gp_space *gs, double *centre, double *sd, double *low, double *high)
{
    for (size_t i = 0; i < gs->d + GP_EXTRA; i++) {
        struct entry entry = entry_of(gs, i);
        if (centre != NULL)
            centre[i] = entry.centre;
        if (sd != NULL)
            sd[i] = entry.sd;
        if (low != NULL)
            low[i] = entry.low;
        if (high != NULL)
            high[i] = entry.high;
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

/* *sum += W (G + G_additive rho^2) q and *rhos += rho, for some rows b */
HONE_INLINE void add_dim(const v8 *WG, const v8 *WA, const v8 *q, double *sum, v8 *rhos)
{
    v8 rho = 1.0 / (1.0 + *q);
    *rhos += rho;
    v8_store(sum, v8_load(sum) + (*WG + *WA * rho * rho) * *q);
}

/*
 * At the first feature f of dimension j, sums[f] = sum_{a<b} W_ab G_j,ab q_j,ab by lanes; and in
 * the last place sum_{a<b} W_ab sum_j rho_j,ab.
 */
HONE_CLONES static void sum_by_feature(const struct gp_space *gs, const struct gp_data *data,
                                       const struct gp_work *w, double *sums)
{
    size_t rows = linalg_rows(data->n), step = data->step;
    double additive = 2.0 * w->kernel.s2 * w->kernel.share / (double)gs->d;
    for (size_t a = 0; a < data->n; a++) {
        const double *C = w->C + a * w->stride, *G = w->G + a * w->stride;
        double alpha = w->alpha[a];
        for (size_t b = a / LANES * LANES; b < rows; b += LANES) {
            v8 g = v8_load(G + b);
            v8i wanted = g > 0.0; /* b > a, and no padding: see fill() */
            v8 W = (v8)((v8i)(v8_load(C + b) - v8_load(w->alpha + b) * alpha) & wanted);
            v8 WG = W * g, WA = W * additive, rhos = {0}, q = {0};
            const double *x = w->scaled;
            double *sum = sums;
            size_t f = 0;
            for (; f < gs->n_square; f++, x += step, sum += LANES) {
                v8 difference = v8_load(x + b) - x[a];
                q = difference * difference;
                add_dim(&WG, &WA, &q, sum, &rhos);
            }
            for (; f < gs->n_metric; f += 2, x += 2 * step, sum += 2 * LANES) {
                v8 first = v8_load(x + b) - x[a], second = v8_load(x + step + b) - x[step + a];
                q = first * first + second * second;
                add_dim(&WG, &WA, &q, sum, &rhos);
            }
            for (; f < gs->n_features; f++, x += step, sum += LANES) {
                v8i differs = v8_load(x + b) != x[a];
                v8_set(&q, w->kernel.inverse[f] * w->kernel.inverse[f]);
                q = (v8)((v8i)q & differs);
                add_dim(&WG, &WA, &q, sum, &rhos);
            }
            v8_store(sum, v8_load(sum) + W * rhos);
        }
    }
}

static void gradient_of(const struct gp_space *gs, const struct gp_data *data, double quadratic,
                        double *gradient, struct gp_work *w)
{
    linalg_inverse(w->K, data->n, w->stride, w->M, w->C);
    memset(w->sums, 0, (gs->n_features + 1) * LANES * sizeof(double));
    sum_by_feature(gs, data, w, w->sums);
    for (size_t j = 0; j < gs->d; j++) {
        v8 sum = v8_load(w->sums + gs->dims[j].feature * LANES);
        gradient[j] = v8_sum(&sum);
    }
    v8 rhos = v8_load(w->sums + gs->n_features * LANES);
    double trace = 0.0, noise = 0.0, diagonal = 0.0;
    for (size_t a = 0; a < data->n; a++) {
        double W = w->C[a * w->stride + a] - w->alpha[a] * w->alpha[a];
        double own = w->kernel.noise * data->weight[a];
        trace += W;
        noise += W * own;
        diagonal += W * (own + data->extra[a]);
    }
    const struct gp_kernel *kernel = &w->kernel;
    double signal = 0.5 * ((double)data->n - quadratic - diagonal);
    double additive = kernel->s2 / (double)gs->d * v8_sum(&rhos);
    gradient[gs->d + GP_SIGNAL] = signal;
    gradient[gs->d + GP_NOISE] = 0.5 * noise;
    gradient[gs->d + GP_SHARE] = kernel->share * (additive - (signal - 0.5 * kernel->s2 * trace));
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
    for (size_t j = 0; j < gs->d + GP_EXTRA; j++) {
        struct entry entry = entry_of(gs, j);
        double away = (theta[j] - entry.centre) / entry.sd;
        loss += 0.5 * away * away;
        if (gradient != NULL)
            gradient[j] += away / entry.sd;
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
    size_t m = gs->d + GP_EXTRA, n_starts = 1 + starts.centre + starts.draws;
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
