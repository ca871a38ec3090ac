/*
 * trials_table.c: see trials_table.h.
 *
 * A trial that passes the filter becomes a line: its cells, or its JSON object, and the field that
 * is sorted by. Lines are sorted (stably: equal ones stay in the order of their numbers), then
 * printed.
 */
#include "report/trials_table.h"

#include "base/mem.h"
#include "base/str.h"
#include "io/json.h"
#include "io/time.h"
#include "report/query.h"
#include "report/study_view.h"
#include "report/limits.h"
#include "report/table.h"
#include "report/text.h"
#include "report/trial_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct line {
    int64_t number;
    struct query_value key; /* its text is owned */
    enum table_paint paint;
    char *cells; /* each ended by a NUL; or the JSON object */
};

struct listing {
    const struct spec *spec;
    const struct trials_options *options;
    const char *sort; /* without "-" */
    struct query *where;
    const struct trial_view *trial; /* that is looked at */
    char time[32];                  /* a time field of it */
    struct line *lines;
    size_t n, room;
    size_t n_columns;
};

static const char *const own_fields[] = {"trial", "state",    "origin",     "value",   "seconds",
                                         "cost",  "attempts", "started_at", "ended_at"};

static bool knows(void *context, const char *name)
{
    const struct listing *l = context;
    for (size_t i = 0; i < sizeof own_fields / sizeof own_fields[0]; i++)
        if (strcmp(own_fields[i], name) == 0)
            return true;
    for (size_t i = 0; i < l->spec->n_parameters; i++)
        if (strcmp(l->spec->parameters[i].name, name) == 0)
            return true;
    for (size_t i = 0; i < l->spec->n_metrics; i++)
        if (strcmp(l->spec->metrics[i].name, name) == 0)
            return true;
    return false;
}

static struct query_value number_or_missing(double x, bool is_there)
{
    return (struct query_value){.kind = is_there ? QUERY_NUMBER : QUERY_MISSING, .number = x};
}

static struct query_value text_value(const char *text)
{
    return (struct query_value){.kind = QUERY_TEXT, .text = text};
}

static struct query_value time_value(struct listing *l, int64_t ms)
{
    time_text(ms, l->time);
    return ms != 0 ? text_value(l->time) : (struct query_value){.kind = QUERY_MISSING};
}

/* A parameter or metric of the same name as a field of ours wins: it is what the person thinks of.
 */
static struct query_value lookup(void *context, const char *name)
{
    struct listing *l = context;
    const struct trial_view *t = l->trial;
    for (size_t i = 0; i < l->spec->n_parameters; i++) {
        if (strcmp(l->spec->parameters[i].name, name) != 0)
            continue;
        const json_t *value = json_object_get(t->params, name);
        if (json_is_string(value))
            return text_value(json_string_value(value));
        return number_or_missing(json_number_value(value), value != NULL);
    }
    for (size_t i = 0; i < l->spec->n_metrics; i++)
        if (strcmp(l->spec->metrics[i].name, name) == 0)
            return number_or_missing(t->metrics[i].last, t->metrics[i].n > 0);
    if (strcmp(name, "trial") == 0)
        return number_or_missing((double)t->row->number, true);
    if (strcmp(name, "state") == 0)
        return text_value(trial_state_text(t->row->state));
    if (strcmp(name, "origin") == 0)
        return text_value(t->row->origin);
    if (strcmp(name, "value") == 0)
        return number_or_missing(t->n_values > 0 ? t->values[0] : 0, t->n_values > 0);
    if (strcmp(name, "seconds") == 0)
        return number_or_missing(t->seconds, !isnan(t->seconds));
    if (strcmp(name, "cost") == 0)
        return number_or_missing(t->cost, !isnan(t->cost));
    if (strcmp(name, "attempts") == 0)
        return number_or_missing((double)t->n_attempts, true);
    return time_value(l, strcmp(name, "started_at") == 0 ? t->row->started_at : t->row->ended_at);
}

/* ---- Lines ---- */

static void add_cell(struct buf *cells, const char *text)
{
    buf_add(cells, text, strlen(text) + 1);
}

static void add_number(struct buf *cells, double x, bool is_there)
{
    char text[32];
    text_number(text, x);
    add_cell(cells, is_there ? text : "");
}

/* A trial that still runs, or was stopped, has no values; its last ones say where it is. */
static void add_outcome(struct buf *cells, const struct trial_view *t, size_t i)
{
    if (i < t->n_values) {
        add_number(cells, t->values[i], true);
        return;
    }
    for (size_t m = 0; m < t->spec->n_metrics; m++)
        if (strcmp(t->spec->metrics[m].name, spec_outcome(t->spec, i)) == 0)
            add_number(cells, t->metrics[m].last, t->metrics[m].n > 0);
}

