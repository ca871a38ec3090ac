/*
 * postgres.c: the store in a PostgreSQL database.
 *
 * A transaction of the tuner begins by writing the study's row where the epoch is still its own:
 * that row's lock orders the tuners of a study, and one that lost its lease finds no row. Writes
 * are queued and go out with the commit, so that a failed one is known by then at the latest.
 *
 * When the answer to a commit is lost, the server is asked, by the transaction's number, what
 * became of it: so that a change is never made twice and never taken for made.
 *
 *     commit sent -> answered                              done
 *                 -> connection lost -> connect again      committed: done
 *                                                          aborted: nothing of it was kept
 *                                    -> still no server    not known: store_settle() asks later
 */
#include "store/postgres_int.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum { PATIENCE_MS = 10000 };

/* ---- Transactions ---- */

/* Times of leases in the clock that all machines share. */
static int64_t to_server(const struct postgres_store *s, int64_t at)
{
    return at == 0 ? 0 : at + s->clock_ms;
}

static hone_status enter(struct postgres_store *s, enum sql first, const struct arg *args, size_t n,
                         PGresult **rows, hone_error *err)
{
    char patience[24];
    /* 0 would be for ever */
    snprintf(patience, sizeof patience, "%lldms",
             (long long)(s->patience_ms > 0 ? s->patience_ms : 1));
    hone_status status = postgres_queue(s, SQL_BEGIN, NULL, 0, err);
    if (status == HONE_OK)
        status = QUEUE(s, SQL_PATIENCE, err, TEXT(patience));
    if (status == HONE_OK)
        status = postgres_queue(s, first, args, n, err);
    return status == HONE_OK ? postgres_collect(s, rows, err) : status;
}

/*
 * Starts a change with its first statement, one that gives the transaction's number and an id. A
 * connection that broke while nothing was done is found out here, and made again.
 * @param id_out  the row's id, or 0: there is no such row, and the change is undone
 */
static hone_status change_begin(struct postgres_store *s, enum sql first, const struct arg *args,
                                size_t n, int64_t *id_out, hone_error *err)
{
    assert(!s->writing);
    hone_status status = HONE_OK;
    PGresult *rows = NULL;
    s->unsettled[0] = '\0';
    s->away = false;
    *id_out = 0;
    for (int tries = 0; tries < 2; tries++) {
        status = postgres_ready(s, err);
        if (status != HONE_OK)
            break;
        status = enter(s, first, args, n, &rows, err);
        if (status == HONE_OK || s->conn != NULL)
            break;
    }
    if (status == HONE_OK && pq.PQntuples(rows) > 0) {
        snprintf(s->xid, sizeof s->xid, "%s", pq.PQgetvalue(rows, 0, 0));
        *id_out = postgres_int(rows, 0, 1);
    } else {
        postgres_rollback(s);
    }
    pq.PQclear(rows);
    return status;
}
#define CHANGE_BEGIN(s, first, id_out, err, ...)                                                   \
    change_begin(s, first, ARGS(__VA_ARGS__), id_out, err)

static hone_status settle(struct store *store, bool *kept_out, hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    PGresult *rows = NULL;
    *kept_out = false;
    if (s->unsettled[0] == '\0')
        return HONE_OK;
    hone_status status = QUERY(s, SQL_OUTCOME, &rows, err, TEXT(s->unsettled));
    if (status != HONE_OK)
        return status;
    const char *word = postgres_text(rows, 0, 0);
    if (word != NULL && strcmp(word, "in progress") == 0) {
        s->away = true;
        status = error_set(err, HONE_EIO, "store %s: the server still works on the last change",
                           s->base.url);
    } else {
        *kept_out = word != NULL && strcmp(word, "committed") == 0;
        s->unsettled[0] = '\0';
    }
    pq.PQclear(rows);
    return status;
}

static hone_status change_end(struct postgres_store *s, hone_status status, hone_error *err)
{
    bool kept = false;
    if (status != HONE_OK) {
        postgres_rollback(s);
        return status;
    }
    snprintf(s->unsettled, sizeof s->unsettled, "%s", s->xid);
    status = postgres_queue(s, SQL_COMMIT, NULL, 0, err);
    if (status == HONE_OK)
        status = postgres_collect(s, NULL, err); /* behind a write that fails it is passed over */
    bool unknown = status != HONE_OK && s->conn == NULL;
    s->writing = s->broken = s->copying = false;
    if (unknown && settle(&s->base, &kept, NULL) == HONE_OK && kept)
        return HONE_OK;
    if (!unknown)
        s->unsettled[0] = '\0';
    else
        s->away = true; /* also where it is back by now: the same may be tried again */
    if (status != HONE_OK)
        postgres_rollback(s);
    return status;
}

