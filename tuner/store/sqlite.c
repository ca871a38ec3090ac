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

#define STUDY_COLUMNS                                                                              \
    "id, uid, name, spec, seed, state, reason, wanted, by_service, created_at, started_at, "       \
    "ended_at, active_ms, epoch, owner_host, owner_pid, owner_pid_start, owner_boot_id, "          \
    "lease_until, stats"

/* Every statement: its name and its text. */
#define STATEMENTS(X)                                                                              \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(STUDY_INSERT,                                                                                \
      "INSERT INTO study (uid, name, spec, seed, state, reason, wanted, by_service, "              \
      "created_at, started_at, ended_at, active_ms, epoch, owner_host, owner_pid, "                \
      "owner_pid_start, owner_boot_id, lease_until, stats) "                                       \
      "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")                                            \
    X(STUDY_FIND, "SELECT " STUDY_COLUMNS " FROM study WHERE name = ?")                            \
    X(STUDIES, "SELECT " STUDY_COLUMNS " FROM study ORDER BY id")                                  \
    X(STUDY_NAMES, "SELECT name FROM study ORDER BY id")                                           \
    X(STUDY_OWNER, "SELECT name, epoch, owner_host, owner_pid FROM study WHERE id = ?")            \
    X(STUDY_UPDATE, "UPDATE study SET spec = ?, state = ?, reason = ?, wanted = ?, "               \
                    "by_service = ?, started_at = ?, ended_at = ?, active_ms = ?, "                \
                    "lease_until = ?, stats = ? WHERE id = ?")                                     \
    X(STUDY_RELEASE, "UPDATE study SET owner_host = '', owner_pid = 0, owner_pid_start = 0, "      \
                     "owner_boot_id = '', lease_until = 0 WHERE id = ?")                           \
    X(LEASE_TAKE, "UPDATE study SET epoch = epoch + 1, owner_host = ?, owner_pid = ?, "            \
                  "owner_pid_start = ?, owner_boot_id = ?, lease_until = ? "                       \
                  "WHERE id = ? AND epoch = ?")                                                    \
    X(DELETE_REQUESTS, "DELETE FROM request WHERE study = ?")                                      \
    X(DELETE_OBSERVATIONS, "DELETE FROM observation WHERE study = ?")                              \
    X(DELETE_METRICS, "DELETE FROM metric WHERE study = ?")                                        \
    X(DELETE_ATTEMPTS, "DELETE FROM attempt WHERE study = ?")                                      \
    X(DELETE_TRIALS, "DELETE FROM trial WHERE study = ?")                                          \
    X(DELETE_EVENTS, "DELETE FROM event WHERE study = ?")                                          \
    X(DELETE_STUDY, "DELETE FROM study WHERE id = ?")                                              \
    X(EVENT_INSERT, "INSERT INTO event (study, seq, at, epoch, kind, trial, body) VALUES (?1, "    \
                    "(SELECT coalesce(max(seq), 0) + 1 FROM event WHERE study = ?1), "             \
                    "?2, ?3, ?4, ?5, ?6)")                                                         \
    X(EVENTS, "SELECT seq, at, epoch, kind, trial, body FROM event WHERE study = ? AND seq > ? "   \
              "ORDER BY seq")                                                                      \
    X(TRIAL_UPSERT, "INSERT INTO trial (study, number, origin, state, params, objectives, why, "   \
                    "reason, log_tail, started_at, ended_at) VALUES (?,?,?,?,?,?,?,?,?,?,?) "      \
                    "ON CONFLICT DO UPDATE SET origin = excluded.origin, state = excluded.state, " \
                    "params = excluded.params, objectives = excluded.objectives, "                 \
                    "why = excluded.why, reason = excluded.reason, log_tail = excluded.log_tail, " \
                    "started_at = excluded.started_at, ended_at = excluded.ended_at")              \
    X(TRIALS, "SELECT number, origin, state, params, objectives, why, reason, log_tail, "          \
              "started_at, ended_at FROM trial WHERE study = ? AND number BETWEEN ? AND ? "        \
              "ORDER BY number")                                                                   \
    X(ATTEMPT_UPSERT, "INSERT INTO attempt (study, trial, number, state, node, pid, pid_start, "   \
                      "boot_id, started_at, ended_at, exit_code, exit_signal, spot, reason, "      \
                      "cursor) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "                            \
                      "ON CONFLICT DO UPDATE SET state = excluded.state, node = excluded.node, "   \
                      "pid = excluded.pid, pid_start = excluded.pid_start, "                       \
                      "boot_id = excluded.boot_id, started_at = excluded.started_at, "             \
                      "ended_at = excluded.ended_at, exit_code = excluded.exit_code, "             \
                      "exit_signal = excluded.exit_signal, spot = excluded.spot, "                 \
                      "reason = excluded.reason, cursor = excluded.cursor")                        \
    X(ATTEMPTS, "SELECT trial, number, state, node, pid, pid_start, boot_id, started_at, "         \
                "ended_at, exit_code, exit_signal, spot, reason, cursor FROM attempt "             \
                "WHERE study = ? AND trial BETWEEN ? AND ? ORDER BY trial, number")                \
    X(METRICS, "SELECT name FROM metric WHERE study = ? ORDER BY number")                          \
    X(METRIC_INSERT, "INSERT INTO metric (study, number, name) VALUES (?,?,?)")                    \
    X(OBSERVATION_INSERT,                                                                          \
      "INSERT INTO observation (study, trial, attempt, metric, seq, step, at, "                    \
      "value) VALUES (?,?,?,?,?,?,?,?)")                                                           \
    X(OBSERVATIONS, "SELECT o.trial, o.attempt, m.name, o.seq, o.step, o.at, o.value "             \
                    "FROM observation o JOIN metric m ON m.study = o.study AND "                   \
                    "m.number = o.metric WHERE o.study = ?1 AND o.trial BETWEEN ?2 AND ?3 AND "    \
                    "(?4 IS NULL OR m.name = ?4) "                                                 \
                    "ORDER BY o.trial, o.attempt, o.metric, o.seq")                                \
    X(COUNT_STATES, "SELECT state, origin = 'imported', count(*) FROM trial WHERE study = ? "      \
                    "GROUP BY 1, 2")                                                               \
    X(COUNT_ATTEMPTS, "SELECT (SELECT sum(ended_at - started_at) FROM attempt WHERE study = ?1 "   \
                      "AND ended_at > 0 AND started_at > 0 AND trial NOT IN (SELECT number FROM "  \
                      "trial WHERE study = ?1 AND origin = 'imported')), "                         \
                      "(SELECT count(*) FROM trial t WHERE study = ?1 AND state = 'running' AND "  \
                      "(SELECT a.state FROM attempt a WHERE a.study = ?1 AND a.trial = t.number "  \
                      "ORDER BY a.number DESC LIMIT 1) = 'waiting')")                              \
    X(DATA_VERSION, "PRAGMA data_version")                                                         \
    X(SNAPSHOT, "SAVEPOINT snapshot")                                                              \
    X(SNAPSHOT_END, "RELEASE snapshot")                                                            \
    X(REQUEST_INSERT, "INSERT INTO request (study, at, kind, body) VALUES (?,?,?,?)")              \
    X(REQUEST_NEXT, "SELECT id, at, kind, body, answer FROM request WHERE study = ? AND "          \
                    "answer IS NULL ORDER BY id LIMIT 1")                                          \
    X(REQUEST_FIND, "SELECT id, at, kind, body, answer FROM request WHERE id = ?")                 \
    X(REQUEST_ANSWER, "UPDATE request SET answer = ? WHERE id = ? AND study = ?")

