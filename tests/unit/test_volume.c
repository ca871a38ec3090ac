/*
 * test_volume.c: hypervolumes against pymoo, boxes against hypervolumes, the expected gain against
 * a million draws. Reference values: tests/data/volume_reference.py.
 */
#include "near.h"

#include <string.h>

#include "base/numeric.h"
#include "search/gp/gp.h"
#include "search/hypervolume.h"

#define MAX_M 5
#define MAX_N 64

struct volume_row {
    size_t m, n;
    double volume;
};
struct gain_row {
    size_t m, n;
    double level, sd, gain, error;
};

/* clang-format off */
static const struct volume_row volumes[] = {
    {2, 1, 0.20124871709525716},
    {2, 2, 0.28805641124145021},
    {2, 7, 0.35117826458625961},
    {2, 60, 0.40700938741534642},
    {3, 1, 0.19970415455592735},
    {3, 2, 0.30946223593764299},
    {3, 7, 0.43386008773185253},
    {3, 60, 0.55296506657128319},
    {4, 1, 0.15098165660290794},
    {4, 2, 0.24755422921791292},
    {4, 7, 0.37110903864995654},
    {4, 60, 0.52813859601469626},
    {5, 1, 0.13466549253319385},
    {5, 2, 0.20659553348383222},
    {5, 7, 0.34946478372424172},
    {5, 60, 0.54253967310476248},
};
static const struct gain_row gains[] = {
    {2, 0, 0.4, 0.1, 0.330125192, 0.000133},
    {2, 0, 0.7, 0.3, 0.1250481, 0.000205},
    {2, 0, 1.2, 0.2, 0.00106629283, 8.65e-06},
    {2, 1, 0.4, 0.1, 0.168835324, 9.94e-05},
    {2, 1, 0.7, 0.3, 0.0627419502, 0.000146},
    {2, 1, 1.2, 0.2, 5.07357204e-05, 1.51e-06},
    {2, 3, 0.4, 0.1, 0.0869318057, 8.5e-05},
    {2, 3, 0.7, 0.3, 0.0458961043, 0.000125},
    {2, 3, 1.2, 0.2, 3.70655979e-05, 1.39e-06},
    {2, 7, 0.4, 0.1, 0.0769825858, 7.46e-05},
    {2, 7, 0.7, 0.3, 0.0395762395, 0.000116},
    {2, 7, 1.2, 0.2, 1.43036315e-05, 7.76e-07},
    {3, 0, 0.4, 0.1, 0.167093822, 0.000123},
    {3, 0, 0.7, 0.3, 0.0586564203, 0.000172},
    {3, 0, 1.2, 0.2, 0.000127443857, 2.45e-06},
    {3, 1, 0.4, 0.1, 0.0828920638, 7.62e-05},
    {3, 1, 0.7, 0.3, 0.0348915353, 0.000133},
    {3, 1, 1.2, 0.2, 9.76091465e-06, 5.99e-07},
    {3, 3, 0.4, 0.1, 0.0310704599, 5.28e-05},
    {3, 3, 0.7, 0.3, 0.0284773591, 0.00012},
    {3, 3, 1.2, 0.2, 8.01498056e-06, 5.75e-07},
    {3, 7, 0.4, 0.1, 0.0171421943, 3.78e-05},
    {3, 7, 0.7, 0.3, 0.0237407185, 0.000109},
    {3, 7, 1.2, 0.2, 6.42880648e-06, 4.57e-07},
};
/* clang-format on */

static const double reference[MAX_M] = {1.0, 1.05, 1.1, 0.95, 1.02};

/* n points around a sphere, n x m. */
static void fill(double *points, size_t n, size_t m)
{
    const double golden = 0.6180339887498949;
    for (size_t i = 0; i < n; i++) {
        double square = 0.0, *p = points + i * m;
        for (size_t j = 0; j < m; j++) {
            p[j] = fmod((double)((i + 1) * (j + 1)) * golden + 0.13 * (double)j, 1.0) + 0.05;
            square += p[j] * p[j];
        }
        double radius = 0.8 + 0.1 * fmod((double)i * golden, 1.0);
        for (size_t j = 0; j < m; j++)
            p[j] *= radius / sqrt(square);
    }
}

static void volumes_match_pymoo(void **state)
{
    (void)state;
    struct arena arena = {0};
    double points[MAX_N * MAX_M];
    for (size_t i = 0; i < sizeof volumes / sizeof volumes[0]; i++) {
        const struct volume_row *row = &volumes[i];
        fill(points, row->n, row->m);
        assert_near_relative(hypervolume(points, row->n, row->m, reference, &arena), row->volume,
                             1e-12);
    }
    arena_release(&arena);
}

