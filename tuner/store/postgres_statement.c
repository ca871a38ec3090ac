/*
 * postgres_statement.c: running statements.
 *
 * The connection is in libpq's pipeline mode: statements are queued and go out together, so that a
 * transaction of any length costs two round trips: one for BEGIN and the fence, one for the writes
 * and COMMIT. Each statement is prepared when first used. After a failure the prepared ones are
 * forgotten, since those that were queued behind it were never made.
 */
#include "store/postgres_int.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/time.h"

enum { MOST_ARGS = 20, MOST_QUEUED = 512 };

static const char *const texts[] = {
#define SQL_TEXT(name, text) [SQL_##name] = (text),
    STATEMENTS(SQL_TEXT)
#undef SQL_TEXT
};

static hone_status send(struct postgres_store *s, enum sql id, const char *const *values, size_t n,
                        hone_error *err)
{
    char name[16] = ""; /* of a statement that is not kept */
    if (id > SQL_LISTEN)
        snprintf(name, sizeof name, "s%d", (int)id);
    if (!s->prepared[id]) {
        if (!pq.PQsendPrepare(s->conn, name, texts[id], 0, NULL))
            return postgres_lost(s, err);
        s->prepared[id] = id > SQL_LISTEN;
        s->n_queued++;
    }
    if (!pq.PQsendQueryPrepared(s->conn, name, (int)n, values, NULL, NULL, 0))
        return postgres_lost(s, err);
    s->n_queued++;
    return HONE_OK;
}

hone_status postgres_queue(struct postgres_store *s, enum sql id, const struct arg *args, size_t n,
                           hone_error *err)
{
    const char *values[MOST_ARGS];
    char numbers[MOST_ARGS][32];
    hone_status status = HONE_OK;
    if (s->n_queued >= MOST_QUEUED)
        status = postgres_collect(s, NULL, err);
    size_t made = 0;
    for (; made < n && status == HONE_OK; made++) {
        const struct arg *arg = &args[made];
        values[made] = numbers[made];
        if (arg->kind == ARG_INT)
            snprintf(numbers[made], sizeof numbers[made], "%lld", (long long)arg->i);
        else if (arg->kind == ARG_TEXT)
            values[made] = arg->text == NULL ? NULL : text_to_utf8(arg->text);
        else if (isnan(arg->x))
            values[made] = NULL;
        else if (isinf(arg->x))
            values[made] = arg->x > 0 ? "Infinity" : "-Infinity";
        else
            numbers[made][str_from_double(numbers[made], arg->x)] = '\0';
        if (arg->kind == ARG_TEXT && arg->text != NULL && values[made] == NULL)
            status = error_memory(err);
    }
    if (status == HONE_OK)
        status = send(s, id, values, n, err);
    for (size_t i = 0; i < made; i++)
        if (args[i].kind == ARG_TEXT && values[i] != args[i].text)
            mem_free((char *)(uintptr_t)values[i]);
    return status;
}

bool postgres_answer_comes(struct postgres_store *s)
{
    int64_t until = time_monotonic_ms() + s->silence_ms;
    while (pq.PQisBusy(s->conn)) {
        struct pollfd fd = {.fd = pq.PQsocket(s->conn), .events = POLLIN};
        int64_t left = until - time_monotonic_ms();
        int ready = poll(&fd, 1, s->silence_ms == 0 ? -1 : left > 0 ? (int)left : 0);
        if (ready == 0 || (ready < 0 && errno != EINTR))
            return false;
        if (ready < 0)
            continue;
        if (!pq.PQconsumeInput(s->conn))
            return false;
        until = time_monotonic_ms() + s->silence_ms;
    }
    return true;
}

hone_status postgres_collect(struct postgres_store *s, PGresult **rows_out, hone_error *err)
{
    hone_status status = HONE_OK;
    PGresult *rows = NULL, *result;
    if (!pq.PQpipelineSync(s->conn))
        return postgres_lost(s, err);
    bool synced = false;
    for (int nothing = 0; !synced && nothing < 2 && postgres_answer_comes(s);) {
        result = pq.PQgetResult(s->conn);
        if (result == NULL) { /* ends each statement; two in a row end everything */
            nothing++;
            continue;
        }
        nothing = 0;
        switch (pq.PQresultStatus(result)) {
        case PGRES_PIPELINE_SYNC:
            synced = true;
            break;
        case PGRES_TUPLES_OK:
        case PGRES_COMMAND_OK:
            pq.PQclear(rows);
            rows = result;
            result = NULL;
            break;
        case PGRES_PIPELINE_ABORTED:
            break;
        case PGRES_EMPTY_QUERY:
        case PGRES_COPY_OUT:
        case PGRES_COPY_IN:
        case PGRES_COPY_BOTH:
        case PGRES_SINGLE_TUPLE:
        case PGRES_BAD_RESPONSE:
        case PGRES_NONFATAL_ERROR:
        case PGRES_FATAL_ERROR:
        default:
            if (status == HONE_OK)
                status = postgres_failed(s, result, err);
            break;
        }
        pq.PQclear(result);
    }
    s->n_queued = 0;
    if (!synced || pq.PQstatus(s->conn) != CONNECTION_OK)
        status = postgres_lost(s, status == HONE_OK ? err : NULL);
    if (status != HONE_OK) {
        memset(s->prepared, 0, sizeof s->prepared);
        s->forgotten = true;
    }
    if (status == HONE_OK && rows_out != NULL) {
        *rows_out = rows;
        rows = NULL;
    }
    pq.PQclear(rows);
    return status;
}

