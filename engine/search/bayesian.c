/*
 * bayesian.c: Bayesian optimisation with a Gaussian process, the default strategy.
 *
 * The first proposals are a design: the centre, then scrambled Sobol' points. After it each ask
 * warps the values, fits the length scales where enough is new, takes pending trials at the model's
 * mean, and proposes the point of the highest expected improvement (every fourth time: of the
 * lowest bound). Failures shape a second process, the probability of success. Past 400 rows the
 * model keeps a selection. docs/algorithms/bayesian.md has formulas, sources and measurements.
 *
 * Everything is computed anew from the view; the memo holds what depends on earlier asks: theta,
 * the count of fits, and the last local optima, which are candidates again.
 */
#include "search/bayesian.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/linalg.h"
#include "base/numeric.h"
#include "search/gp/model.h"
#include "search/sobol.h"

#define MIN_DESIGN   10
#define MAX_DESIGN   16
#define DESIGN_SHARE 4 /* of the budget, at most a fourth */
#define BOUND_EVERY  4 /* every fourth trial takes the lower bound */
#define BEST_TOLD    5 /* told rows around which candidates are drawn */

/* ---- Memo ------------------------------------------------------------------------------------ */

/* Followed by theta (d + GP_EXTRA doubles) and the local optima (n_optima x width doubles). */
struct memo {
    uint64_t version, d, width;
    struct gp_progress progress;
    uint64_t n_optima;
    double gain;
};
#define MEMO_VERSION 2

struct state {
    struct memo head;
    double *theta;  /* d + GP_EXTRA */
    double *optima; /* GP_STARTS x width */
};

static bool state_read(struct state *state, const struct gp_space *gs, const struct buf *memo,
                       struct arena *arena)
{
    size_t d = gs->d, width = gs->space->n;
    *state = (struct state){
        .head = {.version = MEMO_VERSION, .d = d, .width = width, .gain = (double)NAN}};
    state->theta = arena_array(arena, d + GP_EXTRA, sizeof(double));
    state->optima = arena_array(arena, GP_STARTS * width, sizeof(double));
    if (state->theta == NULL || state->optima == NULL)
        return false;
    gp_prior(gs, state->theta, NULL, NULL, NULL);
    struct memo head;
    if (memo->len < sizeof head)
        return true;
    memcpy(&head, memo->data, sizeof head);
    size_t bytes = (d + GP_EXTRA + (size_t)head.n_optima * width) * sizeof(double);
    if (head.version != MEMO_VERSION || head.d != d || head.width != width ||
        head.n_optima > GP_STARTS || memo->len != sizeof head + bytes)
        return true;
    const char *numbers = memo->data + sizeof head;
    memcpy(state->theta, numbers, (d + GP_EXTRA) * sizeof(double));
    memcpy(state->optima, numbers + (d + GP_EXTRA) * sizeof(double),
           (size_t)head.n_optima * width * sizeof(double));
    state->head = head;
    return true;
}

