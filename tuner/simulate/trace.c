/*
 * trace.c: see trace.h.
 *
 * Rows are read in the order of the file, then sorted by configuration, recording and step, so that
 * each curve is a piece of one array. Looking for the nearest is a walk over all curves: a trace
 * has thousands at most, and a study asks once a trial.
 */
#include "simulate/trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "io/csv.h"
#include "io/file.h"
#include "report/import.h"
#include "space/space.h"

enum { MOST_COLUMNS = 4096, MOST_BYTES = 1 << 30 };

/* ---- Columns ---- */

enum column_kind {
    COLUMN_NONE,
    COLUMN_PARAMETER,
    COLUMN_METRIC,
    COLUMN_STEP,
    COLUMN_S,
    COLUMN_RUN
};

struct column {
    enum column_kind kind;
    size_t index; /* of the parameter or metric */
};

/* A row as the file has it, with what it is sorted by. */
struct raw {
    struct trace_row row;
    double *point;
    double run; /* the column `trial` */
    int64_t line;
};

struct reading {
    struct trace *trace;
    struct csv csv;
    struct column columns[MOST_COLUMNS];
    size_t n_columns;
    struct raw *raws;
    size_t n, cap;
};

static bool find_metric(const struct spec *spec, const char *name, size_t *out)
{
    for (*out = 0; *out < spec->n_metrics; (*out)++)
        if (strcmp(spec->metrics[*out].name, name) == 0)
            return true;
    return false;
}

static bool find_parameter(const struct spec *spec, const char *name, size_t *out)
{
    for (*out = 0; *out < spec->n_parameters; (*out)++)
        if (strcmp(spec->parameters[*out].name, name) == 0)
            return true;
    return false;
}

/* Parameters first: a study may call one "step" or "seconds", and then cannot be recorded. */
static struct column column_of(const struct spec *spec, const char *name)
{
    struct column c = {.kind = COLUMN_NONE};
    if (find_parameter(spec, name, &c.index))
        c.kind = COLUMN_PARAMETER;
    else if (strcmp(name, "step") == 0)
        c.kind = COLUMN_STEP;
    else if (strcmp(name, "seconds") == 0)
        c.kind = COLUMN_S;
    else if (find_metric(spec, name, &c.index))
        c.kind = COLUMN_METRIC;
    else if (strcmp(name, "trial") == 0)
        c.kind = COLUMN_RUN;
    return c;
}

static bool has_column(const struct reading *r, enum column_kind kind, size_t index)
{
    for (size_t i = 0; i < r->n_columns; i++)
        if (r->columns[i].kind == kind && r->columns[i].index == index)
            return true;
    return false;
}

static hone_status missing(const char *what, hone_error *err)
{
    return error_set(err, HONE_EINVAL, "1: there is no column \"%s\"", what);
}

static hone_status check_columns(const struct reading *r, hone_error *err)
{
    const struct spec *spec = r->trace->spec;
    for (size_t i = 0; i < spec->n_parameters; i++)
        if (!has_column(r, COLUMN_PARAMETER, i))
            return missing(spec->parameters[i].name, err);
    bool step = false, seconds = false;
    for (size_t i = 0; i < r->n_columns; i++) {
        step = step || r->columns[i].kind == COLUMN_STEP;
        seconds = seconds || r->columns[i].kind == COLUMN_S;
    }
    if (!step || !seconds)
        return missing(step ? "seconds" : "step", err);
    for (size_t i = 0; i < spec_outcomes(spec); i++) {
        size_t m;
        if (!find_metric(spec, spec_outcome(spec, i), &m) || !has_column(r, COLUMN_METRIC, m))
            return missing(spec_outcome(spec, i), err);
    }
    return HONE_OK;
}

