/*
 * prop_cmaes.c: CMA-ES needs as many evaluations as others' do. Ten parameters in [-5, 5], from the
 * middle, as the packages cmaes 0.13.1 and cma 4.5.0; the medians over 50 seeds come from
 * tests/data/cmaes_reference.py.
 */
#include "near.h"

#include <stdio.h>

#include "base/numeric.h"
#include "hone.h"

#define D     10
#define LIMIT 20000

static double sphere(const double *x)
{
    double sum = 0.0;
    for (size_t j = 0; j < D; j++)
        sum += (x[j] - 1.0) * (x[j] - 1.0);
    return sum;
}

static double ellipsoid(const double *x)
{
    double sum = 0.0;
    for (size_t j = 0; j < D; j++)
        sum += num_pow(10.0, 6.0 * (double)j / (D - 1)) * (x[j] - 1.0) * (x[j] - 1.0);
    return sum;
}

static double rosenbrock(const double *x)
{
    double sum = 0.0;
    for (size_t j = 0; j + 1 < D; j++)
        sum += 100.0 * (x[j + 1] - x[j] * x[j]) * (x[j + 1] - x[j] * x[j]) +
               (1.0 - x[j]) * (1.0 - x[j]);
    return sum;
}

static double evaluations(double (*f)(const double *), double target, uint64_t seed)
{
    hone_space *space = hone_space_new();
    for (int j = 0; j < D; j++) {
        char name[2] = {(char)('a' + j), '\0'};
        assert_int_equal(hone_space_add_float(space, name, -5, 5, HONE_LINEAR, NULL), HONE_OK);
    }
    hone_options options = {.strategy = "cmaes", .seed = seed};
    hone_optimizer *opt = hone_optimizer_new(space, &options, NULL);
    int n = 0;
    double value = (double)INFINITY;
    while (value > target && n < LIMIT) {
        const hone_trial *trial = hone_ask(opt, NULL);
        double x[D];
        size_t n_settings;
        const hone_setting *settings = hone_trial_settings(trial, &n_settings);
        for (size_t j = 0; j < D; j++)
            x[j] = settings[j].value.number;
        value = f(x);
        n++;
        assert_int_equal(hone_tell(opt, hone_trial_id(trial), &value, 1, NULL), HONE_OK);
    }
    hone_optimizer_free(opt);
    hone_space_free(space);
    return n;
}

/* Within `share` of the slower of the two packages. */
static void check(const char *name, double (*f)(const double *), double target, size_t seeds,
                  double cmaes, double pycma, double share)
{
    double n[50];
    for (size_t seed = 0; seed < seeds; seed++)
        n[seed] = evaluations(f, target, seed);
    double median = num_median(n, seeds);
    print_message("%s: %g evaluations; cmaes %g, cma %g\n", name, median, cmaes, pycma);
    assert_true(median <= (1.0 + share) * fmax(cmaes, pycma));
    assert_true(median >= (1.0 - share) * fmin(cmaes, pycma)); /* or it is another algorithm */
}

static void the_sphere_takes_as_long_as_elsewhere(void **state)
{
    (void)state;
    check("sphere", sphere, 1e-9, 50, 1584, 1593, 0.1);
}

static void the_ellipsoid_takes_as_long_as_elsewhere(void **state)
{
    (void)state;
    check("ellipsoid", ellipsoid, 1e-9, 20, 4275, 4196, 0.1);
}

static void the_curved_valley_takes_as_long_as_elsewhere(void **state)
{
    (void)state;
    check("rosenbrock", rosenbrock, 1e-6, 20, 5058.5, 4943.5, 0.25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sphere_takes_as_long_as_elsewhere),
        cmocka_unit_test(the_ellipsoid_takes_as_long_as_elsewhere),
        cmocka_unit_test(the_curved_valley_takes_as_long_as_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
