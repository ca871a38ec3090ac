/*
 * loop_int.h: the tuner from inside. Only for this folder.
 */
#ifndef HONE_LOOP_LOOP_INT_H
#define HONE_LOOP_LOOP_INT_H

#include <jansson.h>

#include "base/mem.h"
#include "exec/executor.h"
#include "exec/metrics.h"
#include "loop/loop.h"
#include "report/live.h"
#include "study/ledger.h"

/** A copy of a text, or NULL of NULL. */
static inline char *text_dup(const char *text)
{
    return text ? mem_text(text) : NULL;
}

/* ---- What one pass writes (changes.c) ---- */

/** Everything that a pass has decided, in the order in which it is written. Texts are copies. */
struct changes {
    struct arena arena;
    struct event *events;
    struct trial_row *trials;
    struct attempt_row *attempts;
    struct observation *observations;
    size_t n_events, n_trials, n_attempts, n_observations;
    size_t cap_events, cap_trials, cap_attempts, cap_observations;
    int64_t answered; /* request, or 0 */
    const char *answer;
    bool study;  /* the study's row has changed */
    bool failed; /* memory ran out */
};

void changes_clear(struct changes *c);
void changes_release(struct changes *c);
bool changes_none(const struct changes *c);
/** Nothing but what trials that run have printed, and where: the log has it too, so it may wait. */
bool changes_can_wait(const struct changes *c);
/** `body` may be NULL; its reference is taken. */
void changes_event(struct changes *c, enum event_kind kind, int64_t trial, json_t *body);
void changes_trial(struct changes *c, const struct trial_row *row);
/** Takes the place of what the journal has of the same attempt. */
void changes_attempt(struct changes *c, const struct attempt_row *row);
/** The metric's name is borrowed until the commit. */
void changes_observation(struct changes *c, const struct observation *o);
/** Answer a request; texts are copied. NULL text: done. */
void changes_answer(struct changes *c, int64_t request, const char *error);
/** All in one transaction. */
hone_status changes_commit(struct changes *c, struct store *store, const struct study_row *study,
                           int64_t now, hone_error *err);

/* ---- A running trial (trial.c) ---- */

/** Why a trial is being ended; the texts are in STOP_TRIAL events. */
enum stop_cause { CAUSE_NONE, CAUSE_EARLY, CAUSE_REQUEST, CAUSE_STUDY, CAUSE_PREEMPT };

enum retry_kind {
    RETRY_CANCELLED,
    RETRY_PREEMPTED,
    RETRY_LOST,
    RETRY_FAILED,
    RETRY_TIMEOUT,
    N_RETRY_KINDS
};

/** An outcome of a trial, over all its attempts. */
struct tally {
    int64_t n, n_finite;
    double last, best; /* best: of the finite ones of an objective */
};

struct running {
    struct trial_row row;       /* texts owned */
    int64_t repeat_of;          /* the trial that it runs again; -1: none */
    struct attempt_row attempt; /* the current one; texts owned */
    char *folder;               /* the attempt's */
    struct metric_cursor *cursor;
    struct tally tallies[HONE_MAX_OUTCOMES]; /* objectives, then constraints */
    uint32_t heard;                          /* outcomes of which it printed a value, a bit each */
    double last_step;
    int64_t retries[N_RETRY_KINDS];
    enum stop_cause stop;
    char *stop_reason;

    int watch;     /* readable when the shim has gone; or -1 */
    bool launched; /* a shim was started for this attempt, by us */
    bool loaded;   /* the attempt was found in the store: an earlier tuner may have started it */
    int64_t launched_at;
    bool gone;            /* the watch fired */
    bool wants_stop;      /* send the stop after the commit */
    bool outside;         /* it has values that the settings no longer allow */
    bool is_over;         /* told; leaves the list after the commit */
    bool more;            /* its log has more to read */
    bool dirty;           /* the attempt's row has changed */
    int64_t saved_at;     /* when the cursor was stored */
    int64_t rank, ranked; /* of its last value among those at the same step; 0 = not known */
};

