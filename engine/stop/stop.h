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
     * far, and the warm-up is over (the caller sees to both). With several objectives all have
     * been reported at that step, and a completed trial dominates the values there.
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

/**
 * What a trial reported at a step, of all objectives.
 * @param out  n_objectives numbers
 * @return     false: not all of them
 */
bool stop_point(const struct search_view *view, const struct search_trial *trial, double step,
                double *out);

/** R, the step at which trials end: max_resource, or the largest that a completed trial reported;
 * 0: not known yet. */
double stop_resource(const struct search_view *view);

/** A value of each objective, in its own unit, as in a reason: "3" or "3, 5". */
void stop_values(const struct search_view *view, const double *minimised, struct buf *reason);

/** "value 3 at step 7", or "values 3, 5 at step 7": the beginning of a reason. */
void stop_begin(const struct search_view *view, const double *point, double step,
                struct buf *reason);

#endif
