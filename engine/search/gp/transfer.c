/*
 * transfer.c: learning from earlier studies of related tasks.
 *
 * A parent's values are taken as normal scores of their ranks, so that neither its scale nor its
 * metric matters (Salinas, Shen & Perrone, "A quantile-based approach for hyperparameter transfer
 * learning", ICML 2020), and modelled by a Gaussian process of its own, whose theta is fitted once.
 * The mean of what is to come is then
 *     m(x) = c + b sum_p w_p mu_p(x),
 * and this study's process models t - m(x).
 *
 * Weights: RGPE (Feurer, Letham & Bakshy, "Scalable meta-learning for Bayesian optimization using
 * ranking-weighted Gaussian process ensembles", AutoML workshop at ICML 2018). In each of 64 draws
 * every parent's posterior is sampled jointly at the points told, and this study's own process at
 * each point given all the others; the process that ranks fewest pairs against the values told wins
 * the draw. w_p is the share of draws won. A parent that is clearly worse than the own process is
 * dropped. b and c are by least squares, b within [0, 1] and drawn towards 1 by as much as one
 * value of unit spread would.
 *
 * What the mean leaves over has less spread than t. The own process is fitted in units of
 *     u^2 = (sum (t - m)^2 + v) / (sum (t - mean t)^2 + v),    v = 2,
 * which makes the search as sure as the parents have proved right.
 *
 * Departures: RGPE averages means, here they are the prior mean of a process of the residuals, as
 * in Google Vizier (Song et al., arXiv 2408.11527); Vizier scales the deviation by the stacked
 * models' own, here by the residuals' spread.
 */
#include "search/gp/transfer.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/linalg.h"
#include "base/numeric.h"

#define MOST_ROWS   256 /* of a parent */
#define MIN_ROWS    3
#define MOST_RANKED 64 /* rows told that weights are found by */
#define LOSS_SHARE  0.95
#define SLOPE_PULL  1.0 /* values of unit spread that speak for b = 1 */
#define UNIT_PULL   2.0 /* ... for u = 1 */
#define JITTER      1e-9

void gp_normal_scores(const double *value, size_t n, double *t)
{
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && value[to] == value[from];)
            to++;
        double rank = 0.5 * (double)(from + to); /* mean of from + 1 .. to, less a half */
        for (size_t i = from; i < to; i++)
            t[i] = num_normal_quantile(rank / (double)n);
    }
}

size_t gp_misranked(const double *f, const double *t, size_t n)
{
    size_t pairs = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            pairs += (t[i] < t[j] && f[i] >= f[j]) || (t[i] > t[j] && f[i] <= f[j]);
    return pairs;
}

void gp_weights(const double *loss, size_t n, double *weight)
{
    double sorted[GP_DRAWS];
    const double *own = loss + n * GP_DRAWS;
    bool dropped[HONE_MAX_PARENTS] = {false};
    memcpy(sorted, own, sizeof sorted);
    num_sort(sorted, GP_DRAWS);
    double most = sorted[(size_t)(LOSS_SHARE * (GP_DRAWS - 1))];
    for (size_t p = 0; p < n; p++) {
        memcpy(sorted, loss + p * GP_DRAWS, sizeof sorted);
        dropped[p] = num_median(sorted, GP_DRAWS) > most;
        weight[p] = 0.0;
    }
    for (size_t s = 0; s < GP_DRAWS; s++) {
        double least = own[s];
        size_t winners = 1;
        for (size_t p = 0; p < n; p++) {
            double l = loss[p * GP_DRAWS + s];
            if (dropped[p] || l > least)
                continue;
            winners = l < least ? 1 : winners + 1;
            least = l;
        }
        for (size_t p = 0; p < n; p++)
            if (!dropped[p] && loss[p * GP_DRAWS + s] == least)
                weight[p] += 1.0 / ((double)winners * GP_DRAWS);
    }
}

/* ---- The parents' processes ------------------------------------------------------------------ */

