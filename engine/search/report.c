/* report.c: what was known of trials at a step, and what came after it. */
#include "search/search.h"

#include <math.h>

#include "base/numeric.h"

size_t search_reports_until(const struct search_trial *trial, double s)
{
    size_t low = 0, high = trial->n_reports;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (trial->reports[middle].step <= s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct search_gain search_gain_after(const struct search_view *view, double s, double *work)
{
    struct search_gain gain = {0};
    for (size_t i = 0; i < view->n_trials; i++) {
        const struct search_trial *trial = &view->trials[i];
        if (trial->state != HONE_TRIAL_COMPLETED || !isfinite(trial->values[0]))
            continue;
        size_t until = search_reports_until(trial, s);
        if (until > 0)
            work[gain.n++] = trial->values[0] - trial->reports[until - 1].value;
    }
    if (gain.n == 0)
        return gain;
    gain.median = num_centre(work, gain.n, &gain.sd);
    return gain;
}
