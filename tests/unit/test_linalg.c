/*
 * test_linalg.c: the factor of a matrix known in closed form, and the defining equations of
 * solves and inverse, at sizes on both sides of the blocks' edges.
 */
#include "near.h"

#include <string.h>

#include "base/linalg.h"
#include "base/mem.h"
#include "base/rng.h"

static const size_t sizes[] = {1, 2, 7, 8, 9, 63, 64, 65, 130};
#define N_SIZES (sizeof sizes / sizeof sizes[0])

struct matrices {
    struct arena arena;
    size_t n, stride;
    double *K, *R, *work, *inverse, *B;
};

static double *matrix(struct matrices *m)
{
    return arena_array(&m->arena, linalg_rows(m->n) * m->stride, sizeof(double));
}

/* A random positive definite K = A A' + n I, and its factor. */
static void make(struct matrices *m, size_t n)
{
    *m = (struct matrices){.n = n, .stride = linalg_stride(n)};
    m->K = matrix(m);
    m->R = matrix(m);
    m->work = matrix(m);
    m->inverse = matrix(m);
    m->B = matrix(m);
    struct rng rng;
    rng_init(&rng, n, RNG_TEST, 0);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            m->work[i * m->stride + j] = rng_normal(&rng);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            m->K[i * m->stride + j] =
                linalg_dot(m->work + i * m->stride, m->work + j * m->stride, n) +
                (i == j ? (double)n : 0.0);
    linalg_pad(m->K, n, m->stride);
    memcpy(m->R, m->K, linalg_rows(n) * m->stride * sizeof(double));
    assert_true(linalg_cholesky(m->R, n, m->stride));
}

static void the_factor_of_min_i_j_is_all_ones(void **state)
{
    (void)state;
    for (size_t s = 0; s < N_SIZES; s++) {
        struct matrices m = {.n = sizes[s], .stride = linalg_stride(sizes[s])};
        m.K = matrix(&m);
        for (size_t i = 0; i < m.n; i++)
            for (size_t j = 0; j < m.n; j++)
                m.K[i * m.stride + j] = (double)(i < j ? i + 1 : j + 1);
        linalg_pad(m.K, m.n, m.stride);
        assert_true(linalg_cholesky(m.K, m.n, m.stride));
        for (size_t i = 0; i < m.n; i++)
            for (size_t j = i; j < m.n; j++)
                assert_true(m.K[i * m.stride + j] == 1.0);
        arena_release(&m.arena);
    }
}

static void the_factor_multiplies_back(void **state)
{
    (void)state;
    for (size_t s = 0; s < N_SIZES; s++) {
        struct matrices m;
        make(&m, sizes[s]);
        for (size_t i = 0; i < m.n; i++)
            for (size_t j = i; j < m.n; j++) {
                double sum = 0;
                for (size_t k = 0; k <= i; k++)
                    sum += m.R[k * m.stride + i] * m.R[k * m.stride + j];
                assert_near(sum, m.K[i * m.stride + j], 1e-13);
            }
        arena_release(&m.arena);
    }
}

static void solves_and_inverse_satisfy_their_equations(void **state)
{
    (void)state;
    for (size_t s = 0; s < N_SIZES; s++) {
        struct matrices m;
        make(&m, sizes[s]);
        /* K^-1 b by one right-hand side, by eight, and by the inverse. */
        size_t rows = linalg_rows(m.n);
        double *b = arena_array(&m.arena, m.n, sizeof *b),
               *x = arena_array(&m.arena, m.n, sizeof *x);
        double *B = arena_array(&m.arena, rows * 8, sizeof *B);
        for (size_t i = 0; i < m.n; i++) {
            b[i] = x[i] = 1.0 / (double)(i + 1);
            for (size_t c = 0; c < 8; c++)
                B[i * 8 + c] = b[i] * (double)(c + 1);
        }
        linalg_solve_lower(m.R, m.n, m.stride, x);
        linalg_solve_upper(m.R, m.n, m.stride, x);
        linalg_solve_lower_many(m.R, m.n, m.stride, B, 8, 8);
        linalg_solve_upper_many(m.R, m.n, m.stride, B, 8, 8);
        linalg_inverse(m.R, m.n, m.stride, m.work, m.inverse);
        for (size_t i = 0; i < m.n; i++) {
            double product = 0, inverse = 0;
            for (size_t j = 0; j < m.n; j++) {
                product += m.K[i * m.stride + j] * x[j];
                inverse +=
                    b[j] * (j < i ? m.inverse[j * m.stride + i] : m.inverse[i * m.stride + j]);
            }
            assert_near(product, b[i], 1e-13);
            assert_near(inverse, x[i], 1e-13);
            for (size_t c = 0; c < 8; c++)
                assert_near(B[i * 8 + c], x[i] * (double)(c + 1), 1e-13);
        }
        arena_release(&m.arena);
    }
}

/* What makes a factor that was extended equal to one made anew, to the bit. */
static void the_factor_of_a_leading_part_is_the_leading_part_of_the_factor(void **state)
{
    (void)state;
    struct matrices m;
    make(&m, 130);
    for (size_t n = 1; n < 130; n += 13) {
        size_t stride = linalg_stride(n);
        double *K = arena_array(&m.arena, linalg_rows(n) * stride, sizeof *K);
        for (size_t i = 0; i < n; i++)
            memcpy(K + i * stride, m.K + i * m.stride, n * sizeof *K);
        linalg_pad(K, n, stride);
        assert_true(linalg_cholesky(K, n, stride));
        for (size_t i = 0; i < n; i++)
            for (size_t j = i; j < n; j++)
                assert_true(K[i * stride + j] == m.R[i * m.stride + j]);
    }
    arena_release(&m.arena);
}

static void an_indefinite_matrix_is_refused(void **state)
{
    (void)state;
    struct matrices m;
    make(&m, 9);
    m.K[8 * m.stride + 8] = -1.0;
    assert_false(linalg_cholesky(m.K, 9, m.stride));
    m.R[0] = (double)NAN;
    assert_false(linalg_cholesky(m.R, 9, m.stride));
    arena_release(&m.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_factor_of_min_i_j_is_all_ones),
        cmocka_unit_test(the_factor_multiplies_back),
        cmocka_unit_test(solves_and_inverse_satisfy_their_equations),
        cmocka_unit_test(the_factor_of_a_leading_part_is_the_leading_part_of_the_factor),
        cmocka_unit_test(an_indefinite_matrix_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
