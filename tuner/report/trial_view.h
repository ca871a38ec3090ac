/*
 * trial_view.h: trials with what belongs to them: their attempts, a summary of each metric, time
 * and money. What tables, exports and `show` are made from.
 */
#ifndef HONE_REPORT_TRIAL_VIEW_H
#define HONE_REPORT_TRIAL_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "io/json.h"
#include "spec/spec.h"
#include "store/store.h"

struct metric_summary {
    int64_t n; /* observations; 0: the rest means nothing */
    double last;
    double best; /* by the objective's goal; NaN where none says what is better */
};

struct attempt_view {
    int64_t number;
    enum attempt_state state;
    char *node, *reason; /* or NULL */
    int64_t started_at, ended_at;
    int exit_code, exit_signal;
    bool spot;
};

struct trial_view {
    const struct trial_row *row;
    const struct spec *spec;
    json_t *params;  /* object, in declaration order */
    size_t n_values; /* 0, or of all outcomes: objectives, then constraints */
    double values[HONE_MAX_OUTCOMES];
    const struct metric_summary *metrics; /* one for each of spec->metrics */
    size_t n_attempts;
    const struct attempt_view *attempts;
    double seconds;   /* over its attempts; NaN: none has started */
    double paid_s[2]; /* of these on demand, on spot */
    double cost;      /* NaN: no price, or none has started */
};

typedef hone_status trial_view_visitor(void *context, const struct trial_view *view,
                                       hone_error *err);

/**
 * Visit the trials in the order of their numbers.
 *
 * @param number  only this trial; -1: all. HONE_ENOTFOUND when there is no such trial.
 * @param now     milliseconds since 1970: running attempts last until now
 * Cost: a pass each over attempts, observations and trials; memory for attempts and summaries, not
 *       for trials or observations.
 */
HONE_NODISCARD hone_status trial_views(struct store *store, const struct study_row *study,
                                       const struct spec *spec, int64_t number, int64_t now,
                                       trial_view_visitor *visit, void *context, hone_error *err);

/** Whether a metric has a better and a worse: that of an objective, or of a constraint. */
bool metric_goal(const struct spec *spec, const char *metric, bool *maximize_out);

/** The object of `hone export --format json`; NULL when memory is out. */
json_t *trial_view_json(const struct trial_view *view);

#endif