enum sql {
#define SQL_ENUM(name, text) SQL_##name,
    STATEMENTS(SQL_ENUM)
#undef SQL_ENUM
        N_SQL
};
static const char *const sql_texts[] = {
#define SQL_TEXT(name, text) [SQL_##name] = (text),
    STATEMENTS(SQL_TEXT)
#undef SQL_TEXT
};
_Static_assert((int)N_SQL <= (int)SQL_MAX, "raise SQL_MAX");

/* ---- Statements ---- */

static struct sqlite_store *self(struct store *store)
{
    return (struct sqlite_store *)store; /* `base` is its first member */
}

static hone_status run_args(struct sqlite_store *s, enum sql id, const struct arg *args, size_t n,
                            hone_error *err)
{
    sqlite3_stmt *statement;
    hone_status status = sqlite_query(s, (int)id, sql_texts[id], args, n, &statement, err);
    if (status != HONE_OK)
        return status;
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        status = sqlite_failed(s, rc, err);
    sqlite_done(s, (int)id, statement);
    return status;
}

#define ARGS(...)                                                                                  \
    (const struct arg[]){__VA_ARGS__},                                                             \
        sizeof((const struct arg[]){__VA_ARGS__}) / sizeof(struct arg)
/* Run a statement that gives no rows. */
#define RUN(s, id, err, ...) run_args(s, id, ARGS(__VA_ARGS__), err)
/* Start one that does. */
#define QUERY(s, id, out, err, ...)                                                                \
    sqlite_query(s, (int)(id), sql_texts[id], ARGS(__VA_ARGS__), out, err)

