/*
 * test_bayesian.c: the strategy as a user meets it: good proposals on a fixed function, legal ones
 * whatever happens, the same ones after a replay.
 */
#include "near.h"

#include <string.h>

#include "base/mem.h"
#include "base/numeric.h"
#include "hone.h"

static hone_optimizer *make(hone_space *space, hone_options options)
{
    hone_error err;
    hone_optimizer *opt = hone_optimizer_new(space, &options, &err);
    if (opt == NULL)
        fail_msg("%s", err.text);
    hone_space_free(space);
    return opt;
}

static const hone_trial *ask(hone_optimizer *opt)
{
    hone_error err;
    const hone_trial *trial = hone_ask(opt, &err);
    if (trial == NULL)
        fail_msg("%s", err.text);
    return trial;
}

static void tell(hone_optimizer *opt, const hone_trial *trial, double value)
{
    assert_int_equal(hone_tell(opt, hone_trial_id(trial), &value, 1, NULL), HONE_OK);
}

/* Rate, depth, method, and a number that only one method has; the least value is 0. */
static hone_space *tuning_space(void)
{
    hone_space *s = hone_space_new();
    hone_value methods[] = {HONE_TEXT("a"), HONE_TEXT("b"), HONE_TEXT("c")};
    assert_int_equal(hone_space_add_float(s, "rate", 1e-5, 1e-1, HONE_LOG, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(s, "depth", 1, 12, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(s, "method", 3, methods, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(s, "share", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(s, "share", "method", 1, methods + 1, NULL), HONE_OK);
    return s;
}

static double loss_of(const hone_trial *trial)
{
    double rate = num_log(hone_trial_number(trial, "rate") / 3e-3);
    double depth = hone_trial_number(trial, "depth") - 8.0;
    const char *method = hone_trial_text(trial, "method");
    double loss = 0.1 * rate * rate + 0.05 * depth * depth;
    if (strcmp(method, "b") == 0) {
        double share = hone_trial_number(trial, "share") - 0.3;
        return loss + share * share;
    }
    return loss + (strcmp(method, "a") == 0 ? 0.3 : 0.6);
}

static double best_after(uint64_t seed, int n, const char *strategy)
{
    hone_optimizer *opt = make(
        tuning_space(), (hone_options){.seed = seed, .budget = (uint64_t)n, .strategy = strategy});
    for (int i = 0; i < n; i++) {
        const hone_trial *trial = ask(opt);
        tell(opt, trial, loss_of(trial));
    }
    size_t n_values;
    double best = hone_trial_values(hone_best(opt), &n_values)[0];
    hone_optimizer_free(opt);
    return best;
}

static void twenty_seeds_come_close_to_the_optimum(void **state)
{
    (void)state;
    double sum = 0.0, random = 0.0, worst = 0.0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        double best = best_after(seed, 30, "bayesian");
        sum += best / 20;
        worst = fmax(worst, best);
        random += best_after(seed, 30, "random") / 20;
    }
    assert_true(sum < 0.002);
    assert_true(worst < 0.02);
    assert_true(sum < 0.02 * random);
}

/* As a pure function of the events: replayed up to some trial, it goes on with the same bits. */
static void a_replayed_study_goes_on_as_if_never_interrupted(void **state)
{
    (void)state;
    hone_options options = {.seed = 5, .parallel = 3};
    hone_optimizer *live = make(tuning_space(), options), *again = make(tuning_space(), options);
    const hone_trial *running[3] = {0};
    for (uint64_t i = 0; i < 40; i++) {
        size_t place = i % 3, n_settings, memo_size;
        if (running[place] != NULL) {
            double value = loss_of(running[place]);
            uint64_t id = hone_trial_id(running[place]);
            if (id % 7 == 3) {
                assert_int_equal(hone_tell_failed(live, id, NULL), HONE_OK);
                assert_int_equal(hone_tell_failed(again, id, NULL), HONE_OK);
            } else {
                assert_int_equal(hone_tell(live, id, &value, 1, NULL), HONE_OK);
                assert_int_equal(hone_tell(again, id, &value, 1, NULL), HONE_OK);
            }
        }
        const hone_trial *trial = ask(live);
        const hone_setting *settings = hone_trial_settings(trial, &n_settings);
        if (i < 30) {
            const void *memo = hone_memo(live, &memo_size);
            uint64_t id;
            assert_int_equal(hone_restore(again, settings, n_settings, hone_trial_why(trial), memo,
                                          memo_size, &id, NULL),
                             HONE_OK);
        } else {
            size_t n_other;
            const hone_trial *other = ask(again);
            const hone_setting *others = hone_trial_settings(other, &n_other);
            assert_int_equal(n_settings, n_other);
            for (size_t j = 0; j < n_settings; j++)
                assert_true(settings[j].value.kind == HONE_VALUE_TEXT ||
                            settings[j].value.number == others[j].value.number);
            assert_string_equal(hone_trial_why(trial), hone_trial_why(other));
        }
        running[place] = trial;
    }
    hone_optimizer_free(live);
    hone_optimizer_free(again);
}

static hone_space *small_space(void)
{
    hone_space *s = hone_space_new();
    hone_value kinds[] = {HONE_TEXT("a"), HONE_TEXT("b"), HONE_TEXT("c")};
    assert_int_equal(hone_space_add_int(s, "n", 1, 5, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(s, "kind", 3, kinds, NULL), HONE_OK);
    return s;
}

static void a_finite_space_is_used_up_without_a_repeat(void **state)
{
    (void)state;
    hone_optimizer *opt = make(small_space(), (hone_options){.seed = 1});
    bool tried[5][3] = {{0}};
    for (int i = 0; i < 15; i++) {
        const hone_trial *trial = ask(opt);
        int n = (int)hone_trial_number(trial, "n"), kind = hone_trial_text(trial, "kind")[0] - 'a';
        assert_false(tried[n - 1][kind]);
        tried[n - 1][kind] = true;
        tell(opt, trial, (double)((n - 3) * (n - 3) + kind) + 0.1 * (double)(i % 2));
    }
    hone_error err;
    assert_null(hone_ask(opt, &err));
    assert_int_equal(err.status, HONE_EEXHAUSTED);
    hone_optimizer_free(opt);
}

static void expressions_hold_for_every_proposal(void **state)
{
    (void)state;
    hone_space *s = tuning_space();
    assert_int_equal(hone_space_add_where(s, "depth * rate <= 0.02 and share >= 0.2", NULL),
                     HONE_OK);
    hone_optimizer *opt = make(s, (hone_options){.seed = 2});
    for (int i = 0; i < 40; i++) {
        const hone_trial *trial = ask(opt);
        double share = hone_trial_number(trial, "share");
        if (!isnan(share)) {
            assert_true(share >= 0.2);
            assert_true(hone_trial_number(trial, "depth") * hone_trial_number(trial, "rate") <=
                        0.02);
        }
        tell(opt, trial, loss_of(trial));
    }
    hone_optimizer_free(opt);
}

static void strange_values_still_give_proposals(void **state)
{
    (void)state;
    static const double odd[][3] = {
        {1.0, 1.0, 1.0}, {1e300, -1e300, 0.0}, {1e-300, 2e-300, 0.0}, {5.0, 5.0, 5.0 + 1e-15}};
    for (size_t k = 0; k < sizeof odd / sizeof odd[0]; k++) {
        hone_optimizer *opt = make(tuning_space(), (hone_options){.seed = k});
        for (int i = 0; i < 25; i++)
            tell(opt, ask(opt), odd[k][i % 3]);
        hone_optimizer_free(opt);
    }
}

static void a_storm_of_failures_is_survived_and_then_avoided(void **state)
{
    (void)state;
    hone_optimizer *opt = make(tuning_space(), (hone_options){.seed = 4});
    for (int i = 0; i < 8; i++)
        assert_int_equal(hone_tell_failed(opt, hone_trial_id(ask(opt)), NULL), HONE_OK);
    int failed = 0;
    for (int i = 0; i < 40; i++) {
        const hone_trial *trial = ask(opt);
        /* All of the upper rates fail. */
        bool fails = hone_trial_number(trial, "rate") > 1e-2;
        failed += fails && i >= 20;
        if (fails)
            assert_int_equal(hone_tell_failed(opt, hone_trial_id(trial), NULL), HONE_OK);
        else
            tell(opt, trial, loss_of(trial));
    }
    assert_true(failed <= 4);
    hone_optimizer_free(opt);
}

static void thirty_two_workers_get_different_configurations(void **state)
{
    (void)state;
    hone_optimizer *opt = make(tuning_space(), (hone_options){.seed = 6, .parallel = 32});
    const hone_trial *running[32];
    for (int i = 0; i < 32; i++)
        running[i] = ask(opt);
    for (int i = 0; i < 32; i++) {
        tell(opt, running[i], loss_of(running[i]));
        running[i] = ask(opt);
        for (int j = 0; j < i; j++)
            assert_true(hone_trial_number(running[i], "rate") !=
                        hone_trial_number(running[j], "rate"));
    }
    hone_optimizer_free(opt);
}

static void an_early_stopped_trial_counts_by_its_last_report(void **state)
{
    (void)state;
    hone_optimizer *opt = make(tuning_space(), (hone_options){.seed = 7});
    for (int i = 0; i < 30; i++) {
        const hone_trial *trial = ask(opt);
        uint64_t id = hone_trial_id(trial);
        double loss = loss_of(trial);
        bool stop;
        assert_int_equal(hone_report(opt, id, 1, loss + 1.0, &stop, NULL), HONE_OK);
        if (i % 3 == 2) {
            assert_int_equal(hone_tell_stopped(opt, id, NULL), HONE_OK);
            continue;
        }
        assert_int_equal(hone_report(opt, id, 2, loss, &stop, NULL), HONE_OK);
        tell(opt, trial, loss);
    }
    size_t n_values;
    assert_true(hone_trial_values(hone_best(opt), &n_values)[0] < 0.1);
    hone_optimizer_free(opt);
}

static void the_expected_gain_falls_as_the_search_converges(void **state)
{
    (void)state;
    hone_optimizer *opt = make(tuning_space(), (hone_options){.seed = 8});
    assert_true(isnan(hone_expected_gain(opt)));
    double early = (double)NAN;
    for (int i = 0; i < 60; i++) {
        const hone_trial *trial = ask(opt);
        if (i == 12)
            early = hone_expected_gain(opt);
        tell(opt, trial, 1.0 + loss_of(trial));
    }
    assert_true(early > 0.01);
    assert_true(hone_expected_gain(opt) >= 0.0 && hone_expected_gain(opt) < 0.1 * early);
    hone_optimizer_free(opt);
}

static void an_ask_that_runs_out_of_memory_changes_nothing(void **state)
{
    (void)state;
    hone_optimizer *opt = make(tuning_space(), (hone_options){.seed = 9});
    hone_optimizer *calm = make(tuning_space(), (hone_options){.seed = 9});
    for (int i = 0; i < 12; i++) {
        hone_error err;
        const hone_trial *trial = NULL, *other = ask(calm);
        for (size_t n = 1; trial == NULL && n < 200; n++) {
            mem_fail_at(n, 0);
            trial = hone_ask(opt, &err);
            mem_fail_at(0, 0);
            if (trial == NULL)
                assert_int_equal(err.status, HONE_ENOMEM);
        }
        assert_non_null(trial);
        assert_true(hone_trial_number(trial, "rate") == hone_trial_number(other, "rate"));
        tell(opt, trial, loss_of(trial));
        tell(calm, other, loss_of(other));
    }
    hone_optimizer_free(opt);
    hone_optimizer_free(calm);
}

static void two_thousand_trials_are_served(void **state)
{
    (void)state;
    hone_optimizer *opt = make(tuning_space(), (hone_options){.seed = 10});
    for (int i = 0; i < 2000; i++) {
        double rate = 1e-5 * num_exp(9.2 * (i + 0.5) / 2000.0);
        hone_setting settings[] = {{"rate", HONE_NUMBER(rate)},
                                   {"depth", HONE_NUMBER(1 + i % 12)},
                                   {"method", HONE_TEXT("a")}};
        double value = 0.1 * num_log(rate / 3e-3) * num_log(rate / 3e-3) + 0.3 + 0.01 * (i % 12);
        uint64_t id;
        assert_int_equal(hone_add(opt, settings, 3, &value, 1, &id, NULL), HONE_OK);
    }
    for (int i = 0; i < 5; i++) {
        const hone_trial *trial = ask(opt);
        tell(opt, trial, loss_of(trial));
    }
    hone_optimizer_free(opt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twenty_seeds_come_close_to_the_optimum),
        cmocka_unit_test(a_replayed_study_goes_on_as_if_never_interrupted),
        cmocka_unit_test(a_finite_space_is_used_up_without_a_repeat),
        cmocka_unit_test(expressions_hold_for_every_proposal),
        cmocka_unit_test(strange_values_still_give_proposals),
        cmocka_unit_test(a_storm_of_failures_is_survived_and_then_avoided),
        cmocka_unit_test(thirty_two_workers_get_different_configurations),
        cmocka_unit_test(an_early_stopped_trial_counts_by_its_last_report),
        cmocka_unit_test(the_expected_gain_falls_as_the_search_converges),
        cmocka_unit_test(an_ask_that_runs_out_of_memory_changes_nothing),
        cmocka_unit_test(two_thousand_trials_are_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
