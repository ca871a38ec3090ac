/*
 * numeric.c: exp, log, erfc and relatives from additions, multiplications and divisions alone.
 *
 * Method: reduce the argument exactly, then a polynomial: Taylor's for exp, sin and cos, the
 * series of 2 artanh for log, Chebyshev's of (1 + 2x) erfcx(x) after Shepherd & Laframboise (1981;
 * coefficients: tests/data/erfcx_chebyshev.py), Wichura's rational function for the normal quantile
 * (Algorithm AS 241, Applied Statistics 37 (1988) 477-484). Squares in exp(-x^2) are split in two
 * so that their rounding does not reach the result.
 * Invariant: no fused multiply-add, no reassociation, no libm but its exact functions.
 */
#include "base/numeric.h"

#include "base/vector.h"

#define LN2_HIGH    0x1.62e42fefa0000p-1 /* 35 bits: k times this is exact */
#define LN2_LOW     0x1.cf79abc9e3b3ap-40
#define LOG2_E      0x1.71547652b82fep+0
#define SQRT_PI_2   1.2533141373155002512 /* sqrt(pi / 2) */
#define INV_SQRT_2  0.70710678118654752440
#define INV_ROOT_2P 0.39894228040143267794 /* 1 / sqrt(2 pi) */

static double polynomial(double x, const double *c, size_t n)
{
    double sum = c[n - 1];
    for (size_t i = n - 1; i-- > 0;)
        sum = sum * x + c[i];
    return sum;
}

/* 2^k for k in [-1022, 1023]. */
static double power_of_two(int64_t k)
{
    uint64_t bits = (uint64_t)(k + 1023) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* x = m 2^k with m in [sqrt 1/2, sqrt 2); x > 0 and finite. */
static double split(double x, int64_t *k)
{
    int64_t shift = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        shift = -54;
    }
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t exponent = (int64_t)(bits >> 52) - 1023;
    bits = (bits & 0x000fffffffffffffu) | 0x3ff0000000000000u;
    memcpy(&x, &bits, sizeof x);
    if (x > 1.4142135623730951) {
        x *= 0.5;
        exponent++;
    }
    *k = exponent + shift;
    return x;
}

/* e^r - 1 for |r| <= 0.35 */
static double expm1_small(double r)
{
    static const double c[] = {
        1.0 / 2.0,       1.0 / 6.0,        1.0 / 24.0,        1.0 / 120.0,
        1.0 / 720.0,     1.0 / 5040.0,     1.0 / 40320.0,     1.0 / 362880.0,
        1.0 / 3628800.0, 1.0 / 39916800.0, 1.0 / 479001600.0, 1.0 / 6227020800.0,
    };
    return r + r * r * polynomial(r, c, sizeof c / sizeof c[0]);
}

double num_exp(double x)
{
    if (isnan(x))
        return x;
    if (x > 709.79)
        return (double)INFINITY;
    if (x < -745.2)
        return 0.0;
    double k = floor(x * LOG2_E + 0.5);
    double e = 1.0 + expm1_small((x - k * LN2_HIGH) - k * LN2_LOW);
    /* In two steps, because 2^k itself may be no normal number. */
    int64_t half = (int64_t)k / 2;
    return e * power_of_two(half) * power_of_two((int64_t)k - half);
}

double num_expm1(double x)
{
    if (isnan(x))
        return x;
    if (fabs(x) <= 0.34)
        return expm1_small(x);
    if (x > 40.0)
        return num_exp(x);
    if (x < -40.0)
        return -1.0;
    double k = floor(x * LOG2_E + 0.5);
    double scale = power_of_two((int64_t)k);
    return scale * (expm1_small((x - k * LN2_HIGH) - k * LN2_LOW) + (1.0 - 1.0 / scale));
}

double num_log(double x)
{
    /* ln m = 2 artanh s, s = f/(2+f), f = m-1; written as f - f^2/2 + s (f^2/2 + R(s^2)). */
    static const double c[] = {
        2.0 / 3.0,  2.0 / 5.0,  2.0 / 7.0,  2.0 / 9.0,  2.0 / 11.0, 2.0 / 13.0,
        2.0 / 15.0, 2.0 / 17.0, 2.0 / 19.0, 2.0 / 21.0, 2.0 / 23.0,
    };
    if (isnan(x) || x < 0.0)
        return (double)NAN;
    if (x == 0.0)
        return -(double)INFINITY;
    if (isinf(x))
        return x;
    int64_t exponent;
    double f = split(x, &exponent) - 1.0, k = (double)exponent;
    double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
    double r = z * polynomial(z, c, sizeof c / sizeof c[0]);
    return k * LN2_HIGH - ((half - (s * (half + r) + k * LN2_LOW)) - f);
}

double num_log1p(double x)
{
    if (isnan(x) || x < -1.0)
        return (double)NAN;
    if (isinf(x) || fabs(x) < 1e-17)
        return x;
    double u = 1.0 + x;
    if (u == 0.0)
        return -(double)INFINITY;
    /* What u lost by rounding comes back to first order. */
    double lost = x >= 1.0 ? 1.0 - (u - x) : x - (u - 1.0);
    return num_log(u) + lost / u;
}

