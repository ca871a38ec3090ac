/*
 * vector.h: eight doubles at a time, with the same bits on every processor.
 *
 * `v8` is the compilers' vector type: it becomes one AVX-512 register, two of AVX2 or four of SSE2.
 * Each lane is an ordinary double, so that no result depends on the width of the registers, as long
 * as nothing is contracted to a fused multiply-add (-ffp-contract=off).
 * Functions marked HONE_CLONES are compiled once for each of these and chosen when the library is
 * loaded. Sanitizers don't get along with that mechanism, and Clang before 17 gives the
 * function another name; their builds have one version.
 */
#ifndef HONE_BASE_VECTOR_H
#define HONE_BASE_VECTOR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if !defined(__GNUC__)
#error "vector.h needs GCC or Clang: vector_size"
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
    __has_feature(thread_sanitizer)
#define HONE_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HONE_SANITIZED 1
#endif

#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && !defined(__clang__) &&      \
    !defined(HONE_SANITIZED) && !defined(HONE_NO_CLONES)
#define HONE_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define HONE_CLONES
#endif

#define HONE_INLINE static inline __attribute__((always_inline))

#define LANES 8

typedef double v8 __attribute__((vector_size(64)));
typedef int64_t v8i __attribute__((vector_size(64)));
/* What may start at any double. */
typedef double v8_loose __attribute__((vector_size(64), aligned(8), may_alias));

/* Vectors are passed by pointer, also to what is inlined: by value they would have another calling
 * convention in each clone. */
#define v8_load(p)     (*(const v8_loose *)(p))
#define v8_store(p, x) (*(v8_loose *)(p) = (x))

/* Where the mask's bits are set, *x becomes `other`. */
#define v8_replace(x, mask, other) (*(x) = (v8)(((mask) & (v8i)(other)) | (~(mask) & (v8i)(*(x)))))

HONE_INLINE void v8_set(v8 *x, double value)
{
    *x = (v8){value, value, value, value, value, value, value, value};
}

HONE_INLINE void v8_sqrt(v8 *x)
{
    v8 y = *x;
    *x = (v8){sqrt(y[0]), sqrt(y[1]), sqrt(y[2]), sqrt(y[3]),
              sqrt(y[4]), sqrt(y[5]), sqrt(y[6]), sqrt(y[7])};
}

/* The sum of the lanes, always in this order. */
HONE_INLINE double v8_sum(const v8 *x)
{
    return (((*x)[0] + (*x)[4]) + ((*x)[2] + (*x)[6])) +
           (((*x)[1] + (*x)[5]) + ((*x)[3] + (*x)[7]));
}

/*
 * *x = exp(*x) for x in [-708, 709]; outside it is that of the nearer end.
 * x = k ln 2 + r, |r| <= 0.35; e^r by its Taylor polynomial in short chains, the first two terms
 * added last.
 */
HONE_INLINE void v8_exp(v8 *argument)
{
    const double shifter = 0x1.8p52; /* adding it rounds to an integer, in the low bits */
    v8 x = *argument, low, high;
    v8_set(&low, -708.0);
    v8_set(&high, 709.0);
    v8_replace(&x, x < low, low);
    v8_replace(&x, x > high, high);
    v8 shifted = x * 0x1.71547652b82fep+0 + shifter;
    v8 k = shifted - shifter;
    v8 r = (x - k * 0x1.62e42fefa0000p-1) - k * 0x1.cf79abc9e3b3ap-40;
    v8 r2 = r * r, r4 = r2 * r2;
    v8 p0 = (0.5 + r * (1.0 / 6.0)) + r2 * (1.0 / 24.0 + r * (1.0 / 120.0));
    v8 p1 = (1.0 / 720.0 + r * (1.0 / 5040.0)) + r2 * (1.0 / 40320.0 + r * (1.0 / 362880.0));
    v8 p2 = (1.0 / 3628800.0 + r * (1.0 / 39916800.0)) +
            r2 * (1.0 / 479001600.0 + r * (1.0 / 6227020800.0));
    v8 e = 1.0 + (r + r2 * (p0 + r4 * (p1 + r4 * p2)));
    /* k is in the low bits of `shifted`; moved into the exponent it multiplies by 2^k. */
    *argument = (v8)((v8i)e + ((v8i)shifted << 52));
}

#endif