/* Row number i of so many that are kept: half the best, half spread over the rest. */
static size_t kept_row(size_t i, size_t n)
{
    const size_t best = MOST_ROWS / 2;
    if (n <= MOST_ROWS || i < best)
        return i;
    return best + (2 * (i - best) + 1) * (n - best) / (2 * (MOST_ROWS - best));
}

/* The process of a parent; theta is fitted first where it is not yet. *usable: it says something.
 */
static bool init_parent(const struct gp_model *m, const struct search_parent *parent, bool fitted,
                        double *theta, struct gp_posterior *out, bool *usable)
{
    struct arena *arena = m->view->scratch;
    size_t n = parent->n < MOST_ROWS ? parent->n : MOST_ROWS, width = m->gs->space->n;
    *usable = parent->n >= MIN_ROWS && parent->values[0] < parent->values[parent->n - 1];
    if (!*usable)
        return true;
    double *t = arena_array(arena, parent->n, sizeof *t);
    struct gp_data *data = arena_array(arena, 1, sizeof *data);
    if (t == NULL || data == NULL || !gp_data_init(data, m->gs, n, arena))
        return false;
    gp_normal_scores(parent->values, parent->n, t);
    for (size_t i = 0; i < n; i++) {
        size_t row = kept_row(i, parent->n);
        gp_features(m->gs, parent->rows + row * width, data->features + i, data->step);
        data->t[i] = t[row];
        data->weight[i] = 1.0;
    }
    struct rng rng; /* no start of the fit is drawn */
    rng_init(&rng, m->view->options->seed, RNG_FIT, 0);
    if (!fitted && !gp_fit(m->gs, data, (struct gp_starts){0}, &rng, theta, arena))
        return false;
    hone_status status = gp_posterior_init(out, m->gs, data, 0, theta, arena);
    *usable = status == HONE_OK;
    return status != HONE_ENOMEM;
}

/* ---- Ranking what was told ------------------------------------------------------------------- */

struct ranked {
    size_t n, stride;
    struct gp_data data; /* the rows, at their t */
    double *x;           /* their features scaled: work */
    double *K, *M, *C;   /* work: matrices over MOST_ROWS x stride, and two of the rows' own size */
    double *mean, *f;
    double *normal; /* GP_DRAWS x n */
};

static bool ranked_init(struct ranked *r, const struct gp_model *m)
{
    struct arena *arena = m->view->scratch;
    r->n = m->rows.n < MOST_RANKED ? m->rows.n : MOST_RANKED;
    if (!gp_data_init(&r->data, m->gs, r->n, arena))
        return false;
    r->stride = r->data.step;
    r->x = arena_array(arena, m->gs->n_features * r->stride, sizeof(double));
    r->K = arena_array(arena, linalg_rows(MOST_ROWS) * r->stride, sizeof(double));
    r->M = arena_array(arena, linalg_rows(r->n) * r->stride, sizeof(double));
    r->C = arena_array(arena, linalg_rows(r->n) * r->stride, sizeof(double));
    r->mean = arena_array(arena, 2 * r->stride, sizeof(double));
    r->normal = arena_array(arena, GP_DRAWS * r->n, sizeof(double));
    if (r->x == NULL || r->K == NULL || r->M == NULL || r->C == NULL || r->mean == NULL ||
        r->normal == NULL)
        return false;
    r->f = r->mean + r->stride;
    for (size_t i = 0; i < r->n; i++) {
        size_t k = i * m->rows.n / r->n;
        gp_features(m->gs, m->rows.row[k], r->data.features + i, r->data.step);
        r->data.t[i] = m->t[k];
        r->data.weight[i] = m->rows.weight[k];
    }
    struct rng rng;
    rng_init(&rng, m->view->options->seed, RNG_TRANSFER, m->view->next_id);
    for (size_t i = 0; i < GP_DRAWS * r->n; i++)
        r->normal[i] = rng_normal(&rng);
    return true;
}

/* Losses of the study's own process, each point seen from the others:
 *     mu_i = t_i - alpha_i / C_ii,  var_i = 1 / C_ii - noise,  C = K^-1. */
