/* show.c: see show.h. */
#include "report/show.h"

#include "base/mem.h"
#include "base/str.h"
#include "io/json.h"
#include "io/time.h"
#include "report/limits.h"
#include "report/plot.h"
#include "report/study_view.h"
#include "report/table.h"
#include "report/text.h"
#include "report/trial_view.h"

#include <math.h>
#include <string.h>

enum { LABEL = 10, PLOT_COLUMNS = 60, PLOT_ROWS = 8 };

struct showing {
    const struct study_row *study;
    const struct spec *spec;
    bool json, color;
    FILE *out;
    int columns;
    size_t n, room; /* the curve */
    double *steps, *values;
};

static hone_status add_point(void *context, const struct observation *row, hone_error *err)
{
    struct showing *s = context;
    /* A step that a later attempt repeats takes the old one's place. */
    while (s->n > 0 && s->steps[s->n - 1] >= row->step)
        s->n--;
    if (s->n == s->room) {
        size_t room = s->room > 0 ? 2 * s->room : 64;
        double *steps = s->steps != NULL ? mem_resize(s->steps, room, sizeof *steps)
                                         : mem_array(room, sizeof *steps);
        if (steps == NULL)
            return error_memory(err);
        s->steps = steps;
        double *values = s->values != NULL ? mem_resize(s->values, room, sizeof *values)
                                           : mem_array(room, sizeof *values);
        if (values == NULL)
            return error_memory(err);
        s->values = values;
        s->room = room;
    }
    s->steps[s->n] = row->step;
    s->values[s->n++] = row->value;
    return HONE_OK;
}

static hone_status show_json(const struct showing *s, const struct trial_view *view,
                             hone_error *err)
{
    json_t *object = trial_view_json(view), *curve = json_array();
    for (size_t i = 0; i < s->n; i++)
        json_array_append_new(
            curve, json_pack("[o, o]", json_of_double(s->steps[i]), json_of_double(s->values[i])));
    json_object_set_new(object, "curve", curve);
    json_object_set_new(object, "log_tail", json_of_text(view->row->log_tail));
    char *text = object != NULL ? json_write(object) : NULL;
    json_decref(object);
    if (text == NULL)
        return error_memory(err);
    fprintf(s->out, "%s\n", text);
    mem_free(text);
    return HONE_OK;
}

static void print_params(const struct showing *s, const struct trial_view *view)
{
    int width = 0;
    const char *name;
    json_t *value;
    json_object_foreach(view->params, name, value) width =
        text_width(name) > width ? text_width(name) : width;
    json_object_foreach(view->params, name, value)
    {
        char number[32];
        str_from_double(number, json_number_value(value));
        fprintf(s->out, "  %-*s  ", width, name);
        text_print(s->out, json_is_string(value) ? json_string_value(value) : number);
        fputc('\n', s->out);
    }
}

static void print_reason(const struct showing *s, const char *label, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    fprintf(s->out, "%-*s", LABEL, label);
    text_print(s->out, text);
    fputc('\n', s->out);
}

static void print_metrics(const struct showing *s, const struct trial_view *view)
{
    struct table *table = table_new(
        4, (struct table_column[]){
               {"METRIC", false, 0}, {"LAST", true, 0}, {"BEST", true, 1}, {"VALUES", true, 2}});
    bool any = false;
    for (size_t i = 0; table != NULL && i < s->spec->n_metrics; i++) {
        const struct metric_summary *m = &view->metrics[i];
        if (m->n == 0)
            continue;
        any = true;
        table_cell(table, s->spec->metrics[i].name);
        table_number(table, m->last);
        if (isnan(m->best))
            table_cell(table, "");
        else
            table_number(table, m->best);
        table_number(table, (double)m->n);
    }
    if (any) {
        fputc('\n', s->out);
        table_print(table, s->out, s->columns, s->color);
    }
    table_free(table);
}

static void how_it_ended(const struct attempt_view *a, char out[64])
{
    out[0] = '\0';
    if (a->exit_signal != 0)
        snprintf(out, 64, "signal %d", a->exit_signal);
    else if (a->exit_code >= 0)
        snprintf(out, 64, "exit %d", a->exit_code);
}

