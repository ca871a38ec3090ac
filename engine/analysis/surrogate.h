/*
 * surrogate.h: the Gaussian process of one objective as the analyses use it: fitted afresh to the
 * ended trials, so that what it says depends on nothing else, not on the strategy, nor on what an
 * earlier fit found.
 */
#ifndef HONE_ANALYSIS_SURROGATE_H
#define HONE_ANALYSIS_SURROGATE_H

#include "search/gp/model.h"

struct surrogate {
    const struct search_view *view; /* borrowed */
    double sign;                    /* -1: the objective is maximised */
    struct gp_space gs;
    struct gp_model model;
    double *theta;
    double *x; /* work: features of GP_COLUMNS points */
    double *mu, *var;
    /* What the model would say of the rows that it keeps, each left out in turn. */
    double *mu_without, *var_without;
    double fit; /* R^2 of that: 1 - the share of the variance of t which is left */
};

/**
 * Fit to the ended trials.
 * @return HONE_ESTATE: too few values, or all equal; the text says how many there are
 */
hone_status surrogate_init(struct surrogate *s, const struct search_view *view, size_t objective,
                           hone_error *err);

/** The means on the model's scale at n points of the unit cube, n x space->n. */
void surrogate_means(struct surrogate *s, const double *u, size_t n, double *mu, double *row);

/** Mean and variance on the model's scale at n <= GP_COLUMNS rows, n x space->n. */
void surrogate_at(struct surrogate *s, const double *rows, size_t n, double *mu, double *var);

/**
 * A minimised value, but no worse than the median by more than three times the median's distance to
 * the best tenth: where the model's warp cuts. Without that one diverged trial would be most of the
 * variance.
 */
double value_capped(const struct gp_warp *warp, double y);

#endif
