/*
 * tpe.c: the tree-structured Parzen estimator: try what looks like the good trials and unlike the
 * others.
 *
 * The best tenth of the trials that have a value (25 at most) gives a density l over
 * configurations, all others give g: the rest, those that failed, and those that run (the "constant
 * liar"). With several objectives the best are those of the first fronts; what breaks a constraint
 * comes behind all that doesn't. Candidates are drawn from l; the one with the largest l / g that
 * is new is proposed. The first trials are a design. docs/algorithms/tpe.md has formulas and
 * measurements.
 *
 * Source: Bergstra, Bardenet, Bengio & Kegl, "Algorithms for hyper-parameter optimization", NeurIPS
 *     24 (2011); Watanabe, "Tree-structured Parzen estimator: understanding its algorithm
 *     components and their roles for better empirical performance", arXiv 2304.11127 (2023).
 * Departures: one density for all branches (mixture.h), widths (parzen.h), failures as bad ones.
 */
#include "search/registry.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/numeric.h"
#include "search/design.h"
#include "search/gp/gp.h"
#include "search/mixture.h"
#include "search/hypervolume.h"
#include "search/pareto.h"

#define DESIGN     10
#define GOOD_SHARE 0.1
#define MAX_GOOD   25
#define MAX_PART   64  /* of a front that are looked at, to take some */
#define BEYOND     1.0 /* ranges that the reference lies behind the worst values */
#define CANDIDATES 24  /* a multiple of PARZEN_GROUP */
#define MAX_DRAWS  20  /* for each candidate, where `where` refuses */

/* ---- Good and bad trials --------------------------------------------------------------------- */

struct split {
    size_t n_told; /* with a value, or failed */
    size_t n_good, n_bad;
    const double **good, **bad;
};

/* Trials that can be compared. */
struct told {
    size_t n;
    const double **row;
    double *values;    /* n x n_objectives */
    double *violation; /* what they break constraints by, in all; NULL: nothing to break */
};

static double sum_violations(const double *violations, size_t n)
{
    double sum = 0.0;
    for (size_t k = 0; k < n; k++)
        sum += fmax(violations[k], 0.0);
    return sum;
}

/* Completed trials are told; those stopped early count as bad, for want of their other values. */
static bool collect_told(struct told *told, struct split *split, const struct search_view *view)
{
    size_t m = view->options->n_objectives, n_constraints = view->options->n_constraints;
    told->row = arena_array(view->scratch, view->n_trials, sizeof *told->row);
    told->values = arena_array(view->scratch, view->n_trials * m, sizeof(double));
    told->violation = arena_array(view->scratch, view->n_trials, sizeof(double));
    if (told->row == NULL || told->values == NULL || told->violation == NULL)
        return false;
    for (size_t i = 0; i < view->n_trials; i++) {
        const struct search_trial *trial = &view->trials[i];
        if (trial->state == HONE_TRIAL_STOPPED)
            split->bad[split->n_bad++] = trial->row;
        if (trial->state != HONE_TRIAL_COMPLETED)
            continue;
        told->row[told->n] = trial->row;
        memcpy(told->values + told->n * m, trial->values, m * sizeof(double));
        if (n_constraints > 0)
            told->violation[told->n] = sum_violations(trial->violations, n_constraints);
        told->n++;
    }
    return true;
}

/*
 * Of the front that does not fit as a whole, take those that together dominate most, one after the
 * other. Crowding would take its far ends, which are no good in the other objectives.
 */