/* The next row; false at the end and on failure, which *status then says. */
static bool next_row(struct sqlite_store *s, sqlite3_stmt *statement, hone_status *status,
                     hone_error *err)
{
    if (*status != HONE_OK)
        return false;
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        *status = sqlite_failed(s, rc, err);
    return rc == SQLITE_ROW;
}

/* Borrowed from SQLite until the next row. Not const, since the same field of a row that is found,
 * not visited, is a copy that the caller frees. */
static char *text_at(sqlite3_stmt *statement, int column)
{
    return (char *)(uintptr_t)sqlite3_column_text(statement, column);
}

static hone_status copy_text(char **text, hone_error *err)
{
    if (*text == NULL)
        return HONE_OK;
    *text = mem_text(*text);
    return *text == NULL ? error_memory(err) : HONE_OK;
}

static hone_status unknown_word(struct sqlite_store *s, const char *what, const char *word,
                                hone_error *err)
{
    return error_set(err, HONE_EIO, "store %s is damaged: unknown %s \"%s\"", s->path, what,
                     word == NULL ? "" : word);
}

static void rollback(struct sqlite_store *s)
{
    /* SQLite may have undone it by itself (disk full). If this fails too, the connection has
     * nothing open that could be committed later: `broken` and the next BEGIN see to that. */
    if (!sqlite3_get_autocommit(s->db))
        (void)run_args(s, SQL_ROLLBACK, NULL, 0, NULL);
    s->writing = s->broken = false;
    s->names_of = 0; /* names that were added in it are gone */
}

/* ---- Studies ---- */

static hone_status study_read(struct sqlite_store *s, sqlite3_stmt *q, struct study_row *out,
                              hone_error *err)
{
    const char *host = text_at(q, 14), *boot_id = text_at(q, 17);
    int state = study_state_of(text_at(q, 5));
    if (state < 0)
        return unknown_word(s, "state of a study", text_at(q, 5), err);
    *out = (struct study_row){
        .id = sqlite3_column_int64(q, 0),
        .uid = text_at(q, 1),
        .name = text_at(q, 2),
        .spec = text_at(q, 3),
        .seed = (uint64_t)sqlite3_column_int64(q, 4),
        .state = (enum study_state)state,
        .reason = text_at(q, 6),
        .wanted = sqlite3_column_int(q, 7) != 0,
        .by_service = sqlite3_column_int(q, 8) != 0,
        .created_at = sqlite3_column_int64(q, 9),
        .started_at = sqlite3_column_int64(q, 10),
        .ended_at = sqlite3_column_int64(q, 11),
        .active_ms = sqlite3_column_int64(q, 12),
        .epoch = (uint64_t)sqlite3_column_int64(q, 13),
        .owner.pid = sqlite3_column_int64(q, 15),
        .owner.pid_start = sqlite3_column_int64(q, 16),
        .lease_until = sqlite3_column_int64(q, 18),
        .stats = text_at(q, 19),
    };
    if (host == NULL || boot_id == NULL || out->name == NULL || out->uid == NULL ||
        out->spec == NULL)
        return error_memory(err); /* the columns are NOT NULL */
    snprintf(out->owner.host, sizeof out->owner.host, "%s", host);
    snprintf(out->owner.boot_id, sizeof out->owner.boot_id, "%s", boot_id);
    return HONE_OK;
}

