/* test_indices.c: Sobol' indices of functions whose indices are known in closed form. */
#include "near.h"

#include "analysis/indices.h"
#include "base/numeric.h"

#define PI 3.14159265358979323846

/* 4,096 points are not the integral; the first order is the harder one. */
#define FIRST 0.02
#define TOTAL 0.01

/* Ishigami & Homma (1990): sin x + 7 sin^2 y + 0.1 z^4 sin x on [-pi, pi]^3. */
static void ishigami(void *context, const double *u, size_t n, double *out)
{
    (void)context;
    for (size_t i = 0; i < n; i++) {
        double x = PI * (2.0 * u[3 * i] - 1.0), y = PI * (2.0 * u[3 * i + 1] - 1.0);
        double z = PI * (2.0 * u[3 * i + 2] - 1.0), s = num_sin(y);
        out[i] = num_sin(x) * (1.0 + 0.1 * z * z * z * z) + 7.0 * s * s;
    }
}

static void indices_of_ishigamis_function(void **state)
{
    (void)state;
    struct arena arena = {0};
    double first[3], total[3], p4 = PI * PI * PI * PI;
    double v1 = 0.5 * (1.0 + 0.1 * p4 / 5.0) * (1.0 + 0.1 * p4 / 5.0), v2 = 49.0 / 8.0;
    double v13 = 0.01 * p4 * p4 * (1.0 / 18.0 - 1.0 / 50.0), v = v1 + v2 + v13;
    assert_true(sobol_indices(ishigami, NULL, 3, 7, first, total, &arena));
    assert_near(first[0], v1 / v, FIRST);
    assert_near(first[1], v2 / v, FIRST);
    assert_near(first[2], 0.0, FIRST);
    assert_near(total[0], (v1 + v13) / v, TOTAL);
    assert_near(total[1], v2 / v, TOTAL);
    assert_near(total[2], v13 / v, TOTAL);
    arena_release(&arena);
}

/* The g-function of Saltelli & Sobol' (1995): product of (|4 u_j - 2| + a_j) / (1 + a_j). */
static const double g_weights[] = {0.0, 0.5, 3.0, 9.0, 99.0, 99.0};

static void g_function(void *context, const double *u, size_t n, double *out)
{
    (void)context;
    for (size_t i = 0; i < n; i++) {
        out[i] = 1.0;
        for (size_t j = 0; j < 6; j++)
            out[i] *= (fabs(4.0 * u[6 * i + j] - 2.0) + g_weights[j]) / (1.0 + g_weights[j]);
    }
}

static void indices_of_the_g_function(void **state)
{
    (void)state;
    struct arena arena = {0};
    double first[6], total[6], part[6], product = 1.0;
    for (size_t j = 0; j < 6; j++) {
        part[j] = 1.0 / (3.0 * (1.0 + g_weights[j]) * (1.0 + g_weights[j]));
        product *= 1.0 + part[j];
    }
    assert_true(sobol_indices(g_function, NULL, 6, 1, first, total, &arena));
    for (size_t j = 0; j < 6; j++) {
        double with = part[j] * product / (1.0 + part[j]);
        assert_near(first[j], part[j] / (product - 1.0), FIRST);
        assert_near(total[j], with / (product - 1.0), TOTAL);
    }
    arena_release(&arena);
}

static void constant(void *context, const double *u, size_t n, double *out)
{
    (void)u;
    for (size_t i = 0; i < n; i++)
        out[i] = *(double *)context;
}

static void a_constant_function_has_none(void **state)
{
    (void)state;
    struct arena arena = {0};
    double first[2], total[2], value = 3.0;
    assert_true(sobol_indices(constant, &value, 2, 1, first, total, &arena));
    for (size_t j = 0; j < 2; j++)
        assert_true(first[j] == 0.0 && total[j] == 0.0);
    arena_release(&arena);
}

/* Beyond the table of Sobol' numbers the points are independent. */
static void sum(void *context, const double *u, size_t n, double *out)
{
    size_t d = *(size_t *)context;
    for (size_t i = 0; i < n; i++) {
        out[i] = 0.0;
        for (size_t j = 0; j < d; j++)
            out[i] += u[i * d + j];
    }
}

static void many_dimensions_share_evenly(void **state)
{
    (void)state;
    struct arena arena = {0};
    size_t d = 40;
    double first[40], total[40];
    assert_true(sobol_indices(sum, &d, d, 1, first, total, &arena));
    for (size_t j = 0; j < d; j++) {
        assert_near(first[j], 1.0 / 40.0, 0.05);
        assert_near(total[j], 1.0 / 40.0, 0.01);
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indices_of_ishigamis_function),
        cmocka_unit_test(indices_of_the_g_function),
        cmocka_unit_test(a_constant_function_has_none),
        cmocka_unit_test(many_dimensions_share_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
