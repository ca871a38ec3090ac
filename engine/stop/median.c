/*
 * median.c: end a trial that is worse than half of the earlier ones were on the way.
 *
 * At step s: each ended trial that came as far has a running mean of its reports up to s, and each
 * that was stopped before s counts as worse than all; the trial ends when its value at s is worse
 * than the median of those. With several objectives: when more than half of those dominate it. This
 * is the rule that Amazon documents for SageMaker's automatic model tuning; Golovin et al., "Google
 * Vizier" (KDD 2017) has a relative.
 * Departures: trials that were stopped before s are not left out, or else each step would halve
 *     those that are left; at least MIN_COMPLETED completed trials came as far as s; no trial ends
 * before its second step (or in its warm-up); and the caller never asks about the best trial so
 * far.
 */
#include "stop/stop.h"

#include <math.h>

#include "base/numeric.h"
#include "search/pareto.h"

#define MIN_COMPLETED  4
#define DEFAULT_WARMUP 1

/* The mean of each objective up to a step; false: it reported none of one. */
static bool means_until(const struct search_view *view, const struct search_trial *trial,
                        double step, double *out)
{
    for (size_t j = 0; j < view->options->n_objectives; j++) {
        size_t n = search_reports_until(&trial->series[j], step);
        if (n == 0)
            return false;
        out[j] = trial->series[j].reports[n - 1].sum / (double)n;
    }
    return true;
}

/* The others at a step: their means of the first objective, and how many of them dominate. */
struct others {
    double *first;
    size_t n, n_completed, n_ahead;
};

static void look_at(const struct search_view *view, const struct search_trial *other, double step,
                    const double *point, struct others *out)
{
    bool ended = other->state == HONE_TRIAL_COMPLETED || other->state == HONE_TRIAL_STOPPED;
    const struct series *series = other->series;
    double means[HONE_MAX_OBJECTIVES];
    if (!ended || series->n == 0)
        return;
    if (series->reports[series->n - 1].step < step) {
        if (other->state == HONE_TRIAL_STOPPED)
            out->first[out->n++] = (double)INFINITY;
        return;
    }
    if (!means_until(view, other, step, means))
        return;
    out->first[out->n++] = means[0];
    out->n_completed += other->state == HONE_TRIAL_COMPLETED;
    out->n_ahead += pareto_dominates(means, point, view->options->n_objectives);
}

static bool stops(const struct search_view *view, size_t index, struct buf *reason)
{
    const struct search_trial *trial = &view->trials[index];
    double step = trial->series->reports[trial->series->n - 1].step, point[HONE_MAX_OBJECTIVES];
    uint64_t warmup = view->options->warmup > 0 ? view->options->warmup : DEFAULT_WARMUP;
    if (step <= (double)warmup || !stop_point(view, trial, step, point))
        return false;

    struct others others = {.first =
                                arena_array(view->scratch, view->n_trials, sizeof *others.first)};
    if (others.first == NULL)
        return false; /* not to stop is always allowed */
    for (size_t i = 0; i < view->n_trials; i++)
        look_at(view, &view->trials[i], step, point, &others);
    if (others.n_completed < MIN_COMPLETED)
        return false;
    if (view->options->n_objectives > 1) {
        if (2 * others.n_ahead <= others.n)
            return false;
        stop_begin(view, point, step, reason);
        buf_printf(reason, " are dominated by the running means of %zu of %zu trials",
                   others.n_ahead, others.n);
        return true;
    }
    double median = num_median(others.first, others.n);
    if (!(point[0] > median))
        return false;
    stop_begin(view, point, step, reason);
    buf_text(reason, " is worse than ");
    stop_values(view, &median, reason);
    buf_printf(reason, ", the median of the running means of %zu trials", others.n);
    return true;
}

const struct stop_rule stop_median = {
    .name = "median",
    .summary = "end a trial that is worse than the median of the others on the way",
    .stops = stops,
};
