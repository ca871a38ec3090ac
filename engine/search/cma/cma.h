/*
 * cma.h: the parts of cmaes.c: coordinates, the distribution and its update, the margin.
 *
 * Symbols are those of Hansen's tutorial (arXiv 1604.00772): mean m, step size sigma, covariance C
 * = R' R, evolution paths p_sigma and p_c, lambda samples a generation. d counts coordinates.
 */
#ifndef HONE_SEARCH_CMA_CMA_H
#define HONE_SEARCH_CMA_CMA_H

#include "search/search.h"

/**
 * Coordinates of a space: parameter j has start[j] .. start[j + 1] - 1. A number has one, on its
 * unit scale; a choice of two values one, cut at 1/2; of more values one for each, and the highest
 * of them is taken; a parameter with one value none.
 */
struct cma_space {
    const struct hone_space *space;
    size_t d;
    size_t *start;
};

bool cma_space_init(struct cma_space *cs, const struct hone_space *space, struct arena *arena);

/** The row of d coordinates; false when an active continuous one is outside [0, 1]. */
bool cma_row(const struct cma_space *cs, const double *x, double *row);

/** Put the continuous coordinates into [0, 1]. */
void cma_clip(const struct cma_space *cs, double *x);

/** Coordinates that give a row: cells at their centres, inactive parameters at m; of a choice those
 * of m with the category's at least `lead` above the others. */
void cma_coordinates(const struct cma_space *cs, const double *row, const double *m, double lead,
                     double *x);

/** Above this many coordinates C is diagonal: its memory and time are linear then. */
#define CMA_FULL 64

/** The distribution of samples, x = m + sigma A y, y ~ N(0, C). */
struct cma {
    size_t d;
    bool full;           /* C is a whole matrix */
    uint64_t generation; /* updates so far */
    double sigma;
    double *m, *A;         /* d; A is diagonal, and 1 but where the margin widened a coordinate */
    double *p_sigma, *p_c; /* d */
    double *C, *R;         /* upper triangles with `stride` as in linalg.h, or d numbers */
    size_t stride;
};

/** Allocate for d coordinates; everything is zero. */
bool cma_init(struct cma *cma, size_t d, struct arena *arena);

/** Begin a run: C = A = 1, the paths 0, the mean m (d numbers). */
void cma_start(struct cma *cma, const double *m, double sigma);

/** The covariance of coordinates i <= j, without sigma. */
double *cma_covariance(const struct cma *cma, size_t i, size_t j);

/** Factor C; false when it is not positive definite, or worse conditioned than 1e14. */
bool cma_factor(struct cma *cma);

/** Draw y ~ N(0, C); R is current. */
void cma_sample(const struct cma *cma, struct rng *rng, double *y);

/** The coordinates of a step. */
void cma_point(const struct cma *cma, const double *y, double *x);

/** The length of a step where C is the unit, |R'^-1 y|. `work`: d numbers, become R'^-1 y. */
double cma_length(const struct cma *cma, const double *y, double *work);

/** Shorten a step that was not drawn from this distribution to what is usual. (Hansen 2011) */
void cma_limit(const struct cma *cma, double *y, double *work);

/**
 * Move the distribution.
 *
 * @param Y  lambda x d steps, best first
 * @return   false when memory is out
 * Cost: O(lambda d^2) for a full C, else O(lambda d).
 */
bool cma_update(struct cma *cma, const double *Y, size_t lambda, struct arena *arena);

/** Keep every value of a discrete parameter within reach: at least 1 / (lambda d) for the mass
 * beside the likeliest. (Hamano et al. 2022) */
void cma_margin(const struct cma_space *cs, struct cma *cma, size_t lambda);

#endif
