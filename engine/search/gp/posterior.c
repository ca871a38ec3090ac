/*
 * posterior.c: what the Gaussian process believes of the points not yet tried.
 *
 *     mu(x) = m(x) + k' alpha,   sd^2(x) = s2 - |R^-T k|^2,   k_i = k(x, x_i),
 * with the prior mean m, mostly zero, and alpha of t - m.
 * Pending rows are handled in the same pass: v = R^-T t is built row by row, and a row without a
 * value gets the mean given the rows before it, t_i = mu_i, which is v_i = 0.
 * Invariant: var >= VAR_FLOOR.
 */
#include "search/gp/gp.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/linalg.h"
#include "base/vector.h"

#define JITTER     1e-8
#define MAX_JITTER 1e-4
#define VAR_FLOOR  1e-14

static bool factor(struct gp_posterior *p)
{
    const struct gp_data *data = p->data;
    for (double jitter = JITTER; jitter < 1.001 * MAX_JITTER; jitter *= 10.0) {
        for (size_t a = 0; a < p->n; a++) {
            double *K = p->R + a * p->stride;
            if (a % LANES == 0)
                gp_covariances(p->gs, &p->kernel, (struct gp_columns){p->features + a, data->step},
                               p->n - a < LANES ? p->n - a : LANES,
                               (struct gp_columns){p->features, data->step}, a, p->rows, K, NULL,
                               p->stride);
            K[a] += jitter * p->kernel.s2 + p->kernel.noise * data->weight[a] + data->extra[a];
        }
        linalg_pad(p->R, p->n, p->stride);
        if (linalg_cholesky(p->R, p->n, p->stride))
            return true;
    }
    return false;
}

/* alpha, and t of the last n_pending rows */
static void condition(struct gp_posterior *p, double *t, size_t n_pending)
{
    size_t told = p->n - n_pending;
    double *v = p->alpha;
    memcpy(v, t, told * sizeof *v);
    memset(v + told, 0, (p->rows - told) * sizeof *v);
    linalg_solve_lower(p->R, told, p->stride, v);
    for (size_t i = told; i < p->n; i++) {
        t[i] = 0.0;
        for (size_t k = 0; k < told; k++)
            t[i] += p->R[k * p->stride + i] * v[k];
    }
    linalg_solve_upper(p->R, told, p->stride, v);
}

hone_status gp_posterior_init(struct gp_posterior *p, const struct gp_space *gs,
                              struct gp_data *data, size_t n_pending, const double *theta,
                              struct arena *arena)
{
    *p = (struct gp_posterior){
        .gs = gs,
        .data = data,
        .n = data->n,
        .rows = linalg_rows(data->n),
        .stride = linalg_stride(data->n),
    };
    p->R = arena_array(arena, p->rows * p->stride, sizeof(double));
    p->alpha = arena_array(arena, p->rows, sizeof(double));
    p->features = arena_array(arena, gs->n_features * data->step, sizeof(double));
    p->x = arena_array(arena, gs->n_features * GP_COLUMNS, sizeof(double));
    p->k = arena_array(arena, p->rows * GP_COLUMNS, sizeof(double));
    p->g = arena_array(arena, p->rows * GP_COLUMNS, sizeof(double));
    p->v = arena_array(arena, p->rows * GP_COLUMNS, sizeof(double));
    if (p->R == NULL || p->alpha == NULL || p->features == NULL || p->x == NULL || p->k == NULL ||
        p->g == NULL || p->v == NULL || !gp_kernel_init(&p->kernel, gs, theta, arena))
        return HONE_ENOMEM;
    gp_scale(gs, &p->kernel, data->features, data->step, data->n, p->features);
    if (!factor(p))
        return HONE_EINVAL;
    condition(p, data->t, n_pending);
    return HONE_OK;
}

HONE_CLONES static void reduce(const struct gp_posterior *p, size_t columns, double *mu,
                               double *var)
{
    for (size_t c = 0; c < columns; c += LANES) {
        v8 mean = {0}, square = {0};
        for (size_t i = 0; i < p->n; i++) {
            v8 v = v8_load(p->v + i * columns + c);
            mean += v8_load(p->k + i * columns + c) * p->alpha[i];
            square += v * v;
        }
        v8 rest = p->kernel.s2 - square, floor;
        v8_set(&floor, VAR_FLOOR);
        v8_replace(&rest, rest < floor, floor);
        v8_store(mu + c, mean);
        v8_store(var + c, rest);
    }
}

