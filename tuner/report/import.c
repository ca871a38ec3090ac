/*
 * import.c: see import.h.
 *
 * Whatever the file's form, a trial is an object like one of the JSON export: `params`, then what
 * there is of `state` (completed, where it is not said), `values`, `metrics`, `started_at`,
 * `ended_at`, `attempts`, `why`, `stop_reason`. Objective values are `values`, else taken from the
 * metrics. `curve`, [[step, value], ...], is that of the first objective. Each trial is added to an
 * engine of our own, so that what is written is what the study's engine will take.
 *
 * Of a metric the export has its last and its best value and their number, not the curve. Stored
 * are its best and its last value, so these two come back.
 */
#include "report/import.h"

#include "base/buf.h"
#include "base/str.h"
#include "io/file.h"
#include "io/json.h"
#include "io/time.h"
#include "report/study_view.h"
#include "report/trial_view.h"

#include <math.h>
#include <string.h>

enum { LARGEST_FILE = 256 << 20, MOST_ATTEMPTS = 10000 };

struct reading {
    struct import *import;
    const json_t *object;
    hone_error *err;
};

static bool problem(struct reading *r, const char *what, const char *name, const char *text)
{
    error_set(r->err, HONE_EINVAL, "%s \"%s\": %s", what, name, text);
    return false;
}

static char *keep_text(struct import *import, const char *text)
{
    char *copy = arena_array(&import->arena, strlen(text) + 1, 1);
    if (copy != NULL)
        memcpy(copy, text, strlen(text));
    return copy;
}

/** Compact JSON that lives in the arena; takes the reference. */
static char *keep_json(struct import *import, json_t *json)
{
    char *text = json != NULL ? json_write(json) : NULL;
    char *copy = text != NULL ? keep_text(import, text) : NULL;
    mem_free(text);
    json_decref(json);
    return copy;
}

/** A number, or a text that is one ("NaN" too). */
static bool to_number(const json_t *json, double *out)
{
    if (json_is_number(json)) {
        *out = json_number_value(json);
        return true;
    }
    const char *text = json_string_value(json);
    return text != NULL && str_double(text, strlen(text), out);
}

bool import_value(const struct parameter *p, const json_t *json, hone_value *out)
{
    double number;
    char shown[32] = "";
    bool is_number = to_number(json, &number);
    const char *text = json_string_value(json);
    if (p->type == PARAMETER_FLOAT || p->type == PARAMETER_INT) {
        *out = HONE_NUMBER(number);
        return is_number;
    }
    if (text == NULL && is_number) {
        str_from_double(shown, number);
        text = shown;
    }
    for (size_t i = 0; i < p->n_values && text != NULL; i++) {
        *out = p->values[i];
        if (out->kind == HONE_VALUE_NUMBER ? is_number && number == out->number
                                           : strcmp(text, out->text) == 0)
            return true;
    }
    return false;
}

static bool is_parameter(const struct spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->n_parameters; i++)
        if (strcmp(spec->parameters[i].name, name) == 0)
            return true;
    return false;
}

/** `params` to settings in declaration order; *out is the arena's. */
static bool read_params(struct reading *r, hone_setting **out, size_t *n_out)
{
    const struct spec *spec = r->import->spec;
    json_t *params = json_object_get(r->object, "params");
    const char *name;
    json_t *value;
    if (!json_is_object(params)) {
        error_set(r->err, HONE_EINVAL, "\"params\" is missing");
        return false;
    }
    json_object_foreach(params, name, value)
    {
        if (!is_parameter(spec, name))
            return problem(r, "parameter", name, "the study has none of this name");
    }
    *n_out = 0;
    *out = arena_array(&r->import->arena, spec->n_parameters, sizeof **out);
    if (*out == NULL) {
        error_memory(r->err);
        return false;
    }
    for (size_t i = 0; i < spec->n_parameters; i++) {
        const struct parameter *p = &spec->parameters[i];
        value = json_object_get(params, p->name);
        if (value == NULL || json_is_null(value))
            continue; /* inactive; the engine knows whether it may be */
        hone_setting *setting = &(*out)[(*n_out)++];
        setting->name = p->name;
        if (!import_value(p, value, &setting->value))
            return problem(r, "parameter", p->name, "its value is none of the parameter's");
    }
    return true;
}

