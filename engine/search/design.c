/*
 * design.c: the middle of the space, then scrambled Sobol' points. The middle is where people put
 * what they believe in; the rest is spread as evenly as can be.
 */
#include "search/design.h"

#include "base/error.h"
#include "search/sobol.h"

static bool middle(const struct search_view *view, double *row, struct rng *rng)
{
    for (size_t j = 0; j < view->space->n; j++) {
        const struct param *p = &view->space->params[j];
        row[j] = p->has_default             ? p->default_coordinate
                 : p->kind == PARAM_CHOICE  ? 0.0
                 : p->kind == PARAM_ORDINAL ? space_cell(p, p->n_cells / 2)
                                            : 0.5;
    }
    space_complete(view->space, row, rng);
    return space_satisfies(view->space, row);
}

hone_status design_propose(const struct search_view *view, size_t size, double *row,
                           struct buf *why, hone_error *err)
{
    struct rng rng;
    rng_init(&rng, view->options->seed, RNG_DESIGN, view->next_id);
    if (view->n_trials == 0 && middle(view, row, &rng)) {
        buf_text(why, "the middle of the space, and defaults");
        return HONE_OK;
    }
    double *u = arena_array(view->scratch, view->space->n, sizeof *u);
    if (u == NULL)
        return error_memory(err);
    sobol_point(view->options->seed, view->next_id, view->space->n, u);
    if (space_from_unit(view->space, u, row, &rng) && search_is_new(view, row)) {
        buf_printf(why, "spread point; the model starts after %zu trials", size);
        return HONE_OK;
    }
    buf_text(why, "random point; the spread points are used up");
    return search_random_new(view, &rng, row, err);
}
