/*
 * postgres_read.c: reading a PostgreSQL store. Each call is one statement, so it sees one
 * consistent state, whatever is committed meanwhile. What may be long comes in portions: events,
 * which only grow in their order, and observations, where more than one portion is read in a
 * transaction that keeps to one state.
 *
 * Texts of a visited row are those of libpq's result, valid until the visitor returns.
 */
#include "store/postgres_int.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

/* ---- Studies ---- */

static hone_status study_read(struct postgres_store *s, const PGresult *q, int i,
                              struct study_row *out, hone_error *err)
{
    const char *host = postgres_text(q, i, 14), *boot_id = postgres_text(q, i, 17);
    int state = study_state_of(postgres_text(q, i, 5));
    if (state < 0)
        return postgres_unknown_word(s, "state of a study", postgres_text(q, i, 5), err);
    *out = (struct study_row){
        .id = postgres_int(q, i, 0),
        .uid = postgres_text(q, i, 1),
        .name = postgres_text(q, i, 2),
        .spec = postgres_text(q, i, 3),
        .seed = (uint64_t)postgres_int(q, i, 4),
        .state = (enum study_state)state,
        .reason = postgres_text(q, i, 6),
        .wanted = (int)postgres_int(q, i, 7) != 0,
        .by_service = (int)postgres_int(q, i, 8) != 0,
        .created_at = postgres_int(q, i, 9),
        .started_at = postgres_int(q, i, 10),
        .ended_at = postgres_int(q, i, 11),
        .active_ms = postgres_int(q, i, 12),
        .epoch = (uint64_t)postgres_int(q, i, 13),
        .owner.pid = postgres_int(q, i, 15),
        .owner.pid_start = postgres_int(q, i, 16),
        .lease_until = postgres_int(q, i, 18) == 0 ? 0 : postgres_int(q, i, 18) - s->clock_ms,
        .stats = postgres_text(q, i, 19),
    };
    if (host == NULL || boot_id == NULL || out->name == NULL || out->uid == NULL ||
        out->spec == NULL)
        return error_memory(err); /* the columns are NOT NULL */
    snprintf(out->owner.host, sizeof out->owner.host, "%s", host);
    snprintf(out->owner.boot_id, sizeof out->owner.boot_id, "%s", boot_id);
    return HONE_OK;
}

/* HONE_ENOTFOUND, with the name that was perhaps meant. */
static hone_status study_missing(struct postgres_store *s, const char *name, hone_error *err)
{
    enum { HINTS = 1000 };
    PGresult *q = NULL;
    size_t n = 0;
    char **names = mem_array(HINTS, sizeof *names);
    hone_status status =
        names == NULL ? error_memory(err) : postgres_query(s, SQL_STUDY_NAMES, NULL, 0, &q, err);
    if (status != HONE_OK)
        goto out;
    for (int i = 0; n < HINTS && i < pq.PQntuples(q) && status == HONE_OK; i++) {
        names[n] = postgres_text(q, i, 0);
        status = text_own(&names[n], err);
        if (names[n] != NULL)
            n++;
    }
    pq.PQclear(q);
    if (status != HONE_OK)
        goto out;
    status = study_not_found(name, s->base.url, (const char *const *)names, n, err);
out:
    for (size_t i = 0; i < n; i++)
        mem_free(names[i]);
    mem_free(names);
    return status;
}

hone_status postgres_study_find(struct store *store, const char *name, struct study_row *out,
                                hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    struct study_row row;
    PGresult *q = NULL;
    hone_status status = QUERY(s, SQL_STUDY_FIND, &q, err, TEXT(name));
    if (status != HONE_OK)
        return status;
    bool found = pq.PQntuples(q) > 0;
    if (found)
        status = study_read(s, q, 0, &row, err);
    if (found && status == HONE_OK)
        status = study_row_own(&row, err);
    pq.PQclear(q);
    if (status == HONE_OK && !found)
        return study_missing(s, name, err);
    if (status == HONE_OK)
        *out = row;
    return status;
}

hone_status postgres_studies(struct store *store, study_visitor *visit, void *context,
                             hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    PGresult *q = NULL;
    hone_status status = postgres_query(s, SQL_STUDIES, NULL, 0, &q, err);
    if (status != HONE_OK)
        return status;
    for (int i = 0; i < pq.PQntuples(q) && status == HONE_OK; i++) {
        struct study_row row;
        status = study_read(s, q, i, &row, err);
        if (status == HONE_OK)
            status = visit(context, &row, err);
    }
    pq.PQclear(q);
    return status;
}

/* ---- Reading ---- */

enum { PORTION = 1000 };

