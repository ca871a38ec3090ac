/* test_lbfgs.c: known minima, inside the box and on its walls. */
#include "near.h"

#include "search/gp/lbfgs.h"

static double rosenbrock(const double *x, double *g)
{
    double a = 1.0 - x[0], b = x[1] - x[0] * x[0];
    g[0] = -2.0 * a - 400.0 * x[0] * b;
    g[1] = 200.0 * b;
    return a * a + 100.0 * b * b;
}

static size_t minimise(struct lbfgs *l, double (*f)(const double *, double *), const double *start)
{
    double g[2];
    size_t before = l->evaluations_left;
    lbfgs_start(l, start);
    while (lbfgs_next(l, f(l->trial, g), g))
        ;
    return before - l->evaluations_left;
}

static struct lbfgs make(struct arena *arena, const double *low, const double *high)
{
    struct lbfgs l;
    assert_true(lbfgs_init(&l, 2, arena));
    l.low = low;
    l.high = high;
    l.gradient_tolerance = 1e-9;
    l.evaluations_left = 200;
    return l;
}

static void rosenbrock_s_valley_is_followed_to_its_end(void **state)
{
    (void)state;
    struct arena arena = {0};
    const double low[] = {-5, -5}, high[] = {5, 5}, start[] = {-1.2, 1.0};
    struct lbfgs l = make(&arena, low, high);
    assert_true(minimise(&l, rosenbrock, start) < 100);
    assert_near(l.x[0], 1.0, 1e-7);
    assert_near(l.x[1], 1.0, 1e-7);
    arena_release(&arena);
}

static void the_minimum_on_a_wall_is_found(void **state)
{
    (void)state;
    struct arena arena = {0};
    /* On x0 <= 0.5 the minimum is at (0.5, 0.25). */
    const double low[] = {-5, -5}, high[] = {0.5, 5}, start[] = {-3.0, 4.0};
    struct lbfgs l = make(&arena, low, high);
    minimise(&l, rosenbrock, start);
    assert_near(l.x[0], 0.5, 1e-9);
    assert_near(l.x[1], 0.25, 1e-7);
    arena_release(&arena);
}

static double forbidden(const double *x, double *g)
{
    return x[0] < 0.0 ? (double)INFINITY : rosenbrock(x, g);
}

static void infinite_values_are_walked_around_and_the_cap_is_kept(void **state)
{
    (void)state;
    struct arena arena = {0};
    const double low[] = {-5, -5}, high[] = {5, 5}, start[] = {0.1, 3.0}, bad[] = {-1.0, 0.0};
    struct lbfgs l = make(&arena, low, high);
    minimise(&l, forbidden, start);
    assert_near(l.x[0], 1.0, 1e-7);
    l.evaluations_left = 7;
    assert_true(minimise(&l, rosenbrock, start) == 7);
    l.evaluations_left = 7;
    assert_true(minimise(&l, forbidden, bad) == 1);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rosenbrock_s_valley_is_followed_to_its_end),
        cmocka_unit_test(the_minimum_on_a_wall_is_found),
        cmocka_unit_test(infinite_values_are_walked_around_and_the_cap_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
