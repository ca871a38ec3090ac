/*
 * view.c: figures about the running study, for the display.
 */
#include "loop/loop_int.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/live.h"
#include "report/study_view.h"

enum { MOST_POINTS = 200000 };

/* The rank of r's newest value among the other trials' values at the same step. */
static void rank(struct tuner *t, struct running *r, double step, double value)
{
    bool maximize = t->spec->objectives[0].maximize;
    int64_t better = 0, others = 0;
    for (size_t i = 0; i < t->n_points; i++) {
        const struct point *p = &t->points[i];
        if (p->step < step || p->step > step || p->trial == r->row.number)
            continue;
        others++;
        better += maximize ? p->value > value : p->value < value;
    }
    r->rank = better + 1;
    r->ranked = others + 1;
}

void view_value(struct tuner *t, struct running *r, double step, double value)
{
    if (!t->wants_ranks || !isfinite(value))
        return;
    if (t->n_points == MOST_POINTS) { /* too many to rank by: no ranks rather than wrong ones */
        t->wants_ranks = false;
        r->ranked = 0;
        return;
    }
    if (t->n_points == t->cap_points) {
        size_t cap = t->cap_points ? t->cap_points * 2 : 256;
        struct point *points = mem_resize(t->points, cap, sizeof *points);
        if (!points)
            return;
        t->points = points;
        t->cap_points = cap;
    }
    rank(t, r, step, value);
    t->points[t->n_points++] = (struct point){.trial = r->row.number, .step = step, .value = value};
}

void view_ended(struct tuner *t, const struct running *r, const char *reason, bool is_best)
{
    if (t->n_ended == t->cap_ended) {
        size_t cap = t->cap_ended ? t->cap_ended * 2 : 8;
        struct live_ended *list = mem_resize(t->ended, cap, sizeof *list);
        if (!list)
            return; /* a line less on the screen */
        t->ended = list;
        t->cap_ended = cap;
    }
    struct live_ended *e = &t->ended[t->n_ended++];
    const struct tally *tally = &r->tallies[0];
    *e = (struct live_ended){.trial = r->row.number,
                             .state = r->row.state,
                             .has_value = r->row.state == HONE_TRIAL_COMPLETED,
                             .is_best = is_best,
                             .value = t->spec->objectives[0].use_best ? tally->best : tally->last,
                             .seconds = (double)ledger_ms(&t->ledger, r->row.number) / 1000};
    snprintf(e->reason, sizeof e->reason, "%s", reason);
}

static const char *state_of(const struct tuner *t, const struct running *r)
{
    if (r->attempt.state == ATTEMPT_WAITING)
        return t->stop >= STOP_NOW ? "waiting" : "starting";
    return r->stop != CAUSE_NONE || t->stop >= STOP_NOW ? "stopping" : "running";
}

static void view_money(struct tuner *t, int64_t to_come, struct live_view *out)
{
    struct ledger_terms terms = spec_terms(t->spec);
    struct ledger_sums sums;
    terms.to_come = to_come > 0 ? to_come : 0;
    for (size_t i = 0; i < t->n_running; i++) {
        const struct attempt_row *a = &t->running[i]->attempt;
        ledger_running(&t->ledger, a->trial, a->spot, attempt_ms(a, t->now));
    }
    if (ledger_sum(&t->ledger, &terms, &sums, NULL) == HONE_OK)
        live_money(out, &sums);
}

void tuner_view(struct tuner *t, struct live_view *out)
{
    struct live_trial *trials = t->shown;
    size_t n = t->n_running < MOST_SHOWN ? t->n_running : MOST_SHOWN;
    *out = (struct live_view){.study = t->study.name,
                              .metric = t->spec->objectives[0].metric,
                              .max_trials = t->spec->max_trials,
                              .best_trial = t->best_trial,
                              .best = t->best,
                              .best_ago = t->since_best,
                              .elapsed_s = (double)finish_active_ms(t) / 1000,
                              .left_s = -1,
                              .n_trials = n,
                              .trials = trials};
    memcpy(out->by_state, t->counts, sizeof out->by_state);
    for (size_t i = 0; i < n; i++) {
        const struct running *r = t->running[i];
        const struct attempt_row *a = &r->attempt;
        bool waits = a->state == ATTEMPT_WAITING && t->stop >= STOP_NOW;
        out->waiting += waits;
        out->by_state[HONE_TRIAL_RUNNING] += !waits;
        trials[i] = (struct live_trial){
            .trial = r->row.number,
            .attempt = a->number,
            .state = state_of(t, r),
            .has_value = r->tallies[0].n > 0,
            .step = r->last_step,
            .value = r->tallies[0].last,
            .rank = r->rank,
            .ranked = r->ranked,
            .seconds = a->started_at ? (double)(t->now - a->started_at) / 1000 : 0};
    }
    int64_t left = t->spec->max_trials - t->n_trials;
    if (t->n_durations > 0 && t->stop == STOP_NOT && !t->ending) {
        double mean_s = (double)t->durations_ms / (double)t->n_durations / 1000;
        double at_once = (double)t->spec->max_parallel;
        out->left_s = mean_s * ((double)left / at_once);
        double rest = 0; /* of the trials that run, the one with most before it */
        for (size_t i = 0; i < n; i++)
            rest = fmax(rest, mean_s - trials[i].seconds);
        out->left_s += rest;
    }
    if (t->spec->has_price) {
        out->currency = t->spec->currency ? t->spec->currency : "USD";
        view_money(t, left, out);
    }
    if (t->stop == STOP_NEW && t->n_running)
        out->phase = "stopping: no new trials, running ones finish; Ctrl-C again ends them";
    else if (t->stop == STOP_NOW)
        out->phase = "stopping: running trials are ended; Ctrl-C again leaves at once";
    else if (t->ending)
        out->phase = t->ending;
}