/* ---- Studies ---- */

static hone_status event_insert(struct postgres_store *s, int64_t study, uint64_t epoch,
                                const struct event *event, hone_error *err)
{
    struct arg trial = event->trial < 0 ? TEXT(NULL) : INT(event->trial);
    return QUEUE(s, SQL_EVENT_INSERT, err, INT(study), INT(event->at), INT(epoch),
                 TEXT(event_kind_text(event->kind)), trial, TEXT(event->body));
}

/* Starts a change that begins with the row of a new study. */
static hone_status study_begin(struct postgres_store *s, const struct study_row *row,
                               int64_t *id_out, hone_error *err)
{
    hone_error failure = {0};
    hone_status status = CHANGE_BEGIN(
        s, SQL_STUDY_INSERT, id_out, &failure, TEXT(row->uid), TEXT(row->name), TEXT(row->spec),
        INT(row->seed), TEXT(study_state_text(row->state)), TEXT(row->reason), INT(row->wanted),
        INT(row->by_service), INT(row->created_at), INT(row->started_at), INT(row->ended_at),
        INT(row->active_ms), INT(row->epoch), TEXT(row->owner.host), INT(row->owner.pid),
        INT(row->owner.pid_start), TEXT(row->owner.boot_id), INT(to_server(s, row->lease_until)),
        TEXT(row->stats));
    if (status == HONE_ESTATE)
        return error_set(err, status, "study \"%s\" exists already in %s", row->name, s->base.url);
    if (status != HONE_OK && err != NULL)
        *err = failure;
    return status;
}

static hone_status study_create(struct store *store, struct study_row *row, hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    struct buf body;
    int64_t id = 0;
    buf_init(&body, (size_t)256 << 20);
    buf_text(&body, "{\"spec\":");
    buf_text(&body, row->spec);
    buf_char(&body, '}');
    hone_status status = body.failed ? error_memory(err) : study_begin(s, row, &id, err);
    if (status == HONE_OK) {
        struct event created = {
            .at = row->created_at, .kind = EVENT_CREATED, .trial = -1, .body = body.data};
        status = change_end(s, event_insert(s, id, row->epoch, &created, err), err);
    }
    if (status == HONE_OK)
        row->id = id;
    buf_release(&body);
    return status;
}

static hone_status study_gone(struct postgres_store *s, hone_error *err)
{
    return error_set(err, HONE_ENOTFOUND, "the study was deleted from %s", s->base.url);
}

static hone_status study_delete(struct store *store, int64_t study, hone_error *err)
{
    /* Children first; each is a range of its table's key. */
    static const enum sql steps[] = {
        SQL_DELETE_REQUESTS, SQL_DELETE_OBSERVATIONS, SQL_DELETE_METRICS, SQL_DELETE_ATTEMPTS,
        SQL_DELETE_TRIALS,   SQL_DELETE_EVENTS,       SQL_DELETE_STUDY};
    struct postgres_store *s = postgres_self(store);
    int64_t id = 0;
    hone_status status = CHANGE_BEGIN(s, SQL_STUDY_LOCK, &id, err, INT(study));
    if (status != HONE_OK || id == 0)
        return status != HONE_OK ? status : study_gone(s, err);
    int64_t silence_ms = s->silence_ms;
    s->silence_ms = 0; /* it may have millions of rows */
    for (size_t i = 0; status == HONE_OK && i < sizeof steps / sizeof steps[0]; i++)
        status = QUEUE(s, steps[i], err, INT(study));
    s->metrics.study = 0;
    status = change_end(s, status, err);
    s->silence_ms = silence_ms;
    return status;
}

/* ---- The lease and the tuner's transaction ---- */

/* HONE_ESTATE naming who has a study whose epoch is not ours, or that it is gone. */
static hone_status not_ours(struct postgres_store *s, int64_t study, hone_error *err)
{
    PGresult *rows = NULL;
    hone_status status = QUERY(s, SQL_STUDY_OWNER, &rows, err, INT(study));
    if (status != HONE_OK)
        return status;
    if (pq.PQntuples(rows) == 0)
        status = study_gone(s, err);
    else if (postgres_int(rows, 0, 2) != 0)
        status =
            error_set(err, HONE_ESTATE, "study \"%s\" was taken up by the tuner on %s, pid %lld",
                      postgres_text(rows, 0, 0), postgres_text(rows, 0, 1),
                      (long long)postgres_int(rows, 0, 2));
    else
        status = error_set(err, HONE_ESTATE,
                           "study \"%s\" was taken up by another tuner, which has ended",
                           postgres_text(rows, 0, 0));
    pq.PQclear(rows);
    return status;
}