/* Gives a borrowed row its own texts; on failure it is empty. */
static hone_status study_own(struct study_row *row, hone_error *err)
{
    char **texts[] = {&row->uid, &row->name, &row->spec, &row->reason, &row->stats};
    hone_status status = HONE_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (status == HONE_OK)
            status = copy_text(texts[i], err);
        else
            *texts[i] = NULL;
    }
    if (status != HONE_OK)
        study_row_release(row);
    return status;
}

/* HONE_ENOTFOUND, with the name that was perhaps meant. */
static hone_status study_missing(struct sqlite_store *s, const char *name, hone_error *err)
{
    enum { HINTS = 1000 };
    sqlite3_stmt *q;
    size_t n = 0;
    char **names = mem_array(HINTS, sizeof *names);
    const char *near = NULL;
    hone_status status = names == NULL ? error_memory(err)
                                       : sqlite_query(s, SQL_STUDY_NAMES,
                                                      sql_texts[SQL_STUDY_NAMES], NULL, 0, &q, err);
    if (status != HONE_OK)
        goto out;
    while (n < HINTS && next_row(s, q, &status, err)) {
        names[n] = text_at(q, 0);
        status = copy_text(&names[n], err);
        if (names[n] != NULL)
            n++;
    }
    sqlite_done(s, SQL_STUDY_NAMES, q);
    if (status != HONE_OK)
        goto out;
    near = str_nearest(name, (const char *const *)names, n);
    if (near != NULL)
        status = error_set(err, HONE_ENOTFOUND, "no study \"%s\" in %s: did you mean \"%s\"?", name,
                           s->path, near);
    else if (n == 0)
        status =
            error_set(err, HONE_ENOTFOUND, "no study \"%s\" in %s: it holds none", name, s->path);
    else
        status =
            error_set(err, HONE_ENOTFOUND, "no study \"%s\" in %s: see hone list", name, s->path);
out:
    for (size_t i = 0; i < n; i++)
        mem_free(names[i]);
    mem_free(names);
    return status;
}

static hone_status study_find(struct store *store, const char *name, struct study_row *out,
                              hone_error *err)
{
    struct sqlite_store *s = self(store);
    struct study_row row;
    sqlite3_stmt *q;
    hone_status status = QUERY(s, SQL_STUDY_FIND, &q, err, TEXT(name));
    if (status != HONE_OK)
        return status;
    bool found = next_row(s, q, &status, err);
    if (found)
        status = study_read(s, q, &row, err);
    if (found && status == HONE_OK)
        status = study_own(&row, err);
    sqlite_done(s, SQL_STUDY_FIND, q);
    if (status == HONE_OK && !found)
        return study_missing(s, name, err);
    if (status == HONE_OK)
        *out = row;
    return status;
}

static hone_status studies(struct store *store, study_visitor *visit, void *context,
                           hone_error *err)
{
    struct sqlite_store *s = self(store);
    sqlite3_stmt *q;
    hone_status status = sqlite_query(s, SQL_STUDIES, sql_texts[SQL_STUDIES], NULL, 0, &q, err);
    if (status != HONE_OK)
        return status;
    while (next_row(s, q, &status, err)) {
        struct study_row row;
        status = study_read(s, q, &row, err);
        if (status == HONE_OK)
            status = visit(context, &row, err);
    }
    sqlite_done(s, SQL_STUDIES, q);
    return status;
}

