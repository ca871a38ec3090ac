/*
 * store_contract.c: what every kind of store owes its callers. A new kind is one line in `kinds`:
 * a name and a function that makes the address of a fresh store in a folder; all tests run on it.
 * With the word "postgres" as argument they run on a PostgreSQL server of their own.
 */
#include "near.h"

#include <float.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/process.h"
#include "io/time.h"
#include "store/store.h"

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

/* A fresh store with a study "seg" in it, taken by `me`. */
struct fixture {
    char folder[64], url[128];
    struct store *store;
    struct study_row study;
    uint64_t epoch;
};

static const struct kind *kind; /* that the tests run on now */
static const struct owner me = {.host = "here", .pid = 4711, .pid_start = 99, .boot_id = "boot-1"};

static hone_error err;

#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) != HONE_OK)                                                                     \
            fail_msg("%s: %s", #call, err.text);                                                   \
    } while (0)
#define FAILS(expected, call)                                                                      \
    do {                                                                                           \
        err.text[0] = '\0';                                                                        \
        assert_int_equal((call), (expected));                                                      \
        assert_true(err.text[0] != '\0');                                                          \
    } while (0)
#define SAYS(part)                                                                                 \
    do {                                                                                           \
        if (strstr(err.text, (part)) == NULL)                                                      \
            fail_msg("\"%s\" is not in: %s", (part), err.text);                                    \
    } while (0)

static char word_study[] = "seg", word_uid[] = "uid-1", word_spec[] = "{\"study\":\"seg\"}",
            word_search[] = "search", word_params[] = "{\"lr\":0.1}";

static struct store *open_again(const struct fixture *f)
{
    struct store *store = store_open(f->url, false, &err);
    if (store == NULL)
        fail_msg("open again: %s", err.text);
    return store;
}

static struct study_row study_named(char *name, char *uid)
{
    return (struct study_row){.name = name,
                              .uid = uid,
                              .spec = word_spec,
                              .seed = UINT64_MAX - 1,
                              .wanted = true,
                              .created_at = 1000};
}

static int set_up(void **state)
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

static int tear_down(void **state)
{
    struct fixture *f = *state;
    study_row_release(&f->study);
    store_close(f->store);
    OK(file_remove_tree(f->folder, &err));
    mem_free(f);
    return 0;
}

static void begin(struct fixture *f)
{
    OK(store_begin(f->store, f->study.id, f->epoch, &err));
}

static struct trial_row trial_numbered(int64_t number)
{
    return (struct trial_row){
        .number = number, .origin = word_search, .params = word_params, .started_at = 10 + number};
}

static void put_trial(struct fixture *f, int64_t number, hone_trial_state state)
{
    struct trial_row row = trial_numbered(number);
    row.state = state;
    OK(store_put_trial(f->store, &row, &err));
}

