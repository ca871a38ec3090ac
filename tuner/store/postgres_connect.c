/*
 * postgres_connect.c: the way to a server, the schema there, and what failures mean.
 *
 * The tables live in a schema "hone" of the database that the address names, so that they may share
 * it with others; the schema's comment says which version they have. A connection that breaks is
 * made again by the next call. Times of leases are the server's: what several machines compare must
 * not depend on their clocks. A call's own transaction never outlives its connection for long: the
 * server ends one that is idle for IDLE.
 */
#include "store/postgres_int.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/time.h"
#include "store/schema_postgres.h"

enum {
    CONNECT_MS = 10000,  /* one try to connect */
    RECONNECT_MS = 3000, /* all tries of one call to get a broken connection back */
    FIRST_PAUSE_MS = 50,
    CLOCK_MS = 20 /* clocks that differ by less are taken as one */
};

#define COMMENT "store of hone, schema "

static const char *const version_1[] = {SCHEMA_1};

/* What brings version i to i + 1. */
static const struct {
    const char *const *lines;
    size_t n;
} versions[] = {{version_1, sizeof version_1 / sizeof version_1[0]}};

enum { VERSION = sizeof versions / sizeof versions[0] };

static const char session[] =
    "SET client_min_messages = warning;"
    "SET search_path = hone;"
    "SET idle_in_transaction_session_timeout = '15s';"
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;"
    "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint,"
    " current_setting('server_encoding'), current_setting('server_version_num')::bigint,"
    " to_regnamespace('hone') IS NULL, obj_description(to_regnamespace('hone'), 'pg_namespace')";

/* ---- Failures ---- */

/* The first line of a message, without what was told in front of it. */
static void first_line(const char *text, char out[300])
{
    const char *fatal = strstr(text, "FATAL:  ");
    text = fatal != NULL ? fatal + 8 : text;
    if (fatal != NULL && strlen(text) > 7 && text[5] == ':') /* "28P01: ..." */
        text += 7;
    snprintf(out, 300, "%.*s", (int)strcspn(text, "\n"), text);
}

hone_status postgres_lost(struct postgres_store *s, hone_error *err)
{
    bool silent = s->conn != NULL && pq.PQstatus(s->conn) == CONNECTION_OK;
    char line[300];
    snprintf(line, sizeof line, silent ? "it does not answer" : "the connection is lost");
    if (s->conn != NULL && pq.PQerrorMessage(s->conn)[0] != '\0')
        first_line(pq.PQerrorMessage(s->conn), line);
    postgres_disconnect(s);
    s->away = true;
    return error_set(err, HONE_EIO, "store %s: %s", s->base.url, line);
}

/* Classes of SQLSTATE that pass by themselves: connection, resources, shutdown, deadlock. */
static bool may_pass(const char *state)
{
    return strncmp(state, "08", 2) == 0 || strncmp(state, "53", 2) == 0 ||
           strncmp(state, "57P", 3) == 0 || strncmp(state, "40", 2) == 0 ||
           strncmp(state, "25P0", 4) == 0 || strcmp(state, "55P03") == 0;
}

hone_status postgres_failed(struct postgres_store *s, const PGresult *result, hone_error *err)
{
    const char *state = pq.PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = pq.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (state == NULL)
        state = "08000"; /* libpq's own: the connection */
    s->away = may_pass(state);
    if (strcmp(state, "55P03") == 0)
        return error_set(err, HONE_EIO,
                         "store %s is locked by another program: end that program, then try again",
                         s->base.url);
    if (strcmp(state, "42501") == 0)
        return error_set(err, HONE_EIO,
                         "store %s: %s: the user needs rights on the schema \"hone\"", s->base.url,
                         text);
    if (strcmp(state, "23505") == 0)
        return error_set(err, HONE_ESTATE, "store %s: it exists already", s->base.url);
    return error_set(err, HONE_EIO, "store %s: %s", s->base.url,
                     text == NULL ? "the connection is lost" : text);
}

/* Why a connection could not be made, and what to do. */
static hone_status refused(struct postgres_store *s, bool create, hone_error *err)
{
    const char *text = pq.PQerrorMessage(s->conn), *url = s->base.url;
    char line[300];
    first_line(text, line);
    hone_status status;
    s->away = false;
    if (strstr(text, "FATAL:  3D000:") != NULL)
        status = error_set(err, create ? HONE_EIO : HONE_ENOTFOUND,
                           "no store %s: %s (createdb makes one)", url, line);
    else if (strstr(text, "FATAL:  28") != NULL || strstr(text, "no password supplied") != NULL)
        status = error_set(err, HONE_EIO,
                           "store %s: %s: check the user, and the password in ~/.pgpass, "
                           "PGPASSWORD or the address",
                           url, line);
    else {
        s->away = true;
        status = error_set(err, HONE_EIO, "store %s cannot be reached: %s", url, line);
    }
    return status;
}

/* ---- Addresses ---- */

