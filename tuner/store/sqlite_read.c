/*
 * sqlite_read.c: reading a SQLite store. Each call is one statement or one snapshot, so it sees one
 * consistent state, whatever is committed meanwhile.
 *
 * Texts of a visited row are SQLite's own memory, valid until the visitor returns; no row is
 * copied.
 */
#include "store/sqlite_int.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

/* ---- Studies ---- */

static hone_status study_read(struct sqlite_store *s, sqlite3_stmt *q, struct study_row *out,
                              hone_error *err)
{
    const char *host = sqlite_text(q, 14), *boot_id = sqlite_text(q, 17);
    int state = study_state_of(sqlite_text(q, 5));
    if (state < 0)
        return sqlite_unknown_word(s, "state of a study", sqlite_text(q, 5), err);
    *out = (struct study_row){
        .id = sqlite3_column_int64(q, 0),
        .uid = sqlite_text(q, 1),
        .name = sqlite_text(q, 2),
        .spec = sqlite_text(q, 3),
        .seed = (uint64_t)sqlite3_column_int64(q, 4),
        .state = (enum study_state)state,
        .reason = sqlite_text(q, 6),
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
        .stats = sqlite_text(q, 19),
    };
    if (host == NULL || boot_id == NULL || out->name == NULL || out->uid == NULL ||
        out->spec == NULL)
        return error_memory(err); /* the columns are NOT NULL */
    snprintf(out->owner.host, sizeof out->owner.host, "%s", host);
    snprintf(out->owner.boot_id, sizeof out->owner.boot_id, "%s", boot_id);
    return HONE_OK;
}

/* HONE_ENOTFOUND, with the name that was perhaps meant. */
static hone_status study_missing(struct sqlite_store *s, const char *name, hone_error *err)
{
    enum { HINTS = 1000 };
    sqlite3_stmt *q;
    size_t n = 0;
    char **names = mem_array(HINTS, sizeof *names);
    hone_status status =
        names == NULL ? error_memory(err) : sqlite_query(s, SQL_STUDY_NAMES, NULL, 0, &q, err);
    if (status != HONE_OK)
        goto out;
    while (n < HINTS && sqlite_next(s, q, &status, err)) {
        names[n] = sqlite_text(q, 0);
        status = text_own(&names[n], err);
        if (names[n] != NULL)
            n++;
    }
    sqlite_done(s, SQL_STUDY_NAMES, q);
    if (status != HONE_OK)
        goto out;
    status = study_not_found(name, s->path, (const char *const *)names, n, err);
out:
    for (size_t i = 0; i < n; i++)
        mem_free(names[i]);
    mem_free(names);
    return status;
}

hone_status sqlite_study_find(struct store *store, const char *name, struct study_row *out,
                              hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    struct study_row row;
    sqlite3_stmt *q;
    hone_status status = QUERY(s, SQL_STUDY_FIND, &q, err, TEXT(name));
    if (status != HONE_OK)
        return status;
    bool found = sqlite_next(s, q, &status, err);
    if (found)
        status = study_read(s, q, &row, err);
    if (found && status == HONE_OK)
        status = study_row_own(&row, err);
    sqlite_done(s, SQL_STUDY_FIND, q);
    if (status == HONE_OK && !found)
        return study_missing(s, name, err);
    if (status == HONE_OK)
        *out = row;
    return status;
}

hone_status sqlite_studies(struct store *store, study_visitor *visit, void *context,
                           hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    sqlite3_stmt *q;
    hone_status status = sqlite_query(s, SQL_STUDIES, NULL, 0, &q, err);
    if (status != HONE_OK)
        return status;
    while (sqlite_next(s, q, &status, err)) {
        struct study_row row;
        status = study_read(s, q, &row, err);
        if (status == HONE_OK)
            status = visit(context, &row, err);
    }
    sqlite_done(s, SQL_STUDIES, q);
    return status;
}
/* ---- Reading ---- */

hone_status sqlite_events(struct store *store, int64_t study, int64_t after_seq,
                          event_visitor *visit, void *context, hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    sqlite3_stmt *q;
    hone_status status = QUERY(s, SQL_EVENTS, &q, err, INT(study), INT(after_seq));
    if (status != HONE_OK)
        return status;
    while (sqlite_next(s, q, &status, err)) {
        int kind = event_kind_of(sqlite_text(q, 3));
        struct event event = {
            .seq = sqlite3_column_int64(q, 0),
            .at = sqlite3_column_int64(q, 1),
            .epoch = (uint64_t)sqlite3_column_int64(q, 2),
            .kind = (enum event_kind)kind,
            .trial = sqlite3_column_type(q, 4) == SQLITE_NULL ? -1 : sqlite3_column_int64(q, 4),
            .body = sqlite_text(q, 5)};
        status = kind < 0 ? sqlite_unknown_word(s, "kind of event", sqlite_text(q, 3), err)
                          : visit(context, &event, err);
    }
    sqlite_done(s, SQL_EVENTS, q);
    return status;
}

