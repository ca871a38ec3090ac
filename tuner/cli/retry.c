/*
 * retry.c: hone retry STUDY N ... | --failed: ended trials get another attempt.
 *
 * A living tuner takes it as a request. Without one it is recorded here, under the study's lease;
 * the trials run when the study goes on.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/request.h"
#include "cli/study_run.h"
#include "io/json.h"
#include "io/time.h"
#include "loop/lease.h"
#include "loop/loop.h"

enum { MOST_WORDS = 1024 };

struct retry {
    struct store *store;
    struct study_row row;
    int64_t *trials;
    size_t n, room;
    struct candidate { /* while rows are visited */
        int64_t trial;
        bool failed, broke; /* it failed; its machine or its time was taken from it */
    } * candidates;
    size_t n_candidates, candidates_room;
};

static hone_status add(struct retry *r, int64_t trial, hone_error *err)
{
    if (r->n == r->room) {
        size_t room = r->room ? 2 * r->room : 16;
        int64_t *more = mem_resize(r->trials, room, sizeof *more);
        if (!more)
            return error_memory(err);
        r->trials = more;
        r->room = room;
    }
    r->trials[r->n++] = trial;
    return HONE_OK;
}

/* ---- --failed ---- */

static hone_status trial_visit(void *context, const struct trial_row *row, hone_error *err)
{
    struct retry *r = context;
    bool failed = row->state == HONE_TRIAL_FAILED, cancelled = row->state == HONE_TRIAL_CANCELLED;
    if (!trial_is_own(row->origin) || (!failed && !cancelled))
        return HONE_OK;
    if (r->n_candidates == r->candidates_room) {
        size_t room = r->candidates_room ? 2 * r->candidates_room : 16;
        struct candidate *more = mem_resize(r->candidates, room, sizeof *more);
        if (!more)
            return error_memory(err);
        r->candidates = more;
        r->candidates_room = room;
    }
    r->candidates[r->n_candidates++] = (struct candidate){.trial = row->number, .failed = failed};
    return HONE_OK;
}

/* Visited by trial and number, as the candidates are: the last attempt is what stays. */
static hone_status attempt_visit(void *context, const struct attempt_row *row, hone_error *err)
{
    (void)err;
    struct candidate *c = context;
    c->broke = row->state == ATTEMPT_LOST || row->state == ATTEMPT_PREEMPTED;
    return HONE_OK;
}

/* Those that failed, and those that were lost or preempted too often; not what a person ended. */
static hone_status find_failed(struct retry *r, hone_error *err)
{
    hone_status status = store_trials(r->store, r->row.id, -1, trial_visit, r, err);
    for (size_t i = 0; i < r->n_candidates && !status; i++) {
        struct candidate *c = &r->candidates[i];
        if (!c->failed)
            status = store_attempts(r->store, r->row.id, c->trial, attempt_visit, c, err);
        if (!status && (c->failed || c->broke))
            status = add(r, c->trial, err);
    }
    return status;
}

/* ---- Doing it ---- */

static int ask(struct retry *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n; i++)
        json_array_append_new(list, json_integer(r->trials[i]));
    json_t *whole = json_pack("{s:o}", "trials", list);
    char *body = whole ? json_write(whole) : NULL;
    int status =
        body ? ask_tuner(r->store, &r->row, "retry", body) : fail(EXIT_SYSTEM, "out of memory");
    mem_free(body);
    json_decref(whole);
    return status;
}

static int record(struct retry *r)
{
    hone_error err = {0};
    char reason[80];
    struct spec *spec = study_spec(r->store, &r->row, &err);
    struct tuner *tuner = spec ? tuner_open(r->store, &r->row, spec, NULL, &err) : NULL;
    if (!tuner)
        return fail(EXIT_SYSTEM, "%s", err.text);
    snprintf(reason, sizeof reason, "%zu trial%s to be run again", r->n,
             r->n == 1 ? " is" : "s are");
    tuner_hold(tuner);
    hone_status status = tuner_retry(tuner, r->trials, r->n, &err);
    if (!status)
        status = tuner_park(tuner, reason, &err);
    tuner_close(tuner);
    return status ? fail(EXIT_SYSTEM, "%s", err.text) : EXIT_DONE;
}

static void say(const struct retry *r, bool held)
{
    printf("trial%s", r->n == 1 ? "" : "s");
    for (size_t i = 0; i < r->n; i++)
        printf("%s %lld", i ? "," : "", (long long)r->trials[i]);
    printf(" of study %s %s run again", r->row.name, r->n == 1 ? "is" : "are");
    printf(held ? "\n" : " when it goes on: hone resume %s\n", r->row.name);
}

static int retry(struct retry *r, bool quiet)
{
    hone_error err = {0};
    for (size_t i = 0; i < r->n; i++)
        if (retry_check(r->store, &r->row, r->trials[i], &err))
            return fail(err.status == HONE_EIO ? EXIT_SYSTEM : EXIT_USAGE, "%s", err.text);
    bool held = lease_is_held(&r->row, time_now_ms());
    int status = held ? ask(r) : record(r);
    if (status == EXIT_DONE && !quiet)
        say(r, held);
    return status;
}

static int read_numbers(struct retry *r, const char *const *words, int n)
{
    hone_error err = {0};
    for (int i = 0; i < n; i++) {
        int64_t trial;
        if (!args_trial("retry", words[i], &trial))
            return EXIT_USAGE;
        bool known = false;
        for (size_t k = 0; k < r->n; k++)
            known = known || r->trials[k] == trial;
        if (!known && add(r, trial, &err))
            return fail(EXIT_SYSTEM, "%s", err.text);
    }
    return EXIT_DONE;
}

int cmd_retry(int argc, char **argv, const struct globals *globals)
{
    const char *words[MOST_WORDS];
    int n = 0;
    bool failed = false;
    hone_error err = {0};
    struct retry r = {0};
    const struct flag flags[] = {{"--failed", &failed, NULL}};
    int status = args_read(argc, argv, flags, 1, words, 1, MOST_WORDS, &n);
    if (status != EXIT_DONE)
        return status;
    if (failed == (n > 1))
        return usage_error("retry", "needs the numbers of trials, or --failed");
    status = read_numbers(&r, words + 1, n - 1);
    if (status == EXIT_DONE)
        r.store = open_study(globals, words[0], &r.row, &status);
    if (r.store) {
        if (failed && find_failed(&r, &err))
            status = fail(EXIT_SYSTEM, "%s", err.text);
        else if (r.n == 0)
            status = fail(EXIT_NOTHING, "no trial of study \"%s\" has failed", r.row.name);
        else
            status = retry(&r, globals->quiet);
    }
    mem_free(r.trials);
    mem_free(r.candidates);
    study_row_release(&r.row);
    store_close(r.store);
    return status;
}
