/* test_transfer.c: earlier studies: how their results become rows. */
#include "near.h"

#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_become_rows_best_first),
        cmocka_unit_test(what_a_result_lacks_takes_its_default_or_the_middle),
        cmocka_unit_test(what_cannot_be_here_is_passed_over),
        cmocka_unit_test(of_a_maximized_objective_the_largest_is_first),
        cmocka_unit_test(refusals_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
