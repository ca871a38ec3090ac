/* test_cma.c: the update of CMA-ES against another implementation, samples, and the margin. */
#include "near.h"

#include "base/linalg.h"
#include "base/numeric.h"
#include "search/cma/cma.h"

static struct arena arena;

static int reset(void **state)
{
    (void)state;
    arena_reset(&arena);
    return 0;
}

static void make(struct cma *cma, size_t d, double sigma)
{
    double *m = arena_array(&arena, d, sizeof *m);
    assert_true(cma_init(cma, d, &arena));
    for (size_t j = 0; j < d; j++)
        m[j] = 0.5;
    cma_start(cma, m, sigma);
    assert_true(cma_factor(cma));
}

/* Made by tests/data/cma_update_reference.py. */
static void a_generation_moves_as_in_the_package_cmaes(void **state)
{
    (void)state;
    enum { D = 4, LAMBDA = 9 };
    struct cma cma;
    double Y[LAMBDA * D];
    make(&cma, D, 0.05);
    for (size_t i = 0; i < LAMBDA; i++)
        for (size_t j = 0; j < D; j++)
            Y[i * D + j] = fmod((double)((i + 1) * (j + 2)) * 0.37, 2.0) - 0.8;
    assert_true(cma_update(&cma, Y, LAMBDA, &arena));

    static const double m[D] = {0.5040791438975204, 0.5024217433522724, 0.5200486045469764,
                                0.5465008872497928};
    static const double p_sigma[D] = {0.1108991758397809, 0.06583963415111128, 0.5450589086472059,
                                      1.2642138157850629};
    static const double p_c[D] = {0.1190790858381732, 0.07069595772254379, 0.5852623888155115,
                                  1.3574620762300824};
    static const double C[D][D] = {
        {0.8869975184529449, -0.04010962674022214, -0.03826352527599985, 0.03397073349954593},
        {-0.04010962674022214, 0.7753926869851759, -0.03075430161064485, 0.02733605131701059},
        {-0.03826352527599985, -0.03075430161064485, 0.9267732023097803, 0.08397640667374838},
        {0.03397073349954593, 0.02733605131701059, 0.08397640667374838, 1.1478115626632341}};
    const double sigma = 0.04630087613384898;
    for (size_t j = 0; j < D; j++) {
        assert_near_relative(cma.m[j], m[j], 1e-12);
        assert_near_relative(cma.p_sigma[j], p_sigma[j], 1e-12);
        assert_near_relative(cma.p_c[j], p_c[j], 1e-12);
        for (size_t k = j; k < D; k++)
            assert_near(*cma_covariance(&cma, j, k), C[j][k], 1e-8); /* it adds 1e-8 to |y|^2 */
    }
    assert_near_relative(cma.sigma, sigma, 1e-12);
    assert_int_equal(cma.generation, 1);
}

/* A distribution that some generations of random selection have made. */
static void make_worn(struct cma *cma, size_t d, uint64_t key)
{
    enum { LAMBDA = 10 };
    struct rng rng;
    rng_init(&rng, 3, RNG_TEST, key);
    make(cma, d, 0.1);
    double *Y = arena_array(&arena, LAMBDA * d, sizeof *Y);
    for (int g = 0; g < 30; g++) {
        for (size_t i = 0; i < LAMBDA; i++)
            cma_sample(cma, &rng, Y + i * d);
        assert_true(cma_update(cma, Y, LAMBDA, &arena));
        assert_true(cma_factor(cma));
    }
}

static void samples_have_the_covariance(void **state)
{
    (void)state;
    enum { D = 5, N = 40000 };
    struct cma cma;
    struct rng rng;
    double sum[D][D] = {{0}}, y[D];
    rng_init(&rng, 4, RNG_TEST, 0);
    make_worn(&cma, D, 1);
    for (size_t i = 0; i < N; i++) {
        cma_sample(&cma, &rng, y);
        for (size_t j = 0; j < D; j++)
            for (size_t k = j; k < D; k++)
                sum[j][k] += y[j] * y[k] / N;
    }
    for (size_t j = 0; j < D; j++)
        for (size_t k = j; k < D; k++)
            assert_near(sum[j][k], *cma_covariance(&cma, j, k), 0.04);
}

/* E |L^-1 y|^2 = d, whether C is a whole matrix or diagonal. */
static void lengths_are_those_of_standard_normal_vectors(void **state)
{
    (void)state;
    const size_t dimensions[] = {1, 7, CMA_FULL + 6};
    for (size_t s = 0; s < 3; s++) {
        enum { N = 4000 };
        size_t d = dimensions[s];
        struct cma cma;
        struct rng rng;
        rng_init(&rng, 5, RNG_TEST, s);
        make_worn(&cma, d, s);
        assert_int_equal(cma.full, d <= CMA_FULL);
        double *y = arena_array(&arena, 2 * d, sizeof *y), mean = 0.0;
        for (size_t i = 0; i < N; i++) {
            cma_sample(&cma, &rng, y);
            double length = cma_length(&cma, y, y + d);
            mean += length * length / N;
        }
        assert_near_relative(mean, (double)d, 0.08);
    }
}

static void a_foreign_step_is_shortened_to_what_is_usual(void **state)
{
    (void)state;
    enum { D = 3 };
    struct cma cma;
    double work[D], far[D] = {100.0, -50.0, 3.0}, near[D] = {0.1, 0.2, -0.1};
    make_worn(&cma, D, 2);
    cma_limit(&cma, far, work);
    assert_near(cma_length(&cma, far, work), sqrt(3.0) + 6.0 / 5.0, 1e-12);
    assert_near(far[0] / far[1], -2.0, 1e-12); /* the direction stays */
    cma_limit(&cma, near, work);
    assert_near(near[0], 0.1, 0);
}

