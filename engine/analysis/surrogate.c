/*
 * surrogate.c: see surrogate.h. A row left out has, with theta as it is,
 *     mu_i = t_i - alpha_i / (K^-1)_ii,   var_i = 1 / (K^-1)_ii - noise of row i
 * (Rasmussen & Williams 2006, eq. 5.12, less the noise).
 */
#include "analysis/surrogate.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/linalg.h"
#include "base/numeric.h"

#define VAR_FLOOR 1e-14

double value_capped(const struct gp_warp *warp, double y)
{
    return warp->spread > 0.0 ? fmin(y, warp->cut) : y;
}

static bool leave_each_out(struct surrogate *s)
{
    const struct gp_posterior *p = &s->model.posterior;
    const struct gp_data *data = &s->model.data;
    size_t n = p->n, size = p->rows * p->stride;
    double *work = arena_array(s->view->scratch, size, sizeof *work);
    double *inverse = arena_array(s->view->scratch, size, sizeof *inverse);
    s->mu_without = arena_array(s->view->scratch, 2 * n, sizeof(double));
    if (work == NULL || inverse == NULL || s->mu_without == NULL)
        return false;
    s->var_without = s->mu_without + n;
    linalg_inverse(p->R, n, p->stride, work, inverse);
    double mean = 0.0, left = 0.0, whole = 0.0;
    for (size_t i = 0; i < n; i++)
        mean += data->t[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double precision = inverse[i * p->stride + i];
        double noise = p->kernel.noise * data->weight[i] + data->extra[i];
        double error = p->alpha[i] / precision;
        s->mu_without[i] = data->t[i] - error;
        s->var_without[i] = fmax(1.0 / precision - noise, VAR_FLOOR);
        left += error * error;
        whole += (data->t[i] - mean) * (data->t[i] - mean);
    }
    s->fit = whole > 0.0 ? 1.0 - left / whole : (double)NAN;
    return true;
}

hone_status surrogate_init(struct surrogate *s, const struct search_view *view, size_t objective,
                           hone_error *err)
{
    struct gp_progress progress = {0};
    *s = (struct surrogate){.view = view, .sign = view->options->maximize[objective] ? -1.0 : 1.0};
    if (!gp_space_init(&s->gs, view->space, view->scratch) ||
        !gp_model_init(&s->model, view, &s->gs, objective))
        return error_memory(err);
    if (s->gs.d == 0)
        return error_set(err, HONE_ESTATE, "no parameter has more than one value");
    if (!gp_model_has_values(&s->model))
        return error_set(err, HONE_ESTATE,
                         "a model needs 3 configurations with values that differ, there are %zu",
                         s->model.rows.n);
    s->theta = arena_array(view->scratch, s->gs.d + GP_EXTRA, sizeof(double));
    s->x = arena_array(view->scratch, s->gs.n_features * GP_COLUMNS, sizeof(double));
    s->mu = arena_array(view->scratch, 2 * GP_COLUMNS, sizeof(double));
    if (s->theta == NULL || s->x == NULL || s->mu == NULL)
        return error_memory(err);
    s->var = s->mu + GP_COLUMNS;
    gp_prior(&s->gs, s->theta, NULL, NULL, NULL);
    if (!gp_model_fit(&s->model, &progress, s->theta))
        return error_memory(err);
    hone_status status = gp_model_condition(&s->model, s->theta);
    if (status == HONE_EINVAL)
        return error_set(err, HONE_ESTATE, "the model cannot be fitted to these values");
    return status == HONE_OK && leave_each_out(s) ? HONE_OK : error_memory(err);
}

/* mu = k' alpha, without the variances, which cost n times as much. */
static void means(struct surrogate *s, size_t columns)
{
    struct gp_posterior *p = &s->model.posterior;
    gp_scale(p->gs, &p->kernel, s->x, GP_COLUMNS, columns, p->x);
    gp_covariances(p->gs, &p->kernel, (struct gp_columns){p->features, p->data->step}, p->n,
                   (struct gp_columns){p->x, GP_COLUMNS}, 0, columns, p->k, NULL, columns);
    memset(s->mu, 0, columns * sizeof *s->mu);
    for (size_t i = 0; i < p->n; i++)
        for (size_t c = 0; c < columns; c++)
            s->mu[c] += p->alpha[i] * p->k[i * columns + c];
}

void surrogate_means(struct surrogate *s, const double *u, size_t n, double *mu, double *row)
{
    size_t width = s->view->space->n;
    for (size_t from = 0; from < n; from += GP_COLUMNS) {
        size_t m = n - from < GP_COLUMNS ? n - from : GP_COLUMNS;
        for (size_t c = 0; c < m; c++) {
            space_of_unit(s->view->space, u + (from + c) * width, row);
            gp_features(&s->gs, row, s->x + c, GP_COLUMNS);
        }
        means(s, GP_COLUMNS);
        memcpy(mu + from, s->mu, m * sizeof *mu);
    }
}

void surrogate_at(struct surrogate *s, const double *rows, size_t n, double *mu, double *var)
{
    for (size_t c = 0; c < n; c++)
        gp_features(&s->gs, rows + c * s->view->space->n, s->x + c, GP_COLUMNS);
    gp_predict(&s->model.posterior, s->x, (n + 7) / 8 * 8, s->mu, s->var);
    memcpy(mu, s->mu, n * sizeof *mu);
    memcpy(var, s->var, n * sizeof *var);
}