hone_status postgres_events(struct store *store, int64_t study, int64_t after_seq,
                            event_visitor *visit, void *context, hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    PGresult *q = NULL;
    hone_status status = HONE_OK;
    int n = PORTION;
    while (status == HONE_OK && n == PORTION) {
        status = QUERY(s, SQL_EVENTS, &q, err, INT(study), INT(after_seq), INT(PORTION));
        if (status != HONE_OK)
            return status;
        n = pq.PQntuples(q);
        for (int i = 0; i < n && status == HONE_OK; i++) {
            int kind = event_kind_of(postgres_text(q, i, 3));
            struct event event = {.seq = after_seq = postgres_int(q, i, 0),
                                  .at = postgres_int(q, i, 1),
                                  .epoch = (uint64_t)postgres_int(q, i, 2),
                                  .kind = (enum event_kind)kind,
                                  .trial = pq.PQgetisnull(q, i, 4) ? -1 : postgres_int(q, i, 4),
                                  .body = postgres_text(q, i, 5)};
            status = kind < 0
                         ? postgres_unknown_word(s, "kind of event", postgres_text(q, i, 3), err)
                         : visit(context, &event, err);
        }
        pq.PQclear(q);
    }
    return status;
}

hone_status postgres_trials(struct store *store, int64_t study, int64_t number,
                            trial_visitor *visit, void *context, hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    PGresult *q = NULL;
    hone_status status = QUERY(s, SQL_TRIALS, &q, err, INT(study), FROM(number), TO(number));
    if (status != HONE_OK)
        return status;
    for (int i = 0; i < pq.PQntuples(q) && status == HONE_OK; i++) {
        int state = trial_state_of(postgres_text(q, i, 2));
        struct trial_row row = {.number = postgres_int(q, i, 0),
                                .origin = postgres_text(q, i, 1),
                                .state = (hone_trial_state)state,
                                .params = postgres_text(q, i, 3),
                                .values = postgres_text(q, i, 4),
                                .why = postgres_text(q, i, 5),
                                .reason = postgres_text(q, i, 6),
                                .log_tail = postgres_text(q, i, 7),
                                .started_at = postgres_int(q, i, 8),
                                .ended_at = postgres_int(q, i, 9)};
        if (state < 0 || row.origin == NULL || row.params == NULL)
            status = postgres_unknown_word(s, "state of a trial", postgres_text(q, i, 2), err);
        else
            status = visit(context, &row, err);
    }
    pq.PQclear(q);
    return status;
}

hone_status postgres_attempts(struct store *store, int64_t study, int64_t trial,
                              attempt_visitor *visit, void *context, hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    PGresult *q = NULL;
    hone_status status = QUERY(s, SQL_ATTEMPTS, &q, err, INT(study), FROM(trial), TO(trial));
    if (status != HONE_OK)
        return status;
    for (int i = 0; i < pq.PQntuples(q) && status == HONE_OK; i++) {
        int state = attempt_state_of(postgres_text(q, i, 2));
        struct attempt_row row = {.trial = postgres_int(q, i, 0),
                                  .number = postgres_int(q, i, 1),
                                  .state = (enum attempt_state)state,
                                  .node = postgres_text(q, i, 3),
                                  .pid = postgres_int(q, i, 4),
                                  .pid_start = postgres_int(q, i, 5),
                                  .boot_id = postgres_text(q, i, 6),
                                  .started_at = postgres_int(q, i, 7),
                                  .ended_at = postgres_int(q, i, 8),
                                  .exit_code = (int)postgres_int(q, i, 9),
                                  .exit_signal = (int)postgres_int(q, i, 10),
                                  .spot = (int)postgres_int(q, i, 11) != 0,
                                  .reason = postgres_text(q, i, 12),
                                  .cursor = postgres_text(q, i, 13)};
        status = state < 0
                     ? postgres_unknown_word(s, "state of an attempt", postgres_text(q, i, 2), err)
                     : visit(context, &row, err);
    }
    pq.PQclear(q);
    return status;
}

/* Of a visit of observations: which, and behind which one to go on. */
struct place {
    int64_t study, last_trial;
    const char *metric; /* NULL: all */
    int64_t trial, attempt, number, seq;
};

static hone_status next_portion(struct postgres_store *s, const struct place *at, PGresult **out,
                                hone_error *err)
{
    return QUERY(s, SQL_OBSERVATIONS, out, err, INT(at->study), INT(at->trial), INT(at->attempt),
                 INT(at->number), INT(at->seq), INT(at->last_trial), TEXT(at->metric),
                 INT(PORTION));
}

static hone_status visit_portion(const PGresult *q, struct place *at, observation_visitor *visit,
                                 void *context, hone_error *err)
{
    hone_status status = HONE_OK;
    for (int i = 0; i < pq.PQntuples(q) && status == HONE_OK; i++) {
        struct observation row = {.trial = at->trial = postgres_int(q, i, 0),
                                  .attempt = at->attempt = postgres_int(q, i, 1),
                                  .metric = postgres_text(q, i, 2),
                                  .seq = at->seq = postgres_int(q, i, 3),
                                  .step = postgres_real(q, i, 4),
                                  .at = postgres_int(q, i, 5),
                                  .value = postgres_real(q, i, 6)};
        at->number = postgres_int(q, i, 7);
        status = row.metric == NULL ? error_memory(err) : visit(context, &row, err);
    }
    return status;
}

