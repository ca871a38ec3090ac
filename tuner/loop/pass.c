/*
 * pass.c: one pass of the loop. README.md has its rules; this is their order:
 *
 *     one request -> look at running trials -> stop conditions -> asks -> commit -> act
 *
 * Everything up to the commit happens in memory. The commit makes it the truth. What acts on the
 * world (starting shims, sending stops) comes after it and may be done again by the next tuner.
 */
#include "loop/loop_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "io/json.h"
#include "io/time.h"
#include "loop/lease.h"

enum {
    LONG_ASK_MS = 20,    /* after one like this, what was asked is started first */
    ALIVE_MS = 2000,     /* how often FOLDER/alive is touched */
    RELAUNCH_MS = 10000, /* a shim that has not come up by then is started again */
    STATS_MS = 1000,
    VALUES_MS = 1000, /* values alone go to a server at most this often */
    AWAY_MS = 250, /* before the first new try of a store that has gone; then twice as long ... */
    LONG_AWAY_MS = 5000 /* ... up to this */
};

static double clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- Asking ---- */

json_t *ask_body(struct tuner *t, const hone_trial *trial, const char *origin)
{
    size_t n = 0, memo_size = 0;
    const hone_setting *settings = hone_trial_settings(trial, &n);
    const void *memo = hone_memo(t->opt, &memo_size);
    char *memo_text = base64_encode(memo, memo_size);
    json_t *body =
        memo_text ? json_pack("{s:o, s:s, s:s, s:s}", "params", json_of_settings(settings, n),
                              "why", hone_trial_why(trial), "origin", origin, "memo", memo_text)
                  : NULL;
    mem_free(memo_text);
    return body;
}

/* "objective 2: ..." by its name; the event keeps the search's words. mem_free. */
static char *why_by_name(const struct spec *spec, const char *why)
{
    static const char prefix[] = "objective ";
    size_t len = sizeof prefix - 1;
    if (strncmp(why, prefix, len) != 0 || why[len] < '1' || why[len] > '9' || why[len + 1] != ':' ||
        (size_t)(why[len] - '1') >= spec->n_objectives)
        return mem_text(why);
    struct buf text;
    buf_init(&text, 4096);
    buf_printf(&text, "%s%s", spec->objectives[why[len] - '1'].metric, why + len + 1);
    char *out = buf_take(&text);
    buf_release(&text);
    return out;
}

hone_status tuner_record_ask(struct tuner *t, const hone_trial *trial, const char *origin,
                             json_t *body, struct running **out, hone_error *err)
{
    struct running *r = tuner_add_running(t, (int64_t)hone_trial_id(trial));
    *out = r;
    if (!r || !body) {
        json_decref(body);
        return error_memory(err);
    }
    r->row.origin = mem_text(origin);
    r->row.params = json_write(json_object_get(body, "params"));
    r->row.why = why_by_name(t->spec, hone_trial_why(trial));
    r->row.started_at = t->now;
    r->attempt.number = 1;
    r->attempt.state = ATTEMPT_WAITING;
    r->attempt.exit_code = -1;
    r->attempt.spot = t->spec->spot;
    changes_event(&t->changes, EVENT_ASK, r->row.number, body);
    changes_trial(&t->changes, &r->row);
    changes_attempt(&t->changes, &r->attempt);
    t->n_trials++;
    hone_status status = ledger_trial(&t->ledger, r->row.number, HONE_TRIAL_RUNNING, false, err);
    return status ? status : running_begin_attempt(t, r, NULL, err);
}

static hone_status ask_one(struct tuner *t, hone_error *err)
{
    double from = clock_ms();
    const hone_trial *trial = hone_ask(t->opt, err);
    double took = clock_ms() - from;
    if (!trial) {
        t->exhausted = err->status == HONE_EEXHAUSTED;
        return t->exhausted ? HONE_OK : err->status;
    }
    t->ask_ms[t->n_asks++ % N_ASK_TIMES] = took;
    t->asked_long = took > LONG_ASK_MS && !tuner_simulates(t);

    bool given = strcmp(hone_trial_why(trial), "enqueued") == 0;
    const char *origin = !given ? "search" : t->n_given < t->spec->n_start ? "start" : "enqueued";
    t->n_given += given;
    struct running *r;
    hone_status status = tuner_record_ask(t, trial, origin, ask_body(t, trial, origin), &r, err);
    if (!status)
        finish_note_gain(t);
    return status;
}

