/* report.c: what was known of trials at a step, and what came after it. */
#include "search/search.h"

#include <math.h>

#include "base/numeric.h"

size_t search_reports_until(const struct series *series, double s)
{
    size_t low = 0, high = series->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (series->reports[middle].step <= s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool search_is_feasible(const struct search_view *view, const struct search_trial *trial)
{
    if (trial->state != HONE_TRIAL_COMPLETED)
        return false;
    for (size_t k = 0; k < view->options->n_constraints; k++)
        if (trial->violations[k] > 0.0)
            return false;
    return true;
}

struct search_gain search_gain_after(const struct search_view *view, size_t objective, double s,
                                     double *work)
{
    struct search_gain gain = {0};
    for (size_t i = 0; i < view->n_trials; i++) {
        const struct search_trial *trial = &view->trials[i];
        if (trial->state != HONE_TRIAL_COMPLETED || !isfinite(trial->values[objective]))
            continue;
        const struct series *series = &trial->series[objective];
        size_t until = search_reports_until(series, s);
        if (until > 0)
            work[gain.n++] = trial->values[objective] - series->reports[until - 1].value;
    }
    if (gain.n == 0)
        return gain;
    gain.median = num_centre(work, gain.n, &gain.sd);
    return gain;
}
