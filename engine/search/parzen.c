/*
 * parzen.c: kernels of one parameter.
 *
 * With z = (x - mu) / sigma and Z = Phi((1 - mu) / sigma) - Phi(-mu / sigma):
 *     on a line    ln k = -z^2 / 2 - ln(sigma sqrt(2 pi)) - ln Z
 *     in cells     ln k = ln(Phi(z_high) - Phi(z_low)) - ln Z, at the edges of the cell of x
 *     of codes     k = (1[x = mu] + s) / (1 + C s)
 * The mass of a narrow cell, 2 delta sigma wide around z, is that of a density but for a series:
 *     ln k = ln(2 delta phi(z)) + (z^2 - 1) delta^2 / 6 - (z^4 + 4 z^2 - 2) delta^4 / 180 - ln Z
 * with a rest of about (z delta)^6 / 2835. So most points of most axes are polynomials in z, which
 * are added up eight at a time; logarithms of wide cells are kept for equal kernels.
 *
 * Source: Bergstra, Bardenet, Bengio & Kegl, "Algorithms for hyper-parameter optimization", NeurIPS
 *     24 (2011); the multivariate form and the masses of cells as in Optuna's TPE (Watanabe,
 *     "Tree-structured Parzen estimator: understanding its algorithm components", 2023).
 */
#include "search/parzen.h"

#include <math.h>
#include <string.h>

#include "base/numeric.h"
#include "base/vector.h"

#define LOG_ROOT_2PI 0.91893853320467274178
#define PRIOR_MU     0.5
#define PRIOR_SIGMA  1.0
#define WIDTH        0.2   /* Optuna's factor for the multivariate estimator, up to version 4 */
#define MAX_SHARE    100.0 /* kernels are at least a hundredth wide */
#define NARROW       0.05  /* widths of a cell, in sigma, that the series is good for */
#define FAR          8.5   /* in sigma: what is beyond is less than the rounding of 1 */
#define LEAST_WIDTH  1e-16 /* of a cell: some have no width left in doubles */

struct parzen_axis parzen_axis_of(const struct param *param)
{
    enum parzen_kind kind = param->kind == PARAM_CHOICE ? PARZEN_CODES
                            : param->n_cells > 0        ? PARZEN_CELLS
                                                        : PARZEN_LINE;
    return (struct parzen_axis){.kind = kind, .n_cells = param->n_cells, .param = param};
}

/* ---- Widths ---------------------------------------------------------------------------------- */

struct place {
    double mu;
    size_t index;
};

static bool is_after(struct place a, struct place b)
{
    return a.mu > b.mu || (a.mu == b.mu && a.index > b.index);
}

