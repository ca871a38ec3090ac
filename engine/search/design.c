/*
 * design.c: the best of earlier studies, the middle of the space, then scrambled Sobol' points. The
 * middle is where people put what they believe in; the rest is spread as evenly as can be, or as
 * their priors say.
 */
#include "search/design.h"

#include <string.h>

#include "base/error.h"
#include "search/sobol.h"

static bool middle(const struct search_view *view, double *row, struct rng *rng)
{
    for (size_t j = 0; j < view->space->n; j++)
        row[j] = space_middle(&view->space->params[j]);
    space_complete(view->space, row, rng);
    return space_satisfies(view->space, row);
}

/* The best configurations of the parents in turn: the first that is new. False: there is none. */
static bool propose_lead(const struct search_view *view, double *row)
{
    size_t width = view->space->n;
    for (size_t i = 0;; i++) {
        bool any = false;
        for (size_t p = 0; p < view->n_parents; p++) {
            const struct search_parent *parent =
                &view->parents[(p + view->next_id) % view->n_parents];
            if (i >= parent->n)
                continue;
            any = true;
            memcpy(row, parent->rows + i * width, width * sizeof *row);
            if (space_satisfies(view->space, row) && search_is_new(view, row))
                return true;
        }
        if (!any)
            return false;
    }
}

hone_status design_propose(const struct search_view *view, size_t size, double *row,
                           struct buf *why, hone_error *err)
{
    struct rng rng;
    rng_init(&rng, view->options->seed, RNG_DESIGN, view->next_id);
    if (view->n_trials < DESIGN_LEADS && propose_lead(view, row)) {
        buf_text(why, "the best of an earlier study");
        return HONE_OK;
    }
    if (view->n_trials == 0 && middle(view, row, &rng)) {
        buf_text(why, "the middle of the space, and defaults");
        return HONE_OK;
    }
    double *u = arena_array(view->scratch, view->space->n, sizeof *u);
    if (u == NULL)
        return error_memory(err);
    sobol_point(view->options->seed, view->next_id, view->space->n, u);
    for (size_t j = 0; j < view->space->n; j++)
        u[j] = space_prior_unit(&view->space->params[j], u[j]);
    if (space_from_unit(view->space, u, row, &rng) && search_is_new(view, row)) {
        buf_printf(why, "spread point; the model starts after %zu trials", size);
        return HONE_OK;
    }
    buf_text(why, "random point; the spread points are used up");
    return search_random_new(view, &rng, row, err);
}
