/*
 * parzen.h: one parameter's part of a Parzen density: a kernel around each observed coordinate, and
 * the prior, which is the kernel of what was not observed.
 *
 * A mixture over several parameters is made of products: the logarithms of the kernels of each
 * parameter are added up by parzen_add_logs(), then weighed and summed by parzen_log_sum(). All
 * densities are in the coordinates of space.h.
 */
#ifndef HONE_SEARCH_PARZEN_H
#define HONE_SEARCH_PARZEN_H

#include "base/mem.h"
#include "space/space.h"

enum parzen_kind {
    PARZEN_LINE,  /* [0, 1] */
    PARZEN_CELLS, /* [0, 1] in cells, of which only the mass counts */
    PARZEN_CODES  /* 0 .. n_cells - 1, without an order */
};

struct parzen_axis {
    enum parzen_kind kind;
    uint64_t n_cells;
    const struct param *param; /* has the cells' edges; NULL: n_cells equal ones */
};

/**
 * n kernels: a normal distribution around mu[i] that is cut off outside [0, 1]; of codes: 1 for the
 * code itself and `share` for each, divided by their sum. mu[i] = INACTIVE is the prior: a normal
 * distribution around 1/2 of deviation 1; of codes: all alike.
 */
struct parzen {
    struct parzen_axis axis;
    size_t n;
    const double *mu;
    const double *sigma; /* of each kernel, > 0; not read for codes */
    double share;        /* codes */
};

/** How a parameter is measured: choices by codes, what has cells by cells, else by a line. */
struct parzen_axis parzen_axis_of(const struct param *param);

/**
 * Widths of n kernels, for the estimate of a density in d dimensions: with m observations
 *     sigma = 0.2 m^(-1 / (d + 4)),
 * on a line at most the distance to the farther of the two neighbours; then at least
 * 1 / min(100, m + 2). (Rule of Scott 1992; neighbours: Bergstra et al. 2011)
 *
 * @param mu     n coordinates; those that are INACTIVE are no observations, and get the prior's
 *               width
 * @param sigma  out: n
 * @return       false when memory is out
 */
bool parzen_widths(struct parzen_axis axis, const double *mu, size_t n, size_t d, double *sigma,
                   struct arena *arena);

/** ln of kernel i at coordinate or code x: a density on a line, else the mass of the cell of x. */
double parzen_log_kernel(const struct parzen *p, size_t i, double x);

/** A coordinate or code drawn from kernel i, rounded to the middle of its cell. */
double parzen_draw(const struct parzen *p, size_t i, struct rng *rng);

/** Points are handled in groups; their number is a multiple of this. */
#define PARZEN_GROUP 8

/**
 * Add the logarithm of each kernel at each point.
 * @param x    m points, INACTIVE: nothing is added
 * @param out  p->n x m, in/out
 * Cost: O(n m), without allocation but for O(m) in the arena; false when memory is out
 */
bool parzen_add_logs(const struct parzen *p, const double *x, size_t m, double *out,
                     struct arena *arena);

/**
 * ln sum_i exp(log_weight[i] + logs[i]) of each point.
 * @param logs  n x m, becomes work space
 * @param out   m
 */
void parzen_log_sum(const double *log_weight, double *logs, size_t n, size_t m, double *out);

#endif