/* Whether a trial waits for its slots: then the next proposal can wait too, and know more. */
static bool waits_for_slots(const struct tuner *t)
{
    bool counted = spec_takes_slots(t->spec);
    for (size_t i = 0; counted && i < t->n_running; i++)
        if (t->running[i]->attempt.state == ATTEMPT_WAITING && !t->running[i]->launched)
            return true;
    return false;
}

bool tuner_has_place(const struct tuner *t)
{
    return !t->hold && t->stop == STOP_NOT && (int64_t)t->n_running < t->spec->max_parallel &&
           !waits_for_slots(t);
}

static hone_status ask_more(struct tuner *t, hone_error *err)
{
    hone_status status = HONE_OK;
    t->asked_long = false;
    while (!status && !t->asked_long && !t->ending && !t->exhausted && confirm_search_goes_on(t) &&
           tuner_has_place(t))
        status = ask_one(t, err);
    if (!status)
        status = confirm_ask(t, err);
    t->more = t->more || t->asked_long;
    return status;
}

/* ---- Looking ---- */

static hone_status look_at_all(struct tuner *t, hone_error *err)
{
    hone_status status = HONE_OK;
    size_t kept = 0;
    for (size_t i = 0; i < t->n_running && !status; i++) {
        status = running_look(t, t->running[i], err);
        t->more = t->more || t->running[i]->more;
    }
    for (size_t i = 0; i < t->n_running; i++) {
        if (t->running[i]->is_over)
            running_free(t->running[i]);
        else
            t->running[kept++] = t->running[i];
    }
    t->n_running = kept;
    return status;
}

/* ---- The study's row ---- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* {"folder": ".", "ask_ms": {"median": 1.9, "p95": 4.2}}: what no event tells. */
static void update_stats(struct tuner *t)
{
    double sorted[N_ASK_TIMES];
    size_t n = t->n_asks < N_ASK_TIMES ? t->n_asks : N_ASK_TIMES;
    char *folder = anchor_text(t->store, t->spec->folder);
    json_t *stats = json_pack("{s:s}", "folder", folder ? folder : ".");
    json_t *before =
        t->study.stats ? json_read(t->study.stats, strlen(t->study.stats), NULL) : NULL;
    json_t *trials = json_object_get(before, "trials"); /* see study_folder() */
    if (trials)
        json_object_set(stats, "trials", trials);
    json_decref(before);
    mem_free(folder);
    if (n > 0) {
        memcpy(sorted, t->ask_ms, n * sizeof *sorted);
        qsort(sorted, n, sizeof *sorted, by_size);
        json_object_set_new(
            stats, "ask_ms",
            json_pack("{s:f, s:f}", "median", sorted[n / 2], "p95", sorted[n * 95 / 100]));
    }
    char *text = stats ? json_write(stats) : NULL;
    json_decref(stats);
    if (!text)
        return;
    mem_free(t->study.stats);
    t->study.stats = text;
}

/* The lease is renewed in good time, together with the figures that the row carries. */
static void keep_lease(struct tuner *t)
{
    int64_t lease_ms = (int64_t)(t->spec->lease_s * 1000);
    int64_t each = lease_ms / 3 < STATS_MS ? lease_ms / 3 : STATS_MS;
    bool renew = t->now - t->lease_at >= lease_ms / 3;
    /* With a commit anyhow the figures may go along. */
    bool along = !changes_none(&t->changes) && t->now - t->lease_at >= each;
    if (renew || along)
        t->changes.study = true;
    if (!t->changes.study)
        return;
    t->lease_at = t->now;
    if (t->study.owner.pid)
        t->study.lease_until = t->now + lease_ms;
    t->study.active_ms = finish_active_ms(t);
    update_stats(t);
}

