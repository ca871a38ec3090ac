/* best.c: see best.h. */
#include "report/best.h"

#include "base/mem.h"
#include "base/str.h"
#include "io/json.h"
#include "report/limits.h"
#include "report/study_view.h"
#include "report/table.h"
#include "report/text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/** Whether a is at least as good as b in all objectives (and, unless equal, better in one). */
static bool covers(const struct spec *spec, const struct best_trial *a, const struct best_trial *b)
{
    for (size_t i = 0; i < spec->n_objectives; i++)
        if (objective_better(spec, i, b->values[i], a->values[i]))
            return false;
    return true;
}

/* Take out what a trial covers, and make room for it. */
static hone_status clear_for(struct best *best, const struct spec *spec,
                             const struct best_trial *trial, hone_error *err)
{
    if (best->n == best->room) {
        size_t room = best->room > 0 ? 2 * best->room : 8;
        struct best_trial *trials = best->trials != NULL
                                        ? mem_resize(best->trials, room, sizeof *trials)
                                        : mem_array(room, sizeof *trials);
        if (trials == NULL)
            return error_memory(err);
        best->trials = trials;
        best->room = room;
    }
    size_t kept = 0;
    for (size_t i = 0; i < best->n; i++) {
        if (covers(spec, trial, &best->trials[i]))
            mem_free(best->trials[i].params);
        else
            best->trials[kept++] = best->trials[i];
    }
    best->n = kept;
    return HONE_OK;
}

/* Of equal trials the first stays. What the new one covers leaves the front. */
hone_status best_add(struct best *best, const struct spec *spec, const struct trial_row *row,
                     hone_error *err)
{
    struct best_trial trial = {.number = row->number, .ended_at = row->ended_at};
    if (row->state != HONE_TRIAL_COMPLETED || trial_repeat_of(row) >= 0 ||
        values_read(row->values, trial.values) != spec_outcomes(spec))
        return HONE_OK;
    if (!limits_kept(spec, trial.values)) {
        best->n_broken++;
        return HONE_OK;
    }
    for (size_t i = 0; i < best->n; i++)
        if (covers(spec, &best->trials[i], &trial))
            return HONE_OK;
    trial.params = mem_text(row->params);
    if (trial.params == NULL)
        return error_memory(err);
    hone_status status = clear_for(best, spec, &trial, err);
    if (status != HONE_OK) {
        mem_free(trial.params);
        return status;
    }
    size_t at = best->n;
    while (at > 0 && objective_better(spec, 0, trial.values[0], best->trials[at - 1].values[0]))
        at--;
    memmove(best->trials + at + 1, best->trials + at, (best->n - at) * sizeof trial);
    best->trials[at] = trial;
    best->n++;
    return HONE_OK;
}

struct search {
    const struct spec *spec;
    struct best *best;
};

static hone_status add_trial(void *context, const struct trial_row *row, hone_error *err)
{
    const struct search *s = context;
    return best_add(s->best, s->spec, row, err);
}

/* What was run again is known better than what was best once. */
hone_status best_confirm(struct best *best, struct store *store, const struct study_row *study,
                         const struct spec *spec, hone_error *err)
{
    if (spec->n_objectives > 1)
        return HONE_OK;
    hone_status status = confirmed_read(store, study, spec, &best->confirmed, err);
    if (status != HONE_OK || best->confirmed.n == 0 || best->n == 0)
        return status;
    const struct confirmed_trial *first = &best->confirmed.trials[0];
    char *params = mem_text(first->params);
    if (params == NULL)
        return error_memory(err);
    mem_free(best->trials[0].params);
    best->trials[0].number = first->number;
    best->trials[0].ended_at = first->ended_at;
    memcpy(best->trials[0].values, first->values, sizeof first->values);
    best->trials[0].params = params;
    return HONE_OK;
}

hone_status best_read(struct store *store, const struct study_row *study, const struct spec *spec,
                      struct best *out, hone_error *err)
{
    *out = (struct best){0};
    struct search s = {.spec = spec, .best = out};
    hone_status status = store_trials(store, study->id, -1, add_trial, &s, err);
    if (status == HONE_OK)
        status = best_confirm(out, store, study, spec, err);
    if (status != HONE_OK)
        best_release(out);
    return status;
}

const char *best_missing(const struct best *best)
{
    return best->n_broken > 0 ? "no completed trial keeps the constraints"
                              : "no trial has completed yet";
}

void best_release(struct best *best)
{
    for (size_t i = 0; i < best->n; i++)
        mem_free(best->trials[i].params);
    mem_free(best->trials);
    confirmed_release(&best->confirmed);
    *best = (struct best){0};
}