static void put_attempt(struct fixture *f, int64_t trial, int64_t number, enum attempt_state state,
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

static hone_status count_trial(void *context, const struct trial_row *row, hone_error *e)
{
    (void)row;
    (void)e;
    ++*(int64_t *)context;
    return HONE_OK;
}

static hone_status count_observation(void *context, const struct observation *row, hone_error *e)
{
    (void)row;
    (void)e;
    ++*(int64_t *)context;
    return HONE_OK;
}

static hone_status last_event(void *context, const struct event *event, hone_error *e)
{
    (void)e;
    *(struct event *)context = *event; /* without its body, which is borrowed */
    ((struct event *)context)->body = NULL;
    return HONE_OK;
}

static int64_t n_trials(struct store *store, int64_t study)
{
    int64_t n = 0;
    OK(store_trials(store, study, -1, count_trial, &n, &err));
    return n;
}

static int64_t n_observations(struct store *store, int64_t study)
{
    int64_t n = 0;
    OK(store_observations(store, study, -1, NULL, count_observation, &n, &err));
    return n;
}

/* ---- Opening and studies ---- */

static void a_store_that_is_not_there_is_not_made_by_looking(void **state)
{
    struct fixture *f = *state;
    char url[160];
    snprintf(url, sizeof url, "%s.other", f->url);
    assert_null(store_open(url, false, &err));
    assert_int_equal(err.status, HONE_ENOTFOUND);
    SAYS("hone.db.other");
    assert_null(store_open(url, false, &err)); /* still not there */
}

static void a_study_is_found_as_it_was_created(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(store_url(f->store), f->url);
    assert_true(f->study.id > 0);
    assert_string_equal(f->study.name, "seg");
    assert_string_equal(f->study.uid, "uid-1");
    assert_string_equal(f->study.spec, word_spec);
    assert_true(f->study.seed == UINT64_MAX - 1);
    assert_int_equal(f->study.state, STUDY_RUNNING);
    assert_true(f->study.wanted);
    assert_false(f->study.by_service);
    assert_null(f->study.reason);
    assert_null(f->study.stats);
    assert_int_equal(f->study.created_at, 1000);
    assert_true(f->study.epoch == 0);
    assert_int_equal(f->study.owner.pid, 0);
}

static void creating_writes_the_created_event(void **state)
{
    struct fixture *f = *state;
    struct event event = {0};
    OK(store_events(f->store, f->study.id, 0, last_event, &event, &err));
    assert_int_equal(event.seq, 1);
    assert_int_equal(event.kind, EVENT_CREATED);
    assert_int_equal(event.at, 1000);
    assert_int_equal(event.trial, -1);
}

static void a_name_is_given_once(void **state)
{
    struct fixture *f = *state;
    char uid[] = "uid-2";
    struct study_row row = study_named(word_study, uid);
    FAILS(HONE_ESTATE, store_study_create(f->store, &row, &err));
    SAYS("\"seg\"");
    assert_int_equal(row.id, 0);
    struct event event = {0}; /* and nothing of the failed one is there */
    OK(store_events(f->store, f->study.id, 0, last_event, &event, &err));
    assert_int_equal(event.seq, 1);
    char other[] = "Seg"; /* names differ by case */
    row.name = other;
    OK(store_study_create(f->store, &row, &err));
}

static void a_missing_study_is_answered_with_the_nearest_name(void **state)
{
    struct fixture *f = *state;
    struct study_row row = {.id = 77};
    char name[] = "digits", uid[] = "uid-2";
    struct study_row other = study_named(name, uid);
    OK(store_study_create(f->store, &other, &err));
    FAILS(HONE_ENOTFOUND, store_study_find(f->store, "digit", &row, &err));
    SAYS("did you mean \"digits\"?");
    FAILS(HONE_ENOTFOUND, store_study_find(f->store, "wholly-different", &row, &err));
    SAYS("wholly-different");
    assert_int_equal(row.id, 77);
}

static hone_status join_names(void *context, const struct study_row *row, hone_error *e)
{
    (void)e;
    buf_printf(context, "%s ", row->name);
    return HONE_OK;
}

static void studies_are_visited_in_the_order_of_creation(void **state)
{
    struct fixture *f = *state;
    struct buf names;
    char a[] = "zeta", b[] = "alpha", uid_a[] = "u-a", uid_b[] = "u-b";
    struct study_row row = study_named(a, uid_a);
    OK(store_study_create(f->store, &row, &err));
    row = study_named(b, uid_b);
    OK(store_study_create(f->store, &row, &err));
    buf_init(&names, 100);
    OK(store_studies(f->store, join_names, &names, &err));
    assert_string_equal(names.data, "seg zeta alpha ");
    buf_release(&names);
}

static void deleting_a_study_leaves_nothing_and_the_others(void **state)
{
    struct fixture *f = *state;
    char name[] = "other", uid[] = "u-o";
    int64_t id;
    struct study_row other = study_named(name, uid), row;
    struct observation o = {.attempt = 1, .metric = "m", .value = 1};
    OK(store_study_create(f->store, &other, &err));
    OK(store_request(f->store, f->study.id, "stop", "{}", 1, &id, &err));
    begin(f);
    put_trial(f, 0, HONE_TRIAL_RUNNING);
    put_attempt(f, 0, 1, ATTEMPT_RUNNING, 1, 0);
    OK(store_put_observations(f->store, &o, 1, &err));
    OK(store_commit(f->store, &err));

    OK(store_study_delete(f->store, f->study.id, &err));
    FAILS(HONE_ENOTFOUND, store_study_find(f->store, "seg", &row, &err));
    assert_int_equal(n_trials(f->store, f->study.id), 0);
    assert_int_equal(n_observations(f->store, f->study.id), 0);
    struct request_row request;
    FAILS(HONE_ENOTFOUND, store_request_find(f->store, id, &request, &err));
    FAILS(HONE_ENOTFOUND, store_study_delete(f->store, f->study.id, &err));
    FAILS(HONE_ENOTFOUND, store_begin(f->store, f->study.id, f->epoch, &err));
    SAYS("deleted");

    OK(store_study_find(f->store, "other", &row, &err));
    study_row_release(&row);
    /* A new one of the same name is another study: an old number never means it. */
    row = study_named(word_study, word_uid);
    OK(store_study_create(f->store, &row, &err));
    assert_true(row.id != f->study.id && row.id != other.id);
}

/* ---- The lease ---- */

static void taking_a_study_up_is_seen_by_everybody(void **state)
{
    struct fixture *f = *state;
    struct study_row row;
    assert_true(f->epoch == 1);
    struct store *second = open_again(f);
    OK(store_study_find(second, "seg", &row, &err));
    assert_true(row.epoch == 1);
    assert_string_equal(row.owner.host, "here");
    assert_string_equal(row.owner.boot_id, "boot-1");
    assert_int_equal(row.owner.pid, 4711);
    assert_int_equal(row.owner.pid_start, 99);
    assert_int_equal(row.lease_until, 65000);
    study_row_release(&row);
    store_close(second);
}

static void of_two_that_take_at_once_one_wins(void **state)
{
    struct fixture *f = *state;
    struct owner rival = {.host = "there", .pid = 815, .pid_start = 1, .boot_id = "boot-2"};
    uint64_t epoch = 42;
    struct store *second = open_again(f);
    /* Both have seen epoch 1. */
    OK(store_lease_take(second, f->study.id, 1, &rival, 9000, 1000, &epoch, &err));
    assert_true(epoch == 2);
    FAILS(HONE_ESTATE, store_lease_take(f->store, f->study.id, 1, &me, 9000, 1000, &epoch, &err));
    SAYS("there");
    SAYS("815");
    assert_true(epoch == 2);
    store_close(second);
}

static void a_stale_tuner_can_write_nothing(void **state)
{
    struct fixture *f = *state;
    struct owner rival = {.host = "there", .pid = 815, .pid_start = 1, .boot_id = "boot-2"};
    uint64_t epoch;
    struct store *second = open_again(f);
    OK(store_lease_take(second, f->study.id, 1, &rival, 9000, 1000, &epoch, &err));
    FAILS(HONE_ESTATE, store_begin(f->store, f->study.id, f->epoch, &err));
    SAYS("\"seg\"");
    SAYS("there");
    SAYS("815");
    struct trial_row row = trial_numbered(0);
    FAILS(HONE_ESTATE, store_put_trial(f->store, &row, &err));
    FAILS(HONE_ESTATE, store_commit(f->store, &err));
    assert_int_equal(n_trials(second, f->study.id), 0);
    OK(store_begin(second, f->study.id, epoch, &err)); /* the lock is free for the new one */
    store_rollback(second);
    store_close(second);
}

static void a_lease_that_was_given_back_is_nobodys(void **state)
{
    struct fixture *f = *state;
    struct study_row row;
    uint64_t epoch;
    begin(f);
    f->study.owner.pid = 0;
    f->study.lease_until = 0;
    OK(store_put_study(f->store, &f->study, &err));
    OK(store_commit(f->store, &err));
    OK(store_study_find(f->store, "seg", &row, &err));
    assert_int_equal(row.owner.pid, 0);
    assert_string_equal(row.owner.host, "");
    assert_int_equal(row.lease_until, 0);
    assert_true(row.epoch == 1);
    study_row_release(&row);
    OK(store_lease_take(f->store, f->study.id, 1, &me, 1, 1, &epoch, &err));
    assert_true(epoch == 2);
}

static void of_processes_that_take_at_once_one_wins(void **state)
{
    struct fixture *f = *state;
    enum { N = 4 };
    pid_t children[N];
    int go[2], won = 0;
    assert_int_equal(pipe(go), 0);
    for (int i = 0; i < N; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            char c;
            uint64_t epoch;
            struct owner rival = {.host = "there", .pid = 100 + i};
            struct store *store = store_open(f->url, false, NULL);
            if (store == NULL || read(go[0], &c, 1) != 1)
                _exit(2);
            hone_status s =
                store_lease_take(store, f->study.id, 1, &rival, 9000, 1000, &epoch, NULL);
            store_close(store);
            _exit(s == HONE_OK ? 0 : s == HONE_ESTATE ? 1 : 2);
        }
    }
    assert_int_equal(write(go[1], "xxxx", N), N);
    for (int i = 0; i < N; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
        won += WEXITSTATUS(status) == 0;
    }
    assert_int_equal(won, 1);
    close(go[0]);
    close(go[1]);
}

