/*
 * stop.h: what a rule is that ends trials early: a struct of functions and one line in registry.c.
 *
 * A rule is a pure function of the view: it keeps nothing, so that a study that is played back
 * comes to the same decisions, and the order in which trials reported is no matter. A step is any
 * number that rises along a trial: epochs from 0 or 1, batches in hundreds, shares of an epoch.
 */
#ifndef HONE_STOP_STOP_H
#define HONE_STOP_STOP_H

#include "search/search.h"

/** Options that a rule takes beside warmup, which all take. */
enum { STOP_TAKES_MAX = 1 /* max_resource */, STOP_TAKES_RUNGS = 2 /* min_resource, eta */ };

struct stop_rule {
    const char *name;
    const char *summary;
    unsigned takes;

    /**
     * Decide about a running trial that has just reported its latest step. It is never the best so
     * far, and the warm-up is over (the caller sees to both).
     * @param view    as in search.h
     * @param trial   index into view->trials; it has a report
     * @param reason  out, when it stops: in words with numbers
     */
    bool (*stops)(const struct search_view *view, size_t trial, struct buf *reason);
};

extern const struct stop_rule stop_asha, stop_curve, stop_hyperband, stop_median;

/** The rule of that name or NULL; "auto" is median, "none" and NULL give the rule that never stops.
 */
const struct stop_rule *stop_find(const char *name);

/** The i-th rule, or NULL after the last; for tests that take each. */
const struct stop_rule *stop_at(size_t i);
void stop_names(struct buf *out);

/** Refuse resources that the rule has no use for, or out of their bounds, with a text. */
hone_status stop_check(const struct stop_rule *rule, const hone_options *options, hone_error *err);

/**
 * Ask a rule about a running trial, unless the trial is the best so far, in its warm-up, or has
 * repeated an earlier step.
 * @param step    that was reported
 * @param best    value of the best trial; NULL: none is completed, or none keeps the constraints
 * @param reason  as above
 */
bool stop_judge(const struct stop_rule *rule, const struct search_view *view, size_t trial,
                double step, const double *best, struct buf *reason);

/** R, the step at which trials end: max_resource, or the largest that a completed trial reported;
 * 0: not known yet. */
double stop_resource(const struct search_view *view);

/** How a value stands in a reason, in its own unit. */
void stop_value(const struct search_view *view, double minimised, struct buf *reason);

#endif