/** The command of a trial as one line; mem_free. NULL with the reason in *err. */
static char *command_of(const struct spec *spec, const json_t *params, hone_error *err)
{
    size_t n;
    hone_error problem = {0};
    hone_setting *settings = json_to_settings(params, &n, &problem);
    if (settings == NULL && problem.status != HONE_OK) {
        error_set(err, problem.status, "%s", problem.text);
        return NULL;
    }
    char *line = spec_command_line(spec, settings, n);
    mem_free(settings);
    if (line == NULL)
        error_memory(err);
    return line;
}

/* What the repeats say of the best one; nothing where there are none. */
static void set_confirmed(json_t *object, const struct confirmed *confirmed)
{
    if (confirmed->n == 0)
        return;
    const struct confirmed_trial *trial = &confirmed->trials[0];
    json_object_set_new(object, "confirmed", json_true());
    json_object_set_new(object, "mean", json_of_double(trial->result.mean));
    if (isfinite(trial->result.low))
        json_object_set_new(object, "interval",
                            json_pack("[o, o]", json_of_double(trial->result.low),
                                      json_of_double(trial->result.high)));
    json_object_set_new(object, "probability", json_of_double(trial->result.probability));
    json_object_set_new(object, "repeats", json_integer((json_int_t)trial->n_runs));
}

static json_t *trial_json(const struct spec *spec, const struct best_trial *trial,
                          const json_t *params, const char *command)
{
    json_t *values = json_array();
    for (size_t i = 0; i < spec->n_objectives; i++)
        json_array_append_new(values, json_of_double(trial->values[i]));
    return json_pack("{s:I, s:o, s:O, s:b, s:n, s:n, s:o}", "trial", (json_int_t)trial->number,
                     "values", values, "params", params, "confirmed", 0, "mean", "interval",
                     "command", json_of_text(command));
}

static hone_status print_json(const struct best *best, const struct spec *spec, FILE *out,
                              hone_error *err)
{
    hone_status status = HONE_OK;
    json_t *front = json_array();
    for (size_t i = 0; i < best->n && status == HONE_OK; i++) {
        json_t *params = json_read(best->trials[i].params, strlen(best->trials[i].params), err);
        char *command = params != NULL ? command_of(spec, params, err) : NULL;
        if (command == NULL)
            status = err != NULL ? err->status : HONE_EIO;
        else
            json_array_append_new(front, trial_json(spec, &best->trials[i], params, command));
        set_confirmed(json_array_get(front, 0), &best->confirmed);
        mem_free(command);
        json_decref(params);
    }
    json_t *whole = spec->n_objectives == 1 ? json_incref(json_array_get(front, 0))
                                            : json_pack("{s:O}", "front", front);
    char *text = status == HONE_OK && whole != NULL ? json_write(whole) : NULL;
    if (text != NULL)
        fprintf(out, "%s\n", text);
    else if (status == HONE_OK)
        status = error_memory(err);
    mem_free(text);
    json_decref(whole);
    json_decref(front);
    return status;
}

static void print_value(FILE *out, const json_t *value, void (*print_text)(FILE *, const char *))
{
    char number[32];
    if (json_is_string(value)) {
        print_text(out, json_string_value(value));
        return;
    }
    str_from_double(number, json_number_value(value));
    fputs(number, out);
}

/* A JSON string is a YAML string whatever it contains ("on", "1e3", "no"). */
static void print_json_text(FILE *out, const char *text)
{
    struct buf quoted;
    buf_init(&quoted, 1 << 20);
    buf_json(&quoted, text);
    fputs(quoted.data, out);
    buf_release(&quoted);
}

static void print_shell_text(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text != '\0'; text++)
        fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, out);
    fputc('\'', out);
}

/* A shell's variable has no '-', '.' or ':' in its name. */
static void print_variable(FILE *out, const char *name)
{
    for (; *name != '\0'; name++)
        fputc(isalnum((unsigned char)*name) ? *name : '_', out);
}

static void print_settings(const json_t *params, enum best_format format, FILE *out)
{
    const char *name;
    json_t *value;
    union {
        const json_t *in;
        json_t *out;
    } object = {params}; /* jansson's iterators take no const, and change nothing */
    json_object_foreach(object.out, name, value)
    {
        if (format == BEST_YAML) {
            if (strchr(name, ':') != NULL)
                print_json_text(out, name);
            else
                fputs(name, out);
            fputs(": ", out);
            print_value(out, value, print_json_text);
        } else {
            print_variable(out, name);
            fputc('=', out);
            print_value(out, value, print_shell_text);
        }
        fputc('\n', out);
    }
}

