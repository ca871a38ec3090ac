/*
 * plots.c: see plots.h. A kind is a function and a line in the table at the end.
 *
 * Values that are much worse than the median are drawn at the edge: one diverged trial would make
 * a line of all others.
 */
#include "report/plots.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/numeric.h"
#include "report/limits.h"
#include "report/study_view.h"
#include "report/text.h"
#include "report/trial_view.h"

enum { TALL = 264, SMALL = 144, BAR = 24, MOST_AXES = 30 };
#define BAD_EDGE 3.0 /* times the distance from the median to the best */

struct drawn {
    int64_t number;
    hone_trial_state state;
    bool repeat;
    bool counts; /* may be the best: completed, no repeat, keeps the constraints */
    size_t n_values;
    double values[HONE_MAX_OUTCOMES];
    double *place; /* of each parameter in [0, 1]; NaN: inactive */
    size_t n_attempts;
    int64_t from, to; /* ms; over its attempts */
};

struct drawing {
    const struct plot_source *source;
    struct figure *figure;
    size_t n, room;
    struct drawn *trials;
    double low, high; /* of the objective's axis */
    int64_t first_at, last_at;
};

/* ---- Reading --------------------------------------------------------------------------------- */

static double place_of(const struct parameter *p, const json_t *value)
{
    if (value == NULL)
        return (double)NAN;
    for (size_t i = 0; i < p->n_values; i++) {
        const hone_value *v = &p->values[i];
        if (v->kind == HONE_VALUE_TEXT
                ? json_is_string(value) && strcmp(v->text, json_string_value(value)) == 0
                : json_is_number(value) && v->number == json_number_value(value))
            return ((double)i + 0.5) / (double)p->n_values;
    }
    double x = json_number_value(value), low = p->min, high = p->max;
    bool is_log = p->scale == HONE_LOG || (p->scale == HONE_AUTO && low > 0 && high / low >= 1000);
    if (p->n_values > 0) /* one that an edit took away */
        return (double)NAN;
    if (!(high > low))
        return 0.5;
    x = fmin(high, fmax(low, x)); /* so that a trial of another range stands at the edge */
    if (is_log)
        return (num_log(x) - num_log(low)) / (num_log(high) - num_log(low));
    if (p->scale == HONE_REVERSE_LOG)
        return 1 - (num_log(1 - x) - num_log(1 - high)) / (num_log(1 - low) - num_log(1 - high));
    return (x - low) / (high - low);
}

static hone_status read_one(void *context, const struct trial_view *view, hone_error *err)
{
    struct drawing *d = context;
    const struct spec *spec = d->source->spec;
    if (d->n == d->room) {
        size_t room = d->room > 0 ? 2 * d->room : 64;
        struct drawn *trials = d->trials != NULL ? mem_resize(d->trials, room, sizeof *trials)
                                                 : mem_array(room, sizeof *trials);
        if (trials == NULL)
            return error_memory(err);
        d->trials = trials;
        d->room = room;
    }
    struct drawn *t = &d->trials[d->n];
    *t = (struct drawn){.number = view->row->number,
                        .state = view->row->state,
                        .repeat = trial_repeat_of(view->row) >= 0,
                        .n_values = view->n_values,
                        .n_attempts = view->n_attempts};
    memcpy(t->values, view->values, sizeof t->values);
    t->counts = t->n_values > 0 && !t->repeat && limits_kept(spec, t->values);
    t->place = arena_array(&d->figure->arena, spec->n_parameters, sizeof(double));
    if (t->place == NULL)
        return error_memory(err);
    for (size_t j = 0; j < spec->n_parameters; j++)
        t->place[j] =
            place_of(&spec->parameters[j], json_object_get(view->params, spec->parameters[j].name));
    for (size_t a = 0; a < view->n_attempts; a++) {
        const struct attempt_view *attempt = &view->attempts[a];
        int64_t to = attempt->ended_at != 0 ? attempt->ended_at : d->source->now;
        if (attempt->started_at == 0)
            continue;
        t->from = t->from == 0 ? attempt->started_at : t->from;
        t->to = to > t->from ? to : t->from;
    }
    if (t->from != 0) {
        d->first_at = d->first_at == 0 || t->from < d->first_at ? t->from : d->first_at;
        d->last_at = t->to > d->last_at ? t->to : d->last_at;
    }
    d->n++;
    return HONE_OK;
}

