/*
 * grid.c: every combination of values, last parameter fastest, or in a seeded random order.
 *
 * A parameter's levels are all its values, or `grid_points` coordinates (i + 1/2) / k where it has
 * more. Inactive parameters have no level, so only active combinations are met: without conditions
 * combination number i is found by division, with conditions by walking.
 *
 * Shuffling permutes the numbers 0 .. n-1 by a Feistel network over the next power of four, walking
 * on while the result is not below n (Black & Rogaway, "Ciphers with arbitrary finite domains",
 * CT-RSA 2002). Nothing has to be stored but the position, which is the memo. Behind the last
 * combination the search looks from the start again, for those that were cancelled.
 */
#include "search/search.h"

#include <string.h>

#include "base/error.h"
#include "search/registry.h"

#define MAX_COMBINATIONS 1000000

struct grid {
    const struct hone_space *space;
    uint64_t points; /* of a parameter with more values; 0: all values */
    bool conditional;
    uint64_t total;
    double *row;   /* scratch for walking */
    double *table; /* all combinations, once walking to single ones has become too slow; or NULL */
};

/* With conditions: tries that walk on their own before the table is made. */
#define WALKS 4

static uint64_t level_count(const struct grid *grid, size_t j)
{
    const struct param *p = &grid->space->params[j];
    bool listed = p->kind == PARAM_CHOICE || p->kind == PARAM_ORDINAL;
    if (grid->points == 0 || (p->n_cells > 0 && (listed || p->n_cells <= grid->points)))
        return p->n_cells;
    return grid->points;
}

static double level(const struct grid *grid, size_t j, uint64_t i)
{
    const struct param *p = &grid->space->params[j];
    uint64_t n = level_count(grid, j);
    if (p->n_cells == n)
        return space_cell(p, i);
    return space_round(p, ((double)i + 0.5) / (double)n);
}

/* Count the active combinations from parameter j on, up to the limit. */
static void count_from(struct grid *grid, size_t j)
{
    if (grid->total > MAX_COMBINATIONS)
        return;
    if (j == grid->space->n) {
        grid->total++;
    } else if (!space_is_active(grid->space, j, grid->row)) {
        grid->row[j] = INACTIVE;
        count_from(grid, j + 1);
    } else {
        for (uint64_t i = 0; i < level_count(grid, j) && grid->total <= MAX_COMBINATIONS; i++) {
            grid->row[j] = level(grid, j, i);
            count_from(grid, j + 1);
        }
    }
}

static void count_combinations(struct grid *grid)
{
    grid->total = grid->conditional ? 0 : 1;
    if (grid->conditional) {
        count_from(grid, 0);
        return;
    }
    for (size_t j = 0; j < grid->space->n && grid->total <= MAX_COMBINATIONS; j++) {
        uint64_t n = level_count(grid, j);
        grid->total = n > MAX_COMBINATIONS ? MAX_COMBINATIONS + 1 : grid->total * n;
    }
}

/* Go on to combination number *left from parameter j on; *left counts down on the way. */
static bool walk_to(const struct grid *grid, size_t j, uint64_t *left, double *row)
{
    if (j == grid->space->n)
        return (*left)-- == 0;
    if (!space_is_active(grid->space, j, row)) {
        row[j] = INACTIVE;
        return walk_to(grid, j + 1, left, row);
    }
    for (uint64_t i = 0; i < level_count(grid, j); i++) {
        row[j] = level(grid, j, i);
        if (walk_to(grid, j + 1, left, row))
            return true;
    }
    return false;
}

/* Walk once and keep every combination. */
static void fill_table(struct grid *grid, size_t j, uint64_t *used)
{
    size_t n = grid->space->n;
    if (j == n) {
        memcpy(grid->table + (*used)++ * n, grid->row, n * sizeof *grid->row);
    } else if (!space_is_active(grid->space, j, grid->row)) {
        grid->row[j] = INACTIVE;
        fill_table(grid, j + 1, used);
    } else {
        for (uint64_t i = 0; i < level_count(grid, j); i++) {
            grid->row[j] = level(grid, j, i);
            fill_table(grid, j + 1, used);
        }
    }
}

