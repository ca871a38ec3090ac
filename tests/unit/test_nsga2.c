/* test_nsga2.c: what the strategy nsga2 does with the trials of a study, through the public API. */
#include "near.h"

#include <string.h>

#include "hone.h"

static hone_error err;

static void must(hone_status status)
{
    if (status != HONE_OK)
        fail_msg("%s", err.text);
}

static hone_optimizer *optimizer(hone_space *space, hone_options options)
{
    hone_optimizer *opt = hone_optimizer_new(space, &options, &err);
    if (opt == NULL)
        fail_msg("%s", err.text);
    hone_space_free(space);
    return opt;
}

static const hone_trial *ask(hone_optimizer *opt)
{
    const hone_trial *trial = hone_ask(opt, &err);
    if (trial == NULL)
        fail_msg("%s", err.text);
    return trial;
}

static hone_space *floats(size_t n)
{
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    hone_space *space = hone_space_new();
    for (size_t j = 0; j < n; j++)
        must(hone_space_add_float(space, names[j], 0, 1, HONE_LINEAR, &err));
    return space;
}

/* ZDT1 (Zitzler, Deb & Thiele 2000) of five parameters: the front is f1 = 1 - sqrt(f0). */
static void zdt1(const hone_trial *trial, double *values)
{
    size_t n;
    const hone_setting *settings = hone_trial_settings(trial, &n);
    double g = 1.0;
    for (size_t j = 1; j < n; j++)
        g += 9.0 * settings[j].value.number / (double)(n - 1);
    values[0] = settings[0].value.number;
    values[1] = g * (1.0 - sqrt(values[0] / g));
}

static double volume_after(const char *strategy, uint64_t seed, int n)
{
    hone_options options = {.strategy = strategy,
                            .seed = seed,
                            .n_objectives = 2,
                            .reference = {1.0, 4.0},
                            .has_reference = true};
    hone_optimizer *opt = optimizer(floats(5), options);
    for (int i = 0; i < n; i++) {
        const hone_trial *trial = ask(opt);
        double values[2];
        zdt1(trial, values);
        must(hone_tell(opt, hone_trial_id(trial), values, 2, &err));
    }
    double volume = hone_hypervolume(opt);
    hone_optimizer_free(opt);
    return volume;
}

/* The whole front has 4 - 1/3: the area under it is the integral of 1 - sqrt(x). */
static void the_front_comes_near(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 3; seed++) {
        double volume = volume_after("nsga2", seed, 1000);
        assert_true(volume > 0.97 * (4.0 - 1.0 / 3.0));
        assert_true(volume < 4.0 - 1.0 / 3.0);
        assert_true(volume_after("random", seed, 1000) < 0.8 * volume);
    }
}

static void trials_that_break_a_constraint_lead_back_to_those_that_keep_it(void **state)
{
    (void)state;
    hone_options options = {.strategy = "nsga2",
                            .n_objectives = 2,
                            .n_constraints = 1,
                            .constraints = {{.limit = 1.8, .at_least = true}}};
    hone_optimizer *opt = optimizer(floats(5), options);
    int n_kept = 0;
    for (int i = 0; i < 300; i++) {
        const hone_trial *trial = ask(opt);
        double values[3];
        zdt1(trial, values);
        values[2] = hone_trial_number(trial, "a") + hone_trial_number(trial, "b"); /* rare: 1/50 */
        n_kept += i >= 200 && values[2] >= 1.8;
        must(hone_tell(opt, hone_trial_id(trial), values, 3, &err));
    }
    assert_true(n_kept > 50);
    hone_optimizer_free(opt);
}

static void mixed_and_conditional_parameters_are_bred_too(void **state)
{
    (void)state;
    const hone_value kinds[] = {HONE_TEXT("plain"), HONE_TEXT("tuned"), HONE_TEXT("other")};
    hone_space *space = floats(2);
    must(hone_space_add_choice(space, "kind", 3, kinds, &err));
    must(hone_space_add_int(space, "n", 0, 100, HONE_LINEAR, &err));
    must(hone_space_add_condition(space, "n", "kind", 1, kinds + 1, &err));
    must(hone_space_add_int(space, "few", 0, 2, HONE_LINEAR, &err));
    hone_optimizer *opt = optimizer(space, (hone_options){.strategy = "nsga2", .seed = 4});
    bool has_bred = false;
    for (int i = 0; i < 600; i++) {
        const hone_trial *trial = ask(opt);
        bool tuned = strcmp(hone_trial_text(trial, "kind"), "tuned") == 0;
        double a = hone_trial_number(trial, "a") - 0.3, b = hone_trial_number(trial, "b") - 0.9;
        double value = a * a + b * b + fabs(hone_trial_number(trial, "few") - 2.0);
        value += tuned ? fabs(hone_trial_number(trial, "n") - 42.0) / 100.0 : 1.0;
        has_bred = has_bred || strstr(hone_trial_why(trial), "child of trials") != NULL;
        if (i % 7 == 6)
            must(hone_tell_failed(opt, hone_trial_id(trial), &err));
        else
            must(hone_tell(opt, hone_trial_id(trial), &value, 1, &err));
    }
    size_t n;
    assert_true(has_bred);
    assert_true(hone_trial_values(hone_best(opt), &n)[0] < 1e-2);
    hone_optimizer_free(opt);
}

static void the_design_is_an_eighth_of_the_budget(void **state)
{
    (void)state;
    hone_options options = {.strategy = "nsga2", .n_objectives = 2, .budget = 80};
    hone_optimizer *opt = optimizer(floats(3), options);
    for (int i = 0; i < 12; i++) {
        const hone_trial *trial = ask(opt);
        bool is_child = strstr(hone_trial_why(trial), "child") != NULL;
        assert_int_equal(is_child, i >= 10);
        const double values[] = {i, -i};
        must(hone_tell(opt, hone_trial_id(trial), values, 2, &err));
    }
    hone_optimizer_free(opt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_front_comes_near),
        cmocka_unit_test(trials_that_break_a_constraint_lead_back_to_those_that_keep_it),
        cmocka_unit_test(mixed_and_conditional_parameters_are_bred_too),
        cmocka_unit_test(the_design_is_an_eighth_of_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
