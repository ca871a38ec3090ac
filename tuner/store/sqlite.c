/*
 * sqlite.c: the store in a SQLite file.
 *
 * A transaction of the tuner starts by BEGIN IMMEDIATE, so that it holds the only write lock when
 * it compares its epoch with the study's: a tuner that lost its lease finds out before it has
 * written. When any write of a transaction fails, the transaction is `broken` and commit refuses:
 * all or nothing does not depend on the caller.
 *
 * Texts of a visited row are SQLite's own memory, valid until the visitor returns; no row is
 * copied. A visitor may read the same store, not write it.
 */
#include "store/sqlite_int.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

enum { MANY_COMMITS = 8 }; /* of a tuner: more will follow */

/* ---- Studies ---- */

/* Starts and ends what is not a tuner's transaction. */
static hone_status change_begin(struct sqlite_store *s, hone_error *err)
{
    assert(!s->writing);
    return sqlite_run(s, SQL_BEGIN, NULL, 0, err);
}

static hone_status change_end(struct sqlite_store *s, hone_status status, hone_error *err)
{
    if (status == HONE_OK)
        status = sqlite_run(s, SQL_COMMIT, NULL, 0, err);
    if (status == HONE_OK)
        s->commits++;
    else
        sqlite_rollback(s);
    return status;
}

static hone_status event_insert(struct sqlite_store *s, int64_t study, uint64_t epoch,
                                const struct event *event, hone_error *err)
{
    struct arg trial = event->trial < 0 ? TEXT(NULL) : INT(event->trial);
    return RUN(s, SQL_EVENT_INSERT, err, INT(study), INT(event->at), INT(epoch),
               TEXT(event_kind_text(event->kind)), trial, TEXT(event->body));
}

static hone_status study_insert(struct sqlite_store *s, const struct study_row *row,
                                hone_error *err)
{
    sqlite3_stmt *q;
    hone_status status =
        QUERY(s, SQL_STUDY_INSERT, &q, err, TEXT(row->uid), TEXT(row->name), TEXT(row->spec),
              INT(row->seed), TEXT(study_state_text(row->state)), TEXT(row->reason),
              INT(row->wanted), INT(row->by_service), INT(row->created_at), INT(row->started_at),
              INT(row->ended_at), INT(row->active_ms), INT(row->epoch), TEXT(row->owner.host),
              INT(row->owner.pid), INT(row->owner.pid_start), TEXT(row->owner.boot_id),
              INT(row->lease_until), TEXT(row->stats));
    if (status != HONE_OK)
        return status;
    int rc = sqlite3_step(q);
    if (rc == SQLITE_CONSTRAINT_UNIQUE)
        status =
            error_set(err, HONE_ESTATE, "study \"%s\" exists already in %s", row->name, s->path);
    else if (rc != SQLITE_DONE)
        status = sqlite_failed(s, rc, err);
    sqlite_done(s, SQL_STUDY_INSERT, q);
    return status;
}

static hone_status study_create(struct store *store, struct study_row *row, hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    struct buf body;
    int64_t id = 0;
    buf_init(&body, (size_t)256 << 20);
    buf_text(&body, "{\"spec\":");
    buf_text(&body, row->spec);
    buf_char(&body, '}');
    hone_status status = body.failed ? error_memory(err) : change_begin(s, err);
    if (status == HONE_OK) {
        struct event created = {
            .at = row->created_at, .kind = EVENT_CREATED, .trial = -1, .body = body.data};
        status = study_insert(s, row, err);
        id = sqlite3_last_insert_rowid(s->db);
        if (status == HONE_OK)
            status = event_insert(s, id, row->epoch, &created, err);
        status = change_end(s, status, err);
    }
    if (status == HONE_OK)
        row->id = id;
    buf_release(&body);
    return status;
}

static hone_status study_gone(struct sqlite_store *s, hone_error *err)
{
    return error_set(err, HONE_ENOTFOUND, "the study was deleted from %s", s->path);
}

