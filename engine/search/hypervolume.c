/*
 * hypervolume.c: how much of the space of objectives a set of points dominates.
 *
 * Two objectives: strips between the points in rising order of the first. Three: the third
 * coordinate is swept upwards; each slab is the two-dimensional front of the points so far, a
 * staircase whose area grows with each point. More: the sum of what each point p alone adds to
 * those after it,
 *     V(p_i, ..., p_n) = sum_i [ box(p_i) - V(max(p_j, p_i), j > i) ].
 * With the points in falling order of the last objective, the limited points max(p_j, p_i) all have
 * the last coordinate of p_i, so that the inner volume has one dimension less. Limited points that
 * others dominate are dropped first, which leaves few.
 *
 * Source: While, Bradstreet & Barone, "A fast way of calculating exact hypervolumes", IEEE Trans.
 *     Evolutionary Computation 16 (2012) 86-95 (WFG); the sweep of three: Beume, Fonseca,
 *     Lopez-Ibanez, Paquete & Vahrenhold, ibid. 13 (2009) 1075-1082, with an array for its tree.
 */
#include "search/hypervolume.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define MAX_DIMENSIONS 8

/* limited: room for n x m numbers at each depth of the recursion. stairs: n x 2. */
struct sweep {
    const double *reference;
    size_t stride; /* numbers of a depth */
    double *limited, *stairs;
};

/* Rows of m numbers by rising coordinate k, by falling with sign -1. */
static void sort_rows(double *rows, size_t n, size_t m, size_t k, double sign)
{
    double row[MAX_DIMENSIONS];
    for (size_t gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (size_t i = gap; i < n; i++) {
            memcpy(row, rows + i * m, m * sizeof *row);
            size_t j = i;
            for (; j >= gap && sign * rows[(j - gap) * m + k] > sign * row[k]; j -= gap)
                memcpy(rows + j * m, rows + (j - gap) * m, m * sizeof *row);
            memcpy(rows + j * m, row, m * sizeof *row);
        }
}

static bool covers(const double *a, const double *b, size_t m)
{
    for (size_t k = 0; k < m; k++)
        if (a[k] > b[k])
            return false;
    return true;
}

/* Keep those that no other covers; of equals the last. */
static size_t keep_front(double *rows, size_t n, size_t m)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool covered = false;
        for (size_t j = 0; j < kept && !covered; j++)
            covered = covers(rows + j * m, rows + i * m, m);
        for (size_t j = i + 1; j < n && !covered; j++)
            covered = covers(rows + j * m, rows + i * m, m);
        if (!covered)
            memmove(rows + kept++ * m, rows + i * m, m * sizeof *rows);
    }
    return kept;
}

static double area(const struct sweep *s, double *rows, size_t n)
{
    sort_rows(rows, n, 2, 0, 1.0);
    double sum = 0.0, low = s->reference[1];
    for (size_t i = 0; i < n; i++) {
        const double *p = rows + 2 * i;
        if (p[1] < low) {
            sum += (s->reference[0] - p[0]) * (low - p[1]);
            low = p[1];
        }
    }
    return sum;
}

/* Add a point to a staircase, rising in the first and falling in the second; returns the area that
 * it adds. */
static double add_stair(const struct sweep *s, size_t *n, const double *p)
{
    double *stairs = s->stairs, gain = 0.0;
    size_t at = 0;
    while (at < *n && stairs[2 * at] <= p[0])
        at++;
    double high = at > 0 ? stairs[2 * at - 1] : s->reference[1], left = p[0];
    if (high <= p[1])
        return 0.0;
    size_t end = at; /* the stairs [at, end) are covered by p */
    for (; end < *n && stairs[2 * end + 1] >= p[1]; end++) {
        gain += (stairs[2 * end] - left) * (high - p[1]);
        left = stairs[2 * end];
        high = stairs[2 * end + 1];
    }
    gain += ((end < *n ? stairs[2 * end] : s->reference[0]) - left) * (high - p[1]);
    memmove(stairs + 2 * (at + 1), stairs + 2 * end, 2 * (*n - end) * sizeof *stairs);
    stairs[2 * at] = p[0];
    stairs[2 * at + 1] = p[1];
    *n = *n - (end - at) + 1;
    return gain;
}

static double volume_of_three(const struct sweep *s, double *rows, size_t n)
{
    sort_rows(rows, n, 3, 2, 1.0);
    double sum = 0.0, slab = 0.0;
    size_t n_stairs = 0;
    for (size_t i = 0; i < n; i++) {
        const double *p = rows + 3 * i;
        slab += add_stair(s, &n_stairs, p);
        double top = i + 1 < n ? p[5] : s->reference[2];
        sum += slab * (top - p[2]);
    }
    return sum;
}

/* The volume of rows, which are put in another order. */
static double volume(const struct sweep *s, double *rows, size_t n, size_t m, double *limited)
{
    if (m == 2)
        return area(s, rows, n);
    if (m == 3)
        return volume_of_three(s, rows, n);
    sort_rows(rows, n, m, m - 1, -1.0);
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double *p = rows + i * m;
        double box = 1.0;
        for (size_t k = 0; k + 1 < m; k++)
            box *= s->reference[k] - p[k];
        size_t count = 0;
        for (size_t j = i + 1; j < n; j++, count++)
            for (size_t k = 0; k + 1 < m; k++)
                limited[count * (m - 1) + k] = fmax(p[k], rows[j * m + k]);
        count = keep_front(limited, count, m - 1);
        double others = volume(s, limited, count, m - 1, limited + s->stride);
        sum += (box - others) * (s->reference[m - 1] - p[m - 1]);
    }
    return sum;
}

double hypervolume(const double *points, size_t n, size_t m, const double *reference,
                   struct arena *scratch)
{
    double least = reference[0];
    if (m == 1) {
        for (size_t i = 0; i < n; i++)
            least = fmin(least, points[i]);
        return reference[0] - least;
    }
    struct sweep s = {.reference = reference, .stride = n * m};
    double *rows = arena_array(scratch, n * m, sizeof *rows);
    s.limited = arena_array(scratch, m * s.stride, sizeof(double));
    s.stairs = arena_array(scratch, 2 * (n + 1), sizeof(double));
    if (rows == NULL || s.limited == NULL || s.stairs == NULL)
        return (double)NAN;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool inside = true;
        for (size_t k = 0; k < m; k++)
            inside &= points[i * m + k] < reference[k];
        if (inside)
            memcpy(rows + kept++ * m, points + i * m, m * sizeof *rows);
    }
    if (m > 3)
        kept = keep_front(rows, kept, m);
    return volume(&s, rows, kept, m, s.limited);
}