char *postgres_shown_address(const char *address)
{
    struct buf b;
    buf_init(&b, strlen(address) + 64);
    const char *rest = strstr(address, "//");
    rest = rest == NULL ? address : rest + 2;
    const char *query = rest + strcspn(rest, "?"), *at = NULL;
    for (const char *p = rest; p < query; p++)
        if (*p == '@')
            at = p; /* the last one: a password may have some */
    const char *colon = at == NULL ? NULL : memchr(rest, ':', (size_t)(at - rest));
    if (colon != NULL) {
        buf_add(&b, address, (size_t)(colon - address));
        rest = at;
    } else {
        rest = address;
    }
    for (const char *found; (found = strstr(rest, "password=")) != NULL;) {
        found += strlen("password=");
        buf_add(&b, rest, (size_t)(found - rest));
        buf_text(&b, "...");
        rest = found + strcspn(found, "&");
    }
    buf_text(&b, rest);
    char *shown = buf_take(&b);
    buf_release(&b);
    return shown;
}

/* libpq's own reasons may show a part of the password. */
static hone_status check_address(const struct postgres_store *s, hone_error *err)
{
    char *reason = NULL;
    PQconninfoOption *options = pq.PQconninfoParse(s->address, &reason);
    bool good = options != NULL;
    pq.PQconninfoFree(options);
    pq.PQfreemem(reason);
    if (good)
        return HONE_OK;
    return error_set(err, HONE_EINVAL,
                     "store %s: not an address such as postgresql://USER@HOST:PORT/DATABASE (odd "
                     "characters of a password are written as %%40)",
                     s->base.url);
}

/* ---- Connecting ---- */

static void be_silent(void *context, const char *message)
{
    (void)context;
    (void)message;
}