static hone_status study_delete(struct store *store, int64_t study, hone_error *err)
{
    /* Children first; each is a range of its table's key. */
    static const enum sql steps[] = {
        SQL_DELETE_REQUESTS, SQL_DELETE_OBSERVATIONS, SQL_DELETE_METRICS, SQL_DELETE_ATTEMPTS,
        SQL_DELETE_TRIALS,   SQL_DELETE_EVENTS,       SQL_DELETE_STUDY};
    struct sqlite_store *s = sqlite_self(store);
    hone_status status = change_begin(s, err);
    if (status != HONE_OK)
        return status;
    for (size_t i = 0; status == HONE_OK && i < sizeof steps / sizeof steps[0]; i++)
        status = RUN(s, steps[i], err, INT(study));
    if (status == HONE_OK && sqlite3_changes(s->db) == 0)
        status = study_gone(s, err);
    s->metrics.study = 0;
    return change_end(s, status, err);
}

/* ---- The lease and the tuner's transaction ---- */

/* HONE_ESTATE naming who has the study when its epoch is not `epoch`. */
static hone_status check_epoch(struct sqlite_store *s, int64_t study, uint64_t epoch,
                               hone_error *err)
{
    sqlite3_stmt *q;
    hone_status status = QUERY(s, SQL_STUDY_OWNER, &q, err, INT(study));
    if (status != HONE_OK)
        return status;
    if (!sqlite_next(s, q, &status, err)) {
        if (status == HONE_OK)
            status = study_gone(s, err);
    } else if ((uint64_t)sqlite3_column_int64(q, 1) != epoch) {
        const char *name = sqlite_text(q, 0), *host = sqlite_text(q, 2);
        int64_t pid = sqlite3_column_int64(q, 3);
        if (name == NULL || host == NULL)
            status = error_memory(err);
        else if (pid != 0)
            status = error_set(err, HONE_ESTATE,
                               "study \"%s\" was taken up by the tuner on %s, pid %lld", name, host,
                               (long long)pid);
        else
            status = error_set(err, HONE_ESTATE,
                               "study \"%s\" was taken up by another tuner, which has ended", name);
    }
    sqlite_done(s, SQL_STUDY_OWNER, q);
    return status;
}

static hone_status lease_take(struct store *store, int64_t study, uint64_t seen_epoch,
                              const struct owner *owner, int64_t now, int64_t lease_ms,
                              uint64_t *epoch_out, hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    hone_status status = change_begin(s, err);
    if (status != HONE_OK)
        return status;
    status = check_epoch(s, study, seen_epoch, err);
    if (status == HONE_OK)
        status =
            RUN(s, SQL_LEASE_TAKE, err, TEXT(owner->host), INT(owner->pid), INT(owner->pid_start),
                TEXT(owner->boot_id), INT(now + lease_ms), INT(study), INT(seen_epoch));
    status = change_end(s, status, err);
    if (status == HONE_OK)
        *epoch_out = seen_epoch + 1;
    return status;
}

static hone_status begin(struct store *store, int64_t study, uint64_t epoch, hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    hone_status status = change_begin(s, err);
    if (status != HONE_OK)
        return status;
    status = check_epoch(s, study, epoch, err);
    if (status != HONE_OK) {
        sqlite_rollback(s);
        return status;
    }
    s->writing = true;
    s->study = study;
    s->epoch = epoch;
    return HONE_OK;
}

static hone_status begin_copy(struct store *store, struct study_row *row, hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    hone_status status = change_begin(s, err);
    if (status != HONE_OK)
        return status;
    status = study_insert(s, row, err);
    if (status != HONE_OK) {
        sqlite_rollback(s);
        return status;
    }
    s->writing = s->copying = true;
    s->study = row->id = sqlite3_last_insert_rowid(s->db);
    s->epoch = row->epoch;
    return HONE_OK;
}

/* Before each write of a transaction. */
static hone_status check_writing(const struct sqlite_store *s, hone_error *err)
{
    if (!s->writing)
        return error_set(err, HONE_ESTATE, "no transaction is open");
    /* Some failures, of reads too, make SQLite undo the whole transaction by itself. */
    if (s->broken || sqlite3_get_autocommit(s->db))
        return error_set(err, HONE_ESTATE, "an earlier step of this change failed");
    return HONE_OK;
}

/* After each: a failed one leaves only the way back. */
static hone_status written(struct sqlite_store *s, hone_status status)
{
    if (status != HONE_OK)
        s->broken = true;
    return status;
}

static hone_status put_event(struct store *store, const struct event *event, hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    hone_status status = check_writing(s, err);
    if (status != HONE_OK)
        return status;
    uint64_t epoch = s->copying ? event->epoch : s->epoch;
    return written(s, event_insert(s, s->study, epoch, event, err));
}

