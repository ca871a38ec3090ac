/* fresh.c: what is shared by all algorithms: proposing nothing that was tried before. */
#include "search/search.h"

#include "base/error.h"
#include "search/seen.h"

/* Draws before a finite space is enumerated: enough while a few per cent of it are free. */
#define MAX_DRAWS 100

/* Most configurations that are enumerated: some tenths of a second. */
#define MAX_ENUMERATED 1000000

bool search_is_new(const struct search_view *view, const double *row)
{
    if (view->options->repeats)
        return true;
    if (view->seen != NULL)
        return !seen_has(view->seen, row);
    for (size_t i = 0; i < view->n_trials; i++)
        if (row_equal(view->trials[i].row, row, view->space->n))
            return false;
    return true;
}

/*
 * Leave in `row` free configuration number `wanted` and return true, or count them all (as far as
 * the limit) and return false.
 */
static bool find_free(const struct search_view *view, uint64_t wanted, double *row,
                      uint64_t *count_out)
{
    uint64_t count = 0, steps = 0;
    space_first(view->space, row);
    do {
        if (space_satisfies(view->space, row) && search_is_new(view, row) && count++ == wanted)
            return true;
    } while (++steps < MAX_ENUMERATED && space_next(view->space, row));
    *count_out = count;
    return false;
}

hone_status search_random_new(const struct search_view *view, struct rng *rng, double *row,
                              hone_error *err)
{
    int draws = 0;
    for (; draws < MAX_DRAWS && space_random(view->space, row, rng); draws++)
        if (search_is_new(view, row))
            return HONE_OK;
    if (space_is_finite(view->space)) {
        uint64_t count = 0;
        find_free(view, UINT64_MAX, row, &count);
        if (count > 0 && find_free(view, rng_below(rng, count), row, &count))
            return HONE_OK;
    }
    if (draws < MAX_DRAWS && view->n_trials == 0)
        return error_set(err, HONE_EEXHAUSTED, "no configuration that satisfies `where` was found");
    return error_set(err, HONE_EEXHAUSTED, "no untried configuration is left after %zu trials",
                     view->n_trials);
}
