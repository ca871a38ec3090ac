/*
 * sqlite_open.c: a SQLite file: opening it, its schema's versions, and what its failures mean.
 *
 * WAL with synchronous FULL: a commit is one append and one fsync, lasts through a power cut, and
 * readers neither wait nor make anybody wait. `application_id` says that a file is ours,
 * `user_version` which schema it has; older ones are brought up to date in one transaction, newer
 * ones are left alone.
 */
#include "store/sqlite_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/process.h"
#include "store/schema.h"

#define APPLICATION_ID 0x686f6e65 /* "hone" */
#define PATIENCE_MS    10000

static const char *const version_1[] = {SCHEMA_1};

/* What brings version i to i + 1. */
static const struct {
    const char *const *lines;
    size_t n;
} versions[] = {{version_1, sizeof version_1 / sizeof version_1[0]}};

enum { VERSION = sizeof versions / sizeof versions[0] };

/* ---- Failures ---- */

static hone_status failed_by_system(const struct sqlite_store *s, int reason, hone_error *err)
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
        return failed_by_system(s, ENOSPC, err);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return failed_by_system(s, EACCES, err);
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
            return failed_by_system(s, reason, err);
        return error_set(err, HONE_EIO, "store %s: %s", s->path, sqlite3_errstr(rc));
    }
    default:
        return error_set(err, HONE_EIO, "store %s: %s", s->path,
                         s->db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(s->db));
    }
}

/* ---- Statements ---- */

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

hone_status sqlite_query(struct sqlite_store *s, int id, const char *sql, const struct arg *args,
                         size_t n, sqlite3_stmt **out, hone_error *err)
{
    sqlite3_stmt *statement = s->statements[id];
    int rc = SQLITE_OK;
    if (statement == NULL || sqlite3_stmt_busy(statement)) {
        bool keep = statement == NULL;
        rc = sqlite3_prepare_v3(s->db, sql, -1, keep ? SQLITE_PREPARE_PERSISTENT : 0, &statement,
                                NULL);
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

void sqlite_done(struct sqlite_store *s, int id, sqlite3_stmt *statement)
{
    /* Their result repeats that of the last step, which has been looked at. */
    if (statement == s->statements[id])
        (void)sqlite3_reset(statement);
    else
        (void)sqlite3_finalize(statement);
}

/* ---- Opening ---- */

static hone_status execute(struct sqlite_store *s, const char *sql, hone_error *err)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? HONE_OK : sqlite_failed(s, rc, err);
}

/* The one number that a query answers. */
static hone_status ask(struct sqlite_store *s, const char *sql, int64_t *out, hone_error *err)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW) {
            *out = sqlite3_column_int64(statement, 0);
            rc = SQLITE_OK;
        }
    }
    hone_status status = rc == SQLITE_OK ? HONE_OK : sqlite_failed(s, rc, err);
    (void)sqlite3_finalize(statement);
    return status;
}

/* The schema's version of the file; 0 when it is empty. */
static hone_status version_read(struct sqlite_store *s, int64_t *out, hone_error *err)
{
    int64_t application = 0, tables = 0;
    hone_status status = ask(s, "PRAGMA user_version", out, err);
    if (status == HONE_OK)
        status = ask(s, "PRAGMA application_id", &application, err);
    if (status == HONE_OK)
        status = ask(s, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (status != HONE_OK)
        return status;
    if (application != APPLICATION_ID && (application != 0 || tables != 0))
        return error_set(err, HONE_EIO,
                         "%s is another program's database, not a store of hone: give another path "
                         "by --store",
                         s->path);
    if (*out > VERSION)
        return error_set(err, HONE_EIO,
                         "store %s has schema %lld, this hone %s knows up to %d: use the newer "
                         "hone that wrote it",
                         s->path, (long long)*out, HONE_VERSION, (int)VERSION);
    return HONE_OK;
}

static hone_status migrate(struct sqlite_store *s, hone_error *err)
{
    int64_t version = 0;
    struct buf sql;
    hone_status status = version_read(s, &version, err);
    if (status != HONE_OK || version == VERSION)
        return status;
    buf_init(&sql, (size_t)1 << 20);
    status = execute(s, "BEGIN IMMEDIATE", err);
    if (status != HONE_OK)
        goto out;
    /* Another process may have been faster. */
    status = version_read(s, &version, err);
    for (; status == HONE_OK && version < VERSION; version++)
        for (size_t i = 0; i < versions[version].n; i++)
            buf_text(&sql, versions[version].lines[i]);
    buf_printf(&sql, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;",
               APPLICATION_ID, (int)VERSION);
    if (status == HONE_OK)
        status = sql.failed ? error_memory(err) : execute(s, sql.data, err);
    if (status != HONE_OK)
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
out:
    buf_release(&sql);
    return status;
}

/* Makes the empty file, so that its mode is ours (SQLite gives it to -wal and -shm too). */
static hone_status make_file(struct sqlite_store *s, hone_error *err)
{
    hone_status status = HONE_OK;
    const char *slash = strrchr(s->path, '/');
    if (slash != NULL && slash != s->path) {
        char *folder = mem_text_n(s->path, (size_t)(slash - s->path));
        status = folder == NULL ? error_memory(err) : file_make_folder(folder, err);
        mem_free(folder);
    }
    if (status != HONE_OK)
        return status;
    int fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
        return failed_by_system(s, errno, err);
    if (fd >= 0)
        close(fd);
    return HONE_OK;
}

static hone_status check_place(struct sqlite_store *s, bool create, hone_error *err)
{
    struct stat st;
    const char *network = file_network(s->path);
    if (network != NULL) {
        char *local = store_local_path(s->path);
        error_set(err, HONE_EIO,
                  "store %s is on %s, which cannot keep a database safe: give one on a disk of %s, "
                  "as in --store sqlite:%s",
                  s->path, network, process_host(), local == NULL ? "PATH" : local);
        mem_free(local);
        return HONE_EIO;
    }
    if (stat(s->path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return error_set(err, HONE_EIO, "store %s is a folder: name a file in it", s->path);
        return HONE_OK;
    }
    if (errno != ENOENT && errno != ENOTDIR)
        return failed_by_system(s, errno, err);
    if (!create)
        return error_set(err, HONE_ENOTFOUND, "no store at %s", s->path);
    return make_file(s, err);
}

hone_status sqlite_connect(struct sqlite_store *s, bool create, hone_error *err)
{
    hone_status status = check_place(s, create, err);
    if (status != HONE_OK)
        return status;
    int rc = sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        status = sqlite_failed(s, rc, err);
        goto out;
    }
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, PATIENCE_MS);

    int64_t version;
    status = version_read(s, &version, err); /* before anything is changed in a foreign file */
    if (status != HONE_OK)
        goto out;
    status = execute(s,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = "
                     "ON; PRAGMA journal_size_limit = 16777216; PRAGMA trusted_schema = OFF",
                     err);
    if (status == HONE_OK)
        status = migrate(s, err);
out:
    if (status != HONE_OK)
        sqlite_disconnect(s);
    return status;
}

void sqlite_disconnect(struct sqlite_store *s)
{
    for (size_t i = 0; i < SQL_MAX; i++) {
        (void)sqlite3_finalize(s->statements[i]);
        s->statements[i] = NULL;
    }
    (void)sqlite3_close(s->db); /* an unfinished transaction is undone */
    s->db = NULL;
}