/* Starts and ends what is not a tuner's transaction. */
static hone_status change_begin(struct sqlite_store *s, hone_error *err)
{
    assert(!s->writing);
    return run_args(s, SQL_BEGIN, NULL, 0, err);
}

static hone_status change_end(struct sqlite_store *s, hone_status status, hone_error *err)
{
    if (status == HONE_OK)
        status = run_args(s, SQL_COMMIT, NULL, 0, err);
    if (status == HONE_OK)
        s->commits++;
    else
        rollback(s);
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
    struct sqlite_store *s = self(store);
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
    struct sqlite_store *s = self(store);
    hone_status status = change_begin(s, err);
    if (status != HONE_OK)
        return status;
    for (size_t i = 0; status == HONE_OK && i < sizeof steps / sizeof steps[0]; i++)
        status = RUN(s, steps[i], err, INT(study));
    if (status == HONE_OK && sqlite3_changes(s->db) == 0)
        status = study_gone(s, err);
    s->names_of = 0;
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
    if (!next_row(s, q, &status, err)) {
        if (status == HONE_OK)
            status = study_gone(s, err);
    } else if ((uint64_t)sqlite3_column_int64(q, 1) != epoch) {
        const char *name = text_at(q, 0), *host = text_at(q, 2);
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
    struct sqlite_store *s = self(store);
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
    struct sqlite_store *s = self(store);
    hone_status status = change_begin(s, err);
    if (status != HONE_OK)
        return status;
    status = check_epoch(s, study, epoch, err);
    if (status != HONE_OK) {
        rollback(s);
        return status;
    }
    s->writing = true;
    s->study = study;
    s->epoch = epoch;
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
    struct sqlite_store *s = self(store);
    hone_status status = check_writing(s, err);
    return status != HONE_OK ? status : written(s, event_insert(s, s->study, s->epoch, event, err));
}

static hone_status put_trial(struct store *store, const struct trial_row *row, hone_error *err)
{
    struct sqlite_store *s = self(store);
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
    struct sqlite_store *s = self(store);
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

static void names_clear(struct sqlite_store *s)
{
    for (size_t i = 0; i < s->n_names; i++)
        mem_free(s->names[i]);
    mem_free(s->names);
    s->names = NULL;
    s->n_names = 0;
    s->names_of = 0;
}

static hone_status names_add(struct sqlite_store *s, const char *name, hone_error *err)
{
    char **names = s->names;
    if (s->n_names % 16 == 0) /* grow by 16 */
        names = mem_resize(s->names, s->n_names + 16, sizeof *names);
    if (names == NULL)
        return error_memory(err);
    s->names = names;
    names[s->n_names] = mem_text(name);
    if (names[s->n_names] == NULL)
        return error_memory(err);
    s->n_names++;
    return HONE_OK;
}

static hone_status names_load(struct sqlite_store *s, hone_error *err)
{
    sqlite3_stmt *q;
    names_clear(s);
    hone_status status = QUERY(s, SQL_METRICS, &q, err, INT(s->study));
    if (status != HONE_OK)
        return status;
    while (next_row(s, q, &status, err)) {
        const char *name = text_at(q, 0);
        status = name == NULL ? error_memory(err) : names_add(s, name, err);
    }
    sqlite_done(s, SQL_METRICS, q);
    if (status == HONE_OK)
        s->names_of = s->study;
    return status;
}

/* The number of a metric's name, which is given to it now if it is new. */
static hone_status metric_number(struct sqlite_store *s, const char *name, size_t *out,
                                 hone_error *err)
{
    hone_status status = s->names_of == s->study ? HONE_OK : names_load(s, err);
    for (*out = 0; status == HONE_OK && *out < s->n_names; (*out)++)
        if (strcmp(s->names[*out], name) == 0)
            return HONE_OK;
    if (status == HONE_OK)
        status = RUN(s, SQL_METRIC_INSERT, err, INT(s->study), INT(*out), TEXT(name));
    if (status == HONE_OK)
        status = names_add(s, name, err);
    return status;
}

static hone_status put_observations(struct store *store, const struct observation *rows, size_t n,
                                    hone_error *err)
{
    struct sqlite_store *s = self(store);
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
    struct sqlite_store *s = self(store);
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
    struct sqlite_store *s = self(store);
    hone_status status = check_writing(s, err);
    if (status != HONE_OK)
        return status;
    return written(s, RUN(s, SQL_REQUEST_ANSWER, err, TEXT(answer), INT(id), INT(s->study)));
}

static hone_status commit(struct store *store, hone_error *err)
{
    struct sqlite_store *s = self(store);
    hone_status status = check_writing(s, err);
    if (status == HONE_OK) {
        s->writing = false;
        return change_end(s, HONE_OK, err);
    }
    rollback(s);
    return status;
}

static void roll_back(struct store *store)
{
    rollback(self(store));
}

/* ---- Reading ---- */

/* From a number or -1 for all to the range of a statement. */
#define FROM(number) INT((number) < 0 ? 0 : (number))
#define TO(number)   INT((number) < 0 ? INT64_MAX : (number))

static hone_status events(struct store *store, int64_t study, int64_t after_seq,
                          event_visitor *visit, void *context, hone_error *err)
{
    struct sqlite_store *s = self(store);
    sqlite3_stmt *q;
    hone_status status = QUERY(s, SQL_EVENTS, &q, err, INT(study), INT(after_seq));
    if (status != HONE_OK)
        return status;
    while (next_row(s, q, &status, err)) {
        int kind = event_kind_of(text_at(q, 3));
        struct event event = {
            .seq = sqlite3_column_int64(q, 0),
            .at = sqlite3_column_int64(q, 1),
            .epoch = (uint64_t)sqlite3_column_int64(q, 2),
            .kind = (enum event_kind)kind,
            .trial = sqlite3_column_type(q, 4) == SQLITE_NULL ? -1 : sqlite3_column_int64(q, 4),
            .body = text_at(q, 5)};
        status = kind < 0 ? unknown_word(s, "kind of event", text_at(q, 3), err)
                          : visit(context, &event, err);
    }
    sqlite_done(s, SQL_EVENTS, q);
    return status;
}

static hone_status trials(struct store *store, int64_t study, int64_t number, trial_visitor *visit,
                          void *context, hone_error *err)
{
    struct sqlite_store *s = self(store);
    sqlite3_stmt *q;
    hone_status status = QUERY(s, SQL_TRIALS, &q, err, INT(study), FROM(number), TO(number));
    if (status != HONE_OK)
        return status;
    while (next_row(s, q, &status, err)) {
        int state = trial_state_of(text_at(q, 2));
        struct trial_row row = {.number = sqlite3_column_int64(q, 0),
                                .origin = text_at(q, 1),
                                .state = (hone_trial_state)state,
                                .params = text_at(q, 3),
                                .values = text_at(q, 4),
                                .why = text_at(q, 5),
                                .reason = text_at(q, 6),
                                .log_tail = text_at(q, 7),
                                .started_at = sqlite3_column_int64(q, 8),
                                .ended_at = sqlite3_column_int64(q, 9)};
        status = state < 0 ? unknown_word(s, "state of a trial", text_at(q, 2), err)
                           : visit(context, &row, err);
    }
    sqlite_done(s, SQL_TRIALS, q);
    return status;
}

static hone_status attempts(struct store *store, int64_t study, int64_t trial,
                            attempt_visitor *visit, void *context, hone_error *err)
{
    struct sqlite_store *s = self(store);
    sqlite3_stmt *q;
    hone_status status = QUERY(s, SQL_ATTEMPTS, &q, err, INT(study), FROM(trial), TO(trial));
    if (status != HONE_OK)
        return status;
    while (next_row(s, q, &status, err)) {
        int state = attempt_state_of(text_at(q, 2));
        struct attempt_row row = {.trial = sqlite3_column_int64(q, 0),
                                  .number = sqlite3_column_int64(q, 1),
                                  .state = (enum attempt_state)state,
                                  .node = text_at(q, 3),
                                  .pid = sqlite3_column_int64(q, 4),
                                  .pid_start = sqlite3_column_int64(q, 5),
                                  .boot_id = text_at(q, 6),
                                  .started_at = sqlite3_column_int64(q, 7),
                                  .ended_at = sqlite3_column_int64(q, 8),
                                  .exit_code = sqlite3_column_int(q, 9),
                                  .exit_signal = sqlite3_column_int(q, 10),
                                  .spot = sqlite3_column_int(q, 11) != 0,
                                  .reason = text_at(q, 12),
                                  .cursor = text_at(q, 13)};
        status = state < 0 ? unknown_word(s, "state of an attempt", text_at(q, 2), err)
                           : visit(context, &row, err);
    }
    sqlite_done(s, SQL_ATTEMPTS, q);
    return status;
}

static hone_status observations(struct store *store, int64_t study, int64_t trial,
                                const char *metric, observation_visitor *visit, void *context,
                                hone_error *err)
{
    struct sqlite_store *s = self(store);
    sqlite3_stmt *q;
    hone_status status =
        QUERY(s, SQL_OBSERVATIONS, &q, err, INT(study), FROM(trial), TO(trial), TEXT(metric));
    if (status != HONE_OK)
        return status;
    while (next_row(s, q, &status, err)) {
        bool is_nan = sqlite3_column_type(q, 6) == SQLITE_NULL;
        bool step_is_nan = sqlite3_column_type(q, 4) == SQLITE_NULL;
        struct observation row = {.trial = sqlite3_column_int64(q, 0),
                                  .attempt = sqlite3_column_int64(q, 1),
                                  .metric = text_at(q, 2),
                                  .seq = sqlite3_column_int64(q, 3),
                                  .step = step_is_nan ? (double)NAN : sqlite3_column_double(q, 4),
                                  .at = sqlite3_column_int64(q, 5),
                                  .value = is_nan ? (double)NAN : sqlite3_column_double(q, 6)};
        status = row.metric == NULL ? error_memory(err) : visit(context, &row, err);
    }
    sqlite_done(s, SQL_OBSERVATIONS, q);
    return status;
}

static hone_status count_states(struct sqlite_store *s, int64_t study, struct study_counts *out,
                                hone_error *err)
{
    sqlite3_stmt *q;
    hone_status status = QUERY(s, SQL_COUNT_STATES, &q, err, INT(study));
    if (status != HONE_OK)
        return status;
    while (next_row(s, q, &status, err)) {
        int state = trial_state_of(text_at(q, 0));
        int64_t n = sqlite3_column_int64(q, 2);
        if (state < 0)
            status = unknown_word(s, "state of a trial", text_at(q, 0), err);
        else if (sqlite3_column_int(q, 1) != 0)
            out->imported += n;
        else
            out->by_state[state] += n;
    }
    sqlite_done(s, SQL_COUNT_STATES, q);
    return status;
}

static hone_status counts(struct store *store, int64_t study, struct study_counts *out,
                          hone_error *err)
{
    struct sqlite_store *s = self(store);
    struct study_counts sum = {0};
    sqlite3_stmt *q;
    hone_status status = run_args(s, SQL_SNAPSHOT, NULL, 0, err);
    if (status != HONE_OK)
        return status;
    status = count_states(s, study, &sum, err);
    if (status == HONE_OK)
        status = QUERY(s, SQL_COUNT_ATTEMPTS, &q, err, INT(study));
    if (status == HONE_OK) {
        if (next_row(s, q, &status, err)) {
            sum.attempts_ms = sqlite3_column_int64(q, 0);
            sum.waiting = sqlite3_column_int64(q, 1);
        }
        sqlite_done(s, SQL_COUNT_ATTEMPTS, q);
    }
    hone_status end = run_args(s, SQL_SNAPSHOT_END, NULL, 0, status == HONE_OK ? err : NULL);
    if (status == HONE_OK)
        status = end;
    if (status == HONE_OK)
        *out = sum;
    return status;
}

static hone_status version(struct store *store, int64_t *out, hone_error *err)
{
    struct sqlite_store *s = self(store);
    sqlite3_stmt *q;
    hone_status status =
        sqlite_query(s, SQL_DATA_VERSION, sql_texts[SQL_DATA_VERSION], NULL, 0, &q, err);
    if (status != HONE_OK)
        return status;
    /* SQLite counts the commits of others here; ours are added. */
    if (next_row(s, q, &status, err))
        *out = (int64_t)((uint64_t)sqlite3_column_int64(q, 0) << 32) + s->commits;
    sqlite_done(s, SQL_DATA_VERSION, q);
    return status;
}

/* ---- Requests ---- */

static hone_status request(struct store *store, int64_t study, const char *kind, const char *body,
                           int64_t now, int64_t *id_out, hone_error *err)
{
    struct sqlite_store *s = self(store);
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

static hone_status request_read(struct sqlite_store *s, enum sql sql, int64_t id,
                                struct request_row *out, hone_error *err)
{
    struct request_row row = {0};
    sqlite3_stmt *q;
    hone_status status = QUERY(s, sql, &q, err, INT(id));
    if (status != HONE_OK)
        return status;
    if (next_row(s, q, &status, err)) {
        row.id = sqlite3_column_int64(q, 0);
        row.at = sqlite3_column_int64(q, 1);
        char **texts[] = {&row.kind, &row.body, &row.answer};
        for (int i = 0; i < 3 && status == HONE_OK; i++) {
            *texts[i] = text_at(q, 2 + i);
            status = copy_text(texts[i], err);
        }
    } else if (status == HONE_OK) {
        status = error_set(err, HONE_ENOTFOUND, "no such request");
    }
    sqlite_done(s, (int)sql, q);
    if (status == HONE_OK)
        *out = row;
    else
        request_row_release(&row);
    return status;
}

static hone_status next_request(struct store *store, int64_t study, struct request_row *out,
                                hone_error *err)
{
    return request_read(self(store), SQL_REQUEST_NEXT, study, out, err);
}

static hone_status request_find(struct store *store, int64_t id, struct request_row *out,
                                hone_error *err)
{
    return request_read(self(store), SQL_REQUEST_FIND, id, out, err);
}

/* ---- The handle ---- */

static void close_store(struct store *store)
{
    struct sqlite_store *s = self(store);
    names_clear(s);
    sqlite_disconnect(s);
    mem_free(s->path);
    mem_free(s->base.url);
    mem_free(s);
}

static void set_patience(struct store *store, int64_t ms)
{
    sqlite3_busy_timeout(self(store)->db, (int)ms);
}

static const struct store_ops sqlite_ops = {
    .close = close_store,
    .set_patience = set_patience,
    .study_create = study_create,
    .study_find = study_find,
    .studies = studies,
    .study_delete = study_delete,
    .lease_take = lease_take,
    .begin = begin,
    .put_event = put_event,
    .put_trial = put_trial,
    .put_attempt = put_attempt,
    .put_observations = put_observations,
    .put_study = put_study,
    .answer_request = answer_request,
    .commit = commit,
    .rollback = roll_back,
    .events = events,
    .trials = trials,
    .attempts = attempts,
    .observations = observations,
    .counts = counts,
    .version = version,
    .request = request,
    .next_request = next_request,
    .request_find = request_find,
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
