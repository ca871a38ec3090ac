/*
 * refine.c: narrower ranges, from the evidence of the trials.
 *
 * The best fifth of the completed trials that keep all constraints (at least 5) spans a range in
 * each numeric parameter. It is widened on both sides by half the model's length scale, within
 * which the objective hardly changes, but not beyond where the model is sure of worse: where in
 * none of the best trials the parameter could be moved to this value and the trial still be one of
 * them, by two standard deviations. A category goes when it was tried 3 times, none of these is
 * among the best, and the model is as sure of it; or when all of 5 trials with it failed. A
 * conditional parameter is judged by the trials in which it was active. The best trial is among the
 * best fifth, so it is never excluded.
 */
#include <math.h>
#include <string.h>

#include "analysis/analysis.h"
#include "analysis/surrogate.h"
#include "base/error.h"
#include "base/numeric.h"
#include "base/str.h"

#define BEST_SHARE   5 /* one in so many */
#define MIN_BEST     5
#define MIN_TRIALS   10
#define MIN_ACTIVE   3    /* of the best, for a range */
#define MIN_TRIED    3    /* of a category, for it to go */
#define ALL_FAILED   5    /* trials of a category without a value, for it to go */
#define SURE         2.0  /* standard deviations */
#define KEEP_SHARE   0.9  /* a range that is left with more stays as it was */
#define MARGIN       0.5  /* length scales */
#define STEPS        32   /* of a range, at which the model is asked */
#define MOVED        16   /* of the best trials, in which a value is tried */
#define EDGE         0.02 /* the best is at an end of the range ... */
#define GATHERED     0.5  /* ... and the other good ones are near it */
#define CHILD_DRAWS  4    /* of parameters that a value makes active */
#define LONGEST_TEXT 400

struct refining {
    const struct search_view *view;
    struct search_view unique; /* each configuration once */
    struct surrogate surrogate;
    struct arena *arena; /* of the result */
    size_t n_best, n_valued;
    const struct search_trial **best; /* best first */
    double *rows;                     /* work: GP_COLUMNS rows */
    double last_value, worst;         /* of the last of the best: minimised, and in t */
};

/* ---- Words ----------------------------------------------------------------------------------- */

static void add_number(struct buf *b, double x)
{
    buf_double(b, str_round(x, 3));
}

static void add_value(struct buf *b, const struct param *p, double entry)
{
    hone_value value = space_decode(p, entry);
    if (value.kind == HONE_VALUE_TEXT)
        buf_text(b, value.text);
    else if (p->n_cells > 0)
        buf_double(b, value.number);
    else
        add_number(b, value.number);
}

/* Copy a text to the result; NULL when memory is out. */
static const char *keep_text(struct refining *r, const struct buf *text)
{
    char *copy = arena_array(r->arena, text->len + 1, 1);
    if (copy != NULL && !text->failed)
        memcpy(copy, text->data, text->len);
    return text->failed ? NULL : copy;
}

/* ---- The model ------------------------------------------------------------------------------- */

/* The least that the model allows, in t, when a parameter has this entry in one of the best trials.
 */
static double least_with(struct refining *r, size_t j, double entry)
{
    const struct hone_space *space = r->view->space;
    size_t draws = space->params[j].is_parent ? CHILD_DRAWS : 1, n = 0;
    double mu[GP_COLUMNS], var[GP_COLUMNS], least = (double)INFINITY;
    for (size_t i = 0; i < r->n_best && i < MOVED; i++)
        for (size_t draw = 0; r->best[i]->row[j] >= 0.0 && draw < draws; draw++) {
            struct rng rng;
            double *row = r->rows + n++ * space->n;
            rng_init(&rng, draw, RNG_ANALYSIS, i);
            memcpy(row, r->best[i]->row, space->n * sizeof *row);
            row[j] = entry;
            space_complete(space, row, &rng);
        }
    surrogate_at(&r->surrogate, r->rows, n, mu, var);
    for (size_t c = 0; c < n; c++)
        least = fmin(least, mu[c] - SURE * sqrt(var[c]));
    return least;
}

static bool is_worse(struct refining *r, size_t j, double entry, double *least_out)
{
    *least_out = least_with(r, j, entry);
    return isfinite(*least_out) && *least_out > r->worst;
}

