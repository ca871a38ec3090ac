#include "stop/rung.h"

#include <math.h>

/* R / r. Larger, and the first rung tells too little of the end: docs/algorithms/stopping.md. */
#define SPAN 27.0

/* So many go on where few have come: one value is no ranking. */
#define LEAST_ON 2.0

/* What divides as it should has not to be whole to the last bit. */
#define WHOLE_EPS 1e-9

/* The least step above 0 that any trial has reported. */
static double least_step(const struct search_view *view)
{
    double least = (double)INFINITY;
    for (size_t i = 0; i < view->n_trials; i++) {
        const struct search_trial *trial = &view->trials[i];
        size_t at = trial->n_reports > 0 && trial->reports[0].step == 0.0;
        if (at < trial->n_reports)
            least = fmin(least, trial->reports[at].step);
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

/* The first report at or after a step, or NULL. */
static const struct report *report_from(const struct search_trial *trial, double step)
{
    size_t low = 0, high = trial->n_reports;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (trial->reports[middle].step < step)
            low = middle + 1;
        else
            high = middle;
    }
    return low < trial->n_reports ? &trial->reports[low] : NULL;
}

bool rung_reached(const struct search_trial *trial, double rung)
{
    return report_from(trial, rung) == &trial->reports[trial->n_reports - 1];
}

bool rung_stops(const struct search_view *view, size_t trial, double rung, double eta,
                const bool *rivals, const char *whom, struct buf *reason)
{
    const struct search_trial *self = &view->trials[trial];
    double value = self->reports[self->n_reports - 1].value;
    size_t n = 1, n_better = 0;
    for (size_t i = 0; i < view->n_trials; i++) {
        const struct search_trial *other = &view->trials[i];
        if (i == trial || other->state == HONE_TRIAL_FAILED || (rivals != NULL && !rivals[i]))
            continue;
        const struct report *report = report_from(other, rung);
        if (report == NULL)
            continue;
        n++;
        n_better += report->value < value;
    }
    size_t n_on = (size_t)fmax(LEAST_ON, floor((double)n / eta));
    if (n_better < n_on)
        return false;
    buf_text(reason, "value ");
    stop_value(view, value, reason);
    buf_text(reason, " at step ");
    buf_double(reason, self->reports[self->n_reports - 1].step);
    buf_printf(reason, " is number %zu of %zu %s at the rung of step ", n_better + 1, n, whom);
    buf_printf(reason, "%.4g, of which the best %zu go on", rung, n_on);
    return true;
}