static double power_whole(double x, unsigned n)
{
    double result = 1.0;
    for (; n; n >>= 1) {
        if (n & 1)
            result *= x;
        x *= x;
    }
    return result;
}

double num_pow(double x, double y)
{
    double whole = floor(y);
    if (y == 0.0 || x == 1.0)
        return 1.0;
    if (isnan(x) || isnan(y))
        return (double)NAN;
    if (whole == y && fabs(y) <= 64.0)
        return y > 0.0 ? power_whole(x, (unsigned)y) : 1.0 / power_whole(x, (unsigned)-y);
    if (x < 0.0) {
        if (whole != y)
            return (double)NAN;
        double magnitude = num_exp(y * num_log(-x));
        return fmod(whole, 2.0) != 0.0 ? -magnitude : magnitude;
    }
    return num_exp(y * num_log(x));
}

/* x = n pi/2 + *high + *low, |high| <= pi/4; returns n mod 4. */
static int quarter(double x, double *high, double *low)
{
    double n = floor(x * 0.63661977236758134308 + 0.5);
    /* pi/2 in parts of 33 bits, so that n times a part is exact for n < 2^20. */
    double a = x - n * 0x1.921fb54400000p+0;
    double w = n * 0x1.0b4611a600000p-34;
    double b = a - w;
    double rest = ((a - b) - w) - n * 0x1.3198a2e037073p-69;
    *high = b + rest;
    *low = (b - *high) + rest;
    return (int)(n - 4.0 * floor(n * 0.25));
}

static double sin_small(double x, double low)
{
    static const double c[] = {
        -1.0 / 6.0,        1.0 / 120.0,        -1.0 / 5040.0,          1.0 / 362880.0,
        -1.0 / 39916800.0, 1.0 / 6227020800.0, -1.0 / 1307674368000.0, 1.0 / 355687428096000.0,
    };
    double z = x * x;
    return x + (x * z * polynomial(z, c, sizeof c / sizeof c[0]) + low);
}

static double cos_small(double x, double low)
{
    static const double c[] = {
        1.0 / 24.0,        -1.0 / 720.0,         1.0 / 40320.0,          -1.0 / 3628800.0,
        1.0 / 479001600.0, -1.0 / 87178291200.0, 1.0 / 20922789888000.0,
    };
    double z = x * x, half = 0.5 * z, w = 1.0 - half;
    return w + (((1.0 - w) - half) + (z * z * polynomial(z, c, sizeof c / sizeof c[0]) - x * low));
}

static double wave(double x, int turn)
{
    double high, low;
    if (!(fabs(x) < 0x1p52))
        return (double)NAN;
    switch ((quarter(x, &high, &low) + turn) % 4) {
    case 0:
        return sin_small(high, low);
    case 1:
        return cos_small(high, low);
    case 2:
        return -sin_small(high, low);
    default:
        return -cos_small(high, low);
    }
}

double num_sin(double x)
{
    return wave(x, 0);
}

double num_cos(double x)
{
    return wave(x, 1);
}

/* exp(factor x^2), factor 1, -1 or -1/2. x^2 = h^2 + (x-h)(x+h), where h^2 is exact. */
static double exp_square(double x, double factor)
{
    if (fabs(x) > 40.0)
        return factor < 0.0 ? 0.0 : (double)INFINITY;
    double h = floor(x * 0x1p20) * 0x1p-20;
    return num_exp(factor * h * h) * num_exp(factor * ((x - h) * (x + h)));
}

/* x >= 0 */
static double erfcx_positive(double x)
{
    static const double c[] = {
        1.1775789345674017541,      -0.0045900545806464773309,  -0.084249133366517915584,
        0.059209939998191890498,    -0.026658668435305752277,   0.0090749976707052650939,
        -0.0024131635404176081909,  0.00049077583652580863229,  -0.000069169733025012063671,
        4.1390279860730101675e-6,   7.7403830661984906686e-7,   -2.1886401049234395661e-7,
        1.0764999465670910377e-8,   4.5219598112182868979e-9,   -7.7544002088313511065e-10,
        -6.3180883408866844944e-11, 2.8687950109306698981e-11,  1.945586854577734723e-13,
        -9.6546967484334389059e-13, 3.2525481481487398415e-14,  3.3478119482868053878e-14,
        -1.8645628804193131015e-15, -1.2507950530688647085e-15, 7.418235256624043463e-17,
        5.0681489047961113168e-17,
    };
    double t = x > 1e300 ? 1.0 : (x - 3.75) / (x + 3.75);
    double now = 0.0, before = 0.0; /* Clenshaw's recurrence */
    for (size_t j = sizeof c / sizeof c[0] - 1; j > 0; j--) {
        double next = 2.0 * t * now - before + c[j];
        before = now;
        now = next;
    }
    return (t * now - before + c[0]) / (1.0 + 2.0 * x);
}

