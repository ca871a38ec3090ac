/*
 * tpe.c: the tree-structured Parzen estimator: try what looks like the good trials and unlike the
 * others.
 *
 * The best tenth of the trials that have a value (25 at most) gives a density l over
 * configurations, all others give g: the rest, those that failed, and those that run (the "constant
 * liar"). Candidates are drawn from l; the one with the largest l / g that is new is proposed. The
 * first trials are a design. docs/algorithms/tpe.md has formulas and measurements.
 *
 * Source: Bergstra, Bardenet, Bengio & Kegl, "Algorithms for hyper-parameter optimization", NeurIPS
 *     24 (2011); Watanabe, "Tree-structured Parzen estimator: understanding its algorithm
 *     components and their roles for better empirical performance", arXiv 2304.11127 (2023).
 * Departures: mixture.h (branches), parzen.h (widths), and the 64 candidates.
 */
#include "search/registry.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/numeric.h"
#include "search/design.h"
#include "search/gp/gp.h"
#include "search/mixture.h"

#define DESIGN     10
#define GOOD_SHARE 0.1
#define MAX_GOOD   25
#define CANDIDATES 64 /* a multiple of PARZEN_GROUP */
#define MAX_DRAWS  20 /* for each candidate, where `where` refuses */

/* ---- Good and bad trials --------------------------------------------------------------------- */

struct split {
    size_t n_told; /* with a value, or failed */
    size_t n_good, n_bad;
    const double **good, **bad;
};

/* Rows with a value: the best are good, of equal ones the earlier. */
static bool split_told(struct split *split, const struct gp_rows *rows, struct arena *arena)
{
    double *sorted = arena_array(arena, rows->n, sizeof *sorted);
    if (sorted == NULL)
        return false;
    memcpy(sorted, rows->y, rows->n * sizeof *sorted);
    num_sort(sorted, rows->n);
    size_t wanted = (size_t)fmin(ceil(GOOD_SHARE * (double)rows->n), MAX_GOOD), n_below = 0;
    double cut = sorted[wanted - 1];
    for (size_t i = 0; i < rows->n; i++)
        n_below += rows->y[i] < cut;
    for (size_t i = 0; i < rows->n; i++) {
        bool good = rows->y[i] < cut || (rows->y[i] == cut && n_below++ < wanted);
        if (good)
            split->good[split->n_good++] = rows->row[i];
        else
            split->bad[split->n_bad++] = rows->row[i];
    }
    return true;
}

static bool split_trials(struct split *split, const struct search_view *view)
{
    struct gp_rows rows;
    struct arena *arena = view->scratch;
    *split = (struct split){0};
    split->good = arena_array(arena, view->n_trials, sizeof *split->good);
    split->bad = arena_array(arena, view->n_trials, sizeof *split->bad);
    if (split->good == NULL || split->bad == NULL || !gp_rows_collect(&rows, view, 0))
        return false;
    split->n_told = rows.n + rows.n_failed;
    if (rows.n > 0 && !split_told(split, &rows, arena))
        return false;
    for (size_t i = 0; i < rows.n_failed; i++)
        split->bad[split->n_bad++] = rows.failed[i];
    for (size_t i = 0; i < rows.n_pending; i++)
        split->bad[split->n_bad++] = rows.pending[i];
    return true;
}

/* ---- The proposal ---------------------------------------------------------------------------- */

/* Rows drawn from the density that are new and legal; returns their number. */
static size_t draw_candidates(const struct search_view *view, const struct mixture *mixture,
                              double *rows)
{
    struct rng rng;
    rng_init(&rng, view->options->seed, RNG_CANDIDATES, view->next_id);
    size_t n = 0, d = view->space->n;
    for (size_t draws = 0; n < CANDIDATES && draws < (size_t)MAX_DRAWS * CANDIDATES; draws++) {
        double *row = rows + n * d;
        mixture_draw(mixture, row, &rng);
        n += space_satisfies(view->space, row) && search_is_new(view, row);
    }
    return n;
}

/* Without decimals, which would be those of the locale. */
static void explain(const struct split *split, double log_ratio, struct buf *why)
{
    double ratio = num_exp(fmin(log_ratio, 20.0));
    if (ratio >= 1.5)
        buf_printf(why, "%.0f times likelier ", ratio);
    else
        buf_text(why, "likeliest of its draws ");
    buf_printf(why, "among the best %zu trials than among the other %zu", split->n_good,
               split->n_bad);
}

static hone_status propose_by_ratio(const struct search_view *view, const struct split *split,
                                    double *row, struct buf *why, hone_error *err)
{
    struct arena *arena = view->scratch;
    size_t d = view->space->n, n_most = split->n_good > split->n_bad ? split->n_good : split->n_bad;
    struct mixture good, bad;
    double *rows = arena_array(arena, CANDIDATES * d, sizeof *rows);
    double *x = arena_array(arena, CANDIDATES * d, sizeof *x);
    double *weight = arena_array(arena, n_most, sizeof *weight);
    if (rows == NULL || x == NULL || weight == NULL)
        return error_memory(err);
    for (size_t i = 0; i < n_most; i++)
        weight[i] = 1.0;
    if (!mixture_init(&good, view->space, split->good, weight, split->n_good, arena) ||
        !mixture_init(&bad, view->space, split->bad, weight, split->n_bad, arena))
        return error_memory(err);
    size_t n = draw_candidates(view, &good, rows), best = 0;
    for (size_t c = 0; c < CANDIDATES; c++)
        for (size_t j = 0; j < d; j++)
            x[j * CANDIDATES + c] = c < n ? rows[c * d + j] : INACTIVE;
    double l[CANDIDATES], g[CANDIDATES];
    if (!mixture_log(&good, x, CANDIDATES, l, arena) || !mixture_log(&bad, x, CANDIDATES, g, arena))
        return error_memory(err);
    for (size_t c = 1; c < n; c++)
        if (l[c] - g[c] > l[best] - g[best])
            best = c;
    if (n > 0) {
        memcpy(row, rows + best * d, d * sizeof *row);
        explain(split, l[best] - g[best], why);
        return HONE_OK;
    }
    struct rng rng;
    rng_init(&rng, view->options->seed, RNG_FILL, view->next_id);
    buf_text(why, "random point; those like the best trials are tried already");
    return search_random_new(view, &rng, row, err);
}

static hone_status propose(const struct search_view *view, struct buf *memo, double *row,
                           struct buf *why, hone_error *err)
{
    (void)memo;
    struct split split;
    if (!split_trials(&split, view))
        return error_memory(err);
    if (split.n_told < DESIGN || split.n_good == 0)
        return design_propose(view, DESIGN, row, why, err);
    return propose_by_ratio(view, &split, row, why, err);
}

static hone_status check(const struct hone_space *space, const hone_options *options,
                         hone_error *err)
{
    (void)space;
    if (options->n_objectives > 1)
        return error_set(err, HONE_EINVAL, "strategy \"tpe\" takes one objective, got %zu",
                         options->n_objectives);
    return HONE_OK;
}

const struct search_algorithm search_tpe = {
    .name = "tpe",
    .summary = "densities of the good and of the other trials (Parzen estimators); fast",
    .check = check,
    .propose = propose,
};
