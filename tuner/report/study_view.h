/*
 * study_view.h: a study as people look at it: what the store has, counted and compared. Reads only.
 */
#ifndef HONE_REPORT_STUDY_VIEW_H
#define HONE_REPORT_STUDY_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/json.h"
#include "report/best.h"
#include "spec/spec.h"
#include "store/store.h"
#include "study/ledger.h"

/** A running trial, as `status` shows it. */
struct running_view {
    int64_t trial, attempt;
    bool waits; /* its attempt waits for a slot */
    double seconds;
    bool has_value;
    double step, value; /* the last of the first objective */
};

struct study_view {
    const struct study_row *row; /* borrowed */
    struct spec *spec;
    const char *state; /* running, finished, stopped, interrupted, failed */
    const char *strategy;
    struct study_counts counts;
    int64_t running;                    /* trials that run and do not wait */
    int64_t ended;                      /* trials that count as max_trials and have ended */
    struct best front;                  /* the best trials; with one objective at most one */
    int64_t best;                       /* number of the first of them; -1: none */
    int64_t since_best;                 /* trials that ended after the last of them */
    double elapsed_s, trial_s, speedup; /* speedup 0: not known */
    bool has_cost;
    struct ledger_sums money; /* where there is a price */
    bool has_ask_ms;
    double ask_median_ms, ask_p95_ms;
    size_t n_running;
    struct running_view *runs; /* by number */
};

/** The spec that the store has; NULL when this version of hone cannot read it. */
struct spec *stored_spec(const struct study_row *row, hone_error *err);

/** Until when what runs is known to have run: now, or, when no tuner is at work, the end of the
 * last lease. */
int64_t study_now(const struct study_row *row, bool held, int64_t now);

/** How long an attempt has run, in ms, as far as it is paid for: from running, not from waiting. */
int64_t attempt_ms(const struct attempt_row *row, int64_t now);

/** What a study pays; `to_come` is the caller's to fill in. */
struct ledger_terms spec_terms(const struct spec *spec);

/**
 * Read a study.
 * @param held  whether a living tuner is at work on it (lease_is_held())
 * @param now   milliseconds since 1970: running trials last until now
 * Cost: one pass over the trials; over the attempts only where there is a price.
 */
HONE_NODISCARD hone_status study_view_read(struct store *store, const struct study_row *row,
                                           bool held, int64_t now, struct study_view *out,
                                           hone_error *err);
void study_view_release(struct study_view *view);

/** The object of `hone status --json`; NULL when memory is out. */
json_t *study_view_json(const struct study_view *view);

/** Values of a completed trial from the store's text ("[0.9, 12]"): objectives, then the metrics of
 * constraints. Returns their number. */
size_t values_read(const char *values, double out[HONE_MAX_OUTCOMES]);

/** "lr=0.000234 batch_size=4" from a JSON object of parameters, appended. */
void settings_text(struct buf *out, const char *params);

/** Whether a is better than b in the i-th objective. */
bool objective_better(const struct spec *spec, size_t i, double a, double b);

/** A double as JSON, the not finite ones as texts; a time in ms as RFC 3339 or null; a text or
 * null. */
json_t *json_of_double(double x);
json_t *json_of_time(int64_t ms);
json_t *json_of_text(const char *text);

#endif