/* ---- Transactions ---- */

static void nothing_of_a_rolled_back_transaction_remains(void **state)
{
    struct fixture *f = *state;
    struct event event = {.at = 1, .kind = EVENT_ASK, .trial = 0}, last = {0};
    struct observation o = {.attempt = 1, .metric = "m", .value = 1};
    struct study_row row;
    begin(f);
    put_trial(f, 0, HONE_TRIAL_RUNNING);
    put_attempt(f, 0, 1, ATTEMPT_RUNNING, 1, 0);
    OK(store_put_observations(f->store, &o, 1, &err));
    OK(store_put_event(f->store, &event, &err));
    f->study.state = STUDY_FINISHED;
    OK(store_put_study(f->store, &f->study, &err));
    assert_int_equal(n_trials(f->store, f->study.id), 1); /* it sees its own writes */
    store_rollback(f->store);

    assert_int_equal(n_trials(f->store, f->study.id), 0);
    assert_int_equal(n_observations(f->store, f->study.id), 0);
    OK(store_events(f->store, f->study.id, 0, last_event, &last, &err));
    assert_int_equal(last.kind, EVENT_CREATED);
    OK(store_study_find(f->store, "seg", &row, &err));
    assert_int_equal(row.state, STUDY_RUNNING);
    study_row_release(&row);

    /* The same again, committed: also the metric's name, which was new in what was undone. */
    begin(f);
    put_trial(f, 0, HONE_TRIAL_RUNNING);
    put_attempt(f, 0, 1, ATTEMPT_RUNNING, 1, 0);
    OK(store_put_observations(f->store, &o, 1, &err));
    OK(store_put_event(f->store, &event, &err));
    OK(store_commit(f->store, &err));
    struct store *second = open_again(f);
    assert_int_equal(n_observations(second, f->study.id), 1);
    OK(store_events(second, f->study.id, 0, last_event, &last, &err));
    assert_int_equal(last.kind, EVENT_ASK);
    assert_int_equal(last.seq, 2);
    store_close(second);
}

static void writes_need_a_transaction(void **state)
{
    struct fixture *f = *state;
    struct trial_row row = trial_numbered(0);
    FAILS(HONE_ESTATE, store_put_trial(f->store, &row, &err));
    FAILS(HONE_ESTATE, store_commit(f->store, &err));
    store_rollback(f->store); /* does nothing */
    begin(f);
    OK(store_commit(f->store, &err));
    FAILS(HONE_ESTATE, store_put_trial(f->store, &row, &err));
}

static void a_transaction_with_a_failed_write_cannot_be_committed(void **state)
{
    struct fixture *f = *state;
    struct observation twice[2] = {{.attempt = 1, .metric = "m", .value = 1},
                                   {.attempt = 1, .metric = "m", .value = 2}};
    begin(f);
    put_trial(f, 0, HONE_TRIAL_RUNNING);
    put_attempt(f, 0, 1, ATTEMPT_RUNNING, 1, 0);
    /* The same seq twice would be a line that is counted twice. */
    hone_status put = store_put_observations(f->store, twice, 2, &err);
    (void)put; /* known now or by the commit */
    assert_true(store_commit(f->store, &err) != HONE_OK);
    assert_int_equal(n_trials(f->store, f->study.id), 0);
    begin(f); /* and the handle is usable */
    put_trial(f, 0, HONE_TRIAL_RUNNING);
    OK(store_commit(f->store, &err));
    assert_int_equal(n_trials(f->store, f->study.id), 1);
}

static void an_observation_belongs_to_an_attempt(void **state)
{
    struct fixture *f = *state;
    struct observation o = {.attempt = 1, .metric = "m", .value = 1};
    begin(f);
    hone_status status = store_put_observations(f->store, &o, 1, &err);
    if (status == HONE_OK)
        status = store_commit(f->store, &err);
    assert_true(status != HONE_OK);
    store_rollback(f->store);
    assert_int_equal(n_observations(f->store, f->study.id), 0);
}

/* ---- Events ---- */

static hone_status check_event(void *context, const struct event *event, hone_error *e)
{
    (void)e;
    int64_t *seen = context;
    ++*seen;
    assert_int_equal(event->seq, *seen);
    if (event->seq == 1)
        return HONE_OK; /* the created one */
    assert_int_equal(event->kind, (event->seq - 2) % 12);
    assert_int_equal(event->trial, event->seq % 3 - 1);
    assert_int_equal(event->at, 7 * event->seq);
    assert_true(event->epoch == 1);
    if (event->seq % 2 == 0)
        assert_null(event->body);
    else
        assert_string_equal(event->body, "{\"why\":\"x\"}");
    return HONE_OK;
}

