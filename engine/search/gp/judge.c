/*
 * judge.c: how good a row is: a sum of terms, each a function of what some models say of it.
 *
 * A term sees the means and standard deviations of its outcomes alone; its slopes by them and each
 * model's gradients make the slope of the sum along the space.
 */
#include "search/gp/gp.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/numeric.h"
#include "base/vector.h"

#define MIN_SUCCESS 0.02
#define SQRT_PI_2   1.2533141373155002512
#define INV_SQRT_2  0.70710678118654752440

static double value_of_gain(const struct gp_term *term, const double *mu, const double *sd,
                            double *d_mu, double *d_sd)
{
    struct gp_gain gain = gp_acquire(term->mode, mu[0], sd[0], term->best, term->noise);
    d_mu[0] = gain.d_mu;
    d_sd[0] = gain.d_sd;
    return gain.value;
}

struct gp_term gp_term_gain(enum gp_mode mode, struct gp_posterior *model, double best)
{
    return (struct gp_term){
        .value = value_of_gain,
        .n_outcomes = 1,
        .outcomes = {model},
        .mode = mode,
        .best = best,
        .noise = model->kernel.noise,
    };
}

static double value_of_success(const struct gp_term *term, const double *mu, const double *sd,
                               double *d_mu, double *d_sd)
{
    (void)sd;
    double p = term->mean + mu[0];
    d_mu[0] = p > MIN_SUCCESS && p < 1.0 ? 1.0 / p : 0.0;
    d_sd[0] = 0.0;
    return num_log(fmin(1.0, fmax(MIN_SUCCESS, p)));
}

struct gp_term gp_term_success(struct gp_posterior *model, double mean)
{
    return (struct gp_term){
        .value = value_of_success, .n_outcomes = 1, .outcomes = {model}, .mean = mean};
}

/* ln Phi(z), z = (limit - mu) / sd; its slope by z is 1 / q with Mills' ratio q = Phi / phi. */
static double value_of_limit(const struct gp_term *term, const double *mu, const double *sd,
                             double *d_mu, double *d_sd)
{
    double z = (term->limit - mu[0]) / sd[0];
    double slope = z > -1.0 ? num_normal_pdf(z) / num_normal_cdf(z)
                            : 1.0 / (SQRT_PI_2 * num_erfcx(-z * INV_SQRT_2));
    d_mu[0] = -slope / sd[0];
    d_sd[0] = -slope * z / sd[0];
    return num_normal_log_cdf(z);
}

struct gp_term gp_term_limit(struct gp_posterior *model, double limit)
{
    return (struct gp_term){
        .value = value_of_limit, .n_outcomes = 1, .outcomes = {model}, .limit = limit};
}

bool gp_judge_init(struct gp_judge *judge, const struct gp_posterior *model, struct arena *arena)
{
    *judge = (struct gp_judge){.gs = model->gs, .inverse = model->kernel.inverse};
    judge->x = arena_array(arena, judge->gs->n_features * GP_COLUMNS, sizeof(double));
    return judge->x != NULL;
}

void gp_judge_add(struct gp_judge *judge, struct gp_term term)
{
    assert(judge->n_terms < GP_MAX_TERMS);
    judge->terms[judge->n_terms++] = term;
}

/* The outcomes of a term at one point, and its slopes by them. */
struct point {
    double mu[GP_TERM_OUTCOMES], sd[GP_TERM_OUTCOMES];
    double d_mu[GP_TERM_OUTCOMES], d_sd[GP_TERM_OUTCOMES];
};

static double value_at(const struct gp_term *term, struct point *p)
{
    return term->value(term, p->mu, p->sd, p->d_mu, p->d_sd);
}

/* What the models of a term say of the points in judge->x; `columns` a multiple of LANES. */
static void predict(struct gp_judge *judge, const struct gp_term *term, size_t columns,
                    struct point *points)
{
    double mu[GP_COLUMNS], var[GP_COLUMNS];
    for (size_t o = 0; o < term->n_outcomes; o++) {
        gp_predict(term->outcomes[o], judge->x, columns, mu, var);
        for (size_t c = 0; c < columns; c++) {
            points[c].mu[o] = mu[c];
            points[c].sd[o] = sqrt(var[c]);
        }
    }
}

