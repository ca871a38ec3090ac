/* coordinates.c: rows of a mixed, conditional space as points of R^d, and back. */
#include "search/cma/cma.h"

static size_t count(const struct param *p)
{
    if (p->n_cells == 1)
        return 0;
    return p->kind == PARAM_CHOICE && p->n_cells > 2 ? (size_t)p->n_cells : 1;
}

bool cma_space_init(struct cma_space *cs, const struct hone_space *space, struct arena *arena)
{
    *cs = (struct cma_space){.space = space};
    cs->start = arena_array(arena, space->n + 1, sizeof *cs->start);
    if (cs->start == NULL)
        return false;
    for (size_t j = 0; j < space->n; j++)
        cs->start[j + 1] = cs->start[j] + count(&space->params[j]);
    cs->d = cs->start[space->n];
    return true;
}

/* The first of the largest. */
static size_t highest(const double *x, size_t n)
{
    size_t best = 0;
    for (size_t k = 1; k < n; k++)
        if (x[k] > x[best])
            best = k;
    return best;
}

bool cma_row(const struct cma_space *cs, const double *x, double *row)
{
    for (size_t j = 0; j < cs->space->n; j++) {
        const struct param *p = &cs->space->params[j];
        const double *u = x + cs->start[j];
        size_t n = cs->start[j + 1] - cs->start[j];
        if (!space_is_active(cs->space, j, row)) {
            row[j] = INACTIVE;
        } else if (n == 0) {
            row[j] = space_cell(p, 0);
        } else if (n > 1) {
            row[j] = (double)highest(u, n);
        } else {
            if (p->n_cells == 0 && !(*u >= 0.0 && *u <= 1.0))
                return false;
            row[j] = p->kind == PARAM_CHOICE ? space_spread(p, *u) : space_round(p, *u);
        }
    }
    return true;
}

void cma_clip(const struct cma_space *cs, double *x)
{
    for (size_t j = 0; j < cs->space->n; j++) {
        double *u = x + cs->start[j];
        if (cs->space->params[j].n_cells == 0)
            *u = *u > 0.0 ? (*u < 1.0 ? *u : 1.0) : 0.0;
    }
}

/* Let one coordinate of n be above the others. */
static void put_on_top(double *u, size_t n, size_t chosen, double lead)
{
    for (size_t k = 0; k < n; k++)
        if (k != chosen && u[chosen] < u[k] + lead)
            u[chosen] = u[k] + lead;
}

void cma_coordinates(const struct cma_space *cs, const double *row, const double *m, double lead,
                     double *x)
{
    for (size_t j = 0; j < cs->space->n; j++) {
        size_t n = cs->start[j + 1] - cs->start[j];
        double *u = x + cs->start[j];
        for (size_t k = cs->start[j]; k < cs->start[j + 1]; k++)
            x[k] = m[k];
        if (row[j] < 0.0 || n == 0)
            continue;
        if (n > 1)
            put_on_top(u, n, (size_t)row[j], lead);
        else if (cs->space->params[j].kind == PARAM_CHOICE)
            *u = (row[j] + 0.5) / 2.0;
        else
            *u = row[j];
    }
}