static hone_status lease_take(struct store *store, int64_t study, uint64_t seen_epoch,
                              const struct owner *owner, int64_t now, int64_t lease_ms,
                              uint64_t *epoch_out, hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    int64_t id = 0;
    hone_status status = CHANGE_BEGIN(s, SQL_LEASE_TAKE, &id, err, INT(study), INT(seen_epoch),
                                      TEXT(owner->host), INT(owner->pid), INT(owner->pid_start),
                                      TEXT(owner->boot_id), INT(to_server(s, now + lease_ms)));
    if (status == HONE_OK)
        status = id == 0 ? not_ours(s, study, err) : change_end(s, HONE_OK, err);
    if (status == HONE_OK)
        *epoch_out = seen_epoch + 1;
    return status;
}

static hone_status begin(struct store *store, int64_t study, uint64_t epoch, hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    int64_t id = 0;
    hone_status status = CHANGE_BEGIN(s, SQL_FENCE, &id, err, INT(study), INT(epoch));
    if (status == HONE_OK && id == 0)
        status = not_ours(s, study, err);
    if (status != HONE_OK)
        return status;
    s->writing = true;
    s->study = study;
    s->epoch = epoch;
    return HONE_OK;
}

static hone_status begin_copy(struct store *store, struct study_row *row, hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    int64_t id = 0;
    hone_status status = study_begin(s, row, &id, err);
    if (status != HONE_OK)
        return status;
    s->writing = s->copying = true;
    s->study = row->id = id;
    s->epoch = row->epoch;
    return HONE_OK;
}

/* Before each write of a transaction. */
static hone_status check_writing(const struct postgres_store *s, hone_error *err)
{
    if (!s->writing)
        return error_set(err, HONE_ESTATE, "no transaction is open");
    if (s->broken || s->conn == NULL)
        return error_set(err, s->away ? HONE_EIO : HONE_ESTATE,
                         "an earlier step of this change failed");
    return HONE_OK;
}

/* After each: a failed one leaves only the way back. */
static hone_status written(struct postgres_store *s, hone_status status)
{
    if (status != HONE_OK)
        s->broken = true;
    return status;
}

static hone_status put_event(struct store *store, const struct event *event, hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    hone_status status = check_writing(s, err);
    return status != HONE_OK
               ? status
               : written(s, event_insert(s, s->study, s->copying ? event->epoch : s->epoch, event,
                                         err));
}

static hone_status put_trial(struct store *store, const struct trial_row *row, hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    hone_status status = check_writing(s, err);
    if (status != HONE_OK)
        return status;
    return written(s, QUEUE(s, SQL_TRIAL_UPSERT, err, INT(s->study), INT(row->number),
                            TEXT(row->origin), TEXT(trial_state_text(row->state)),
                            TEXT(row->params), TEXT(row->values), TEXT(row->why), TEXT(row->reason),
                            TEXT(row->log_tail), INT(row->started_at), INT(row->ended_at)));
}

static hone_status put_attempt(struct store *store, const struct attempt_row *row, hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    hone_status status = check_writing(s, err);
    if (status != HONE_OK)
        return status;
    return written(s, QUEUE(s, SQL_ATTEMPT_UPSERT, err, INT(s->study), INT(row->trial),
                            INT(row->number), TEXT(attempt_state_text(row->state)), TEXT(row->node),
                            INT(row->pid), INT(row->pid_start), TEXT(row->boot_id),
                            INT(row->started_at), INT(row->ended_at), INT(row->exit_code),
                            INT(row->exit_signal), INT(row->spot), TEXT(row->reason),
                            TEXT(row->cursor)));
}

static hone_status names_load(struct postgres_store *s, hone_error *err)
{
    PGresult *rows = NULL;
    metric_names_clear(&s->metrics);
    hone_status status = QUERY(s, SQL_METRICS, &rows, err, INT(s->study));
    if (status != HONE_OK)
        return status;
    for (int i = 0; i < pq.PQntuples(rows) && status == HONE_OK; i++)
        status = metric_names_add(&s->metrics, postgres_text(rows, i, 0), err);
    pq.PQclear(rows);
    if (status == HONE_OK)
        s->metrics.study = s->study;
    return status;
}

/* The number of a metric's name, which is given to it now if it is new. */
static hone_status metric_number(struct postgres_store *s, const char *name, size_t *out,
                                 hone_error *err)
{
    hone_status status = s->metrics.study == s->study ? HONE_OK : names_load(s, err);
    *out = metric_names_find(&s->metrics, name);
    if (status != HONE_OK || *out < s->metrics.n)
        return status;
    status = QUEUE(s, SQL_METRIC_INSERT, err, INT(s->study), INT(*out), TEXT(name));
    if (status == HONE_OK)
        status = metric_names_add(&s->metrics, name, err);
    return status;
}

