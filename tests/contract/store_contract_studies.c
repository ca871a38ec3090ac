/* store_contract_studies.c: what every kind of store owes its callers: studies and who may drive
 * them. */
#include "store_contract.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

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

/* ---- All of them ---- */

const struct CMUnitTest *store_studies_tests(size_t *n)
{
    static const struct CMUnitTest tests[] = {
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
    };
    *n = sizeof tests / sizeof tests[0];
    return tests;
}