static void events_are_numbered_and_come_back_in_order(void **state)
{
    struct fixture *f = *state;
    char body[] = "{\"why\":\"x\"}";
    int64_t seen = 0;
    for (int64_t seq = 2; seq <= 61; seq++) {
        struct event event = {.at = 7 * seq,
                              .kind = (enum event_kind)((seq - 2) % 12),
                              .trial = seq % 3 - 1,
                              .body = seq % 2 == 0 ? NULL : body};
        if (seq % 10 == 2)
            begin(f);
        OK(store_put_event(f->store, &event, &err));
        if (seq % 10 == 1)
            OK(store_commit(f->store, &err));
    }
    OK(store_events(f->store, f->study.id, 0, check_event, &seen, &err));
    assert_int_equal(seen, 61);
    seen = 40;
    OK(store_events(f->store, f->study.id, 40, check_event, &seen, &err));
    assert_int_equal(seen, 61);
    OK(store_events(f->store, f->study.id, 61, check_event, &seen, &err));
    assert_int_equal(seen, 61);
    assert_string_equal(event_kind_text(EVENT_STOP_TRIAL), "stop_trial");
}

static hone_status refuse_third(void *context, const struct event *event, hone_error *e)
{
    *(int64_t *)context = event->seq;
    if (event->seq < 3)
        return HONE_OK;
    if (e != NULL)
        snprintf(e->text, sizeof e->text, "enough");
    return HONE_EEXHAUSTED;
}

static void a_visitor_can_end_the_visit(void **state)
{
    struct fixture *f = *state;
    int64_t seq = 0;
    begin(f);
    for (int i = 0; i < 5; i++)
        OK(store_put_event(f->store, &(struct event){.kind = EVENT_ASK}, &err));
    OK(store_commit(f->store, &err));
    FAILS(HONE_EEXHAUSTED, store_events(f->store, f->study.id, 0, refuse_third, &seq, &err));
    SAYS("enough");
    assert_int_equal(seq, 3);
    begin(f); /* nothing stays locked */
    OK(store_commit(f->store, &err));
}

struct nested {
    struct store *store;
    int64_t study, inner;
};

static hone_status visit_inside(void *context, const struct trial_row *row, hone_error *e)
{
    struct nested *n = context;
    assert_string_equal(row->params, word_params);
    hone_status status = store_trials(n->store, n->study, row->number, count_trial, &n->inner, e);
    assert_string_equal(row->params, word_params); /* still there */
    return status;
}

static void a_visitor_may_read_on(void **state)
{
    struct fixture *f = *state;
    struct nested n = {f->store, f->study.id, 0};
    begin(f);
    for (int i = 0; i < 3; i++)
        put_trial(f, i, HONE_TRIAL_RUNNING);
    OK(store_commit(f->store, &err));
    OK(store_trials(f->store, f->study.id, -1, visit_inside, &n, &err));
    assert_int_equal(n.inner, 3);
}

/* ---- Trials and attempts ---- */

static hone_status check_trial(void *context, const struct trial_row *row, hone_error *e)
{
    (void)e;
    const struct trial_row *expected = context;
    assert_int_equal(row->number, expected->number);
    assert_int_equal(row->state, expected->state);
    assert_string_equal(row->origin, expected->origin);
    assert_string_equal(row->params, expected->params);
    const char *got[] = {row->values, row->why, row->reason, row->log_tail};
    const char *want[] = {expected->values, expected->why, expected->reason, expected->log_tail};
    for (int i = 0; i < 4; i++) {
        if (want[i] == NULL)
            assert_null(got[i]);
        else
            assert_string_equal(got[i], want[i]);
    }
    assert_int_equal(row->started_at, expected->started_at);
    assert_int_equal(row->ended_at, expected->ended_at);
    return HONE_OK;
}

static void a_trial_is_put_and_put_again(void **state)
{
    struct fixture *f = *state;
    char values[] = "[0.5]", why[] = "expected improvement", reason[] = "below the median",
         tail[] = "line 1\nline 2\n";
    struct trial_row row = trial_numbered(3);
    begin(f);
    OK(store_put_trial(f->store, &row, &err));
    OK(store_commit(f->store, &err));
    OK(store_trials(f->store, f->study.id, 3, check_trial, &row, &err));
    row.values = values;
    row.why = why;
    row.reason = reason;
    row.log_tail = tail;
    row.state = HONE_TRIAL_STOPPED;
    row.ended_at = INT64_C(1) << 50;
    begin(f);
    OK(store_put_trial(f->store, &row, &err));
    OK(store_commit(f->store, &err));
    OK(store_trials(f->store, f->study.id, 3, check_trial, &row, &err));
    assert_int_equal(n_trials(f->store, f->study.id), 1);
    int64_t n = 0;
    OK(store_trials(f->store, f->study.id, 4, count_trial, &n, &err));
    assert_int_equal(n, 0);
}

struct order {
    int64_t trial[8], number[8];
    size_t n;
};

static hone_status note_attempt(void *context, const struct attempt_row *row, hone_error *e)
{
    (void)e;
    struct order *order = context;
    order->trial[order->n] = row->trial;
    order->number[order->n++] = row->number;
    return HONE_OK;
}

static void attempts_come_by_trial_then_number(void **state)
{
    struct fixture *f = *state;
    struct order order = {0};
    begin(f);
    put_trial(f, 10, HONE_TRIAL_RUNNING);
    put_trial(f, 2, HONE_TRIAL_RUNNING);
    put_attempt(f, 10, 2, ATTEMPT_RUNNING, 1, 0);
    put_attempt(f, 10, 1, ATTEMPT_LOST, 1, 2);
    put_attempt(f, 2, 1, ATTEMPT_RUNNING, 1, 0);
    OK(store_commit(f->store, &err));
    OK(store_attempts(f->store, f->study.id, -1, note_attempt, &order, &err));
    static const int64_t trial[] = {2, 10, 10}, number[] = {1, 1, 2};
    assert_int_equal(order.n, 3);
    assert_memory_equal(order.trial, trial, sizeof trial);
    assert_memory_equal(order.number, number, sizeof number);
    order.n = 0;
    OK(store_attempts(f->store, f->study.id, 10, note_attempt, &order, &err));
    assert_int_equal(order.n, 2);
}

