/* judge.c: what holds for every rule: whom it is asked about, and with which options. */
#include "stop/stop.h"

#include <math.h>

#include "base/error.h"
#include "search/pareto.h"

/* An eta below this makes hardly more than one long list of rungs. */
#define MIN_ETA 1.5
#define MAX_ETA 100.0

hone_status stop_check(const struct stop_rule *rule, const hone_options *options, hone_error *err)
{
    double min = options->min_resource, max = options->max_resource, eta = options->eta;
    if (!(rule->takes & STOP_TAKES_RUNGS) && (min != 0.0 || eta != 0.0))
        return error_set(err, HONE_EINVAL, "the stopping rule \"%s\" takes no min_resource or eta",
                         rule->name);
    if (!(rule->takes & STOP_TAKES_MAX) && max != 0.0)
        return error_set(err, HONE_EINVAL, "the stopping rule \"%s\" takes no max_resource",
                         rule->name);
    if (!(min >= 0.0) || !isfinite(min))
        return error_set(err, HONE_EINVAL, "min_resource must be above 0, got %g", min);
    if (!(max >= 0.0) || !isfinite(max))
        return error_set(err, HONE_EINVAL, "max_resource must be above 0, got %g", max);
    if (max > 0.0 && min >= max)
        return error_set(err, HONE_EINVAL, "min_resource must be below max_resource %g, got %g",
                         max, min);
    if (eta != 0.0 && !(eta >= MIN_ETA && eta <= MAX_ETA))
        return error_set(err, HONE_EINVAL, "eta must be in [%g, %g], got %g", MIN_ETA, MAX_ETA,
                         eta);
    return HONE_OK;
}

/* The least of the latest values of the other trials. */
static double best_report(const struct search_view *view, size_t trial)
{
    double best = (double)INFINITY;
    for (size_t i = 0; i < view->n_trials; i++) {
        const struct search_trial *other = &view->trials[i];
        if (i != trial && other->series->n > 0 && other->state != HONE_TRIAL_FAILED)
            best = fmin(best, other->series->reports[other->series->n - 1].value);
    }
    return best;
}

/* Whether a completed trial that keeps the constraints dominates a point. */
static bool is_dominated(const struct search_view *view, const double *point)
{
    for (size_t i = 0; i < view->n_trials; i++) {
        const struct search_trial *other = &view->trials[i];
        if (search_is_feasible(view, other) &&
            pareto_dominates(other->values, point, view->options->n_objectives))
            return true;
    }
    return false;
}

bool stop_judge(const struct stop_rule *rule, const struct search_view *view, size_t trial,
                double step, const double *best, struct buf *reason)
{
    const struct search_trial *self = &view->trials[trial];
    double point[HONE_MAX_OBJECTIVES];
    if (!stop_point(view, self, step, point) || step <= (double)view->options->warmup ||
        step != self->series->reports[self->series->n - 1].step)
        return false;
    bool is_behind = view->options->n_objectives > 1
                         ? is_dominated(view, point)
                         : point[0] > (best != NULL ? *best : best_report(view, trial));
    return is_behind && rule->stops(view, trial, reason);
}

bool stop_point(const struct search_view *view, const struct search_trial *trial, double step,
                double *out)
{
    for (size_t j = 0; j < view->options->n_objectives; j++) {
        const struct series *series = &trial->series[j];
        size_t n = search_reports_until(series, step);
        if (n == 0 || series->reports[n - 1].step != step)
            return false;
        out[j] = series->reports[n - 1].value;
    }
    return true;
}

double stop_resource(const struct search_view *view)
{
    double R = view->options->max_resource;
    for (size_t i = 0; i < view->n_trials && !(view->options->max_resource > 0.0); i++) {
        const struct search_trial *trial = &view->trials[i];
        if (trial->state == HONE_TRIAL_COMPLETED && trial->series->n > 0)
            R = fmax(R, trial->series->reports[trial->series->n - 1].step);
    }
    return R;
}

void stop_values(const struct search_view *view, const double *minimised, struct buf *reason)
{
    for (size_t j = 0; j < view->options->n_objectives; j++)
        buf_printf(reason, "%s%.4g", j > 0 ? ", " : "",
                   view->options->maximize[j] ? -minimised[j] : minimised[j]);
}

void stop_begin(const struct search_view *view, const double *point, double step,
                struct buf *reason)
{
    buf_text(reason, view->options->n_objectives > 1 ? "values " : "value ");
    stop_values(view, point, reason);
    buf_text(reason, " at step ");
    buf_double(reason, step);
}
