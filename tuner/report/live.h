/*
 * live.h: a study while it runs, for people: in a terminal one block that is redrawn in place, else
 * one line for each trial that has ended.
 */
#ifndef HONE_REPORT_LIVE_H
#define HONE_REPORT_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hone.h"

/** A running trial. */
struct live_trial {
    int64_t trial, attempt;
    const char *state; /* "starting", "running", "stopping", "waiting" */
    bool has_value;
    double step, value;   /* newest of the first objective */
    int64_t rank, ranked; /* its rank among `ranked` trials at the same step; 0 = not known */
    double seconds;       /* since its attempt started */
};

/** A trial that has just ended. */
struct live_ended {
    int64_t trial;
    hone_trial_state state;
    bool has_value, is_best;
    double value;
    double seconds;
    char reason[200];
};

/** The study now. Texts are borrowed until the next call that fills it. */
struct live_view {
    const char *study, *metric;
    int64_t by_state[5]; /* hone_trial_state */
    int64_t waiting, max_trials;
    int64_t best_trial; /* or -1 */
    double best;
    int64_t best_ago;              /* trials that ended since */
    double elapsed_s, left_s;      /* left: < 0 when not known */
    const char *currency;          /* NULL: no money is shown */
    double spent, forecast, saved; /* forecast: NaN when not known */
    const char *phase;             /* "stopping: running trials finish", or NULL */
    size_t n_trials;
    const struct live_trial *trials;
};

struct live;
struct ledger_sums;

/** Take over what is shown of them. */
void live_money(struct live_view *view, const struct ledger_sums *sums);

/**
 * Show on stdout: the block when that is a terminal, else lines.
 * @param quiet  neither
 */
struct live *live_new(bool color, bool quiet);
void live_free(struct live *live);
/** Whether there is a block to be fed: nothing needs to be computed for it otherwise. */
bool live_has_block(const struct live *live);
/** A line of text above the block. */
void live_note(struct live *live, const char *text);
/** A trial has ended: a line, where there is no block. */
void live_trial_ended(struct live *live, const struct live_view *view,
                      const struct live_ended *ended);
/** Redraw the block. */
void live_draw(struct live *live, const struct live_view *view);
/** The terminal has another size. */
void live_resized(struct live *live);
/** Leave the block as it stands, for good: what comes next are lines below it. */
void live_end(struct live *live);

/** A number for people: at most 6 significant digits. */
void live_number(double x, char out[32]);

#endif