static bool has_value(const struct drawing *d, const struct drawn *t)
{
    return t->state == HONE_TRIAL_COMPLETED && t->n_values > d->source->objective;
}

static double value_of(const struct drawing *d, const struct drawn *t)
{
    return t->values[d->source->objective];
}

/* The range of n > 0 values, without what is far on the bad side; spoils their order. */
static void set_range(struct drawing *d, double *values, size_t n)
{
    bool maximize = d->source->spec->objectives[d->source->objective].maximize;
    num_sort(values, n);
    double low = values[0], high = values[n - 1], median = values[n / 2];
    if (maximize && high > median)
        low = fmax(low, median - BAD_EDGE * (high - median));
    if (!maximize && median > low)
        high = fmin(high, median + BAD_EDGE * (median - low));
    d->low = low;
    d->high = high;
}

static double on_axis(const struct drawing *d, double value)
{
    if (!isfinite(value))
        return (double)NAN;
    return d->high > d->low ? fmin(fmax((value - d->low) / (d->high - d->low), 0), 1) : 0.5;
}

/* All trials; HONE_ESTATE when none of them has a value and one is needed. */
static hone_status read_trials(struct drawing *d, const struct plot_source *source,
                               struct figure *figure, bool needs_values, hone_error *err)
{
    *d = (struct drawing){.source = source, .figure = figure};
    hone_status status =
        trial_views(source->store, source->study, source->spec, -1, source->now, read_one, d, err);
    double *values = mem_array(d->n, sizeof *values);
    size_t n = 0;
    if (status == HONE_OK && values == NULL)
        status = error_memory(err);
    for (size_t i = 0; status == HONE_OK && i < d->n; i++)
        if (has_value(d, &d->trials[i]))
            values[n++] = value_of(d, &d->trials[i]);
    if (status == HONE_OK && n > 0)
        set_range(d, values, n);
    else if (status == HONE_OK && needs_values)
        status =
            error_set(err, HONE_ESTATE, "no trial of %s has completed yet", source->study->name);
    mem_free(values);
    return status;
}

static hone_status finish(struct drawing *d, hone_status status, hone_error *err)
{
    mem_free(d->trials);
    return status == HONE_OK && d->figure->failed ? error_memory(err) : status;
}

/* ---- Panels ---------------------------------------------------------------------------------- */

static const char *number_text(struct figure *figure, double x)
{
    char text[32];
    text_number(text, x);
    return figure_text(figure, "%s", text);
}

static struct panel *value_panel(struct drawing *d, const char *title, const char *left,
                                 const char *right)
{
    struct panel *panel = figure_panel(d->figure, title);
    if (panel == NULL)
        return NULL;
    panel->left = left;
    panel->right = right;
    panel->low = number_text(d->figure, d->low);
    panel->high = number_text(d->figure, d->high);
    return panel;
}

static const char *metric_of(const struct plot_source *source)
{
    return source->spec->objectives[source->objective].metric;
}

/* One point in a stroke of its own would cost a stroke each: points of a tone go together. */
static void add_points(struct drawing *d, struct panel *panel, const double *x, const double *y,
                       const bool *strong, size_t n)
{
    for (int tone = 0; tone < 2; tone++) {
        struct stroke *stroke =
            figure_stroke(d->figure, panel, n, false, tone == 0 ? TONE_PLAIN : TONE_STRONG);
        for (size_t i = 0; stroke != NULL && i < n; i++) {
            bool here = (tone == 1) == strong[i];
            stroke->x[i] = here ? x[i] : (double)NAN;
            stroke->y[i] = here ? y[i] : (double)NAN;
        }
    }
}

/* ---- history: values as they came, and the best so far ----------------------------------------
 */

