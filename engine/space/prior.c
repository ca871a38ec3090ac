/*
 * prior.c: where a person expects good values, as a density over a parameter's coordinate.
 *
 * Relative to "nothing is known", which is 1 everywhere,
 *     numbers, ordinals   p(u) = (1 - e) N(u; at, sd) / (mass of N in [0, 1]) + e
 *     choices             p(c) = (1 - e) C w_c + e,    sum w = 1, C values
 * with e = 0.1: what a person excludes stays possible.
 */
#include "space/space.h"

#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/numeric.h"

#define UNKNOWN 0.1

static hone_status find(hone_space *space, const char *name, bool choice, struct param **out,
                        hone_error *err)
{
    size_t j = space_index(space, name);
    if (j == space->n)
        return error_set(err, HONE_ENOTFOUND, "parameter \"%s\" is not in the space", name);
    *out = &space->params[j];
    if (((*out)->kind == PARAM_CHOICE) == choice)
        return HONE_OK;
    return error_set(err, HONE_EINVAL, "parameter \"%s\": %s", name,
                     choice ? "weights are for a choice" : "a choice has weights");
}

hone_status hone_space_set_prior(hone_space *space, const char *name, hone_value at, double sd,
                                 hone_error *err)
{
    struct param *p;
    double coordinate;
    hone_status status = find(space, name, false, &p, err);
    if (status == HONE_OK && !(sd >= 0.01 && sd <= 1.0))
        status = error_set(err, HONE_EINVAL,
                           "parameter \"%s\": a prior's sd must be in [0.01, 1], got %g", name, sd);
    if (status == HONE_OK)
        status = space_encode(p, at, &coordinate, err);
    if (status != HONE_OK)
        return status;
    p->prior_sd = sd;
    p->prior_at = coordinate;
    return HONE_OK;
}

hone_status hone_space_set_weights(hone_space *space, const char *name, size_t n,
                                   const double *weights, hone_error *err)
{
    struct param *p;
    double sum = 0.0;
    hone_status status = find(space, name, true, &p, err);
    if (status != HONE_OK)
        return status;
    if (n != p->n_cells)
        return error_set(err, HONE_EINVAL, "parameter \"%s\": %zu weights for %llu values", name, n,
                         (unsigned long long)p->n_cells);
    for (size_t i = 0; i < n; i++) {
        if (!(weights[i] >= 0.0 && weights[i] <= 1e9))
            return error_set(err, HONE_EINVAL,
                             "parameter \"%s\": a weight must be in [0, 1e9], got %g", name,
                             weights[i]);
        sum += weights[i];
    }
    if (!(sum > 0.0))
        return error_set(err, HONE_EINVAL, "parameter \"%s\": no weight is above 0", name);
    double *copy = mem_array(n, sizeof *copy);
    if (copy == NULL)
        return error_memory(err);
    for (size_t i = 0; i < n; i++)
        copy[i] = weights[i] / sum;
    mem_free(p->weights);
    p->weights = copy;
    return HONE_OK;
}

bool space_has_prior(const struct hone_space *space)
{
    for (size_t j = 0; j < space->n; j++)
        if (space->params[j].prior_sd > 0.0 || space->params[j].weights != NULL)
            return true;
    return false;
}

double space_prior_log(const struct param *p, double coordinate, double *slope)
{
    *slope = 0.0;
    if (p->weights != NULL)
        return num_log((1.0 - UNKNOWN) * (double)p->n_cells *
                           p->weights[space_cell_of(p, coordinate)] +
                       UNKNOWN);
    if (!(p->prior_sd > 0.0))
        return 0.0;
    double z = (coordinate - p->prior_at) / p->prior_sd;
    double mass = num_normal_cdf((1.0 - p->prior_at) / p->prior_sd) -
                  num_normal_cdf(-p->prior_at / p->prior_sd);
    double part = (1.0 - UNKNOWN) * num_normal_pdf(z) / (p->prior_sd * mass);
    *slope = -part * z / (p->prior_sd * (part + UNKNOWN));
    return num_log(part + UNKNOWN);
}

double space_prior_unit(const struct param *p, double u)
{
    if (p->weights == NULL && !(p->prior_sd > 0.0))
        return u;
    if (u < UNKNOWN)
        return u / UNKNOWN;
    u = (u - UNKNOWN) / (1.0 - UNKNOWN);
    if (p->weights != NULL) {
        size_t i = 0;
        while (i + 1 < p->n_cells && u >= p->weights[i])
            u -= p->weights[i++];
        return ((double)i + 0.5) / (double)p->n_cells;
    }
    double low = num_normal_cdf(-p->prior_at / p->prior_sd);
    double high = num_normal_cdf((1.0 - p->prior_at) / p->prior_sd);
    double z = num_normal_quantile(low + u * (high - low));
    double x = fmin(1.0, fmax(0.0, p->prior_at + p->prior_sd * z));
    if (p->kind != PARAM_ORDINAL)
        return fmin(x, 1.0 - 1e-9);
    return ((double)space_cell_of(p, x) + 0.5) /
           (double)p->n_cells; /* ordinals are drawn by cell */
}

double space_prior_mode(const struct param *p)
{
    if (p->weights == NULL)
        return p->prior_at;
    uint64_t best = 0;
    for (uint64_t i = 1; i < p->n_cells; i++)
        if (p->weights[i] > p->weights[best])
            best = i;
    return space_cell(p, best);
}
