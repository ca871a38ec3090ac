/* sqlite_int.h: a connection to a SQLite file, and statements upon it. */
#ifndef HONE_STORE_SQLITE_INT_H
#define HONE_STORE_SQLITE_INT_H

#include <sqlite3.h>

#include "store/sqlite_sql.h"
#include "store/sql.h"
#include "store/store_int.h"

struct sqlite_store {
    struct store base;
    char *path;
    sqlite3 *db;
    sqlite3_stmt *statements[N_SQL]; /* prepared at first use */
    int64_t patience_ms;             /* how long a lock is waited for */
    int64_t study;                   /* of the open transaction */
    uint64_t epoch;
    bool writing;                   /* between begin and commit or rollback */
    bool copying;                   /* events keep their epoch */
    bool broken;                    /* a write of this transaction failed: it can only be undone */
    int64_t commits, tuner_commits; /* all of ours; those by commit() */
    struct metric_names metrics;    /* kept between transactions */
};

/* Opens, checks and migrates; on failure nothing is left open. */
hone_status sqlite_connect(struct sqlite_store *s, bool create, hone_error *err);
void sqlite_disconnect(struct sqlite_store *s);
void sqlite_set_patience(struct sqlite_store *s, int64_t ms);

static inline struct sqlite_store *sqlite_self(struct store *store)
{
    return (struct sqlite_store *)store; /* `base` is its first member */
}

/* ---- Statements ---- */

/* Turns the connection's failure `rc`, or the system's reason, into one line that names the file
 * and what to do. */
hone_status sqlite_failed(struct sqlite_store *s, int rc, hone_error *err);
hone_status sqlite_failed_by_system(const struct sqlite_store *s, int reason, hone_error *err);
/* A word in the file that this hone doesn't know. */
hone_status sqlite_unknown_word(struct sqlite_store *s, const char *what, const char *word,
                                hone_error *err);

/*
 * Prepares (once) and binds a statement. While it is in use, a second use gets a statement of its
 * own, so that a visitor may read on. Every statement goes back by sqlite_done().
 */
hone_status sqlite_query(struct sqlite_store *s, enum sql id, const struct arg *args, size_t n,
                         sqlite3_stmt **out, hone_error *err);
void sqlite_done(struct sqlite_store *s, enum sql id, sqlite3_stmt *statement);
/* All of that for a statement whose rows, if any, don't matter. */
hone_status sqlite_run(struct sqlite_store *s, enum sql id, const struct arg *args, size_t n,
                       hone_error *err);
/* The next row; false at the end and on failure, which *status then says. */
bool sqlite_next(struct sqlite_store *s, sqlite3_stmt *statement, hone_status *status,
                 hone_error *err);
/* Borrowed from SQLite until the next row. Not const, since the same field of a row that is found,
 * not visited, is a copy that the caller frees. */
char *sqlite_text(sqlite3_stmt *statement, int column);
/* Undoes what is open. */
void sqlite_rollback(struct sqlite_store *s);

#define RUN(s, id, err, ...)        sqlite_run(s, id, ARGS(__VA_ARGS__), err)
#define QUERY(s, id, out, err, ...) sqlite_query(s, id, ARGS(__VA_ARGS__), out, err)

/* ---- Reading, as in store.h ---- */

hone_status sqlite_study_find(struct store *store, const char *name, struct study_row *out,
                              hone_error *err);
hone_status sqlite_studies(struct store *store, study_visitor *visit, void *context,
                           hone_error *err);
hone_status sqlite_events(struct store *store, int64_t study, int64_t after_seq,
                          event_visitor *visit, void *context, hone_error *err);
hone_status sqlite_trials(struct store *store, int64_t study, int64_t number, trial_visitor *visit,
                          void *context, hone_error *err);
hone_status sqlite_attempts(struct store *store, int64_t study, int64_t trial,
                            attempt_visitor *visit, void *context, hone_error *err);
hone_status sqlite_metrics(struct store *store, int64_t study, name_visitor *visit, void *context,
                           hone_error *err);
hone_status sqlite_observations(struct store *store, int64_t study, int64_t trial,
                                const char *metric, observation_visitor *visit, void *context,
                                hone_error *err);
hone_status sqlite_counts(struct store *store, int64_t study, struct study_counts *out,
                          hone_error *err);
hone_status sqlite_version(struct store *store, int64_t *out, hone_error *err);
hone_status sqlite_next_request(struct store *store, int64_t study, struct request_row *out,
                                hone_error *err);
hone_status sqlite_request_find(struct store *store, int64_t id, struct request_row *out,
                                hone_error *err);

#endif