static hone_status check_attempt(void *context, const struct attempt_row *row, hone_error *e)
{
    (void)e;
    const struct attempt_row *x = context;
    assert_int_equal(row->state, x->state);
    assert_string_equal(row->node, x->node);
    assert_string_equal(row->boot_id, x->boot_id);
    assert_string_equal(row->reason, x->reason);
    assert_string_equal(row->cursor, x->cursor);
    assert_int_equal(row->pid, x->pid);
    assert_int_equal(row->pid_start, x->pid_start);
    assert_int_equal(row->started_at, x->started_at);
    assert_int_equal(row->ended_at, x->ended_at);
    assert_int_equal(row->exit_code, x->exit_code);
    assert_int_equal(row->exit_signal, x->exit_signal);
    assert_int_equal(row->spot, x->spot);
    return HONE_OK;
}

static void an_attempt_comes_back_as_it_was(void **state)
{
    struct fixture *f = *state;
    char node[] = "vm", boot[] = "b", reason[] = "signal 11 (SIGSEGV)", cursor[] = "{\"at\":12}";
    struct attempt_row row = {.trial = 0,
                              .number = 1,
                              .state = ATTEMPT_WAITING,
                              .node = node,
                              .pid = 12,
                              .pid_start = 34,
                              .boot_id = boot,
                              .started_at = 56,
                              .ended_at = 78,
                              .exit_code = -1,
                              .exit_signal = 11,
                              .spot = true,
                              .reason = reason,
                              .cursor = cursor};
    for (int pass = 0; pass < ATTEMPT_CANCELLED; pass++) {
        begin(f);
        put_trial(f, 0, HONE_TRIAL_RUNNING);
        row.state = (enum attempt_state)pass;
        row.exit_code = pass - 1;
        OK(store_put_attempt(f->store, &row, &err));
        OK(store_commit(f->store, &err));
        OK(store_attempts(f->store, f->study.id, 0, check_attempt, &row, &err));
    }
}

static void put_study_changes_what_may_change(void **state)
{
    struct fixture *f = *state;
    char spec[] = "{\"study\":\"seg\",\"max_trials\":40}", reason[] = "max_trials reached",
         stats[] = "{\"ask\":[1,2]}";
    struct study_row row, changed;
    OK(store_study_find(f->store, "seg", &changed, &err));
    study_row_release(&changed);
    changed = f->study;
    changed.owner = me;
    changed.spec = spec;
    changed.reason = reason;
    changed.stats = stats;
    changed.state = STUDY_STOPPED;
    changed.wanted = false;
    changed.by_service = true;
    changed.started_at = 1;
    changed.ended_at = 2;
    changed.active_ms = 3;
    changed.lease_until = 4;
    begin(f);
    OK(store_put_study(f->store, &changed, &err));
    OK(store_commit(f->store, &err));
    OK(store_study_find(f->store, "seg", &row, &err));
    assert_string_equal(row.spec, spec);
    assert_string_equal(row.reason, reason);
    assert_string_equal(row.stats, stats);
    assert_int_equal(row.state, STUDY_STOPPED);
    assert_false(row.wanted);
    assert_true(row.by_service);
    assert_int_equal(row.started_at, 1);
    assert_int_equal(row.ended_at, 2);
    assert_int_equal(row.active_ms, 3);
    assert_int_equal(row.lease_until, 4);
    assert_int_equal(row.owner.pid, me.pid); /* kept: pid was not 0 */
    assert_true(row.seed == UINT64_MAX - 1);
    study_row_release(&row);
}

/* ---- Observations ---- */

static const double odd_values[] = {0.0,
                                    -0.0,
                                    1.0,
                                    -1.0,
                                    0.1,
                                    DBL_MIN,
                                    DBL_MAX,
                                    -DBL_MAX,
                                    5e-324,
                                    -5e-324,
                                    2.5e-310,
                                    9007199254740993.0,
                                    1e300,
                                    HUGE_VAL,
                                    -HUGE_VAL,
                                    (double)NAN,
                                    123456789.123456789};
enum { N_ODD = sizeof odd_values / sizeof odd_values[0] };

static hone_status check_observation(void *context, const struct observation *row, hone_error *e)
{
    (void)e;
    int64_t *n = context;
    double expected = odd_values[*n];
    assert_int_equal(row->seq, *n);
    assert_int_equal(row->at, 1000 + *n);
    assert_string_equal(row->metric, "val:dice");
    if (isnan(expected)) {
        assert_true(isnan(row->value));
    } else {
        assert_memory_equal(&row->value, &expected, sizeof expected);
        assert_memory_equal(&row->step, &expected, sizeof expected);
    }
    ++*n;
    return HONE_OK;
}

static void every_value_comes_back_with_the_same_bits(void **state)
{
    struct fixture *f = *state;
    struct observation rows[N_ODD];
    int64_t n = 0;
    for (int i = 0; i < N_ODD; i++)
        rows[i] = (struct observation){.attempt = 1,
                                       .metric = "val:dice",
                                       .seq = i,
                                       .step = odd_values[i],
                                       .at = 1000 + i,
                                       .value = odd_values[i]};
    begin(f);
    put_trial(f, 0, HONE_TRIAL_RUNNING);
    put_attempt(f, 0, 1, ATTEMPT_RUNNING, 1, 0);
    OK(store_put_observations(f->store, rows, N_ODD, &err));
    OK(store_commit(f->store, &err));
    OK(store_observations(f->store, f->study.id, 0, "val:dice", check_observation, &n, &err));
    assert_int_equal(n, N_ODD);
    n = 0;
    OK(store_observations(f->store, f->study.id, 0, "no such", count_observation, &n, &err));
    assert_int_equal(n, 0);
}

