/*
 * bayesian.c: Bayesian optimisation with a Gaussian process, the default strategy.
 *
 * The first proposals are a design: the centre, then scrambled Sobol' points. After it each ask
 * warps the values, fits the length scales where enough is new, takes pending trials at the model's
 * mean, and proposes the point of the highest expected improvement (every fourth time: of the
 * lowest bound). Several objectives and constraints have a model each; gp/aim.c makes of them what
 * a proposal is judged by. Failures shape a process of their own, the probability of success. Past
 * 400 rows a model keeps a selection. docs/algorithms/bayesian.md has formulas, sources and
 * measurements.
 *
 * Everything is computed anew from the view; the memo holds what depends on earlier asks: theta
 * and the count of fits of each outcome, and the last local optima, which are candidates again.
 */
#include "search/bayesian.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "search/design.h"
#include "search/gp/aim.h"
#include "search/gp/transfer.h"

#define MIN_DESIGN   10
#define MAX_DESIGN   16
#define DESIGN_SHARE 4    /* of the budget, at most a fourth */
#define BELIEF       10.0 /* trials that a person's prior is worth (Hvarfner et al. 2022) */
#define AFTER_LEADS  2    /* spread points after them, before the parents are weighed */

/* ---- Memo ------------------------------------------------------------------------------------ */

/*
 * Followed by theta of the first outcome (d + GP_EXTRA doubles), the local optima (n_optima x
 * width doubles), of each further outcome its progress and theta, and the theta of each parent
 * that was fitted.
 */
struct memo {
    uint64_t version, d, width;
    struct gp_progress progress;
    uint64_t n_optima;
    double gain;
};
#define MEMO_VERSION 2

struct state {
    struct memo head;
    struct gp_memory *outcomes;
    size_t n_outcomes;
    double *optima; /* GP_STARTS x width */
    struct gp_parents parents;
};

/* Memory of n outcomes, and of parents, of which nothing is known yet. */
static bool state_init(struct state *state, const struct gp_space *gs, size_t n, size_t n_parents,
                       struct arena *arena)
{
    size_t d = gs->d, width = gs->space->n;
    *state = (struct state){
        .head = {.version = MEMO_VERSION, .d = d, .width = width, .gain = (double)NAN},
        .n_outcomes = n,
    };
    state->outcomes = arena_array(arena, n, sizeof *state->outcomes);
    double *theta = arena_array(arena, (n + n_parents) * (d + GP_EXTRA), sizeof *theta);
    state->optima = arena_array(arena, GP_STARTS * width, sizeof(double));
    if (state->outcomes == NULL || theta == NULL || state->optima == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        state->outcomes[i].theta = theta + i * (d + GP_EXTRA);
        gp_prior(gs, state->outcomes[i].theta, NULL, NULL, NULL);
    }
    state->parents.theta = theta + n * (d + GP_EXTRA);
    for (size_t p = 0; p < n_parents; p++)
        gp_prior(gs, state->parents.theta + p * (d + GP_EXTRA), NULL, NULL, NULL);
    return true;
}

static const char *take(const char *from, void *to, size_t size)
{
    memcpy(to, from, size);
    return from + size;
}

static bool state_read(struct state *state, const struct gp_space *gs, size_t n_outcomes,
                       size_t n_parents, const struct buf *memo, struct arena *arena)
{
    size_t d = gs->d, width = gs->space->n, theta = (d + GP_EXTRA) * sizeof(double);
    if (!state_init(state, gs, n_outcomes, n_parents, arena))
        return false;
    struct memo head;
    if (memo->len < sizeof head)
        return true;
    const char *at = take(memo->data, &head, sizeof head);
    if (head.version != MEMO_VERSION || head.d != d || head.width != width ||
        head.n_optima > GP_STARTS)
        return true;
    size_t optima = (size_t)head.n_optima * width * sizeof(double);
    size_t further = (n_outcomes - 1) * (sizeof(struct gp_progress) + theta);
    size_t before = sizeof head + theta + optima + further;
    size_t fitted = memo->len < before ? 0 : (memo->len - before) / theta;
    if (memo->len != before + fitted * theta || fitted > n_parents)
        return true;
    state->head = head;
    state->outcomes[0].progress = head.progress;
    at = take(at, state->outcomes[0].theta, theta);
    at = take(at, state->optima, optima);
    for (size_t i = 1; i < n_outcomes; i++) {
        at = take(at, &state->outcomes[i].progress, sizeof(struct gp_progress));
        at = take(at, state->outcomes[i].theta, theta);
    }
    memcpy(state->parents.theta, at, fitted * theta);
    state->parents.n_fitted = fitted;
    return true;
}

static hone_status state_write(struct state *state, struct buf *memo, hone_error *err)
{
    size_t theta = ((size_t)state->head.d + GP_EXTRA) * sizeof(double);
    state->head.progress = state->outcomes[0].progress;
    buf_clear(memo);
    buf_add(memo, &state->head, sizeof state->head);
    buf_add(memo, state->outcomes[0].theta, theta);
    buf_add(memo, state->optima,
            (size_t)(state->head.n_optima * state->head.width) * sizeof(double));
    for (size_t i = 1; i < state->n_outcomes; i++) {
        buf_add(memo, &state->outcomes[i].progress, sizeof(struct gp_progress));
        buf_add(memo, state->outcomes[i].theta, theta);
    }
    buf_add(memo, state->parents.theta, state->parents.n_fitted * theta);
    return memo->failed ? error_memory(err) : HONE_OK;
}