hone_status sqlite_trials(struct store *store, int64_t study, int64_t number, trial_visitor *visit,
                          void *context, hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    sqlite3_stmt *q;
    hone_status status = QUERY(s, SQL_TRIALS, &q, err, INT(study), FROM(number), TO(number));
    if (status != HONE_OK)
        return status;
    while (sqlite_next(s, q, &status, err)) {
        int state = trial_state_of(sqlite_text(q, 2));
        struct trial_row row = {.number = sqlite3_column_int64(q, 0),
                                .origin = sqlite_text(q, 1),
                                .state = (hone_trial_state)state,
                                .params = sqlite_text(q, 3),
                                .values = sqlite_text(q, 4),
                                .why = sqlite_text(q, 5),
                                .reason = sqlite_text(q, 6),
                                .log_tail = sqlite_text(q, 7),
                                .started_at = sqlite3_column_int64(q, 8),
                                .ended_at = sqlite3_column_int64(q, 9)};
        if (state < 0 || row.origin == NULL || row.params == NULL)
            status = sqlite_unknown_word(s, "state of a trial", sqlite_text(q, 2), err);
        else
            status = visit(context, &row, err);
    }
    sqlite_done(s, SQL_TRIALS, q);
    return status;
}

hone_status sqlite_attempts(struct store *store, int64_t study, int64_t trial,
                            attempt_visitor *visit, void *context, hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    sqlite3_stmt *q;
    hone_status status = QUERY(s, SQL_ATTEMPTS, &q, err, INT(study), FROM(trial), TO(trial));
    if (status != HONE_OK)
        return status;
    while (sqlite_next(s, q, &status, err)) {
        int state = attempt_state_of(sqlite_text(q, 2));
        struct attempt_row row = {.trial = sqlite3_column_int64(q, 0),
                                  .number = sqlite3_column_int64(q, 1),
                                  .state = (enum attempt_state)state,
                                  .node = sqlite_text(q, 3),
                                  .pid = sqlite3_column_int64(q, 4),
                                  .pid_start = sqlite3_column_int64(q, 5),
                                  .boot_id = sqlite_text(q, 6),
                                  .started_at = sqlite3_column_int64(q, 7),
                                  .ended_at = sqlite3_column_int64(q, 8),
                                  .exit_code = sqlite3_column_int(q, 9),
                                  .exit_signal = sqlite3_column_int(q, 10),
                                  .spot = sqlite3_column_int(q, 11) != 0,
                                  .reason = sqlite_text(q, 12),
                                  .cursor = sqlite_text(q, 13)};
        status = state < 0 ? sqlite_unknown_word(s, "state of an attempt", sqlite_text(q, 2), err)
                           : visit(context, &row, err);
    }
    sqlite_done(s, SQL_ATTEMPTS, q);
    return status;
}

hone_status sqlite_metrics(struct store *store, int64_t study, name_visitor *visit, void *context,
                           hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    sqlite3_stmt *q;
    hone_status status = QUERY(s, SQL_METRICS, &q, err, INT(study));
    if (status != HONE_OK)
        return status;
    while (sqlite_next(s, q, &status, err)) {
        const char *name = sqlite_text(q, 0);
        status = name == NULL ? error_memory(err) : visit(context, name, err);
    }
    sqlite_done(s, SQL_METRICS, q);
    return status;
}

