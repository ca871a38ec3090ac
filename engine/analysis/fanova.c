/*
 * fanova.c: shares of the variance of a regression forest, 64 trees.
 *
 * A tree is a function f that is constant on boxes of the unit cube (one coordinate a parameter,
 * whether or not it is active), and its variance falls into parts exactly: with m_l the measure of
 * leaf l's box, m_l,j its extent along parameter j and f_l its value,
 *     a_j(u) = E(f | u_j = u) = sum over leaves with u in their extent of f_l m_l / m_l,j,
 *     V_j = integral (a_j(u) - E f)^2 du,   V = sum m_l (f_l - E f)^2,   share_j = mean of V_j / V.
 * The box of a choice is a set of categories, each of the same measure. The share of a conditional
 * parameter is that of the whole space: what it does where it is active, and how much that is.
 *
 * Source: Hutter, Hoos & Leyton-Brown, "An efficient approach for assessing hyperparameter
 *     importance", ICML 2014.
 * Departures: conditional parameters (forest.c), where the paper has a default for them; values are
 *     capped (surrogate.h); intervals, from the 5 % to the 95 % quantile over the trees.
 */
#include <math.h>

#include "analysis/analysis.h"
#include "analysis/forest.h"
#include "base/error.h"
#include "base/numeric.h"

#define TREES      64
#define MIN_ROWS   10
#define ENOUGH_FIT 0.3

/* a_j rises and falls at the ends of the leaves' extents; work: 4 numbers a leaf. */
static double variance_of_number(const struct forest *f, size_t j, double mean, double *work,
                                 size_t *index)
{
    size_t n = 2 * f->n_leaves;
    double *end = work, *step = work + n, sum = 0.0, variance = 0.0;
    for (size_t l = 0; l < f->n_leaves; l++) {
        double from = f->from[l * f->d + j], to = f->to[l * f->d + j];
        end[2 * l] = from;
        end[2 * l + 1] = to;
        step[2 * l] = f->value[l] * f->measure[l] / (to - from);
        step[2 * l + 1] = -step[2 * l];
    }
    num_order(end, n, index);
    for (size_t k = 0; k + 1 < n; k++) {
        sum += step[index[k]];
        double width = end[index[k + 1]] - end[index[k]];
        if (width > 0.0)
            variance += width * (sum - mean) * (sum - mean);
    }
    return variance;
}

static double variance_of_choice(const struct forest *f, size_t j, double mean)
{
    double variance = 0.0, n = (double)f->space->params[j].n_cells;
    for (size_t c = 0; c < f->space->params[j].n_cells; c++) {
        double difference = f->by_category[j][c] - mean;
        variance += difference * difference / n;
    }
    return variance;
}

/* The share of each parameter in the variance of the tree that was planted; false: it is constant.
 */
static bool tree_shares(const struct forest *f, double *work, size_t *index, double *out)
{
    double mean = 0.0, whole = 0.0;
    for (size_t l = 0; l < f->n_leaves; l++)
        mean += f->measure[l] * f->value[l];
    for (size_t l = 0; l < f->n_leaves; l++)
        whole += f->measure[l] * (f->value[l] - mean) * (f->value[l] - mean);
    if (!(whole > 0.0))
        return false;
    for (size_t j = 0; j < f->d; j++) {
        double part = f->excluded[j] != NULL ? variance_of_choice(f, j, mean)
                                             : variance_of_number(f, j, mean, work, index);
        out[j] = fmin(part / whole, 1.0);
    }
    return true;
}

hone_status importance_fanova(const struct search_view *view, size_t objective,
                              hone_effect *effects, hone_effects *out, hone_error *err)
{
    struct gp_rows rows;
    struct forest f;
    if (!gp_rows_collect(&rows, view, objective))
        return error_memory(err);
    if (rows.n < MIN_ROWS)
        return error_set(err, HONE_ESTATE,
                         "fanova needs %d configurations with a value, there are %zu", MIN_ROWS,
                         rows.n);
    size_t d = view->space->n, n_trees = 0;
    if (!forest_init(&f, view, &rows))
        return error_memory(err);
    double *share = arena_array(view->scratch, d + d * TREES + 4 * f.room, sizeof *share);
    size_t *index = arena_array(view->scratch, 2 * f.room, sizeof *index);
    if (share == NULL || index == NULL)
        return error_memory(err);
    double *by_tree = share + d, *work = by_tree + d * TREES;
    for (size_t t = 0; t < TREES; t++) {
        forest_plant(&f, view->options->seed, t);
        if (!tree_shares(&f, work, index, share))
            continue;
        for (size_t j = 0; j < d; j++)
            by_tree[j * TREES + n_trees] = share[j];
        n_trees++;
    }
    for (size_t j = 0; j < d && n_trees > 0; j++) {
        for (size_t t = 0; t < n_trees; t++)
            effects[j].share += by_tree[j * TREES + t] / (double)n_trees;
        num_sort(by_tree + j * TREES, n_trees);
        effects[j].low = sorted_quantile(by_tree + j * TREES, n_trees, 0.05);
        effects[j].high = sorted_quantile(by_tree + j * TREES, n_trees, 0.95);
    }
    out->fit = forest_fit(&f);
    out->enough = out->fit >= ENOUGH_FIT;
    return HONE_OK;
}
