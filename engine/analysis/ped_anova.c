/*
 * ped_anova.c: which parameters set the best trials apart from the others?
 *
 * On a grid of at most 50 cells a parameter, two densities are estimated: p of all ended trials, q
 * of the best tenth of them (at least 5). Where a parameter is active in the share b of all trials
 * and the share a of the best ones,
 *     I = a^2 / b * sum_g p(g) (q(g) / p(g) - 1)^2,
 * p and q taken among the trials in which it is active; shares are these, divided by their sum.
 * A density is a mixture of normal kernels (for a choice: of smoothed peaks), one a trial, and one
 * of weight 1 over the whole range; their width is Scott's rule, at least 0.3 of a cell.
 *
 * Trials that failed, were stopped early or break a constraint count among all and never among the
 * best; equal configurations are one, with their mean. Intervals are those of 100 bootstrap samples
 * of the trials.
 *
 * Sources: Watanabe, Bansal & Hutter, "PED-ANOVA: Efficiently quantifying hyperparameter importance
 *     in arbitrary subspaces", IJCAI 2023 (eq. 16); the factor of conditional parameters:
 *     conditional PED-ANOVA, arXiv 2601.20800 (2026), theorem 4.2, for the regimes active and not.
 * Departures: at least 5 best trials; the grid is laid over unit coordinates; failed trials count.
 * Oracle: tests/data/importance_reference.py.
 */
#include "analysis/analysis.h"

#include <math.h>

#include "base/error.h"
#include "base/numeric.h"

#define CELLS      50
#define BEST_SHARE 10 /* one in so many */
#define MIN_BEST   5
#define MIN_TRIALS 10
#define FEW_TRIALS 20    /* below, the numbers say little */
#define MIN_ACTIVE 2     /* trials in which a parameter was active; below, it counts nothing */
#define FLOOR      1e-12 /* of a density */
#define SCOTT      1.059
#define MIN_WIDTH  (0.5 / 1.64) /* nine tenths of the narrowest kernel lie in its cell */
#define SAMPLES    100

/* ---- The grid -------------------------------------------------------------------------------- */

static bool has_logarithmic_cells(const struct param *p)
{
    return p->n_cells > 1 && (p->kind == PARAM_INT || p->kind == PARAM_FLOAT) &&
           (p->scale == HONE_LOG || p->scale == HONE_REVERSE_LOG);
}

static size_t grid_size(const struct param *p)
{
    if (!param_varies(p))
        return 1;
    if (p->kind == PARAM_CHOICE)
        return (size_t)p->n_cells;
    uint64_t n = p->n_cells == 0 ? CELLS : p->n_cells;
    if (p->kind == PARAM_INT && p->scale == HONE_LOG) {
        /* Small integers lie far apart on this scale: a finer grid would be mostly holes. */
        uint64_t bits = 1;
        while (bits < CELLS && (UINT64_C(1) << (bits - 1)) < p->n_cells)
            bits++;
        n = bits;
    }
    return n < CELLS ? (size_t)n : CELLS;
}

/* The cell of a row's entry, of `size` cells with the ends of the range in the middle of the outer
 * ones. */
static size_t grid_cell(const struct param *p, size_t size, double entry)
{
    double place = entry;
    if (p->kind == PARAM_CHOICE)
        return (size_t)space_cell_of(p, entry);
    if (has_logarithmic_cells(p)) {
        double first = space_cell(p, 0), last = space_cell(p, p->n_cells - 1);
        place = (entry - first) / (last - first);
    } else if (p->n_cells > 1) {
        place = (double)space_cell_of(p, entry) / (double)(p->n_cells - 1);
    }
    double cell = ceil(place * (double)(size - 1) - 0.5);
    if (!(cell > 0.0))
        return 0;
    return cell < (double)(size - 1) ? (size_t)cell : size - 1;
}

/* ---- Densities ------------------------------------------------------------------------------- */

/* Scott's width, in cells, of `total` trials counted by cell; quartiles are those of whole trials.
 */
static double kernel_width(const double *count, size_t size, double total)
{
    double mean = 0.0, square = 0.0, before = 0.0;
    double quarter = floor(total / 4.0), three = floor(total * 3.0 / 4.0);
    size_t low = size, high = size, last = 0;
    for (size_t g = 0; g < size; g++)
        mean += count[g] * (double)g / total;
    for (size_t g = 0; g < size; g++) {
        if (!(count[g] > 0.0))
            continue;
        square += count[g] * ((double)g - mean) * ((double)g - mean);
        before += count[g];
        if (low == size && before >= quarter)
            low = g;
        if (high == size && before > three)
            high = g;
        last = g;
    }
    if (high == size)
        high = last;
    double sd = sqrt(square / fmax(1.0, total - 1.0));
    double width = SCOTT * fmin((double)(high - low) / 1.34, sd) * num_pow(total, -0.2);
    return fmax(width, MIN_WIDTH);
}