void running_free(struct running *r);

/* ---- Running the best again (confirm.c) ---- */

/* Which trials are run again, over all rounds of it. */
struct repeat_plan {
    struct repeated {
        int64_t trial, wanted, asked;
    } * items;
    size_t n, cap;
    int64_t top, repeats;   /* of the last round */
    int64_t n_search;       /* trials of the search when it was planned */
    int64_t repeats_before; /* repeats when it was planned, or when this tuner began without one */
    bool is_made;           /* this tuner has made one, or goes on with one: its search is over */
};

struct tuner;
/** Whether max_trials leaves the search another trial. */
bool confirm_search_goes_on(const struct tuner *t);
/** Whether a repeat is still to be asked for, now or once a plan is made. */
bool confirm_is_pending(const struct tuner *t);
/** When the search is done: plan, and ask for repeats while there is place. */
hone_status confirm_ask(struct tuner *t, hone_error *err);
/** Play back a CONFIRM event. */
hone_status confirm_play(struct tuner *t, const json_t *body, hone_error *err);
/** Count a repeat that was asked for. */
void confirm_count(struct tuner *t, int64_t repeat_of);
/** After all events: what this tuner begins with. */
void confirm_begin(struct tuner *t);

/* ---- The tuner (state.c) ---- */

enum {
    N_ASK_TIMES = 512,
    MOST_SHOWN = 128,
    COMING_MS = 20 /* a shim that was just started is looked at after this, or at its end */
};

struct tuner {
    const struct world *world;
    struct executor *executor; /* the world's, or its own of a cluster */
    struct executor *cluster;  /* that one, else NULL */
    struct store *store;
    struct spec *spec;
    struct study_row study; /* as last written */
    char *folder, *alive;
    int64_t now; /* of this pass */
    struct changes changes;

    hone_optimizer *opt;
    struct metric_reader *reader;
    size_t n_given; /* trials that `start` or hone enqueue asked for */
    bool reports;   /* a stopping rule wants the curves */

    struct running **running;
    size_t n_running, cap_running;

    int64_t n_trials;  /* asked so far: what max_trials limits */
    int64_t n_repeats; /* of them to confirm others */
    struct repeat_plan plan;
    int64_t counts[5];                 /* by hone_trial_state; RUNNING is n_running */
    int64_t best_trial;                /* or -1 */
    double best;                       /* its first objective, own unit */
    int64_t last_better;               /* the last trial that became it, or joined the front */
    int64_t since_best;                /* ended trials since that one */
    struct ledger ledger;              /* of what has ended; empty without a price */
    int64_t n_durations, durations_ms; /* of completed trials, for the ETA */
    bool heard;                        /* some trial printed a value of each outcome */
    int64_t n_ended_before;            /* trials that had ended when the study was taken up */
    int64_t n_silent;                  /* trials that ended without one */
    char silent_reason[200];           /* of the last of them */
    int64_t n_low_gain;                /* last asks whose expected gain was below the limit */
    double gain;                       /* of the last one */
    bool exhausted;                    /* no untried configuration was left at the last ask */

    struct spec *edited; /* the settings from the next pass on: an edit is to be committed */
    bool hold;           /* start nothing: another command settles something and leaves */
    enum stop_level stop;
    char *stop_who;
    char *ending; /* a stop condition fired: the study's reason; no new trials */
    bool failing; /* ... and it is a failure */
    bool yields;  /* ... which ends the search, and lets the best be confirmed */
    bool over;
    bool failed; /* a pass has failed: memory may be ahead of the store, and is not written */
    bool more;   /* another pass has work at once */
    int64_t away_at, retry_at, pause_ms; /* the store cannot be reached: since when (0: it can),
                                            next try, and the pause before the one after it */
    bool asked_long; /* the last ask took its time: start what was asked before the next one */

    int64_t requests_at, lease_at, alive_at, written_at; /* when last done */
    int64_t active_from, active_before;                  /* ms; before: of earlier tuners */
    size_t n_new_values;                                 /* read in this pass */
    double ask_ms[N_ASK_TIMES];
    size_t n_asks;