static void touch_alive(struct tuner *t)
{
    if (t->now - t->alive_at < ALIVE_MS || tuner_simulates(t))
        return;
    t->alive_at = t->now;
    int fd = open(t->alive, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    /* A folder that cannot be written shows itself where it matters: at the next start. */
    if (futimens(fd, NULL) != 0)
        errno = 0;
    close(fd);
}

/* ---- Acting ---- */

static hone_status act_on(struct tuner *t, struct running *r, hone_error *err)
{
    hone_status status = HONE_OK;
    struct executor *executor = t->executor;
    if (r->wants_stop) {
        r->wants_stop = false;
        /* Without a folder no shim can be on its way, and the attempt simply waits. */
        if (tuner_simulates(t) || access(r->folder, F_OK) == 0)
            status = executor->stop(executor, r->folder, err);
        else
            r->loaded = false;
        if (!status && r->attempt.state == ATTEMPT_WAITING)
            t->more = true;
        return status;
    }
    if (t->hold)
        return HONE_OK;
    bool late = r->launched && t->now - r->launched_at > RELAUNCH_MS;
    if (r->attempt.state != ATTEMPT_WAITING || (r->launched && !late) || t->stop >= STOP_NOW ||
        r->stop != CAUSE_NONE)
        return HONE_OK;
    status = environment_start(t, r, err);
    if (status == HONE_ESTATE) /* the machine's slots are taken: it waits for one */
        return HONE_OK;
    if (status)
        return status;
    r->launched = true;
    r->launched_at = t->now;
    if (r->watch < 0)
        r->watch = executor->watch(executor, r->folder);
    return HONE_OK;
}

static hone_status act(struct tuner *t, hone_error *err)
{
    hone_status status = HONE_OK;
    for (size_t i = 0; i < t->n_running && !status; i++)
        status = act_on(t, t->running[i], err);
    return status;
}

/* ---- Committing ---- */

/* The server, or the way to it, has gone: what was decided is kept in the journal and tried again,
 * later and later. Nothing else is decided and nothing is started until then; trials run on. */
static void wait_for_store(struct tuner *t, const char *why)
{
    if (!t->away_at) {
        t->away_at = t->now;
        t->pause_ms = AWAY_MS;
        snprintf(t->warning, sizeof t->warning, "%.240s; waiting for it (what runs goes on)", why);
    }
    t->retry_at = tuner_now(t) + t->pause_ms;
    t->pause_ms = t->pause_ms * 2 < LONG_AWAY_MS ? t->pause_ms * 2 : LONG_AWAY_MS;
}

/* One commit. When the answer to the last one was lost, the store is asked first whether it was
 * made: it must not be made twice. */
static hone_status write_changes(struct tuner *t, hone_error *err)
{
    bool kept = false;
    hone_error own = {0};
    hone_status status = t->away_at ? store_settle(t->store, &kept, &own) : HONE_OK;
    if (!status && !kept)
        status = changes_commit(&t->changes, t->store, &t->study, t->now, &own);
    if (status && store_is_away(t->store)) {
        wait_for_store(t, own.text);
        return HONE_OK;
    }
    if (status)
        return error_set(err, status, "%s", own.text);
    if (t->away_at)
        snprintf(t->warning, sizeof t->warning, "the store is back after %.1f s",
                 (double)(tuner_now(t) - t->away_at) / 1e3);
    t->away_at = 0;
    t->written_at = t->now;
    changes_clear(&t->changes);
    return HONE_OK;
}

static hone_status finish_pass(struct tuner *t, hone_error *err)
{
    bool wait =
        changes_none(&t->changes) || (store_is_server(t->store) && changes_can_wait(&t->changes) &&
                                      !t->over && t->now - t->written_at < VALUES_MS);
    hone_status status = wait ? HONE_OK : write_changes(t, err);
    if (status || t->away_at || t->over)
        return status;
    return t->edited ? tuner_reopen(t, err) : act(t, err);
}

/* A pass whose commit still waits for the store. */
static hone_status pass_away(struct tuner *t, hone_error *err)
{
    if (t->now < t->retry_at)
        return HONE_OK;
    if (t->study.owner.pid)
        t->study.lease_until = t->now + (int64_t)(t->spec->lease_s * 1000);
    return finish_pass(t, err);
}

static hone_status pass(struct tuner *t, hone_error *err)
{
    t->now = tuner_now(t);
    t->more = false;
    t->n_ended = 0;
    t->n_new_values = 0;
    touch_alive(t);
    if (t->away_at)
        return pass_away(t, err);
    hone_status status = requests_take(t, err);
    if (!status && t->edited) /* nothing else is decided by settings of the past */
        return finish_pass(t, err);
    if (!status)
        status = look_at_all(t, err);
    if (!status) {
        finish_consider(t);
        status = ask_more(t, err);
    }
    if (status)
        return status;
    finish_record(t);
    keep_lease(t);
    return finish_pass(t, err);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t tuner_due_ms(const struct tuner *t)
{
    int64_t due_ms = t->lease_at + (int64_t)(t->spec->lease_s * 1000) / 3 - t->now;
    if (t->more)
        return 0;
    if (!t->ending)
        due_ms = least(due_ms, finish_due_ms(t));
    return due_ms > 0 ? due_ms : 0;
}

hone_status tuner_pass(struct tuner *t, hone_error *err)
{
    hone_status status = pass(t, err);
    t->failed = status != HONE_OK;
    return status;
}