/* Drives a connection until it stands or has failed. */
static bool wait_for_connection(PGconn *conn)
{
    int64_t until = time_monotonic_ms() + CONNECT_MS;
    PostgresPollingStatusType wants = PGRES_POLLING_WRITING;
    while (wants != PGRES_POLLING_OK && wants != PGRES_POLLING_FAILED) {
        int64_t left = until - time_monotonic_ms();
        struct pollfd fd = {.fd = pq.PQsocket(conn),
                            .events = wants == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (left <= 0)
            return false;
        if (poll(&fd, 1, (int)left) > 0)
            wants = pq.PQconnectPoll(conn);
    }
    return wants == PGRES_POLLING_OK;
}

/* What the address says of TCP's patience holds for the server's own too. */
static int64_t silence_of(PGconn *conn)
{
    PQconninfoOption *options = pq.PQconninfo(conn);
    int64_t ms = 0;
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
        if (strcmp(o->keyword, "tcp_user_timeout") == 0 && o->val != NULL &&
            !str_int64(o->val, strlen(o->val), &ms))
            ms = 0;
    pq.PQconninfoFree(options);
    return ms > 0 && ms <= INT_MAX ? ms : 0;
}

/* The address comes last, so that it may set all of these. */
static hone_status connect_once(struct postgres_store *s, bool create, hone_error *err)
{
    static const char *const names[] = {
        "client_encoding",  "fallback_application_name", "keepalives_idle", "keepalives_interval",
        "keepalives_count", "tcp_user_timeout",          "dbname",          NULL};
    const char *values[] = {"UTF8", "hone", "10", "5", "3", "20000", s->address, NULL};
    postgres_disconnect(s);
    s->conn = pq.PQconnectStartParams(names, values, 1);
    if (s->conn == NULL)
        return error_memory(err);
    pq.PQsetNoticeProcessor(s->conn, be_silent, NULL);
    /* A failure then says its SQLSTATE. */
    pq.PQsetErrorVerbosity(s->conn, PQERRORS_VERBOSE);
    if (pq.PQstatus(s->conn) != CONNECTION_BAD && wait_for_connection(s->conn)) {
        s->silence_ms = silence_of(s->conn);
        return HONE_OK;
    }
    hone_status status = refused(s, create, err);
    postgres_disconnect(s);
    return status;
}

/* Statements outside of the pipeline; the last one's rows. */
static hone_status execute(struct postgres_store *s, const char *sql, PGresult **out,
                           hone_error *err)
{
    PGresult *result = NULL, *next = NULL;
    hone_status status = HONE_OK;
    bool answers = pq.PQsendQuery(s->conn, sql) && postgres_answer_comes(s);
    while (answers && (next = pq.PQgetResult(s->conn)) != NULL) {
        pq.PQclear(result);
        result = next;
        answers = postgres_answer_comes(s);
    }
    ExecStatusType how = pq.PQresultStatus(result);
    if (!answers || pq.PQstatus(s->conn) != CONNECTION_OK)
        status = postgres_lost(s, err);
    else if (how != PGRES_TUPLES_OK && how != PGRES_COMMAND_OK)
        status = postgres_failed(s, result, err);
    if (status == HONE_OK && out != NULL)
        *out = result;
    else
        pq.PQclear(result);
    return status;
}

/* The version in the schema's comment; 0: it is not one of ours. */
static int64_t version_of(const PGresult *rows, int column)
{
    const char *text = pq.PQgetvalue(rows, 0, column);
    size_t n = strlen(COMMENT);
    int64_t version = 0;
    if (strncmp(text, COMMENT, n) != 0 || !str_int64(text + n, strlen(text + n), &version))
        return 0;
    return version;
}

static hone_status migrate(struct postgres_store *s, int64_t version, hone_error *err)
{
    struct buf sql;
    PGresult *rows = NULL;
    buf_init(&sql, (size_t)1 << 20);
    /* Others may be making it too: one after the other. */
    hone_status status = execute(s,
                                 "BEGIN; SELECT pg_advisory_xact_lock(7525890234721);"
                                 "SELECT obj_description(to_regnamespace('hone'), 'pg_namespace')",
                                 &rows, err);
    if (status != HONE_OK)
        goto out;
    version = version_of(rows, 0);
    if (version == 0)
        buf_text(&sql, "CREATE SCHEMA hone;");
    for (; version < VERSION; version++)
        for (size_t i = 0; i < versions[version].n; i++)
            buf_text(&sql, versions[version].lines[i]);
    buf_printf(&sql, "COMMENT ON SCHEMA hone IS '" COMMENT "%d'; COMMIT", (int)VERSION);
    status = sql.failed ? error_memory(err) : execute(s, sql.data, NULL, err);
    if (status != HONE_OK && s->conn != NULL)
        (void)execute(s, "ROLLBACK", NULL, NULL);
out:
    pq.PQclear(rows);
    buf_release(&sql);
    return status;
}

/* What the first answer says: clocks, encoding, schema. */
static hone_status check_server(struct postgres_store *s, bool create, hone_error *err)
{
    PGresult *rows = NULL;
    int64_t before = time_now_ms();
    hone_status status = execute(s, session, &rows, err);
    if (status != HONE_OK)
        return status;
    int64_t took = time_now_ms() - before;
    s->clock_ms = postgres_int(rows, 0, 0) - before - took / 2;
    if (llabs(s->clock_ms) <= took / 2 + CLOCK_MS)
        s->clock_ms = 0;
    const char *encoding = pq.PQgetvalue(rows, 0, 1), *url = s->base.url;
    bool missing = pq.PQgetvalue(rows, 0, 3)[0] == 't';
    int64_t version = version_of(rows, 4);
    s->away = false;
    if (postgres_int(rows, 0, 2) < 130000)
        status = error_set(err, HONE_EIO, "store %s: PostgreSQL 13 or later is needed", url);
    else if (strcmp(encoding, "UTF8") != 0)
        status = error_set(err, HONE_EIO, "store %s: the database has encoding %s, UTF8 is needed",
                           url, encoding);
    else if (!missing && version == 0)
        status = error_set(err, HONE_EIO,
                           "store %s: its schema \"hone\" is not a store of hone: name another "
                           "database",
                           url);
    else if (version > VERSION)
        status = error_set(err, HONE_EIO,
                           "store %s has schema %lld, this hone %s knows up to %d: use the newer "
                           "hone that wrote it",
                           url, (long long)version, HONE_VERSION, (int)VERSION);
    else if (missing && !create)
        status = error_set(err, HONE_ENOTFOUND, "no store in %s", url);
    else if (version < VERSION)
        status = migrate(s, version, err);
    pq.PQclear(rows);
    return status;
}

hone_status postgres_connect(struct postgres_store *s, bool create, hone_error *err)
{
    hone_status status = pq_load(err);
    if (status == HONE_OK)
        status = check_address(s, err);
    if (status == HONE_OK)
        status = connect_once(s, create, err);
    if (status == HONE_OK)
        status = check_server(s, create, err);
    if (status == HONE_OK && !pq.PQenterPipelineMode(s->conn))
        status = postgres_lost(s, err);
    if (status != HONE_OK)
        postgres_disconnect(s);
    return status;
}

hone_status postgres_ready(struct postgres_store *s, hone_error *err)
{
    int64_t until = time_monotonic_ms() + RECONNECT_MS;
    if (s->conn != NULL && pq.PQstatus(s->conn) == CONNECTION_OK)
        return HONE_OK;
    for (int64_t pause = FIRST_PAUSE_MS;; pause *= 2) {
        hone_status status = postgres_connect(s, false, err);
        /* A server that restarts may say many things until it is there. */
        if (status == HONE_OK || !s->away || time_monotonic_ms() + pause > until)
            return status;
        nanosleep(&(struct timespec){.tv_sec = pause / 1000, .tv_nsec = pause % 1000 * 1000000},
                  NULL);
    }
}

void postgres_disconnect(struct postgres_store *s)
{
    pq.PQfinish != NULL ? pq.PQfinish(s->conn) : (void)0;
    s->conn = NULL;
    s->n_queued = 0;
    s->heard_of = 0;
    s->forgotten = false;
    memset(s->prepared, 0, sizeof s->prepared);
}