static bool read_state(struct reading *r, hone_trial_state *out, bool *left_out)
{
    const json_t *json = json_object_get(r->object, "state");
    const char *text = json != NULL ? json_string_value(json) : "completed";
    for (int s = HONE_TRIAL_RUNNING; text != NULL && s <= HONE_TRIAL_CANCELLED; s++) {
        if (strcmp(text, trial_state_text((hone_trial_state)s)) != 0)
            continue;
        *out = (hone_trial_state)s;
        *left_out = s == HONE_TRIAL_RUNNING || s == HONE_TRIAL_CANCELLED;
        return true;
    }
    return problem(r, "state", text != NULL ? text : "?",
                   "one of completed, stopped, failed, running, cancelled");
}

/** An outcome's value: an objective's from `values` or from the metric's last or best one, a
 * constraint's from the metric's last one. */
static bool outcome_value(const struct reading *r, size_t i, double *out)
{
    const struct spec *spec = r->import->spec;
    const json_t *values = json_object_get(r->object, "values");
    const json_t *metric =
        json_object_get(json_object_get(r->object, "metrics"), spec_outcome(spec, i));
    bool is_objective = i < spec->n_objectives;
    if (json_is_array(values) && is_objective)
        return to_number(json_array_get(values, i), out);
    return (is_objective && spec->objectives[i].use_best &&
            to_number(json_object_get(metric, "best"), out)) ||
           to_number(json_object_get(metric, "last"), out);
}

/** Values of a trial that has them: in `out`, as JSON in trial->values. */
static bool read_values(struct reading *r, struct import_trial *trial, double *out, bool *left_out)
{
    const struct spec *spec = r->import->spec;
    if (trial->state == HONE_TRIAL_FAILED)
        return true;
    json_t *list = json_array();
    size_t n = trial->state == HONE_TRIAL_STOPPED ? spec->n_objectives : spec_outcomes(spec);
    for (size_t i = 0; i < n; i++) {
        if (!outcome_value(r, i, &out[i]) || !isfinite(out[i])) {
            json_decref(list);
            *left_out = trial->state == HONE_TRIAL_STOPPED;
            return *left_out ||
                   problem(r, i < spec->n_objectives ? "objective" : "constraint",
                           spec_outcome(spec, i), "a completed trial needs a finite value");
        }
        json_array_append_new(list, json_real(out[i]));
    }
    trial->values = keep_json(r->import, list);
    if (trial->values == NULL)
        error_memory(r->err);
    return trial->values != NULL;
}

static bool read_time(struct reading *r, const json_t *object, const char *key, int64_t *out)
{
    const json_t *json = json_object_get(object, key);
    *out = 0;
    if (json == NULL || json_is_null(json))
        return true;
    const char *text = json_string_value(json);
    return (text != NULL && time_parse(text, out)) ||
           problem(r, key, text != NULL ? text : "?", "a time is like 2026-11-24T10:00:00Z");
}

/* ---- Attempts ---- */

static enum attempt_state attempt_state_of(const char *text, hone_trial_state trial)
{
    for (int s = ATTEMPT_SUCCEEDED; text != NULL && s <= ATTEMPT_CANCELLED; s++)
        if (strcmp(text, attempt_state_text((enum attempt_state)s)) == 0)
            return (enum attempt_state)s;
    return trial == HONE_TRIAL_COMPLETED ? ATTEMPT_SUCCEEDED
           : trial == HONE_TRIAL_FAILED  ? ATTEMPT_FAILED
                                         : ATTEMPT_CANCELLED;
}