/* Why it ended, or which constraints it breaks, or where it comes from. */
static void add_note(struct buf *cells, const struct trial_view *t)
{
    struct buf broken;
    buf_init(&broken, 1 << 16);
    if (t->n_values > 0)
        limits_text(&broken, t->spec, t->values);
    if (t->row->reason != NULL)
        add_cell(cells, t->row->reason);
    else if (broken.len > 0)
        add_cell(cells, broken.data);
    else
        add_cell(cells, strcmp(t->row->origin, "search") == 0 ? "" : t->row->origin);
    buf_release(&broken);
}

static char *table_cells(const struct trial_view *t)
{
    struct buf cells;
    char text[32];
    buf_init(&cells, 1 << 20);
    snprintf(text, sizeof text, "%lld", (long long)t->row->number);
    add_cell(&cells, text);
    add_cell(&cells, trial_state_text(t->row->state));
    for (size_t i = 0; i < spec_outcomes(t->spec); i++)
        add_outcome(&cells, t, i);
    for (size_t i = 0; i < t->spec->n_parameters; i++) {
        const json_t *value = json_object_get(t->params, t->spec->parameters[i].name);
        if (json_is_string(value))
            add_cell(&cells, json_string_value(value));
        else
            add_number(&cells, json_number_value(value), value != NULL);
    }
    text[0] = '\0';
    if (!isnan(t->seconds))
        duration_text(t->seconds, text);
    add_cell(&cells, text);
    snprintf(text, sizeof text, "%.4f", t->cost);
    if (t->spec->has_price)
        add_cell(&cells, isnan(t->cost) ? "" : text);
    add_note(&cells, t);
    return buf_take(&cells);
}

static enum table_paint paint_of(const struct trial_view *t)
{
    switch (t->row->state) {
    case HONE_TRIAL_RUNNING:
        return PAINT_CYAN;
    case HONE_TRIAL_FAILED:
        return PAINT_RED;
    case HONE_TRIAL_STOPPED:
    case HONE_TRIAL_CANCELLED:
        return PAINT_DIM;
    case HONE_TRIAL_COMPLETED:
        if (t->n_values > 0 && !limits_kept(t->spec, t->values))
            return PAINT_DIM;
        break;
    }
    return PAINT_PLAIN;
}

static hone_status add_line(void *context, const struct trial_view *view, hone_error *err)
{
    struct listing *l = context;
    l->trial = view;
    if (l->where != NULL && !query_holds(l->where, lookup, l))
        return HONE_OK;
    if (l->n == l->room) {
        size_t room = l->room > 0 ? 2 * l->room : 64;
        struct line *lines = l->lines != NULL ? mem_resize(l->lines, room, sizeof *lines)
                                              : mem_array(room, sizeof *lines);
        if (lines == NULL)
            return error_memory(err);
        l->lines = lines;
        l->room = room;
    }
    struct line *line = &l->lines[l->n];
    *line = (struct line){.number = view->row->number, .paint = paint_of(view)};
    if (l->options->json) {
        json_t *object = trial_view_json(view);
        line->cells = object != NULL ? json_write(object) : NULL;
        json_decref(object);
    } else {
        line->cells = table_cells(view);
    }
    if (line->cells == NULL)
        return error_memory(err);
    l->n++;
    if (l->sort == NULL)
        return HONE_OK;
    line->key = lookup(l, l->sort);
    if (line->key.kind == QUERY_TEXT) {
        line->key.text = mem_text(line->key.text);
        if (line->key.text == NULL)
            return error_memory(err);
    }
    return HONE_OK;
}

/** Numbers before texts; what is missing last, whichever the direction. */
static int compare_lines(const struct line *a, const struct line *b, bool down)
{
    const struct query_value *p = &a->key, *q = &b->key;
    if (p->kind != q->kind) {
        if (p->kind == QUERY_MISSING || q->kind == QUERY_MISSING)
            return p->kind == QUERY_MISSING ? 1 : -1;
        return p->kind == QUERY_NUMBER ? -1 : 1;
    }
    int order = 0;
    if (p->kind == QUERY_NUMBER && isnan(p->number) != isnan(q->number))
        return isnan(p->number) ? 1 : -1;
    if (p->kind == QUERY_NUMBER)
        order = (p->number > q->number) - (p->number < q->number);
    if (p->kind == QUERY_TEXT)
        order = strcmp(p->text, q->text);
    if (order != 0)
        return down ? -order : order;
    return (a->number > b->number) - (a->number < b->number);
}