static hone_status read_header(struct reading *r, hone_error *err)
{
    bool last = false;
    if (!csv_next_record(&r->csv))
        return error_set(err, HONE_EINVAL, "1: the file is empty");
    while (!last) {
        hone_status status = csv_field(&r->csv, &last, err);
        if (status)
            return status;
        if (r->n_columns == MOST_COLUMNS)
            return error_set(err, HONE_EINVAL, "1: more than %d columns", MOST_COLUMNS);
        struct column c = column_of(r->trace->spec, r->csv.field.data);
        bool known = c.kind == COLUMN_PARAMETER || c.kind == COLUMN_METRIC;
        if (known && has_column(r, c.kind, c.index))
            return error_set(err, HONE_EINVAL, "1: column \"%s\" is there twice",
                             r->csv.field.data);
        r->columns[r->n_columns++] = c;
    }
    return check_columns(r, err);
}

/* ---- Rows ---- */

static hone_status read_number(const struct reading *r, const char *what, double *out,
                               hone_error *err)
{
    const struct buf *field = &r->csv.field;
    if (str_double(field->data, field->len, out))
        return HONE_OK;
    return error_set(err, HONE_EINVAL, "%lld: %s: \"%s\" is no number", (long long)r->csv.line,
                     what, field->data);
}

static hone_status put_field(struct reading *r, const struct column *c, struct raw *raw,
                             json_t *params, hone_error *err)
{
    const struct spec *spec = r->trace->spec;
    const struct buf *field = &r->csv.field;
    double seconds = 0;
    hone_status status = HONE_OK;
    switch (c->kind) {
    case COLUMN_PARAMETER:
        if (field->len > 0)
            json_object_set_new(params, spec->parameters[c->index].name, json_string(field->data));
        break;
    case COLUMN_METRIC:
        raw->row.has[c->index] = field->len > 0;
        if (field->len > 0)
            status = read_number(r, spec->metrics[c->index].name, &raw->row.values[c->index], err);
        break;
    case COLUMN_STEP:
        raw->row.step = (double)INFINITY; /* the end */
        if (field->len == 0)
            break;
        status = read_number(r, "step", &raw->row.step, err);
        if (!status && !isfinite(raw->row.step))
            status = error_set(err, HONE_EINVAL, "%lld: a step is finite", (long long)raw->line);
        break;
    case COLUMN_S:
        status = read_number(r, "seconds", &seconds, err);
        if (!status && !(seconds >= 0 && seconds < 1e10))
            status = error_set(err, HONE_EINVAL, "%lld: seconds are 0 or more, got %s",
                               (long long)raw->line, field->data);
        raw->row.ms = status ? 0 : (int64_t)(seconds * 1000 + 0.5);
        break;
    case COLUMN_RUN:
        status = read_number(r, "trial", &raw->run, err);
        break;
    case COLUMN_NONE:
        break;
    }
    return status;
}

/* Params to a point of the space; false where the study cannot have them. */
static bool make_point(const struct spec *spec, const json_t *params, hone_setting *settings,
                       double *point, hone_error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < spec->n_parameters; i++) {
        const struct parameter *p = &spec->parameters[i];
        const json_t *value = json_object_get(params, p->name);
        if (!value)
            continue;
        settings[n].name = p->name;
        if (!import_value(p, value, &settings[n++].value)) {
            error_set(err, HONE_EINVAL, "parameter \"%s\": its value is none of the study's",
                      p->name);
            return false;
        }
    }
    return space_row_of(spec->space, settings, n, point, err) == HONE_OK;
}

static hone_status read_record(struct reading *r, struct raw *raw, json_t *params, hone_error *err)
{
    struct trace *trace = r->trace;
    size_t n = 0;
    bool last = false;
    hone_status status = HONE_OK;
    *raw = (struct raw){.line = r->csv.line};
    raw->point = arena_array(&trace->arena, trace->spec->n_parameters, sizeof *raw->point);
    raw->row.values = arena_array(&trace->arena, trace->spec->n_metrics, sizeof *raw->row.values);
    raw->row.has = arena_array(&trace->arena, trace->spec->n_metrics, sizeof *raw->row.has);
    if (!raw->point || !raw->row.values || !raw->row.has)
        return error_memory(err);
    for (; !last && !status; n++) {
        status = csv_field(&r->csv, &last, err);
        if (!status && n < r->n_columns)
            status = put_field(r, &r->columns[n], raw, params, err);
    }
    if (!status && n != r->n_columns)
        return error_set(err, HONE_EINVAL, "%lld: %zu fields, the first line has %zu",
                         (long long)raw->line, n, r->n_columns);
    return status;
}

