/*
 * lbfgs.h: minimise a smooth function in a box, one evaluation at a time: the caller evaluates
 * where `trial` says and reports back, so that several searches can be advanced together.
 */
#ifndef HONE_SEARCH_GP_LBFGS_H
#define HONE_SEARCH_GP_LBFGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

#define LBFGS_MEMORY 8

struct lbfgs {
    size_t n;
    const double *low, *high;  /* the box; borrowed */
    double first_step;         /* largest entry of the first step */
    double gradient_tolerance; /* stop when no entry of the projected gradient is larger */
    double decrease_tolerance; /* stop when f falls by less than this times max(1, |f|); 0: never */
    size_t evaluations_left;

    double *trial; /* where to evaluate next */
    double *x, f;  /* the best point so far and its value */
    double *gradient;

    /* inner state */
    double *direction, *s[LBFGS_MEMORY], *y[LBFGS_MEMORY], rho[LBFGS_MEMORY];
    size_t pairs, newest;
    double step;
    unsigned halvings;
    bool started, done;
};

/** Allocate for n variables. The caller then sets the public fields. */
bool lbfgs_init(struct lbfgs *l, size_t n, struct arena *arena);

/** Begin at x (clipped to the box); `trial` is the first point to evaluate. */
void lbfgs_start(struct lbfgs *l, const double *x);

/**
 * Report the value and gradient at `trial`; a value that is not finite counts as a bad one.
 * @return whether there is another trial to evaluate; false: x and f are final
 */
bool lbfgs_next(struct lbfgs *l, double f, const double *gradient);

#endif