static hone_status join_observations(void *context, const struct observation *row, hone_error *e)
{
    (void)e;
    buf_printf(context, "%d.%d.%s.%d ", (int)row->trial, (int)row->attempt, row->metric,
               (int)row->seq);
    return HONE_OK;
}

static void observations_come_by_trial_attempt_metric_seq(void **state)
{
    struct fixture *f = *state;
    struct buf order;
    const struct observation late[] = {{.trial = 1, .attempt = 1, .metric = "b", .seq = 0},
                                       {.trial = 0, .attempt = 2, .metric = "a", .seq = 0},
                                       {.trial = 0, .attempt = 1, .metric = "a", .seq = 1}};
    const struct observation early[] = {{.trial = 0, .attempt = 1, .metric = "a", .seq = 0},
                                        {.trial = 0, .attempt = 1, .metric = "b", .seq = 0}};
    begin(f);
    put_trial(f, 0, HONE_TRIAL_RUNNING);
    put_trial(f, 1, HONE_TRIAL_RUNNING);
    put_attempt(f, 0, 1, ATTEMPT_LOST, 1, 2);
    put_attempt(f, 0, 2, ATTEMPT_RUNNING, 1, 0);
    put_attempt(f, 1, 1, ATTEMPT_RUNNING, 1, 0);
    OK(store_put_observations(f->store, early, 2, &err));
    OK(store_commit(f->store, &err));
    begin(f);
    OK(store_put_observations(f->store, late, 3, &err));
    OK(store_put_observations(f->store, NULL, 0, &err));
    OK(store_commit(f->store, &err));
    buf_init(&order, 1000);
    OK(store_observations(f->store, f->study.id, -1, NULL, join_observations, &order, &err));
    assert_string_equal(order.data, "0.1.a.0 0.1.a.1 0.1.b.0 0.2.a.0 1.1.b.0 ");
    buf_clear(&order);
    OK(store_observations(f->store, f->study.id, 0, "a", join_observations, &order, &err));
    assert_string_equal(order.data, "0.1.a.0 0.1.a.1 0.2.a.0 ");
    buf_release(&order);
}

/* ---- Counts, version, requests ---- */

static void counts_follow_the_trials(void **state)
{
    struct fixture *f = *state;
    struct study_counts c;
    char imported[] = "imported", warm[] = "warm";
    begin(f);
    put_trial(f, 0, HONE_TRIAL_COMPLETED);
    put_trial(f, 1, HONE_TRIAL_RUNNING);
    put_trial(f, 2, HONE_TRIAL_RUNNING);
    put_trial(f, 3, HONE_TRIAL_FAILED);
    put_trial(f, 4, HONE_TRIAL_RUNNING);
    struct trial_row foreign = trial_numbered(5);
    foreign.origin = imported;
    foreign.state = HONE_TRIAL_COMPLETED;
    OK(store_put_trial(f->store, &foreign, &err));
    foreign.number = 6;
    foreign.origin = warm;
    OK(store_put_trial(f->store, &foreign, &err));
    put_attempt(f, 0, 1, ATTEMPT_PREEMPTED, 1000, 3000);
    put_attempt(f, 0, 2, ATTEMPT_SUCCEEDED, 5000, 5500);
    put_attempt(f, 1, 1, ATTEMPT_RUNNING, 1000, 0);
    put_attempt(f, 2, 1, ATTEMPT_LOST, 1000, 1001);
    put_attempt(f, 2, 2, ATTEMPT_WAITING, 0, 0);
    put_attempt(f, 3, 1, ATTEMPT_FAILED, 0, 1001); /* never ran: no time of it */
    put_attempt(f, 4, 1, ATTEMPT_WAITING, 0, 0);
    put_attempt(f, 5, 1, ATTEMPT_SUCCEEDED, 1000, 9000); /* foreign time */
    put_attempt(f, 6, 1, ATTEMPT_SUCCEEDED, 1000, 2000);
    OK(store_commit(f->store, &err));
    OK(store_counts(f->store, f->study.id, &c, &err));
    static const int64_t by_state[5] = {3, 1, 0, 1, 0};
    assert_memory_equal(c.by_state, by_state, sizeof by_state);
    assert_int_equal(c.imported, 1);
    assert_int_equal(c.warm, 1);
    assert_int_equal(c.waiting, 2);
    assert_int_equal(c.attempts_ms, 2501);
    OK(store_counts(f->store, f->study.id + 1, &c, &err));
    assert_int_equal(c.by_state[0] + c.imported + c.attempts_ms, 0);
}

static void the_version_changes_with_every_commit_of_anybody(void **state)
{
    struct fixture *f = *state;
    int64_t v[5], id;
    struct store *second = open_again(f);
    OK(store_version(f->store, &v[0], &err));
    OK(store_version(f->store, &v[1], &err));
    assert_true(v[0] == v[1]);
    begin(f);
    put_trial(f, 0, HONE_TRIAL_RUNNING);
    OK(store_commit(f->store, &err));
    OK(store_version(f->store, &v[1], &err));
    OK(store_request(second, f->study.id, "stop", NULL, 1, &id, &err));
    OK(store_version(f->store, &v[2], &err));
    assert_true(v[0] != v[1] && v[1] != v[2] && v[0] != v[2]);
    OK(store_version(second, &v[3], &err));
    begin(f);
    store_rollback(f->store);
    OK(store_version(second, &v[4], &err));
    assert_true(v[3] == v[4]);
    store_close(second);
}

