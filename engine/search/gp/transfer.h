/*
 * transfer.h: what earlier studies say of a new one, as the prior mean of its model.
 */
#ifndef HONE_SEARCH_GP_TRANSFER_H
#define HONE_SEARCH_GP_TRANSFER_H

#include "search/gp/model.h"

/** theta of the parents' processes, which are fitted once: n_parents x (d + GP_EXTRA). */
struct gp_parents {
    double *theta;
    size_t n_fitted; /* the first of them; all are, after gp_transfer() */
};

/**
 * Weigh the view's parents by how they rank the values that were told, and set the model's prior
 * mean; it stays without one when none is of use.
 * @param theta  of the model, at its last fit
 * @return false when memory is out
 */
bool gp_transfer(struct gp_model *m, struct gp_parents *parents, const double *theta);

/* Parts, for tests. */

/** Values of a parent, rising, as normal scores: quantile((rank - 1/2) / n), equal ones alike. */
void gp_normal_scores(const double *value, size_t n, double *t);

/** Pairs that f puts in another order than t does; pairs with equal t don't count. */
size_t gp_misranked(const double *f, const double *t, size_t n);

/** Draws by which weights are found. */
#define GP_DRAWS 64

/**
 * Weights from losses: in each draw the least loss wins; equal ones share. A process whose median
 * loss exceeds the last one's 95 % quantile is dropped: its weight is 0.
 * @param loss    (n + 1) x GP_DRAWS; the last row is that of the study's own process
 * @param weight  out: n; their sum is 1 less the own process's share
 */
void gp_weights(const double *loss, size_t n, double *weight);

#endif