static void print_attempts(const struct showing *s, const struct trial_view *view)
{
    struct table *table = table_new(6, (struct table_column[]){{"ATTEMPT", true, 0},
                                                               {"STATE", false, 0},
                                                               {"STARTED (UTC)", true, 3},
                                                               {"TIME", true, 1},
                                                               {"END", false, 1},
                                                               {"REASON", false, 2}});
    for (size_t i = 0; table != NULL && i < view->n_attempts; i++) {
        const struct attempt_view *a = &view->attempts[i];
        char text[64];
        table_number(table, (double)a->number);
        table_cell(table, attempt_state_text(a->state));
        text_time(text, a->started_at);
        table_cell(table, text);
        text[0] = '\0';
        if (a->started_at != 0 && a->ended_at != 0)
            duration_text((double)(a->ended_at - a->started_at) / 1000, text);
        table_cell(table, text);
        how_it_ended(a, text);
        table_cell(table, text);
        table_cell(table, a->reason);
    }
    if (table != NULL && view->n_attempts > 0) {
        fputc('\n', s->out);
        table_print(table, s->out, s->columns, s->color);
    }
    table_free(table);
}

/* "0.0547 USD: 20 s on demand at 1.41 an hour, 2 min on spot at 0.42" */
static void print_cost(const struct showing *s, const struct trial_view *view)
{
    const double prices[2] = {s->spec->price_on_demand, s->spec->price_spot};
    const char *separator = ": ", *unit = " an hour";
    if (isnan(view->cost))
        return;
    fprintf(s->out, "%-*s%.4g %s", LABEL, "cost", view->cost, s->spec->currency);
    for (size_t spot = 0; spot < 2; spot++) {
        char text[32];
        if (view->paid_s[spot] <= 0)
            continue;
        duration_text(view->paid_s[spot], text);
        fprintf(s->out, "%s%s %s at %g%s", separator, text, spot ? "on spot" : "on demand",
                prices[spot], unit);
        separator = ", ";
        unit = "";
    }
    fputc('\n', s->out);
}

static void print_curve(const struct showing *s)
{
    int room = s->columns > 0 ? s->columns - 16 : PLOT_COLUMNS;
    if (s->n < 2 || room < 16)
        return;
    fprintf(s->out, "\n%s by step\n", s->spec->objectives[0].metric);
    plot_curve(s->out, s->steps, s->values, s->n, room < PLOT_COLUMNS ? room : PLOT_COLUMNS,
               PLOT_ROWS);
}

static void print_log_tail(const struct showing *s, const char *tail)
{
    if (tail == NULL || tail[0] == '\0')
        return;
    size_t len = strlen(tail);
    fprintf(s->out, "\nThe end of its log\n%s", paint_begin(PAINT_DIM, s->color));
    text_print_log(s->out, tail, len);
    fprintf(s->out, "%s%s", paint_end(PAINT_DIM, s->color), tail[len - 1] == '\n' ? "" : "\n");
}

static hone_status show_view(void *context, const struct trial_view *view, hone_error *err)
{
    struct showing *s = context;
    if (s->json)
        return show_json(s, view, err);
    FILE *out = s->out;
    fprintf(out, "trial %lld of %s: %s", (long long)view->row->number, s->study->name,
            trial_state_text(view->row->state));
    for (size_t i = 0; i < view->n_values; i++) {
        char number[32];
        text_number(number, view->values[i]);
        fprintf(out, ", %s %s", spec_outcome(s->spec, i), number);
    }
    struct buf broken;
    buf_init(&broken, 1 << 16);
    if (view->n_values > 0)
        limits_text(&broken, s->spec, view->values);
    if (broken.len > 0)
        fprintf(out, "; %s", broken.data);
    buf_release(&broken);
    fputs("\n\n", out);
    print_params(s, view);
    fputc('\n', out);
    if (strcmp(view->row->origin, "search") != 0)
        print_reason(s, "origin", view->row->origin);
    print_reason(s, "why", view->row->why);
    print_reason(s, trial_state_text(view->row->state), view->row->reason);
    print_cost(s, view);
    print_attempts(s, view);
    print_metrics(s, view);
    print_curve(s);
    print_log_tail(s, view->row->log_tail);
    return HONE_OK;
}

hone_status show_trial(struct store *store, const struct study_row *study, const struct spec *spec,
                       int64_t number, int64_t now, bool json, FILE *out, int columns, bool color,
                       hone_error *err)
{
    struct showing s = {
        .study = study, .spec = spec, .json = json, .color = color, .out = out, .columns = columns};
    hone_status status = store_observations(store, study->id, number, spec->objectives[0].metric,
                                            add_point, &s, err);
    if (status == HONE_OK)
        status = trial_views(store, study, spec, number, now, show_view, &s, err);
    mem_free(s.steps);
    mem_free(s.values);
    return status;
}