static bool own_losses(struct ranked *r, const struct gp_model *m, const double *theta,
                       double *loss)
{
    struct gp_posterior own;
    hone_status status = gp_posterior_init(&own, m->gs, &r->data, 0, theta, m->view->scratch);
    if (status == HONE_ENOMEM)
        return false;
    for (size_t s = 0; status != HONE_OK && s < GP_DRAWS; s++)
        loss[s] = (double)(r->n * r->n); /* no process of its own: any other is better */
    if (status != HONE_OK)
        return true;
    linalg_inverse(own.R, r->n, own.stride, r->M, r->C);
    for (size_t s = 0; s < GP_DRAWS; s++) {
        for (size_t i = 0; i < r->n; i++) {
            double inverse = r->C[i * r->stride + i];
            double var = 1.0 / inverse - own.kernel.noise * r->data.weight[i];
            r->f[i] = r->data.t[i] - own.alpha[i] / inverse +
                      sqrt(fmax(var, 0.0)) * r->normal[s * r->n + i];
        }
        loss[s] = (double)gp_misranked(r->f, r->data.t, r->n);
    }
    return true;
}

/* Losses of a parent's process, whose samples are drawn jointly: f = mean + R' e, with
 * R' R = K(x, x) - V' V, V = R_p'^-1 K(x_p, x). */
static void parent_losses(struct ranked *r, const struct gp_posterior *p, double *loss)
{
    size_t n = r->n, stride = r->stride, columns = linalg_rows(n);
    struct gp_columns x = {r->x, r->data.step};
    gp_scale(p->gs, &p->kernel, r->data.features, r->data.step, n, r->x);
    memset(r->K, 0, p->rows * stride * sizeof(double));
    gp_covariances(p->gs, &p->kernel, (struct gp_columns){p->features, p->data->step}, p->n, x, 0,
                   columns, r->K, NULL, stride);
    for (size_t i = 0; i < n; i++) {
        r->mean[i] = 0.0;
        for (size_t k = 0; k < p->n; k++)
            r->mean[i] += r->K[k * stride + i] * p->alpha[k];
    }
    linalg_solve_lower_many(p->R, p->n, p->stride, r->K, columns, stride);
    gp_covariances(p->gs, &p->kernel, x, n, x, 0, columns, r->C, NULL, stride);
    for (size_t k = 0; k < p->n; k++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = i; j < n; j++)
                r->C[i * stride + j] -= r->K[k * stride + i] * r->K[k * stride + j];
    for (size_t i = 0; i < n; i++)
        r->C[i * stride + i] += JITTER * p->kernel.s2 + fmax(0.0, -r->C[i * stride + i]);
    linalg_pad(r->C, n, stride);
    double jitter = JITTER * p->kernel.s2;
    memcpy(r->M, r->C, linalg_rows(n) * stride * sizeof(double));
    bool factored = linalg_cholesky(r->M, n, stride);
    for (int k = 0; k < 6 && !factored; k++) { /* nearly certain everywhere */
        jitter *= 10.0;
        memcpy(r->M, r->C, linalg_rows(n) * stride * sizeof(double));
        for (size_t i = 0; i < n; i++)
            r->M[i * stride + i] += jitter;
        factored = linalg_cholesky(r->M, n, stride);
    }
    for (size_t s = 0; s < GP_DRAWS; s++) {
        memcpy(r->f, r->mean, n * sizeof *r->f);
        for (size_t k = 0; factored && k < n; k++)
            for (size_t i = k; i < n; i++)
                r->f[i] += r->M[k * stride + i] * r->normal[s * n + k];
        loss[s] = (double)gp_misranked(r->f, r->data.t, n);
    }
}

/* ---- The mean -------------------------------------------------------------------------------- */

