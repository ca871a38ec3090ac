/* test_tpe.c: what tpe learns from values, failures, several objectives and constraints. */
#include "near.h"

#include "hone.h"

#define TRIALS 60

/* x in [0, 1] four times, and a choice. */
static hone_space *make_space(void)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    hone_value letters[] = {HONE_TEXT("p"), HONE_TEXT("q"), HONE_TEXT("r")};
    hone_space *s = hone_space_new();
    for (size_t j = 0; j < 4; j++)
        assert_int_equal(hone_space_add_float(s, names[j], 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(s, "choice", 3, letters, NULL), HONE_OK);
    return s;
}

/* What comes of a trial: values, or false when it fails. */
typedef bool (*function)(const hone_trial *trial, double *values);

struct outcome {
    double best;  /* of the first objective */
    double share; /* of the last half that is as `wanted` says */
};

static struct outcome run(hone_options options, size_t n_values, function f,
                          bool (*wanted)(const hone_trial *))
{
    struct outcome outcome = {INFINITY, 0.0};
    hone_space *space = make_space();
    hone_error err = {0};
    hone_optimizer *opt = hone_optimizer_new(space, &options, &err);
    assert_non_null(opt);
    for (int i = 0; i < TRIALS; i++) {
        const hone_trial *trial = hone_ask(opt, &err);
        assert_non_null(trial);
        double values[3];
        if (i >= TRIALS / 2 && wanted != NULL && wanted(trial))
            outcome.share += 2.0 / TRIALS;
        if (!f(trial, values)) {
            assert_int_equal(hone_tell_failed(opt, hone_trial_id(trial), &err), HONE_OK);
            continue;
        }
        outcome.best = fmin(outcome.best, values[0]);
        assert_int_equal(hone_tell(opt, hone_trial_id(trial), values, n_values, &err), HONE_OK);
    }
    hone_optimizer_free(opt);
    hone_space_free(space);
    return outcome;
}

static double square(const hone_trial *t, const char *name, double at)
{
    return (hone_trial_number(t, name) - at) * (hone_trial_number(t, name) - at);
}

static bool bowl(const hone_trial *t, double *values)
{
    values[0] = square(t, "a", 0.7) + square(t, "b", 0.2) + square(t, "c", 0.9) +
                square(t, "d", 0.4) + (hone_trial_text(t, "choice")[0] == 'q' ? 0.0 : 0.2);
    return true;
}

static bool is_q(const hone_trial *t)
{
    return hone_trial_text(t, "choice")[0] == 'q';
}

static void it_is_far_ahead_of_random_draws(void **state)
{
    (void)state;
    double tpe = 0.0, chance = 0.0, share = 0.0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct outcome o = run((hone_options){.strategy = "tpe", .seed = seed}, 1, bowl, is_q);
        tpe += o.best / 10.0;
        share += o.share / 10.0;
        chance +=
            run((hone_options){.strategy = "random", .seed = seed}, 1, bowl, NULL).best / 10.0;
    }
    assert_true(tpe < 0.25 * chance);
    assert_true(share > 0.75); /* of the right choice; a third by chance */
}

/* Half of the space fails, next to the best values. */
static bool cliff(const hone_trial *t, double *values)
{
    values[0] = -hone_trial_number(t, "a");
    return hone_trial_number(t, "a") < 0.5;
}

static bool is_over_the_cliff(const hone_trial *t)
{
    return hone_trial_number(t, "a") >= 0.5;
}

static void it_learns_where_trials_fail(void **state)
{
    (void)state;
    double share = 0.0;
    for (uint64_t seed = 0; seed < 10; seed++)
        share += run((hone_options){.strategy = "tpe", .seed = seed}, 1, cliff, is_over_the_cliff)
                     .share /
                 10.0;
    assert_true(share < 0.5); /* 0.93 where failures are ignored */
}

static bool two_ends(const hone_trial *t, double *values)
{
    double rest = square(t, "b", 0.5);
    values[0] = square(t, "a", 0.2) + rest;
    values[1] = square(t, "a", 0.5) + rest;
    return true;
}

static bool is_near_the_front(const hone_trial *t)
{
    double a = hone_trial_number(t, "a");
    return a > 0.15 && a < 0.55 && square(t, "b", 0.5) < 0.04; /* 16 % of the space */
}

static void with_two_objectives_it_goes_to_the_front(void **state)
{
    (void)state;
    double share = 0.0;
    for (uint64_t seed = 0; seed < 10; seed++)
        share += run((hone_options){.strategy = "tpe", .seed = seed, .n_objectives = 2}, 2,
                     two_ends, is_near_the_front)
                     .share /
                 10.0;
    assert_true(share > 0.5);
}

/* The best values break the constraint; few first trials keep it. */
static bool narrow_door(const hone_trial *t, double *values)
{
    values[0] = hone_trial_number(t, "a");
    values[1] = hone_trial_number(t, "a");
    return true;
}

static bool keeps_constraint(const hone_trial *t)
{
    return hone_trial_number(t, "a") >= 0.8;
}

static void it_looks_for_what_keeps_constraints(void **state)
{
    (void)state;
    double share = 0.0;
    for (uint64_t seed = 0; seed < 10; seed++)
        share += run((hone_options){.strategy = "tpe",
                                    .seed = seed,
                                    .n_constraints = 1,
                                    .constraints = {{.limit = 0.8, .at_least = true}}},
                     2, narrow_door, keeps_constraint)
                     .share /
                 10.0;
    assert_true(share > 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_far_ahead_of_random_draws),
        cmocka_unit_test(it_learns_where_trials_fail),
        cmocka_unit_test(with_two_objectives_it_goes_to_the_front),
        cmocka_unit_test(it_looks_for_what_keeps_constraints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