/* From `from` downwards or upwards: the last of the steps before the model is sure of worse (of a
 * continuous range: the one where it is), or the end of the range. */
static double sure_end(struct refining *r, size_t j, double from, int direction)
{
    const struct param *p = &r->view->space->params[j];
    double step = direction < 0 ? floor(from * STEPS) : ceil(from * STEPS), last = from, least;
    for (; step >= 0.0 && step <= STEPS; step += direction) {
        double u = space_round(p, step / STEPS);
        bool beyond = direction < 0 ? u < from : u > from;
        if (!beyond)
            continue;
        if (is_worse(r, j, u, &least))
            return p->n_cells > 0 ? last : u;
        last = u;
    }
    return direction < 0 ? 0.0 : 1.0;
}

/* ---- Numbers --------------------------------------------------------------------------------- */

static double length_scale(const struct refining *r, size_t param)
{
    const struct gp_space *gs = &r->surrogate.gs;
    for (size_t j = 0; j < gs->d; j++)
        if (gs->dims[j].param == param)
            return num_exp(r->surrogate.theta[j]);
    return (double)INFINITY;
}

/* x to two digits of `size`, away from what is between: down for -1, up for +1. */
static double round_out(double x, double size, int direction)
{
    if (!(size > 0.0))
        return x;
    double unit = num_pow(10.0, floor(num_log(size) / num_log(10.0)) - 1.0);
    double count = x / unit;
    count = direction < 0 ? floor(count + 1e-9) : ceil(count - 1e-9);
    double rounded = str_round(count * unit, 12);
    return (direction < 0 ? rounded <= x : rounded >= x) ? rounded : x;
}

/* The end of a continuous range at u, in the parameter's unit, with few digits. */
static double end_of_range(const struct param *p, double u, int direction)
{
    double x = space_decode(p, u).number, rounded;
    if (u <= 0.0)
        return p->lo;
    if (u >= 1.0)
        return p->hi;
    if (p->scale == HONE_LOG)
        rounded = round_out(x, x, direction);
    else if (p->scale == HONE_REVERSE_LOG)
        rounded = str_round(1.0 - round_out(1.0 - x, 1.0 - x, -direction), 12);
    else
        rounded = round_out(x, p->hi - p->lo, direction);
    return fmin(fmax(rounded, p->lo), p->hi);
}

struct span {
    size_t n;         /* of the best, active */
    double low, high; /* coordinates */
    double best;      /* of the first of them */
};

static struct span span_of(const struct refining *r, size_t j)
{
    struct span span = {.low = 1.0};
    for (size_t i = 0; i < r->n_best; i++) {
        double u = r->best[i]->row[j];
        if (!(u >= 0.0))
            continue;
        if (span.n++ == 0)
            span.best = u;
        span.low = fmin(span.low, u);
        span.high = fmax(span.high, u);
    }
    return span;
}

/* What is left of a range, and what ended it on each side. */
struct ends {
    double low, high, margin;
    bool sure_low, sure_high;
};

static struct ends ends_of(struct refining *r, size_t j, const struct span *span)
{
    struct ends ends = {.margin = MARGIN * length_scale(r, j)};
    double low = sure_end(r, j, span->low, -1), high = sure_end(r, j, span->high, 1);
    ends.low = fmax(span->low - ends.margin, 0.0);
    ends.high = fmin(span->high + ends.margin, 1.0);
    ends.sure_low = low > ends.low;
    ends.sure_high = high < ends.high;
    ends.low = fmax(ends.low, low);
    ends.high = fmin(ends.high, high);
    return ends;
}

static void explain_range(const struct refining *r, const struct param *p, const struct span *span,
                          const struct ends *ends, bool changed, struct buf *why)
{
    buf_printf(why, "the best %zu of %zu trials", r->n_best, r->n_valued);
    if (span->n < r->n_best)
        buf_printf(why, ", of which %zu have it,", span->n);
    buf_text(why, span->low < span->high ? " lie between " : " have ");
    add_value(why, p, span->low);
    if (span->low < span->high) {
        buf_text(why, " and ");
        add_value(why, p, span->high);
    }
    if (!changed)
        buf_text(why, ", and nothing says that beyond it is worse");
    else if (ends->sure_low && ends->sure_high)
        buf_text(why, "; on both sides the model is sure of worse");
    else if (ends->sure_low || ends->sure_high)
        buf_printf(why, "; the model is sure that it is worse %s",
                   ends->sure_low ? "below" : "above");
    else
        buf_printf(why, "; margin %.0f %% of the range, half the model's length scale",
                   100.0 * ends->margin);
    bool gathered = span->high - span->low < GATHERED;
    if (gathered && (span->best <= EDGE || span->best >= 1.0 - EDGE))
        buf_printf(why, "; the best is at the %s end, so a wider range may be better",
                   span->best <= EDGE ? "lower" : "upper");
}

