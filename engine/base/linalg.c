/*
 * linalg.c: Cholesky factor, triangular solves and inverse, by one small kernel.
 *
 * Everything here is C -= A' B over blocks of 8 rows and 8 columns, the block kept in registers
 * while the summed index k runs (block_subtract), followed by a solve with an 8 x 8 triangle
 * (triangle_solve). With K = R' R, rows J .. J+7 of R are
 *     R[J, i] = R_JJ^-T (K[J, i] - sum_{k < J} R[k, J]' R[k, i]),
 * which is the forward solve of R' X = K as well; the backward solve reads R by rows instead. The
 * inverse is M' M with M = R^-T, skipping what is zero in M.
 * Multiplying by the inverse of a diagonal entry takes the place of dividing by it everywhere, so
 * that all these agree.
 */
#include "base/linalg.h"

#include <assert.h>
#include <math.h>

#include "base/vector.h"

#define BLOCK 8 /* = LANES */

/* Right-hand sides are taken in groups that stay in the second-level cache. */
#define GROUP 64

struct block {
    v8 row[BLOCK];
};

size_t linalg_rows(size_t n)
{
    return (n + BLOCK - 1) / BLOCK * BLOCK;
}

size_t linalg_stride(size_t n)
{
    size_t rows = linalg_rows(n);
    return rows % 64 == 0 ? rows + BLOCK : rows;
}

void linalg_pad(double *K, size_t n, size_t stride)
{
    size_t rows = linalg_rows(n);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = i < n ? n : 0; j < rows; j++)
            K[i * stride + j] = 0.0;
        if (i >= n)
            K[i * stride + i] = 1.0;
    }
}

HONE_CLONES double linalg_dot(const double *x, const double *y, size_t n)
{
    v8 sum = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        sum += v8_load(x + i) * v8_load(y + i);
    for (size_t l = 0; i < n; i++, l++)
        sum[l] += x[i] * y[i];
    return v8_sum(&sum);
}

HONE_INLINE void block_load(struct block *c, const double *p, size_t step)
{
    for (size_t r = 0; r < BLOCK; r++)
        c->row[r] = v8_load(p + r * step);
}

HONE_INLINE void block_store(const struct block *c, double *p, size_t step)
{
    for (size_t r = 0; r < BLOCK; r++)
        v8_store(p + r * step, c->row[r]);
}

/* c[r] -= sum_k a(k, r) b(k), with a(k, r) = a[k * a_step + r * a_row] and b(k) = 8 doubles. */
HONE_INLINE void block_subtract(struct block *c, const double *a, size_t a_step, size_t a_row,
                                const double *b, size_t b_step, size_t n)
{
    v8 c0 = c->row[0], c1 = c->row[1], c2 = c->row[2], c3 = c->row[3];
    v8 c4 = c->row[4], c5 = c->row[5], c6 = c->row[6], c7 = c->row[7];
    for (size_t k = 0; k < n; k++) {
        v8 x = v8_load(b);
        c0 -= a[0] * x;
        c1 -= a[a_row] * x;
        c2 -= a[2 * a_row] * x;
        c3 -= a[3 * a_row] * x;
        c4 -= a[4 * a_row] * x;
        c5 -= a[5 * a_row] * x;
        c6 -= a[6 * a_row] * x;
        c7 -= a[7 * a_row] * x;
        a += a_step;
        b += b_step;
    }
    *c = (struct block){{c0, c1, c2, c3, c4, c5, c6, c7}};
}

/* Solve T' X = C in place for an upper triangle T at t; inverse[r] = 1 / T[r][r]. */
HONE_INLINE void triangle_solve_lower(struct block *c, const double *t, size_t step,
                                      const double *inverse)
{
    for (size_t r = 0; r < BLOCK; r++) {
        v8 x = c->row[r] * inverse[r];
        c->row[r] = x;
        for (size_t q = r + 1; q < BLOCK; q++)
            c->row[q] -= t[r * step + q] * x;
    }
}

/* Solve T X = C in place. */
HONE_INLINE void triangle_solve_upper(struct block *c, const double *t, size_t step,
                                      const double *inverse)
{
    for (size_t r = BLOCK; r-- > 0;) {
        v8 x = c->row[r] * inverse[r];
        c->row[r] = x;
        for (size_t q = 0; q < r; q++)
            c->row[q] -= t[q * step + r] * x;
    }
}

static void diagonal_inverse(const double *t, size_t step, double inverse[BLOCK])
{
    for (size_t r = 0; r < BLOCK; r++)
        inverse[r] = 1.0 / t[r * step + r];
}