static void set_features(struct gp_judge *judge, const double *rows, size_t n)
{
    for (size_t c = 0; c < n; c++)
        gp_features(judge->gs, rows + c * judge->gs->space->n, judge->x + c, GP_COLUMNS);
}

/* ln of the prior density at a row; gradient by continuous dimension, or NULL. */
static double believe(const struct gp_judge *judge, const double *row, double *gradient)
{
    const struct hone_space *space = judge->gs->space;
    double sum = 0.0, slope;
    for (size_t j = 0; j < space->n; j++)
        if (row[j] >= 0.0)
            sum += space_prior_log(&space->params[j], row[j], &slope);
    for (size_t j = 0; gradient != NULL && j < judge->gs->d; j++) {
        const struct gp_dim *dim = &judge->gs->dims[j];
        if (!dim->continuous || row[dim->param] < 0.0)
            continue;
        space_prior_log(&space->params[dim->param], row[dim->param], &slope);
        gradient[j] += judge->belief * slope;
    }
    return judge->belief * sum;
}

void gp_judge_rows(struct gp_judge *judge, const double *rows, size_t n, double *value)
{
    struct point points[GP_COLUMNS];
    for (size_t from = 0; from < n; from += GP_COLUMNS) {
        size_t count = n - from < GP_COLUMNS ? n - from : GP_COLUMNS;
        size_t columns = (count + LANES - 1) / LANES * LANES;
        set_features(judge, rows + from * judge->gs->space->n, count);
        memset(value + from, 0, count * sizeof *value);
        for (size_t t = 0; t < judge->n_terms; t++) {
            predict(judge, &judge->terms[t], columns, points);
            for (size_t c = 0; c < count; c++)
                value[from + c] += value_at(&judge->terms[t], &points[c]);
        }
        for (size_t c = 0; judge->belief > 0.0 && c < count; c++)
            value[from + c] += believe(judge, rows + (from + c) * judge->gs->space->n, NULL);
    }
}

/* gradient[c d + j] += what the slopes of a term's outcome o make of the gradients of its model;
 * `by_dim` is work. */
static void add_gradient(struct gp_posterior *model, const struct point *points, size_t o, size_t n,
                         double *gradient, double *by_dim)
{
    double d_mu[LANES] = {0}, d_sd[LANES] = {0}, sd[LANES];
    for (size_t c = 0; c < LANES; c++)
        sd[c] = points[c].sd[o];
    for (size_t c = 0; c < n; c++) {
        d_mu[c] = points[c].d_mu[o];
        d_sd[c] = points[c].d_sd[o];
    }
    size_t d = model->gs->d;
    gp_predict_gradient(model, d_mu, d_sd, sd, by_dim);
    for (size_t j = 0; j < d; j++)
        for (size_t c = 0; c < n; c++)
            gradient[c * d + j] += by_dim[j * LANES + c];
}

void gp_judge_climb(struct gp_judge *judge, const double *rows, size_t n, double *value,
                    double *gradient, double *work)
{
    struct point points[LANES];
    set_features(judge, rows, n);
    memset(value, 0, n * sizeof *value);
    memset(gradient, 0, n * judge->gs->d * sizeof *gradient);
    for (size_t t = 0; t < judge->n_terms; t++) {
        const struct gp_term *term = &judge->terms[t];
        predict(judge, term, LANES, points);
        for (size_t c = 0; c < n; c++)
            value[c] += value_at(term, &points[c]);
        for (size_t o = 0; o < term->n_outcomes; o++)
            add_gradient(term->outcomes[o], points, o, n, gradient, work);
    }
    for (size_t c = 0; judge->belief > 0.0 && c < n; c++)
        value[c] += believe(judge, rows + c * judge->gs->space->n, gradient + c * judge->gs->d);
}