static void a_volume_is_that_of_the_front_whatever_the_order(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct rng rng;
    rng_init(&rng, 2, RNG_TEST, 0);
    for (size_t m = 1; m <= MAX_M; m++) {
        double points[3 * 20 * MAX_M], swapped[MAX_M];
        for (size_t i = 0; i < 20 * m; i++)
            points[i] = floor(8.0 * rng_uniform(&rng)) / 8.0; /* with equal coordinates */
        double volume = hypervolume(points, 20, m, reference, &arena);
        assert_true(volume > 0.0);
        for (size_t i = 0; i < 20; i++) /* dominated, or beyond the reference */
            for (size_t j = 0; j < m; j++) {
                points[(20 + i) * m + j] = points[i * m + j] + 0.01 * (double)j;
                points[(40 + i) * m + j] = j == i % m ? reference[j] + 0.5 * (double)(i % 2) : -9.0;
            }
        for (size_t i = 60; i-- > 1;) {
            size_t k = (size_t)rng_below(&rng, i + 1);
            memcpy(swapped, points + i * m, m * sizeof *points);
            memcpy(points + i * m, points + k * m, m * sizeof *points);
            memcpy(points + k * m, swapped, m * sizeof *points);
        }
        assert_near_relative(hypervolume(points, 60, m, reference, &arena), volume, 1e-13);
        assert_true(hypervolume(points, 0, m, reference, &arena) == 0.0);
    }
    arena_release(&arena);
}

static void boxes_fill_what_the_front_leaves(void **state)
{
    (void)state;
    const double bottom = -0.5;
    struct rng rng;
    rng_init(&rng, 3, RNG_TEST, 0);
    for (size_t round = 0; round < 200; round++) {
        struct arena arena = {0};
        size_t m = 2 + round % 2, n = round % 32;
        double points[MAX_N * 3], whole = 1.0, sum = 0.0;
        for (size_t i = 0; i < n * m; i++)
            points[i] = round % 3 == 0 ? floor(6.0 * rng_uniform(&rng)) / 5.0 : rng_uniform(&rng);
        struct gp_boxes boxes;
        assert_true(gp_boxes_init(&boxes, points, n, m, reference, &arena));
        assert_true(boxes.n <= 2 * n + 1);
        for (size_t b = 0; b < boxes.n; b++) {
            double part = 1.0;
            for (size_t j = 0; j < m; j++) {
                assert_true(boxes.low[b][j] < boxes.high[b][j]);
                part *=
                    boxes.edge[j][boxes.high[b][j]] - fmax(bottom, boxes.edge[j][boxes.low[b][j]]);
            }
            sum += part;
        }
        for (size_t j = 0; j < m; j++)
            whole *= reference[j] - bottom;
        assert_near(sum, whole - hypervolume(points, n, m, reference, &arena), 1e-12);
        arena_release(&arena);
    }
}

static void the_expected_gain_is_the_mean_over_a_million_draws(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof gains / sizeof gains[0]; i++) {
        const struct gain_row *row = &gains[i];
        struct arena arena = {0};
        struct gp_boxes boxes;
        double points[MAX_N * 3], mu[3], sd[3], d_mu[3], d_sd[3];
        fill(points, row->n, row->m);
        for (size_t j = 0; j < row->m; j++) {
            mu[j] = row->level + 0.1 * (double)j;
            sd[j] = row->sd * (double)(1 + j);
        }
        assert_true(gp_boxes_init(&boxes, points, row->n, row->m, reference, &arena));
        double gain = num_exp(gp_log_volume_gain(&boxes, mu, sd, d_mu, d_sd));
        near_check(gain, row->gain, 3.5 * row->error, "gain", __FILE__, __LINE__);
        arena_release(&arena);
    }
}

static void the_slopes_of_the_gain_are_its_differences(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 5, RNG_TEST, 0);
    for (size_t round = 0; round < 100; round++) {
        struct arena arena = {0};
        size_t m = 2 + round % 2, n = round % 12;
        struct gp_boxes boxes;
        double points[MAX_N * 3], at[6], d[6], unused[6];
        fill(points, n, m);
        assert_true(gp_boxes_init(&boxes, points, n, m, reference, &arena));
        for (size_t j = 0; j < m; j++) {
            at[j] = 3.0 * rng_uniform(&rng) - 0.5;
            at[m + j] = 0.05 + rng_uniform(&rng);
        }
        gp_log_volume_gain(&boxes, at, at + m, d, d + m);
        for (size_t j = 0; j < 2 * m; j++) {
            const double h = 1e-6;
            double was = at[j];
            at[j] = was + h;
            double above = gp_log_volume_gain(&boxes, at, at + m, unused, unused + m);
            at[j] = was - h;
            double below = gp_log_volume_gain(&boxes, at, at + m, unused, unused + m);
            at[j] = was;
            assert_near(d[j], (above - below) / (2.0 * h), 1e-5);
        }
        arena_release(&arena);
    }
}

static void hopeless_points_still_know_the_way(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct gp_boxes boxes;
    double points[7 * 3], last = (double)INFINITY;
    fill(points, 7, 3);
    assert_true(gp_boxes_init(&boxes, points, 7, 3, reference, &arena));
    for (double level = 1.0; level < 1e6; level *= 1.7) {
        double mu[] = {level, level, level}, sd[] = {0.01, 0.02, 0.03}, d_mu[3], d_sd[3];
        double gain = gp_log_volume_gain(&boxes, mu, sd, d_mu, d_sd);
        assert_true(isfinite(gain) && gain < last);
        last = gain;
        for (size_t j = 0; j < 3; j++)
            assert_true(d_mu[j] < 0.0 && isfinite(d_sd[j]));
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(volumes_match_pymoo),
        cmocka_unit_test(a_volume_is_that_of_the_front_whatever_the_order),
        cmocka_unit_test(boxes_fill_what_the_front_leaves),
        cmocka_unit_test(the_expected_gain_is_the_mean_over_a_million_draws),
        cmocka_unit_test(the_slopes_of_the_gain_are_its_differences),
        cmocka_unit_test(hopeless_points_still_know_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