    struct live_ended *ended; /* trials that ended in this pass, for the display */
    size_t n_ended, cap_ended;
    char warning[300]; /* something to tell the person, or empty */

    struct live_trial shown[MOST_SHOWN]; /* what tuner_view() gives out */
    bool wants_ranks;
    struct point { /* values of the first objective, for ranks */
        int64_t trial;
        double step, value;
    } * points;
    size_t n_points, cap_points;
};

/** The world's time. */
static inline int64_t tuner_now(const struct tuner *t)
{
    return t->world->now_ms(t->world);
}

/** Whether attempts only seem to run: then nothing of them is on disk. */
static inline bool tuner_simulates(const struct tuner *t)
{
    return t->executor->read != NULL;
}

/** Add a running trial; NULL when memory is out. */
struct running *tuner_add_running(struct tuner *t, int64_t trial);
struct running *tuner_find_running(struct tuner *t, int64_t trial);
/** Whether another trial or repeat may be started now. */
bool tuner_has_place(const struct tuner *t);
/** Make the rows, event and first attempt of a trial that was just asked for; takes `body`. */
hone_status tuner_record_ask(struct tuner *t, const hone_trial *trial, const char *origin,
                             json_t *body, struct running **out, hone_error *err);
/** The body of its ASK event. */
json_t *ask_body(struct tuner *t, const hone_trial *trial, const char *origin);
/** Count a trial that has ended and that the optimizer was told of. */
void tuner_count(struct tuner *t, int64_t trial, hone_trial_state state);
/** Take that back: a trial that ended like this runs again. */
void tuner_uncount(struct tuner *t, hone_trial_state state, bool is_repeat);
/** Count a value of an outcome in a trial's tally. */
void running_tally(struct tuner *t, struct running *r, size_t outcome, double step, double value);
/** Set the folder and cursor of r's current attempt. */
hone_status running_begin_attempt(struct tuner *t, struct running *r, const char *previous,
                                  hone_error *err);
/** Fill r in from the store: its row, its last attempt, the values of all of them. */
hone_status running_load(struct tuner *t, struct running *r, hone_error *err);
/** Make the attempt after the current one, which waits until the pass has been committed. */
hone_status running_next_attempt(struct tuner *t, struct running *r, hone_error *err);

/** Count an imported trial: for the best alone. */
void tuner_count_import(struct tuner *t, int64_t trial);

/** Copy what the parents of a new study have found (warm.c). */
hone_status warm_start(struct tuner *t, hone_error *err);

/* ---- A study's history (history.c, warm.c) ---- */

/** Whether a stopping rule wants to know the curves. */
bool spec_reports(const struct spec *spec);

/** A study's events become what the search knew. */
struct history {
    struct store *store;
    const struct study_row *study;
    const struct spec *spec; /* the settings now */
    struct spec *then;       /* those of the events' time, where they are others */
    hone_optimizer *opt;     /* NULL until CREATED was played */
};
void history_release(struct history *h);
/** The settings of the time of the last event. */
const struct spec *history_spec(const struct history *h);

/** Play one event: what it means to the search. An ASK gives the trial as it was proposed. */
hone_status history_play(struct history *h, const struct event *event, const json_t *body,
                         hone_error *err);
/** An optimizer that knows no trial. */
hone_optimizer *optimizer_of(const struct spec *spec, uint64_t seed, hone_error *err);
/** Play a TELL: with `reports` the trial's stored values, then its end; nothing for one that is
 * outside. */
hone_status optimizer_tell_stored(hone_optimizer *opt, const struct history *h,
                                  const struct event *event, const json_t *body, bool reports,
                                  hone_error *err);
hone_status optimizer_enqueue_event(hone_optimizer *opt, const json_t *body, hone_error *err);
/** The state of this name; false: there is none. */
bool trial_state_of_text(const char *text, hone_trial_state *out);
/** Whether a trial has values that the settings no longer allow: the search knows its number only.
 */
bool trial_is_outside(const hone_optimizer *opt, int64_t trial);

