/*
 * nsga2.c: NSGA-II, a genetic algorithm for several objectives, one child at a time.
 *
 * The parents are the best eighth of all completed trials, at most 50: by front, within the last
 * front that fits in part by crowding distance. Each ask draws two of them by tournament, crosses
 * them and mutates the child. There are no generations to wait for, so trials may run at the same
 * time and end in any order; nothing is remembered that is not in the view. Trials that break a
 * constraint are behind all that keep them, by how much they break it. Before that a spread design.
 *
 * Sources: Deb, Pratap, Agarwal & Meyarivan, "A Fast and Elitist Multiobjective Genetic Algorithm:
 *     NSGA-II", IEEE Trans. Evolutionary Computation 6 (2002) 182-197; Deb & Agrawal, "Simulated
 *     Binary Crossover for Continuous Search Space", Complex Systems 9 (1995) 115-148, in its form
 *     with bounds; steady state: Durillo, Nebro, Luna & Alba, EMO (2009) 183-197.
 * Departures: steady state; fewer parents at first; the design; a child that was tried before is
 * made again. See docs/algorithms/nsga2.md.
 */
#include "search/search.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/numeric.h"
#include "search/design.h"
#include "search/pareto.h"
#include "search/registry.h"

#define MIN_PARENTS   5
#define MAX_PARENTS   50
#define PARENT_SHARE  8 /* of the completed trials an eighth are parents */
#define MAX_DESIGN    50
#define DESIGN_SHARE  8    /* of the budget an eighth */
#define P_CROSSOVER   0.9  /* of a child; of each parameter then one half */
#define ETA_CROSSOVER 15.0 /* the larger, the nearer to the parents */
#define ETA_MUTATION  20.0
#define MAX_TRIES     100

/* ---- Parents --------------------------------------------------------------------------------- */

/* The completed trials of the view. */
struct pool {
    size_t n;
    const double **rows;
    double *values, *violation; /* n x objectives, n */
    size_t *rank;
    double *crowding;
};

static bool pool_init(struct pool *pool, const struct search_view *view)
{
    size_t room = view->n_trials, m = view->options->n_objectives;
    struct arena *arena = view->scratch;
    *pool = (struct pool){.rows = arena_array(arena, room, sizeof *pool->rows),
                          .values = arena_array(arena, room * m, sizeof(double)),
                          .violation = arena_array(arena, room, sizeof(double)),
                          .rank = arena_array(arena, room, sizeof(size_t)),
                          .crowding = arena_array(arena, room, sizeof(double))};
    if (pool->rows == NULL || pool->values == NULL || pool->violation == NULL ||
        pool->rank == NULL || pool->crowding == NULL)
        return false;
    for (size_t i = 0; i < view->n_trials; i++) {
        const struct search_trial *trial = &view->trials[i];
        if (trial->state != HONE_TRIAL_COMPLETED)
            continue;
        pool->rows[pool->n] = trial->row;
        memcpy(pool->values + pool->n * m, trial->values, m * sizeof(double));
        for (size_t c = 0; c < view->options->n_constraints; c++)
            pool->violation[pool->n] += fmax(trial->violations[c], 0.0);
        pool->n++;
    }
    size_t fronts = pareto_ranks(pool->values, pool->violation, pool->n, m, arena, pool->rank);
    return pool->n == 0 || (fronts > 0 && pareto_crowding(pool->values, pool->n, m, pool->rank,
                                                          fronts, arena, pool->crowding));
}

static bool is_better(const struct pool *pool, size_t a, size_t b)
{
    if (pool->rank[a] != pool->rank[b])
        return pool->rank[a] < pool->rank[b];
    return pool->crowding[a] > pool->crowding[b];
}

/* The indices of the parents, best first; how many. */
static size_t choose_parents(const struct pool *pool, size_t *out)
{
    size_t n = 0, most = pool->n / PARENT_SHARE;
    most = most < MIN_PARENTS ? MIN_PARENTS : most < MAX_PARENTS ? most : MAX_PARENTS;
    for (size_t i = 0; i < pool->n; i++) {
        size_t k = n;
        while (k > 0 && is_better(pool, i, out[k - 1]))
            k--;
        if (k == most)
            continue;
        n += n < most;
        memmove(out + k + 1, out + k, (n - 1 - k) * sizeof *out);
        out[k] = i;
    }
    return n;
}

/* The better of two, which in their order is the earlier. */
static size_t tournament(size_t n, struct rng *rng)
{
    size_t a = rng_below(rng, n), b = rng_below(rng, n);
    return a < b ? a : b;
}

/* ---- Children -------------------------------------------------------------------------------- */

/* How far from the middle of two parents a child is, in units of half their distance, when the
 * nearer bound is at `room` times their distance beyond its parent. */