/* Factor the 8 x 8 block at t, whose upper triangle is valid, and zero what is below. */
static bool triangle_factor(double *t, size_t step, double inverse[BLOCK])
{
    for (size_t r = 0; r < BLOCK; r++) {
        double *row = t + r * step, pivot = row[r];
        if (!(pivot > 0.0) || isinf(pivot))
            return false;
        double root = sqrt(pivot);
        inverse[r] = 1.0 / root;
        row[r] = root;
        for (size_t j = r + 1; j < BLOCK; j++) {
            row[j] *= inverse[r];
            t[j * step + r] = 0.0;
        }
        for (size_t q = r + 1; q < BLOCK; q++)
            for (size_t j = q; j < BLOCK; j++)
                t[q * step + j] -= row[q] * row[j];
    }
    return true;
}

HONE_CLONES bool linalg_cholesky(double *K, size_t n, size_t stride)
{
    size_t rows = linalg_rows(n);
    struct block c;
    for (size_t J = 0; J < rows; J += BLOCK) {
        double inverse[BLOCK], *diagonal = K + J * stride + J;
        block_load(&c, diagonal, stride);
        block_subtract(&c, K + J, stride, 1, K + J, stride, J);
        block_store(&c, diagonal, stride);
        if (!triangle_factor(diagonal, stride, inverse))
            return false;
        for (size_t i = J + BLOCK; i < rows; i += BLOCK) {
            block_load(&c, K + J * stride + i, stride);
            block_subtract(&c, K + J, stride, 1, K + i, stride, J);
            triangle_solve_lower(&c, diagonal, stride, inverse);
            block_store(&c, K + J * stride + i, stride);
        }
    }
    return true;
}

/* Forward solve of columns [from, to) whose rows above `first` are zero. */
HONE_INLINE void forward(const double *R, size_t rows, size_t stride, double *B, size_t from,
                         size_t to, size_t step, size_t first)
{
    struct block c;
    for (size_t J = first; J < rows; J += BLOCK) {
        double inverse[BLOCK];
        const double *diagonal = R + J * stride + J;
        diagonal_inverse(diagonal, stride, inverse);
        for (size_t j = from; j < to; j += BLOCK) {
            block_load(&c, B + J * step + j, step);
            block_subtract(&c, R + first * stride + J, stride, 1, B + first * step + j, step,
                           J - first);
            triangle_solve_lower(&c, diagonal, stride, inverse);
            block_store(&c, B + J * step + j, step);
        }
    }
}

HONE_CLONES void linalg_solve_lower_many(const double *R, size_t n, size_t stride, double *B,
                                         size_t columns, size_t step)
{
    assert(columns % BLOCK == 0);
    size_t rows = linalg_rows(n);
    for (size_t from = 0; from < columns; from += GROUP)
        forward(R, rows, stride, B, from, columns - from < GROUP ? columns : from + GROUP, step, 0);
}

HONE_CLONES void linalg_solve_upper_many(const double *R, size_t n, size_t stride, double *B,
                                         size_t columns, size_t step)
{
    assert(columns % BLOCK == 0);
    size_t rows = linalg_rows(n);
    struct block c;
    for (size_t J = rows; J > 0;) {
        J -= BLOCK;
        double inverse[BLOCK];
        const double *diagonal = R + J * stride + J;
        diagonal_inverse(diagonal, stride, inverse);
        for (size_t j = 0; j < columns; j += BLOCK) {
            size_t after = J + BLOCK;
            block_load(&c, B + J * step + j, step);
            block_subtract(&c, R + J * stride + after, 1, stride, B + after * step + j, step,
                           rows - after);
            triangle_solve_upper(&c, diagonal, stride, inverse);
            block_store(&c, B + J * step + j, step);
        }
    }
}

HONE_CLONES void linalg_inverse(const double *R, size_t n, size_t stride, double *work,
                                double *inverse)
{
    size_t rows = linalg_rows(n);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < rows; j++)
            work[i * stride + j] = i == j ? 1.0 : 0.0;
    for (size_t j = 0; j < rows; j += BLOCK)
        forward(R, rows, stride, work, j, j + BLOCK, stride, j);
    for (size_t i = 0; i < rows; i += BLOCK)
        for (size_t j = i; j < rows; j += BLOCK) {
            struct block c = {0};
            block_subtract(&c, work + j * stride + i, stride, 1, work + j * stride + j, stride,
                           rows - j);
            for (size_t r = 0; r < BLOCK; r++)
                c.row[r] = -c.row[r];
            block_store(&c, inverse + i * stride + j, stride);
        }
}

HONE_CLONES void linalg_solve_lower(const double *R, size_t n, size_t stride, double *b)
{
    for (size_t k = 0; k < n; k++) {
        const double *row = R + k * stride;
        double x = b[k] * (1.0 / row[k]);
        b[k] = x;
        for (size_t j = k + 1; j < n; j++)
            b[j] -= row[j] * x;
    }
}

void linalg_solve_upper(const double *R, size_t n, size_t stride, double *b)
{
    for (size_t k = n; k-- > 0;) {
        const double *row = R + k * stride;
        double sum = b[k] - linalg_dot(row + k + 1, b + k + 1, n - k - 1);
        b[k] = sum * (1.0 / row[k]);
    }
}