static bool take_part(const struct told *told, size_t m, const size_t *rank, size_t front,
                      const double *crowding, size_t wanted, bool *is_good, struct arena *arena)
{
    size_t *part = arena_array(arena, MAX_PART, sizeof *part), n = 0;
    double *points = arena_array(arena, MAX_GOOD * m, sizeof *points);
    double reference[HONE_MAX_OBJECTIVES], least[HONE_MAX_OBJECTIVES];
    if (part == NULL || points == NULL)
        return false;
    for (size_t j = 0; j < m; j++) {
        reference[j] = -(double)INFINITY;
        least[j] = (double)INFINITY;
    }
    for (size_t i = 0; i < told->n; i++) {
        if (rank[i] > front)
            continue;
        for (size_t j = 0; j < m; j++) {
            reference[j] = fmax(reference[j], told->values[i * m + j]);
            least[j] = fmin(least[j], told->values[i * m + j]);
        }
        if (rank[i] < front)
            continue;
        /* The least crowded MAX_PART of it. */
        size_t k = n < MAX_PART ? n : MAX_PART;
        while (k > 0 && crowding[i] > crowding[part[k - 1]])
            k--;
        if (k == MAX_PART)
            continue;
        n += n < MAX_PART;
        for (size_t q = n - 1; q > k; q--)
            part[q] = part[q - 1];
        part[k] = i;
    }
    for (size_t j = 0; j < m; j++) /* so that the ends count too */
        reference[j] += BEYOND * (reference[j] - least[j]);
    for (size_t taken = 0; taken < wanted; taken++) {
        size_t best = n;
        double most = -1.0;
        for (size_t k = 0; k < n; k++) {
            if (is_good[part[k]])
                continue;
            memcpy(points + taken * m, told->values + part[k] * m, m * sizeof *points);
            double volume = hypervolume(points, taken + 1, m, reference, arena);
            if (volume > most) {
                most = volume;
                best = k;
            }
        }
        if (best == n)
            return true;
        is_good[part[best]] = true;
        memcpy(points + taken * m, told->values + part[best] * m, m * sizeof *points);
    }
    return true;
}

/* The best are good: front by front. With one objective that is the order of the values. */
static bool split_told(struct split *split, const struct told *told, size_t m, struct arena *arena)
{
    size_t *rank = arena_array(arena, told->n, sizeof *rank), n = told->n;
    double *crowding = arena_array(arena, n, sizeof *crowding);
    bool *is_good = arena_array(arena, n, sizeof *is_good);
    if (rank == NULL || crowding == NULL || is_good == NULL)
        return false;
    size_t fronts = pareto_ranks(told->values, told->violation, n, m, arena, rank);
    if (fronts == 0 || !pareto_crowding(told->values, n, m, rank, fronts, arena, crowding))
        return false;
    size_t wanted = (size_t)fmin(ceil(GOOD_SHARE * (double)n), MAX_GOOD);
    for (size_t front = 0; front < fronts && wanted > 0; front++) {
        size_t size = 0;
        for (size_t i = 0; i < n; i++)
            size += rank[i] == front;
        if (size > wanted && !take_part(told, m, rank, front, crowding, wanted, is_good, arena))
            return false;
        for (size_t i = 0; i < n && size <= wanted; i++)
            is_good[i] |= rank[i] == front;
        wanted -= size < wanted ? size : wanted;
    }
    for (size_t i = 0; i < n; i++)
        if (is_good[i])
            split->good[split->n_good++] = told->row[i];
        else
            split->bad[split->n_bad++] = told->row[i];
    return true;
}

static bool split_trials(struct split *split, const struct search_view *view)
{
    struct gp_rows rows;
    struct arena *arena = view->scratch;
    size_t m = view->options->n_objectives;
    *split = (struct split){0};
    split->good = arena_array(arena, view->n_trials, sizeof *split->good);
    split->bad = arena_array(arena, view->n_trials, sizeof *split->bad);
    if (split->good == NULL || split->bad == NULL || !gp_rows_collect(&rows, view, 0))
        return false;
    struct told told = {.n = rows.n, .row = rows.row, .values = rows.y};
    if (m > 1 || view->options->n_constraints > 0) {
        told.n = 0;
        if (!collect_told(&told, split, view))
            return false;
    }
    split->n_told = told.n + rows.n_failed;
    if (told.n > 0 && !split_told(split, &told, m, arena))
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

const struct search_algorithm search_tpe = {
    .name = "tpe",
    .summary = "densities of the good and of the other trials (Parzen estimators); fast",
    .propose = propose,
};
