/*
 * fault_store.c: the store when memory, disk, rights or the file itself fail.
 *
 * Each fault is one clear line that names the file, and afterwards the file holds whole
 * transactions only: allocation n, write n and sync n fail in turn, in one and the same scenario,
 * for every n until none is hit any more.
 */
#include "near.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/store.h"

static hone_error err;
static char folder[64], path[96];

#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) != HONE_OK)                                                                     \
            fail_msg("%s: %s", #call, err.text);                                                   \
    } while (0)
#define SAYS(part)                                                                                 \
    do {                                                                                           \
        if (strstr(err.text, (part)) == NULL)                                                      \
            fail_msg("\"%s\" is not in: %s", (part), err.text);                                    \
    } while (0)

static int set_up(void **state)
{
    (void)state;
    /* Memory where there is some: some hundred stores are made and synced here. */
    snprintf(folder, sizeof folder, "%s/hone-fault-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/hone.db", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    OK(file_remove_tree(folder, &err));
    return 0;
}

/* ---- The scenario ---- */

static char name[] = "seg", uid[] = "u", spec[] = "{\"study\":\"seg\"}", origin[] = "search",
            params[] = "{\"lr\":0.1}", tail[9000];
static const struct owner me = {.host = "here", .pid = 1, .boot_id = "b"};

static struct store *must_open(bool create)
{
    struct store *store = store_open(path, create, &err);
    if (store == NULL)
        fail_msg("open: %s", err.text);
    return store;
}

/* A trial with an attempt, 40 observations, its event: one transaction. */
static hone_status write_trial(struct store *store, const struct study_row *study, int64_t number)
{
    struct trial_row row = {.number = number, .origin = origin, .params = params, .log_tail = tail};
    struct attempt_row attempt = {.trial = number, .number = 1};
    struct study_row changed = *study;
    struct observation o[40];
    struct event event = {.kind = EVENT_ASK, .trial = number, .body = params};
    changed.owner = me;
    changed.active_ms = number + 1;
    for (int i = 0; i < 40; i++)
        o[i] = (struct observation){
            .trial = number, .attempt = 1, .metric = i % 2 ? "a" : "b", .seq = i, .value = i};
    hone_status status = store_begin(store, study->id, 1, &err);
    if (status == HONE_OK)
        status = store_put_trial(store, &row, &err);
    if (status == HONE_OK)
        status = store_put_attempt(store, &attempt, &err);
    if (status == HONE_OK)
        status = store_put_observations(store, o, 40, &err);
    if (status == HONE_OK)
        status = store_put_event(store, &event, &err);
    if (status == HONE_OK)
        status = store_put_study(store, &changed, &err);
    if (status == HONE_OK)
        status = store_commit(store, &err);
    if (status != HONE_OK)
        store_rollback(store);
    return status;
}

static hone_status count_row(int64_t *n)
{
    ++*n;
    return HONE_OK;
}

static hone_status count_trial(void *context, const struct trial_row *row, hone_error *e)
{
    (void)row, (void)e;
    return count_row(context);
}

static hone_status count_attempt(void *context, const struct attempt_row *row, hone_error *e)
{
    (void)row, (void)e;
    return count_row(context);
}

static hone_status count_observation(void *context, const struct observation *row, hone_error *e)
{
    (void)row, (void)e;
    return count_row(context);
}

static hone_status count_event(void *context, const struct event *event, hone_error *e)
{
    (void)event, (void)e;
    return count_row(context);
}

struct content {
    int64_t trials, attempts, observations, events, active;
};

static hone_status read_all(struct store *store, struct content *out)
{
    struct study_counts counts;
    struct study_row row;
    int64_t version;
    *out = (struct content){0};
    hone_status status = store_study_find(store, "seg", &row, &err);
    if (status != HONE_OK)
        return status;
    int64_t id = row.id;
    out->active = row.active_ms;
    study_row_release(&row);
    status = store_trials(store, id, -1, count_trial, &out->trials, &err);
    if (status == HONE_OK)
        status = store_attempts(store, id, -1, count_attempt, &out->attempts, &err);
    if (status == HONE_OK)
        status =
            store_observations(store, id, -1, NULL, count_observation, &out->observations, &err);
    if (status == HONE_OK)
        status = store_events(store, id, 0, count_event, &out->events, &err);
    if (status == HONE_OK)
        status = store_counts(store, id, &counts, &err);
    if (status == HONE_OK)
        status = store_version(store, &version, &err);
    return status;
}

/* What `n` whole trials look like, and nothing else. */
static void check_content(struct store *store, int64_t n)
{
    struct content c;
    OK(read_all(store, &c));
    assert_int_equal(c.trials, n);
    assert_int_equal(c.attempts, n);
    assert_int_equal(c.observations, 40 * n);
    assert_int_equal(c.events, n + 1);
    assert_int_equal(c.active, n);
}

/* A closed store with the study and one trial. */
static struct study_row make_store(void)
{
    struct study_row row = {.name = name, .uid = uid, .spec = spec};
    uint64_t epoch;
    struct store *store = must_open(true);
    memset(tail, 'x', sizeof tail - 1);
    OK(store_study_create(store, &row, &err));
    OK(store_lease_take(store, row.id, 0, &me, 0, 1000, &epoch, &err));
    OK(write_trial(store, &row, 0));
    store_close(store);
    return row;
}

static void remove_store(void)
{
    char side[112];
    (void)unlink(path);
    snprintf(side, sizeof side, "%s-wal", path);
    (void)unlink(side);
    snprintf(side, sizeof side, "%s-shm", path);
    (void)unlink(side);
}

/* ---- Memory ---- */

static sqlite3_mem_methods real;
static long until_failure; /* allocations by SQLite until one fails; <= 0: none does */
static bool one_failed;

static bool fails_now(void)
{
    if (until_failure <= 0 || --until_failure > 0)
        return false;
    one_failed = true;
    return true;
}

static void *failing_malloc(int n)
{
    return fails_now() ? NULL : real.xMalloc(n);
}

static void *failing_realloc(void *p, int n)
{
    return fails_now() ? NULL : real.xRealloc(p, n);
}

/* Before SQLite is first used. */
static int install_memory(void **state)
{
    (void)state;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK)
        return 1;
    sqlite3_mem_methods failing = real;
    failing.xMalloc = failing_malloc;
    failing.xRealloc = failing_realloc;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) != SQLITE_OK ||
           sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK;
}