static hone_status put_trial(struct store *store, const struct trial_row *row, hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    hone_status status = check_writing(s, err);
    if (status != HONE_OK)
        return status;
    return written(s, RUN(s, SQL_TRIAL_UPSERT, err, INT(s->study), INT(row->number),
                          TEXT(row->origin), TEXT(trial_state_text(row->state)), TEXT(row->params),
                          TEXT(row->values), TEXT(row->why), TEXT(row->reason), TEXT(row->log_tail),
                          INT(row->started_at), INT(row->ended_at)));
}

static hone_status put_attempt(struct store *store, const struct attempt_row *row, hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    hone_status status = check_writing(s, err);
    if (status != HONE_OK)
        return status;
    return written(s,
                   RUN(s, SQL_ATTEMPT_UPSERT, err, INT(s->study), INT(row->trial), INT(row->number),
                       TEXT(attempt_state_text(row->state)), TEXT(row->node), INT(row->pid),
                       INT(row->pid_start), TEXT(row->boot_id), INT(row->started_at),
                       INT(row->ended_at), INT(row->exit_code), INT(row->exit_signal),
                       INT(row->spot), TEXT(row->reason), TEXT(row->cursor)));
}

static hone_status names_load(struct sqlite_store *s, hone_error *err)
{
    sqlite3_stmt *q;
    metric_names_clear(&s->metrics);
    hone_status status = QUERY(s, SQL_METRICS, &q, err, INT(s->study));
    if (status != HONE_OK)
        return status;
    while (sqlite_next(s, q, &status, err)) {
        const char *name = sqlite_text(q, 0);
        status = name == NULL ? error_memory(err) : metric_names_add(&s->metrics, name, err);
    }
    sqlite_done(s, SQL_METRICS, q);
    if (status == HONE_OK)
        s->metrics.study = s->study;
    return status;
}

/* The number of a metric's name, which is given to it now if it is new. */
static hone_status metric_number(struct sqlite_store *s, const char *name, size_t *out,
                                 hone_error *err)
{
    hone_status status = s->metrics.study == s->study ? HONE_OK : names_load(s, err);
    *out = metric_names_find(&s->metrics, name);
    if (status != HONE_OK || *out < s->metrics.n)
        return status;
    status = RUN(s, SQL_METRIC_INSERT, err, INT(s->study), INT(*out), TEXT(name));
    if (status == HONE_OK)
        status = metric_names_add(&s->metrics, name, err);
    return status;
}

static hone_status put_metric(struct store *store, const char *name, hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    size_t number;
    hone_status status = check_writing(s, err);
    return status != HONE_OK ? status : written(s, metric_number(s, name, &number, err));
}

static hone_status put_observations(struct store *store, const struct observation *rows, size_t n,
                                    hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    hone_status status = check_writing(s, err);
    if (status != HONE_OK)
        return status;
    for (size_t i = 0; i < n && status == HONE_OK; i++) {
        const struct observation *row = &rows[i];
        size_t metric;
        /* Most steps are small whole numbers, which take a byte or two. */
        struct arg step = REAL(row->step);
        if (fabs(row->step) < 9e15 && row->step == floor(row->step) && !signbit(row->step))
            step = INT(row->step);
        status = metric_number(s, row->metric, &metric, err);
        if (status == HONE_OK)
            status = RUN(s, SQL_OBSERVATION_INSERT, err, INT(s->study), INT(row->trial),
                         INT(row->attempt), INT(metric), INT(row->seq), step, INT(row->at),
                         REAL(row->value));
    }
    return written(s, status);
}

static hone_status put_study(struct store *store, const struct study_row *row, hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    hone_status status = check_writing(s, err);
    if (status != HONE_OK)
        return status;
    status = RUN(s, SQL_STUDY_UPDATE, err, TEXT(row->spec), TEXT(study_state_text(row->state)),
                 TEXT(row->reason), INT(row->wanted), INT(row->by_service), INT(row->started_at),
                 INT(row->ended_at), INT(row->active_ms), INT(row->lease_until), TEXT(row->stats),
                 INT(s->study));
    if (status == HONE_OK && row->owner.pid == 0)
        status = RUN(s, SQL_STUDY_RELEASE, err, INT(s->study));
    return written(s, status);
}

