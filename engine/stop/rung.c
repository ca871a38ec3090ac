#include "stop/rung.h"

#include <math.h>

#include "search/pareto.h"

/* R / r. Larger, and the first rung tells too little of the end: docs/algorithms/stopping.md. */
#define SPAN 27.0

/* So many go on where few have come: one value is no ranking. */
#define LEAST_ON 2.0

/* Completed trials from which rho is learnt; and its bound. */
#define MIN_COMPLETED 3
#define MAX_RHO       4.0

/* What divides as it should has not to be whole to the last bit. */
#define WHOLE_EPS 1e-9

/* The least step above 0 that any trial has reported. */
static double least_step(const struct search_view *view)
{
    double least = (double)INFINITY;
    for (size_t i = 0; i < view->n_trials; i++) {
        const struct search_trial *trial = &view->trials[i];
        const struct series *series = trial->series;
        size_t at = series->n > 0 && series->reports[0].step == 0.0;
        if (at < series->n)
            least = fmin(least, series->reports[at].step);
    }
    return least;
}

double rung_first(const struct search_view *view, double R)
{
    if (view->options->min_resource > 0.0)
        return view->options->min_resource;
    double unit = least_step(view);
    return R > 0.0 ? unit * fmax(1.0, ceil(R / SPAN / unit - WHOLE_EPS)) : (double)INFINITY;
}

/* The first step at or after a rung at which all objectives were reported, and their values there;
 * infinite: there is none. */
static double point_from(const struct search_view *view, const struct search_trial *trial,
                         double rung, double *out)
{
    const struct series *series = trial->series;
    size_t low = 0, high = series->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (series->reports[middle].step < rung)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < series->n; low++)
        if (stop_point(view, trial, series->reports[low].step, out))
            return series->reports[low].step;
    return (double)INFINITY;
}

bool rung_reached(const struct search_view *view, const struct search_trial *trial, double rung)
{
    double point[HONE_MAX_OBJECTIVES];
    return point_from(view, trial, rung, point) ==
           trial->series->reports[trial->series->n - 1].step;
}

/* What an objective changed by up to a value; 0 where that is no finite number. */
static double change(const struct search_trial *trial, size_t objective, double value)
{
    double way = value - trial->series[objective].reports[0].value;
    return isfinite(way) ? way : 0.0;
}

/* rho of each objective, from all completed trials. */
static void learn(const struct search_view *view, double rung, double *rho)
{
    double v[HONE_MAX_OBJECTIVES], scale[HONE_MAX_OBJECTIVES] = {0};
    double dd[HONE_MAX_OBJECTIVES] = {0}, dg[HONE_MAX_OBJECTIVES] = {0};
    size_t m = view->options->n_objectives, n = 0;
    for (int pass = 0; pass < 2; pass++) { /* the scale, so that no square overflows; the sums */
        n = 0;
        for (size_t i = 0; i < view->n_trials; i++) {
            const struct search_trial *trial = &view->trials[i];
            if (trial->state != HONE_TRIAL_COMPLETED || isinf(point_from(view, trial, rung, v)))
                continue;
            n++;
            for (size_t j = 0; j < m; j++) {
                double d = change(trial, j, v[j]), g = trial->values[j] - v[j];
                if (!isfinite(g))
                    d = g = 0.0;
                if (pass == 0)
                    scale[j] = fmax(scale[j], fmax(fabs(d), fabs(g)));
                if (pass == 0 || !(scale[j] > 0.0))
                    continue;
                dd[j] += d / scale[j] * (d / scale[j]);
                dg[j] += d / scale[j] * (g / scale[j]);
            }
        }
    }
    for (size_t j = 0; j < m; j++) {
        bool tells = n >= MIN_COMPLETED && dd[j] > 0.0 && dg[j] > 0.0;
        rho[j] = tells ? fmin(MAX_RHO, dg[j] / (dd[j] * (1.0 + 1.0 / (double)n))) : 0.0;
    }
}

/* Where a trial points to from the rung, into `v`; false: it is not there. */
static bool end_of(const struct search_view *view, const struct search_trial *trial, double rung,
                   const double *rho, double *v)
{
    if (isinf(point_from(view, trial, rung, v)))
        return false;
    for (size_t j = 0; j < view->options->n_objectives; j++)
        v[j] += rho[j] * change(trial, j, v[j]);
    return true;
}

bool rung_stops(const struct search_view *view, size_t trial, double rung, double eta,
                const bool *rivals, const char *whom, struct buf *reason)
{
    const struct search_trial *self = &view->trials[trial];
    size_t m = view->options->n_objectives, n = 1, n_better = 0;
    double rho[HONE_MAX_OBJECTIVES], own[HONE_MAX_OBJECTIVES], end[HONE_MAX_OBJECTIVES];
    learn(view, rung, rho);
    if (!end_of(view, self, rung, rho, own))
        return false;
    for (size_t i = 0; i < view->n_trials; i++) {
        const struct search_trial *other = &view->trials[i];
        if (i == trial || other->state == HONE_TRIAL_FAILED || (rivals != NULL && !rivals[i]) ||
            !end_of(view, other, rung, rho, end))
            continue;
        n++;
        n_better += pareto_dominates(end, own, m);
    }
    size_t n_on = (size_t)fmax(LEAST_ON, floor((double)n / eta));
    if (n_better < n_on)
        return false;
    double point[HONE_MAX_OBJECTIVES], step = self->series->reports[self->series->n - 1].step;
    stop_point(view, self, step, point);
    stop_begin(view, point, step, reason);
    if (m > 1) {
        buf_printf(reason, " are dominated by %zu of %zu %s at the rung of step ", n_better, n,
                   whom);
        buf_printf(reason, "%.4g, where fewer than %zu are let pass", rung, n_on);
        return true;
    }
    if (rho[0] > 0.0) {
        buf_text(reason, ", which points to ");
        stop_values(view, own, reason);
        buf_char(reason, ',');
    }
    buf_printf(reason, " is number %zu of %zu %s at the rung of step ", n_better + 1, n, whom);
    buf_printf(reason, "%.4g, of which the best %zu go on", rung, n_on);
    return true;
}