static bool make_attempts(struct reading *r, struct import_trial *trial, size_t n)
{
    trial->attempts = arena_array(&r->import->arena, n, sizeof *trial->attempts);
    if (trial->attempts == NULL) {
        error_memory(r->err);
        return false;
    }
    trial->n_attempts = n;
    for (size_t i = 0; i < n; i++)
        trial->attempts[i] = (struct attempt_row){
            .number = (int64_t)i + 1,
            .state = i + 1 < n ? ATTEMPT_LOST : attempt_state_of(NULL, trial->state),
            .exit_code = -1};
    return true;
}

static bool read_attempt(struct reading *r, struct import_trial *trial, size_t i,
                         const json_t *object)
{
    struct attempt_row *a = &trial->attempts[i];
    const char *node = json_string_value(json_object_get(object, "node"));
    const char *reason = json_string_value(json_object_get(object, "reason"));
    const json_t *code = json_object_get(object, "exit");
    a->state = attempt_state_of(json_string_value(json_object_get(object, "state")), trial->state);
    a->node = node != NULL ? keep_text(r->import, node) : NULL;
    a->reason = reason != NULL ? keep_text(r->import, reason) : NULL;
    a->exit_code = json_is_integer(code) ? (int)json_integer_value(code) : -1;
    a->exit_signal = (int)json_integer_value(json_object_get(object, "signal"));
    a->spot = json_is_true(json_object_get(object, "spot"));
    return read_time(r, object, "started_at", &a->started_at) &&
           read_time(r, object, "ended_at", &a->ended_at);
}

/* CSV says how many attempts there were, and how long they took together. */
static bool count_attempts(struct reading *r, struct import_trial *trial)
{
    double n = 1, seconds = 0;
    const json_t *count = json_object_get(r->object, "attempts");
    const json_t *duration = json_object_get(r->object, "seconds");
    if (count != NULL &&
        (!to_number(count, &n) || !(n >= 0 && n <= MOST_ATTEMPTS) || n != floor(n)))
        return problem(r, "column", "attempts", "a count is expected");
    if (duration != NULL && (!to_number(duration, &seconds) || !(seconds >= 0 && seconds < 1e12)))
        return problem(r, "column", "seconds", "a time in seconds, 0 or more, is expected");
    if (!make_attempts(r, trial, (size_t)n))
        return false;
    if (n > 0 && duration != NULL) {
        struct attempt_row *last = &trial->attempts[trial->n_attempts - 1];
        int64_t ms = (int64_t)llround(seconds * 1000);
        last->ended_at = trial->ended_at != 0 ? trial->ended_at : time_now_ms();
        last->started_at = last->ended_at - ms;
    }
    return true;
}

static bool read_attempts(struct reading *r, struct import_trial *trial)
{
    const json_t *list = json_object_get(r->object, "attempts");
    if (!json_is_array(list))
        return count_attempts(r, trial);
    size_t n = json_array_size(list);
    bool good = n <= MOST_ATTEMPTS && make_attempts(r, trial, n);
    for (size_t i = 0; good && i < n; i++)
        good = read_attempt(r, trial, i, json_array_get(list, i));
    return good;
}

/* ---- Observations ---- */

static void add_unused(struct import *import, const char *name)
{
    size_t len = strlen(import->unused), n = strlen(name);
    const char *at = strstr(import->unused, name);
    bool known =
        at != NULL && (at == import->unused || at[-1] == ' ') && (at[n] == '\0' || at[n] == ',');
    if (!known && len + n + 3 < sizeof import->unused)
        snprintf(import->unused + len, sizeof import->unused - len, "%s%s", len > 0 ? ", " : "",
                 name);
}

static const char *metric_name(const struct spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->n_metrics; i++)
        if (strcmp(spec->metrics[i].name, name) == 0)
            return spec->metrics[i].name;
    return NULL;
}