/** What an edit makes of a history (edit.c). */
struct refitted {
    hone_optimizer *opt;
    int64_t n_trials, n_fit; /* all trials; those that are in the new search */
};
/** Play what was before an event into a new optimizer of these settings: what fits them. */
hone_status history_refit(const struct history *h, const struct spec *spec, int64_t before,
                          struct refitted *out, hone_error *err);

hone_status optimizer_add_event(hone_optimizer *opt, const struct spec *spec, const json_t *body,
                                uint64_t *id_out, hone_error *err);
hone_status optimizer_transfer_event(hone_optimizer *opt, const json_t *body, hone_error *err);

/** Events of a study, read in portions so that a long history needs little memory. */
typedef hone_status event_step(void *context, const struct event *event, const json_t *body,
                               hone_error *err);
hone_status events_play(struct store *store, int64_t study, event_step *step, void *context,
                        hone_error *err);

char *base64_encode(const void *data, size_t n);
void *base64_decode(const char *text, size_t *n_out);

/* ---- An edit (edit.c) ---- */

/** Let the study have other settings, once that was committed. `from`: those that they were made
 * from. */
hone_status tuner_edit(struct tuner *t, const char *text, const char *from, hone_error *err);
/** Open the study anew, with what was edited. */
hone_status tuner_reopen(struct tuner *t, hone_error *err);
/** The body of its event; a new reference. */
json_t *edit_event(const struct edit *edit, const struct spec *now);

/* ---- Judging an end (judge.c) ---- */

struct verdict {
    enum attempt_state attempt;
    bool again; /* the trial gets another attempt */
    enum retry_kind kind;
    hone_trial_state trial;
    double values[HONE_MAX_OUTCOMES]; /* COMPLETED */
    bool silent;                      /* it ran to its end without printing an outcome */
    char reason[400];                 /* or empty */
    char note[400];                   /* of the attempt: what else there is to know; or empty */
};
void judge_end(const struct tuner *t, const struct running *r, const struct attempt_status *status,
               struct verdict *out);

/* ---- The study's end (finish.c) ---- */

/** Look at the stop conditions; sets t->ending, and stops running trials where that is meant. */
void finish_consider(struct tuner *t);
/** After an ask: what the search expects of it. */
void finish_note_gain(struct tuner *t);
/** When nothing runs and nothing will: record the study's end. */
void finish_record(struct tuner *t);
/** Money spent until now; 0 without a price. */
double finish_cost(const struct tuner *t);
/** When stop.cost, by what runs, or stop.time will be met: ms from now; INT64_MAX: not at all. */
int64_t finish_due_ms(const struct tuner *t);
/** Time with a living tuner, ms. */
int64_t finish_active_ms(const struct tuner *t);

/* ---- What a trial sees (environment.c) ---- */

/** Make the folders of r's attempt, and start it. Idempotent. HONE_ESTATE: no slot is free. */
hone_status environment_start(struct tuner *t, struct running *r, hone_error *err);
/** "UID-TRIAL-ATTEMPT". */
void attempt_id(const struct tuner *t, const struct running *r, char out[160]);

/* ---- Parts of a pass ---- */
/** Record that a trial is to be ended; the signal is sent after the commit. */
void running_stop(struct tuner *t, struct running *r, enum stop_cause cause, const char *reason);
const char *stop_cause_text(enum stop_cause cause);
const char *retry_kind_text(enum retry_kind kind);
/** Read what r's log has new (look.c); r->more when there is more. */
hone_status running_read(struct tuner *t, struct running *r, bool ended, hone_error *err);
/** Look at an attempt, and settle it when it has ended (look.c). */
hone_status running_look(struct tuner *t, struct running *r, hone_error *err);
/** Serve one request of another command (request.c). */
hone_status requests_take(struct tuner *t, hone_error *err);
/** Remember a value for ranks, and rank r by it (view.c). */
void view_value(struct tuner *t, struct running *r, double step, double value);
void view_ended(struct tuner *t, const struct running *r, const char *reason, bool is_best);

#endif