/*
 * Opens, writes trial 1, reads, closes, with allocation n failing (SQLite's or ours). Afterwards
 * there are one or two whole trials, and the same handle, if it was opened, can go on.
 */
static void with_failing_allocation(const struct study_row *study, long n, bool ours)
{
    struct content c;
    hone_status status = HONE_ENOMEM;
    if (ours)
        mem_fail_at((size_t)n, 0);
    else
        until_failure = n;
    one_failed = false;
    struct store *store = store_open(path, false, &err);
    if (store != NULL)
        status = write_trial(store, study, 1);
    if (status == HONE_OK)
        status = read_all(store, &c);
    until_failure = 0;
    mem_fail_at(0, 0);
    if (status != HONE_OK && err.status != HONE_ENOMEM)
        fail_msg("allocation %ld: %d %s", n, (int)err.status, err.text);
    if (store == NULL) {
        store = must_open(false);
        check_content(store, 1);
    } else {
        OK(read_all(store, &c));
        assert_in_range(c.trials, 1, 2);
        check_content(store, c.trials);
        if (c.trials == 1) {
            OK(write_trial(store, study, 1));
            check_content(store, 2);
        }
    }
    store_close(store);
}

static void copy_file(const char *from, const char *to)
{
    struct buf b;
    buf_init(&b, (size_t)64 << 20);
    OK(file_read(from, &b, &err));
    OK(file_write(to, b.data, b.len, false, &err));
    buf_release(&b);
}