/* "  trial 7 (once 0.9123): mean 0.9101 of 3 repeats, ...", each that was run again. */
static void print_confirmed(const struct confirmed *confirmed, FILE *out, int columns)
{
    fputc('\n', out);
    for (size_t i = 0; i < confirmed->n; i++) {
        char once[32];
        struct buf line;
        buf_init(&line, 4096);
        text_number(once, confirmed->trials[i].values[0]);
        buf_printf(&line, "trial %lld, once %s: ", (long long)confirmed->trials[i].number, once);
        confirmed_text(confirmed, i, &line);
        fputs("  ", out);
        text_wrap(out, line.data, 4, columns > 0 ? columns : 100);
        buf_release(&line);
    }
}

/** "trial 7 of digits: val:accuracy 0.9123", the settings, the command. */
static void print_text(const struct best *best, const struct study_row *study,
                       const struct spec *spec, json_t *params, const char *command, FILE *out,
                       int columns)
{
    const struct best_trial *trial = &best->trials[0];
    fprintf(out, "trial %lld of %s:", (long long)trial->number, study->name);
    for (size_t i = 0; i < spec_outcomes(spec); i++) {
        char number[32];
        text_number(number, trial->values[i]);
        fprintf(out, "%s %s %s", i > 0 ? "," : "", spec_outcome(spec, i), number);
    }
    if (best->confirmed.n == 0)
        fputs(" (run once, not confirmed)\n", out);
    else
        print_confirmed(&best->confirmed, out, columns);
    fputc('\n', out);
    const char *name;
    json_t *value;
    int width = 0;
    json_object_foreach(params, name, value) width =
        (int)strlen(name) > width ? (int)strlen(name) : width;
    json_object_foreach(params, name, value)
    {
        fprintf(out, "  %-*s  ", width, name);
        print_value(out, value, text_print);
        fputc('\n', out);
    }
    fputc('\n', out);
    text_print(out, command);
    fputc('\n', out);
}

static hone_status print_front(const struct best *best, const struct study_row *study,
                               const struct spec *spec, FILE *out, int columns, hone_error *err)
{
    size_t n = 1 + spec_outcomes(spec);
    struct table_column titles[2 + HONE_MAX_OUTCOMES] = {{"TRIAL", true, 0}};
    for (size_t i = 0; i < spec_outcomes(spec); i++)
        titles[1 + i] = (struct table_column){spec_outcome(spec, i), true, 0};
    titles[n++] = (struct table_column){"SETTINGS", false, 0};
    struct table *table = table_new(n, titles);
    if (table == NULL)
        return error_memory(err);
    for (size_t i = 0; i < best->n; i++) {
        struct buf settings;
        buf_init(&settings, 1 << 16);
        settings_text(&settings, best->trials[i].params);
        table_number(table, (double)best->trials[i].number);
        for (size_t k = 0; k < spec_outcomes(spec); k++)
            table_number(table, best->trials[i].values[k]);
        table_cell(table, settings.data);
        buf_release(&settings);
    }
    fprintf(out, "%zu trial%s of %s that no other beats in all objectives\n\n", best->n,
            best->n > 1 ? "s" : "", study->name);
    bool good = table_print(table, out, columns, false);
    table_free(table);
    return good ? HONE_OK : error_memory(err);
}

hone_status best_print(const struct best *best, const struct study_row *study,
                       const struct spec *spec, enum best_format format, FILE *out, int columns,
                       hone_error *err)
{
    if (format == BEST_JSON)
        return print_json(best, spec, out, err);
    if (format == BEST_TEXT && spec->n_objectives > 1)
        return print_front(best, study, spec, out, columns, err);

    hone_status status = HONE_OK;
    const struct best_trial *trial = &best->trials[0];
    char *command = NULL;
    json_t *params = json_read(trial->params, strlen(trial->params), err);
    if (params == NULL)
        return err != NULL ? err->status : HONE_EIO;
    if (format == BEST_YAML || format == BEST_ENV) {
        print_settings(params, format, out);
        goto out;
    }
    command = command_of(spec, params, err);
    if (command == NULL)
        status = err != NULL ? err->status : HONE_EIO;
    else if (format == BEST_COMMAND)
        fprintf(out, "%s\n", command);
    else
        print_text(best, study, spec, params, command, out, columns);
out:
    mem_free(command);
    json_decref(params);
    return status;
}