/* Portion after portion, all of one state. */
static hone_status visit_many(struct postgres_store *s, struct place *at,
                              observation_visitor *visit, void *context, hone_error *err)
{
    bool own = !s->writing && !s->reading;
    hone_status status = own ? postgres_read_begin(s, err) : HONE_OK;
    for (int n = PORTION; status == HONE_OK && n == PORTION;) {
        PGresult *q = NULL;
        status = next_portion(s, at, &q, err);
        if (status == HONE_OK) {
            n = pq.PQntuples(q);
            status = visit_portion(q, at, visit, context, err);
        }
        pq.PQclear(q);
    }
    if (own)
        postgres_rollback(s);
    return status;
}

hone_status postgres_observations(struct store *store, int64_t study, int64_t trial,
                                  const char *metric, observation_visitor *visit, void *context,
                                  hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    struct place start = {.study = study, .metric = metric};
    start.trial = FROM(trial).i;
    start.last_trial = TO(trial).i;
    PGresult *q = NULL;
    hone_status status = next_portion(s, &start, &q, err);
    if (status != HONE_OK)
        return status;
    bool is_all = pq.PQntuples(q) < PORTION; /* one statement, as nearly always */
    if (is_all) {
        struct place at = start;
        status = visit_portion(q, &at, visit, context, err);
    }
    pq.PQclear(q);
    return is_all ? status : visit_many(s, &start, visit, context, err);
}

hone_status postgres_metrics(struct store *store, int64_t study, name_visitor *visit, void *context,
                             hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    PGresult *q = NULL;
    hone_status status = QUERY(s, SQL_METRICS, &q, err, INT(study));
    if (status != HONE_OK)
        return status;
    for (int i = 0; i < pq.PQntuples(q) && status == HONE_OK; i++)
        status = visit(context, postgres_text(q, i, 0), err);
    pq.PQclear(q);
    return status;
}

hone_status postgres_counts(struct store *store, int64_t study, struct study_counts *out,
                            hone_error *err)
{
    struct postgres_store *s = postgres_self(store);
    struct study_counts counts = {0};
    PGresult *q = NULL;
    hone_status status = QUERY(s, SQL_COUNTS, &q, err, INT(study));
    if (status != HONE_OK)
        return status;
    for (int i = 0; i < pq.PQntuples(q) && status == HONE_OK; i++) {
        const char *word = postgres_text(q, i, 0), *origin = postgres_text(q, i, 1);
        int64_t n = postgres_int(q, i, 2);
        int state = trial_state_of(word);
        if (word == NULL || origin == NULL)
            status = error_memory(err); /* the columns are NOT NULL */
        else if (origin[0] == '\0')
            *(strcmp(word, "ended") == 0 ? &counts.attempts_ms : &counts.waiting) = n;
        else if (state < 0)
            status = postgres_unknown_word(s, "state of a trial", word, err);
        else if (strcmp(origin, "imported") == 0)
            counts.imported += n;
        else if (strcmp(origin, "warm") == 0)
            counts.warm += n;
        else
            counts.by_state[state] += n;
    }
    pq.PQclear(q);
    if (status == HONE_OK)
        *out = counts;
    return status;
}

hone_status postgres_version(struct store *store, int64_t *out, hone_error *err)
{
    PGresult *q = NULL;
    hone_status status = postgres_query(postgres_self(store), SQL_VERSION, NULL, 0, &q, err);
    if (status == HONE_OK)
        *out = postgres_int(q, 0, 0);
    pq.PQclear(q);
    return status;
}

/* ---- Requests ---- */

static hone_status request_read(struct postgres_store *s, enum sql sql, int64_t id,
                                struct request_row *out, hone_error *err)
{
    struct request_row row = {0};
    PGresult *q = NULL;
    hone_status status = QUERY(s, sql, &q, err, INT(id));
    if (status != HONE_OK)
        return status;
    if (pq.PQntuples(q) > 0) {
        row.id = postgres_int(q, 0, 0);
        row.at = postgres_int(q, 0, 1);
        char **texts[] = {&row.kind, &row.body, &row.answer};
        for (int i = 0; i < 3 && status == HONE_OK; i++) {
            *texts[i] = postgres_text(q, 0, 2 + i);
            status = text_own(texts[i], err);
        }
    } else {
        status = error_set(err, HONE_ENOTFOUND, "no such request");
    }
    pq.PQclear(q);
    if (status == HONE_OK)
        *out = row;
    else
        request_row_release(&row);
    return status;
}

hone_status postgres_next_request(struct store *store, int64_t study, struct request_row *out,
                                  hone_error *err)
{
    return request_read(postgres_self(store), SQL_REQUEST_NEXT, study, out, err);
}

hone_status postgres_request_find(struct store *store, int64_t id, struct request_row *out,
                                  hone_error *err)
{
    return request_read(postgres_self(store), SQL_REQUEST_FIND, id, out, err);
}
