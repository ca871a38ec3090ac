/* sqlite_int.h: a connection to a SQLite file, and statements upon it. */
#ifndef HONE_STORE_SQLITE_INT_H
#define HONE_STORE_SQLITE_INT_H

#include <sqlite3.h>

#include "store/store_int.h"

/* A value that is bound to a statement's next "?". */
struct arg {
    enum { ARG_INT, ARG_TEXT, ARG_REAL } kind;
    int64_t i;
    double x;
    const char *text; /* NULL is NULL; must live until the statement is done */
};
#define INT(v)  ((struct arg){.kind = ARG_INT, .i = (int64_t)(v)})
#define TEXT(v) ((struct arg){.kind = ARG_TEXT, .text = (v)})
#define REAL(v) ((struct arg){.kind = ARG_REAL, .x = (v)})

enum { SQL_MAX = 48 };

struct sqlite_store {
    struct store base;
    char *path;
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_MAX]; /* prepared at first use, by number of their text */
    int64_t study;                     /* of the open transaction */
    uint64_t epoch;
    bool writing; /* between begin and commit or rollback */
    bool broken;  /* a write of this transaction failed: it can only be undone */
    int64_t commits;
    /* Numbers of the metric names of `names_of`, in their order; kept between transactions. */
    int64_t names_of;
    size_t n_names;
    char **names;
};

/* Opens, checks and migrates; on failure nothing is left open. */
hone_status sqlite_connect(struct sqlite_store *s, bool create, hone_error *err);
void sqlite_disconnect(struct sqlite_store *s);

/* Turns the connection's last failure `rc` into one line that names the file and what to do. */
hone_status sqlite_failed(struct sqlite_store *s, int rc, hone_error *err);

/*
 * Prepares (once) and binds statement number `id`. While it is in use, a second use of the same
 * number gets a statement of its own, so that a visitor may read on. Every statement goes back by
 * sqlite_done().
 */
hone_status sqlite_query(struct sqlite_store *s, int id, const char *sql, const struct arg *args,
                         size_t n, sqlite3_stmt **out, hone_error *err);
void sqlite_done(struct sqlite_store *s, int id, sqlite3_stmt *statement);

#endif
