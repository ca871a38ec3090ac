/*
 * test_outcomes.c: the strategy "bayesian" with several objectives and with constraints, as a user
 * meets it: it finds more of a front than chance does, and the best of what is allowed.
 */
#include "near.h"

#include <string.h>

#include "base/mem.h"
#include "base/numeric.h"
#include "hone.h"

#define N_FLOATS 4

static const char *const names[N_FLOATS] = {"a", "b", "c", "d"};

static hone_optimizer *make(const hone_options *options)
{
    hone_space *s = hone_space_new();
    hone_error err;
    for (size_t j = 0; j < N_FLOATS; j++)
        assert_int_equal(hone_space_add_float(s, names[j], 0, 1, HONE_LINEAR, NULL), HONE_OK);
    hone_optimizer *opt = hone_optimizer_new(s, options, &err);
    if (opt == NULL)
        fail_msg("%s", err.text);
    hone_space_free(s);
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

static double square(double x)
{
    return x * x;
}

/* Distances to n corners of the cube: the front is what lies between them. */
static void distances(const hone_trial *trial, double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        values[i] = 0.0;
        for (size_t j = 0; j < N_FLOATS; j++) {
            double corner = i == 0 ? 0.3 : j == i - 1 ? 0.8 : 0.2;
            values[i] += square(hone_trial_number(trial, names[j]) - corner);
        }
    }
}

static double volume_after(int n, hone_options options)
{
    options.has_reference = true;
    for (size_t i = 0; i < options.n_objectives; i++)
        options.reference[i] = 0.8;
    hone_optimizer *opt = make(&options);
    for (int i = 0; i < n; i++) {
        double values[HONE_MAX_OBJECTIVES];
        const hone_trial *trial = ask(opt);
        distances(trial, values, options.n_objectives);
        assert_int_equal(hone_tell(opt, hone_trial_id(trial), values, options.n_objectives, NULL),
                         HONE_OK);
    }
    double volume = hone_hypervolume(opt);
    hone_optimizer_free(opt);
    return volume;
}

static void more_of_the_front_is_found_than_by_chance(void **state)
{
    (void)state;
    for (size_t m = 2; m <= 4; m++)
        for (uint64_t seed = 0; seed < 3; seed++) {
            hone_options options = {.seed = seed, .n_objectives = m, .budget = 40};
            double found = volume_after(40, options);
            options.strategy = "random";
            double by_chance = volume_after(300, options);
            if (found <= by_chance)
                fail_msg("%zu objectives, seed %d: %g with the model, %g by chance", m, (int)seed,
                         found, by_chance);
        }
}

/* The value is least at 1, where it is not allowed. */
static void tell_limited(hone_optimizer *opt, const hone_trial *trial)
{
    double values[2] = {0.0, 0.0};
    for (size_t j = 0; j < N_FLOATS; j++) {
        double x = hone_trial_number(trial, names[j]);
        values[0] += square(1.0 - x);
        values[1] += 100.0 * x;
    }
    assert_int_equal(hone_tell(opt, hone_trial_id(trial), values, 2, NULL), HONE_OK);
}

static void the_best_lies_on_the_limit(void **state)
{
    (void)state;
    hone_options options = {.seed = 1, .n_constraints = 1, .constraints = {{.limit = 150.0}}};
    hone_optimizer *opt = make(&options);
    size_t n, words = 0;
    for (int i = 0; i < 40; i++) {
        const hone_trial *trial = ask(opt);
        words += strstr(hone_trial_why(trial), "keeps the constraints with probability") != NULL;
        tell_limited(opt, trial);
    }
    /* all four at 0.375: 4 (1 - 0.375)^2 */
    const double *best = hone_trial_values(hone_best(opt), &n);
    assert_true(best[1] <= 150.0);
    assert_true(best[0] < 1.5625 + 0.02);
    assert_true(words >= 20);
    hone_optimizer_free(opt);
}

static void what_is_allowed_is_sought_until_it_is_found(void **state)
{
    (void)state;
    hone_options options = {.seed = 1, .n_constraints = 1, .constraints = {{.limit = 20.0}}};
    hone_optimizer *opt = make(&options);
    size_t n_kept = 0, n_words = 0;
    for (int i = 0; i < 30; i++) {
        const hone_trial *trial = ask(opt);
        n_words += strstr(hone_trial_why(trial), "no trial keeps the constraints yet") != NULL;
        if (n_words > 0)
            assert_true(n_kept == 0 || strstr(hone_trial_why(trial), "no trial keeps") == NULL);
        tell_limited(opt, trial);
        n_kept += hone_trial_is_feasible(trial);
    }
    assert_true(n_words > 0);
    assert_true(n_kept > 5); /* of the cube a 15,000th part is allowed */
    hone_optimizer_free(opt);
}

static void the_gain_of_the_volume_falls(void **state)
{
    (void)state;
    hone_options options = {.seed = 4, .n_objectives = 2, .budget = 40};
    hone_optimizer *opt = make(&options);
    double early = 0.0;
    for (int i = 0; i < 40; i++) {
        double values[2];
        const hone_trial *trial = ask(opt);
        distances(trial, values, 2);
        assert_int_equal(hone_tell(opt, hone_trial_id(trial), values, 2, NULL), HONE_OK);
        if (i == 12) /* an ask after one objective keeps what the last one said */
            early = hone_expected_gain(opt);
    }
    assert_true(early > 1e-3);
    assert_true(hone_expected_gain(opt) >= 0.0 && hone_expected_gain(opt) < 0.5 * early);
    hone_optimizer_free(opt);
}

static void an_ask_that_runs_out_of_memory_changes_nothing(void **state)
{
    (void)state;
    for (size_t m = 2; m <= 4; m += 2) {
        hone_options options = {.seed = 9, .n_objectives = m, .n_constraints = 1};
        hone_optimizer *opt = make(&options), *calm = make(&options);
        for (int i = 0; i < 14; i++) {
            hone_error err;
            const hone_trial *trial = NULL, *other = ask(calm);
            for (size_t n = 1; trial == NULL && n < 2000; n += 1 + n / 8) {
                mem_fail_at(n, 0);
                trial = hone_ask(opt, &err);
                mem_fail_at(0, 0);
                if (trial == NULL)
                    assert_int_equal(err.status, HONE_ENOMEM);
            }
            assert_non_null(trial);
            assert_true(hone_trial_number(trial, "a") == hone_trial_number(other, "a"));
            double values[5];
            distances(trial, values, m + 1);
            values[m] -= 0.5;
            assert_int_equal(hone_tell(opt, hone_trial_id(trial), values, m + 1, NULL), HONE_OK);
            assert_int_equal(hone_tell(calm, hone_trial_id(other), values, m + 1, NULL), HONE_OK);
        }
        hone_optimizer_free(opt);
        hone_optimizer_free(calm);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_of_the_front_is_found_than_by_chance),
        cmocka_unit_test(the_best_lies_on_the_limit),
        cmocka_unit_test(what_is_allowed_is_sought_until_it_is_found),
        cmocka_unit_test(the_gain_of_the_volume_falls),
        cmocka_unit_test(an_ask_that_runs_out_of_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
