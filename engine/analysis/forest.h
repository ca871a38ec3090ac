/*
 * forest.h: regression trees over the unit cube, grown one at a time, each known by its leaves. A
 * leaf is a box: a range along each number, a set of categories along each choice.
 */
#ifndef HONE_ANALYSIS_FOREST_H
#define HONE_ANALYSIS_FOREST_H

#include "search/gp/gp.h"

struct forest {
    const struct hone_space *space;
    size_t n, d;
    double *x; /* d x n: places in [0, 1], categories, INACTIVE */
    double *y;
    size_t *sorted; /* d x n: rows by place, of the whole data */

    /* Of the tree that grows: */
    struct rng rng;
    double *weight;     /* n: how often in the sample */
    size_t *order;      /* d x n: rows by place; each node has a range of every one */
    size_t *work;       /* n */
    bool *left;         /* n: goes left at the split */
    double *low, *high; /* d: the box along numbers */
    /* d: the box along choices: one category, or else (SIZE_MAX) all that are not excluded. */
    size_t *single;
    bool **excluded; /* NULL for numbers */
    size_t *n_allowed;
    size_t *turn; /* d: the order in which a node tries parameters */

    size_t n_leaves, room;   /* room: leaves there may be */
    double *value, *measure; /* of each leaf */
    double *from, *to;       /* d for each leaf: its box along numbers */
    double **by_category;    /* d: sum of f m / m_j by category */

    double *sum_out; /* n: of predictions by trees that have not seen the row */
    size_t *n_out;
};

/** Take the rows' values, no worse than value_capped() lets them be, and places. */
bool forest_init(struct forest *f, const struct search_view *view, const struct gp_rows *rows);

/** Grow tree number `tree`; its leaves take the place of the last one's. */
void forest_plant(struct forest *f, uint64_t seed, size_t tree);

/** R^2 of the trees so far that have not seen a row, over the rows that some have not seen. */
double forest_fit(const struct forest *f);

#endif