static hone_status read_rows(struct reading *r, hone_error *err)
{
    const struct spec *spec = r->trace->spec;
    hone_status status = HONE_OK;
    json_t *params = json_object();
    hone_setting *settings = mem_array(spec->n_parameters, sizeof *settings);
    if (!params || !settings)
        status = error_memory(err);
    while (!status && csv_next_record(&r->csv)) {
        if (r->n == r->cap) {
            size_t cap = r->cap ? r->cap * 2 : 1024;
            struct raw *raws = mem_resize(r->raws, cap, sizeof *raws);
            if (!raws) {
                status = error_memory(err);
                break;
            }
            r->raws = raws;
            r->cap = cap;
        }
        json_object_clear(params);
        status = read_record(r, &r->raws[r->n], params, err);
        if (!status && make_point(spec, params, settings, r->raws[r->n].point, NULL))
            r->n++;
        else
            r->trace->n_left_out++;
    }
    mem_free(settings);
    json_decref(params);
    return status;
}

/* ---- Curves ---- */

static int compare(double a, double b)
{
    return (a > b) - (a < b);
}

static int by_configuration(const struct raw *a, const struct raw *b, size_t n)
{
    int order = 0;
    for (size_t i = 0; i < n && order == 0; i++)
        order = compare(a->point[i], b->point[i]);
    return order ? order : compare(a->run, b->run);
}

/* Rows in the order of curves, then steps: a merge sort, since it keeps the order of lines. */
static void sort(struct raw *raws, struct raw *room, size_t n, size_t n_parameters)
{
    if (n < 2)
        return;
    size_t half = n / 2, i = 0, k = half;
    sort(raws, room, half, n_parameters);
    sort(raws + half, room, n - half, n_parameters);
    memcpy(room, raws, n * sizeof *raws);
    for (size_t to = 0; to < n; to++) {
        int order = i == half ? 1
                    : k == n  ? -1
                              : by_configuration(&room[i], &room[k], n_parameters);
        if (order == 0)
            order = compare(room[i].row.step, room[k].row.step);
        raws[to] = order <= 0 ? room[i++] : room[k++];
    }
}

/* A step of a curve and the next one. */
static hone_status check_order(const struct raw *a, const struct raw *b, hone_error *err)
{
    if (b->row.step <= a->row.step)
        return error_set(err, HONE_EINVAL,
                         "%lld: step %g of this configuration is in line %lld too; a column "
                         "\"trial\" tells several recordings of it apart",
                         (long long)b->line, b->row.step, (long long)a->line);
    if (b->row.ms < a->row.ms)
        return error_set(err, HONE_EINVAL,
                         "%lld: seconds count from the start of the trial: step %g is at %g s, "
                         "step %g before it at %g s",
                         (long long)b->line, b->row.step, (double)b->row.ms / 1000, a->row.step,
                         (double)a->row.ms / 1000);
    return HONE_OK;
}