/* In rising order of mu, equal ones by index: Shell's sort. */
static void sort_places(struct place *places, size_t n)
{
    for (size_t gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (size_t i = gap; i < n; i++) {
            struct place item = places[i];
            size_t j = i;
            for (; j >= gap && is_after(places[j - gap], item); j -= gap)
                places[j] = places[j - gap];
            places[j] = item;
        }
}

/* No wider than the distance to the farther neighbour; the ends of the line are none. */
static void narrow_to_neighbours(const struct place *places, size_t m, double *sigma)
{
    for (size_t k = 0; k < m && m > 1; k++) {
        double below = k > 0 ? places[k].mu - places[k - 1].mu : 0.0;
        double above = k + 1 < m ? places[k + 1].mu - places[k].mu : 0.0;
        double *own = &sigma[places[k].index];
        *own = fmin(*own, fmax(below, above));
    }
}

bool parzen_widths(struct parzen_axis axis, const double *mu, size_t n, size_t d, double *sigma,
                   struct arena *arena)
{
    struct place *places = arena_array(arena, n, sizeof *places);
    size_t m = 0;
    if (places == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        if (mu[i] >= 0.0)
            places[m++] = (struct place){mu[i], i};
    double wide = WIDTH * num_pow(fmax((double)m, 1.0), -1.0 / ((double)d + 4.0));
    double least = 1.0 / fmin(MAX_SHARE, (double)m + 2.0);
    for (size_t i = 0; i < n; i++)
        sigma[i] = mu[i] >= 0.0 ? wide : PRIOR_SIGMA;
    if (axis.kind == PARZEN_LINE) {
        sort_places(places, m);
        narrow_to_neighbours(places, m, sigma);
    }
    for (size_t i = 0; i < n; i++)
        sigma[i] = fmax(sigma[i], least);
    return true;
}

/* ---- One kernel ------------------------------------------------------------------------------ */

struct kernel {
    double mu, sigma;
};

static struct kernel kernel_at(const struct parzen *p, size_t i)
{
    return p->mu[i] >= 0.0 ? (struct kernel){p->mu[i], p->sigma[i]}
                           : (struct kernel){PRIOR_MU, PRIOR_SIGMA};
}

/* ln(Phi(b) - Phi(a)), a < b: in the tail where the functions are small. */
static double log_between(double a, double b)
{
    if (a > 0.0) {
        double swap = a;
        a = -b;
        b = -swap;
    }
    if (b <= 0.0) {
        double high = num_normal_log_cdf(b);
        return high + num_log(-num_expm1(num_normal_log_cdf(a) - high));
    }
    return num_log1p(-num_normal_cdf(a) - num_normal_cdf(-b));
}

/* ln Z */
static double log_inside(struct kernel k)
{
    if (k.mu > FAR * k.sigma && 1.0 - k.mu > FAR * k.sigma)
        return 0.0;
    return log_between(-k.mu / k.sigma, (1.0 - k.mu) / k.sigma);
}

static void edges_of(const struct parzen_axis *axis, double x, double *low, double *high)
{
    if (axis->param != NULL) {
        space_cell_edges(axis->param, space_cell_of(axis->param, x), low, high);
        return;
    }
    double n = (double)axis->n_cells, cell = fmin(floor(x * n), n - 1.0);
    *low = cell / n;
    *high = (cell + 1.0) / n;
}

static double log_mass(struct kernel k, double low, double high)
{
    return log_between((low - k.mu) / k.sigma, (high - k.mu) / k.sigma);
}

/* ln of phi(z) times the width 2 delta, and its correction to fourth order. */
static double log_narrow(double z, double delta)
{
    double z2 = z * z, d2 = delta * delta;
    return -0.5 * z2 - LOG_ROOT_2PI + num_log(2.0 * delta) + (z2 - 1.0) * d2 / 6.0 -
           (z2 * z2 + 4.0 * z2 - 2.0) * d2 * d2 / 180.0;
}

/* ln k of the cell [low, high]. */
static double log_cell(struct kernel k, double low, double high)
{
    double width = fmax(high - low, LEAST_WIDTH);
    double log_k = width > NARROW * k.sigma
                       ? log_mass(k, low, high)
                       : log_narrow((0.5 * (low + high) - k.mu) / k.sigma, 0.5 * width / k.sigma);
    return log_k - log_inside(k);
}

static double log_code(const struct parzen *p, size_t i, double x)
{
    double n = (double)p->axis.n_cells;
    if (p->mu[i] < 0.0)
        return -num_log(n);
    return num_log(((p->mu[i] == x ? 1.0 : 0.0) + p->share) / (1.0 + n * p->share));
}

double parzen_log_kernel(const struct parzen *p, size_t i, double x)
{
    if (p->axis.kind == PARZEN_CODES)
        return log_code(p, i, x);
    struct kernel k = kernel_at(p, i);
    if (p->axis.kind == PARZEN_CELLS) {
        double low, high;
        edges_of(&p->axis, x, &low, &high);
        return log_cell(k, low, high);
    }
    double z = (x - k.mu) / k.sigma;
    return -0.5 * z * z - LOG_ROOT_2PI - num_log(k.sigma) - log_inside(k);
}

double parzen_draw(const struct parzen *p, size_t i, struct rng *rng)
{
    double u = rng_uniform(rng);
    if (p->axis.kind == PARZEN_CODES) {
        double n = (double)p->axis.n_cells;
        if (p->mu[i] < 0.0)
            return floor(u * n);
        /* The code itself first, then equal parts for all. */
        double part = (u * (1.0 + n * p->share) - 1.0) / p->share;
        return part < 0.0 ? p->mu[i] : fmin(floor(part), n - 1.0);
    }
    struct kernel k = kernel_at(p, i);
    double low = num_normal_cdf(-k.mu / k.sigma);
    double above = num_normal_cdf((k.mu - 1.0) / k.sigma);
    double x = k.mu + k.sigma * num_normal_quantile(low + u * (1.0 - low - above));
    x = fmin(fmax(x, 0.0), 1.0);
    if (p->axis.kind == PARZEN_LINE)
        return x;
    if (p->axis.param != NULL)
        return space_round(p->axis.param, x);
    double n = (double)p->axis.n_cells;
    return (fmin(floor(x * n), n - 1.0) + 0.5) / n;
}

/* ---- Many kernels, many points --------------------------------------------------------------- */

/* What is known of m points before any kernel: middle, half width, logarithms, 0 or 1; the first
 * point in the same cell. */
struct points {
    size_t m, *first;
    double *middle, *half, *log_width, *active, *low, *high;
    double widest;
    double sigma, log_sigma; /* of the last kernel; many are alike */
};

static bool points_init(struct points *points, const struct parzen_axis *axis, const double *x,
                        size_t m, struct arena *arena)
{
    double *numbers = arena_array(arena, 6 * m, sizeof *numbers);
    size_t *first = arena_array(arena, m, sizeof *first);
    *points = (struct points){m,
                              first,
                              numbers,
                              numbers + m,
                              numbers + 2 * m,
                              numbers + 3 * m,
                              numbers + 4 * m,
                              numbers + 5 * m,
                              0.0,
                              1.0,
                              0.0};
    if (numbers == NULL || first == NULL)
        return false;
    for (size_t c = 0; c < m; c++) {
        while (first[c] < c && x[first[c]] != x[c])
            first[c]++;
        if (x[c] < 0.0)
            continue;
        points->active[c] = 1.0;
        points->middle[c] = x[c];
        if (axis->kind != PARZEN_CELLS)
            continue;
        edges_of(axis, x[c], &points->low[c], &points->high[c]);
        double width = fmax(points->high[c] - points->low[c], LEAST_WIDTH);
        points->middle[c] = 0.5 * (points->low[c] + points->high[c]);
        points->half[c] = 0.5 * width;
        points->log_width[c] = num_log(width);
        points->widest = fmax(points->widest, width);
    }
    return true;
}

/* The same on a line, where cells have no width: all corrections are 0. */
HONE_INLINE void line_row(const struct points *points, double mu, double sigma, double constant,
                          double *row)
{
    double inverse = 1.0 / sigma;
    for (size_t c = 0; c < points->m; c += LANES) {
        v8 z = (v8_load(points->middle + c) - mu) * inverse;
        v8_store(row + c, (constant - 0.5 * (z * z)) * v8_load(points->active + c));
    }
}

/* The series for all points of one kernel. */
HONE_INLINE void series_row(const struct points *points, double mu, double sigma, double constant,
                            double *row)
{
    double inverse = 1.0 / sigma;
    for (size_t c = 0; c < points->m; c += LANES) {
        v8 z = (v8_load(points->middle + c) - mu) * inverse;
        v8 delta = v8_load(points->half + c) * inverse;
        v8 z2 = z * z, d2 = delta * delta;
        v8 log_k = constant + v8_load(points->log_width + c) - 0.5 * z2 + (z2 - 1.0) * d2 / 6.0 -
                   (z2 * z2 + 4.0 * z2 - 2.0) * d2 * d2 / 180.0;
        v8_store(row + c, log_k * v8_load(points->active + c));
    }
}

/* All points of one kernel. */
HONE_INLINE void kernel_row(struct points *points, struct kernel k, double *row)
{
    double inside = log_inside(k);
    if (k.sigma != points->sigma) {
        points->sigma = k.sigma;
        points->log_sigma = num_log(k.sigma);
    }
    double constant = -points->log_sigma - LOG_ROOT_2PI - inside;
    if (!(points->widest > 0.0)) {
        line_row(points, k.mu, k.sigma, constant, row);
        return;
    }
    series_row(points, k.mu, k.sigma, constant, row);
    if (points->widest <= NARROW * k.sigma)
        return;
    for (size_t c = 0; c < points->m; c++)
        if (points->active[c] > 0.0 && 2.0 * points->half[c] > NARROW * k.sigma)
            row[c] = points->first[c] < c ? row[points->first[c]]
                                          : log_mass(k, points->low[c], points->high[c]) - inside;
}

HONE_INLINE void add_row(const double *row, size_t m, double *out)
{
    for (size_t c = 0; c < m; c += LANES)
        v8_store(out + c, v8_load(out + c) + v8_load(row + c));
}

HONE_INLINE void add_codes(const struct parzen *p, const double *x, size_t m, double *out)
{
    double n = (double)p->axis.n_cells, prior = -num_log(n);
    double other = num_log(p->share / (1.0 + n * p->share));
    double same = num_log((1.0 + p->share) / (1.0 + n * p->share));
    for (size_t i = 0; i < p->n; i++)
        for (size_t c = 0; c < m; c += LANES) {
            v8 code = v8_load(x + c), log_k, alike, none = {0.0};
            v8_set(&log_k, p->mu[i] < 0.0 ? prior : other);
            v8_set(&alike, same);
            v8_replace(&log_k, code == p->mu[i], alike);
            v8_replace(&log_k, code < 0.0, none);
            v8_store(out + i * m + c, v8_load(out + i * m + c) + log_k);
        }
}

/* Rows that were computed lately, by a hash of their kernel's middle: cells have few. */
struct kept {
    unsigned bits;         /* 2^bits rows */
    struct kernel *kernel; /* sigma 0: none */
    double *rows;
};

#define MOST_KEPT 10 /* bits */

static bool kept_init(struct kept *kept, const struct parzen_axis *axis, size_t m,
                      struct arena *arena)
{
    kept->bits = 0;
    if (axis->kind == PARZEN_CELLS)
        while (kept->bits < MOST_KEPT && (UINT64_C(1) << kept->bits) < 4 * axis->n_cells)
            kept->bits++;
    size_t n = (size_t)1 << kept->bits;
    kept->kernel = arena_array(arena, n, sizeof *kept->kernel);
    kept->rows = arena_array(arena, n * m, sizeof *kept->rows);
    return kept->kernel != NULL && kept->rows != NULL;
}

static size_t slot_of(const struct kept *kept, double mu)
{
    uint64_t bits;
    memcpy(&bits, &mu, sizeof bits);
    return kept->bits > 0 ? (size_t)(bits * UINT64_C(0x9e3779b97f4a7c15) >> (64 - kept->bits)) : 0;
}

HONE_CLONES bool parzen_add_logs(const struct parzen *p, const double *x, size_t m, double *out,
                                 struct arena *arena)
{
    if (p->axis.kind == PARZEN_CODES) {
        add_codes(p, x, m, out);
        return true;
    }
    struct points points;
    struct kept kept;
    if (!points_init(&points, &p->axis, x, m, arena) || !kept_init(&kept, &p->axis, m, arena))
        return false;
    for (size_t i = 0; i < p->n; i++) {
        struct kernel k = kernel_at(p, i);
        size_t at = slot_of(&kept, k.mu);
        if (kept.kernel[at].mu != k.mu || kept.kernel[at].sigma != k.sigma) {
            kept.kernel[at] = k;
            kernel_row(&points, k, kept.rows + at * m);
        }
        add_row(kept.rows + at * m, m, out + i * m);
    }
    return true;
}

HONE_CLONES void parzen_log_sum(const double *log_weight, double *logs, size_t n, size_t m,
                                double *out)
{
    for (size_t c = 0; c < m; c += LANES) {
        v8 most, sum = {0.0};
        v8_set(&most, -(double)INFINITY);
        for (size_t i = 0; i < n; i++) {
            v8 term = v8_load(logs + i * m + c) + log_weight[i];
            v8_replace(&most, term > most, term);
            v8_store(logs + i * m + c, term);
        }
        for (size_t i = 0; i < n; i++) {
            v8 term = v8_load(logs + i * m + c) - most;
            v8_exp(&term);
            sum += term;
        }
        v8_store(out + c, most);
        v8_store(logs + c, sum);
    }
    for (size_t c = 0; c < m; c++)
        out[c] += num_log(logs[c]);
}
