/* test_transfer.c: earlier studies: how their results become rows, how the parents are weighed, and
 * what the search makes of them. */
#include "near.h"

#include <string.h>

#include "base/linalg.h"
#include "base/numeric.h"
#include "search/gp/transfer.h"
#include "study/optimizer.h"

#define N(x) HONE_NUMBER(x)

/* lr, opt, momentum (of sgd only), width with a default */
static hone_optimizer *make(const hone_options *options)
{
    hone_space *s = hone_space_new();
    hone_value opts[] = {HONE_TEXT("sgd"), HONE_TEXT("adam")}, widths[] = {N(1), N(2), N(3)};
    hone_error err;
    assert_int_equal(hone_space_add_float(s, "lr", 1e-4, 1e-2, HONE_LOG, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(s, "opt", 2, opts, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(s, "momentum", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(s, "momentum", "opt", 1, opts, NULL), HONE_OK);
    assert_int_equal(hone_space_add_ordinal(s, "width", 3, widths, NULL), HONE_OK);
    assert_int_equal(hone_space_set_default(s, "width", N(3), NULL), HONE_OK);
    hone_optimizer *opt = hone_optimizer_new(s, options, &err);
    if (opt == NULL)
        fail_msg("%s", err.text);
    hone_space_free(s);
    return opt;
}

static size_t transfer(hone_optimizer *opt, const hone_result *results, size_t n)
{
    size_t used = 99;
    hone_error err;
    if (hone_transfer(opt, results, n, &used, &err) != HONE_OK)
        fail_msg("%s", err.text);
    return used;
}

static void results_become_rows_best_first(void **state)
{
    (void)state;
    hone_optimizer *opt = make(NULL);
    hone_setting a[] = {{"lr", N(1e-3)}, {"opt", HONE_TEXT("adam")}, {"width", N(1)}};
    hone_setting b[] = {
        {"lr", N(1e-2)}, {"opt", HONE_TEXT("sgd")}, {"momentum", N(0.9)}, {"width", N(2)}};
    hone_result results[] = {{a, 3, 5.0}, {b, 4, -1.0}};
    assert_int_equal(transfer(opt, results, 2), 2);
    struct search_view view = optimizer_view(opt);
    assert_int_equal(view.n_parents, 1);
    const struct search_parent *parent = &view.parents[0];
    double rows[] = {1.0, 0.0, 0.9, 0.5, 0.5, 1.0, INACTIVE, 0.0};
    for (size_t i = 0; i < 8; i++)
        assert_near(parent->rows[i], rows[i], 1e-12);
    assert_true(parent->values[0] == -1.0 && parent->values[1] == 5.0);
    assert_int_equal(view.n_trials, 0); /* no trials of this study */
    hone_optimizer_free(opt);
}

static void what_a_result_lacks_takes_its_default_or_the_middle(void **state)
{
    (void)state;
    hone_optimizer *opt = make(NULL);
    hone_setting a[] = {{"unknown", N(7)}};
    assert_int_equal(transfer(opt, &(hone_result){a, 1, 0.5}, 1), 1);
    const double *row = opt->parents[0].rows;
    assert_near(row[0], 0.5, 1e-12);
    assert_true(row[1] == 0.0 && row[2] == 0.5 && row[3] == 1.0);
    hone_optimizer_free(opt);
}

static void what_cannot_be_here_is_passed_over(void **state)
{
    (void)state;
    hone_optimizer *opt = make(NULL);
    hone_setting out[] = {{"lr", N(0.5)}}, other[] = {{"opt", HONE_TEXT("rms")}},
                 text[] = {{"lr", HONE_TEXT("x")}}, good[] = {{"lr", N(1e-3)}};
    hone_result results[] = {{out, 1, 1.0},          {other, 1, 1.0}, {text, 1, 1.0},
                             {good, 1, (double)NAN}, {good, 1, 1.0},  {good, 1, (double)INFINITY}};
    assert_int_equal(transfer(opt, results, 6), 1);
    assert_int_equal(opt->parents[0].n, 1);
    assert_int_equal(transfer(opt, NULL, 0), 0);
    hone_optimizer_free(opt);
}

static void of_a_maximized_objective_the_largest_is_first(void **state)
{
    (void)state;
    hone_optimizer *opt = make(&(hone_options){.maximize = {true}});
    hone_setting a[] = {{"lr", N(1e-4)}}, b[] = {{"lr", N(1e-2)}};
    hone_result results[] = {{a, 1, 1.0}, {b, 1, 2.0}};
    assert_int_equal(transfer(opt, results, 2), 2);
    assert_true(opt->parents[0].rows[0] == 1.0);
    assert_true(opt->parents[0].values[0] == -2.0);
    hone_optimizer_free(opt);
}

static void refusals_say_why(void **state)
{
    (void)state;
    hone_error err;
    hone_optimizer *opt = make(NULL);
    for (int i = 0; i < HONE_MAX_PARENTS; i++)
        assert_int_equal(hone_transfer(opt, NULL, 0, NULL, NULL), HONE_OK);
    assert_int_equal(hone_transfer(opt, NULL, 0, NULL, &err), HONE_EINVAL);
    assert_string_equal(err.text, "at most 5 earlier studies can be used");
    hone_optimizer_free(opt);
    opt = make(&(hone_options){.strategy = "random"});
    assert_int_equal(hone_transfer(opt, NULL, 0, NULL, &err), HONE_EINVAL);
    assert_string_equal(err.text, "strategy \"random\" cannot use earlier studies");
    hone_optimizer_free(opt);
}

/* ---- Weights ---- */

static void normal_scores_are_quantiles_of_ranks(void **state)
{
    (void)state;
    double value[] = {-4.0, 1.0, 1.0, 7.0, 1e300}, t[5];
    gp_normal_scores(value, 5, t);
    assert_near(t[0], num_normal_quantile(0.1), 1e-15);
    assert_near(t[1], num_normal_quantile(0.4), 1e-15); /* ranks 2 and 3 share 2.5 */
    assert_true(t[2] == t[1]);
    assert_near(t[3], num_normal_quantile(0.7), 1e-15);
    assert_near(t[4], num_normal_quantile(0.9), 1e-15);
}

static void misranked_pairs_are_counted(void **state)
{
    (void)state;
    double t[] = {1.0, 2.0, 3.0, 4.0}, back[] = {4.0, 3.0, 2.0, 1.0}, tied[] = {1.0, 1.0, 2.0, 3.0};
    assert_int_equal(gp_misranked(t, t, 4), 0);
    assert_int_equal(gp_misranked(back, t, 4), 6);
    assert_int_equal(gp_misranked(tied, t, 4), 1);
    assert_int_equal(gp_misranked(back, tied, 4), 5);
}

/* Losses of two parents and of the own process, all alike in every draw. */
static void constant_losses(double a, double b, double own, double *loss)
{
    for (size_t s = 0; s < GP_DRAWS; s++) {
        loss[s] = a;
        loss[GP_DRAWS + s] = b;
        loss[2 * GP_DRAWS + s] = own;
    }
}

static void weights_are_shares_of_draws_won(void **state)
{
    (void)state;
    double loss[3 * GP_DRAWS], w[2];
    constant_losses(1.0, 2.0, 3.0, loss);
    gp_weights(loss, 2, w);
    assert_true(w[0] == 1.0 && w[1] == 0.0);
    constant_losses(1.0, 1.0, 1.0, loss);
    gp_weights(loss, 2, w);
    assert_near(w[0], 1.0 / 3.0, 1e-12);
    assert_near(w[1], 1.0 / 3.0, 1e-12);
    constant_losses(3.0, 2.0, 2.0, loss); /* the first is dropped, the second shares with the own */
    loss[0] = 0.0;                        /* ... although it won a draw */
    gp_weights(loss, 2, w);
    assert_near(w[0], 0.0, 1e-12);
    assert_near(w[1], 0.5, 1e-12);
    constant_losses(2.0, 2.0, 2.0, loss); /* a quarter to each parent, half to the own */
    for (size_t s = 0; s < GP_DRAWS; s++)
        loss[(s % 4 < 2 ? s % 4 : 2) * GP_DRAWS + s] = 1.0;
    gp_weights(loss, 2, w);
    assert_near(w[0], 0.25, 1e-12);
    assert_near(w[1], 0.25, 1e-12);
}

static void a_parent_that_is_worse_than_the_own_process_is_dropped(void **state)
{
    (void)state;
    double loss[3 * GP_DRAWS], w[2];
    constant_losses(5.0, 9.0, 0.0, loss);
    for (size_t s = 0; s < GP_DRAWS; s++)
        loss[2 * GP_DRAWS + s] = (double)(s % 8); /* the 95 % quantile is 7 */
    gp_weights(loss, 2, w);
    assert_true(w[0] > 0.2 && w[1] == 0.0);
}

/* ---- The prior mean ---- */

#define CUBE_D 2

struct cube {
    struct arena arena;
    hone_space *space;
    struct gp_space gs;
};

static void cube_init(struct cube *c)
{
    *c = (struct cube){.space = hone_space_new()};
    assert_int_equal(hone_space_add_float(c->space, "a", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(c->space, "b", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_true(gp_space_init(&c->gs, c->space, &c->arena));
}

static void cube_release(struct cube *c)
{
    arena_release(&c->arena);
    hone_space_free(c->space);
}

/* A posterior over n points that depend on `salt`. */
static void posterior(struct cube *c, struct gp_posterior *p, size_t n, double salt)
{
    struct gp_data *data = arena_array(&c->arena, 1, sizeof *data);
    double theta[CUBE_D + GP_EXTRA];
    assert_true(data != NULL && gp_data_init(data, &c->gs, n, &c->arena));
    gp_prior(&c->gs, theta, NULL, NULL, NULL);
    for (size_t i = 0; i < n; i++) {
        double row[CUBE_D];
        for (size_t j = 0; j < CUBE_D; j++)
            row[j] = fmod(salt + (double)((i + 1) * (j + 1)) * 0.6180339887498949, 1.0);
        gp_features(&c->gs, row, data->features + i, data->step);
        data->t[i] = num_sin(5.0 * row[0] + salt) + row[1];
        data->weight[i] = 1.0;
    }
    assert_int_equal(gp_posterior_init(p, &c->gs, data, 0, theta, &c->arena), HONE_OK);
}

static void points(const struct cube *c, double shift, double *x)
{
    for (size_t i = 0; i < 8; i++) {
        double row[CUBE_D] = {0.1 + 0.1 * (double)i + shift, 0.85 - 0.09 * (double)i};
        gp_features(&c->gs, row, x + i, GP_COLUMNS);
    }
}

static void a_prior_mean_is_added_and_leaves_the_deviation(void **state)
{
    (void)state;
    struct cube c;
    cube_init(&c);
    struct gp_posterior own, parts[2];
    posterior(&c, &own, 7, 0.1);
    posterior(&c, &parts[0], 9, 0.3);
    posterior(&c, &parts[1], 12, 0.7);
    double weight[] = {0.25, 0.5},
           *x = arena_array(&c.arena, c.gs.n_features * GP_COLUMNS, sizeof *x);
    double plain[8], var[8], with[8], with_var[8], a[8], b[8], only[8], unused[8], at[8];
    points(&c, 0.0, x);
    gp_predict(&own, x, 8, plain, var);
    gp_predict(&parts[0], x, 8, a, unused);
    gp_predict(&parts[1], x, 8, b, unused);
    struct gp_mean mean = {.constant = -0.4, .n = 2, .parts = parts, .weight = weight};
    own.mean = &mean;
    gp_predict(&own, x, 8, with, with_var);
    gp_predict_mean(&own, x, 8, only);
    gp_mean_at(&mean, x, 8, at);
    for (size_t i = 0; i < 8; i++) {
        double prior = -0.4 + 0.25 * a[i] + 0.5 * b[i];
        assert_near(at[i], prior, 1e-12);
        assert_near(with[i], prior + plain[i], 1e-12);
        assert_near(only[i], prior + plain[i], 1e-12);
        assert_true(with_var[i] == var[i]);
    }
    cube_release(&c);
}

static void gradients_know_the_prior_mean(void **state)
{
    (void)state;
    struct cube c;
    cube_init(&c);
    struct gp_posterior own, part;
    posterior(&c, &own, 7, 0.1);
    posterior(&c, &part, 9, 0.3);
    double weight = 0.8, *x = arena_array(&c.arena, c.gs.n_features * GP_COLUMNS, sizeof *x);
    struct gp_mean mean = {.n = 1, .parts = &part, .weight = &weight};
    own.mean = &mean;
    const double h = 1e-6;
    double mu[8], var[8], sd[8], up[8], down[8], up_var[8], down_var[8], slope[8 * CUBE_D];
    double d_mu[8], d_sd[8];
    points(&c, h, x);
    gp_predict(&own, x, 8, up, up_var);
    points(&c, -h, x);
    gp_predict(&own, x, 8, down, down_var);
    points(&c, 0.0, x);
    gp_predict(&own, x, 8, mu, var);
    for (size_t i = 0; i < 8; i++) {
        sd[i] = sqrt(var[i]);
        d_mu[i] = 0.7;
        d_sd[i] = -0.3;
    }
    gp_predict_gradient(&own, d_mu, d_sd, sd, slope);
    for (size_t i = 0; i < 8; i++) {
        double d =
            (0.7 * (up[i] - down[i]) - 0.3 * (sqrt(up_var[i]) - sqrt(down_var[i]))) / (2.0 * h);
        assert_near(slope[i], d, 1e-4);
    }
    cube_release(&c);
}

/* ---- Studies ---- */

static double bowl(double x, double y, double at)
{
    return (x - at) * (x - at) + (y - 0.7) * (y - 0.7);
}

static hone_optimizer *bowl_study(uint64_t seed)
{
    hone_space *s = hone_space_new();
    hone_error err;
    assert_int_equal(hone_space_add_float(s, "x", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(s, "y", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    hone_optimizer *opt =
        hone_optimizer_new(s, &(hone_options){.strategy = "bayesian", .seed = seed}, &err);
    hone_space_free(s);
    assert_non_null(opt);
    return opt;
}

/* Give a grid of 36 results with the bowl at `at`; sign -1: everything turned round. */
static void give_parent(hone_optimizer *opt, double at, double sign)
{
    hone_setting settings[36][2];
    hone_result results[36];
    for (size_t i = 0; i < 36; i++) {
        double x = (double)(i / 6) / 5.0, y = (double)(i % 6) / 5.0;
        settings[i][0] = (hone_setting){"x", N(x)};
        settings[i][1] = (hone_setting){"y", N(y)};
        results[i] = (hone_result){settings[i], 2, 100.0 + 7.0 * sign * bowl(x, y, at)};
    }
    assert_int_equal(transfer(opt, results, 36), 36);
}

static double best_after(hone_optimizer *opt, int n)
{
    for (int i = 0; i < n; i++) {
        const hone_trial *trial = hone_ask(opt, NULL);
        assert_non_null(trial);
        double value = bowl(hone_trial_number(trial, "x"), hone_trial_number(trial, "y"), 0.25);
        assert_int_equal(hone_tell(opt, hone_trial_id(trial), &value, 1, NULL), HONE_OK);
    }
    return hone_trial_values(hone_best(opt), &(size_t){0})[0];
}

static void the_first_proposal_is_the_best_of_the_parent(void **state)
{
    (void)state;
    hone_optimizer *opt = bowl_study(1);
    give_parent(opt, 0.3, 1.0);
    const hone_trial *trial = hone_ask(opt, NULL);
    assert_near(hone_trial_number(trial, "x"), 0.2, 1e-9);
    assert_near(hone_trial_number(trial, "y"), 0.6, 1e-9);
    assert_string_equal(hone_trial_why(trial), "the best of an earlier study");
    hone_optimizer_free(opt);
}

static void a_related_parent_helps_and_a_turned_one_does_little_harm(void **state)
{
    (void)state;
    double plain = 0.0, related = 0.0, turned = 0.0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        hone_optimizer *opt = bowl_study(seed);
        plain += best_after(opt, 8);
        hone_optimizer_free(opt);
        opt = bowl_study(seed);
        give_parent(opt, 0.35, 1.0);
        related += best_after(opt, 8);
        hone_optimizer_free(opt);
        opt = bowl_study(seed);
        give_parent(opt, 0.25, -1.0);
        turned += best_after(opt, 20);
        hone_optimizer_free(opt);
    }
    assert_true(related < 0.25 * plain);
    assert_true(turned < 10 * 1e-3); /* what it costs are the first proposals */
}

static void a_study_with_parents_is_played_back_bit_for_bit(void **state)
{
    (void)state;
    hone_optimizer *live = bowl_study(5), *again = bowl_study(5);
    give_parent(live, 0.3, 1.0);
    give_parent(again, 0.3, 1.0);
    for (int i = 0; i < 12; i++) {
        const hone_trial *trial = hone_ask(live, NULL);
        size_t n, size;
        const hone_setting *settings = hone_trial_settings(trial, &n);
        const void *memo = hone_memo(live, &size);
        double value = bowl(settings[0].value.number, settings[1].value.number, 0.25);
        assert_int_equal(
            hone_restore(again, settings, n, hone_trial_why(trial), memo, size, NULL, NULL),
            HONE_OK);
        assert_int_equal(hone_tell(live, hone_trial_id(trial), &value, 1, NULL), HONE_OK);
        assert_int_equal(hone_tell(again, hone_trial_id(trial), &value, 1, NULL), HONE_OK);
    }
    for (int i = 0; i < 3; i++) {
        const hone_trial *a = hone_ask(live, NULL), *b = hone_ask(again, NULL);
        size_t size_a, size_b;
        const void *memo_a = hone_memo(live, &size_a), *memo_b = hone_memo(again, &size_b);
        assert_true(hone_trial_number(a, "x") == hone_trial_number(b, "x"));
        assert_true(hone_trial_number(a, "y") == hone_trial_number(b, "y"));
        assert_int_equal(size_a, size_b);
        assert_memory_equal(memo_a, memo_b, size_a);
    }
    hone_optimizer_free(live);
    hone_optimizer_free(again);
}

static void odd_parents_are_no_obstacle(void **state)
{
    (void)state;
    hone_optimizer *opt = bowl_study(2);
    hone_setting a[] = {{"x", N(0.5)}, {"y", N(0.5)}}, b[] = {{"x", N(0.1)}, {"y", N(0.5)}};
    hone_result same[] = {{a, 2, 1.0}, {b, 2, 1.0}, {a, 2, 1.0}, {b, 2, 1.0}};
    hone_result repeated[] = {{a, 2, 1.0}, {a, 2, 2.0}, {a, 2, 3.0}, {a, 2, 1e300}};
    assert_int_equal(transfer(opt, NULL, 0), 0);
    assert_int_equal(transfer(opt, same, 1), 1);
    assert_int_equal(transfer(opt, same, 4), 4);
    assert_int_equal(transfer(opt, repeated, 4), 4);
    assert_true(best_after(opt, 15) < 0.05);
    hone_optimizer_free(opt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_become_rows_best_first),
        cmocka_unit_test(what_a_result_lacks_takes_its_default_or_the_middle),
        cmocka_unit_test(what_cannot_be_here_is_passed_over),
        cmocka_unit_test(of_a_maximized_objective_the_largest_is_first),
        cmocka_unit_test(refusals_say_why),
        cmocka_unit_test(normal_scores_are_quantiles_of_ranks),
        cmocka_unit_test(misranked_pairs_are_counted),
        cmocka_unit_test(weights_are_shares_of_draws_won),
        cmocka_unit_test(a_parent_that_is_worse_than_the_own_process_is_dropped),
        cmocka_unit_test(a_prior_mean_is_added_and_leaves_the_deviation),
        cmocka_unit_test(gradients_know_the_prior_mean),
        cmocka_unit_test(the_first_proposal_is_the_best_of_the_parent),
        cmocka_unit_test(a_related_parent_helps_and_a_turned_one_does_little_harm),
        cmocka_unit_test(a_study_with_parents_is_played_back_bit_for_bit),
        cmocka_unit_test(odd_parents_are_no_obstacle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