static double expected_gain(const void *memo, size_t size)
{
    struct memo head;
    if (size < sizeof head)
        return (double)NAN;
    memcpy(&head, memo, sizeof head);
    return head.version == MEMO_VERSION ? head.gain : (double)NAN;
}

/* ---- Design ---------------------------------------------------------------------------------- */

static size_t design_size(const struct search_view *view, size_t d)
{
    size_t n = d + 1 > MIN_DESIGN ? d + 1 : MIN_DESIGN;
    if (view->options->budget > 0 && view->options->budget / DESIGN_SHARE < n)
        n = (size_t)(view->options->budget / DESIGN_SHARE);
    if (n > MAX_DESIGN)
        n = MAX_DESIGN;
    return view->options->parallel > n ? (size_t)view->options->parallel : n;
}

/* ---- The proposal ---------------------------------------------------------------------------- */

static hone_status propose_random(const struct search_view *view, const char *reason, double *row,
                                  struct buf *why, hone_error *err)
{
    struct rng rng;
    rng_init(&rng, view->options->seed, RNG_FILL, view->next_id);
    buf_printf(why, "random point; %s", reason);
    return search_random_new(view, &rng, row, err);
}

static hone_status choose(struct gp_aim *aim, struct state *state, double *row, struct buf *why,
                          hone_error *err)
{
    const struct search_view *view = aim->view;
    const double *told[GP_AIM_BEST];
    struct gp_hints hints = {
        .told = told,
        .n_told = gp_aim_best(aim, told),
        .optima = state->optima,
        .n_optima = (size_t)state->head.n_optima,
    };
    struct gp_optimum optima[GP_STARTS], *others;
    size_t n, n_others, width = view->space->n;
    if (!gp_maximise(&aim->judge, view, &hints, optima, &n, &others, &n_others))
        return error_memory(err);
    struct gp_prospect prospects[GP_STARTS];
    double most = 0.0;
    gp_aim_foresee(aim, optima, n, prospects);
    for (size_t s = 0; s < n; s++) {
        memcpy(state->optima + s * width, optima[s].row, width * sizeof(double));
        most = fmax(most, prospects[s].gain * prospects[s].chance);
    }
    state->head.n_optima = n;
    double share = gp_aim_share(aim, most);
    if (!isnan(share))
        state->head.gain = share;
    for (size_t s = 0; s < n; s++)
        if (search_is_new(view, optima[s].row)) {
            memcpy(row, optima[s].row, width * sizeof *row);
            gp_aim_explain(aim, &prospects[s], why);
            return HONE_OK;
        }
    for (size_t i = 0; i < n_others; i++)
        if (search_is_new(view, others[i].row)) {
            memcpy(row, others[i].row, width * sizeof *row);
            gp_aim_foresee(aim, &others[i], 1, prospects);
            gp_aim_explain(aim, prospects, why);
            return HONE_OK;
        }
    return propose_random(view, "the model's best ones are tried already", row, why, err);
}

static hone_status propose(const struct search_view *view, struct buf *memo, double *row,
                           struct buf *why, hone_error *err)
{
    struct gp_space gs;
    struct gp_aim aim;
    struct state state;
    if (!gp_space_init(&gs, view->space, view->scratch) || !gp_aim_init(&aim, view, &gs) ||
        !state_read(&state, &gs, gp_aim_outcomes(view->options), view->n_parents, memo,
                    view->scratch))
        return error_memory(err);
    if (aim.kind != GP_AIM_ONE || aim.m == 1) /* one of several says nothing of all */
        state.head.gain = (double)NAN;
    size_t design = design_size(view, gs.d), known = gp_aim_trials(&aim);
    bool can_model = gp_aim_has_values(&aim) && gs.d > 0;
    if (can_model && known >= DESIGN_LEADS + AFTER_LEADS && known >= view->options->parallel &&
        !gp_transfer(&aim.models[0], &state.parents, state.outcomes[0].theta))
        return error_memory(err);
    /* Parents that prove right take the place of the rest of the design. */
    bool by_model = can_model && (known >= design || aim.models[0].mean != NULL);
    hone_status status = by_model ? gp_aim_fit(&aim, state.outcomes) : HONE_OK;
    if (status == HONE_ENOMEM)
        return error_memory(err);
    if (by_model && space_has_prior(view->space))
        aim.judge.belief = BELIEF / fmax(1.0, (double)aim.models[0].rows.n);
    if (!by_model)
        status = design_propose(view, design, row, why, err);
    else if (status == HONE_OK)
        status = choose(&aim, &state, row, why, err);
    else
        status = propose_random(view, "the model could not be fitted", row, why, err);
    return status == HONE_OK ? state_write(&state, memo, err) : status;
}

const struct search_algorithm search_bayesian = {
    .name = "bayesian",
    .summary = "Gaussian process and expected improvement; the default",
    .transfers = true,
    .propose = propose,
    .expected_gain = expected_gain,
};