static void add_observation(struct import_trial *trial, const char *metric, int64_t seq,
                            double step, double value)
{
    int64_t attempt = (int64_t)trial->n_attempts;
    trial->observations[trial->n_observations++] =
        (struct observation){.attempt = attempt > 0 ? attempt : 1,
                             .metric = metric,
                             .seq = seq,
                             .step = step,
                             .at = trial->ended_at != 0 ? trial->ended_at : time_now_ms(),
                             .value = value};
}

/* A file may have the objectives as `values` only: each is then an observation of its metric. */
static void add_objectives(const struct spec *spec, struct import_trial *trial,
                           const double *values)
{
    for (size_t i = 0; i < spec->n_objectives && trial->values != NULL; i++) {
        bool known = false;
        for (size_t k = 0; k < trial->n_observations; k++)
            known = known || strcmp(trial->observations[k].metric, spec->objectives[i].metric) == 0;
        if (!known)
            add_observation(trial, spec->objectives[i].metric, 0, 1, values[i]);
    }
}

static bool read_metrics(struct reading *r, struct import_trial *trial, const double *values)
{
    const struct spec *spec = r->import->spec;
    json_t *metrics = json_object_get(r->object, "metrics");
    const char *name;
    json_t *summary;
    const json_t *curve = json_object_get(r->object, "curve"), *point;
    size_t i, n_points = json_array_size(curve);
    size_t room = 2 * json_object_size(metrics) + spec->n_objectives + n_points;
    trial->observations = arena_array(&r->import->arena, room, sizeof *trial->observations);
    if (trial->observations == NULL) {
        error_memory(r->err);
        return false;
    }
    json_array_foreach(curve, i, point)
    {
        double step, value;
        if (!to_number(json_array_get(point, 0), &step) ||
            !to_number(json_array_get(point, 1), &value) || !(step >= 0))
            return problem(r, "curve", spec->objectives[0].metric, "a point is [step, value]");
        add_observation(trial, spec->objectives[0].metric, (int64_t)i, step, value);
    }
    json_object_foreach(metrics, name, summary)
    {
        double last, best, n = 1;
        if (n_points > 0 && strcmp(name, spec->objectives[0].metric) == 0)
            continue; /* the curve says more */
        const char *metric = metric_name(spec, name);
        const json_t *last_json = json_object_get(summary, "last");
        if (metric == NULL) {
            add_unused(r->import, name);
            continue;
        }
        if (last_json == NULL || json_is_null(last_json))
            continue;
        if (!to_number(last_json, &last))
            return problem(r, "metric", name, "its value is no number");
        to_number(json_object_get(summary, "n"), &n);
        bool two = to_number(json_object_get(summary, "best"), &best) && best != last && n >= 2;
        if (two)
            add_observation(trial, metric, 0, 1, best);
        add_observation(trial, metric, two ? 1 : 0, n >= 1 ? n : 1, last);
    }
    add_objectives(spec, trial, values);
    return trial->n_observations == 0 || trial->n_attempts > 0 || make_attempts(r, trial, 1);
}

/* ---- Trials ---- */

static bool keep_reasons(struct reading *r, struct import_trial *trial)
{
    const char *why = json_string_value(json_object_get(r->object, "why"));
    const char *reason = json_string_value(json_object_get(r->object, "stop_reason"));
    trial->why = why != NULL ? keep_text(r->import, why) : NULL;
    trial->reason = reason != NULL ? keep_text(r->import, reason) : NULL;
    if ((why == NULL || trial->why != NULL) && (reason == NULL || trial->reason != NULL))
        return true;
    error_memory(r->err);
    return false;
}

