/*
 * export_trace.c: a study's completed trials as a trace for hone simulate (simulate/trace.h).
 *
 * A trial's time is put together from its attempts: one begins where the last value was that the
 * next attempt did not report again, its checkpoint. So the curve is that of a trial that nobody
 * interrupted. Trials that were stopped or failed are left out: the rest of their curves is not
 * known.
 */
#include "report/export.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/csv.h"
#include "report/trial_view.h"

struct point {
    int64_t attempt, at, order;
    double step, value;
    size_t metric;
};

struct row {
    double step;
    int64_t ms;
};

struct tracing {
    struct store *store;
    const struct study_row *study;
    const struct spec *spec;
    FILE *out;
    struct point *points; /* of the trial that is looked at */
    size_t n_points, cap_points;
    struct row *rows;
    double *values; /* n_metrics of each row */
    bool *has;
    size_t n_rows, cap_rows;
    int64_t end_ms;
};

static hone_status take_point(void *context, const struct observation *o, hone_error *err)
{
    struct tracing *t = context;
    size_t m = 0;
    while (m < t->spec->n_metrics && strcmp(t->spec->metrics[m].name, o->metric) != 0)
        m++;
    if (m == t->spec->n_metrics)
        return HONE_OK;
    if (t->n_points == t->cap_points) {
        size_t cap = t->cap_points ? t->cap_points * 2 : 256;
        struct point *points = mem_resize(t->points, cap, sizeof *points);
        if (!points)
            return error_memory(err);
        t->points = points;
        t->cap_points = cap;
    }
    t->points[t->n_points] = (struct point){.attempt = o->attempt,
                                            .at = o->at,
                                            .order = (int64_t)t->n_points,
                                            .step = o->step,
                                            .value = o->value,
                                            .metric = m};
    t->n_points++;
    return HONE_OK;
}

/* Attempts one after the other, each by rising step. */
static int by_step(const void *a, const void *b)
{
    const struct point *p = a, *q = b;
    if (p->attempt != q->attempt)
        return p->attempt < q->attempt ? -1 : 1;
    if (p->step < q->step || p->step > q->step)
        return p->step < q->step ? -1 : 1;
    return (p->order > q->order) - (p->order < q->order);
}

static bool make_room(struct tracing *t)
{
    if (t->n_rows < t->cap_rows)
        return true;
    size_t cap = t->cap_rows ? t->cap_rows * 2 : 64, n = t->spec->n_metrics;
    struct row *rows = mem_resize(t->rows, cap, sizeof *rows);
    t->rows = rows ? rows : t->rows;
    double *values = mem_resize(t->values, cap * n, sizeof *values);
    t->values = values ? values : t->values;
    bool *has = mem_resize(t->has, cap * n, sizeof *has);
    t->has = has ? has : t->has;
    if (!rows || !values || !has)
        return false;
    t->cap_rows = cap;
    return true;
}

static hone_status add_point(struct tracing *t, const struct point *p, int64_t ms, hone_error *err)
{
    size_t n = t->spec->n_metrics;
    bool is_new = t->n_rows == 0 || t->rows[t->n_rows - 1].step < p->step;
    if (is_new) {
        if (!make_room(t))
            return error_memory(err);
        memset(&t->has[t->n_rows * n], 0, n * sizeof *t->has);
        int64_t before_ms = t->n_rows > 0 ? t->rows[t->n_rows - 1].ms : 0;
        t->rows[t->n_rows++] = (struct row){p->step, before_ms};
    }
    struct row *row = &t->rows[t->n_rows - 1];
    row->ms = ms > row->ms ? ms : row->ms;
    t->values[(t->n_rows - 1) * n + p->metric] = p->value;
    t->has[(t->n_rows - 1) * n + p->metric] = true;
    return HONE_OK;
}

/* A checkpoint is what the attempt before had reached when this one begins with `step`. */
static int64_t checkpoint_ms(struct tracing *t, double step)
{
    while (t->n_rows > 0 && t->rows[t->n_rows - 1].step >= step)
        t->n_rows--; /* they were lost, and are reported again */
    return t->n_rows > 0 ? t->rows[t->n_rows - 1].ms : 0;
}