static double spread_factor(double room, double u)
{
    double beta = 1.0 + 2.0 * room;
    double alpha = 2.0 - num_pow(beta, -(ETA_CROSSOVER + 1.0));
    double base = u * alpha <= 1.0 ? u * alpha : 1.0 / (2.0 - u * alpha);
    return num_pow(base, 1.0 / (ETA_CROSSOVER + 1.0));
}

static double cross_number(double a, double b, struct rng *rng)
{
    double low = fmin(a, b), high = fmax(a, b), distance = high - low;
    double u = rng_uniform(rng), side = rng_uniform(rng);
    if (distance < ROW_EPS)
        return a;
    double middle = 0.5 * (low + high);
    double child = side < 0.5 ? middle - 0.5 * distance * spread_factor(low / distance, u)
                              : middle + 0.5 * distance * spread_factor((1.0 - high) / distance, u);
    return fmin(fmax(child, 0.0), 1.0);
}

static double mutate_number(double x, struct rng *rng)
{
    double u = rng_uniform(rng), power = ETA_MUTATION + 1.0;
    if (u < 0.5)
        return x + num_pow(2.0 * u + (1.0 - 2.0 * u) * num_pow(1.0 - x, power), 1.0 / power) - 1.0;
    return x + 1.0 - num_pow(2.0 * (1.0 - u) + (2.0 * u - 1.0) * num_pow(x, power), 1.0 / power);
}

static double mutate(const struct param *p, double x, struct rng *rng)
{
    if (p->kind == PARAM_CHOICE) {
        uint64_t other = rng_below(rng, p->n_cells - 1);
        return (double)(other + (other >= (uint64_t)x));
    }
    double child = fmin(fmax(mutate_number(x, rng), 0.0), 1.0);
    if (p->n_cells == 0)
        return child;
    uint64_t from = space_cell_of(p, x), to = space_cell_of(p, child);
    if (from == to) /* at least to the next one */
        to = (child < x && from > 0) || from + 1 == p->n_cells ? from - 1 : from + 1;
    return space_cell(p, to);
}

/* What is inactive in both parents stays so, to be drawn when it becomes active. */
static void make_child(const struct hone_space *space, const double *a, const double *b,
                       struct rng *rng, double *row)
{
    bool crosses = rng_uniform(rng) < P_CROSSOVER;
    size_t n_active = 0;
    for (size_t j = 0; j < space->n; j++) {
        const struct param *p = &space->params[j];
        double u = rng_uniform(rng);
        row[j] = a[j] >= 0.0 ? a[j] : b[j];
        if (crosses && u < 0.5 && a[j] >= 0.0 && b[j] >= 0.0)
            row[j] = p->kind == PARAM_CHOICE ? b[j] : cross_number(a[j], b[j], rng);
        n_active += row[j] >= 0.0 && p->n_cells != 1;
    }
    for (size_t j = 0; j < space->n; j++)
        if (row[j] >= 0.0 && space->params[j].n_cells != 1 &&
            rng_uniform(rng) * (double)n_active < 1.0)
            row[j] = mutate(&space->params[j], row[j], rng);
    space_complete(space, row, rng);
}

/* ---- The proposal ---------------------------------------------------------------------------- */

static size_t design_size(const struct search_view *view)
{
    uint64_t share = view->options->budget / DESIGN_SHARE;
    size_t n = share > 0 && share < MAX_DESIGN ? (size_t)share : MAX_DESIGN;
    return n > 2 ? n : 2;
}

static hone_status propose(const struct search_view *view, struct buf *memo, double *row,
                           struct buf *why, hone_error *err)
{
    (void)memo;
    struct pool pool;
    if (!pool_init(&pool, view))
        return error_memory(err);
    if (view->n_trials < design_size(view) || pool.n < 2)
        return design_propose(view, design_size(view), row, why, err);
    size_t best[MAX_PARENTS];
    size_t n = choose_parents(&pool, best);
    struct rng rng;
    rng_init(&rng, view->options->seed, RNG_NSGA2, view->next_id);
    for (int i = 0; i < MAX_TRIES; i++) {
        size_t a = best[tournament(n, &rng)], b = best[tournament(n, &rng)];
        make_child(view->space, pool.rows[a], pool.rows[b], &rng, row);
        if (!space_satisfies(view->space, row) || !search_is_new(view, row))
            continue;
        buf_printf(why, "child of trials of the fronts %zu and %zu", pool.rank[a] + 1,
                   pool.rank[b] + 1);
        return HONE_OK;
    }
    buf_text(why, "random point; the children were tried");
    return search_random_new(view, &rng, row, err);
}

const struct search_algorithm search_nsga2 = {
    .name = "nsga2",
    .summary = "NSGA-II, a genetic algorithm; for long studies of several objectives",
    .propose = propose,
};
