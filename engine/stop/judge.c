/* judge.c: what holds for every rule: whom it is asked about, and with which options. */
#include "stop/stop.h"

#include <math.h>

#include "base/error.h"

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
        if (i != trial && other->n_reports > 0 && other->state != HONE_TRIAL_FAILED)
            best = fmin(best, other->reports[other->n_reports - 1].value);
    }
    return best;
}

bool stop_judge(const struct stop_rule *rule, const struct search_view *view, size_t trial,
                double step, const double *best, struct buf *reason)
{
    const struct search_trial *self = &view->trials[trial];
    const struct report *last = &self->reports[self->n_reports - 1];
    if (step != last->step || last->step <= (double)view->options->warmup)
        return false;
    if (last->value <= (best != NULL ? *best : best_report(view, trial)))
        return false;
    return rule->stops(view, trial, reason);
}

double stop_resource(const struct search_view *view)
{
    double R = view->options->max_resource;
    for (size_t i = 0; i < view->n_trials && !(view->options->max_resource > 0.0); i++) {
        const struct search_trial *trial = &view->trials[i];
        if (trial->state == HONE_TRIAL_COMPLETED && trial->n_reports > 0)
            R = fmax(R, trial->reports[trial->n_reports - 1].step);
    }
    return R;
}

void stop_value(const struct search_view *view, double minimised, struct buf *reason)
{
    buf_printf(reason, "%.4g", view->options->maximize[0] ? -minimised : minimised);
}