static hone_status draw_history(const struct plot_source *source, struct figure *figure,
                                hone_error *err)
{
    struct drawing d;
    figure_init(figure, 1, TALL);
    hone_status status = read_trials(&d, source, figure, true, err);
    if (status != HONE_OK)
        return finish(&d, status, err);
    figure->title = figure_text(figure, "%s, %s: each trial, and the best so far",
                                source->study->name, metric_of(source));
    struct panel *panel = value_panel(&d, "", figure_text(figure, "trial 0"),
                                      figure_text(figure, "%lld", (long long)d.n - 1));
    struct stroke *line = figure_stroke(figure, panel, 2 * d.n, true, TONE_STRONG);
    struct stroke *points = figure_stroke(figure, panel, d.n, false, TONE_PLAIN);
    if (figure->failed)
        return finish(&d, HONE_OK, err);
    line = &panel->strokes[0]; /* the second one may have moved it */
    double best = (double)NAN;
    for (size_t i = 0; i < d.n; i++) {
        double x = d.n > 1 ? (double)i / (double)(d.n - 1) : 0.5;
        bool valued = has_value(&d, &d.trials[i]);
        double value = valued ? value_of(&d, &d.trials[i]) : (double)NAN;
        points->x[i] = x;
        points->y[i] = on_axis(&d, value);
        line->x[2 * i] = line->x[2 * i + 1] = x;
        line->y[2 * i] = on_axis(&d, best); /* a step: the best is that of before until here */
        if (valued && d.trials[i].counts &&
            (isnan(best) || objective_better(source->spec, source->objective, value, best)))
            best = value;
        line->y[2 * i + 1] = on_axis(&d, best);
    }
    return finish(&d, HONE_OK, err);
}

/* ---- slice: the objective over each parameter -------------------------------------------------
 */

static const char *end_text(struct figure *figure, const struct parameter *p, bool high)
{
    if (p->n_values == 0)
        return number_text(figure, high ? p->max : p->min);
    const hone_value *v = &p->values[high ? p->n_values - 1 : 0];
    return v->kind == HONE_VALUE_TEXT ? figure_text(figure, "%.40s", v->text)
                                      : number_text(figure, v->number);
}

/* The best tenth of the values, at least 3. */
static double strong_from(const struct drawing *d)
{
    bool maximize = d->source->spec->objectives[d->source->objective].maximize;
    double *values = mem_array(d->n, sizeof *values), limit = (double)NAN;
    size_t n = 0;
    for (size_t i = 0; values != NULL && i < d->n; i++)
        if (has_value(d, &d->trials[i]))
            values[n++] = maximize ? -value_of(d, &d->trials[i]) : value_of(d, &d->trials[i]);
    if (n > 0) {
        size_t k = (n + 9) / 10 > 3 ? (n + 9) / 10 : 3;
        num_sort(values, n);
        limit = values[(k < n ? k : n) - 1];
    }
    mem_free(values);
    return maximize ? -limit : limit;
}

static bool is_strong(const struct drawing *d, const struct drawn *t, double limit)
{
    return has_value(d, t) &&
           !objective_better(d->source->spec, d->source->objective, limit, value_of(d, t));
}

static hone_status draw_slice(const struct plot_source *source, struct figure *figure,
                              hone_error *err)
{
    struct drawing d;
    figure_init(figure, 3, SMALL);
    hone_status status = read_trials(&d, source, figure, true, err);
    if (status != HONE_OK)
        return finish(&d, status, err);
    figure->title = figure_text(figure, "%s: %s over each parameter; the best tenth stands out",
                                source->study->name, metric_of(source));
    double limit = strong_from(&d);
    double *x = arena_array(&figure->arena, 2 * d.n, sizeof *x), *y = x + d.n;
    bool *strong = arena_array(&figure->arena, d.n, sizeof *strong);
    figure->failed = figure->failed || x == NULL || strong == NULL;
    for (size_t j = 0; j < source->spec->n_parameters && !figure->failed; j++) {
        const struct parameter *p = &source->spec->parameters[j];
        struct panel *panel = value_panel(&d, figure_text(figure, "%s", p->name),
                                          end_text(figure, p, false), end_text(figure, p, true));
        for (size_t i = 0; i < d.n; i++) {
            x[i] = d.trials[i].place[j];
            y[i] =
                has_value(&d, &d.trials[i]) ? on_axis(&d, value_of(&d, &d.trials[i])) : (double)NAN;
            strong[i] = is_strong(&d, &d.trials[i], limit);
        }
        if (panel != NULL)
            add_points(&d, panel, x, y, strong, d.n);
    }
    return finish(&d, HONE_OK, err);
}

