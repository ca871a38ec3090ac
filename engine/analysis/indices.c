/*
 * indices.c: Sobol' indices by two sets of points A and B, and A_j: A with column j from B.
 *
 *     S_j = mean f(B) (f(A_j) - f(A)) / V       (Saltelli et al. 2010, table 2, b)
 *     T_j = mean (f(A) - f(A_j))^2 / (2 V)      (Jansen 1999; the same table, f)
 * A and B are the halves of scrambled Sobol' points in 2 d dimensions. V is the variance over A and
 * B together, and their mean is taken off f first, which makes the first estimator steadier.
 *
 * Sources: Saltelli, Annoni, Azzini, Campolongo, Ratto & Tarantola, Computer Physics
 *     Communications 181 (2010) 259-270; Jansen, ibid. 117 (1999) 35-43.
 */
#include "analysis/indices.h"

#include <math.h>
#include <string.h>

#include "analysis/analysis.h"
#include "analysis/surrogate.h"
#include "base/error.h"
#include "search/sobol.h"

#define POINTS     4096
#define BATCH      64
#define POINTS_KEY UINT64_MAX /* of the scrambling: no trial has this number */
#define ENOUGH_FIT 0.3

struct points {
    size_t d;
    double *a, *b; /* POINTS x d */
};

static bool draw_points(struct points *points, size_t d, uint64_t seed, struct arena *arena)
{
    struct sobol *sobol = arena_array(arena, 1, sizeof *sobol);
    double *u = arena_array(arena, 2 * d, sizeof *u);
    *points = (struct points){.d = d};
    points->a = arena_array(arena, POINTS * d, sizeof(double));
    points->b = arena_array(arena, POINTS * d, sizeof(double));
    if (sobol == NULL || u == NULL || points->a == NULL || points->b == NULL)
        return false;
    sobol_init(sobol, seed, POINTS_KEY, 2 * d);
    for (size_t i = 0; i < POINTS; i++) {
        sobol_at(sobol, i, u);
        memcpy(points->a + i * d, u, d * sizeof *u);
        memcpy(points->b + i * d, u + d, d * sizeof *u);
    }
    return true;
}

/* f at A with column j from B, in batches. */
static void mixed_values(unit_function *f, void *context, const struct points *points, size_t j,
                         double *batch, double *out)
{
    size_t d = points->d;
    for (size_t from = 0; from < POINTS; from += BATCH) {
        memcpy(batch, points->a + from * d, BATCH * d * sizeof *batch);
        for (size_t i = 0; i < BATCH; i++)
            batch[i * d + j] = points->b[(from + i) * d + j];
        f(context, batch, BATCH, out + from);
    }
}

/* Take the mean of both off; the variance of both. */
static double centre(double *fa, double *fb, double *mean_out)
{
    double mean = 0.0, square = 0.0;
    for (size_t i = 0; i < POINTS; i++)
        mean += (fa[i] + fb[i]) / (2.0 * POINTS);
    *mean_out = mean;
    for (size_t i = 0; i < POINTS; i++) {
        fa[i] -= mean;
        fb[i] -= mean;
        square += fa[i] * fa[i] + fb[i] * fb[i];
    }
    return square / (2.0 * POINTS);
}

bool sobol_indices(unit_function *f, void *context, size_t d, uint64_t seed, double *first,
                   double *total, struct arena *arena)
{
    struct points points;
    double *values = arena_array(arena, 3 * POINTS, sizeof *values);
    double *batch = arena_array(arena, BATCH * d, sizeof *batch);
    if (values == NULL || batch == NULL || !draw_points(&points, d, seed, arena))
        return false;
    double *fa = values, *fb = values + POINTS, *fj = values + 2 * POINTS, mean;
    f(context, points.a, POINTS, fa);
    f(context, points.b, POINTS, fb);
    double variance = centre(fa, fb, &mean);
    for (size_t j = 0; j < d; j++) {
        mixed_values(f, context, &points, j, batch, fj);
        double alone = 0.0, with = 0.0;
        for (size_t i = 0; i < POINTS; i++) {
            double difference = fj[i] - mean - fa[i];
            alone += fb[i] * difference / POINTS;
            with += difference * difference / (2.0 * POINTS);
        }
        bool varies = variance > 0.0;
        first[j] = varies ? fmin(fmax(alone / variance, 0.0), 1.0) : 0.0;
        total[j] = varies ? fmin(with / variance, 1.0) : 0.0;
    }
    return true;
}

/* ---- The indices of the model ---------------------------------------------------------------- */

struct model_function {
    struct surrogate *surrogate;
    double *row;
};

/* The model's median in the objective's unit, outliers capped. */
static void model_values(void *context, const double *u, size_t n, double *out)
{
    struct model_function *m = context;
    const struct gp_warp *warp = &m->surrogate->model.warp;
    surrogate_means(m->surrogate, u, n, out, m->row);
    for (size_t i = 0; i < n; i++)
        out[i] = value_capped(warp, gp_unwarp(warp, out[i]));
}

hone_status importance_sobol(const struct search_view *view, size_t objective, hone_effect *effects,
                             hone_effects *out, hone_error *err)
{
    struct surrogate surrogate;
    size_t d = view->space->n;
    hone_status status = surrogate_init(&surrogate, view, objective, err);
    if (status != HONE_OK)
        return status;
    struct model_function function = {&surrogate, arena_array(view->scratch, d, sizeof(double))};
    double *numbers = arena_array(view->scratch, 2 * d, sizeof *numbers);
    if (function.row == NULL || numbers == NULL ||
        !sobol_indices(model_values, &function, d, view->options->seed, numbers, numbers + d,
                       view->scratch))
        return error_memory(err);
    for (size_t j = 0; j < d; j++) {
        effects[j].share = numbers[j];
        effects[j].total = numbers[d + j];
    }
    out->fit = surrogate.fit;
    out->enough = surrogate.fit >= ENOUGH_FIT;
    return HONE_OK;
}