/* mu += the prior mean */
static void add_mean(struct gp_mean *mean, const double *x, size_t columns, double *mu)
{
    double part[GP_COLUMNS];
    for (size_t c = 0; c < columns; c++)
        mu[c] += mean->constant;
    for (size_t i = 0; i < mean->n; i++) {
        gp_predict_mean(&mean->parts[i], x, columns, part);
        for (size_t c = 0; c < columns; c++)
            mu[c] += mean->weight[i] * part[c];
    }
}

void gp_mean_at(struct gp_mean *mean, const double *x, size_t columns, double *mu)
{
    memset(mu, 0, columns * sizeof *mu);
    add_mean(mean, x, columns, mu);
}

static void cross_covariances(struct gp_posterior *p, const double *x, size_t columns)
{
    gp_scale(p->gs, &p->kernel, x, GP_COLUMNS, columns, p->x);
    gp_covariances(p->gs, &p->kernel, (struct gp_columns){p->features, p->data->step}, p->n,
                   (struct gp_columns){p->x, GP_COLUMNS}, 0, columns, p->k,
                   columns == LANES ? p->g : NULL, columns);
}

HONE_CLONES static void reduce_mean(const struct gp_posterior *p, size_t columns, double *mu)
{
    for (size_t c = 0; c < columns; c += LANES) {
        v8 mean = {0};
        for (size_t i = 0; i < p->n; i++)
            mean += v8_load(p->k + i * columns + c) * p->alpha[i];
        v8_store(mu + c, mean);
    }
}

void gp_predict_mean(struct gp_posterior *p, const double *x, size_t columns, double *mu)
{
    cross_covariances(p, x, columns);
    reduce_mean(p, columns, mu);
    if (p->mean != NULL)
        add_mean(p->mean, x, columns, mu);
}

void gp_predict(struct gp_posterior *p, const double *x, size_t columns, double *mu, double *var)
{
    cross_covariances(p, x, columns);
    memcpy(p->v, p->k, p->n * columns * sizeof(double));
    memset(p->v + p->n * columns, 0, (p->rows - p->n) * columns * sizeof(double));
    linalg_solve_lower_many(p->R, p->n, p->stride, p->v, columns, columns);
    reduce(p, columns, mu, var);
    if (p->mean != NULL)
        add_mean(p->mean, x, columns, mu);
}

/* Minus the sum over rows of (d_mu alpha_i - d_sd (K^-1 k)_i / sd) G_j,i (x - x_i) / l^2, with G_j
 * as in fit.c. */
HONE_CLONES static void sum_gradient(const struct gp_posterior *p, const v8 *d_mu, const v8 *d_var,
                                     double *out)
{
    const struct gp_space *gs = p->gs;
    const struct gp_data *data = p->data;
    double additive = 2.0 * p->kernel.s2 * p->kernel.share / (double)gs->d;
    for (size_t i = 0; i < p->n; i++) {
        v8 w = *d_mu * p->alpha[i] + *d_var * v8_load(p->v + i * LANES);
        v8 wg = w * v8_load(p->g + i * LANES), wa = w * additive;
        for (size_t j = 0; j < gs->d; j++) {
            const struct gp_dim *dim = &gs->dims[j];
            if (!dim->continuous)
                continue;
            size_t f = dim->feature;
            const double *feature = p->features + f * data->step + i;
            double *sum = out + j * LANES;
            v8 u = v8_load(p->x + f * GP_COLUMNS), difference = u - feature[0];
            v8 q = difference * difference, slope = difference * p->kernel.inverse[f];
            if (dim->metric == GP_CHORD) { /* sin(x - x_i) / l^2 from cosines and sines */
                v8 sine = v8_load(p->x + (f + 1) * GP_COLUMNS);
                difference = sine - feature[data->step];
                q += difference * difference;
                slope = sine * feature[0] - u * feature[data->step];
            }
            v8 rho = 1.0 / (1.0 + q);
            v8_store(sum, v8_load(sum) - (wg + wa * rho * rho) * slope);
        }
    }
}

void gp_predict_gradient(struct gp_posterior *p, const double *d_mu, const double *d_sd,
                         const double *sd, double *out)
{
    linalg_solve_upper_many(p->R, p->n, p->stride, p->v, LANES, LANES);
    v8 mu = v8_load(d_mu), var = -v8_load(d_sd) / v8_load(sd);
    memset(out, 0, p->gs->d * LANES * sizeof(double));
    sum_gradient(p, &mu, &var, out);
    /* The parts' k and g are of the same points: gp_predict() was at them too. */
    for (size_t i = 0; p->mean != NULL && i < p->mean->n; i++) {
        v8 part = mu * p->mean->weight[i], none = {0};
        sum_gradient(&p->mean->parts[i], &part, &none, out);
    }
}
