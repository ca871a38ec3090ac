/* export.c: see export.h. Numbers are written so that they read back as the same bits. */
#include "report/export.h"

#include "base/mem.h"
#include "base/str.h"
#include "io/csv.h"
#include "io/json.h"
#include "io/time.h"
#include "report/study_view.h"
#include "report/trial_view.h"

#include <math.h>
#include <string.h>

struct export
{
    enum export_format format;
    FILE *out;
    bool first;
};

static void put_number(FILE *out, double x)
{
    char text[32];
    str_from_double(text, x);
    fputs(text, out);
}

static void put_time(FILE *out, int64_t ms)
{
    char text[32];
    time_text(ms, text);
    fputs(text, out);
}

static void put_header(FILE *out, const struct spec *spec)
{
    fputs("trial,state", out);
    for (size_t i = 0; i < spec->n_parameters; i++) {
        fputc(',', out);
        csv_put(out, spec->parameters[i].name);
    }
    for (size_t i = 0; i < spec->n_metrics; i++) {
        fputc(',', out);
        csv_put(out, spec->metrics[i].name);
    }
    fputs(",started_at,ended_at,seconds,cost,attempts\n", out);
}

static void put_row(FILE *out, const struct trial_view *view)
{
    fprintf(out, "%lld,%s", (long long)view->row->number, trial_state_text(view->row->state));
    for (size_t i = 0; i < view->spec->n_parameters; i++) {
        const json_t *value = json_object_get(view->params, view->spec->parameters[i].name);
        fputc(',', out);
        if (json_is_string(value))
            csv_put(out, json_string_value(value));
        else if (json_is_number(value))
            put_number(out, json_number_value(value));
    }
    for (size_t i = 0; i < view->spec->n_metrics; i++) {
        fputc(',', out);
        if (view->metrics[i].n > 0)
            put_number(out, view->metrics[i].last);
    }
    fputc(',', out);
    put_time(out, view->row->started_at);
    fputc(',', out);
    put_time(out, view->row->ended_at);
    fputc(',', out);
    if (!isnan(view->seconds))
        put_number(out, view->seconds);
    fputc(',', out);
    if (!isnan(view->cost))
        put_number(out, view->cost);
    fprintf(out, ",%zu\n", view->n_attempts);
}

/** Print an object as an array's element or as a line; takes the reference. */
static hone_status put_object(struct export *e, json_t *object, hone_error *err)
{
    char *text = object != NULL ? json_write(object) : NULL;
    json_decref(object);
    if (text == NULL)
        return error_memory(err);
    if (e->format == EXPORT_JSON)
        fprintf(e->out, "%s%s", e->first ? "[" : ",\n ", text);
    else
        fprintf(e->out, "%s\n", text);
    e->first = false;
    mem_free(text);
    return HONE_OK;
}

static void put_end(const struct export *e)
{
    if (e->format == EXPORT_JSON)
        fputs(e->first ? "[]\n" : "]\n", e->out);
}

/* Whoever reads us may have gone: then there is no point in going on. */
static hone_status check_output(const struct export *e, hone_error *err)
{
    return ferror(e->out) ? error_set(err, HONE_EIO, "the export could not be written") : HONE_OK;
}

static hone_status put_trial(void *context, const struct trial_view *view, hone_error *err)
{
    struct export *e = context;
    if (e->format != EXPORT_CSV) {
        hone_status status = put_object(e, trial_view_json(view), err);
        return status == HONE_OK ? check_output(e, err) : status;
    }
    put_row(e->out, view);
    return check_output(e, err);
}

hone_status export_trials(struct store *store, const struct study_row *study,
                          const struct spec *spec, enum export_format format, int64_t now,
                          FILE *out, hone_error *err)
{
    struct export e = {.format = format, .out = out, .first = true};
    if (format == EXPORT_CSV)
        put_header(out, spec);
    hone_status status = trial_views(store, study, spec, -1, now, put_trial, &e, err);
    if (status == HONE_OK)
        put_end(&e);
    return status;
}

static hone_status put_observation(void *context, const struct observation *row, hone_error *err)
{
    struct export *e = context;
    if (e->format != EXPORT_CSV) {
        hone_status status =
            put_object(e,
                       json_pack("{s:I, s:I, s:o, s:o, s:s, s:o}", "trial", (json_int_t)row->trial,
                                 "attempt", (json_int_t)row->attempt, "step",
                                 json_of_double(row->step), "time", json_of_time(row->at), "metric",
                                 row->metric, "value", json_of_double(row->value)),
                       err);
        return status == HONE_OK ? check_output(e, err) : status;
    }
    fprintf(e->out, "%lld,%lld,", (long long)row->trial, (long long)row->attempt);
    put_number(e->out, row->step);
    fputc(',', e->out);
    put_time(e->out, row->at);
    fputc(',', e->out);
    csv_put(e->out, row->metric);
    fputc(',', e->out);
    put_number(e->out, row->value);
    fputc('\n', e->out);
    return check_output(e, err);
}

hone_status export_observations(struct store *store, const struct study_row *study,
                                enum export_format format, FILE *out, hone_error *err)
{
    struct export e = {.format = format, .out = out, .first = true};
    if (format == EXPORT_CSV)
        fputs("trial,attempt,step,time,metric,value\n", out);
    hone_status status = store_observations(store, study->id, -1, NULL, put_observation, &e, err);
    if (status == HONE_OK)
        put_end(&e);
    return status;
}