static hone_status make_rows(struct tracing *t, const struct trial_view *view, hone_error *err)
{
    hone_status status = HONE_OK;
    int64_t attempt = -1, start = 0, base_ms = 0;
    t->n_rows = 0;
    t->end_ms = 0;
    if (t->n_points > 1)
        qsort(t->points, t->n_points, sizeof *t->points, by_step);
    for (size_t i = 0; i < t->n_points && !status; i++) {
        const struct point *p = &t->points[i];
        if (p->attempt != attempt) {
            attempt = p->attempt;
            base_ms = checkpoint_ms(t, p->step);
            for (size_t k = 0; k < view->n_attempts; k++)
                if (view->attempts[k].number == attempt)
                    start = view->attempts[k].started_at;
            t->end_ms = base_ms + view->row->ended_at - start;
        }
        /* A value was seen when the log was read, which may have been after the end. */
        int64_t ms = base_ms + p->at - start;
        status = add_point(t, p, ms < t->end_ms ? ms : t->end_ms, err);
    }
    return status;
}

static void put_number(FILE *out, double x)
{
    char text[32];
    str_from_double(text, x);
    fprintf(out, ",%s", text);
}

static void print_settings(const struct tracing *t, const struct trial_view *view)
{
    fprintf(t->out, "%lld", (long long)view->row->number);
    for (size_t k = 0; k < t->spec->n_parameters; k++) {
        const json_t *value = json_object_get(view->params, t->spec->parameters[k].name);
        if (json_is_number(value)) {
            put_number(t->out, json_number_value(value));
            continue;
        }
        fputc(',', t->out);
        if (json_is_string(value))
            csv_put(t->out, json_string_value(value));
    }
}

static void print_row(const struct tracing *t, const struct trial_view *view, size_t i)
{
    size_t n = t->spec->n_metrics;
    print_settings(t, view);
    put_number(t->out, t->rows[i].step);
    put_number(t->out, (double)t->rows[i].ms / 1000);
    for (size_t m = 0; m < n; m++) {
        if (t->has[i * n + m])
            put_number(t->out, t->values[i * n + m]);
        else
            fputc(',', t->out);
    }
    fputc('\n', t->out);
}

/* When it ended: a row without a step and without values. */
static void print_end(const struct tracing *t, const struct trial_view *view)
{
    if (t->n_rows == 0 || t->end_ms <= t->rows[t->n_rows - 1].ms)
        return;
    print_settings(t, view);
    fputc(',', t->out);
    put_number(t->out, (double)t->end_ms / 1000);
    for (size_t m = 0; m < t->spec->n_metrics; m++)
        fputc(',', t->out);
    fputc('\n', t->out);
}

static hone_status trace_trial(void *context, const struct trial_view *view, hone_error *err)
{
    struct tracing *t = context;
    if (view->row->state != HONE_TRIAL_COMPLETED || !trial_is_own(view->row->origin))
        return HONE_OK;
    t->n_points = 0;
    hone_status status =
        store_observations(t->store, t->study->id, view->row->number, NULL, take_point, t, err);
    if (status == HONE_OK)
        status = make_rows(t, view, err);
    for (size_t i = 0; i < t->n_rows && status == HONE_OK; i++)
        print_row(t, view, i);
    if (status == HONE_OK)
        print_end(t, view);
    if (status == HONE_OK && ferror(t->out))
        status = error_set(err, HONE_EIO, "the export could not be written");
    return status;
}

hone_status export_trace(struct store *store, const struct study_row *study,
                         const struct spec *spec, int64_t now, FILE *out, hone_error *err)
{
    struct tracing t = {.store = store, .study = study, .spec = spec, .out = out};
    fputs("trial", out);
    for (size_t i = 0; i < spec->n_parameters; i++) {
        fputc(',', out);
        csv_put(out, spec->parameters[i].name);
    }
    fputs(",step,seconds", out);
    for (size_t i = 0; i < spec->n_metrics; i++) {
        fputc(',', out);
        csv_put(out, spec->metrics[i].name);
    }
    fputc('\n', out);
    hone_status status = trial_views(store, study, spec, -1, now, trace_trial, &t, err);
    mem_free(t.points);
    mem_free(t.rows);
    mem_free(t.values);
    mem_free(t.has);
    return status;
}