static int rising(const void *a, const void *b)
{
    return compare_lines(a, b, false);
}

static int falling(const void *a, const void *b)
{
    return compare_lines(a, b, true);
}

/* ---- Printing ---- */

/** Rank by which columns are left out: notes and times first, then parameters from the last on. */
static struct table *new_table(struct listing *l)
{
    const struct spec *spec = l->spec;
    l->n_columns = 4 + spec_outcomes(spec) + spec->n_parameters + (spec->has_price ? 1 : 0);
    struct table_column *columns = mem_array(l->n_columns, sizeof *columns);
    if (columns == NULL)
        return NULL;
    size_t n = 0;
    columns[n++] = (struct table_column){"TRIAL", true, 0};
    columns[n++] = (struct table_column){"STATE", false, 0};
    for (size_t i = 0; i < spec_outcomes(spec); i++)
        columns[n++] = (struct table_column){spec_outcome(spec, i), true, 0};
    for (size_t i = 0; i < spec->n_parameters; i++) {
        bool is_text = spec->parameters[i].n_values > 0 &&
                       spec->parameters[i].values[0].kind == HONE_VALUE_TEXT;
        columns[n++] = (struct table_column){spec->parameters[i].name, !is_text, 1};
    }
    columns[n++] = (struct table_column){"TIME", true, 2};
    if (spec->has_price)
        columns[n++] = (struct table_column){"COST", true, 2};
    columns[n++] = (struct table_column){"NOTE", false, 3};
    struct table *table = table_new(n, columns);
    mem_free(columns);
    return table;
}

static hone_status print_table(struct listing *l, FILE *out, hone_error *err)
{
    struct table *table = new_table(l);
    if (table == NULL)
        return error_memory(err);
    for (size_t i = 0; i < l->n; i++) {
        const char *cell = l->lines[i].cells;
        table_paint(table, l->lines[i].paint);
        for (size_t k = 0; k < l->n_columns; k++) {
            table_cell(table, cell);
            cell += strlen(cell) + 1;
        }
    }
    bool good = table_print(table, out, l->options->columns, l->options->color);
    table_free(table);
    return good ? HONE_OK : error_memory(err);
}

static void print_json(const struct listing *l, FILE *out)
{
    for (size_t i = 0; i < l->n; i++)
        fprintf(out, "%s%s", i == 0 ? "[" : ",\n ", l->lines[i].cells);
    fputs(l->n == 0 ? "[]\n" : "]\n", out);
}

/* Sorted by an objective, the best comes first. */
static bool falls_by_nature(const struct listing *l)
{
    for (size_t i = 0; i < l->spec->n_objectives; i++)
        if (strcmp(l->sort, l->spec->objectives[i].metric) == 0 ||
            (i == 0 && strcmp(l->sort, "value") == 0))
            return l->spec->objectives[i].maximize;
    return false;
}

/** Understand --sort and --where before anything is read. */
static hone_status read_options(struct listing *l, bool *down_out, hone_error *err)
{
    l->sort = l->options->sort;
    bool turned = l->sort != NULL && l->sort[0] == '-';
    if (turned)
        l->sort++;
    if (l->sort != NULL && !knows(l, l->sort))
        return error_set(err, HONE_EINVAL, "--sort: no field \"%s\"", l->sort);
    *down_out = l->sort != NULL && falls_by_nature(l) != turned;
    if (l->options->where == NULL)
        return HONE_OK;
    hone_error problem = {0};
    l->where = query_new(l->options->where, knows, l, &problem);
    return l->where != NULL ? HONE_OK : error_set(err, problem.status, "--where: %s", problem.text);
}

hone_status trials_table(struct store *store, const struct study_row *study,
                         const struct spec *spec, const struct trials_options *options, FILE *out,
                         hone_error *err)
{
    struct listing l = {.spec = spec, .options = options};
    bool down = false;
    hone_status status = read_options(&l, &down, err);
    if (status == HONE_OK)
        status = trial_views(store, study, spec, -1, options->now, add_line, &l, err);
    if (status != HONE_OK)
        goto out;
    if (l.sort != NULL && l.n > 1)
        qsort(l.lines, l.n, sizeof *l.lines, down ? falling : rising);
    if (options->json)
        print_json(&l, out);
    else
        status = print_table(&l, out, err);
out:
    for (size_t i = 0; i < l.n; i++) {
        mem_free(l.lines[i].cells);
        if (l.lines[i].key.kind == QUERY_TEXT)
            mem_free((char *)(uintptr_t)l.lines[i].key.text);
    }
    mem_free(l.lines);
    query_free(l.where);
    return status;
}