/* ---- parallel: each trial as a line across the parameters -------------------------------------
 */

static hone_status draw_parallel(const struct plot_source *source, struct figure *figure,
                                 hone_error *err)
{
    struct drawing d;
    struct buf names;
    figure_init(figure, 1, TALL);
    hone_status status = read_trials(&d, source, figure, true, err);
    if (status != HONE_OK)
        return finish(&d, status, err);
    size_t axes = source->spec->n_parameters < MOST_AXES ? source->spec->n_parameters : MOST_AXES;
    buf_init(&names, 4096);
    for (size_t j = 0; j < axes; j++)
        buf_printf(&names, "%s, ", source->spec->parameters[j].name);
    figure->title =
        figure_text(figure, "%s, from left to right: %.300s%s; the best tenth stands out",
                    source->study->name, names.data, metric_of(source));
    buf_release(&names);
    double limit = strong_from(&d);
    struct panel *panel = figure_panel(figure, "");
    for (int strong = 0; strong < 2; strong++)
        for (size_t i = 0; i < d.n && !figure->failed; i++) {
            const struct drawn *t = &d.trials[i];
            if (!has_value(&d, t) || is_strong(&d, t, limit) != (strong == 1))
                continue;
            struct stroke *line = figure_stroke(figure, panel, axes + 1, true,
                                                strong == 1 ? TONE_STRONG : TONE_FAINT);
            for (size_t j = 0; line != NULL && j <= axes; j++) {
                line->x[j] = (double)j / (double)axes;
                line->y[j] = j < axes ? t->place[j] : on_axis(&d, value_of(&d, t));
            }
        }
    if (panel != NULL) {
        panel->low = "lowest";
        panel->high = "highest";
        panel->left = figure_text(figure, "%s", source->spec->parameters[0].name);
        panel->right = metric_of(source);
    }
    return finish(&d, HONE_OK, err);
}

/* ---- curves: the objective step by step -------------------------------------------------------
 */

struct curves {
    struct drawing *d;
    double *step, *value;
    int64_t *trial;
    size_t n, room;
};

static hone_status read_point(void *context, const struct observation *row, hone_error *err)
{
    struct curves *c = context;
    if (c->n == c->room) {
        size_t room = c->room > 0 ? 2 * c->room : 1024;
        double *step = c->step != NULL ? mem_resize(c->step, room, sizeof *step)
                                       : mem_array(room, sizeof *step);
        c->step = step != NULL ? step : c->step;
        double *value = c->value != NULL ? mem_resize(c->value, room, sizeof *value)
                                         : mem_array(room, sizeof *value);
        c->value = value != NULL ? value : c->value;
        int64_t *trial = c->trial != NULL ? mem_resize(c->trial, room, sizeof *trial)
                                          : mem_array(room, sizeof *trial);
        c->trial = trial != NULL ? trial : c->trial;
        if (step == NULL || value == NULL || trial == NULL)
            return error_memory(err);
        c->room = room;
    }
    /* A step that a later attempt repeats takes the old one's place. */
    while (c->n > 0 && c->trial[c->n - 1] == row->trial && c->step[c->n - 1] >= row->step)
        c->n--;
    c->trial[c->n] = row->trial;
    c->step[c->n] = row->step;
    c->value[c->n++] = row->value;
    return HONE_OK;
}

