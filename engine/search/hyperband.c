/*
 * hyperband.c: proposals for trials that the rule "hyperband" ends early.
 *
 * Four of five are those of bayesian, whose model sees a trial that was stopped as the value that
 * it would probably have reached, with the uncertainty of that guess (gp/rows.c); one of five is
 * drawn at random, so that the first steps, should they mislead, mislead no more than four of five.
 *
 * Source: Falkner, Klein & Hutter, "BOHB: Robust and efficient hyperparameter optimization at
 *     scale", ICML 35 (2018).
 * Departures: a Gaussian process over all trials, each with its own uncertainty, instead of a
 *     density of those at the highest rung that has enough; one of five at random instead of one of
 *     three.
 */
#include "search/registry.h"

#include "search/bayesian.h"

#define RANDOM_SHARE 0.2

static hone_status check(const struct hone_space *space, const hone_options *options,
                         hone_error *err)
{
    return search_bayesian.check != NULL ? search_bayesian.check(space, options, err) : HONE_OK;
}

static hone_status propose(const struct search_view *view, struct buf *memo, double *row,
                           struct buf *why, hone_error *err)
{
    struct rng rng;
    rng_init(&rng, view->options->seed, RNG_SHARE, view->next_id);
    if (rng_uniform(&rng) >= RANDOM_SHARE)
        return search_bayesian.propose(view, memo, row, why, err);
    buf_text(why, "at random, as one in five");
    rng_init(&rng, view->options->seed, RNG_RANDOM, view->next_id);
    return search_random_new(view, &rng, row, err);
}

static double expected_gain(const void *memo, size_t size)
{
    return search_bayesian.expected_gain(memo, size);
}

const struct search_algorithm search_hyperband = {
    .name = "hyperband",
    .summary = "bayesian with one proposal in five at random, ended early by the rule hyperband",
    .stopping = "hyperband",
    .check = check,
    .propose = propose,
    .expected_gain = expected_gain,
};