double num_erfcx(double x)
{
    if (isnan(x))
        return x;
    return x >= 0.0 ? erfcx_positive(x) : 2.0 * exp_square(x, 1.0) - erfcx_positive(-x);
}

double num_erfc(double x)
{
    if (isnan(x))
        return x;
    double tail = exp_square(x, -1.0) * erfcx_positive(fabs(x));
    return x >= 0.0 ? tail : 2.0 - tail;
}

double num_normal_pdf(double z)
{
    return isnan(z) ? z : INV_ROOT_2P * exp_square(z, -0.5);
}

double num_normal_cdf(double z)
{
    if (isnan(z))
        return z;
    double tail = 0.5 * exp_square(z, -0.5) * erfcx_positive(fabs(z) * INV_SQRT_2);
    return z <= 0.0 ? tail : 1.0 - tail;
}

double num_normal_log_cdf(double z)
{
    if (z > -1.0)
        return z > 0.0 ? num_log1p(-num_normal_cdf(-z)) : num_log(num_normal_cdf(z));
    return -0.5 * z * z + num_log(0.5 * erfcx_positive(-z * INV_SQRT_2));
}

double num_normal_quantile(double p)
{
    static const double a[] = {3.3871328727963666080e0, 1.3314166789178437745e2,
                               1.9715909503065514427e3, 1.3731693765509461125e4,
                               4.5921953931549871457e4, 6.7265770927008700853e4,
                               3.3430575583588128105e4, 2.5090809287301226727e3};
    static const double b[] = {1.0,
                               4.2313330701600911252e1,
                               6.8718700749205790830e2,
                               5.3941960214247511077e3,
                               2.1213794301586595867e4,
                               3.9307895800092710610e4,
                               2.8729085735721942674e4,
                               5.2264952788528545610e3};
    static const double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                               5.76949722146069140550e0,  3.64784832476320460504e0,
                               1.27045825245236838258e0,  2.41780725177450611770e-1,
                               2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[] = {1.0,
                               2.05319162663775882187e0,
                               1.67638483018380384940e0,
                               6.89767334985100004550e-1,
                               1.48103976427480074590e-1,
                               1.51986665636164571966e-2,
                               5.47593808499534494600e-4,
                               1.05075007164441684324e-9};
    static const double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                               1.78482653991729133580e0,  2.96560571828504891230e-1,
                               2.65321895265761230930e-2, 1.24266094738807843860e-3,
                               2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[] = {1.0,
                               5.99832206555887937690e-1,
                               1.36929880922735805310e-1,
                               1.48753612908506148525e-2,
                               7.86869131145613259100e-4,
                               1.84631831751005468180e-5,
                               1.42151175831644588870e-7,
                               2.04426310338993978564e-15};
    if (!(p >= 0.0 && p <= 1.0))
        return (double)NAN;
    if (p == 0.0 || p == 1.0)
        return p == 0.0 ? -(double)INFINITY : (double)INFINITY;
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(r, a, 8) / polynomial(r, b, 8);
    }
    double r = sqrt(-num_log(q < 0.0 ? p : 1.0 - p));
    double z = r <= 5.0 ? polynomial(r - 1.6, c, 8) / polynomial(r - 1.6, d, 8)
                        : polynomial(r - 5.0, e, 8) / polynomial(r - 5.0, f, 8);
    return q < 0.0 ? -z : z;
}

HONE_CLONES void num_exp_all(const double *x, size_t n, double *out)
{
    for (size_t i = 0; i < n; i += LANES) {
        v8 y = {0};
        size_t left = n - i < LANES ? n - i : LANES;
        if (left == LANES)
            y = v8_load(x + i);
        else
            memcpy(&y, x + i, left * sizeof *x);
        v8_exp(&y);
        memcpy(out + i, &y, left * sizeof *x);
    }
}

void num_sort(double *x, size_t n)
{
    for (size_t gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (size_t i = gap; i < n; i++) {
            double value = x[i];
            size_t j = i;
            for (; j >= gap && x[j - gap] > value; j -= gap)
                x[j] = x[j - gap];
            x[j] = value;
        }
}

void num_order(const double *key, size_t n, size_t *index)
{
    for (size_t i = 0; i < n; i++)
        index[i] = i;
    for (size_t gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (size_t i = gap; i < n; i++) {
            size_t item = index[i], j = i;
            for (; j >= gap && (key[index[j - gap]] > key[item] ||
                                (key[index[j - gap]] == key[item] && index[j - gap] > item));
                 j -= gap)
                index[j] = index[j - gap];
            index[j] = item;
        }
}

double num_median(double *x, size_t n)
{
    num_sort(x, n);
    return n % 2 == 1 ? x[n / 2] : x[n / 2 - 1] / 2.0 + x[n / 2] / 2.0;
}

double num_centre(double *x, size_t n, double *sd_out)
{
    const double mad_to_sd = 1.48;
    double middle = num_median(x, n);
    for (size_t i = 0; i < n; i++)
        x[i] = fabs(x[i] - middle);
    *sd_out = mad_to_sd * num_median(x, n);
    return middle;
}