static hone_status answer_request(struct store *store, int64_t id, const char *answer,
                                  hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    hone_status status = check_writing(s, err);
    if (status != HONE_OK)
        return status;
    return written(s, RUN(s, SQL_REQUEST_ANSWER, err, TEXT(answer), INT(id), INT(s->study)));
}

/*
 * A commit that makes the log longer waits for a second write, the file's new size, and takes two
 * to four times as long. The log grows to the 1,000 pages after which SQLite writes over it from
 * its start; so what a tuner with many commits would do bit by bit is done at once, by a change
 * that doesn't fit in the cache and is undone. Where it fails, commits are as slow as before.
 */
static void lengthen_log(struct sqlite_store *s)
{
    (void)sqlite3_exec(s->db,
                       "PRAGMA cache_size = 10; BEGIN IMMEDIATE; "
                       "UPDATE study SET reason = printf('%.*c', 1010 * 4096, 'x') "
                       "WHERE id = (SELECT min(id) FROM study); ROLLBACK",
                       NULL, NULL, NULL);
    sqlite_rollback(s);
    (void)sqlite3_exec(s->db, "PRAGMA cache_size = -2000", NULL, NULL, NULL); /* the default */
}

static hone_status commit(struct store *store, hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    hone_status status = check_writing(s, err);
    if (status == HONE_OK) {
        s->writing = s->copying = false;
        status = change_end(s, HONE_OK, err);
        if (status == HONE_OK && ++s->tuner_commits == MANY_COMMITS)
            lengthen_log(s);
        return status;
    }
    sqlite_rollback(s);
    return status;
}

static void roll_back(struct store *store)
{
    sqlite_rollback(sqlite_self(store));
}

/* ---- Requests ---- */

static hone_status request(struct store *store, int64_t study, const char *kind, const char *body,
                           int64_t now, int64_t *id_out, hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    hone_status status = change_begin(s, err);
    if (status != HONE_OK)
        return status;
    int64_t id = 0;
    status = RUN(s, SQL_REQUEST_INSERT, err, INT(study), INT(now), TEXT(kind), TEXT(body));
    if (status == HONE_OK)
        id = sqlite3_last_insert_rowid(s->db);
    status = change_end(s, status, err);
    if (status == HONE_OK)
        *id_out = id;
    return status;
}

/* ---- The handle ---- */

static void close_store(struct store *store)
{
    struct sqlite_store *s = sqlite_self(store);
    metric_names_clear(&s->metrics);
    sqlite_disconnect(s);
    mem_free(s->path);
    mem_free(s->base.url);
    mem_free(s);
}

static void set_patience(struct store *store, int64_t ms)
{
    sqlite_set_patience(sqlite_self(store), ms);
}

static const struct store_ops sqlite_ops = {
    .close = close_store,
    .set_patience = set_patience,
    .study_create = study_create,
    .study_find = sqlite_study_find,
    .studies = sqlite_studies,
    .study_delete = study_delete,
    .lease_take = lease_take,
    .begin = begin,
    .begin_copy = begin_copy,
    .put_event = put_event,
    .put_trial = put_trial,
    .put_attempt = put_attempt,
    .put_metric = put_metric,
    .put_observations = put_observations,
    .put_study = put_study,
    .answer_request = answer_request,
    .commit = commit,
    .rollback = roll_back,
    .events = sqlite_events,
    .trials = sqlite_trials,
    .attempts = sqlite_attempts,
    .metrics = sqlite_metrics,
    .observations = sqlite_observations,
    .counts = sqlite_counts,
    .version = sqlite_version,
    .request = request,
    .next_request = sqlite_next_request,
    .request_find = sqlite_request_find,
};

struct store *sqlite_open(const char *url, const char *path, bool create, hone_error *err)
{
    struct sqlite_store *s = mem_array(1, sizeof *s);
    if (s == NULL) {
        error_memory(err);
        return NULL;
    }
    s->base.ops = &sqlite_ops;
    s->base.url = mem_text(url);
    s->path = mem_text(path);
    if (s->base.url == NULL || s->path == NULL)
        error_memory(err);
    else if (sqlite_connect(s, create, err) == HONE_OK)
        return &s->base;
    close_store(&s->base);
    return NULL;
}