static void add_curves(struct curves *c, struct panel *panel, double limit)
{
    struct drawing *d = c->d;
    double first = c->step[0], last = first;
    for (size_t i = 0; i < c->n; i++) {
        first = fmin(first, c->step[i]);
        last = fmax(last, c->step[i]);
    }
    for (int strong = 0; strong < 2; strong++)
        for (size_t from = 0, to; from < c->n; from = to) {
            for (to = from; to < c->n && c->trial[to] == c->trial[from]; to++)
                continue;
            bool known = (size_t)c->trial[from] < d->n;
            bool best = known && is_strong(d, &d->trials[c->trial[from]], limit);
            if (best != (strong == 1))
                continue;
            struct stroke *line = figure_stroke(d->figure, panel, to - from, to - from > 1,
                                                best ? TONE_STRONG : TONE_FAINT);
            for (size_t i = from; line != NULL && i < to; i++) {
                line->x[i - from] = last > first ? (c->step[i] - first) / (last - first) : 0.5;
                line->y[i - from] = on_axis(d, c->value[i]);
            }
        }
    panel->left = figure_text(d->figure, "step %s", number_text(d->figure, first));
    panel->right = number_text(d->figure, last);
}

static hone_status draw_curves(const struct plot_source *source, struct figure *figure,
                               hone_error *err)
{
    struct drawing d;
    struct curves c = {.d = &d};
    figure_init(figure, 1, TALL);
    hone_status status = read_trials(&d, source, figure, false, err);
    if (status == HONE_OK)
        status = store_observations(source->store, source->study->id, -1, metric_of(source),
                                    read_point, &c, err);
    double *values = mem_array(c.n, sizeof *values);
    size_t n = 0;
    for (size_t i = 0; values != NULL && i < c.n; i++)
        if (isfinite(c.value[i]))
            values[n++] = c.value[i];
    if (status == HONE_OK && values == NULL)
        status = error_memory(err);
    if (status == HONE_OK && n == 0)
        status = error_set(err, HONE_ESTATE, "no trial of %s has printed a value yet",
                           source->study->name);
    if (status == HONE_OK) {
        set_range(&d, values, n);
        figure->title = figure_text(figure, "%s: %s step by step; the best tenth stands out",
                                    source->study->name, metric_of(source));
        struct panel *panel = value_panel(&d, "", "", "");
        if (panel != NULL)
            add_curves(&c, panel, strong_from(&d));
    }
    mem_free(values);
    mem_free(c.step);
    mem_free(c.value);
    mem_free(c.trial);
    return finish(&d, status, err);
}

/* ---- timeline: when each trial ran ------------------------------------------------------------
 */

static hone_status draw_timeline(const struct plot_source *source, struct figure *figure,
                                 hone_error *err)
{
    struct drawing d;
    figure_init(figure, 1, TALL);
    hone_status status = read_trials(&d, source, figure, false, err);
    if (status == HONE_OK && d.last_at <= d.first_at)
        status = error_set(err, HONE_ESTATE, "no trial of %s has run yet", source->study->name);
    if (status != HONE_OK)
        return finish(&d, status, err);
    figure->title = figure_text(figure, "%s: when each trial ran; completed ones stand out",
                                source->study->name);
    struct panel *panel = figure_panel(figure, "");
    double span = (double)(d.last_at - d.first_at);
    for (size_t i = 0; i < d.n && !figure->failed; i++) {
        const struct drawn *t = &d.trials[i];
        if (t->from == 0)
            continue;
        struct stroke *bar = figure_stroke(
            figure, panel, 2, true, t->state == HONE_TRIAL_COMPLETED ? TONE_STRONG : TONE_FAINT);
        if (bar == NULL)
            break;
        bar->width = 3;
        bar->x[0] = (double)(t->from - d.first_at) / span;
        bar->x[1] = (double)(t->to - d.first_at) / span;
        bar->y[0] = bar->y[1] = d.n > 1 ? 1 - (double)i / (double)(d.n - 1) : 0.5;
    }
    if (panel != NULL) {
        char from[32], to[32];
        text_time(from, d.first_at);
        text_time(to, d.last_at);
        panel->high = "trial 0";
        panel->low = figure_text(figure, "%lld", (long long)d.n - 1);
        panel->left = figure_text(figure, "%s", from);
        panel->right = figure_text(figure, "%s", to);
    }
    return finish(&d, HONE_OK, err);
}

/* ---- pareto: the first two objectives ---------------------------------------------------------
 */