static void any_allocation_of_sqlite_may_fail(void **state)
{
    (void)state;
    char copy[112];
    struct study_row study = make_store();
    snprintf(copy, sizeof copy, "%s.copy", path);
    copy_file(path, copy);
    long n = 1;
    /* All of the first ones, then a sample whose step has no pattern in common with the code. */
    for (one_failed = true; one_failed; n += n < 150 ? 1 : 13) {
        remove_store();
        copy_file(copy, path);
        with_failing_allocation(&study, n, false);
    }
    assert_true(n > 400); /* the scenario is one that allocates */
}

static void any_allocation_of_ours_may_fail(void **state)
{
    (void)state;
    char copy[112];
    struct study_row study = make_store();
    snprintf(copy, sizeof copy, "%s.copy", path);
    copy_file(path, copy);
    for (long n = 1; n <= 40; n++) {
        remove_store();
        copy_file(copy, path);
        with_failing_allocation(&study, n, true);
    }
}

static void creating_survives_failing_allocations(void **state)
{
    (void)state;
    for (long n = 1; n < 600; n += n < 60 ? 1 : 7) {
        struct study_row row = {.name = name, .uid = uid, .spec = spec}, found;
        remove_store();
        until_failure = n;
        struct store *store = store_open(path, true, &err);
        hone_status status = store == NULL ? err.status : store_study_create(store, &row, &err);
        until_failure = 0;
        if (status != HONE_OK)
            assert_int_equal(err.status, HONE_ENOMEM);
        if (store == NULL)
            store = must_open(true);
        if (status != HONE_OK)
            OK(store_study_create(store, &row, &err));
        OK(store_study_find(store, "seg", &found, &err));
        study_row_release(&found);
        store_close(store);
    }
}

/* ---- Disk ---- */

static long until_full; /* writes until the disk is full; 0: never */
static bool stays_full, was_full;
static long until_bad_sync;
static bool sync_failed;

static bool full_now(void)
{
    if (until_full == 0 || (until_full > 1 && until_full--))
        return false;
    was_full = true;
    if (!stays_full)
        until_full = 0;
    errno = ENOSPC;
    return true;
}

typedef ssize_t pwrite_call(int fd, const void *data, size_t n, off_t at);
typedef ssize_t write_call(int fd, const void *data, size_t n);
static pwrite_call *real_pwrite;
static write_call *real_write;

static ssize_t failing_pwrite(int fd, const void *data, size_t n, off_t at)
{
    return full_now() ? -1 : real_pwrite(fd, data, n, at);
}

static ssize_t failing_write(int fd, const void *data, size_t n)
{
    return full_now() ? -1 : real_write(fd, data, n);
}

/* SQLite lets its system calls be replaced by name; which of them it uses is its own choice. */
static void install_disk(void)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    static const char *const names[] = {"pwrite64", "pwrite"};
    for (int i = 0; i < 2; i++) {
        sqlite3_syscall_ptr call = vfs->xGetSystemCall(vfs, names[i]);
        if (call == NULL || call == (sqlite3_syscall_ptr)failing_pwrite)
            continue;
        real_pwrite = (pwrite_call *)call;
        assert_int_equal(vfs->xSetSystemCall(vfs, names[i], (sqlite3_syscall_ptr)failing_pwrite),
                         SQLITE_OK);
    }
    sqlite3_syscall_ptr call = vfs->xGetSystemCall(vfs, "write");
    if (call != NULL && call != (sqlite3_syscall_ptr)failing_write) {
        real_write = (write_call *)call;
        assert_int_equal(vfs->xSetSystemCall(vfs, "write", (sqlite3_syscall_ptr)failing_write),
                         SQLITE_OK);
    }
}

/* These stand before the C library's for SQLite too. */
__attribute__((visibility("default"))) int fsync(int fd);
__attribute__((visibility("default"))) int fdatasync(int fd);

static bool bad_sync_now(void)
{
    if (until_bad_sync == 0 || --until_bad_sync > 0)
        return false;
    sync_failed = true;
    errno = EIO;
    return true;
}

