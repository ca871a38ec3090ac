/*
 * store_contract.c: what every kind of store owes its callers. A new kind is one line in `kinds`:
 * a name and a function that makes the address of a fresh store in a folder; all tests run on it.
 * With the word "postgres" as argument they run on a PostgreSQL server of their own. The tests are
 * in store_contract_SUBJECT.c.
 */
#include "store_contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/file.h"

struct kind {
    const char *name;
    void (*make_url)(const char *folder, char *out, size_t size);
};

static void sqlite_url(const char *folder, char *out, size_t size)
{
    snprintf(out, size, "sqlite:%s/a/b/hone.db", folder);
}

static char server[64]; /* folder of the PostgreSQL server; "" when there is none */
static int n_databases;

/* tests/postgres WHAT FOLDER; its exit status. */
static int server_do(const char *what)
{
    char script[1024];
    int status = -1;
    snprintf(script, sizeof script, "%s/tests/postgres", getenv("HONE_SOURCE"));
    pid_t child = fork();
    if (child == 0) {
        execl(script, script, what, server, (char *)NULL);
        _exit(127);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A database of its own for each test; psql's createdb makes it. */
static void postgres_url(const char *folder, char *out, size_t size)
{
    char name[32];
    int status;
    (void)folder;
    snprintf(name, sizeof name, "t%d.hone.db", n_databases++);
    pid_t child = fork();
    if (child == 0) {
        execlp("createdb", "createdb", "-h", server, "-U", "hone", name, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    snprintf(out, size, "postgresql://hone@%%2Ftmp%%2F%s/%s", server + strlen("/tmp/"), name);
}

static const struct kind kinds[] = {{"sqlite", sqlite_url}, {"postgres", postgres_url}};

static const struct kind *kind; /* that the tests run on now */
const struct owner me = {.host = "here", .pid = 4711, .pid_start = 99, .boot_id = "boot-1"};

hone_error err;

char word_study[] = "seg", word_uid[] = "uid-1", word_spec[] = "{\"study\":\"seg\"}",
     word_search[] = "search", word_params[] = "{\"lr\":0.1}";

struct store *open_again(const struct fixture *f)
{
    struct store *store = store_open(f->url, false, &err);
    if (store == NULL)
        fail_msg("open again: %s", err.text);
    return store;
}

struct study_row study_named(char *name, char *uid)
{
    return (struct study_row){.name = name,
                              .uid = uid,
                              .spec = word_spec,
                              .seed = UINT64_MAX - 1,
                              .wanted = true,
                              .created_at = 1000};
}

int set_up(void **state)
{
    struct fixture *f = mem_array(1, sizeof *f);
    snprintf(f->folder, sizeof f->folder, "%s/hone-store-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(f->folder));
    kind->make_url(f->folder, f->url, sizeof f->url);
    f->store = store_open(f->url, true, &err);
    if (f->store == NULL)
        fail_msg("%s", err.text);
    struct study_row row = study_named(word_study, word_uid);
    OK(store_study_create(f->store, &row, &err));
    OK(store_study_find(f->store, "seg", &f->study, &err));
    OK(store_lease_take(f->store, f->study.id, 0, &me, 5000, 60000, &f->epoch, &err));
    *state = f;
    return 0;
}

int tear_down(void **state)
{
    struct fixture *f = *state;
    study_row_release(&f->study);
    store_close(f->store);
    OK(file_remove_tree(f->folder, &err));
    mem_free(f);
    return 0;
}

void begin(struct fixture *f)
{
    OK(store_begin(f->store, f->study.id, f->epoch, &err));
}

struct trial_row trial_numbered(int64_t number)
{
    return (struct trial_row){
        .number = number, .origin = word_search, .params = word_params, .started_at = 10 + number};
}

void put_trial(struct fixture *f, int64_t number, hone_trial_state state)
{
    struct trial_row row = trial_numbered(number);
    row.state = state;
    OK(store_put_trial(f->store, &row, &err));
}

void put_attempt(struct fixture *f, int64_t trial, int64_t number, enum attempt_state state,
                 int64_t started_at, int64_t ended_at)
{
    struct attempt_row row = {.trial = trial,
                              .number = number,
                              .state = state,
                              .started_at = started_at,
                              .ended_at = ended_at,
                              .exit_code = -1};
    OK(store_put_attempt(f->store, &row, &err));
}

hone_status count_trial(void *context, const struct trial_row *row, hone_error *e)
{
    (void)row;
    (void)e;
    ++*(int64_t *)context;
    return HONE_OK;
}

hone_status count_observation(void *context, const struct observation *row, hone_error *e)
{
    (void)row;
    (void)e;
    ++*(int64_t *)context;
    return HONE_OK;
}

hone_status last_event(void *context, const struct event *event, hone_error *e)
{
    (void)e;
    *(struct event *)context = *event; /* without its body, which is borrowed */
    ((struct event *)context)->body = NULL;
    return HONE_OK;
}

int64_t n_trials(struct store *store, int64_t study)
{
    int64_t n = 0;
    OK(store_trials(store, study, -1, count_trial, &n, &err));
    return n;
}

int64_t n_observations(struct store *store, int64_t study)
{
    int64_t n = 0;
    OK(store_observations(store, study, -1, NULL, count_observation, &n, &err));
    return n;
}

bool is_server(void)
{
    return kind->make_url == postgres_url;
}

static bool start_server(int *status_out)
{
    snprintf(server, sizeof server, "/tmp/hone-postgres-XXXXXX");
    if (mkdtemp(server) == NULL) {
        *status_out = 1;
        return false;
    }
    int started = server_do("start");
    if (started == 0)
        return true;
    rmdir(server);
    printf("1..0 # SKIP there is no PostgreSQL server to be had here\n");
    *status_out = started == 77 ? 0 : 1;
    return false;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest *(*const subjects[])(size_t *) = {
        store_studies_tests, store_writes_tests, store_rows_tests};
    enum { MOST = 200 };
    static struct CMUnitTest tests[MOST];
    size_t n = 0, more;
    int failed = 0;
    (void)argv;
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        const struct CMUnitTest *some = subjects[i](&more);
        for (size_t j = 0; j < more && n < MOST; j++)
            tests[n++] = some[j];
    }
    kind = &kinds[argc > 1];
    if (is_server() && !start_server(&failed))
        return failed;
    /* The function behind cmocka_run_group_tests_name(), which takes an array of fixed size. */
    failed = _cmocka_run_group_tests(kind->name, tests, n, NULL, NULL);
    if (server[0] != '\0') {
        failed += server_do("stop") != 0;
        failed += file_remove_tree(server, &err) != HONE_OK;
    }
    return failed;
}
