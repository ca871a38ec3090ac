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
#include "base/error.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/process.h"
#include "store/schema.h"

#define APPLICATION_ID 0x686f6e65 /* "hone" */
#define PATIENCE_MS    10000
#define PAUSE_MS       3 /* between two tries for a lock */

static const char *const version_1[] = {SCHEMA_1};

/* What brings version i to i + 1. */
static const struct {
    const char *const *lines;
    size_t n;
} versions[] = {{version_1, sizeof version_1 / sizeof version_1[0]}};

enum { VERSION = sizeof versions / sizeof versions[0] };

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
    /* Of one moment: another process may be making the schema. */
    hone_status status = execute(s, "SAVEPOINT version", err);
    if (status != HONE_OK)
        return status;
    status = ask(s, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (status == HONE_OK)
        status = ask(s, "PRAGMA user_version", out, err);
    if (status == HONE_OK)
        status = ask(s, "PRAGMA application_id", &application, err);
    hone_status released = execute(s, "RELEASE version", status == HONE_OK ? err : NULL);
    if (status == HONE_OK)
        status = released;
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
        return sqlite_failed_by_system(s, errno, err);
    if (fd >= 0)
        close(fd);
    return HONE_OK;
}

/* A store that ends with its handle: no file, no other process. */
static bool is_in_memory(const struct sqlite_store *s)
{
    return strcmp(s->path, ":memory:") == 0;
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
        return sqlite_failed_by_system(s, errno, err);
    if (create)
        return make_file(s, err);
    if (store_is_local(s->path))
        return error_set(err, HONE_ENOTFOUND,
                         "no store at %s on %s: this folder is on a network file system, so its "
                         "studies are on the host that ran them",
                         s->path, process_host());
    return error_set(err, HONE_ENOTFOUND, "no store at %s", s->path);
}

/* Whether the store lies still in a place where nobody may write: a snapshot, an archive, a medium
 * that is mounted read-only. Reading WAL takes files beside it unless SQLite is told so. */
static bool is_archive(const struct sqlite_store *s)
{
    struct buf name;
    struct stat st;
    buf_init(&name, strlen(s->path) + 8);
    buf_printf(&name, "%s-wal", s->path);
    bool log_waits = !name.failed && stat(name.data, &st) == 0 && st.st_size > 0;
    buf_clear(&name);
    buf_text(&name, s->path);
    char *slash = strrchr(name.data, '/');
    if (slash != NULL)
        slash[slash == name.data] = '\0';
    bool writable = name.failed || access(slash == NULL ? "." : name.data, W_OK) == 0;
    buf_release(&name);
    return !log_waits && !writable && access(s->path, R_OK) == 0;
}

static hone_status open_file(struct sqlite_store *s, hone_error *err)
{
    struct buf uri;
    int flags = SQLITE_OPEN_READWRITE;
    buf_init(&uri, 3 * strlen(s->path) + 32);
    if (!is_in_memory(s) && is_archive(s)) {
        flags = SQLITE_OPEN_READONLY;
        buf_text(&uri, "file:");
        for (const char *p = s->path; *p != '\0'; p++) {
            if (strchr("%?#", *p) != NULL)
                buf_printf(&uri, "%%%02x", (unsigned)*p);
            else
                buf_char(&uri, *p);
        }
        buf_text(&uri, "?immutable=1");
        flags |= SQLITE_OPEN_URI;
    } else {
        buf_text(&uri, s->path);
    }
    hone_status status = uri.failed ? error_memory(err) : HONE_OK;
    if (status == HONE_OK) {
        int rc = sqlite3_open_v2(uri.data, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
        if (rc != SQLITE_OK)
            status = sqlite_failed(s, rc, err);
    }
    buf_release(&uri);
    return status;
}

static int wait_for_lock(void *context, int tries)
{
    const struct sqlite_store *s = context;
    if ((int64_t)tries * PAUSE_MS >= s->patience_ms)
        return 0;
    (void)sqlite3_sleep(PAUSE_MS);
    return 1;
}

/* SQLite's own timeout looks every 100 ms after a while: beside others that write one transaction
 * after the other, a waiting tuner would hardly ever find the lock free. */
void sqlite_set_patience(struct sqlite_store *s, int64_t ms)
{
    s->patience_ms = ms;
    sqlite3_busy_handler(s->db, wait_for_lock, s);
}

/* The switch to WAL takes the file alone. Of several that open a new store at the same moment,
 * SQLite sends all but one away at once, whatever the busy timeout says. */
static hone_status use_wal(struct sqlite_store *s, hone_error *err)
{
    int rc = SQLITE_BUSY;
    for (int waited_ms = 0; (rc & 0xff) == SQLITE_BUSY && waited_ms < PATIENCE_MS;
         waited_ms += PAUSE_MS) {
        if (waited_ms > 0)
            (void)sqlite3_sleep(PAUSE_MS);
        rc = sqlite3_exec(s->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    }
    return rc == SQLITE_OK ? HONE_OK : sqlite_failed(s, rc, err);
}

hone_status sqlite_connect(struct sqlite_store *s, bool create, hone_error *err)
{
    sqlite3_stmt *statement = NULL;
    int64_t version;
    hone_status status = is_in_memory(s) ? HONE_OK : check_place(s, create, err);
    if (status == HONE_OK)
        status = open_file(s, err);
    if (status != HONE_OK)
        goto out;
    sqlite3_extended_result_codes(s->db, 1);
    sqlite_set_patience(s, PATIENCE_MS);

    status = version_read(s, &version, err); /* before anything is changed in a foreign file */
    if (status != HONE_OK)
        goto out;
    if (!is_in_memory(s))
        status = use_wal(s, err);
    if (status == HONE_OK)
        status = execute(s,
                         "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
                         "PRAGMA journal_size_limit = 16777216; PRAGMA trusted_schema = OFF",
                         err);
    if (status == HONE_OK)
        status = migrate(s, err);
    /* The way back must not need memory. */
    if (status == HONE_OK)
        status = sqlite_query(s, SQL_ROLLBACK, NULL, 0, &statement, err);
out:
    if (status != HONE_OK)
        sqlite_disconnect(s);
    return status;
}

void sqlite_disconnect(struct sqlite_store *s)
{
    for (size_t i = 0; i < N_SQL; i++) {
        (void)sqlite3_finalize(s->statements[i]);
        s->statements[i] = NULL;
    }
    (void)sqlite3_close(s->db); /* an unfinished transaction is undone */
    s->db = NULL;
}