/* A normal kernel in the middle of the grid, as wide as the grid, cut to it. */
static void wide_kernel(size_t size, double *pdf)
{
    double width = (double)size, centre = 0.5 * (width - 1.0);
    double left = num_normal_cdf(-0.5), whole = num_normal_cdf(0.5) - left;
    for (size_t g = 0; g < size; g++) {
        double right = num_normal_cdf(((double)g + 0.5 - centre) / width);
        pdf[g] = (right - left) / whole;
        left = right;
    }
}

static void density_of_numbers(const double *count, size_t size, double total, const double *wide,
                               double *pdf)
{
    double width = kernel_width(count, size, total), edge[2 * CELLS];
    /* edge[size - 1 + k]: the mass left of k - 1/2, of a kernel in cell 0 */
    for (size_t k = 0; k < size; k++) {
        edge[k] = num_normal_cdf(((double)k - (double)(size - 1) - 0.5) / width);
        edge[2 * size - 1 - k] = 1.0 - edge[k];
    }
    for (size_t g = 0; g < size; g++)
        pdf[g] = wide[g] / (total + 1.0);
    for (size_t c = 0; c < size; c++) {
        if (!(count[c] > 0.0))
            continue;
        const double *at = edge + size - 1 - c;
        double weight = count[c] / (total + 1.0) / (at[size] - at[0]);
        for (size_t g = 0; g < size; g++)
            pdf[g] += weight * (at[g + 1] - at[g]);
    }
}

static void density_of_choices(const double *count, size_t size, double total, double *pdf)
{
    double kernels = 1.0, n = (double)size;
    for (size_t c = 0; c < size; c++)
        kernels += count[c] > 0.0;
    double smooth = 1.0 / kernels, whole = 1.0 + n * smooth;
    for (size_t c = 0; c < size; c++)
        pdf[c] = (count[c] + total * smooth) / whole / (total + 1.0) + 1.0 / n / (total + 1.0);
}

/* ---- Importance ------------------------------------------------------------------------------ */

struct ped {
    size_t n, d; /* trials, parameters */
    const struct param *params;
    size_t *size;  /* d: cells */
    size_t *cell;  /* d x n: the cell of each trial, SIZE_MAX where inactive */
    size_t *order; /* n: trials with a value, best first, then the others */
    size_t n_valued;
    double *value;      /* n; infinite without a value */
    double *weight;     /* n: how often each trial is in the sample */
    double *all, *best; /* counts by cell */
    double *p, *q;      /* densities */
    double *wide;       /* d x CELLS: the kernel of weight 1, of numbers */
};

static bool ped_init(struct ped *ped, const struct search_view *all, size_t objective)
{
    struct search_view unique, *view = &unique;
    double *value;
    if (!evidence_unique(all, objective, &unique, &value))
        return false;
    size_t n = view->n_trials, d = view->space->n, most = CELLS;
    *ped = (struct ped){.n = n, .d = d, .params = view->space->params};
    ped->size = arena_array(view->scratch, d, sizeof(size_t));
    ped->cell = arena_array(view->scratch, d * n, sizeof(size_t));
    ped->order = arena_array(view->scratch, n, sizeof(size_t));
    ped->value = arena_array(view->scratch, 2 * n, sizeof(double));
    ped->wide = arena_array(view->scratch, d * CELLS, sizeof(double));
    if (ped->size == NULL || ped->cell == NULL || ped->order == NULL || ped->value == NULL ||
        ped->wide == NULL)
        return false;
    ped->weight = ped->value + n;
    for (size_t j = 0; j < d; j++) {
        const struct param *p = &ped->params[j];
        ped->size[j] = grid_size(p);
        most = ped->size[j] > most ? ped->size[j] : most;
        if (p->kind != PARAM_CHOICE)
            wide_kernel(ped->size[j], ped->wide + j * CELLS);
        for (size_t i = 0; i < n; i++) {
            double entry = view->trials[i].row[j];
            ped->cell[j * n + i] = entry >= 0.0 ? grid_cell(p, ped->size[j], entry) : SIZE_MAX;
        }
    }
    double *numbers = arena_array(view->scratch, 4 * most, sizeof(double));
    if (numbers == NULL)
        return false;
    ped->all = numbers;
    ped->best = numbers + most;
    ped->p = numbers + 2 * most;
    ped->q = numbers + 3 * most;
    for (size_t i = 0; i < n; i++) {
        ped->value[i] = value[i];
        ped->n_valued += isfinite(value[i]) ? 1 : 0;
        ped->order[i] = i;
        ped->weight[i] = 1.0;
    }
    num_order(ped->value, n, ped->order);
    return true;
}

