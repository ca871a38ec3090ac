/* store_contract_rows.c: what every kind of store owes its callers: what is put comes back as it
 * was. */
#include "store_contract.h"

#include <float.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

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

static char word_other[] = "other", word_uid_2[] = "uid-2";

/* A server tells by itself; for a file there are a signal and the clock. */
static void a_request_is_heard_of(void **state)
{
    enum { SOON_MS = 20000 };
    struct fixture *f = *state;
    int64_t id;
    struct study_row row = study_named(word_other, word_uid_2);
    struct store *other = open_again(f);
    assert_int_equal(store_ear(f->store), -1);
    assert_int_equal(store_heard(f->store, f->study.id), is_server()); /* begins to listen */
    OK(store_study_create(other, &row, &err));
    OK(store_request(other, row.id, "stop", NULL, 1, &id, &err));
    struct pollfd ear = {.fd = store_ear(f->store), .events = POLLIN};
    if (is_server()) {
        assert_int_equal(poll(&ear, 1, SOON_MS), 1);
        assert_false(store_heard(f->store, f->study.id)); /* another study's */
        OK(store_request(other, f->study.id, "stop", NULL, 1, &id, &err));
        assert_int_equal(poll(&ear, 1, SOON_MS), 1);
        assert_true(store_heard(f->store, f->study.id));
        OK(store_request(other, f->study.id, "stop", NULL, 1, &id, &err));
        n_trials(f->store, f->study.id); /* what comes with another answer is not lost */
        assert_true(store_heard(f->store, f->study.id));
    } else {
        assert_int_equal(ear.fd, -1);
        assert_false(store_heard(f->store, f->study.id));
    }
    assert_false(store_heard(f->store, f->study.id));
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

/* ---- All of them ---- */

const struct CMUnitTest *store_rows_tests(size_t *n)
{
    static const struct CMUnitTest tests[] = {
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
        T(a_request_is_heard_of),
        T(any_text_comes_back_unchanged),
        T(a_large_text_comes_back_unchanged),
    };
    *n = sizeof tests / sizeof tests[0];
    return tests;
}