int fsync(int fd)
{
    return bad_sync_now() ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return bad_sync_now() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

static void with_full_disk(const struct study_row *study, long n, bool sticky)
{
    struct content c = {0};
    hone_status status;
    was_full = false;
    struct store *store = must_open(false);
    stays_full = sticky;
    until_full = n;
    status = write_trial(store, study, 1);
    if (was_full)
        assert_int_equal(status, HONE_EIO);
    if (status != HONE_OK) {
        SAYS("hone.db");
        SAYS("No space left");
        OK(read_all(store, &c)); /* a full disk can be read */
        assert_int_equal(c.trials, 1);
        if (sticky)
            assert_int_equal(write_trial(store, study, 1), HONE_EIO);
    }
    until_full = 0;
    if (status != HONE_OK)
        OK(write_trial(store, study, 1)); /* the same handle, once there is room again */
    check_content(store, 2);
    store_close(store);
    store = must_open(false);
    check_content(store, 2);
    store_close(store);
}

static void any_write_may_find_the_disk_full(void **state)
{
    (void)state;
    char copy[112];
    struct study_row study = make_store();
    install_disk();
    snprintf(copy, sizeof copy, "%s.copy", path);
    copy_file(path, copy);
    for (int sticky = 0; sticky < 2; sticky++) {
        long n = 1;
        for (was_full = true; was_full; n++) {
            remove_store();
            copy_file(copy, path);
            with_full_disk(&study, n, sticky);
        }
        assert_true(n > 5); /* the scenario is one that writes */
    }
}

static void a_store_on_a_full_disk_is_opened_for_reading(void **state)
{
    (void)state;
    (void)make_store();
    install_disk();
    until_full = 1;
    stays_full = true;
    struct store *store = store_open(path, false, &err);
    struct content c = {0};
    hone_status status = store == NULL ? err.status : read_all(store, &c);
    until_full = 0;
    if (status != HONE_OK) { /* or it says what is the matter */
        assert_int_equal(status, HONE_EIO);
        SAYS("No space left");
    } else {
        assert_int_equal(c.trials, 1);
    }
    store_close(store);
}

static void creating_on_a_full_disk_says_so(void **state)
{
    (void)state;
    install_disk();
    until_full = 1;
    stays_full = true;
    struct store *store = store_open(path, true, &err);
    until_full = 0;
    assert_null(store);
    assert_int_equal(err.status, HONE_EIO);
    SAYS("hone.db");
    SAYS("No space left");
    store_close(must_open(true)); /* and what it left behind is no obstacle */
}

static void a_sync_that_fails_is_told_and_leaves_whole_transactions(void **state)
{
    (void)state;
    char copy[112];
    struct study_row study = make_store();
    snprintf(copy, sizeof copy, "%s.copy", path);
    copy_file(path, copy);
    long n = 1;
    int told = 0;
    for (sync_failed = true; sync_failed; n++) {
        struct content c;
        remove_store();
        copy_file(copy, path);
        struct store *store = must_open(false);
        sync_failed = false;
        until_bad_sync = n;
        hone_status status = write_trial(store, &study, 1);
        /* SQLite overlooks that of the folder; whatever fails otherwise is told. */
        if (status != HONE_OK) {
            SAYS("hone.db");
            assert_true(sync_failed);
            told++;
        }
        until_bad_sync = 0;
        OK(read_all(store, &c));
        assert_int_equal(c.trials, status == HONE_OK ? 2 : 1);
        store_close(store);
        store = must_open(false); /* now its end is known: whole, or not there */
        OK(read_all(store, &c));
        check_content(store, c.trials);
        store_close(store);
    }
    assert_true(told > 0);
}

/* ---- Rights ---- */

/* Runs `test` as somebody for whom rights count. */
static void without_privileges(void (*test)(void))
{
    if (geteuid() != 0) {
        test();
        return;
    }
    pid_t child = fork();
    if (child == 0) {
        if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
            _exit(9);
        test();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* In a child of its own: the harness can't be used, so the exit status is the line that failed. */
#define NEED(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "# %s:%d: %s: %s\n", __FILE__, __LINE__, #condition, err.text);        \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

static struct study_row the_study;

static void read_but_not_write(void)
{
    struct content c;
    struct store *store = store_open(path, false, &err);
    NEED(store != NULL);
    NEED(read_all(store, &c) == HONE_OK && c.trials == 1);
    NEED(write_trial(store, &the_study, 1) == HONE_EIO);
    NEED(strstr(err.text, "hone.db can't be written") != NULL);
    NEED(read_all(store, &c) == HONE_OK && c.trials == 1);
    store_close(store);
}

static void a_read_only_file_can_be_read(void **state)
{
    (void)state;
    the_study = make_store();
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    without_privileges(read_but_not_write);
    assert_int_equal(chmod(folder, 0555), 0);
    without_privileges(read_but_not_write);
    assert_int_equal(chmod(folder, 0700), 0);
}

static void a_read_only_folder_can_be_read(void **state)
{
    (void)state;
    the_study = make_store();
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    without_privileges(read_but_not_write);
    assert_int_equal(chmod(folder, 0700), 0);
}

static void cannot_create(void)
{
    NEED(store_open(path, true, &err) == NULL);
    NEED(err.status == HONE_EIO && strstr(err.text, folder) != NULL);
    NEED(strstr(err.text, "Permission denied") != NULL);
}

static void cannot_read(void)
{
    NEED(store_open(path, false, &err) == NULL);
    NEED(err.status == HONE_EIO && strstr(err.text, "hone.db") != NULL);
}

static void a_store_that_cannot_be_made_says_why(void **state)
{
    (void)state;
    assert_int_equal(chmod(folder, 0555), 0);
    without_privileges(cannot_create);
    char *kept = mem_text(path);
    snprintf(path, sizeof path, "%s/a/b/hone.db", folder);
    without_privileges(cannot_create);
    snprintf(path, sizeof path, "%s", kept);
    mem_free(kept);
    assert_int_equal(chmod(folder, 0700), 0);
}

static void a_store_that_cannot_be_read_says_why(void **state)
{
    (void)state;
    (void)make_store();
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chmod(path, 0000), 0);
    without_privileges(cannot_read);
    assert_int_equal(chmod(folder, 0000), 0);
    without_privileges(cannot_read);
    assert_int_equal(chmod(folder, 0700), 0);
}

static void files_are_for_their_owner_only(void **state)
{
    (void)state;
    char side[112];
    struct stat st;
    snprintf(path, sizeof path, "%s/.hone/hone.db", folder);
    mode_t mask = umask(0);
    struct store *store = must_open(true);
    umask(mask);
    struct study_row row = {.name = name, .uid = uid, .spec = spec};
    OK(store_study_create(store, &row, &err));
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        snprintf(side, sizeof side, "%s%s", path, ends[i]);
        assert_int_equal(stat(side, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    snprintf(side, sizeof side, "%s/.hone", folder);
    assert_int_equal(stat(side, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    store_close(store);
}

/* ---- Files that are not stores ---- */

/* Opening fails with a text that says `part`, and leaves the file as it was. */
static void check_refused(const char *part)
{
    struct buf before, after;
    buf_init(&before, (size_t)64 << 20);
    buf_init(&after, (size_t)64 << 20);
    OK(file_read(path, &before, &err));
    for (int create = 0; create < 2; create++) {
        assert_null(store_open(path, create, &err));
        assert_int_equal(err.status, HONE_EIO);
        SAYS("hone.db");
        SAYS(part);
    }
    OK(file_read(path, &after, &err));
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, before.len);
    buf_release(&before);
    buf_release(&after);
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    char *problem = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &problem) != SQLITE_OK)
        fail_msg("%s", problem);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_newer_schema_is_refused(void **state)
{
    (void)state;
    (void)make_store();
    run_sql("PRAGMA user_version = 999");
    check_refused("schema 999");
}

static void another_programs_database_is_refused(void **state)
{
    (void)state;
    run_sql("CREATE TABLE studies (id INTEGER)");
    check_refused("another program's database");
    remove_store();
    run_sql("PRAGMA application_id = 7; PRAGMA user_version = 1; CREATE TABLE t (x)");
    check_refused("another program's database");
}

static void a_file_of_something_else_is_refused(void **state)
{
    (void)state;
    static const char text[] = "study: seg\ncommand: python3 train.py\nobjective: {metric: x}\n";
    OK(file_write(path, text, sizeof text - 1, false, &err));
    check_refused("damaged");
    assert_null(store_open(folder, true, &err));
    SAYS("is a folder");
}

static void an_empty_file_becomes_a_store(void **state)
{
    (void)state;
    struct study_row row;
    OK(file_write(path, "", 0, false, &err)); /* as a crash in the first moment leaves it */
    struct store *store = must_open(false);
    assert_int_equal(store_study_find(store, "seg", &row, &err), HONE_ENOTFOUND);
    store_close(store);
}

static void a_network_file_system_is_refused_with_a_local_place(void **state)
{
    (void)state;
    setenv("HONE_TEST_NETWORK_FS", folder, 1);
    setenv("XDG_STATE_HOME", "/var/lib/me", 1);
    assert_null(store_open(path, true, &err));
    assert_int_equal(err.status, HONE_EIO);
    SAYS("is on nfs");
    SAYS("--store sqlite:/var/lib/me/hone/");
    char *local = store_local_path(path), *again = store_local_path(path);
    assert_string_equal(local, again);
    SAYS(local);
    assert_null(store_open(local, false, &err)); /* looked for on a host that hasn't run it */
    assert_int_equal(err.status, HONE_ENOTFOUND);
    SAYS("on the host that ran them");
    mem_free(local);
    mem_free(again);
    /* When the home is on the network as well: a disk of this machine that outlives a reboot. */
    setenv("XDG_STATE_HOME", folder, 1);
    local = store_local_folder();
    assert_memory_equal(local, "/var/tmp/hone-", 14);
    mem_free(local);
    unsetenv("XDG_STATE_HOME");
    unsetenv("HONE_TEST_NETWORK_FS");
    assert_int_equal(access(path, F_OK), -1);
}

static void other_addresses_are_refused(void **state)
{
    (void)state;
    /* No server, or no PostgreSQL in this build: refused, and the password stays untold. */
    assert_null(store_open("postgresql://u:secret@127.0.0.1:1/db", true, &err));
    assert_null(strstr(err.text, "secret"));
    assert_null(store_open("sqlite:", true, &err));
    assert_null(store_open("", true, &err));
}

/* ---- Damage ---- */

/* A linear congruential generator: the same damage in each run. (Knuth's MMIX constants.) */
static uint64_t random_state;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(random_state >> 33) % n;
}

/* Whatever is in the file: an answer or one line, and no crash. */
static void check_survives(const struct study_row *study, unsigned round)
{
    struct content c;
    err = (hone_error){0};
    struct store *store = store_open(path, false, &err);
    hone_status status = store == NULL ? err.status : read_all(store, &c);
    if (status == HONE_OK)
        status = write_trial(store, study, 50);
    if (status != HONE_OK && (err.text[0] == '\0' || strchr(err.text, '\n') != NULL))
        fail_msg("round %u: status %d: \"%s\"", round, (int)status, err.text);
    if (status == HONE_EIO)
        SAYS("hone.db");
    store_close(store);
}

static void damaged_bytes_are_an_answer_or_one_line(void **state)
{
    (void)state;
    struct buf whole;
    struct study_row study = make_store();
    struct store *store = must_open(false);
    for (int64_t i = 1; i < 30; i++)
        OK(write_trial(store, &study, i));
    store_close(store);
    buf_init(&whole, (size_t)64 << 20);
    OK(file_read(path, &whole, &err));
    random_state = 42;
    for (unsigned round = 0; round < 300; round++) {
        char *data = mem_text_n(whole.data, 0);
        data = mem_resize(data, whole.len, 1);
        memcpy(data, whole.data, whole.len);
        size_t len = whole.len;
        uint32_t n = round % 3 == 0 ? 1 : 1 + random_below(200);
        for (uint32_t i = 0; i < n; i++)
            data[random_below((uint32_t)len)] = (char)random_below(256);
        if (round % 7 == 0)
            len = random_below((uint32_t)len);
        if (round % 11 == 0) { /* a page that never reached the disk */
            size_t page = 4096 * (size_t)random_below((uint32_t)(whole.len / 4096));
            memset(data + page, 0, 4096);
        }
        remove_store();
        OK(file_write(path, data, len, false, &err));
        check_survives(&study, round);
        mem_free(data);
    }
    buf_release(&whole);
}

static void a_damaged_log_loses_only_what_came_after(void **state)
{
    (void)state;
    char side[112];
    struct study_row study = make_store();
    /* A writer that dies leaves its log; garbage at the end of it, as a torn write does. */
    pid_t child = fork();
    if (child == 0) {
        struct store *store = store_open(path, false, NULL);
        if (store == NULL || write_trial(store, &study, 1) != HONE_OK)
            _exit(1);
        _exit(0); /* without closing */
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    snprintf(side, sizeof side, "%s-wal", path);
    int fd = open(side, O_WRONLY | O_APPEND);
    assert_true(fd >= 0);
    assert_true(write_all(fd, tail, 5000));
    close(fd);
    struct store *store = must_open(false);
    check_content(store, 2);
    store_close(store);
}

/* ---- Stores of earlier versions ---- */

static void a_store_of_version_1_is_opened(void **state)
{
    (void)state;
    struct buf sql;
    char file[512];
    struct study_row row;
    struct content c;
    snprintf(file, sizeof file, "%s/tests/data/store-1.sql", getenv("HONE_SOURCE"));
    buf_init(&sql, (size_t)1 << 20);
    OK(file_read(file, &sql, &err));
    run_sql(sql.data);
    buf_release(&sql);
    struct store *store = must_open(false);
    OK(store_study_find(store, "seg", &row, &err));
    assert_string_equal(row.uid, "0f1e2d3c");
    assert_true(row.seed == UINT64_MAX);
    assert_int_equal(row.state, STUDY_FINISHED);
    assert_string_equal(row.reason, "max_trials (2) reached");
    assert_true(row.epoch == 3);
    OK(read_all(store, &c));
    assert_int_equal(c.trials, 2);
    assert_int_equal(c.attempts, 3);
    assert_int_equal(c.observations, 4);
    assert_int_equal(c.events, 6);
    OK(store_begin(store, row.id, 3, &err));
    OK(store_commit(store, &err));
    study_row_release(&row);
    store_close(store);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(any_allocation_of_sqlite_may_fail),
        T(any_allocation_of_ours_may_fail),
        T(creating_survives_failing_allocations),
        T(any_write_may_find_the_disk_full),
        T(a_store_on_a_full_disk_is_opened_for_reading),
        T(creating_on_a_full_disk_says_so),
        T(a_sync_that_fails_is_told_and_leaves_whole_transactions),
        T(a_read_only_file_can_be_read),
        T(a_read_only_folder_can_be_read),
        T(a_store_that_cannot_be_made_says_why),
        T(a_store_that_cannot_be_read_says_why),
        T(files_are_for_their_owner_only),
        T(a_newer_schema_is_refused),
        T(another_programs_database_is_refused),
        T(a_file_of_something_else_is_refused),
        T(an_empty_file_becomes_a_store),
        T(a_network_file_system_is_refused_with_a_local_place),
        T(other_addresses_are_refused),
        T(damaged_bytes_are_an_answer_or_one_line),
        T(a_damaged_log_loses_only_what_came_after),
        T(a_store_of_version_1_is_opened),
    };
    return cmocka_run_group_tests(tests, install_memory, NULL);
}