/** Read one object into *trial; *left_out when it says nothing that could be used. */
static bool read_trial(struct reading *r, struct import_trial *trial, bool *left_out)
{
    struct import *import = r->import;
    hone_setting *settings;
    size_t n = 0;
    double values[HONE_MAX_OUTCOMES] = {0};
    uint64_t id;
    *trial = (struct import_trial){0};
    if (!json_is_object(r->object)) {
        error_set(r->err, HONE_EINVAL, "a trial is a JSON object");
        return false;
    }
    if (!read_state(r, &trial->state, left_out))
        return false;
    if (*left_out)
        return true;
    if (!read_params(r, &settings, &n) || !read_values(r, trial, values, left_out))
        return false;
    if (*left_out)
        return true;
    trial->params = keep_json(import, json_of_settings(settings, n));
    if (trial->params == NULL) {
        error_memory(r->err);
        return false;
    }
    if (!read_time(r, r->object, "started_at", &trial->started_at) ||
        !read_time(r, r->object, "ended_at", &trial->ended_at) || !read_attempts(r, trial) ||
        !read_metrics(r, trial, values) || !keep_reasons(r, trial))
        return false;
    return hone_add(import->checker, settings, n, trial->values != NULL ? values : NULL,
                    spec_outcomes(import->spec), &id, r->err) == HONE_OK;
}

hone_status import_add(struct import *import, const json_t *object, hone_error *err)
{
    struct reading r = {.import = import, .object = object, .err = err};
    bool left_out = false;
    if (import->n == import->room) {
        size_t room = import->room > 0 ? 2 * import->room : 64;
        struct import_trial *trials = import->trials != NULL
                                          ? mem_resize(import->trials, room, sizeof *trials)
                                          : mem_array(room, sizeof *trials);
        if (trials == NULL)
            return error_memory(err);
        import->trials = trials;
        import->room = room;
    }
    if (!read_trial(&r, &import->trials[import->n], &left_out))
        return err->status;
    import->n += !left_out;
    import->n_left_out += left_out;
    return HONE_OK;
}

/** Each line an object; empty lines are skipped. */
static json_t *read_lines(const char *text, hone_error *err)
{
    json_t *array = json_array();
    int64_t line = 1;
    for (const char *at = text; array != NULL && *at != '\0'; line++) {
        size_t len = strcspn(at, "\n");
        if (len > strspn(at, " \t\r")) {
            hone_error detail = {0};
            json_t *object = json_read(at, len, &detail);
            if (object == NULL) {
                error_set(err, HONE_EINVAL, "%lld: %s", (long long)line, detail.text);
                json_decref(array);
                return NULL;
            }
            json_object_set_new(object, "line", json_integer(line));
            json_array_append_new(array, object);
        }
        at += len + (at[len] == '\n');
    }
    return array;
}

static json_t *parse(const struct buf *text, const struct spec *spec, hone_error *err)
{
    char first = text->data[strspn(text->data, " \t\r\n")];
    if (first == '{')
        return read_lines(text->data, err);
    if (first == '[')
        return json_read(text->data, text->len, err);
    if (first == '\0') {
        error_set(err, HONE_EINVAL, "1: the file is empty");
        return NULL;
    }
    return import_csv(text->data, text->len, spec, err);
}

static hone_optimizer *new_checker(const struct spec *spec, hone_error *err)
{
    hone_options options = spec->options;
    options.strategy = "random"; /* fits no model */
    options.stopping = "none";
    return hone_optimizer_new(spec->space, &options, err);
}

hone_status import_begin(struct import *import, const struct spec *spec, const char *origin,
                         hone_error *err)
{
    *import = (struct import){.spec = spec, .checker = new_checker(spec, err)};
    if (import->checker == NULL)
        return HONE_EINVAL;
    import->origin = keep_text(import, origin);
    return import->origin != NULL ? HONE_OK : error_memory(err);
}

