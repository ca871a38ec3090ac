/*
 * sqlite_statement.c: running statements, and what their failures mean to a person.
 */
#include "store/sqlite_int.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static const char *const texts[] = {
#define SQL_TEXT(name, text) [SQL_##name] = (text),
    STATEMENTS(SQL_TEXT)
#undef SQL_TEXT
};

hone_status sqlite_failed_by_system(const struct sqlite_store *s, int reason, hone_error *err)
{
    if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG)
        return error_set(err, HONE_EIO,
                         "store %s: %s: nothing of this change was kept; free some space, then run "
                         "the same command again",
                         s->path, strerror(reason));
    if (reason == EROFS || reason == EACCES || reason == EPERM)
        return error_set(err, HONE_EIO,
                         "store %s can't be written: %s: check the rights of the file and of its "
                         "folder, or give another store by --store",
                         s->path, strerror(reason));
    errno = reason;
    return error_errno(err, HONE_EIO, "store %s", s->path);
}

hone_status sqlite_failed(struct sqlite_store *s, int rc, hone_error *err)
{
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return error_memory(err);
    case SQLITE_FULL:
        return sqlite_failed_by_system(s, ENOSPC, err);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return sqlite_failed_by_system(s, EACCES, err);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return error_set(
            err, HONE_EIO,
            "store %s is damaged (%s): put a copy in its place, or rescue what is left "
            "by: sqlite3 %s .recover",
            s->path, sqlite3_errstr(rc), s->path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(err, HONE_EIO,
                         "store %s is locked by another program: end that program, then try again",
                         s->path);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR: {
        int reason = s->db == NULL ? 0 : sqlite3_system_errno(s->db);
        if (reason != 0)
            return sqlite_failed_by_system(s, reason, err);
        return error_set(err, HONE_EIO, "store %s: %s", s->path, sqlite3_errstr(rc));
    }
    default:
        return error_set(err, HONE_EIO, "store %s: %s", s->path,
                         s->db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(s->db));
    }
}

static int bind(sqlite3_stmt *statement, int i, const struct arg *arg)
{
    switch (arg->kind) {
    case ARG_INT:
        return sqlite3_bind_int64(statement, i, arg->i);
    case ARG_REAL:
        return sqlite3_bind_double(statement, i, arg->x);
    case ARG_TEXT:
        break;
    }
    if (arg->text == NULL)
        return sqlite3_bind_null(statement, i);
    return sqlite3_bind_text(statement, i, arg->text, -1, SQLITE_STATIC);
}

hone_status sqlite_query(struct sqlite_store *s, enum sql id, const struct arg *args, size_t n,
                         sqlite3_stmt **out, hone_error *err)
{
    sqlite3_stmt *statement = s->statements[id];
    int rc = SQLITE_OK;
    if (statement == NULL || sqlite3_stmt_busy(statement)) {
        bool keep = statement == NULL;
        rc = sqlite3_prepare_v3(s->db, texts[id], -1, keep ? SQLITE_PREPARE_PERSISTENT : 0,
                                &statement, NULL);
        if (rc != SQLITE_OK)
            return sqlite_failed(s, rc, err);
        if (keep)
            s->statements[id] = statement;
    }
    for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
        rc = bind(statement, (int)i + 1, &args[i]);
    if (rc != SQLITE_OK) {
        sqlite_done(s, id, statement);
        return sqlite_failed(s, rc, err);
    }
    *out = statement;
    return HONE_OK;
}

void sqlite_done(struct sqlite_store *s, enum sql id, sqlite3_stmt *statement)
{
    /* Their result repeats that of the last step, which has been looked at. */
    if (statement == s->statements[id])
        (void)sqlite3_reset(statement);
    else
        (void)sqlite3_finalize(statement);
}

hone_status sqlite_run(struct sqlite_store *s, enum sql id, const struct arg *args, size_t n,
                       hone_error *err)
{
    sqlite3_stmt *statement;
    hone_status status = sqlite_query(s, id, args, n, &statement, err);
    if (status != HONE_OK)
        return status;
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        status = sqlite_failed(s, rc, err);
    sqlite_done(s, id, statement);
    return status;
}

bool sqlite_next(struct sqlite_store *s, sqlite3_stmt *statement, hone_status *status,
                 hone_error *err)
{
    if (*status != HONE_OK)
        return false;
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        *status = sqlite_failed(s, rc, err);
    return rc == SQLITE_ROW;
}

char *sqlite_text(sqlite3_stmt *statement, int column)
{
    return (char *)(uintptr_t)sqlite3_column_text(statement, column);
}

hone_status sqlite_unknown_word(struct sqlite_store *s, const char *what, const char *word,
                                hone_error *err)
{
    return error_set(err, HONE_EIO, "store %s is damaged: unknown %s \"%s\"", s->path, what,
                     word == NULL ? "" : word);
}

void sqlite_rollback(struct sqlite_store *s)
{
    /* SQLite may have undone it by itself (disk full, no memory). The statement was prepared when
     * the store was opened, so that this needs no memory. */
    if (!sqlite3_get_autocommit(s->db))
        (void)sqlite_run(s, SQL_ROLLBACK, NULL, 0, NULL);
    s->writing = s->broken = s->copying = false;
    s->metrics.study = 0; /* names that were added in it are gone */
}
