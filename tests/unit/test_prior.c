/* test_prior.c: what a person believes of good values: densities, draws, and what the search makes
 * of them. */
#include "near.h"

#include "base/numeric.h"
#include "study/optimizer.h"

static hone_space *make_space(void)
{
    hone_space *s = hone_space_new();
    hone_value opts[] = {HONE_TEXT("sgd"), HONE_TEXT("adam"), HONE_TEXT("rms")};
    hone_value widths[] = {HONE_NUMBER(16), HONE_NUMBER(32), HONE_NUMBER(64), HONE_NUMBER(512)};
    assert_int_equal(hone_space_add_float(s, "lr", 1e-5, 1e-1, HONE_LOG, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(s, "opt", 3, opts, NULL), HONE_OK);
    assert_int_equal(hone_space_add_ordinal(s, "width", 4, widths, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(s, "depth", 1, 9, HONE_LINEAR, NULL), HONE_OK);
    return s;
}

static void believe(hone_space *s, double lr, double sd)
{
    double weights[] = {1.0, 3.0, 0.0};
    assert_int_equal(hone_space_set_prior(s, "lr", HONE_NUMBER(lr), sd, NULL), HONE_OK);
    assert_int_equal(hone_space_set_weights(s, "opt", 3, weights, NULL), HONE_OK);
    assert_int_equal(hone_space_set_prior(s, "width", HONE_NUMBER(32), 0.1, NULL), HONE_OK);
    assert_int_equal(hone_space_set_prior(s, "depth", HONE_NUMBER(9), 0.2, NULL), HONE_OK);
}

static void densities_have_the_mass_of_a_uniform_one(void **state)
{
    (void)state;
    hone_space *s = make_space();
    double slope, sum = 0.0;
    believe(s, 1e-4, 0.15);
    const struct param *lr = &s->params[0], *opt = &s->params[1];
    for (int i = 0; i < 1000; i++)
        sum += num_exp(space_prior_log(lr, (i + 0.5) / 1000.0, &slope)) / 1000.0;
    assert_near(sum, 1.0, 1e-5);
    /* 0.9 x 3 x 3/4 + 0.1, and what has no weight keeps a tenth */
    assert_near(num_exp(space_prior_log(opt, 1.0, &slope)), 2.125, 1e-12);
    assert_near(num_exp(space_prior_log(opt, 2.0, &slope)), 0.1, 1e-12);
    assert_true(space_prior_mode(opt) == 1.0);
    assert_near(space_prior_mode(lr), 0.25, 1e-12);
    hone_space_free(s);
}

static void the_slope_of_a_density_is_its_derivative(void **state)
{
    (void)state;
    hone_space *s = make_space();
    believe(s, 1e-4, 0.15);
    const struct param *lr = &s->params[0];
    for (double u = 0.05; u < 1.0; u += 0.09) {
        double slope, unused, h = 1e-6;
        space_prior_log(lr, u, &slope);
        double d =
            (space_prior_log(lr, u + h, &unused) - space_prior_log(lr, u - h, &unused)) / (2.0 * h);
        assert_near(slope, d, 1e-6);
    }
    hone_space_free(s);
}

static void draws_follow_the_density(void **state)
{
    (void)state;
    hone_space *s = make_space();
    believe(s, 1e-3, 0.1);
    double near = 0.0, counts[3] = {0}, low = 0.0;
    for (int i = 0; i < 10000; i++) {
        double u = (i + 0.5) / 10000.0;
        double x = space_spread(&s->params[0], space_prior_unit(&s->params[0], u));
        near += fabs(x - 0.5) < 0.1 ? 1e-4 : 0.0;
        counts[(int)space_spread(&s->params[1], space_prior_unit(&s->params[1], u))] += 1e-4;
        double w = space_spread(&s->params[2], space_prior_unit(&s->params[2], u));
        low += w < 0.2 ? 1e-4 : 0.0; /* 16, 32 and 64 lie together */
    }
    assert_near(near, 0.9 * 0.6826894921 + 0.1 * 0.2, 2e-3);
    assert_near(counts[0], 0.9 * 0.25 + 0.1 / 3.0, 2e-3);
    assert_near(counts[1], 0.9 * 0.75 + 0.1 / 3.0, 2e-3);
    assert_near(counts[2], 0.1 / 3.0, 2e-3);
    assert_true(low > 0.9);
    assert_true(space_prior_unit(&s->params[3], 0.5) != 0.5);
    hone_space_free(s);
}

static void mistakes_are_refused(void **state)
{
    (void)state;
    hone_error err;
    hone_space *s = make_space();
    double zero[] = {0, 0, 0}, minus[] = {1, -1, 1};
    assert_int_equal(hone_space_set_prior(s, "x", HONE_NUMBER(1), 0.1, &err), HONE_ENOTFOUND);
    assert_int_equal(hone_space_set_prior(s, "lr", HONE_NUMBER(1), 0.1, &err), HONE_EINVAL);
    assert_int_equal(hone_space_set_prior(s, "lr", HONE_NUMBER(1e-3), 0, &err), HONE_EINVAL);
    assert_string_equal(err.text, "parameter \"lr\": a prior's sd must be in [0.01, 1], got 0");
    assert_int_equal(hone_space_set_prior(s, "opt", HONE_TEXT("sgd"), 0.1, &err), HONE_EINVAL);
    assert_int_equal(hone_space_set_weights(s, "lr", 3, zero, &err), HONE_EINVAL);
    assert_int_equal(hone_space_set_weights(s, "opt", 3, zero, &err), HONE_EINVAL);
    assert_int_equal(hone_space_set_weights(s, "opt", 3, minus, &err), HONE_EINVAL);
    assert_int_equal(hone_space_set_weights(s, "opt", 2, minus, &err), HONE_EINVAL);
    assert_false(space_has_prior(s));
    hone_space_free(s);
}

/* Mean best of (u - 0.3)^2 + (v - 0.3)^2 after n trials, with a prior at `at` (none below 0). */
static double mean_best(double at, int n)
{
    double sum = 0.0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        hone_space *s = hone_space_new();
        const char *names[] = {"u", "v"};
        for (int j = 0; j < 2; j++) {
            assert_int_equal(hone_space_add_float(s, names[j], 0, 1, HONE_LINEAR, NULL), HONE_OK);
            if (at >= 0.0)
                assert_int_equal(hone_space_set_prior(s, names[j], HONE_NUMBER(at), 0.1, NULL),
                                 HONE_OK);
        }
        hone_options options = {.strategy = "bayesian", .seed = seed};
        hone_optimizer *opt = hone_optimizer_new(s, &options, NULL);
        for (int i = 0; i < n; i++) {
            const hone_trial *trial = hone_ask(opt, NULL);
            double u = hone_trial_number(trial, "u") - 0.3, v = hone_trial_number(trial, "v") - 0.3;
            double value = u * u + v * v;
            assert_int_equal(hone_tell(opt, hone_trial_id(trial), &value, 1, NULL), HONE_OK);
        }
        sum += hone_trial_values(hone_best(opt), &(size_t){0})[0] / 10.0;
        hone_optimizer_free(opt);
        hone_space_free(s);
    }
    return sum;
}

static void a_right_belief_helps_and_a_wrong_one_fades(void **state)
{
    (void)state;
    double none = mean_best(-1.0, 8), right = mean_best(0.35, 8), wrong = mean_best(0.9, 30);
    assert_true(right < 0.5 * none);
    assert_true(wrong < 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(densities_have_the_mass_of_a_uniform_one),
        cmocka_unit_test(the_slope_of_a_density_is_its_derivative),
        cmocka_unit_test(draws_follow_the_density),
        cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(a_right_belief_helps_and_a_wrong_one_fades),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
