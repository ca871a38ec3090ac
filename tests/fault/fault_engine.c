/*
 * fault_engine.c: each call of an ordinary study again and again with its 1st, 2nd, 3rd ...
 * allocation failing, until it needs no more. A call that fails says so and changes nothing: in the
 * end the study is, to the last bit, the one of a twin that never ran out of memory.
 */
#include "near.h"

#include <string.h>

#include "search/registry.h"
#include "study/optimizer.h"

#define N_TRIALS 14

/* Run `call` with allocation number n failing, for n = 1, 2, ... until it succeeds. */
#define WITH_FAULTS(call, ok, unchanged)                                                           \
    do {                                                                                           \
        hone_error err = {0};                                                                      \
        for (size_t fault_n = 1;; fault_n++) {                                                     \
            mem_fail_at(fault_n, fault_n % 2 == 0);                                                \
            call;                                                                                  \
            mem_fail_at(0, 0);                                                                     \
            if (ok)                                                                                \
                break;                                                                             \
            assert_int_equal(err.status, HONE_ENOMEM);                                             \
            unchanged;                                                                             \
            assert_true(fault_n < 10000);                                                          \
        }                                                                                          \
    } while (0)

static hone_space *make_space(void)
{
    hone_space *s = hone_space_new();
    hone_value opts[] = {HONE_TEXT("sgd"), HONE_TEXT("adam")};
    assert_int_equal(hone_space_add_float(s, "lr", 1e-5, 1e-1, HONE_LOG, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(s, "opt", 2, opts, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(s, "n", 1, 9, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(s, "n", "opt", 1, opts, NULL), HONE_OK);
    assert_int_equal(hone_space_add_where(s, "n != 5", NULL), HONE_OK);
    return s;
}

static void a_space_stays_as_it_was_when_memory_is_out(void **state)
{
    (void)state;
    hone_space *s = NULL;
    WITH_FAULTS((s = hone_space_new(), err.status = HONE_ENOMEM), s != NULL, (void)0);
    hone_value texts[] = {HONE_TEXT("a"), HONE_TEXT("b")};
    hone_value numbers[] = {HONE_NUMBER(1), HONE_NUMBER(2)};
    hone_status status;
    WITH_FAULTS(status = hone_space_add_float(s, "x", 0, 1, HONE_LINEAR, &err), status == HONE_OK,
                assert_int_equal(s->n, 0));
    WITH_FAULTS(status = hone_space_add_choice(s, "c", 2, texts, &err), status == HONE_OK,
                assert_int_equal(s->n, 1));
    WITH_FAULTS(status = hone_space_add_ordinal(s, "o", 2, numbers, &err), status == HONE_OK,
                assert_int_equal(s->n, 2));
    WITH_FAULTS(status = hone_space_add_condition(s, "o", "c", 2, texts, &err), status == HONE_OK,
                assert_int_equal(s->params[2].n_conditions, 0));
    WITH_FAULTS(status = hone_space_add_where(s, "c == 'a' or o in [1, 2]", &err),
                status == HONE_OK, assert_int_equal(s->n_where, 0));
    uint64_t size = 77;
    WITH_FAULTS(status = hone_space_size(s, &size, &err), status == HONE_OK,
                assert_int_equal(size, 77));
    hone_optimizer *opt = NULL;
    WITH_FAULTS(opt = hone_optimizer_new(s, NULL, &err), opt != NULL, (void)0);
    hone_optimizer_free(opt);
    hone_space_free(s);
}

/* What can be seen of an optimizer. */
struct snapshot {
    size_t n_trials, n_view, n_seen, n_queued, memo_size;
    const void *memo;
    hone_trial_state states[N_TRIALS + 4];
    const hone_trial *best;
};

static struct snapshot look(const hone_optimizer *opt)
{
    struct snapshot s = {.n_trials = opt->n_trials,
                         .n_view = opt->n_view,
                         .n_seen = opt->seen.n,
                         .n_queued = opt->n_queued,
                         .best = hone_best(opt)};
    s.memo = hone_memo(opt, &s.memo_size);
    for (size_t i = 0; i < opt->n_trials; i++)
        s.states[i] = hone_trial_state_of(hone_find(opt, i));
    return s;
}

static void check_unchanged(const hone_optimizer *opt, const struct snapshot *before)
{
    struct snapshot after = look(opt);
    assert_int_equal(after.n_trials, before->n_trials);
    assert_int_equal(after.n_view, before->n_view);
    assert_int_equal(after.n_seen, before->n_seen);
    assert_int_equal(after.n_queued, before->n_queued);
    assert_int_equal(after.memo_size, before->memo_size);
    assert_ptr_equal(after.memo, before->memo);
    assert_ptr_equal(after.best, before->best);
    assert_memory_equal(after.states, before->states, sizeof after.states);
}

static void check_twins(const hone_optimizer *one, const hone_optimizer *two)
{
    assert_int_equal(one->n_trials, two->n_trials);
    for (size_t i = 0; i < one->n_trials; i++) {
        assert_memory_equal(one->trials[i]->row, two->trials[i]->row,
                            one->space->n * sizeof(double));
        assert_int_equal(one->trials[i]->state, two->trials[i]->state);
        assert_string_equal(one->trials[i]->why, two->trials[i]->why);
    }
    assert_int_equal(one->memo.len, two->memo.len);
    assert_memory_equal(one->memo.data, two->memo.data, one->memo.len);
}

/* Run a call on both, with faults on `opt` only. */
#define ON_BOTH(function, ...)                                                                     \
    do {                                                                                           \
        hone_status status;                                                                        \
        struct snapshot before = look(opt);                                                        \
        WITH_FAULTS(status = function(opt, __VA_ARGS__, &err), status == HONE_OK,                  \
                    check_unchanged(opt, &before));                                                \
        assert_int_equal(function(twin, __VA_ARGS__, NULL), HONE_OK);                              \
    } while (0)

static void ask_both(hone_optimizer *opt, hone_optimizer *twin)
{
    const hone_trial *trial = NULL;
    struct snapshot before = look(opt);
    WITH_FAULTS(trial = hone_ask(opt, &err), trial != NULL, check_unchanged(opt, &before));
    assert_non_null(hone_ask(twin, NULL));
    check_twins(opt, twin);
}

static void a_study_is_as_if_memory_had_never_been_out(void **state)
{
    (void)state;
    hone_space *space = make_space();
    hone_setting some = {"lr", HONE_NUMBER(0.01)};
    hone_setting whole[] = {{"lr", HONE_NUMBER(0.02)}, {"opt", HONE_TEXT("adam")}};
    for (size_t a = 0; search_at(a) != NULL; a++) {
        hone_options options = {.strategy = search_at(a)->name,
                                .stopping = search_at(a)->stopping != NULL ? NULL : "median",
                                .grid_points = 4};
        hone_optimizer *opt = hone_optimizer_new(space, &options, NULL);
        hone_optimizer *twin = hone_optimizer_new(space, &options, NULL);
        double value = 0.5;
        uint64_t id;
        ON_BOTH(hone_add, whole, 2, &value, 1, &id);
        ON_BOTH(hone_enqueue, &some, 1);
        ON_BOTH(hone_skip, &id);
        for (uint64_t i = 2; i < N_TRIALS; i++) {
            bool stop;
            ask_both(opt, twin);
            for (int step = 1; step <= 3; step++)
                ON_BOTH(hone_report, i, step, (double)i + step, &stop);
            value = (double)(i * 7 % 5);
            if (i % 5 == 3) {
                ON_BOTH(hone_tell_failed, i);
                ON_BOTH(hone_reopen, i);
                ON_BOTH(hone_tell_cancelled, i);
            } else if (i % 5 == 4) {
                ON_BOTH(hone_tell_stopped, i);
            } else {
                ON_BOTH(hone_tell, i, &value, 1);
            }
        }
        size_t n, size;
        const hone_trial *last = hone_find(opt, N_TRIALS - 1);
        const hone_setting *settings = hone_trial_settings(last, &n);
        const void *memo = hone_memo(twin, &size);
        unsigned char copy[8192];
        assert_true(size <= sizeof copy);
        memcpy(copy, memo, size);
        assert_int_equal(hone_tell_cancelled(opt, N_TRIALS - 1, NULL), HONE_ESTATE);
        ON_BOTH(hone_restore, settings, n, "again", copy, size, &id);
        check_twins(opt, twin);
        hone_optimizer_free(opt);
        hone_optimizer_free(twin);
    }
    hone_space_free(space);
}

/* An analysis without memory says so; with it, it says what it says. */
static void analyses_need_memory_and_leave_none(void **state)
{
    (void)state;
    static const char *const methods[] = {"ped-anova", "sobol", "fanova"};
    hone_space *space = make_space();
    hone_optimizer *opt =
        hone_optimizer_new(space, &(hone_options){.strategy = "random", .seed = 3}, NULL);
    for (size_t i = 0; i < N_TRIALS; i++) {
        const hone_trial *trial = hone_ask(opt, NULL);
        double value = hone_trial_number(trial, "lr") + (double)(i % 3);
        assert_int_equal(hone_tell(opt, hone_trial_id(trial), &value, 1, NULL), HONE_OK);
    }
    for (size_t m = 0; m < 3; m++) {
        hone_effects *effects = NULL;
        WITH_FAULTS(effects = hone_importance(opt, methods[m], 0, &err), effects != NULL, (void)0);
        assert_int_equal(effects->n, 3);
        hone_effects_free(effects);
    }
    hone_model *model = NULL;
    WITH_FAULTS(model = hone_model_new(opt, 0, &err), model != NULL, (void)0);
    hone_model_free(model);
    hone_optimizer_free(opt);
    hone_space_free(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_space_stays_as_it_was_when_memory_is_out),
        cmocka_unit_test(a_study_is_as_if_memory_had_never_been_out),
        cmocka_unit_test(analyses_need_memory_and_leave_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
