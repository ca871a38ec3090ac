/*
 * mixture.c: densities over configurations as mixtures of products.
 *
 *     p(x) = sum_i w_i prod_j k_ij(x_j),   j over the parameters that are active in x
 *
 * A draw takes a kernel i by its weight and then each parameter in turn, so the parameters of a
 * branch are drawn once it is known to be taken: the density sums to 1 over the branches.
 * Parameters with one value are left out of products and of the count of dimensions.
 */
#include "search/mixture.h"

#include "base/numeric.h"

#define PRIOR_WEIGHT 1.0

static size_t count_dimensions(const struct hone_space *space)
{
    size_t d = 0;
    for (size_t j = 0; j < space->n; j++)
        d += space->params[j].n_cells != 1;
    return d;
}

bool mixture_init(struct mixture *mixture, const struct hone_space *space,
                  const double *const *rows, const double *weight, size_t n_rows,
                  struct arena *arena)
{
    size_t n = n_rows + 1, d = count_dimensions(space);
    *mixture = (struct mixture){.space = space, .n = n};
    mixture->parts = arena_array(arena, space->n, sizeof *mixture->parts);
    mixture->log_weight = arena_array(arena, n, sizeof(double));
    double *numbers = arena_array(arena, 2 * n * space->n, sizeof *numbers);
    if (mixture->parts == NULL || mixture->log_weight == NULL || numbers == NULL)
        return false;
    double sum = PRIOR_WEIGHT;
    for (size_t i = 0; i < n_rows; i++)
        sum += weight[i];
    for (size_t i = 0; i < n; i++)
        mixture->log_weight[i] = num_log((i < n_rows ? weight[i] : PRIOR_WEIGHT) / sum);
    for (size_t j = 0; j < space->n; j++) {
        double *mu = numbers + 2 * j * n, *sigma = mu + n;
        size_t n_active = 0;
        for (size_t i = 0; i < n; i++) {
            mu[i] = i < n_rows ? rows[i][j] : INACTIVE;
            n_active += mu[i] >= 0.0;
        }
        struct parzen_axis axis = parzen_axis_of(&space->params[j]);
        if (!parzen_widths(axis, mu, n, d, sigma, arena))
            return false;
        mixture->parts[j] = (struct parzen){.axis = axis,
                                            .n = n,
                                            .mu = mu,
                                            .sigma = sigma,
                                            .share = 1.0 / ((double)n_active + 1.0)};
    }
    return true;
}

void mixture_draw(const struct mixture *mixture, double *row, struct rng *rng)
{
    double u = rng_uniform(rng);
    size_t i = 0;
    for (; i + 1 < mixture->n; i++) {
        u -= num_exp(mixture->log_weight[i]);
        if (u < 0.0)
            break;
    }
    for (size_t j = 0; j < mixture->space->n; j++)
        row[j] = space_is_active(mixture->space, j, row) ? parzen_draw(&mixture->parts[j], i, rng)
                                                         : INACTIVE;
}

bool mixture_log(const struct mixture *mixture, const double *x, size_t m, double *out,
                 struct arena *arena)
{
    double *logs = arena_array(arena, mixture->n * m, sizeof *logs);
    if (logs == NULL)
        return false;
    for (size_t j = 0; j < mixture->space->n; j++)
        if (mixture->space->params[j].n_cells != 1 &&
            !parzen_add_logs(&mixture->parts[j], x + j * m, m, logs, arena))
            return false;
    parzen_log_sum(mixture->log_weight, logs, mixture->n, m, out);
    return true;
}
