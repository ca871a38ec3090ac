/*
 * ledger.h: time and money of a study. Pure: no clock, no store; who keeps it says when what ran.
 *
 *     spent            time of each attempt x its price, on demand or spot
 *     full length      the median time of completed trials, all attempts of a trial together
 *     saved, stopping  for each trial that was stopped early: full length - its own time, at the
 *                      price on demand; never below 0
 *     saved, spot      time on spot x (price on demand - price of spot)
 *     in full          spent + both: what the same trials would have cost in full length on demand
 *     forecast         spent + what is left of trials that run + trials to come, each as long as
 *                      the mean ended trial, at the price of attempts to come; at most the limit
 *
 * The two savings add up: early stopping is what made the trials shorter, spot is what made the
 * rest of them cheaper.
 */
#ifndef HONE_STUDY_LEDGER_H
#define HONE_STUDY_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "hone.h"

struct ledger_entry {
    bool own; /* run by this study: else it is somebody else's money */
    bool cut; /* stopped because the study ended, which is no saving */
    hone_trial_state state;
    int64_t on_demand_ms, spot_ms; /* over its ended attempts */
    int64_t running_ms;            /* of the attempt that runs */
    bool running_spot;
};

/** By trial number. All zero is an empty one. */
struct ledger {
    struct ledger_entry *entries;
    size_t n, cap;
    int64_t on_demand_ms, spot_ms; /* over ended attempts of own trials */
};

/** What a trial-hour costs, and what is still to be paid for. */
struct ledger_terms {
    double on_demand, spot; /* an hour */
    bool spot_next;         /* attempts to come are spot */
    int64_t to_come;        /* trials that have not started */
    double limit;           /* the study ends when this is spent; 0: none */
};

struct ledger_sums {
    double trial_s, on_demand_s, spot_s; /* the first is the sum of the others */
    double spent, saved_stopping, saved_spot, in_full;
    double full_s;         /* full length; NaN: no trial has completed */
    size_t n_stopped;      /* trials that were stopped early */
    double forecast;       /* NaN: no trial has ended */
    double ended_s;        /* mean time of an ended trial; NaN: none */
    double saved_fraction; /* of in_full */
};

void ledger_release(struct ledger *l);

/**
 * A trial of the study, and its state now; called again when that changes.
 * @param cut  it was stopped because the study ended
 */
HONE_NODISCARD hone_status ledger_trial(struct ledger *l, int64_t trial, hone_trial_state state,
                                        bool cut, hone_error *err);

/** An attempt of a trial has ended after `ms`. Of trials that are not in the book: nothing. */
void ledger_paid(struct ledger *l, int64_t trial, bool spot, int64_t ms);

/** How long the attempts of a trial have run that ended; what lay between them is not in it. */
int64_t ledger_ms(const struct ledger *l, int64_t trial);

/** An attempt has run for `ms` until now; replaces what was said before, ledger_paid() ends it. */
void ledger_running(struct ledger *l, int64_t trial, bool spot, int64_t ms);

/** Money spent: O(1) for what has ended, plus `running_ms` of attempts that run, by kind. */
double ledger_spent(const struct ledger *l, const struct ledger_terms *terms,
                    int64_t running_on_demand_ms, int64_t running_spot_ms);

/** All figures. O(n log n) in the number of trials. */
HONE_NODISCARD hone_status ledger_sum(const struct ledger *l, const struct ledger_terms *terms,
                                      struct ledger_sums *out, hone_error *err);

#endif
