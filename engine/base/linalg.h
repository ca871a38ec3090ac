/*
 * linalg.h: dense linear algebra of positive definite matrices, with the same bits on every
 * machine.
 *
 * Matrices are row-major with `stride` doubles a row, stride = linalg_stride(n); they have
 * linalg_rows(n) rows, those past n being padding that linalg_pad() fills. The factor is upper
 * triangular, K = R' R, and only the upper triangle of K and R is read: stored so, every inner loop
 * walks along rows. Each entry is one running sum in the order of the summed index, whatever the
 * blocking: no result depends on the size of a block or of a register.
 */
#ifndef HONE_BASE_LINALG_H
#define HONE_BASE_LINALG_H

#include <stdbool.h>
#include <stddef.h>

/** n rounded up to whole blocks of 8: the rows to allocate. */
size_t linalg_rows(size_t n);

/** The distance between rows: linalg_rows(n), or 8 more where that would strain the cache. */
size_t linalg_stride(size_t n);

/** Make the padding rows and columns of K those of the unit matrix. */
void linalg_pad(double *K, size_t n, size_t stride);

/**
 * Factor K = R' R in place.
 * @param K  n x n with padding, positive definite; its upper triangle becomes R. What is below the
 *           diagonal is left as it was, but for the blocks of 8 on the diagonal, where it becomes
 * 0.
 * @return   false when K isn't positive definite in double precision; K is then spoilt
 * Cost: n^3 / 3. Allocates nothing.
 */
bool linalg_cholesky(double *K, size_t n, size_t stride);

/** Solve R' x = b or R x = b in place; b has n entries. */
void linalg_solve_lower(const double *R, size_t n, size_t stride, double *b);
void linalg_solve_upper(const double *R, size_t n, size_t stride, double *b);

/**
 * Solve R' X = B or R X = B in place for several right-hand sides.
 * @param B        linalg_rows(n) x columns, row-major; the padding rows must be finite
 * @param columns  a multiple of 8
 * @param step     doubles a row of B, >= columns
 */
void linalg_solve_lower_many(const double *R, size_t n, size_t stride, double *B, size_t columns,
                             size_t step);
void linalg_solve_upper_many(const double *R, size_t n, size_t stride, double *B, size_t columns,
                             size_t step);

/**
 * The inverse of K from its factor.
 * @param work     as large as R; becomes the inverse of R'
 * @param inverse  as large as R; its upper triangle is filled, by blocks of 8
 */
void linalg_inverse(const double *R, size_t n, size_t stride, double *work, double *inverse);

/** sum x[i] y[i], in eight interleaved running sums. */
double linalg_dot(const double *x, const double *y, size_t n);

#endif