static bool is_beaten(const struct drawing *d, const struct drawn *t)
{
    const struct spec *spec = d->source->spec;
    for (size_t k = 0; k < d->n; k++) {
        const struct drawn *other = &d->trials[k];
        bool as_good = other->counts, better = false;
        for (size_t i = 0; as_good && i < spec->n_objectives; i++) {
            as_good = !objective_better(spec, i, t->values[i], other->values[i]);
            better = better || objective_better(spec, i, other->values[i], t->values[i]);
        }
        if (as_good && better)
            return true;
    }
    return false;
}

static hone_status draw_pareto(const struct plot_source *source, struct figure *figure,
                               hone_error *err)
{
    struct drawing d;
    struct plot_source across = *source;
    if (source->spec->n_objectives < 2)
        return error_set(err, HONE_ESTATE, "%s has one objective, and so no front",
                         source->study->name);
    figure_init(figure, 1, TALL);
    across.objective = 0;
    hone_status status = read_trials(&d, &across, figure, true, err);
    if (status != HONE_OK)
        return finish(&d, status, err);
    double *x = arena_array(&figure->arena, 2 * d.n, sizeof *x), *y = x + d.n;
    bool *front = arena_array(&figure->arena, d.n, sizeof *front);
    double low = d.low, high = d.high;
    figure->failed = figure->failed || x == NULL || front == NULL;
    for (size_t i = 0; i < d.n && !figure->failed; i++) {
        bool valued = has_value(&d, &d.trials[i]);
        x[i] = valued ? on_axis(&d, d.trials[i].values[0]) : (double)NAN;
        front[i] = valued && d.trials[i].counts && !is_beaten(&d, &d.trials[i]);
    }
    mem_free(d.trials);
    across.objective = 1;
    status = read_trials(&d, &across, figure, true, err);
    if (status != HONE_OK || figure->failed)
        return finish(&d, status, err);
    for (size_t i = 0; i < d.n; i++)
        y[i] = has_value(&d, &d.trials[i]) ? on_axis(&d, d.trials[i].values[1]) : (double)NAN;
    figure->title =
        figure_text(figure, "%s: %s (up) over %s; what nothing beats in all objectives stands out",
                    source->study->name, source->spec->objectives[1].metric,
                    source->spec->objectives[0].metric);
    struct panel *panel = value_panel(&d, "", number_text(figure, low), number_text(figure, high));
    if (panel != NULL)
        add_points(&d, panel, x, y, front, d.n);
    return finish(&d, HONE_OK, err);
}

/* ---- importance: a bar a parameter ------------------------------------------------------------
 */

static hone_status draw_importance(const struct plot_source *source, struct figure *figure,
                                   hone_error *err)
{
    const hone_effects *effects = source->effects;
    figure_init(figure, 1, BAR);
    figure->title = figure_text(figure, "%s, %s: importance (%s, %zu trials)", source->study->name,
                                metric_of(source), effects->method, effects->n_trials);
    for (size_t j = 0; j < effects->n && !figure->failed; j++) {
        const hone_effect *e = &effects->effects[j];
        struct panel *panel =
            figure_panel(figure, figure_text(figure, "%s  %.2f", e->name, e->share));
        for (int k = 0; k < 2 && panel != NULL; k++) {
            bool interval = k == 1;
            if (interval && !isfinite(e->low))
                continue;
            struct stroke *bar =
                figure_stroke(figure, panel, 2, true, interval ? TONE_FAINT : TONE_STRONG);
            if (bar == NULL)
                break;
            bar->width = interval ? 3 : 12;
            bar->x[0] = interval ? e->low : 0;
            bar->x[1] = interval ? e->high : e->share;
            bar->y[0] = bar->y[1] = 0.5;
        }
    }
    return figure->failed ? error_memory(err) : HONE_OK;
}

static const struct plot_kind kinds[] = {
    {"history", draw_history}, {"slice", draw_slice},           {"parallel", draw_parallel},
    {"curves", draw_curves},   {"importance", draw_importance}, {"timeline", draw_timeline},
    {"pareto", draw_pareto},
};

const struct plot_kind *plot_find(const char *name, hone_error *err)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    struct buf names;
    buf_init(&names, 400);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", kinds[i].name);
    error_set(err, HONE_EINVAL, "no plot \"%.60s\"; there are %s", name, names.data);
    buf_release(&names);
    return NULL;
}