hone_status sqlite_observations(struct store *store, int64_t study, int64_t trial,
                                const char *metric, observation_visitor *visit, void *context,
                                hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    sqlite3_stmt *q;
    hone_status status =
        QUERY(s, SQL_OBSERVATIONS, &q, err, INT(study), FROM(trial), TO(trial), TEXT(metric));
    if (status != HONE_OK)
        return status;
    while (sqlite_next(s, q, &status, err)) {
        bool is_nan = sqlite3_column_type(q, 6) == SQLITE_NULL;
        bool step_is_nan = sqlite3_column_type(q, 4) == SQLITE_NULL;
        struct observation row = {.trial = sqlite3_column_int64(q, 0),
                                  .attempt = sqlite3_column_int64(q, 1),
                                  .metric = sqlite_text(q, 2),
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
    while (sqlite_next(s, q, &status, err)) {
        int state = trial_state_of(sqlite_text(q, 0));
        const char *origin = sqlite_text(q, 1);
        int64_t n = sqlite3_column_int64(q, 2);
        if (state < 0 || origin == NULL)
            status = sqlite_unknown_word(s, "state of a trial", sqlite_text(q, 0), err);
        else if (strcmp(origin, "imported") == 0)
            out->imported += n;
        else if (strcmp(origin, "warm") == 0)
            out->warm += n;
        else
            out->by_state[state] += n;
    }
    sqlite_done(s, SQL_COUNT_STATES, q);
    return status;
}

/* Up to two numbers that a query answers in one row. */
static hone_status sums(struct sqlite_store *s, enum sql id, int64_t study, int64_t out[2],
                        hone_error *err)
{
    sqlite3_stmt *q;
    hone_status status = QUERY(s, id, &q, err, INT(study));
    if (status != HONE_OK)
        return status;
    if (sqlite_next(s, q, &status, err)) {
        out[0] = sqlite3_column_int64(q, 0);
        out[1] = sqlite3_column_int64(q, 1);
    }
    sqlite_done(s, id, q);
    return status;
}

hone_status sqlite_counts(struct store *store, int64_t study, struct study_counts *out,
                          hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    struct study_counts counts = {0};
    int64_t attempts[2] = {0}, foreign[2] = {0};
    hone_status status = sqlite_run(s, SQL_SNAPSHOT, NULL, 0, err);
    if (status != HONE_OK)
        return status;
    status = count_states(s, study, &counts, err);
    if (status == HONE_OK)
        status = sums(s, SQL_COUNT_ATTEMPTS, study, attempts, err);
    if (status == HONE_OK && counts.imported + counts.warm > 0)
        status = sums(s, SQL_COUNT_FOREIGN, study, foreign, err);
    hone_status end = sqlite_run(s, SQL_SNAPSHOT_END, NULL, 0, status == HONE_OK ? err : NULL);
    if (status == HONE_OK)
        status = end;
    if (status != HONE_OK)
        return status;
    counts.attempts_ms = attempts[0] - foreign[0];
    counts.waiting = attempts[1];
    *out = counts;
    return HONE_OK;
}

hone_status sqlite_version(struct store *store, int64_t *out, hone_error *err)
{
    struct sqlite_store *s = sqlite_self(store);
    sqlite3_stmt *q;
    hone_status status = sqlite_query(s, SQL_DATA_VERSION, NULL, 0, &q, err);
    if (status != HONE_OK)
        return status;
    /* SQLite counts the commits of others here; ours are added. */
    if (sqlite_next(s, q, &status, err))
        *out = (int64_t)((uint64_t)sqlite3_column_int64(q, 0) << 32) + s->commits;
    sqlite_done(s, SQL_DATA_VERSION, q);
    return status;
}

/* ---- Requests ---- */

static hone_status request_read(struct sqlite_store *s, enum sql sql, int64_t id,
                                struct request_row *out, hone_error *err)
{
    struct request_row row = {0};
    sqlite3_stmt *q;
    hone_status status = QUERY(s, sql, &q, err, INT(id));
    if (status != HONE_OK)
        return status;
    if (sqlite_next(s, q, &status, err)) {
        row.id = sqlite3_column_int64(q, 0);
        row.at = sqlite3_column_int64(q, 1);
        char **texts[] = {&row.kind, &row.body, &row.answer};
        for (int i = 0; i < 3 && status == HONE_OK; i++) {
            *texts[i] = sqlite_text(q, 2 + i);
            status = text_own(texts[i], err);
        }
    } else if (status == HONE_OK) {
        status = error_set(err, HONE_ENOTFOUND, "no such request");
    }
    sqlite_done(s, sql, q);
    if (status == HONE_OK)
        *out = row;
    else
        request_row_release(&row);
    return status;
}

hone_status sqlite_next_request(struct store *store, int64_t study, struct request_row *out,
                                hone_error *err)
{
    return request_read(sqlite_self(store), SQL_REQUEST_NEXT, study, out, err);
}

hone_status sqlite_request_find(struct store *store, int64_t id, struct request_row *out,
                                hone_error *err)
{
    return request_read(sqlite_self(store), SQL_REQUEST_FIND, id, out, err);
}
