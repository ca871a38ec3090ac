/* test_cmaes.c: what the strategy cmaes does with the trials of a study, through the public API. */
#include "near.h"

#include <stdio.h>
#include <string.h>

#include "hone.h"

static hone_error err;

static hone_optimizer *optimizer(hone_space *space, hone_options options)
{
    options.strategy = "cmaes";
    hone_optimizer *opt = hone_optimizer_new(space, &options, &err);
    if (opt == NULL)
        fail_msg("%s", err.text);
    hone_space_free(space);
    return opt;
}

static void must(hone_status status)
{
    if (status != HONE_OK)
        fail_msg("%s", err.text);
}

static const hone_trial *ask(hone_optimizer *opt)
{
    const hone_trial *trial = hone_ask(opt, &err);
    if (trial == NULL)
        fail_msg("%s", err.text);
    return trial;
}

static void tell(hone_optimizer *opt, const hone_trial *trial, double value)
{
    must(hone_tell(opt, hone_trial_id(trial), &value, 1, &err));
}

static void add_floats(hone_space *space, const char *prefix, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        char name[16];
        snprintf(name, sizeof name, "%s%zu", prefix, j);
        must(hone_space_add_float(space, name, -5, 5, HONE_LINEAR, &err));
    }
}

static hone_space *floats(size_t n)
{
    hone_space *space = hone_space_new();
    add_floats(space, "x", n);
    return space;
}

/* sum (x - 1)^2 over all numbers. */
static double sphere(const hone_trial *trial)
{
    size_t n;
    const hone_setting *settings = hone_trial_settings(trial, &n);
    double sum = 0.0;
    for (size_t j = 0; j < n; j++)
        if (settings[j].value.kind == HONE_VALUE_NUMBER)
            sum += (settings[j].value.number - 1.0) * (settings[j].value.number - 1.0);
    return sum;
}

static double best_value(const hone_optimizer *opt)
{
    size_t n;
    return hone_trial_values(hone_best(opt), &n)[0];
}

static void what_was_known_before_sets_the_mean(void **state)
{
    (void)state;
    hone_optimizer *opt = optimizer(floats(2), (hone_options){0});
    for (int i = 0; i < 3; i++) {
        const hone_setting settings[] = {{"x0", HONE_NUMBER(4.0 - i)},
                                         {"x1", HONE_NUMBER(-4.0 + i)}};
        const double value = i;
        must(hone_add(opt, settings, 2, &value, 1, NULL, &err));
    }
    double sum0 = 0.0, sum1 = 0.0;
    for (int i = 0; i < 30; i++) {
        const hone_trial *trial = ask(opt);
        sum0 += hone_trial_number(trial, "x0") / 30;
        sum1 += hone_trial_number(trial, "x1") / 30;
    }
    assert_true(sum0 > 1.0 && sum1 < -1.0);
    hone_optimizer_free(opt);
}

static void ints_choices_and_floats_converge_together(void **state)
{
    (void)state;
    const hone_value kinds[] = {HONE_TEXT("a"), HONE_TEXT("b"), HONE_TEXT("c"), HONE_TEXT("d")};
    int n_found = 0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        hone_space *space = floats(3);
        must(hone_space_add_int(space, "n", -20, 20, HONE_LINEAR, &err));
        must(hone_space_add_int(space, "few", 0, 2, HONE_LINEAR, &err));
        must(hone_space_add_choice(space, "kind", 4, kinds, &err));
        must(hone_space_add_choice(space, "flag", 2, kinds, &err));
        hone_optimizer *opt = optimizer(space, (hone_options){.seed = seed});
        for (int i = 0; i < 1000; i++) {
            const hone_trial *trial = ask(opt);
            double value = sphere(trial);
            value += strcmp(hone_trial_text(trial, "kind"), "c") != 0;
            value += strcmp(hone_trial_text(trial, "flag"), "b") != 0;
            tell(opt, trial, value);
        }
        n_found += best_value(opt) < 1e-2;
        hone_optimizer_free(opt);
    }
    assert_true(n_found >= 9);
}

static void a_branch_of_a_conditional_space_is_searched(void **state)
{
    (void)state;
    const hone_value kinds[] = {HONE_TEXT("plain"), HONE_TEXT("tuned"), HONE_TEXT("other")};
    hone_space *space = floats(2);
    must(hone_space_add_choice(space, "kind", 3, kinds, &err));
    add_floats(space, "y", 2);
    must(hone_space_add_condition(space, "y0", "kind", 1, kinds + 1, &err));
    must(hone_space_add_condition(space, "y1", "kind", 1, kinds + 1, &err));
    hone_optimizer *opt = optimizer(space, (hone_options){.seed = 3});
    for (int i = 0; i < 800; i++) {
        const hone_trial *trial = ask(opt);
        bool tuned = strcmp(hone_trial_text(trial, "kind"), "tuned") == 0;
        tell(opt, trial, sphere(trial) + (tuned ? 0.0 : 4.0));
    }
    assert_string_equal(hone_trial_text(hone_best(opt), "kind"), "tuned");
    assert_true(best_value(opt) < 1e-2);
    hone_optimizer_free(opt);
}

static void the_best_that_keeps_a_constraint_is_found_at_its_edge(void **state)
{
    (void)state;
    hone_options options = {.n_constraints = 1, .constraints = {{.limit = 2.0, .at_least = true}}};
    hone_optimizer *opt = optimizer(floats(3), options);
    for (int i = 0; i < 400; i++) {
        const hone_trial *trial = ask(opt);
        const double values[] = {sphere(trial), hone_trial_number(trial, "x0")};
        must(hone_tell(opt, hone_trial_id(trial), values, 2, &err));
    }
    assert_near(best_value(opt), 1.0, 1e-3);
    hone_optimizer_free(opt);
}

