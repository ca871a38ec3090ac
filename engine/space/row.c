/*
 * row.c: whole configurations as rows: which parameters are active, drawing, enumerating, counting.
 *
 * All of it goes through the parameters in declaration order, since a parameter's parents come
 * before it.
 */
#include "space/space.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "space/where.h"

#define MAX_DRAWS   10000
#define COUNT_STEPS 1000000

bool condition_holds(const struct condition *condition, double parent)
{
    for (size_t i = 0; i < condition->n_values; i++)
        if (fabs(parent - condition->coordinates[i]) <= ROW_EPS)
            return true;
    return false;
}

bool space_is_active(const struct hone_space *space, size_t j, const double *row)
{
    const struct param *p = &space->params[j];
    for (size_t c = 0; c < p->n_conditions; c++) {
        const struct condition *condition = &p->conditions[c];
        if (!condition_holds(condition, row[condition->parent]))
            return false;
    }
    return true;
}

void space_complete(const struct hone_space *space, double *row, struct rng *rng)
{
    for (size_t j = 0; j < space->n; j++) {
        const struct param *p = &space->params[j];
        if (!space_is_active(space, j, row))
            row[j] = INACTIVE;
        else if (row[j] >= 0.0)
            row[j] = space_round(p, row[j]);
        else
            row[j] = space_spread(p, rng_uniform(rng));
    }
}

bool space_satisfies(const struct hone_space *space, const double *row)
{
    for (size_t i = 0; i < space->n_where; i++)
        if (!where_holds(space->where[i], space, row))
            return false;
    return true;
}

bool space_random(const struct hone_space *space, double *row, struct rng *rng)
{
    for (int draw = 0; draw < MAX_DRAWS; draw++) {
        for (size_t j = 0; j < space->n; j++)
            row[j] = INACTIVE;
        space_complete(space, row, rng);
        if (space_satisfies(space, row))
            return true;
    }
    return false;
}

void space_of_unit(const struct hone_space *space, const double *u, double *row)
{
    for (size_t j = 0; j < space->n; j++)
        row[j] = space_is_active(space, j, row) ? space_spread(&space->params[j], u[j]) : INACTIVE;
}

bool space_from_unit(const struct hone_space *space, const double *u, double *row, struct rng *rng)
{
    space_of_unit(space, u, row);
    return space_satisfies(space, row) || space_random(space, row, rng);
}

hone_status space_row_of(const struct hone_space *space, const hone_setting *settings, size_t n,
                         double *row, hone_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (space_index(space, settings[i].name) == space->n)
            return error_set(err, HONE_EINVAL, "parameter \"%s\" is not in the space",
                             settings[i].name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(settings[i].name, settings[k].name) == 0)
                return error_set(err, HONE_EINVAL, "parameter \"%s\" is given twice",
                                 settings[i].name);
    }
    for (size_t j = 0; j < space->n; j++) {
        const struct param *p = &space->params[j];
        size_t i = 0;
        while (i < n && strcmp(settings[i].name, p->name) != 0)
            i++;
        bool active = space_is_active(space, j, row);
        if (active && i == n)
            return error_set(err, HONE_EINVAL, "parameter \"%s\" is missing", p->name);
        if (!active && i < n)
            return error_set(err, HONE_EINVAL, "parameter \"%s\" is inactive in this configuration",
                             p->name);
        row[j] = INACTIVE;
        if (!active)
            continue;
        hone_status status = space_encode(p, settings[i].value, &row[j], err);
        if (status != HONE_OK)
            return status;
    }
    return HONE_OK;
}

size_t space_settings_of(const struct hone_space *space, const double *row, hone_setting *out)
{
    size_t n = 0;
    for (size_t j = 0; j < space->n; j++)
        if (row[j] >= 0.0)
            out[n++] = (hone_setting){.name = space->params[j].name,
                                      .value = space_decode(&space->params[j], row[j])};
    return n;
}

