/*
 * pareto.c: non-dominated sorting and crowding distance.
 *
 * Points are visited in lexicographic order, so that no point is dominated by a later one. Each
 * goes to the first front that has nobody who dominates it; that front is found by bisection, as
 * whoever is dominated in front k + 1 is so in front k too. With one or two objectives the point
 * that came last to a front is the lowest in the last objective: it alone has to be asked.
 *
 * Sources: Zhang, Tian, Cheng & Jin, "An Efficient Approach to Nondominated Sorting for
 *     Evolutionary Multiobjective Optimization", IEEE Trans. Evolutionary Computation 19 (2015)
 *     201-213; crowding and constraints: Deb, Pratap, Agarwal & Meyarivan, "A Fast and Elitist
 *     Multiobjective Genetic Algorithm: NSGA-II", the same 6 (2002) 182-197.
 * Departures: equal points share one crowding distance, that of the first; two points that break
 *     constraints are compared by their violation alone.
 * Invariant: ranks don't depend on the order of the points, crowding only among equal ones.
 */
#include "search/pareto.h"

#include <math.h>
#include <stdint.h>

bool pareto_dominates(const double *a, const double *b, size_t m)
{
    bool smaller = false;
    for (size_t j = 0; j < m; j++) {
        if (a[j] > b[j])
            return false;
        smaller = smaller || a[j] < b[j];
    }
    return smaller;
}

/* An order of points: by the columns from `first` on, round to the one before it. */
struct order {
    const double *values;
    size_t m, first;
};

/* < 0, 0, > 0 as a is before, equal to, or behind b. */
static int compare(const struct order *order, size_t a, size_t b)
{
    const double *x = order->values + a * order->m, *y = order->values + b * order->m;
    for (size_t k = 0; k < order->m; k++) {
        size_t j = (order->first + k) % order->m;
        if (x[j] != y[j])
            return x[j] < y[j] ? -1 : 1;
    }
    return 0;
}

static bool goes_behind(const struct order *order, size_t a, size_t b)
{
    int c = compare(order, a, b);
    return c > 0 || (c == 0 && a > b);
}

/* Shell's sort: in place, and the same result everywhere; equal points by their index. */
static void sort_points(const struct order *order, size_t *index, size_t n)
{
    for (size_t gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (size_t i = gap; i < n; i++) {
            size_t item = index[i], j = i;
            for (; j >= gap && goes_behind(order, index[j - gap], item); j -= gap)
                index[j] = index[j - gap];
            index[j] = item;
        }
}

/* The fronts as lists: the last member of each, and of each point the one before it. */
struct fronts {
    size_t n;
    size_t *last, *before;
};

#define NOBODY SIZE_MAX

static bool front_dominates(const struct fronts *fronts, size_t k, const double *values, size_t m,
                            size_t point)
{
    for (size_t i = fronts->last[k]; i != NOBODY; i = fronts->before[i]) {
        if (pareto_dominates(values + i * m, values + point * m, m))
            return true;
        if (m <= 2)
            return false;
    }
    return false;
}

/* Put a point that no later one dominates into its front. */
static size_t place(struct fronts *fronts, const double *values, size_t m, size_t point)
{
    size_t low = 0, high = fronts->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (front_dominates(fronts, middle, values, m, point))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == fronts->n)
        fronts->last[fronts->n++] = NOBODY;
    fronts->before[point] = fronts->last[low];
    fronts->last[low] = point;
    return low;
}

size_t pareto_ranks(const double *values, const double *violation, size_t n, size_t m,
                    struct arena *scratch, size_t *rank_out)
{
    size_t *index = arena_array(scratch, n, sizeof *index);
    struct fronts fronts = {.last = arena_array(scratch, n, sizeof *fronts.last),
                            .before = arena_array(scratch, n, sizeof *fronts.before)};
    if (index == NULL || fronts.last == NULL || fronts.before == NULL)
        return 0;
    size_t kept = 0, broken = n;
    for (size_t i = 0; i < n; i++)
        index[violation == NULL || violation[i] <= 0.0 ? kept++ : --broken] = i;
    sort_points(&(struct order){.values = values, .m = m}, index, kept);
    for (size_t i = 0; i < kept; i++)
        rank_out[index[i]] = place(&fronts, values, m, index[i]);

    struct order by_violation = {.values = violation, .m = 1};
    sort_points(&by_violation, index + kept, n - kept);
    for (size_t i = kept; i < n; i++) {
        if (i == kept || compare(&by_violation, index[i - 1], index[i]) != 0)
            fronts.n++;
        rank_out[index[i]] = fronts.n - 1;
    }
    return fronts.n;
}

/* Add the share of one objective to the crowding of a front's points. */
static void crowd(const double *values, size_t m, size_t objective, size_t *front, size_t n,
                  double *crowding)
{
    sort_points(&(struct order){.values = values, .m = m, .first = objective}, front, n);
    const double *column = values + objective;
    double range = column[front[n - 1] * m] - column[front[0] * m];
    crowding[front[0]] = crowding[front[n - 1]] = (double)INFINITY;
    for (size_t i = 1; i + 1 < n && range > 0.0 && isfinite(range); i++)
        crowding[front[i]] += (column[front[i + 1] * m] - column[front[i - 1] * m]) / range;
}

/* Drop all but the first of equal points from a front; how many are left. */
static size_t drop_equal(const double *values, size_t m, size_t *front, size_t n)
{
    struct order order = {.values = values, .m = m};
    size_t kept = 0;
    sort_points(&order, front, n);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || compare(&order, front[kept - 1], front[i]) != 0)
            front[kept++] = front[i];
    return kept;
}

bool pareto_crowding(const double *values, size_t n, size_t m, const size_t *rank, size_t fronts,
                     struct arena *scratch, double *crowding_out)
{
    /* Counting sort by rank: front k is points[start[k]] .. points[start[k + 1] - 1]. */
    size_t *points = arena_array(scratch, n, sizeof *points);
    size_t *start = arena_array(scratch, fronts + 2, sizeof *start);
    if (points == NULL || start == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        crowding_out[i] = 0.0;
        start[rank[i] + 2]++;
    }
    for (size_t k = 2; k <= fronts; k++)
        start[k] += start[k - 1];
    for (size_t i = 0; i < n; i++)
        points[start[rank[i] + 1]++] = i;
    for (size_t k = 0; k < fronts; k++) {
        size_t *front = points + start[k];
        size_t kept = drop_equal(values, m, front, start[k + 1] - start[k]);
        for (size_t j = 0; j < m; j++)
            crowd(values, m, j, front, kept, crowding_out);
    }
    return true;
}