/* After a failure names of prepared statements are of unknown fate. */
static hone_status forget(struct postgres_store *s)
{
    hone_status status = postgres_queue(s, SQL_FORGET, NULL, 0, NULL);
    if (status == HONE_OK)
        status = postgres_collect(s, NULL, NULL);
    if (status == HONE_OK)
        s->forgotten = false;
    return status;
}

hone_status postgres_query(struct postgres_store *s, enum sql id, const struct arg *args, size_t n,
                           PGresult **rows_out, hone_error *err)
{
    hone_status status = HONE_OK;
    bool inside = s->writing || s->reading; /* then another connection knows nothing of it */
    for (int tries = 0; tries < 2; tries++) {
        if (!inside)
            status = postgres_ready(s, err);
        else if (s->conn == NULL)
            status = postgres_lost(s, err);
        if (status == HONE_OK)
            status = postgres_queue(s, id, args, n, err);
        if (status == HONE_OK)
            status = postgres_collect(s, rows_out, err);
        if (status == HONE_OK || inside || !s->away)
            break;
    }
    if (status != HONE_OK && inside)
        s->broken = true;
    else if (status != HONE_OK && s->conn != NULL)
        postgres_rollback(s);
    return status;
}

hone_status postgres_read_begin(struct postgres_store *s, hone_error *err)
{
    hone_status status = postgres_query(s, SQL_BEGIN_READING, NULL, 0, NULL, err);
    s->reading = status == HONE_OK;
    if (status == HONE_OK)
        status = postgres_query(s, SQL_READING, NULL, 0, NULL, err);
    if (status != HONE_OK)
        postgres_rollback(s);
    return status;
}

char *postgres_text(const PGresult *rows, int row, int column)
{
    if (pq.PQgetisnull(rows, row, column))
        return NULL;
    char *text = pq.PQgetvalue(rows, row, column);
    text_from_utf8(text);
    return text;
}

int64_t postgres_int(const PGresult *rows, int row, int column)
{
    const char *text = pq.PQgetvalue(rows, row, column);
    int64_t value = 0;
    return str_int64(text, strlen(text), &value) ? value : 0;
}

double postgres_real(const PGresult *rows, int row, int column)
{
    const char *text = pq.PQgetvalue(rows, row, column);
    double value = (double)NAN;
    if (pq.PQgetisnull(rows, row, column))
        return value;
    if (strcmp(text, "Infinity") == 0)
        return HUGE_VAL;
    if (strcmp(text, "-Infinity") == 0)
        return -HUGE_VAL;
    return str_double(text, strlen(text), &value) ? value : (double)NAN;
}

hone_status postgres_unknown_word(struct postgres_store *s, const char *what, const char *word,
                                  hone_error *err)
{
    return error_set(err, HONE_EIO, "store %s is damaged: unknown %s \"%s\"", s->base.url, what,
                     word == NULL ? "" : word);
}

void postgres_rollback(struct postgres_store *s)
{
    s->writing = s->reading = s->broken = s->copying = false;
    s->metrics.study = 0; /* names that were added in it are gone */
    if (s->conn == NULL)
        return;
    /* What is still queued is answered first, and undone with the rest. */
    hone_status status = HONE_OK, ignored = HONE_OK;
    if (s->n_queued > 0)
        ignored = postgres_collect(s, NULL, NULL);
    (void)ignored;
    if (s->conn == NULL)
        return;
    status = postgres_queue(s, SQL_ROLLBACK, NULL, 0, NULL);
    if (status == HONE_OK)
        status = postgres_collect(s, NULL, NULL);
    if (status == HONE_OK && s->forgotten)
        status = forget(s);
    if (status != HONE_OK)
        postgres_disconnect(s); /* the server undoes it */
}
