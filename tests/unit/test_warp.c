/* test_warp.c: laws of the map from values to the model's scale. */
#include "near.h"

#include "base/numeric.h"
#include "base/rng.h"
#include "search/gp/gp.h"

#define N 60

static double work[2 * N];

/* Skewed values with a few outliers on the bad side. */
static void draw(double *y, uint64_t key)
{
    struct rng rng;
    rng_init(&rng, 11, RNG_TEST, key);
    for (size_t i = 0; i < N; i++)
        y[i] = num_exp(1.5 * rng_normal(&rng)) + (i % 20 == 0 ? 1e4 : 0.0);
}

static void the_map_rises_and_can_be_undone(void **state)
{
    (void)state;
    for (uint64_t key = 0; key < 100; key++) {
        double y[N];
        struct gp_warp w;
        draw(y, key);
        gp_warp_fit(&w, y, N, work);
        for (size_t i = 0; i < N; i++) {
            assert_near(gp_unwarp(&w, gp_warp(&w, y[i])), y[i], 1e-8);
            assert_true(gp_warp(&w, y[i] * 1.01) > gp_warp(&w, y[i]));
        }
    }
}

static void warped_values_have_mean_0_and_sd_1(void **state)
{
    (void)state;
    double y[N], mean = 0.0, square = 0.0;
    struct gp_warp w;
    draw(y, 1);
    gp_warp_fit(&w, y, N, work);
    for (size_t i = 0; i < N; i++) {
        mean += gp_warp(&w, y[i]) / N;
        square += gp_warp(&w, y[i]) * gp_warp(&w, y[i]) / N;
    }
    assert_near(mean, 0.0, 1e-12);
    assert_near(square, 1.0, 1e-12);
}

static void the_order_of_values_and_their_unit_do_not_matter(void **state)
{
    (void)state;
    double y[N], turned[N], scaled[N];
    struct gp_warp a, b, c;
    draw(y, 2);
    for (size_t i = 0; i < N; i++) {
        turned[i] = y[N - 1 - i];
        scaled[i] = 1024.0 * y[i];
    }
    gp_warp_fit(&a, y, N, work);
    gp_warp_fit(&b, turned, N, work);
    gp_warp_fit(&c, scaled, N, work);
    for (size_t i = 0; i < N; i++) {
        assert_true(gp_warp(&a, y[i]) == gp_warp(&b, y[i]));
        assert_near(gp_warp(&c, scaled[i]), gp_warp(&a, y[i]), 1e-10);
    }
}

static void an_outlier_does_not_flatten_the_good_values(void **state)
{
    (void)state;
    double y[N];
    struct gp_warp w;
    for (size_t i = 0; i < N; i++)
        y[i] = (double)i;
    y[N - 1] = 1e9;
    gp_warp_fit(&w, y, N, work);
    assert_true(gp_warp(&w, y[30]) - gp_warp(&w, y[0]) > 1.0);
}

static void equal_values_few_values_and_extreme_values_are_finite(void **state)
{
    (void)state;
    struct gp_warp w;
    double equal[] = {0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3};
    gp_warp_fit(&w, equal, 7, work);
    assert_true(gp_warp(&w, 0.3) == 0.0);
    double two[] = {1.0, 3.0};
    gp_warp_fit(&w, two, 2, work);
    assert_near(gp_warp(&w, 1.0), -1.0, 1e-12);
    double extreme[] = {1e300, -1e300, 1e-300, 0.0, 5.0, 1e200, -1e200};
    gp_warp_fit(&w, extreme, 7, work);
    for (size_t i = 0; i < 7; i++)
        assert_true(isfinite(gp_warp(&w, extreme[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_map_rises_and_can_be_undone),
        cmocka_unit_test(warped_values_have_mean_0_and_sd_1),
        cmocka_unit_test(the_order_of_values_and_their_unit_do_not_matter),
        cmocka_unit_test(an_outlier_does_not_flatten_the_good_values),
        cmocka_unit_test(equal_values_few_values_and_extreme_values_are_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