/* Cells from the one of low to the one of high. */
static bool refine_cells(struct refining *r, const struct param *p, double low, double high,
                         hone_refined *out)
{
    uint64_t first = space_cell_of(p, low), last = space_cell_of(p, high);
    if (p->kind != PARAM_ORDINAL) {
        out->min = space_decode(p, space_cell(p, first)).number;
        out->max = space_decode(p, space_cell(p, last)).number;
        return true;
    }
    hone_value *values = arena_array(r->arena, (size_t)(last - first + 1), sizeof *values);
    if (values == NULL)
        return false;
    out->n_values = (size_t)(last - first + 1);
    memcpy(values, p->values + first, out->n_values * sizeof *values);
    out->values = values;
    return true;
}

static double share_left(const struct param *p, double low, double high)
{
    if (p->n_cells == 0)
        return high - low;
    return (double)(space_cell_of(p, high) - space_cell_of(p, low) + 1) / (double)p->n_cells;
}

static bool refine_number(struct refining *r, size_t j, struct buf *why, hone_refined *out)
{
    const struct param *p = &r->view->space->params[j];
    struct span span = span_of(r, j);
    if (span.n < MIN_ACTIVE) {
        buf_printf(why, "only %zu of the best %zu trials have it", span.n, r->n_best);
        return true;
    }
    struct ends ends = ends_of(r, j, &span);
    out->changed = share_left(p, ends.low, ends.high) <= KEEP_SHARE;
    explain_range(r, p, &span, &ends, out->changed, why);
    if (!out->changed)
        return true;
    if (p->n_cells > 0)
        return refine_cells(r, p, ends.low, ends.high, out);
    out->min = end_of_range(p, ends.low, -1);
    out->max = end_of_range(p, ends.high, 1);
    return true;
}

/* ---- Choices --------------------------------------------------------------------------------- */

struct tally {
    size_t tried, valued, best;
};

static struct tally tally_of(const struct refining *r, size_t j, double category)
{
    struct tally tally = {0};
    for (size_t i = 0; i < r->view->n_trials; i++) {
        const struct search_trial *trial = &r->view->trials[i];
        tally.tried += trial->row[j] == category;
        tally.valued += trial->row[j] == category && trial->state != HONE_TRIAL_FAILED;
    }
    for (size_t i = 0; i < r->n_best; i++)
        tally.best += r->best[i]->row[j] == category;
    return tally;
}

/* Whether a category goes; if so, says why. */
static bool is_bad(struct refining *r, size_t j, size_t c, struct buf *why)
{
    const struct param *p = &r->view->space->params[j];
    const struct gp_warp *warp = &r->surrogate.model.warp;
    struct tally tally = tally_of(r, j, (double)c);
    const char *join = why->len > 0 ? "; " : "";
    if (tally.valued == 0 && tally.tried >= ALL_FAILED) {
        buf_text(why, join);
        add_value(why, p, (double)c);
        buf_printf(why, ": all %zu trials failed", tally.tried);
        return true;
    }
    if (tally.best > 0 || tally.valued < MIN_TRIED)
        return false;
    double worst = r->last_value, least;
    if (!is_worse(r, j, (double)c, &least))
        return false;
    buf_text(why, join);
    add_value(why, p, (double)c);
    buf_printf(why, ": none of its %zu trials is among the best %zu of %zu, whose last has ",
               tally.tried, r->n_best, r->n_valued);
    add_number(why, r->surrogate.sign * worst);
    buf_text(why, "; the model gives it ");
    add_number(why, r->surrogate.sign * gp_unwarp(warp, least));
    buf_text(why, " at best");
    return true;
}