/* The worst value that is among the best, of the weighted trials. */
static double cutoff(const struct ped *ped)
{
    double wanted = (double)((ped->n + BEST_SHARE - 1) / BEST_SHARE), so_far = 0.0;
    double worst = -(double)INFINITY;
    wanted = fmax(wanted, MIN_BEST);
    for (size_t k = 0; k < ped->n_valued && so_far < wanted; k++) {
        size_t i = ped->order[k];
        so_far += ped->weight[i];
        if (ped->weight[i] > 0.0)
            worst = ped->value[i];
    }
    return worst;
}

static double divergence(struct ped *ped, size_t j, double n_best, double cut)
{
    size_t size = ped->size[j];
    double active = 0.0, active_best = 0.0, sum = 0.0;
    if (size < 2)
        return 0.0;
    for (size_t g = 0; g < size; g++)
        ped->all[g] = ped->best[g] = 0.0;
    for (size_t i = 0; i < ped->n; i++) {
        size_t g = ped->cell[j * ped->n + i];
        double best = ped->value[i] <= cut ? ped->weight[i] : 0.0;
        if (g == SIZE_MAX)
            continue;
        ped->all[g] += ped->weight[i];
        ped->best[g] += best;
        active += ped->weight[i];
        active_best += best;
    }
    if (active < MIN_ACTIVE || !(active_best > 0.0))
        return 0.0;
    if (ped->params[j].kind == PARAM_CHOICE) {
        density_of_choices(ped->all, size, active, ped->p);
        density_of_choices(ped->best, size, active_best, ped->q);
    } else {
        const double *wide = ped->wide + j * CELLS;
        density_of_numbers(ped->all, size, active, wide, ped->p);
        density_of_numbers(ped->best, size, active_best, wide, ped->q);
    }
    for (size_t g = 0; g < size; g++) {
        double p = ped->p[g] + FLOOR, ratio = (ped->q[g] + FLOOR) / p - 1.0;
        sum += p * ratio * ratio;
    }
    double a = active_best / n_best, b = active / (double)ped->n;
    return a * a / b * sum;
}

/* The share of each parameter in the weighted trials; all 0 where nothing sets the best apart. */
static void shares(struct ped *ped, double *out)
{
    double cut = cutoff(ped), n_best = 0.0, sum = 0.0;
    for (size_t i = 0; i < ped->n; i++)
        n_best += ped->value[i] <= cut ? ped->weight[i] : 0.0;
    for (size_t j = 0; j < ped->d; j++) {
        out[j] = n_best > 0.0 ? divergence(ped, j, n_best, cut) : 0.0;
        sum += out[j];
    }
    for (size_t j = 0; j < ped->d; j++)
        out[j] = sum > 0.0 ? out[j] / sum : 0.0;
}

/* 5 % and 95 % quantiles of the shares over bootstrap samples. */
static bool intervals(struct ped *ped, const struct search_view *view, hone_effect *effects)
{
    double *one = arena_array(view->scratch, ped->d, sizeof *one);
    double *all = arena_array(view->scratch, ped->d * SAMPLES, sizeof *all);
    if (one == NULL || all == NULL)
        return false;
    for (size_t s = 0; s < SAMPLES; s++) {
        struct rng rng;
        rng_init(&rng, view->options->seed, RNG_ANALYSIS, s);
        for (size_t i = 0; i < ped->n; i++)
            ped->weight[i] = 0.0;
        for (size_t i = 0; i < ped->n; i++)
            ped->weight[rng_below(&rng, ped->n)] += 1.0;
        shares(ped, one);
        for (size_t j = 0; j < ped->d; j++)
            all[j * SAMPLES + s] = one[j];
    }
    for (size_t j = 0; j < ped->d; j++) {
        num_sort(all + j * SAMPLES, SAMPLES);
        effects[j].low = sorted_quantile(all + j * SAMPLES, SAMPLES, 0.05);
        effects[j].high = sorted_quantile(all + j * SAMPLES, SAMPLES, 0.95);
    }
    return true;
}

hone_status importance_ped_anova(const struct search_view *view, size_t objective,
                                 hone_effect *effects, hone_effects *out, hone_error *err)
{
    struct ped ped;
    double *share = arena_array(view->scratch, view->space->n, sizeof *share);
    if (share == NULL || !ped_init(&ped, view, objective))
        return error_memory(err);
    if (ped.n < MIN_TRIALS || ped.n_valued == 0)
        return error_set(err, HONE_ESTATE,
                         "importance needs %d ended trials, and a value among them; there are %zu, "
                         "and %zu values",
                         MIN_TRIALS, ped.n, ped.n_valued);
    shares(&ped, share);
    for (size_t j = 0; j < ped.d; j++)
        effects[j].share = share[j];
    if (!intervals(&ped, view, effects))
        return error_memory(err);
    out->enough = ped.n >= FEW_TRIALS;
    return HONE_OK;
}