static hone_status state_write(const struct state *state, struct buf *memo, hone_error *err)
{
    buf_clear(memo);
    buf_add(memo, &state->head, sizeof state->head);
    buf_add(memo, state->theta, ((size_t)state->head.d + GP_EXTRA) * sizeof(double));
    buf_add(memo, state->optima,
            (size_t)(state->head.n_optima * state->head.width) * sizeof(double));
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

/* ---- Words ----------------------------------------------------------------------------------- */

/* Three significant digits. */
static void add_number(struct buf *why, double x)
{
    double size = fabs(x);
    if (size > 0.0 && size < 1e15 && size > 1e-15) {
        double power = floor(num_log(size) * 0.43429448190325182765) - 2.0;
        double unit = num_pow(10.0, fabs(power));
        double scaled = power >= 0.0 ? size / unit : size * unit;
        scaled = floor(scaled + 0.5);
        size = power >= 0.0 ? scaled * unit : scaled / unit;
    }
    buf_double(why, x < 0.0 ? -size : size);
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

/* Defaults where there are some, else the middle of each parameter. */
static bool centre(const struct search_view *view, double *row, struct rng *rng)
{
    for (size_t j = 0; j < view->space->n; j++)
        row[j] = space_middle(&view->space->params[j]);
    space_complete(view->space, row, rng);
    return space_satisfies(view->space, row);
}

static hone_status propose_design(const struct search_view *view, size_t size, double *row,
                                  struct buf *why, hone_error *err)
{
    struct rng rng;
    rng_init(&rng, view->options->seed, RNG_DESIGN, view->next_id);
    if (view->n_trials == 0 && centre(view, row, &rng)) {
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

/* The best told rows, best first; `out` has room for BEST_TOLD. */
static size_t best_told(const struct gp_model *m, const double **out)
{
    size_t chosen[BEST_TOLD], n = 0;
    for (size_t i = 0; i < m->rows.n; i++) {
        size_t k = n < BEST_TOLD ? n : BEST_TOLD;
        while (k > 0 && m->t[i] < m->t[chosen[k - 1]])
            k--;
        if (k == BEST_TOLD)
            continue;
        n += n < BEST_TOLD;
        for (size_t j = n - 1; j > k; j--)
            chosen[j] = chosen[j - 1];
        chosen[k] = i;
    }
    for (size_t k = 0; k < n; k++)
        out[k] = m->rows.row[chosen[k]];
    return n;
}

/* ---- The proposal ---------------------------------------------------------------------------- */

/* Values of the warped scale near the incumbent, in the objective's own unit. */
static double unit_slope(const struct gp_model *m)
{
    const double h = 0.05;
    return (gp_unwarp(&m->warp, m->best) - gp_unwarp(&m->warp, m->best - h)) / h;
}

/* Mean, standard deviation and expected improvement in t of each optimum. */
static void predict_optima(struct gp_model *m, struct gp_judge *judge,
                           const struct gp_optimum *optima, size_t n, double *mu, double *sd,
                           double *gain)
{
    for (size_t c = 0; c < n; c++)
        gp_features(m->gs, optima[c].row, judge->x + c, GP_COLUMNS);
    gp_predict(&m->posterior, judge->x, 8, mu, sd);
    for (size_t c = 0; c < n; c++) {
        sd[c] = sqrt(sd[c]);
        gain[c] = num_exp(gp_log_improvement(mu[c], sd[c], m->best).value);
    }
}

static void explain(const struct gp_model *m, enum gp_mode mode, double mu, double sd, double gain,
                    struct buf *why)
{
    double sign = m->view->options->maximize[0] ? -1.0 : 1.0;
    double best = gp_unwarp(&m->warp, m->best);
    if (mode == GP_IMPROVEMENT) {
        buf_text(why, "expected improvement ");
        add_number(why, gain * unit_slope(m));
        buf_text(why, " over the best ");
    } else {
        buf_text(why, "plausibly ");
        add_number(why, sign * gp_unwarp(&m->warp, mu - 0.5 * sd));
        buf_text(why, ", the best is ");
    }
    add_number(why, sign * best);
}

static hone_status choose(struct gp_model *m, struct state *state, struct gp_judge *judge,
                          double *row, struct buf *why, hone_error *err)
{
    const struct search_view *view = m->view;
    const double *told[BEST_TOLD];
    struct gp_hints hints = {
        .told = told,
        .n_told = best_told(m, told),
        .optima = state->optima,
        .n_optima = (size_t)state->head.n_optima,
    };
    struct gp_optimum optima[GP_STARTS], *others;
    size_t n, n_others, width = view->space->n;
    if (!gp_maximise(judge, view, &hints, optima, &n, &others, &n_others))
        return error_memory(err);
    double mu[8], sd[8], gain[8], most = 0.0;
    predict_optima(m, judge, optima, n, mu, sd, gain);
    for (size_t s = 0; s < n; s++) {
        memcpy(state->optima + s * width, optima[s].row, width * sizeof(double));
        most = fmax(most, gain[s]);
    }
    state->head.n_optima = n;
    double best = fabs(gp_unwarp(&m->warp, m->best));
    state->head.gain = most * unit_slope(m) / fmax(best, 1e-300);
    for (size_t s = 0; s < n; s++)
        if (search_is_new(view, optima[s].row)) {
            memcpy(row, optima[s].row, width * sizeof *row);
            explain(m, judge->terms[0].mode, mu[s], sd[s], gain[s], why);
            return HONE_OK;
        }
    for (size_t i = 0; i < n_others; i++)
        if (search_is_new(view, others[i].row)) {
            memcpy(row, others[i].row, width * sizeof *row);
            struct gp_optimum chosen = others[i];
            predict_optima(m, judge, &chosen, 1, mu, sd, gain);
            explain(m, judge->terms[0].mode, mu[0], sd[0], gain[0], why);
            return HONE_OK;
        }
    struct rng rng;
    rng_init(&rng, view->options->seed, RNG_FILL, view->next_id);
    buf_text(why, "random point; the model's best ones are tried already");
    return search_random_new(view, &rng, row, err);
}

static hone_status propose_by_model(struct gp_model *m, struct state *state, double *row,
                                    struct buf *why, hone_error *err)
{
    if (!gp_model_fit(m, &state->head.progress, state->theta))
        return error_memory(err);
    hone_status status = gp_model_condition(m, state->theta);
    enum gp_mode mode = m->view->next_id % BOUND_EVERY == 0 ? GP_LOWER_BOUND : GP_IMPROVEMENT;
    struct gp_posterior success;
    struct gp_data success_data;
    double success_mean;
    if (status == HONE_OK && m->rows.n_failed > 0)
        status = gp_model_success(m, state->theta, &success, &success_data, &success_mean);
    if (status == HONE_ENOMEM)
        return error_memory(err);
    if (status != HONE_OK) {
        struct rng rng;
        rng_init(&rng, m->view->options->seed, RNG_FILL, m->view->next_id);
        buf_text(why, "random point; the model could not be fitted");
        return search_random_new(m->view, &rng, row, err);
    }
    struct gp_judge judge;
    if (!gp_judge_init(&judge, &m->posterior, m->view->scratch))
        return error_memory(err);
    gp_judge_add(&judge, gp_term_gain(mode, &m->posterior, m->best));
    if (m->rows.n_failed > 0)
        gp_judge_add(&judge, gp_term_success(&success, success_mean));
    return choose(m, state, &judge, row, why, err);
}

static hone_status check(const struct hone_space *space, const hone_options *options,
                         hone_error *err)
{
    (void)space;
    if (options->n_objectives > 1)
        return error_set(err, HONE_EINVAL, "strategy \"bayesian\" takes one objective, got %zu",
                         options->n_objectives);
    if (options->n_constraints > 0)
        return error_set(err, HONE_EINVAL, "strategy \"bayesian\" takes no constraints");
    return HONE_OK;
}

static hone_status propose(const struct search_view *view, struct buf *memo, double *row,
                           struct buf *why, hone_error *err)
{
    struct gp_space gs;
    struct gp_model m;
    struct state state;
    if (!gp_space_init(&gs, view->space, view->scratch) || !gp_model_init(&m, view, &gs, 0) ||
        !state_read(&state, &gs, memo, view->scratch))
        return error_memory(err);
    state.head.gain = (double)NAN;
    size_t design = design_size(view, gs.d);
    bool by_model =
        m.rows.n_ended + m.rows.n_pending >= design && gp_model_has_values(&m) && gs.d > 0;
    hone_status status = by_model ? propose_by_model(&m, &state, row, why, err)
                                  : propose_design(view, design, row, why, err);
    return status == HONE_OK ? state_write(&state, memo, err) : status;
}

const struct search_algorithm search_bayesian = {
    .name = "bayesian",
    .summary = "Gaussian process and expected improvement; the default",
    .transfers = true,
    .check = check,
    .propose = propose,
    .expected_gain = expected_gain,
};
