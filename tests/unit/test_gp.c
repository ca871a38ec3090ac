/*
 * test_gp.c: the Gaussian process against scikit-learn, its derivatives against differences.
 * Reference values: tests/data/gp_reference.py.
 */
#include "near.h"

#include <stdio.h>
#include <string.h>

#include "base/linalg.h"
#include "base/numeric.h"
#include "search/gp/gp.h"

struct gp_row {
    size_t n, d;
    double loss, mu, sd;
};
struct row {
    double z, log_h;
};

/* clang-format off */
static const struct gp_row gp_rows[] = {
    {1, 1, 0.13829302091001505, 0.13079976905542567, 0.16809060589803554},
    {1, 10, 0.15723702036017473, 0.12105322465647259, 1.0072618490158955},
    {5, 1, -1.2448023145974849, 0.17888972869383421, 0.087301635906817956},
    {5, 10, 0.73394258047493643, 0.14877167619628839, 0.9955296038115351},
    {100, 1, -301.55928410096794, 0.1710764853997912, 0.013189026893895919},
    {100, 10, -84.166338475502869, 0.29520782677579538, 0.029324332990822852},
};
static const struct row log_h_rows[] = {
    {-100000000.0, -5000000000000037.7603},
    {-10000.0, -50000019.339619307157},
    {-1000.0, -500014.73445209115845},
    {-61.0, -1869.6414917394199115},
    {-60.0, -1809.1084601822721794},
    {-59.5, -1779.2167377198780296},
    {-38.0, -730.19618340211373916},
    {-10.0, -55.553122036122355927},
    {-2.0, -4.7687835239171141569},
    {-1.0, -2.4851210257126413368},
    {-0.99, -2.4661143916690493654},
    {0.0, -0.91893853320467274178},
    {1.0, 0.080026218849306940029},
    {5.0, 1.6094379231264313851},
    {40.0, 3.6888794541139363029},
};
/* clang-format on */

static double coordinate(size_t i, size_t j)
{
    return fmod((double)((i + 1) * (j + 1)) * 0.6180339887498949 + 0.1 * (double)j, 1.0);
}

static double value_of(const double *x, size_t d)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += 0.3 * (double)(j + 1) * (x[j] - 0.4) * (x[j] - 0.4);
    return x[0] - 0.5 + sum / (double)d;
}

/* A posterior over n rows, and what it is made of. */
struct world {
    struct arena arena;
    hone_space *space;
    struct gp_space gs;
    struct gp_data data;
    struct gp_work work;
    double theta[32];
};

static void cube(struct world *w, size_t n, size_t d)
{
    *w = (struct world){.space = hone_space_new()};
    double row[16];
    for (size_t j = 0; j < d; j++) {
        char name[32];
        snprintf(name, sizeof name, "x%zu", j);
        assert_int_equal(hone_space_add_float(w->space, name, 0, 1, HONE_LINEAR, NULL), HONE_OK);
        w->theta[j] = num_log(0.3 + 0.1 * (double)j);
    }
    w->theta[d + GP_SIGNAL] = num_log(1.3);
    w->theta[d + GP_NOISE] = num_log(1e-3);
    w->theta[d + GP_SHARE] = -40.0; /* Matern alone, as scikit-learn has it */
    assert_true(gp_space_init(&w->gs, w->space, &w->arena));
    assert_true(gp_data_init(&w->data, &w->gs, n, &w->arena));
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < d; j++)
            row[j] = coordinate(i, j);
        gp_features(&w->gs, row, w->data.features + i, w->data.step);
        w->data.t[i] = value_of(row, d);
        w->data.weight[i] = 1.0;
    }
    assert_true(gp_work_init(&w->work, &w->gs, n, &w->arena));
}

