/* postgres_int.h: a connection to a PostgreSQL server, and statements upon it. */
#ifndef HONE_STORE_POSTGRES_INT_H
#define HONE_STORE_POSTGRES_INT_H

#include "store/postgres_sql.h"
#include "store/pq.h"
#include "store/sql.h"
#include "store/store_int.h"

struct postgres_store {
    struct store base; /* its url has no password */
    char *address;     /* with everything */
    PGconn *conn;      /* NULL or broken: connected again at the next call */
    bool prepared[N_SQL];
    bool forgotten;   /* after a failure: which ones the server has is not known */
    size_t n_queued;  /* sent, not yet answered */
    int64_t heard_of; /* the study whose requests are listened for; 0 = none */
    bool away;        /* the last failure may pass: it was the server or the way to it */
    int64_t patience_ms;
    int64_t silence_ms; /* an answer that takes longer is not waited for; 0 = no limit */
    int64_t clock_ms;   /* server's clock minus ours */
    int64_t study;      /* of the open transaction */
    uint64_t epoch;
    bool writing;                /* between begin and commit or rollback */
    bool reading;                /* in a transaction that only reads */
    bool broken;                 /* a write of this transaction failed: it can only be undone */
    bool copying;                /* events keep their epoch */
    char xid[24];                /* of the open transaction */
    char unsettled[24];          /* of one whose commit was sent and not answered; or "" */
    struct metric_names metrics; /* kept between transactions */
};

static inline struct postgres_store *postgres_self(struct store *store)
{
    return (struct postgres_store *)store; /* `base` is its first member */
}

/* ---- The connection (postgres_connect.c) ---- */

/* Connects and makes or checks the schema. HONE_ENOTFOUND: no store, and not `create`. */
hone_status postgres_connect(struct postgres_store *s, bool create, hone_error *err);
void postgres_disconnect(struct postgres_store *s);
/* Connects again where the connection has gone, with some patience. */
hone_status postgres_ready(struct postgres_store *s, hone_error *err);
/* The connection failed: HONE_EIO, and `away`. */
hone_status postgres_lost(struct postgres_store *s, hone_error *err);
/* A statement's failure in one line. */
hone_status postgres_failed(struct postgres_store *s, const PGresult *result, hone_error *err);
/* An address without its password; mem_free. */
char *postgres_shown_address(const char *address);

/* ---- Statements (postgres_statement.c) ---- */

/* Queues a statement: it goes out with the next one that is waited for. */
hone_status postgres_queue(struct postgres_store *s, enum sql id, const struct arg *args, size_t n,
                           hone_error *err);
/* Waits for all that was queued: the first failure, or the rows of the last statement, for
 * PQclear(); rows_out may be NULL. */
hone_status postgres_collect(struct postgres_store *s, PGresult **rows_out, hone_error *err);
/* Waits for the next result; false: the connection broke or the server has been silent for
 * `silence_ms`. TCP finds out by itself when a machine has gone, not when something on the way
 * acknowledges what it no longer passes on, or when the server's processes are frozen. */
bool postgres_answer_comes(struct postgres_store *s);
/* Both, for a read: on a broken connection it is tried again on a new one. */
hone_status postgres_query(struct postgres_store *s, enum sql id, const struct arg *args, size_t n,
                           PGresult **rows_out, hone_error *err);
/* A transaction of reads, which all see the same state; postgres_rollback() ends it. */
hone_status postgres_read_begin(struct postgres_store *s, hone_error *err);
/* A field; texts are borrowed from the result, with the bytes that they had; to be read once. */
char *postgres_text(const PGresult *rows, int row, int column);
int64_t postgres_int(const PGresult *rows, int row, int column);
double postgres_real(const PGresult *rows, int row, int column); /* NULL is NaN */
hone_status postgres_unknown_word(struct postgres_store *s, const char *what, const char *word,
                                  hone_error *err);
/* Undoes what is open. */
void postgres_rollback(struct postgres_store *s);

#define QUEUE(s, id, err, ...)      postgres_queue(s, id, ARGS(__VA_ARGS__), err)
#define QUERY(s, id, out, err, ...) postgres_query(s, id, ARGS(__VA_ARGS__), out, err)

/* ---- Texts (postgres_text.c) ---- */

/* A text in which every byte is well-formed UTF-8: the same pointer, or a copy for mem_free(). */
const char *text_to_utf8(const char *text);
/* The bytes that were, in place. */
void text_from_utf8(char *text);

/* ---- Reading, as in store.h (postgres_read.c) ---- */

hone_status postgres_study_find(struct store *store, const char *name, struct study_row *out,
                                hone_error *err);
hone_status postgres_studies(struct store *store, study_visitor *visit, void *context,
                             hone_error *err);
hone_status postgres_events(struct store *store, int64_t study, int64_t after_seq,
                            event_visitor *visit, void *context, hone_error *err);
hone_status postgres_trials(struct store *store, int64_t study, int64_t number,
                            trial_visitor *visit, void *context, hone_error *err);
hone_status postgres_attempts(struct store *store, int64_t study, int64_t trial,
                              attempt_visitor *visit, void *context, hone_error *err);
hone_status postgres_metrics(struct store *store, int64_t study, name_visitor *visit, void *context,
                             hone_error *err);
hone_status postgres_observations(struct store *store, int64_t study, int64_t trial,
                                  const char *metric, observation_visitor *visit, void *context,
                                  hone_error *err);
hone_status postgres_counts(struct store *store, int64_t study, struct study_counts *out,
                            hone_error *err);
hone_status postgres_version(struct store *store, int64_t *out, hone_error *err);
hone_status postgres_next_request(struct store *store, int64_t study, struct request_row *out,
                                  hone_error *err);
hone_status postgres_request_find(struct store *store, int64_t id, struct request_row *out,
                                  hone_error *err);

/* ---- Being woken, as in store.h (postgres_listen.c) ---- */

bool postgres_heard(struct store *store, int64_t study);
int postgres_ear(const struct store *store);

#endif