bool row_equal(const double *a, const double *b, size_t n)
{
    for (size_t j = 0; j < n; j++)
        if (!(fabs(a[j] - b[j]) <= ROW_EPS))
            return false;
    return true;
}

bool space_is_finite(const struct hone_space *space)
{
    for (size_t j = 0; j < space->n; j++)
        if (space->params[j].n_cells == 0)
            return false;
    return true;
}

/* Put the parameters from j on to their first values. */
static void first_from(const struct hone_space *space, size_t j, double *row)
{
    for (; j < space->n; j++)
        row[j] = space_is_active(space, j, row) ? space_cell(&space->params[j], 0) : INACTIVE;
}

void space_first(const struct hone_space *space, double *row)
{
    first_from(space, 0, row);
}

bool space_next(const struct hone_space *space, double *row)
{
    for (size_t j = space->n; j-- > 0;) {
        if (row[j] < 0.0)
            continue;
        uint64_t next = space_cell_of(&space->params[j], row[j]) + 1;
        if (next < space->params[j].n_cells) {
            row[j] = space_cell(&space->params[j], next);
            first_from(space, j + 1, row);
            return true;
        }
    }
    return false;
}

/*
 * Counting. Parameters that no condition and no expression names are free: they only multiply. The
 * others are bound: their combinations are walked through, each one a step.
 */
struct count {
    const struct hone_space *space;
    bool *bound;
    double *row;
    uint64_t steps, total;
    bool gave_up; /* not finite, too many to count, or beyond 64 bits */
};

static bool multiply(uint64_t *product, uint64_t factor)
{
    if (factor != 0 && *product > UINT64_MAX / factor)
        return false;
    *product *= factor;
    return true;
}

static void count_from(struct count *count, size_t j)
{
    const struct hone_space *space = count->space;
    while (j < space->n && !count->bound[j]) {
        /* Free ones only need to be known as active; any coordinate says so. */
        count->row[j] = space_is_active(space, j, count->row) ? 0.0 : INACTIVE;
        j++;
    }
    if (j < space->n && !space_is_active(space, j, count->row)) {
        count->row[j] = INACTIVE;
        count_from(count, j + 1);
        return;
    }
    if (j < space->n) {
        const struct param *p = &space->params[j];
        if (p->n_cells == 0) {
            count->gave_up = true;
            return;
        }
        for (uint64_t i = 0; i < p->n_cells && !count->gave_up; i++) {
            count->gave_up = ++count->steps > COUNT_STEPS;
            count->row[j] = space_cell(p, i);
            count_from(count, j + 1);
        }
        return;
    }
    if (count->gave_up || !space_satisfies(space, count->row))
        return;
    uint64_t product = 1;
    for (size_t k = 0; k < space->n; k++) {
        if (count->bound[k] || count->row[k] < 0.0)
            continue;
        if (space->params[k].n_cells == 0 || !multiply(&product, space->params[k].n_cells))
            count->gave_up = true;
    }
    if (product > UINT64_MAX - count->total)
        count->gave_up = true;
    count->total += product;
}

hone_status hone_space_size(const hone_space *space, uint64_t *size_out, hone_error *err)
{
    struct count count = {.space = space};
    count.bound = mem_array(space->n, sizeof *count.bound);
    count.row = mem_array(space->n, sizeof *count.row);
    hone_status status = HONE_OK;
    if (count.bound == NULL || count.row == NULL) {
        status = error_memory(err);
        goto out;
    }
    for (size_t j = 0; j < space->n; j++) {
        count.bound[j] = space->params[j].is_parent;
        for (size_t i = 0; i < space->n_where; i++)
            count.bound[j] = count.bound[j] || where_names(space->where[i], j);
    }
    count_from(&count, 0);
    *size_out = count.gave_up ? 0 : count.total;
out:
    mem_free(count.row);
    mem_free(count.bound);
    return status;
}