/* Numbers, choices, and both under conditions. */
static void mixed(struct world *w, size_t n)
{
    *w = (struct world){.space = hone_space_new()};
    hone_space *s = w->space;
    hone_value kinds[] = {HONE_TEXT("a"), HONE_TEXT("b"), HONE_TEXT("c")};
    hone_value sizes[] = {HONE_NUMBER(16), HONE_NUMBER(32), HONE_NUMBER(128)};
    assert_int_equal(hone_space_add_choice(s, "kind", 3, kinds, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(s, "lr", 1e-5, 1e-1, HONE_LOG, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(s, "momentum", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(s, "depth", 1, 6, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_ordinal(s, "width", 3, sizes, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(s, "inner", 3, kinds, NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(s, "momentum", "kind", 2, kinds, NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(s, "depth", "kind", 1, kinds, NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(s, "inner", "kind", 1, kinds + 2, NULL), HONE_OK);
    assert_true(gp_space_init(&w->gs, s, &w->arena));
    assert_int_equal(w->gs.d, 6);
    assert_true(gp_data_init(&w->data, &w->gs, n, &w->arena));
    struct rng rng;
    rng_init(&rng, 3, RNG_TEST, n);
    for (size_t i = 0; i < n; i++) {
        double row[6];
        assert_true(space_random(s, row, &rng));
        gp_features(&w->gs, row, w->data.features + i, w->data.step);
        w->data.t[i] = num_sin(7.0 * row[1]) + 0.5 * row[0] + (row[2] >= 0.0 ? row[2] : 0.3);
        w->data.weight[i] = i % 3 == 0 ? 0.5 : 1.0;
        w->data.extra[i] = i % 5 == 0 ? 0.01 : 0.0;
    }
    assert_true(gp_work_init(&w->work, &w->gs, n, &w->arena));
    const double theta[] = {-0.5, 0.2, -0.7, 0.4, 1.1, 0.6, 0.1, -4.0, -0.5};
    memcpy(w->theta, theta, sizeof theta);
}

static void release(struct world *w)
{
    hone_space_free(w->space);
    arena_release(&w->arena);
}

static void loss_and_prediction_match_scikit_learn(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof gp_rows / sizeof gp_rows[0]; r++) {
        struct world w;
        size_t d = gp_rows[r].d;
        cube(&w, gp_rows[r].n, d);
        double centre[16], sd[16], penalty = 0.0;
        gp_prior(&w.gs, centre, sd, NULL, NULL);
        for (size_t j = 0; j < d + GP_EXTRA; j++)
            penalty += 0.5 * pow((w.theta[j] - centre[j]) / sd[j], 2.0);
        double loss = gp_loss(&w.gs, &w.data, w.theta, NULL, &w.work);
        assert_near_relative(loss - penalty, gp_rows[r].loss, 1e-8);

        struct gp_posterior p;
        double row[16], x[16 * GP_COLUMNS] = {0}, mu[8], var[8];
        for (size_t j = 0; j < d; j++)
            row[j] = coordinate(1000, j);
        gp_features(&w.gs, row, x, GP_COLUMNS);
        assert_int_equal(gp_posterior_init(&p, &w.gs, &w.data, 0, w.theta, &w.arena), HONE_OK);
        gp_predict(&p, x, 8, mu, var);
        assert_near_relative(mu[0], gp_rows[r].mu, 1e-8);
        assert_near_relative(sqrt(var[0]), gp_rows[r].sd, 1e-8);
        release(&w);
    }
}

/* One dimension more than a fraction takes before it is flushed, and the formula itself. */
static void the_additive_part_is_a_sum_over_parameters(void **state)
{
    (void)state;
    for (size_t d = 1; d <= 16; d += 5) {
        struct world w;
        cube(&w, 9, d);
        w.theta[d + GP_SHARE] = 40.0;
        struct gp_kernel kernel;
        double K[9 * 16];
        assert_true(gp_kernel_init(&kernel, &w.gs, w.theta, &w.arena));
        gp_scale(&w.gs, &kernel, w.data.features, w.data.step, 9, w.data.features);
        struct gp_columns all = {w.data.features, w.data.step};
        gp_covariances(&w.gs, &kernel, all, 9, all, 0, 16, K, NULL, 16);
        for (size_t a = 0; a < 9; a++)
            for (size_t b = 0; b < 9; b++) {
                double sum = 0.0;
                for (size_t j = 0; j < d; j++) {
                    double q = (coordinate(a, j) - coordinate(b, j)) / (0.3 + 0.1 * (double)j);
                    sum += 1.3 / ((double)d * (1.0 + q * q));
                }
                assert_near(K[a * 16 + b], sum, 1e-14);
            }
        release(&w);
    }
}

static void the_gradient_of_the_loss_is_its_slope(void **state)
{
    (void)state;
    struct world w;
    mixed(&w, 37);
    double gradient[9], unused[9];
    gp_loss(&w.gs, &w.data, w.theta, gradient, &w.work);
    for (size_t j = 0; j < 9; j++) {
        const double h = 1e-5;
        double at = w.theta[j];
        w.theta[j] = at + h;
        double above = gp_loss(&w.gs, &w.data, w.theta, unused, &w.work);
        w.theta[j] = at - h;
        double below = gp_loss(&w.gs, &w.data, w.theta, unused, &w.work);
        w.theta[j] = at;
        assert_near(gradient[j], (above - below) / (2.0 * h), 1e-5);
    }
    release(&w);
}

static void the_kernel_of_mixed_conditional_rows_is_positive_definite(void **state)
{
    (void)state;
    for (size_t n = 10; n <= 200; n += 38) {
        struct world w;
        mixed(&w, n);
        w.theta[7] = num_log(1e-6);
        for (size_t i = 0; i < n; i++)
            w.data.weight[i] = w.data.extra[i] = 0.0;
        size_t stride = linalg_stride(n);
        double *K = arena_array(&w.arena, linalg_rows(n) * stride, sizeof *K);
        struct gp_kernel kernel;
        assert_true(gp_kernel_init(&kernel, &w.gs, w.theta, &w.arena));
        gp_scale(&w.gs, &kernel, w.data.features, w.data.step, n, w.data.features);
        struct gp_columns all = {w.data.features, w.data.step};
        gp_covariances(&w.gs, &kernel, all, n, all, 0, linalg_rows(n), K, NULL, stride);
        for (size_t i = 0; i < n; i++)
            K[i * stride + i] += 1e-10 * kernel.s2;
        linalg_pad(K, n, stride);
        assert_true(linalg_cholesky(K, n, stride));
        release(&w);
    }
}

static void a_pending_row_at_its_mean_moves_no_mean_and_lowers_the_spread(void **state)
{
    (void)state;
    struct world w;
    cube(&w, 20, 3);
    struct gp_posterior with, without;
    struct gp_data fewer = w.data;
    fewer.n = 18;
    assert_int_equal(gp_posterior_init(&with, &w.gs, &w.data, 2, w.theta, &w.arena), HONE_OK);
    assert_int_equal(gp_posterior_init(&without, &w.gs, &fewer, 0, w.theta, &w.arena), HONE_OK);
    double x[3 * GP_COLUMNS] = {0}, row[3], mu[2][8], var[2][8];
    for (size_t c = 0; c < 8; c++) {
        for (size_t j = 0; j < 3; j++)
            row[j] = coordinate(c < 2 ? 18 + c : 50 + c, j);
        gp_features(&w.gs, row, x + c, GP_COLUMNS);
    }
    gp_predict(&with, x, 8, mu[0], var[0]);
    gp_predict(&without, x, 8, mu[1], var[1]);
    for (size_t c = 0; c < 8; c++) {
        assert_near(mu[0][c], mu[1][c], 1e-12);
        assert_true(var[0][c] < var[1][c]);
    }
    assert_near(w.data.t[18], mu[1][0], 1e-12);
    assert_near(w.data.t[19], mu[1][1], 1e-12);
    release(&w);
}

static void log_ei_matches_reference_on_both_sides_of_each_switch(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof log_h_rows / sizeof log_h_rows[0]; i++) {
        double mu = -log_h_rows[i].z; /* sd 1, best 0 */
        assert_near_relative(gp_log_improvement(mu, 1.0, 0.0).value, log_h_rows[i].log_h, 1e-12);
    }
}

static void acquisitions_have_the_slopes_they_say(void **state)
{
    (void)state;
    const double h = 1e-6;
    for (int mode = GP_IMPROVEMENT; mode <= GP_LOWER_BOUND; mode++)
        for (double mu = -2.0; mu < 80.0; mu = mu * 1.5 + 1.3) {
            double sd = 0.7, best = -0.3, noise = 0.02;
            struct gp_gain g = gp_acquire((enum gp_mode)mode, mu, sd, best, noise);
            double by_mu = gp_acquire((enum gp_mode)mode, mu + h, sd, best, noise).value -
                           gp_acquire((enum gp_mode)mode, mu - h, sd, best, noise).value;
            double by_sd = gp_acquire((enum gp_mode)mode, mu, sd + h, best, noise).value -
                           gp_acquire((enum gp_mode)mode, mu, sd - h, best, noise).value;
            assert_near(g.d_mu, by_mu / (2 * h), 1e-5);
            assert_near(g.d_sd, by_sd / (2 * h), 1e-5);
        }
}

static void the_chance_of_a_limit_has_the_slopes_it_says(void **state)
{
    (void)state;
    struct gp_term term = gp_term_limit(NULL, 0.3);
    for (double mu = -4.0; mu < 60.0; mu += 0.37) {
        const double h = 1e-6, sd = 0.5, up_mu = mu + h, down_mu = mu - h, up_sd = sd + h,
                     down_sd = sd - h;
        double d_mu, d_sd, unused[2];
        double value = term.value(&term, &mu, &sd, &d_mu, &d_sd);
        assert_near(value, num_normal_log_cdf((0.3 - mu) / sd), 1e-15);
        double by_mu = term.value(&term, &up_mu, &sd, unused, unused + 1) -
                       term.value(&term, &down_mu, &sd, unused, unused + 1);
        double by_sd = term.value(&term, &mu, &up_sd, unused, unused + 1) -
                       term.value(&term, &mu, &down_sd, unused, unused + 1);
        assert_near(d_mu, by_mu / (2 * h), 1e-5);
        assert_near(d_sd, by_sd / (2 * h), 1e-5);
    }
}

static void a_row_s_gradient_is_its_slope(void **state)
{
    (void)state;
    struct world w;
    mixed(&w, 37);
    struct gp_posterior p, success;
    assert_int_equal(gp_posterior_init(&p, &w.gs, &w.data, 3, w.theta, &w.arena), HONE_OK);
    struct gp_data chance = w.data;
    chance.t = arena_array(&w.arena, chance.step, sizeof(double));
    for (size_t i = 0; i < 37; i++)
        chance.t[i] = i % 4 == 0 ? -0.7 : 0.3;
    assert_int_equal(gp_posterior_init(&success, &w.gs, &chance, 0, w.theta, &w.arena), HONE_OK);
    struct gp_judge judge;
    assert_true(gp_judge_init(&judge, &p, &w.arena));
    gp_judge_add(&judge, gp_term_gain(GP_IMPROVEMENT, &p, -0.4));
    gp_judge_add(&judge, gp_term_success(&success, 0.5));
    double row[6], moved[6], value[8], gradient[8 * 6], work[8 * 6];
    struct rng rng;
    rng_init(&rng, 5, RNG_TEST, 1);
    for (int i = 0; i < 20; i++) {
        assert_true(space_random(w.space, row, &rng));
        double chance_at;
        gp_judge_climb(&judge, row, 1, value, gradient, work);
        gp_judge_rows(&judge, row, 1, &chance_at);
        assert_near(value[0], chance_at, 1e-10);
        for (size_t j = 0; j < w.gs.d; j++) {
            size_t param = w.gs.dims[j].param;
            if (!w.gs.dims[j].continuous || row[param] < 0.0)
                continue;
            const double h = 1e-6;
            double above, below;
            memcpy(moved, row, sizeof row);
            moved[param] = row[param] + h;
            gp_judge_rows(&judge, moved, 1, &above);
            moved[param] = row[param] - h;
            gp_judge_rows(&judge, moved, 1, &below);
            assert_near(gradient[j], (above - below) / (2 * h), 1e-4);
        }
    }
    release(&w);
}

static void a_fit_lowers_the_loss_and_finds_the_length_scale_that_made_the_data(void **state)
{
    (void)state;
    struct world w;
    cube(&w, 40, 2);
    for (size_t i = 0; i < 40; i++) /* depends on the first coordinate only */
        w.data.t[i] = num_sin(9.0 * coordinate(i, 0));
    double before[5];
    gp_prior(&w.gs, before, NULL, NULL, NULL);
    double theta[5];
    memcpy(theta, before, sizeof theta);
    struct rng rng;
    rng_init(&rng, 1, RNG_FIT, 0);
    struct gp_starts starts = {.draws = 2};
    assert_true(gp_fit(&w.gs, &w.data, starts, &rng, theta, &w.arena));
    assert_true(gp_loss(&w.gs, &w.data, theta, NULL, &w.work) <
                gp_loss(&w.gs, &w.data, before, NULL, &w.work) - 10.0);
    assert_true(theta[1] > theta[0] + 1.0);
    release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_and_prediction_match_scikit_learn),
        cmocka_unit_test(the_additive_part_is_a_sum_over_parameters),
        cmocka_unit_test(the_gradient_of_the_loss_is_its_slope),
        cmocka_unit_test(the_kernel_of_mixed_conditional_rows_is_positive_definite),
        cmocka_unit_test(a_pending_row_at_its_mean_moves_no_mean_and_lowers_the_spread),
        cmocka_unit_test(log_ei_matches_reference_on_both_sides_of_each_switch),
        cmocka_unit_test(acquisitions_have_the_slopes_they_say),
        cmocka_unit_test(the_chance_of_a_limit_has_the_slopes_it_says),
        cmocka_unit_test(a_row_s_gradient_is_its_slope),
        cmocka_unit_test(a_fit_lowers_the_loss_and_finds_the_length_scale_that_made_the_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
