/*
 * median.c: end a trial that is worse than half of the earlier ones were on the way.
 *
 * At step s: each ended trial that came as far has a running mean of its reports up to s, and each
 * that was stopped before s counts as worse than all; the trial ends when its value at s is worse
 * than the median of those. This is the rule that Amazon
 * documents for SageMaker's automatic model tuning; Golovin et al., "Google Vizier" (KDD 2017) has
 * a relative.
 * Departures: trials that were stopped before s are not left out, or else each step would halve
 *     those that are left; at least MIN_COMPLETED completed trials came as far as s; no trial ends
 * before its second step (or in its warm-up); and the caller never asks about the best trial so
 * far.
 */
#include "stop/stop.h"

#include <math.h>

#include "base/numeric.h"

#define MIN_COMPLETED  4
#define DEFAULT_WARMUP 1

static bool stops(const struct search_view *view, size_t index, struct buf *reason)
{
    const struct search_trial *trial = &view->trials[index];
    const struct report *now = &trial->reports[trial->n_reports - 1];
    uint64_t warmup = view->options->warmup > 0 ? view->options->warmup : DEFAULT_WARMUP;
    if (now->step <= (double)warmup)
        return false;

    double *means = arena_array(view->scratch, view->n_trials, sizeof *means);
    if (means == NULL)
        return false; /* not to stop is always allowed */
    size_t n = 0, n_completed = 0;
    for (size_t i = 0; i < view->n_trials; i++) {
        const struct search_trial *other = &view->trials[i];
        bool ended = other->state == HONE_TRIAL_COMPLETED || other->state == HONE_TRIAL_STOPPED;
        if (!ended || other->n_reports == 0)
            continue;
        if (other->reports[other->n_reports - 1].step < now->step) {
            if (other->state == HONE_TRIAL_STOPPED)
                means[n++] = (double)INFINITY;
            continue;
        }
        size_t n_before = search_reports_until(other, now->step);
        if (n_before == 0)
            continue;
        means[n++] = other->reports[n_before - 1].sum / (double)n_before;
        n_completed += other->state == HONE_TRIAL_COMPLETED;
    }
    if (n_completed < MIN_COMPLETED)
        return false;
    double median = num_median(means, n);
    if (!(now->value > median))
        return false;

    buf_text(reason, "value ");
    stop_value(view, now->value, reason);
    buf_text(reason, " at step ");
    buf_double(reason, now->step);
    buf_text(reason, " is worse than ");
    stop_value(view, median, reason);
    buf_printf(reason, ", the median of the running means of %zu trials", n);
    return true;
}

const struct stop_rule stop_median = {
    .name = "median",
    .summary = "end a trial that is worse than the median of the others on the way",
    .stops = stops,
};
