/* test_confirm.c: Student's intervals and the probability of being best, against SciPy 1.17.1. */
#include "near.h"

#include "analysis/confirm.h"

static void students_quantiles_are_scipys(void **state)
{
    (void)state;
    /* scipy.stats.t.ppf(0.975, v) */
    static const struct {
        size_t v;
        double t;
    } rows[] = {{1, 12.706204736174694}, {2, 4.302652729749462},   {3, 3.1824463052837078},
                {4, 2.7764451051977934}, {5, 2.5705818356363146},  {8, 2.306004135204166},
                {29, 2.045229642132703}, {100, 1.9839715185235518}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_near_relative(student_quantile(0.95, rows[i].v), rows[i].t, 1e-12);
}

static const double a[] = {0.91, 0.93, 0.92}, b[] = {0.90, 0.915, 0.905};

static void two_configurations_are_compared(void **state)
{
    (void)state;
    const hone_repeats repeats[] = {{a, 3}, {b, 3}};
    hone_confirmed out[2];
    assert_int_equal(hone_confirm(2, repeats, true, out, NULL), HONE_OK);
    assert_near(out[0].mean, 0.92, 1e-12);
    /* scipy.stats.t.interval(0.95, 2, mean, sem) */
    assert_near(out[0].low, 0.8951586228824967, 1e-12);
    assert_near(out[0].high, 0.9448413771175034, 1e-12);
    /* scipy.stats.t.cdf(difference / its pooled standard error, 4) */
    assert_near(out[0].probability, 0.9298213066905036, 0.01);
    assert_near(out[0].probability + out[1].probability, 1.0, 1e-9);
    assert_int_equal(hone_confirm(2, repeats, false, out, NULL), HONE_OK);
    assert_near(out[1].probability, 0.9298213066905036, 0.01);
}

static void equal_ones_are_equally_likely(void **state)
{
    (void)state;
    const hone_repeats repeats[] = {{a, 3}, {a, 3}, {a, 3}};
    hone_confirmed out[3];
    assert_int_equal(hone_confirm(3, repeats, true, out, NULL), HONE_OK);
    for (size_t i = 0; i < 3; i++)
        assert_near(out[i].probability, 1.0 / 3.0, 0.012);
}

static void without_spread_the_best_mean_is_best(void **state)
{
    (void)state;
    const double one[] = {1.0}, two[] = {2.0}, same[] = {2.0, 2.0};
    const hone_repeats repeats[] = {{one, 1}, {two, 1}};
    hone_confirmed out[2];
    assert_int_equal(hone_confirm(2, repeats, true, out, NULL), HONE_OK);
    assert_near(out[1].probability, 1.0, 1e-9);
    assert_near(out[0].probability, 0.0, 1e-9);
    assert_true(isnan(out[0].low) && isnan(out[0].high));
    const hone_repeats ties[] = {{same, 2}, {two, 1}};
    assert_int_equal(hone_confirm(2, ties, true, out, NULL), HONE_OK);
    assert_near(out[0].probability, 0.5, 1e-9);
    assert_true(out[0].low == 2.0 && out[0].high == 2.0);
}

static void what_is_no_run_is_refused(void **state)
{
    (void)state;
    hone_error err = {0};
    hone_confirmed out[2];
    const double bad[] = {1.0, (double)NAN};
    const hone_repeats none[] = {{a, 3}, {b, 0}}, nan[] = {{bad, 2}};
    assert_int_equal(hone_confirm(0, none, true, out, &err), HONE_EINVAL);
    assert_int_equal(hone_confirm(2, none, true, out, &err), HONE_EINVAL);
    assert_string_equal(err.text, "configuration 1 has no run");
    assert_int_equal(hone_confirm(1, nan, true, out, &err), HONE_EINVAL);
    assert_string_equal(err.text, "configuration 0: run 1 is not finite");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(students_quantiles_are_scipys),
        cmocka_unit_test(two_configurations_are_compared),
        cmocka_unit_test(equal_ones_are_equally_likely),
        cmocka_unit_test(without_spread_the_best_mean_is_best),
        cmocka_unit_test(what_is_no_run_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