static hone_status make_curves(struct reading *r, hone_error *err)
{
    struct trace *trace = r->trace;
    size_t n_parameters = trace->spec->n_parameters;
    hone_status status = HONE_OK;
    struct raw *room = mem_array(r->n, sizeof *room);
    trace->rows = mem_array(r->n, sizeof *trace->rows);
    trace->curves = mem_array(r->n, sizeof *trace->curves);
    if (!room || !trace->rows || !trace->curves) {
        status = error_memory(err);
        goto out;
    }
    sort(r->raws, room, r->n, n_parameters);
    for (size_t i = 0; i < r->n && !status; i++) {
        bool goes_on = i > 0 && by_configuration(&r->raws[i - 1], &r->raws[i], n_parameters) == 0;
        trace->rows[trace->n_rows++] = r->raws[i].row;
        if (goes_on)
            status = check_order(&r->raws[i - 1], &r->raws[i], err);
        else
            trace->curves[trace->n_curves++] =
                (struct trace_curve){.point = r->raws[i].point, .rows = &trace->rows[i]};
        trace->curves[trace->n_curves - 1].n++;
    }
out:
    mem_free(room);
    return status;
}

/* ---- Outside ---- */

hone_status trace_read_text(struct trace *out, const char *text, size_t len,
                            const struct spec *spec, hone_error *err)
{
    struct reading *r = mem_array(1, sizeof *r);
    *out = (struct trace){.spec = spec};
    if (!r)
        return error_memory(err);
    r->trace = out;
    csv_init(&r->csv, text, len);
    hone_status status = read_header(r, err);
    if (!status)
        status = read_rows(r, err);
    if (!status && r->n == 0)
        status = out->n_left_out
                     ? error_set(err, HONE_EINVAL,
                                 "1: no configuration lies in the ranges and choices of the study")
                     : error_set(err, HONE_EINVAL, "1: there is nothing below the first line");
    if (!status)
        status = make_curves(r, err);
    csv_release(&r->csv);
    mem_free(r->raws);
    mem_free(r);
    if (status)
        trace_release(out);
    return status;
}

hone_status trace_read(struct trace *out, const char *path, const struct spec *spec,
                       hone_error *err)
{
    struct buf text;
    hone_error why = {0};
    buf_init(&text, MOST_BYTES);
    hone_status status = file_read(path, &text, &why);
    if (status) {
        error_set(err, status, "%s", why.text);
    } else {
        status = trace_read_text(out, text.len > 0 ? text.data : "", text.len, spec, &why);
        if (status == HONE_EINVAL)
            error_set(err, status, "%s:%s", path, why.text);
        else if (status)
            error_set(err, status, "%s", why.text);
    }
    buf_release(&text);
    return status;
}

void trace_release(struct trace *trace)
{
    arena_release(&trace->arena);
    mem_free(trace->rows);
    mem_free(trace->curves);
    *trace = (struct trace){0};
}

static double distance(const struct hone_space *space, const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < space->n; i++) {
        bool active_a = a[i] >= 0, active_b = b[i] >= 0;
        bool is_choice = space->params[i].kind == PARAM_CHOICE;
        double d = a[i] - b[i];
        if (active_a != active_b)
            sum += 1;
        else if (active_a && is_choice)
            sum += fabs(d) > 0.5;
        else if (active_a)
            sum += d * d;
    }
    return sum;
}

const struct trace_curve *trace_nearest(const struct trace *trace, const json_t *params,
                                        uint64_t turn, hone_error *err)
{
    const struct spec *spec = trace->spec;
    const struct trace_curve *nearest = NULL;
    double least = (double)INFINITY;
    size_t n_equal = 0;
    hone_setting *settings = mem_array(spec->n_parameters, sizeof *settings);
    double *point = mem_array(spec->n_parameters, sizeof *point);
    if (!settings || !point) {
        error_memory(err);
        goto out;
    }
    if (!make_point(spec, params, settings, point, err))
        goto out;
    for (size_t i = 0; i < trace->n_curves; i++) {
        double d = distance(spec->space, point, trace->curves[i].point);
        n_equal = d < least ? 1 : n_equal + (d <= least);
        least = fmin(d, least);
    }
    turn %= n_equal;
    for (size_t i = 0; !nearest; i++)
        if (distance(spec->space, point, trace->curves[i].point) <= least && turn-- == 0)
            nearest = &trace->curves[i];
out:
    mem_free(point);
    mem_free(settings);
    return nearest;
}
