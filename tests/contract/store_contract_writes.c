/* store_contract_writes.c: what every kind of store owes its callers: transactions, whole whatever
 * happens beside them. */
#include "store_contract.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

        begin(f); /* behind what a server was told already and may still be doing */
        store_rollback(f->store);
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

/* More than any store reads at once. */
enum { LONG = 2500 };

/* At the first row another handle adds one that would come last; at each 500th the same store is
 * read. */
static hone_status add_beside(void *context, const struct observation *row, hone_error *e)
{
    struct long_read *read = context;
    struct observation more = {.trial = 1, .attempt = 1, .metric = "m", .seq = 1, .value = 9.0};
    hone_status status = HONE_OK;
    if (read->n % 500 == 0)
        assert_int_equal(n_trials(read->f->store, read->f->study.id), 2);
    if (read->n == 0) {
        status = store_begin(read->writer, read->f->study.id, read->f->epoch, e);
        if (status == HONE_OK)
            status = store_put_observations(read->writer, &more, 1, e);
        if (status == HONE_OK)
            status = store_commit(read->writer, e);
    }
    assert_int_equal(row->trial, read->n / LONG);
    assert_int_equal(row->seq, read->n % LONG);
    read->n++;
    return status;
}

static void a_long_visit_of_observations_sees_one_state(void **state)
{
    struct fixture *f = *state;
    static struct observation rows[LONG + 1];
    struct long_read read = {f, open_again(f), 0};
    for (int64_t i = 0; i <= LONG; i++)
        rows[i] = (struct observation){
            .trial = i / LONG, .attempt = 1, .metric = "m", .seq = i % LONG, .value = 0.5};
    begin(f);
    for (int i = 0; i < 2; i++) {
        put_trial(f, i, HONE_TRIAL_RUNNING);
        put_attempt(f, i, 1, ATTEMPT_RUNNING, 1, 0);
    }
    OK(store_put_observations(f->store, rows, LONG + 1, &err));
    OK(store_commit(f->store, &err));
    OK(store_observations(f->store, f->study.id, -1, NULL, add_beside, &read, &err));
    assert_int_equal(read.n, LONG + 1);
    assert_int_equal(n_observations(f->store, f->study.id), LONG + 2);
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

/* ---- All of them ---- */

const struct CMUnitTest *store_writes_tests(size_t *n)
{
    static const struct CMUnitTest tests[] = {
        T(nothing_of_a_rolled_back_transaction_remains),
        T(writes_need_a_transaction),
        T(a_transaction_with_a_failed_write_cannot_be_committed),
        T(an_observation_belongs_to_an_attempt),
        T(ten_thousand_trials),
        T(a_killed_writer_leaves_whole_transactions),
        T(a_reader_beside_a_writer_sees_whole_transactions),
        T(a_slow_reader_does_not_stop_the_writer),
        T(a_long_visit_of_observations_sees_one_state),
        T(a_second_writer_waits_its_turn_and_then_says_so),
        T(no_descriptor_is_inherited),
    };
    *n = sizeof tests / sizeof tests[0];
    return tests;
}
