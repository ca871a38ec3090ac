/*
 * margin.c: no value of a discrete parameter gets out of reach.
 *
 * A narrow distribution puts all samples into one cell, and the search cannot leave it any more.
 * So after each update the mean and the width of a discrete coordinate are moved until the cells
 * on either side of the mean's have probability alpha / 2 each, or the one side that there is at an
 * edge alpha, alpha = 1 / (lambda d). Only A and m change: C and sigma go on as if all were
 * continuous. A choice of more than two values, the highest of its coordinates, has the mean of
 * each brought so near to the highest that it wins against that one with alpha / (values - 1).
 *
 * Source: Hamano, Saito, Nomura & Shirakawa, "CMA-ES with Margin: Lower-Bounding Marginal
 *     Probability for Mixed-Integer Black-Box Optimization", GECCO (2022) 639-647, section 4.
 * Departures: the margin of choices is ours, the paper has integers only.
 */
#include "search/cma/cma.h"

#include <math.h>

#include "base/numeric.h"

/* The distance, in standard deviations, beyond which lies probability p. */
static double quantile(double p)
{
    return -num_normal_quantile(p);
}

/* The mean is in the first or last cell: keep it near to the way out. */
static void stay_near(struct cma *cma, size_t j, double edge, double sd, double alpha)
{
    double most = quantile(alpha) * sd, distance = cma->m[j] - edge;
    if (fabs(distance) > most)
        cma->m[j] = edge + (distance > 0.0 ? most : -most);
}

/* The mean is between low and high: give either side its share, from what each has too much. */
static void stay_wide(struct cma *cma, size_t j, double low, double high, double sd, double alpha)
{
    double p_low = num_normal_cdf((low - cma->m[j]) / sd);
    double p_high = num_normal_cdf((cma->m[j] - high) / sd);
    double least = alpha / 2.0;
    if (p_low >= least && p_high >= least)
        return;
    double p_mid = 1.0 - p_low - p_high;
    p_low = fmax(p_low, least);
    p_high = fmax(p_high, least);
    double excess = (1.0 - p_low - p_high - p_mid) / (p_low + p_high + p_mid - 3.0 * least);
    double q_low = quantile(p_low + excess * (p_low - least));
    double q_high = quantile(p_high + excess * (p_high - least));
    cma->A[j] *= (high - low) / (sd * (q_low + q_high));
    cma->m[j] = (low * q_high + high * q_low) / (q_low + q_high);
}

static void margin_of_cells(const struct param *p, struct cma *cma, size_t j, double alpha)
{
    double sd = cma->sigma * cma->A[j] * sqrt(*cma_covariance(cma, j, j));
    uint64_t cell = p->kind == PARAM_CHOICE ? cma->m[j] >= 0.5 : space_cell_of(p, cma->m[j]);
    double low, high;
    space_cell_edges(p, cell, &low, &high);
    if (cell == 0)
        stay_near(cma, j, high, sd, alpha);
    else if (cell == p->n_cells - 1)
        stay_near(cma, j, low, sd, alpha);
    else
        stay_wide(cma, j, low, high, sd, alpha);
}

/* Coordinates from .. from + n - 1 are a choice's. */
static void margin_of_block(struct cma *cma, size_t from, size_t n, double alpha)
{
    size_t top = from;
    for (size_t k = from; k < from + n; k++)
        if (cma->m[k] > cma->m[top])
            top = k;
    double q = quantile(alpha / (double)(n - 1));
    for (size_t k = from; k < from + n; k++) {
        if (k == top)
            continue;
        double variance = *cma_covariance(cma, k, k) + *cma_covariance(cma, top, top);
        if (cma->full)
            variance -= 2.0 * *cma_covariance(cma, k < top ? k : top, k < top ? top : k);
        cma->m[k] = fmax(cma->m[k], cma->m[top] - q * cma->sigma * sqrt(fmax(variance, 0.0)));
    }
}

void cma_margin(const struct cma_space *cs, struct cma *cma, size_t lambda)
{
    double alpha = 1.0 / ((double)lambda * (double)cs->d);
    for (size_t j = 0; j < cs->space->n; j++) {
        const struct param *p = &cs->space->params[j];
        size_t n = cs->start[j + 1] - cs->start[j];
        if (n > 1)
            margin_of_block(cma, cs->start[j], n, alpha);
        else if (n == 1 && p->n_cells > 1)
            margin_of_cells(p, cma, cs->start[j], alpha);
    }
}