static void requests_are_answered_in_their_order(void **state)
{
    struct fixture *f = *state;
    struct request_row row;
    int64_t first, second;
    struct store *other = open_again(f);
    FAILS(HONE_ENOTFOUND, store_next_request(f->store, f->study.id, &row, &err));
    OK(store_request(other, f->study.id, "stop_trial", "{\"trial\":3}", 11, &first, &err));
    OK(store_request(other, f->study.id, "stop", NULL, 12, &second, &err));
    OK(store_next_request(f->store, f->study.id, &row, &err));
    assert_int_equal(row.id, first);
    assert_int_equal(row.at, 11);
    assert_string_equal(row.kind, "stop_trial");
    assert_string_equal(row.body, "{\"trial\":3}");
    assert_null(row.answer);
    request_row_release(&row);
    begin(f);
    OK(store_answer_request(f->store, first, "{\"ok\":true}", &err));
    OK(store_commit(f->store, &err));
    OK(store_request_find(other, first, &row, &err));
    assert_string_equal(row.answer, "{\"ok\":true}");
    request_row_release(&row);
    OK(store_next_request(f->store, f->study.id, &row, &err));
    assert_int_equal(row.id, second);
    assert_null(row.body);
    request_row_release(&row);
    assert_true(store_request(other, f->study.id + 99, "stop", NULL, 1, &first, &err) != HONE_OK);
    store_close(other);
}

/* ---- Texts ---- */

static void any_text_comes_back_unchanged(void **state)
{
    struct fixture *f = *state;
    static char texts[][64] = {
        "",
        "'; DROP TABLE study; --",
        "tab\tnewline\ncr\r\x01\x1b[31m\x7f",
        "\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\xa7 \xe4\xb8\xad\xe6\x96\x87 \xd7\xa9",
        "\xff\xfe not UTF-8 \xc3",
        "%s%n\\\"quoted\"",
        "?1 :name @x $y"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct trial_row row = trial_numbered((int64_t)i);
        row.origin = row.params = row.values = row.why = row.reason = row.log_tail = texts[i];
        begin(f);
        OK(store_put_trial(f->store, &row, &err));
        OK(store_commit(f->store, &err));
        OK(store_trials(f->store, f->study.id, (int64_t)i, check_trial, &row, &err));
    }
}

static void a_large_text_comes_back_unchanged(void **state)
{
    struct fixture *f = *state;
    enum { SIZE = 3000000 };
    char *big = mem_array(SIZE + 1, 1);
    for (int i = 0; i < SIZE; i++)
        big[i] = (char)('a' + i % 26);
    struct trial_row row = trial_numbered(0);
    row.log_tail = big;
    begin(f);
    OK(store_put_trial(f->store, &row, &err));
    OK(store_commit(f->store, &err));
    OK(store_trials(f->store, f->study.id, 0, check_trial, &row, &err));
    mem_free(big);
}

/* ---- Many, at once, killed ---- */

static void ten_thousand_trials(void **state)
{
    struct fixture *f = *state;
    struct study_counts c;
    for (int64_t i = 0; i < 10000; i++) {
        struct observation o = {.trial = i, .attempt = 1, .metric = "m", .value = (double)i};
        if (i % 500 == 0)
            begin(f);
        put_trial(f, i, i < 9990 ? HONE_TRIAL_COMPLETED : HONE_TRIAL_RUNNING);
        put_attempt(f, i, 1, i < 9990 ? ATTEMPT_SUCCEEDED : ATTEMPT_WAITING, 1000, 1002);
        OK(store_put_observations(f->store, &o, 1, &err));
        OK(store_put_event(f->store, &(struct event){.kind = EVENT_ASK, .trial = i}, &err));
        if (i % 500 == 499)
            OK(store_commit(f->store, &err));
    }
    OK(store_counts(f->store, f->study.id, &c, &err));
    assert_int_equal(c.by_state[HONE_TRIAL_COMPLETED], 9990);
    assert_int_equal(c.by_state[HONE_TRIAL_RUNNING], 10);
    assert_int_equal(c.waiting, 10);
    assert_int_equal(c.attempts_ms, 20000);
    assert_int_equal(n_trials(f->store, f->study.id), 10000);
    assert_int_equal(n_observations(f->store, f->study.id), 10000);
    OK(store_study_delete(f->store, f->study.id, &err));
    assert_int_equal(n_trials(f->store, f->study.id), 0);
}

/* Trial i and event i + 2 are written together, always. */
static void check_whole(struct store *store, int64_t study, int64_t *n_out)
{
    struct event last = {0};
    struct study_row row;
    OK(store_study_find(store, "seg", &row, &err));
    int64_t ended = row.active_ms; /* the writer keeps the number of its trials here */
    study_row_release(&row);
    int64_t n = n_trials(store, study);
    OK(store_events(store, study, 0, last_event, &last, &err));
    assert_true(n >= ended);
    *n_out = n;
}

/* Writes one trial, one event, ten observations a transaction until it is killed. */
static void write_for_ever(const struct fixture *f, int64_t first, int64_t last)
{
    struct store *store = store_open(f->url, false, NULL);
    struct study_row study = f->study;
    study.owner = me;
    if (store == NULL)
        _exit(2);
    for (int64_t i = first; i < last; i++) {
        struct trial_row row = trial_numbered(i);
        struct attempt_row attempt = {.trial = i, .number = 1};
        struct observation o[10];
        for (int j = 0; j < 10; j++)
            o[j] = (struct observation){.trial = i, .attempt = 1, .metric = "m", .seq = j};
        study.active_ms = i + 1;
        if (store_begin(store, f->study.id, f->epoch, NULL) != HONE_OK ||
            store_put_trial(store, &row, NULL) != HONE_OK ||
            store_put_attempt(store, &attempt, NULL) != HONE_OK ||
            store_put_observations(store, o, 10, NULL) != HONE_OK ||
            store_put_event(store, &(struct event){.kind = EVENT_ASK, .trial = i}, NULL) !=
                HONE_OK ||
            store_put_study(store, &study, NULL) != HONE_OK || store_commit(store, NULL) != HONE_OK)
            _exit(3);
    }
    store_close(store);
    _exit(0);
}

