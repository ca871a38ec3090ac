/*
 * hyperband.c: asha from several first rungs at once, since nobody knows which steps tell.
 *
 * s_max = floor(log_eta(R / r)). Bracket s = 0 ... s_max has its first rung at R eta^-s and its
 * share of the trials in proportion to
 *     n_s = ceil((s_max + 1) / (s + 1) eta^s),
 * so that each bracket spends about as many steps. A trial's bracket is drawn from its own random
 * stream, and it is judged among those of its bracket alone (rung.h); bracket 0 runs to the end.
 * R, r and eta are those of asha.
 *
 * Source: Li, Jamieson, DeSalvo, Rostamizadeh & Talwalkar, "Hyperband: A novel bandit-based
 *     approach to hyperparameter optimization", JMLR 18 (2018) 185, algorithm 1 and table 1.
 * Departures: brackets run side by side with no end, by drawing, instead of one after the other;
 *     each is an asha and waits for nobody.
 */
#include "stop/hyperband.h"

#include <math.h>
#include <stdio.h>

#include "stop/rung.h"

/* R / r may miss a power of eta by rounding. */
#define POWER_EPS 1e-9

static double eta_of(const struct search_view *view)
{
    return view->options->eta > 0.0 ? view->options->eta : RUNG_ETA;
}

size_t hyperband_brackets(double R, double r, double eta, struct bracket *out)
{
    size_t n = 0; /* s_max + 1 */
    for (double first = R; n < MAX_BRACKETS && first >= r * (1.0 - POWER_EPS); first /= eta)
        out[n++].first = first;
    double power = 1.0; /* eta^s */
    for (size_t s = 0; s < n; s++, power *= eta)
        out[s].n = ceil((double)n / (double)(s + 1) * power - POWER_EPS);
    return n;
}

/* The bracket of a trial: a function of its number, the seed and the brackets. */
static size_t draw_bracket(const struct search_view *view, uint64_t id,
                           const struct bracket *brackets, size_t n)
{
    double sum = 0.0;
    for (size_t s = 0; s < n; s++)
        sum += brackets[s].n;
    struct rng rng;
    rng_init(&rng, view->options->seed, RNG_BRACKET, id);
    double left = rng_uniform(&rng) * sum;
    size_t s = n - 1; /* the largest first */
    while (s > 0 && left >= brackets[s].n)
        left -= brackets[s--].n;
    return s;
}

static size_t find_brackets(const struct search_view *view, struct bracket *out)
{
    double R = stop_resource(view);
    return R > 0.0 ? hyperband_brackets(R, rung_first(view, R), eta_of(view), out) : 0;
}

size_t hyperband_bracket_of(const struct search_view *view, uint64_t id)
{
    struct bracket brackets[MAX_BRACKETS];
    size_t n = find_brackets(view, brackets);
    return n > 0 ? draw_bracket(view, id, brackets, n) : 0;
}

static bool stops(const struct search_view *view, size_t index, struct buf *reason)
{
    struct bracket brackets[MAX_BRACKETS];
    const struct search_trial *trial = &view->trials[index];
    double step = trial->series->reports[trial->series->n - 1].step;
    size_t n = find_brackets(view, brackets);
    if (n == 0 || step >= brackets[0].first)
        return false;
    size_t own = draw_bracket(view, trial->id, brackets, n), at = 1;
    while (at <= own && brackets[at].first > step)
        at++; /* the rungs of a bracket are the first rungs of those with less s */
    if (at > own || !rung_reached(view, trial, brackets[at].first))
        return false;
    bool *rivals = arena_array(view->scratch, view->n_trials, sizeof *rivals);
    if (rivals == NULL)
        return false; /* not to stop is always allowed */
    for (size_t i = 0; i < view->n_trials; i++)
        rivals[i] = draw_bracket(view, view->trials[i].id, brackets, n) == own;
    char whom[40];
    snprintf(whom, sizeof whom, "trials of bracket %zu", own);
    return rung_stops(view, index, brackets[at].first, eta_of(view), rivals, whom, reason);
}

const struct stop_rule stop_hyperband = {
    .name = "hyperband",
    .summary = "asha from several first steps side by side",
    .takes = STOP_TAKES_MAX | STOP_TAKES_RUNGS,
    .stops = stops,
};