static void what_cannot_be_factored_is_refused(void **state)
{
    (void)state;
    struct cma cma;
    make(&cma, 3, 0.1);
    *cma_covariance(&cma, 0, 1) = 1.0; /* singular */
    assert_false(cma_factor(&cma));
    make(&cma, 3, 0.1);
    *cma_covariance(&cma, 2, 2) = 1e-15;
    assert_false(cma_factor(&cma));
}

static hone_space *mixed_space(void)
{
    hone_space *space = hone_space_new();
    const hone_value colours[] = {HONE_TEXT("red"), HONE_TEXT("green"), HONE_TEXT("blue"),
                                  HONE_TEXT("grey")};
    const hone_value widths[] = {HONE_NUMBER(1), HONE_NUMBER(10), HONE_NUMBER(11),
                                 HONE_NUMBER(1000)};
    assert_int_equal(hone_space_add_float(space, "x", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(space, "n", 1, 9, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(space, "fixed", 3, 3, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(space, "colour", 4, colours, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(space, "units", 1, 2000, HONE_LOG, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(space, "flag", 2, colours, NULL), HONE_OK);
    assert_int_equal(hone_space_add_ordinal(space, "width", 4, widths, NULL), HONE_OK);
    return space;
}

static void coordinates_of_a_row_give_the_row(void **state)
{
    (void)state;
    hone_space *space = mixed_space();
    struct cma_space cs;
    struct rng rng;
    rng_init(&rng, 6, RNG_TEST, 0);
    assert_true(cma_space_init(&cs, space, &arena));
    assert_int_equal(cs.d, 1 + 1 + 0 + 4 + 1 + 1 + 1);
    for (int i = 0; i < 500; i++) {
        double row[7], again[7], m[9], x[9];
        assert_true(space_random(space, row, &rng));
        for (size_t k = 0; k < cs.d; k++)
            m[k] = i % 2 == 0 ? 0.5 : rng_uniform(&rng);
        cma_coordinates(&cs, row, m, 0.01, x);
        assert_true(cma_row(&cs, x, again));
        assert_true(row_equal(row, again, 7));
    }
    double out[9] = {1.01}, row[7];
    assert_false(cma_row(&cs, out, row)); /* a float outside its range */
    cma_clip(&cs, out);
    assert_true(cma_row(&cs, out, row));
    assert_near(row[0], 1.0, 0);
    hone_space_free(space);
}

/* However narrow the distribution: of 20,000 samples each discrete parameter has its share in other
 * cells than the likeliest. */
static void a_narrow_distribution_still_leaves_the_cell(void **state)
{
    (void)state;
    enum { N = 20000, LAMBDA = 10 };
    hone_space *space = mixed_space();
    struct cma_space cs;
    struct cma cma;
    struct rng rng;
    rng_init(&rng, 7, RNG_TEST, 0);
    assert_true(cma_space_init(&cs, space, &arena));
    for (int round = 0; round < 5; round++) {
        make(&cma, cs.d, 1e-6);
        for (size_t k = 0; k < cs.d; k++)
            cma.m[k] = rng_uniform(&rng);
        cma_margin(&cs, &cma, LAMBDA);
        double mean[7], row[7], x[9], y[9];
        size_t n_other[7] = {0};
        cma_row(&cs, cma.m, mean);
        for (size_t i = 0; i < N; i++) {
            cma_sample(&cma, &rng, y);
            cma_point(&cma, y, x);
            assert_true(cma_row(&cs, x, row));
            for (size_t j = 0; j < 7; j++)
                n_other[j] += j > 0 && row[j] != mean[j];
        }
        assert_int_equal(n_other[0] + n_other[2], 0);
        double alpha = 1.0 / (LAMBDA * (double)cs.d);
        for (size_t j = 1; j < 7; j++)
            if (j != 2) {
                assert_true((double)n_other[j] > 0.6 * alpha * N);
                assert_true((double)n_other[j] < 1.5 * alpha * N);
            }
    }
    hone_space_free(space);
}

static void a_wide_distribution_is_left_alone(void **state)
{
    (void)state;
    hone_space *space = mixed_space();
    struct cma_space cs;
    struct cma cma;
    assert_true(cma_space_init(&cs, space, &arena));
    make(&cma, cs.d, 0.3);
    cma_margin(&cs, &cma, 10);
    for (size_t k = 0; k < cs.d; k++) {
        assert_near(cma.m[k], 0.5, 0);
        assert_near(cma.A[k], 1.0, 0);
    }
    hone_space_free(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_generation_moves_as_in_the_package_cmaes, reset),
        cmocka_unit_test_teardown(samples_have_the_covariance, reset),
        cmocka_unit_test_teardown(lengths_are_those_of_standard_normal_vectors, reset),
        cmocka_unit_test_teardown(a_foreign_step_is_shortened_to_what_is_usual, reset),
        cmocka_unit_test_teardown(what_cannot_be_factored_is_refused, reset),
        cmocka_unit_test_teardown(coordinates_of_a_row_give_the_row, reset),
        cmocka_unit_test_teardown(a_narrow_distribution_still_leaves_the_cell, reset),
        cmocka_unit_test_teardown(a_wide_distribution_is_left_alone, reset),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}
