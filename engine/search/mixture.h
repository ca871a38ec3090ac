/* mixture.h: a Parzen density over whole configurations. */
#ifndef HONE_SEARCH_MIXTURE_H
#define HONE_SEARCH_MIXTURE_H

#include "search/parzen.h"

/**
 * A weighed sum of n products over the parameters: n - 1 around rows of the space, the last the
 * prior, of weight 1. What a row says nothing about, since the parameter is inactive there, is the
 * prior too: so one density covers all branches of a space, each point its active parameters.
 */
struct mixture {
    const struct hone_space *space;
    size_t n;
    struct parzen *parts; /* one a parameter */
    double *log_weight;   /* n */
};

/**
 * @param rows    n_rows, completed rows of the space, in any order; none: the prior alone
 * @param weight  of each row, > 0
 * @return        false when memory is out; all is in the arena
 */
bool mixture_init(struct mixture *mixture, const struct hone_space *space,
                  const double *const *rows, const double *weight, size_t n_rows,
                  struct arena *arena);

/** Draw a completed row; `where` is not looked at. */
void mixture_draw(const struct mixture *mixture, double *row, struct rng *rng);

/**
 * ln of the density at m points, a multiple of PARZEN_GROUP.
 * @param x    space->n x m: a parameter after the other, INACTIVE where the point has none
 * @param out  m
 */
bool mixture_log(const struct mixture *mixture, const double *x, size_t m, double *out,
                 struct arena *arena);

#endif