/* Takes the reference. */
static hone_status add_all(struct import *import, json_t *array, const char *path, hone_error *err)
{
    hone_error detail = {0};
    hone_status status = HONE_OK;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *object = json_array_get(array, i);
        const json_t *line = json_object_get(object, "line");
        if (import_add(import, object, &detail) == HONE_OK)
            continue;
        status = line != NULL
                     ? error_set(err, HONE_EINVAL, "%s:%lld: %s", path,
                                 (long long)json_integer_value(line), detail.text)
                     : error_set(err, HONE_EINVAL, "%s: trial %zu: %s", path, i, detail.text);
        break;
    }
    json_decref(array);
    return status;
}

hone_status import_text(struct import *import, const struct spec *spec, const struct buf *text,
                        const char *path, hone_error *err)
{
    hone_error detail = {0};
    hone_status status = import_begin(import, spec, "imported", err);
    if (status != HONE_OK)
        return status;
    json_t *array = parse(text, spec, &detail);
    if (array == NULL)
        status = error_set(err, HONE_EINVAL, "%s:%s%s", path,
                           detail.text[0] >= '0' && detail.text[0] <= '9' ? "" : " ", detail.text);
    else
        status = add_all(import, array, path, err);
    if (status != HONE_OK)
        import_release(import);
    return status;
}

static hone_status read_optuna(struct import *import, const struct spec *spec, const char *path,
                               const char *study, hone_error *err)
{
    hone_error detail = {0};
    hone_status status = import_begin(import, spec, "imported", err);
    if (status != HONE_OK)
        return status;
    json_t *array = import_optuna(path, study, spec, &detail);
    status = array != NULL ? add_all(import, array, path, err)
                           : error_set(err, detail.status, "%s %s", path, detail.text);
    if (status != HONE_OK)
        import_release(import);
    return status;
}

hone_status import_read(struct import *import, const struct spec *spec, const char *path,
                        const char *study, hone_error *err)
{
    struct buf text;
    *import = (struct import){0};
    buf_init(&text, LARGEST_FILE);
    hone_status status = file_read(path, &text, err);
    bool optuna = status == HONE_OK && import_is_optuna(text.data, text.len);
    if (status == HONE_OK && !optuna && study != NULL)
        status =
            error_set(err, HONE_EINVAL, "%s is no storage of studies, and --study names one", path);
    else if (status == HONE_OK && !optuna)
        status = import_text(import, spec, &text, path, err);
    buf_release(&text);
    return optuna ? read_optuna(import, spec, path, study, err) : status;
}

/* ---- Known ones ---- */

/* A row as a key: what two imports of one trial have in common. mem_free. */
static char *key_of(const struct trial_row *row)
{
    struct buf key;
    buf_init(&key, 1 << 24);
    buf_printf(&key, "%d %lld %lld %s %s", (int)row->state, (long long)row->started_at,
               (long long)row->ended_at, row->params, row->values != NULL ? row->values : "");
    char *text = buf_take(&key);
    buf_release(&key);
    return text;
}

/* Add to the number that a key has; what it was before, or -1 when memory is out. */
static json_int_t count(json_t *counts, const struct trial_row *row, int by)
{
    char *key = key_of(row);
    if (key == NULL)
        return -1;
    json_int_t n = json_integer_value(json_object_get(counts, key));
    if (n + by >= 0 && json_object_set_new(counts, key, json_integer(n + by)) != 0)
        n = -1;
    mem_free(key);
    return n;
}

static hone_status known_visit(void *context, const struct trial_row *row, hone_error *err)
{
    return count(context, row, 1) >= 0 ? HONE_OK : error_memory(err);
}

hone_status import_drop_known(struct import *import, struct store *store, int64_t study,
                              hone_error *err)
{
    json_t *counts = json_object();
    hone_status status = counts != NULL ? store_trials(store, study, -1, known_visit, counts, err)
                                        : error_memory(err);
    size_t kept = 0;
    for (size_t i = 0; i < import->n && status == HONE_OK; i++) {
        struct trial_row row = import_row(import, i, 0);
        json_int_t n = count(counts, &row, -1);
        if (n < 0)
            status = error_memory(err);
        else if (n == 0)
            import->trials[kept++] = import->trials[i];
    }
    json_decref(counts);
    if (status == HONE_OK) {
        import->n_known = import->n - kept;
        import->n = kept;
    }
    return status;
}

