/*
 * test_predict.c: hone_predict() and the model behind it: its unit, its honesty about what it does
 * not know, and leave-one-out against a model that really leaves one out.
 */
#include "near.h"

#include <string.h>

#include "analysis/analysis.h"
#include "analysis/surrogate.h"
#include "base/numeric.h"

static double noise_of(size_t i)
{
    struct rng rng;
    rng_init(&rng, 5, RNG_TEST, i);
    return rng_normal(&rng);
}

static double smooth(double x, double y)
{
    return 2.0 * (x - 0.3) * (x - 0.3) + 0.5 * num_sin(4.0 * y) + x * y;
}

/* n trials of scale * smooth() + shift, with normal noise. */
static hone_optimizer *filled(size_t n, double scale, double shift, double noise, bool maximize)
{
    hone_space *space = hone_space_new();
    assert_int_equal(hone_space_add_float(space, "x", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(space, "y", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    hone_options options = {.strategy = "sobol", .seed = 1, .maximize = {maximize}};
    hone_optimizer *opt = hone_optimizer_new(space, &options, NULL);
    assert_non_null(opt);
    for (size_t i = 0; i < n; i++) {
        const hone_trial *t = hone_ask(opt, NULL);
        double f = smooth(hone_trial_number(t, "x"), hone_trial_number(t, "y"));
        double value = scale * (f + noise * noise_of(i)) + shift;
        if (maximize)
            value = -value;
        assert_int_equal(hone_tell(opt, hone_trial_id(t), &value, 1, NULL), HONE_OK);
    }
    hone_space_free(space);
    return opt;
}

static hone_prediction predict(hone_model *model, double x, double y)
{
    const hone_setting settings[] = {{"x", HONE_NUMBER(x)}, {"y", HONE_NUMBER(y)}};
    hone_prediction p;
    assert_int_equal(hone_predict(model, settings, 2, &p, NULL), HONE_OK);
    return p;
}

static void a_smooth_function_is_predicted(void **state)
{
    (void)state;
    hone_optimizer *opt = filled(40, 1.0, 0.0, 0.0, false);
    hone_model *model = hone_model_new(opt, 0, NULL);
    assert_non_null(model);
    for (size_t i = 0; i < 20; i++) {
        double x = fmod(0.1 + 0.618 * (double)i, 1.0), y = fmod(0.2 + 0.755 * (double)i, 1.0);
        hone_prediction p = predict(model, x, y);
        assert_near(p.mean, smooth(x, y), 0.02);
        assert_true(p.sd > 0.0 && p.sd < 0.1 && p.sd_run >= p.sd);
    }
    assert_true(hone_model_fit(model) > 0.98 && hone_model_fit(model) < 1.0);
    hone_model_free(model);
    hone_optimizer_free(opt);
}

static void predictions_are_in_the_objectives_unit(void **state)
{
    (void)state;
    hone_optimizer *plain = filled(30, 1.0, 0.0, 0.05, false);
    hone_optimizer *large = filled(30, 1000.0, 77.0, 0.05, false);
    hone_optimizer *upward = filled(30, 1.0, 0.0, 0.05, true);
    hone_model *a = hone_model_new(plain, 0, NULL), *b = hone_model_new(large, 0, NULL);
    hone_model *c = hone_model_new(upward, 0, NULL);
    for (size_t i = 0; i < 10; i++) {
        double x = fmod(0.4 + 0.618 * (double)i, 1.0), y = fmod(0.7 + 0.755 * (double)i, 1.0);
        hone_prediction p = predict(a, x, y), q = predict(b, x, y), r = predict(c, x, y);
        assert_near_relative(q.mean, 1000.0 * p.mean + 77.0, 1e-4);
        assert_near_relative(q.sd, 1000.0 * p.sd, 1e-3);
        assert_near_relative(q.sd_run, 1000.0 * p.sd_run, 1e-3);
        assert_true(r.mean == -p.mean && r.sd == p.sd && r.sd_run == p.sd_run);
    }
    hone_model_free(a);
    hone_model_free(b);
    hone_model_free(c);
    hone_optimizer_free(plain);
    hone_optimizer_free(large);
    hone_optimizer_free(upward);
}

/* 60 noisy trials: the errors of leave-one-out, in units of what was said of them, are as normal
 * errors are. */
static void left_out_trials_lie_where_the_model_says(void **state)
{
    (void)state;
    hone_optimizer *opt = filled(60, 1.0, 0.0, 0.1, false);
    hone_model *model = hone_model_new(opt, 0, NULL);
    double square = 0.0, beyond = 0.0;
    for (uint64_t id = 0; id < 60; id++) {
        hone_prediction p;
        size_t n;
        assert_int_equal(hone_predict_trial(model, id, &p, NULL), HONE_OK);
        double z = (hone_trial_values(hone_find(opt, id), &n)[0] - p.mean) / p.sd_run;
        square += z * z / 60.0;
        beyond += fabs(z) > 2.0;
    }
    assert_true(square > 0.6 && square < 1.6);
    assert_true(beyond <= 6.0);
    hone_prediction p = predict(model, 0.5, 0.5);
    assert_true(p.sd_run > 0.05 && p.sd_run < 0.2 && p.sd < p.sd_run);
    hone_model_free(model);
    hone_optimizer_free(opt);
}

static void leave_one_out_is_the_posterior_without_the_row(void **state)
{
    (void)state;
    hone_optimizer *opt = filled(25, 1.0, 0.0, 0.1, false);
    struct arena arena = {0};
    struct search_view view;
    struct surrogate s;
    assert_true(evidence_view(opt, &arena, &view));
    assert_int_equal(surrogate_init(&s, &view, 0, NULL), HONE_OK);
    double left = 0.0, whole = 0.0;
    for (size_t i = 0; i < 25; i++) {
        struct gp_data rest;
        struct gp_posterior posterior;
        double x[2 * GP_COLUMNS] = {0}, mu[8], var[8];
        assert_true(gp_data_init(&rest, &s.gs, 24, &arena));
        for (size_t k = 0; k < 24; k++) {
            size_t from = k < i ? k : k + 1;
            gp_features(&s.gs, s.model.rows.row[from], rest.features + k, rest.step);
            rest.t[k] = s.model.t[from];
            rest.weight[k] = 1.0;
        }
        assert_int_equal(gp_posterior_init(&posterior, &s.gs, &rest, 0, s.theta, &arena), HONE_OK);
        gp_features(&s.gs, s.model.rows.row[i], x, GP_COLUMNS);
        gp_predict(&posterior, x, 8, mu, var);
        assert_near(s.mu_without[i], mu[0], 1e-6);
        assert_near(s.var_without[i], var[0], 1e-6);
        left += (s.model.t[i] - mu[0]) * (s.model.t[i] - mu[0]);
        whole += s.model.t[i] * s.model.t[i]; /* t has mean 0 */
    }
    assert_near(s.fit, 1.0 - left / whole, 1e-6);
    arena_release(&arena);
    hone_optimizer_free(opt);
}

/* Noise alone: nothing can be predicted, and the model says so. */
static void noise_has_no_fit(void **state)
{
    (void)state;
    hone_optimizer *opt = filled(40, 0.0, 0.0, 0.0, false);
    assert_null(hone_model_new(opt, 0, NULL)); /* all equal */
    hone_optimizer_free(opt);
    opt = filled(40, 1e-9, 0.0, 1e9, false);
    hone_model *model = hone_model_new(opt, 0, NULL);
    assert_non_null(model);
    assert_true(hone_model_fit(model) < 0.3);
    hone_model_free(model);
    hone_optimizer_free(opt);
}

static void running_and_failed_trials_change_nothing(void **state)
{
    (void)state;
    hone_optimizer *opt = filled(20, 1.0, 0.0, 0.05, false);
    hone_model *before = hone_model_new(opt, 0, NULL);
    hone_prediction was = predict(before, 0.2, 0.8);
    assert_non_null(hone_ask(opt, NULL));
    hone_model *after = hone_model_new(opt, 0, NULL);
    hone_prediction is = predict(after, 0.2, 0.8);
    assert_memory_equal(&was, &is, sizeof was);
    hone_model_free(before);
    hone_model_free(after);
    hone_optimizer_free(opt);
}

static void wrong_questions_are_refused(void **state)
{
    (void)state;
    hone_error err = {0};
    hone_prediction p;
    hone_optimizer *opt = filled(2, 1.0, 0.0, 0.0, false);
    assert_null(hone_model_new(opt, 0, &err));
    assert_int_equal(err.status, HONE_ESTATE);
    assert_string_equal(err.text,
                        "a model needs 3 configurations with values that differ, there are 2");
    assert_null(hone_model_new(opt, 1, &err));
    assert_int_equal(err.status, HONE_EINVAL);
    hone_optimizer_free(opt);
    opt = filled(5, 1.0, 0.0, 0.0, false);
    hone_model *model = hone_model_new(opt, 0, &err);
    const hone_setting half[] = {{"x", HONE_NUMBER(0.5)}};
    assert_int_equal(hone_predict(model, half, 1, &p, &err), HONE_EINVAL);
    assert_string_equal(err.text, "parameter \"y\" is missing");
    assert_int_equal(hone_predict_trial(model, 5, &p, &err), HONE_ENOTFOUND);
    hone_model_free(model);
    hone_model_free(NULL);
    hone_optimizer_free(opt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_smooth_function_is_predicted),
        cmocka_unit_test(predictions_are_in_the_objectives_unit),
        cmocka_unit_test(left_out_trials_lie_where_the_model_says),
        cmocka_unit_test(leave_one_out_is_the_posterior_without_the_row),
        cmocka_unit_test(noise_has_no_fit),
        cmocka_unit_test(running_and_failed_trials_change_nothing),
        cmocka_unit_test(wrong_questions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