static void combination(const struct grid *grid, uint64_t index, double *row)
{
    if (grid->table != NULL) {
        memcpy(row, grid->table + index * grid->space->n, grid->space->n * sizeof *row);
        return;
    }
    if (grid->conditional) {
        walk_to(grid, 0, &index, row);
        return;
    }
    for (size_t j = grid->space->n; j-- > 0;) {
        uint64_t n = level_count(grid, j);
        row[j] = level(grid, j, index % n);
        index /= n;
    }
}

/* A permutation of 0 .. n-1. */
static uint64_t shuffled(uint64_t i, uint64_t n, uint64_t seed)
{
    unsigned half = 1; /* bits of each half */
    while (((uint64_t)1 << (2 * half)) < n)
        half++;
    uint64_t mask = ((uint64_t)1 << half) - 1;
    do {
        uint64_t left = i >> half, right = i & mask;
        for (uint64_t round = 0; round < 6; round++) {
            struct rng rng;
            rng_init(&rng, seed, RNG_GRID, (round << 32) | right);
            uint64_t next = left ^ (rng_u64(&rng) & mask);
            left = right;
            right = next;
        }
        i = (left << half) | right;
    } while (i >= n);
    return i;
}

static bool has_conditions(const struct hone_space *space)
{
    for (size_t j = 0; j < space->n; j++)
        if (space->params[j].n_conditions > 0)
            return true;
    return false;
}

static hone_status check(const struct hone_space *space, const hone_options *options,
                         hone_error *err)
{
    struct grid grid = {.space = space, .points = options->grid_points};
    for (size_t j = 0; j < space->n; j++)
        if (level_count(&grid, j) == 0)
            return error_set(err, HONE_EINVAL,
                             "strategy grid: parameter \"%s\" is continuous; give it a step, or "
                             "set grid_points",
                             space->params[j].name);
    grid.conditional = has_conditions(space);
    grid.row = mem_array(space->n, sizeof *grid.row);
    if (grid.row == NULL)
        return error_memory(err);
    count_combinations(&grid);
    mem_free(grid.row);
    if (grid.total > MAX_COMBINATIONS)
        return error_set(err, HONE_EINVAL, "strategy grid: more than %d combinations",
                         MAX_COMBINATIONS);
    return HONE_OK;
}

/* The memo: nothing before the first proposal. */
struct position {
    uint64_t total, next;
};

static hone_status propose(const struct search_view *view, struct buf *memo, double *row,
                           struct buf *why, hone_error *err)
{
    struct grid grid = {.space = view->space, .points = view->options->grid_points};
    grid.conditional = has_conditions(view->space);
    grid.row = arena_array(view->scratch, view->space->n, sizeof *grid.row);
    if (grid.row == NULL)
        return error_memory(err);
    struct position position = {0};
    if (memo->len == sizeof position) {
        memcpy(&position, memo->data, sizeof position);
        grid.total = position.total;
    } else {
        count_combinations(&grid);
        position.total = grid.total;
    }
    for (uint64_t tries = 0; tries < grid.total; tries++) {
        if (grid.conditional && tries == WALKS) {
            uint64_t used = 0;
            grid.table = arena_array(view->scratch, grid.total, view->space->n * sizeof *row);
            if (grid.table == NULL)
                return error_memory(err);
            fill_table(&grid, 0, &used);
        }
        uint64_t i = (position.next + tries) % grid.total;
        uint64_t index = view->options->shuffle ? shuffled(i, grid.total, view->options->seed) : i;
        combination(&grid, index, row);
        if (!space_satisfies(view->space, row) || !search_is_new(view, row))
            continue;
        position.next = i + 1;
        buf_clear(memo);
        buf_add(memo, &position, sizeof position);
        buf_printf(why, "grid point %llu of %llu", (unsigned long long)index + 1,
                   (unsigned long long)grid.total);
        return HONE_OK;
    }
    return error_set(err, HONE_EEXHAUSTED, "all %llu grid points were tried",
                     (unsigned long long)grid.total);
}

const struct search_algorithm search_grid = {
    .name = "grid",
    .summary = "every combination of the values",
    .check = check,
    .propose = propose,
};