void import_release(struct import *import)
{
    hone_optimizer_free(import->checker);
    mem_free(import->trials);
    arena_release(&import->arena);
    *import = (struct import){0};
}

/* A stopped trial is known to the search by its last value, not by a final one. */
static void add_outcome(const struct import *import, const struct import_trial *trial,
                        struct buf *body)
{
    const char *metric = import->spec->objectives[0].metric;
    if (trial->state == HONE_TRIAL_COMPLETED)
        buf_printf(body, ",\"values\":%s", trial->values);
    for (size_t i = trial->n_observations; trial->state == HONE_TRIAL_STOPPED && i-- > 0;) {
        const struct observation *o = &trial->observations[i];
        if (strcmp(o->metric, metric) != 0)
            continue;
        buf_text(body, ",\"last\":{\"step\":");
        buf_double(body, o->step);
        buf_text(body, ",\"value\":");
        buf_double(body, o->value);
        buf_char(body, '}');
        return;
    }
}

char *import_event(const struct import *import, size_t i)
{
    const struct import_trial *trial = &import->trials[i];
    struct buf body;
    buf_init(&body, 1 << 24);
    buf_printf(&body, "{\"params\":%s", trial->params);
    add_outcome(import, trial, &body);
    buf_char(&body, '}');
    char *text = buf_take(&body);
    buf_release(&body);
    return text;
}

struct trial_row import_row(const struct import *import, size_t i, int64_t number)
{
    const struct import_trial *trial = &import->trials[i];
    bool stopped = trial->state == HONE_TRIAL_STOPPED;
    return (struct trial_row){.number = number,
                              .origin = import->origin,
                              .state = trial->state,
                              .params = trial->params,
                              /* What a stopped trial reached is its last observation. */
                              .values = stopped ? NULL : trial->values,
                              .why = trial->why,
                              .reason = trial->reason,
                              .started_at = trial->started_at,
                              .ended_at = trial->ended_at};
}

static hone_status write_event(const struct import *import, size_t i, struct store *store,
                               int64_t number, int64_t now, uint64_t epoch, hone_error *err)
{
    char *body = import_event(import, i);
    struct event event = {
        .at = now, .epoch = epoch, .kind = EVENT_ADD, .trial = number, .body = body};
    hone_status status = body == NULL ? error_memory(err) : store_put_event(store, &event, err);
    mem_free(body);
    return status;
}

static hone_status write_trial(const struct import *import, size_t i, struct store *store,
                               int64_t number, hone_error *err)
{
    const struct import_trial *trial = &import->trials[i];
    struct trial_row row = import_row(import, i, number);
    hone_status status = store_put_trial(store, &row, err);
    for (size_t k = 0; k < trial->n_attempts && status == HONE_OK; k++) {
        struct attempt_row attempt = trial->attempts[k];
        attempt.trial = number;
        status = store_put_attempt(store, &attempt, err);
    }
    for (size_t k = 0; k < trial->n_observations && status == HONE_OK; k++) {
        struct observation observation = trial->observations[k];
        observation.trial = number;
        status = store_put_observations(store, &observation, 1, err);
    }
    return status;
}

hone_status import_write(const struct import *import, struct store *store, int64_t first,
                         int64_t now, uint64_t epoch, hone_error *err)
{
    hone_status status = HONE_OK;
    for (size_t i = 0; i < import->n && status == HONE_OK; i++) {
        int64_t number = first + (int64_t)i;
        status = write_event(import, i, store, number, now, epoch, err);
        if (status == HONE_OK)
            status = write_trial(import, i, store, number, err);
    }
    return status;
}
