/*
 * random.c: independent uniform draws, trial i from the stream of trial i.
 *
 * One uniform for each active parameter, in declaration order; ints, steps and choices have equal
 * shares for each value. A configuration that was tried, or that violates `where`, is drawn again.
 */
#include "search/search.h"

#include "search/registry.h"

static hone_status propose(const struct search_view *view, struct buf *memo, double *row,
                           struct buf *why, hone_error *err)
{
    (void)memo;
    struct rng rng;
    rng_init(&rng, view->options->seed, RNG_RANDOM, view->next_id);
    hone_status status = search_random_new(view, &rng, row, err);
    buf_text(why, "random");
    return status;
}

const struct search_algorithm search_random = {
    .name = "random",
    .summary = "independent random configurations",
    .propose = propose,
};