/* The weighted mean of the parts at all rows with a value, then at the pending ones. */
static bool evaluate(const struct gp_model *m, struct gp_mean *mean, double *out)
{
    size_t total = m->rows.n + m->rows.n_pending;
    double mu[GP_COLUMNS];
    double *x = arena_array(m->view->scratch, m->gs->n_features * GP_COLUMNS, sizeof *x);
    if (x == NULL)
        return false;
    for (size_t from = 0; from < total; from += GP_COLUMNS) {
        size_t count = total - from < GP_COLUMNS ? total - from : GP_COLUMNS;
        for (size_t c = 0; c < count; c++) {
            size_t k = from + c;
            gp_features(m->gs, k < m->rows.n ? m->rows.row[k] : m->rows.pending[k - m->rows.n],
                        x + c, GP_COLUMNS);
        }
        gp_mean_at(mean, x, linalg_rows(count), mu);
        memcpy(out + from, mu, count * sizeof *out);
    }
    return true;
}

/* b and c by least squares; `prior` has the weighted means and becomes m; the spread that is left.
 */
static double calibrate(const struct gp_model *m, struct gp_mean *mean, double *weight,
                        double *prior)
{
    size_t n = m->rows.n;
    double t_mean = 0.0, m_mean = 0.0, mm = SLOPE_PULL, mt = SLOPE_PULL, tt = UNIT_PULL;
    for (size_t i = 0; i < n; i++) {
        t_mean += m->t[i] / (double)n;
        m_mean += prior[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        mm += (prior[i] - m_mean) * (prior[i] - m_mean);
        mt += (prior[i] - m_mean) * (m->t[i] - t_mean);
        tt += (m->t[i] - t_mean) * (m->t[i] - t_mean);
    }
    double slope = fmin(1.0, fmax(0.0, mt / mm)), left = UNIT_PULL;
    mean->constant = t_mean - slope * m_mean;
    for (size_t p = 0; p < mean->n; p++)
        weight[p] *= slope;
    for (size_t i = 0; i < n + m->rows.n_pending; i++)
        prior[i] = mean->constant + slope * prior[i];
    for (size_t i = 0; i < n; i++)
        left += (m->t[i] - prior[i]) * (m->t[i] - prior[i]);
    return sqrt(fmin(1.0, left / tt));
}

bool gp_transfer(struct gp_model *m, struct gp_parents *parents, const double *theta)
{
    const struct search_view *view = m->view;
    struct arena *arena = view->scratch;
    size_t n_theta = m->gs->d + GP_EXTRA, n = 0;
    double loss[(HONE_MAX_PARENTS + 1) * GP_DRAWS], weights[HONE_MAX_PARENTS];
    if (view->n_parents == 0)
        return true;
    struct gp_posterior *parts = arena_array(arena, view->n_parents, sizeof *parts);
    struct gp_mean *mean = arena_array(arena, 1, sizeof *mean);
    double *weight = arena_array(arena, view->n_parents, sizeof *weight);
    double *prior = arena_array(arena, m->rows.n + m->rows.n_pending, sizeof *prior);
    struct ranked ranked;
    if (parts == NULL || mean == NULL || weight == NULL || prior == NULL ||
        !ranked_init(&ranked, m))
        return false;
    for (size_t p = 0; p < view->n_parents; p++) {
        bool usable;
        if (!init_parent(m, &view->parents[p], p < parents->n_fitted, parents->theta + p * n_theta,
                         &parts[n], &usable))
            return false;
        if (!usable)
            continue;
        parent_losses(&ranked, &parts[n], loss + n * GP_DRAWS);
        n++;
    }
    parents->n_fitted = view->n_parents;
    if (n == 0)
        return true;
    if (!own_losses(&ranked, m, theta, loss + n * GP_DRAWS))
        return false;
    gp_weights(loss, n, weights);
    for (size_t p = 0; p < n; p++) {
        if (weights[p] == 0.0)
            continue;
        parts[mean->n] = parts[p];
        weight[mean->n++] = weights[p];
    }
    if (mean->n == 0)
        return true;
    mean->parts = parts;
    mean->weight = weight;
    if (!evaluate(m, mean, prior))
        return false;
    m->unit = calibrate(m, mean, weight, prior);
    m->mean = mean;
    m->prior = prior;
    return true;
}