static void a_killed_writer_leaves_whole_transactions(void **state)
{
    struct fixture *f = *state;
    int64_t n = 0;
    for (unsigned round = 0; round < 12; round++) {
        struct event last = {0};
        struct study_row row;
        int64_t before = n, waited = 0;
        pid_t child = fork();
        if (child == 0)
            write_for_ever(f, n, INT64_MAX);
        /* Until it has written some, and then at a moment that nobody chose. */
        while (waited < 1 + round % 3) {
            int64_t v;
            OK(store_version(f->store, &v, &err));
            waited = n_trials(f->store, f->study.id) - before;
            assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
        }
        usleep(137 * round);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);

        struct store *store = open_again(f);
        n = n_trials(store, f->study.id);
        assert_true(n > before);
        assert_int_equal(n_observations(store, f->study.id), 10 * n);
        OK(store_events(store, f->study.id, 0, last_event, &last, &err));
        assert_int_equal(last.seq, n + 1);
        OK(store_study_find(store, "seg", &row, &err));
        assert_int_equal(row.active_ms, n);
        study_row_release(&row);
        store_close(store);
    }
}

static void a_reader_beside_a_writer_sees_whole_transactions(void **state)
{
    struct fixture *f = *state;
    int status = 0;
    int64_t n, seen = 0;
    pid_t child = fork();
    if (child == 0)
        write_for_ever(f, 0, 300);
    store_set_patience(f->store, 0); /* a reader never waits */
    do {
        check_whole(f->store, f->study.id, &n);
        assert_true(n >= seen);
        assert_int_equal(n_observations(f->store, f->study.id) % 10, 0);
        seen = n;
    } while (waitpid(child, &status, WNOHANG) == 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(n_trials(f->store, f->study.id), 300);
}

struct long_read {
    struct fixture *f;
    struct store *writer;
    int64_t n;
};

static hone_status write_beside(void *context, const struct trial_row *row, hone_error *e)
{
    (void)row;
    struct long_read *read = context;
    struct trial_row more = trial_numbered(100 + read->n++);
    hone_status status = store_begin(read->writer, read->f->study.id, read->f->epoch, e);
    if (status == HONE_OK)
        status = store_put_trial(read->writer, &more, e);
    if (status == HONE_OK)
        status = store_commit(read->writer, e);
    return status;
}

static void a_slow_reader_does_not_stop_the_writer(void **state)
{
    struct fixture *f = *state;
    struct long_read read = {f, open_again(f), 0};
    store_set_patience(read.writer, 0);
    begin(f);
    for (int i = 0; i < 5; i++)
        put_trial(f, i, HONE_TRIAL_RUNNING);
    OK(store_commit(f->store, &err));
    /* Each visited row brings a commit by the other handle; the visit sees none of them. */
    OK(store_trials(f->store, f->study.id, -1, write_beside, &read, &err));
    assert_int_equal(read.n, 5);
    assert_int_equal(n_trials(f->store, f->study.id), 10);
    store_close(read.writer);
}

static void a_second_writer_waits_its_turn_and_then_says_so(void **state)
{
    struct fixture *f = *state;
    struct store *second = open_again(f);
    store_set_patience(second, 0);
    begin(f);
    FAILS(HONE_EIO, store_begin(second, f->study.id, f->epoch, &err));
    SAYS("locked");
    OK(store_commit(f->store, &err));
    OK(store_begin(second, f->study.id, f->epoch, &err));
    OK(store_commit(second, &err));
    store_close(second);
}

static void no_descriptor_is_inherited(void **state)
{
    (void)state;
    for (int fd = 3; fd < 64; fd++) {
        char link[64], target[256];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, target, sizeof target - 1);
        if (n < 0)
            continue;
        target[n] = '\0';
        if (strstr(target, "hone-store-") != NULL)
            assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    }
}

int main(int argc, char **argv)
{
    kind = &kinds[argc > 1];
    (void)argv;
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_store_that_is_not_there_is_not_made_by_looking),
        T(a_study_is_found_as_it_was_created),
        T(creating_writes_the_created_event),
        T(a_name_is_given_once),
        T(a_missing_study_is_answered_with_the_nearest_name),
        T(studies_are_visited_in_the_order_of_creation),
        T(deleting_a_study_leaves_nothing_and_the_others),
        T(taking_a_study_up_is_seen_by_everybody),
        T(of_two_that_take_at_once_one_wins),
        T(a_stale_tuner_can_write_nothing),
        T(a_lease_that_was_given_back_is_nobodys),
        T(of_processes_that_take_at_once_one_wins),
        T(nothing_of_a_rolled_back_transaction_remains),
        T(writes_need_a_transaction),
        T(a_transaction_with_a_failed_write_cannot_be_committed),
        T(an_observation_belongs_to_an_attempt),
        T(events_are_numbered_and_come_back_in_order),
        T(a_visitor_can_end_the_visit),
        T(a_visitor_may_read_on),
        T(a_trial_is_put_and_put_again),
        T(attempts_come_by_trial_then_number),
        T(an_attempt_comes_back_as_it_was),
        T(put_study_changes_what_may_change),
        T(every_value_comes_back_with_the_same_bits),
        T(observations_come_by_trial_attempt_metric_seq),
        T(counts_follow_the_trials),
        T(the_version_changes_with_every_commit_of_anybody),
        T(requests_are_answered_in_their_order),
        T(any_text_comes_back_unchanged),
        T(a_large_text_comes_back_unchanged),
        T(ten_thousand_trials),
        T(a_killed_writer_leaves_whole_transactions),
        T(a_reader_beside_a_writer_sees_whole_transactions),
        T(a_slow_reader_does_not_stop_the_writer),
        T(a_second_writer_waits_its_turn_and_then_says_so),
        T(no_descriptor_is_inherited),
    };
    if (kind->make_url == postgres_url) {
        snprintf(server, sizeof server, "/tmp/hone-postgres-XXXXXX");
        if (mkdtemp(server) == NULL)
            return 1;
        int started = server_do("start");
        if (started != 0) {
            rmdir(server);
            printf("1..0 # SKIP there is no PostgreSQL server to be had here\n");
            return started == 77 ? 0 : 1;
        }
    }
    int failed = cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
    if (server[0] != '\0') {
        failed += server_do("stop") != 0;
        failed += file_remove_tree(server, &err) != HONE_OK;
    }
    return failed;
}
