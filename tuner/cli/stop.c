/*
 * stop.c: hone stop STUDY [--now] [--trial N].
 *
 * Only the living tuner writes a study: it is asked, and answers. Without one, we take the study up
 * ourselves, do what is asked, and leave (decision 8).
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/request.h"
#include "cli/study_run.h"
#include "io/time.h"
#include "loop/lease.h"
#include "loop/loop.h"

enum { LOOK_MS = 50 };

struct stop {
    struct store *store;
    struct study_row *row;
    bool now;
    int64_t trial; /* or -1 */
    bool quiet;
};

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
}

/* ---- With a living tuner ---- */

static hone_status state_visit(void *context, const struct trial_row *row, hone_error *err)
{
    (void)err;
    *(hone_trial_state *)context = row->state;
    return HONE_OK;
}

/* Whether what was asked for has come about. */
static bool is_done(struct stop *s)
{
    hone_error err;
    if (s->trial >= 0) {
        hone_trial_state state = HONE_TRIAL_CANCELLED;
        hone_status status =
            store_trials(s->store, s->row->id, s->trial, state_visit, &state, &err);
        return status != HONE_OK || state != HONE_TRIAL_RUNNING;
    }
    struct study_row row = {0};
    if (store_study_find(s->store, s->row->name, &row, &err) != HONE_OK)
        return true;
    bool done = !lease_is_held(&row, time_now_ms());
    study_row_release(&row);
    return done;
}

static int ask_for_stop(struct stop *s)
{
    char body[64];
    if (s->trial >= 0)
        snprintf(body, sizeof body, "{\"trial\":%lld}", (long long)s->trial);
    else
        snprintf(body, sizeof body, "{\"now\":%s}", s->now ? "true" : "false");
    int status = ask_tuner(s->store, s->row, s->trial >= 0 ? "stop_trial" : "stop", body);
    if (status != EXIT_DONE)
        return status;
    while ((s->now || s->trial >= 0) && !is_done(s))
        nap();
    return EXIT_DONE;
}

/* ---- Without one ---- */

static hone_status settle(struct stop *s, struct tuner *tuner, hone_error *err)
{
    hone_status status = HONE_OK;
    tuner_hold(tuner);
    if (s->trial >= 0) {
        status = tuner_stop_trial(tuner, s->trial, err);
        while (!status && tuner_runs(tuner, s->trial)) {
            status = tuner_pass(tuner, err);
            nap();
        }
        return status;
    }
    tuner_stop(tuner, s->now ? STOP_NOW : STOP_NEW, "hone stop");
    status = tuner_pass(tuner, err);
    while (!status && s->now && !tuner_is_over(tuner)) {
        nap();
        status = tuner_pass(tuner, err);
    }
    if (!status && !tuner_is_over(tuner))
        status = tuner_park(tuner, "stopped by hone stop", err);
    return status;
}

static int settle_alone(struct stop *s)
{
    hone_error err = {0};
    struct spec *spec = study_spec(s->store, s->row, &err);
    if (!spec)
        return fail(EXIT_SYSTEM, "%s", err.text);
    struct tuner *tuner = tuner_open(s->store, s->row, spec, NULL, &err);
    if (!tuner)
        return fail(EXIT_SYSTEM, "%s", err.text);
    hone_status status = settle(s, tuner, &err);
    size_t left = tuner_n_running(tuner);
    tuner_close(tuner);
    if (status)
        return fail(status == HONE_ENOTFOUND ? EXIT_USAGE : EXIT_SYSTEM, "%s", err.text);
    if (left && !s->now && s->trial < 0 && !s->quiet)
        printf("%zu %s on; hone resume %s picks up what came out\n", left,
               left == 1 ? "trial runs" : "trials run", s->row->name);
    return EXIT_DONE;
}

static void say(const struct stop *s)
{
    if (s->quiet)
        return;
    if (s->trial >= 0)
        printf("trial %lld of study %s is cancelled\n", (long long)s->trial, s->row->name);
    else if (s->now)
        printf("study %s is stopped; resume: hone resume %s\n", s->row->name, s->row->name);
    else
        printf("study %s starts no new trials; resume: hone resume %s\n", s->row->name,
               s->row->name);
}

int cmd_stop(int argc, char **argv, const struct globals *globals)
{
    struct stop s = {.trial = -1, .quiet = globals->quiet};
    struct study_row row = {0};
    const char *name = NULL, *trial = NULL;
    const struct flag flags[] = {{"--now", &s.now, NULL}, {"--trial", NULL, &trial}};
    int status = args_read(argc, argv, flags, 2, &name, 1, 1, NULL);
    if (status != EXIT_DONE)
        return status;
    if (trial && !args_trial("stop", trial, &s.trial))
        return EXIT_USAGE;
    s.store = open_study(globals, name, &row, &status);
    if (!s.store)
        return status;
    s.row = &row;
    /* What was stopped may still have trials that run, or wait for a resume. */
    bool can_stop = row.state == STUDY_RUNNING || (row.state == STUDY_STOPPED && (s.now || trial));
    bool held = lease_is_held(&row, time_now_ms());
    if (!held && !can_stop) {
        status = fail(EXIT_DONE, "study \"%s\" does not run: it is %s", row.name,
                      study_state_text(row.state));
    } else {
        status = held ? ask_for_stop(&s) : settle_alone(&s);
        if (status == EXIT_DONE)
            say(&s);
    }
    study_row_release(&row);
    store_close(s.store);
    return status;
}