static bool mentions(const hone_trial *trial, const char *words)
{
    return strstr(hone_trial_why(trial), words) != NULL;
}

static void a_generation_waits_for_its_trials_but_not_for_ever(void **state)
{
    (void)state;
    enum { LAMBDA = 6 }; /* of two parameters */
    hone_optimizer *opt = optimizer(floats(2), (hone_options){0});
    const hone_trial *straggler = ask(opt);
    for (int i = 1; i < 2 * LAMBDA; i++) {
        const hone_trial *trial = ask(opt);
        assert_true(mentions(trial, "generation 1"));
        tell(opt, trial, sphere(trial));
    }
    /* One less than two generations have ended. */
    const hone_trial *last = ask(opt);
    assert_true(mentions(last, "generation 1"));
    tell(opt, last, sphere(last));
    /* It is left out, and what it says later changes nothing. */
    assert_true(mentions(ask(opt), "generation 3"));
    tell(opt, straggler, -1e6);
    assert_true(mentions(ask(opt), "generation 3"));
    hone_optimizer_free(opt);
}

static void enqueued_added_failed_and_cancelled_trials_do_not_break_a_generation(void **state)
{
    (void)state;
    hone_optimizer *opt = optimizer(floats(3), (hone_options){.seed = 5});
    for (int i = 0; i < 600; i++) {
        const hone_setting settings[] = {
            {"x0", HONE_NUMBER(-4.9 + 0.01 * i)}, {"x1", HONE_NUMBER(4.5)}, {"x2", HONE_NUMBER(0)}};
        const double far = 60.0;
        if (i % 20 == 3)
            must(hone_enqueue(opt, settings, 2, &err));
        if (i % 20 == 6)
            must(hone_add(opt, settings, 3, &far, 1, NULL, &err));
        const hone_trial *trial = ask(opt);
        if (i % 20 == 9)
            must(hone_tell_failed(opt, hone_trial_id(trial), &err));
        else if (i % 20 == 12)
            must(hone_tell_cancelled(opt, hone_trial_id(trial), &err));
        else
            tell(opt, trial, sphere(trial));
    }
    assert_true(best_value(opt) < 1e-8);
    hone_optimizer_free(opt);
}

static void many_local_optima_are_left_by_restarts(void **state)
{
    (void)state;
    hone_optimizer *opt = optimizer(floats(2), (hone_options){.seed = 2});
    bool has_restarted = false;
    for (int i = 0; i < 4000; i++) {
        const hone_trial *trial = ask(opt);
        double value = 0.0;
        for (int j = 0; j < 2; j++) {
            double x = hone_trial_number(trial, j == 0 ? "x0" : "x1") - 1.0;
            value += 10.0 + x * x - 10.0 * cos(6.283185307179586 * x);
        }
        has_restarted = has_restarted || mentions(trial, "of run 2");
        tell(opt, trial, value);
    }
    assert_true(has_restarted);
    assert_true(best_value(opt) < 1e-6);
    hone_optimizer_free(opt);
}

static void flat_ground_ends_a_run(void **state)
{
    (void)state;
    hone_optimizer *opt = optimizer(floats(2), (hone_options){0});
    const hone_trial *trial = ask(opt);
    for (int i = 0; i < 400 && !mentions(trial, "of run 2"); i++) {
        tell(opt, trial, 7.0);
        trial = ask(opt);
    }
    assert_true(mentions(trial, "of run 2"));
    hone_optimizer_free(opt);
}

static void the_memo_is_small(void **state)
{
    (void)state;
    hone_optimizer *opt = optimizer(floats(10), (hone_options){0});
    size_t size;
    ask(opt);
    hone_memo(opt, &size);
    assert_true(size < 1000);
    hone_optimizer_free(opt);
    opt = optimizer(floats(300), (hone_options){0}); /* a diagonal covariance */
    ask(opt);
    hone_memo(opt, &size);
    assert_true(size < 13000);
    hone_optimizer_free(opt);
}

static void what_it_cannot_serve_is_refused(void **state)
{
    (void)state;
    hone_space *space = floats(1);
    hone_options options = {.strategy = "cmaes", .n_objectives = 2};
    assert_null(hone_optimizer_new(space, &options, &err));
    assert_string_equal(err.text, "strategy \"cmaes\" takes one objective, got 2");
    static hone_value many[1001];
    for (int i = 0; i <= 1000; i++)
        many[i] = HONE_NUMBER(i);
    must(hone_space_add_choice(space, "many", 1001, many, &err));
    options.n_objectives = 1;
    assert_null(hone_optimizer_new(space, &options, &err));
    assert_non_null(strstr(err.text, "at most 1000 coordinates, got 1002"));
    hone_space_free(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_known_before_sets_the_mean),
        cmocka_unit_test(ints_choices_and_floats_converge_together),
        cmocka_unit_test(a_branch_of_a_conditional_space_is_searched),
        cmocka_unit_test(the_best_that_keeps_a_constraint_is_found_at_its_edge),
        cmocka_unit_test(a_generation_waits_for_its_trials_but_not_for_ever),
        cmocka_unit_test(enqueued_added_failed_and_cancelled_trials_do_not_break_a_generation),
        cmocka_unit_test(many_local_optima_are_left_by_restarts),
        cmocka_unit_test(flat_ground_ends_a_run),
        cmocka_unit_test(the_memo_is_small),
        cmocka_unit_test(what_it_cannot_serve_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