static bool refine_choice(struct refining *r, size_t j, struct buf *why, hone_refined *out)
{
    const struct param *p = &r->view->space->params[j];
    size_t n = (size_t)p->n_cells;
    hone_value *values = arena_array(r->arena, n, sizeof *values);
    if (values == NULL)
        return false;
    for (size_t c = 0; c < n; c++)
        if (!is_bad(r, j, c, why))
            values[out->n_values++] = p->values[c];
    out->values = values;
    out->changed = out->n_values < n && out->n_values > 0;
    if (!out->changed) {
        out->n_values = 0;
        buf_clear(why);
        buf_text(why, "no value is clearly bad");
    }
    return true;
}

/* ---- All of it ------------------------------------------------------------------------------- */

struct owned {
    hone_refinement result;
    struct arena arena;
};

static bool collect_best(struct refining *r)
{
    struct search_view *view = &r->unique;
    double *value;
    if (!evidence_unique(r->view, 0, view, &value))
        return false;
    size_t *index = arena_array(view->scratch, view->n_trials, sizeof *index);
    r->best = arena_array(view->scratch, view->n_trials, sizeof(struct search_trial *));
    r->rows = arena_array(view->scratch, GP_COLUMNS * view->space->n, sizeof(double));
    if (index == NULL || r->best == NULL || r->rows == NULL)
        return false;
    for (size_t i = 0; i < view->n_trials; i++)
        r->n_valued += isfinite(value[i]) ? 1 : 0;
    num_order(value, view->n_trials, index);
    r->n_best = (r->n_valued + BEST_SHARE - 1) / BEST_SHARE;
    r->n_best = r->n_best > MIN_BEST ? r->n_best : MIN_BEST;
    for (size_t k = 0; k < r->n_best && k < r->n_valued; k++) {
        r->best[k] = &view->trials[index[k]];
        r->last_value = value[index[k]];
    }
    return true;
}

static bool refine_all(struct refining *r, hone_refined *params)
{
    r->worst = gp_warp(&r->surrogate.model.warp, r->last_value);
    for (size_t j = 0; j < r->view->space->n; j++) {
        const struct param *p = &r->view->space->params[j];
        hone_refined *out = &params[j];
        struct buf why;
        buf_init(&why, 4096);
        bool ok = true;
        *out = (hone_refined){.name = p->name, .min = p->lo, .max = p->hi};
        if (!param_varies(p))
            buf_text(&why, "it has one value");
        else if (p->kind == PARAM_CHOICE)
            ok = refine_choice(r, j, &why, out);
        else
            ok = refine_number(r, j, &why, out);
        out->why = keep_text(r, &why);
        buf_release(&why);
        if (!ok || out->why == NULL)
            return false;
    }
    return true;
}

hone_refinement *hone_refine(const hone_optimizer *opt, hone_error *err)
{
    struct arena scratch = {0};
    struct search_view view;
    hone_status status = HONE_OK;
    if (opt->options.n_objectives > 1) {
        error_set(err, HONE_EINVAL, "ranges are refined for one objective, there are %zu",
                  opt->options.n_objectives);
        return NULL;
    }
    struct owned *owned = mem_array(1, sizeof *owned);
    hone_refined *params = NULL;
    struct refining r = {.view = &view};
    if (owned != NULL && evidence_view(opt, &scratch, &view)) {
        r.arena = &owned->arena;
        params = arena_array(&owned->arena, opt->space->n, sizeof *params);
    }
    if (params == NULL || !collect_best(&r))
        status = error_memory(err);
    else if (r.n_valued < MIN_TRIALS)
        status = error_set(err, HONE_ESTATE,
                           "ranges are refined after %d completed trials, there are %zu",
                           MIN_TRIALS, r.n_valued);
    else
        status = surrogate_init(&r.surrogate, &view, 0, err);
    if (status == HONE_OK && !refine_all(&r, params))
        status = error_memory(err);
    arena_release(&scratch);
    if (status != HONE_OK) {
        hone_refinement_free(owned != NULL ? &owned->result : NULL);
        return NULL;
    }
    owned->result = (hone_refinement){.n = opt->space->n,
                                      .params = params,
                                      .n_trials = r.n_valued,
                                      .n_best = r.n_best,
                                      .fit = r.surrogate.fit};
    return &owned->result;
}

void hone_refinement_free(hone_refinement *refinement)
{
    if (refinement == NULL)
        return;
    struct owned *owned = (struct owned *)refinement; /* its first member */
    arena_release(&owned->arena);
    mem_free(owned);
}