static hone_status put_metric(struct store *store, const char *name, hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    size_t number;
    hone_status status = check_writing(s, err);
    return status != HONE_OK ? status : written(s, metric_number(s, name, &number, err));
}

static hone_status put_observations(struct store *store, const struct observation *rows, size_t n,
                                    hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    hone_status status = check_writing(s, err);
    if (status != HONE_OK)
        return status;
    for (size_t i = 0; i < n && status == HONE_OK; i++) {
        const struct observation *row = &rows[i];
        size_t metric;
        status = metric_number(s, row->metric, &metric, err);
        if (status == HONE_OK)
            status = QUEUE(s, SQL_OBSERVATION_INSERT, err, INT(s->study), INT(row->trial),
                           INT(row->attempt), INT(metric), INT(row->seq), REAL(row->step),
                           INT(row->at), REAL(row->value));
    }
    return written(s, status);
}

static hone_status put_study(struct store *store, const struct study_row *row, hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    hone_status status = check_writing(s, err);
    if (status != HONE_OK)
        return status;
    status = QUEUE(s, SQL_STUDY_UPDATE, err, INT(s->study), TEXT(row->spec),
                   TEXT(study_state_text(row->state)), TEXT(row->reason), INT(row->wanted),
                   INT(row->by_service), INT(row->started_at), INT(row->ended_at),
                   INT(row->active_ms), INT(to_server(s, row->lease_until)), TEXT(row->stats));
    if (status == HONE_OK && row->owner.pid == 0)
        status = QUEUE(s, SQL_STUDY_RELEASE, err, INT(s->study));
    return written(s, status);
}

static hone_status answer_request(struct store *store, int64_t id, const char *answer,
                                  hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    hone_status status = check_writing(s, err);
    if (status != HONE_OK)
        return status;
    return written(s, QUEUE(s, SQL_REQUEST_ANSWER, err, TEXT(answer), INT(id), INT(s->study)));
}

static hone_status commit(struct store *store, hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    hone_status status = check_writing(s, err);
    if (status != HONE_OK) {
        postgres_rollback(s);
        return status;
    }
    return change_end(s, HONE_OK, err);
}

static void roll_back(struct store *store)
{
    struct postgres_store *s = postgres_self(store);
    if (s->writing)
        postgres_rollback(s);
}

/* ---- Requests ---- */

static hone_status request(struct store *store, int64_t study, const char *kind, const char *body,
                           int64_t now, int64_t *id_out, hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    int64_t id = 0;
    hone_status status =
        CHANGE_BEGIN(s, SQL_REQUEST_INSERT, &id, err, INT(study), INT(now), TEXT(kind), TEXT(body));
    if (status == HONE_OK) /* told to who listens when this is committed */
        status = change_end(s, QUEUE(s, SQL_REQUEST_NOTIFY, err, INT(study)), err);
    if (status == HONE_OK)
        *id_out = id;
    return status;
}

/* ---- The handle ---- */

static void close_store(struct store *store)
{
    struct postgres_store *s = postgres_self(store);
    metric_names_clear(&s->metrics);
    postgres_disconnect(s);
    mem_free(s->address);
    mem_free(s->base.url);
    mem_free(s);
}

static void set_patience(struct store *store, int64_t ms)
{
    postgres_self(store)->patience_ms = ms;
}

static bool is_away(const struct store *store)
{
    return ((const struct postgres_store *)store)->away;
}

static const struct store_ops postgres_ops = {
    .close = close_store,
    .set_patience = set_patience,
    .is_away = is_away,
    .study_create = study_create,
    .study_find = postgres_study_find,
    .studies = postgres_studies,
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
    .settle = settle,
    .rollback = roll_back,
    .events = postgres_events,
    .trials = postgres_trials,
    .attempts = postgres_attempts,
    .metrics = postgres_metrics,
    .observations = postgres_observations,
    .counts = postgres_counts,
    .version = postgres_version,
    .request = request,
    .next_request = postgres_next_request,
    .request_find = postgres_request_find,
    .heard = postgres_heard,
    .ear = postgres_ear,
};

struct store *postgres_open(const char *url, bool create, hone_error *err)
{
    struct postgres_store *s = mem_array(1, sizeof *s);
    if (s == NULL) {
        error_memory(err);
        return NULL;
    }
    s->base.ops = &postgres_ops;
    s->base.is_server = true;
    s->base.url = postgres_shown_address(url);
    s->address = mem_text(url);
    s->patience_ms = PATIENCE_MS;
    if (s->base.url == NULL || s->address == NULL)
        error_memory(err);
    else if (postgres_connect(s, create, err) == HONE_OK)
        return &s->base;
    close_store(&s->base);
    return NULL;
}
