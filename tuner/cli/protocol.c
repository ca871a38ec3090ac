/*
 * protocol.c: the requests of the ask-tell protocol.
 *
 * Each request first checks all of its entries and then carries them out, so that one bad entry
 * leaves everything as it was. Replies are written as text at once: the order of parameters is that
 * of their declaration.
 */
#include "cli/protocol.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/json.h"
#include "study/optimizer.h"

#define MAX_ASKED 10000

void session_release(struct session *session)
{
    hone_optimizer_free(session->opt);
    hone_space_free(session->space);
    for (size_t i = 0; i < HONE_MAX_OBJECTIVES; i++)
        mem_free(session->objectives[i]);
    for (size_t i = 0; i < HONE_MAX_CONSTRAINTS; i++)
        mem_free(session->constraints[i]);
    *session = (struct session){0};
}

/* ---- Writing ----------------------------------------------------------------------------------
 */

static const char *status_name(hone_status status)
{
    switch (status) {
#define STATUS_NAME(name, value, text)                                                             \
    case HONE_##name:                                                                              \
        return #name;
        HONE_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
    }
    return "EINVAL";
}

static void write_number(struct buf *out, double x)
{
    if (x == 0.0 && signbit(x))
        buf_text(out, "-0.0"); /* -0 would be read as the integer 0 */
    else
        buf_double(out, x);
}

static void write_params(const hone_trial *trial, struct buf *out)
{
    size_t n;
    const hone_setting *settings = hone_trial_settings(trial, &n);
    buf_printf(out, "\"id\":%llu,\"params\":{", (unsigned long long)hone_trial_id(trial));
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_char(out, ',');
        buf_json(out, settings[i].name);
        buf_char(out, ':');
        if (settings[i].value.kind == HONE_VALUE_NUMBER)
            write_number(out, settings[i].value.number);
        else
            buf_json(out, settings[i].value.text);
    }
    buf_char(out, '}');
}

/* The constraints that name a metric follow each other; it is written once. */
static bool names_again(const struct session *s, size_t i)
{
    return i > 0 && strcmp(s->constraints[i], s->constraints[i - 1]) == 0;
}

static void write_trial_with_values(const struct session *s, const hone_trial *trial,
                                    struct buf *out)
{
    size_t n_told, n = s->n_objectives;
    const double *values = hone_trial_values(trial, &n_told);
    buf_char(out, '{');
    write_params(trial, out);
    buf_text(out, n > 1 ? ",\"values\":[" : ",\"value\":");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_char(out, ',');
        write_number(out, values[i]);
    }
    buf_text(out, n > 1 ? "]" : "");
    for (size_t i = 0; i < s->n_constraints; i++) {
        if (names_again(s, i))
            continue;
        buf_text(out, i > 0 ? "," : ",\"constraints\":{");
        buf_json(out, s->constraints[i]);
        buf_char(out, ':');
        write_number(out, values[n + i]);
    }
    buf_text(out, s->n_constraints > 0 ? "}}" : "}");
}

/* ---- Reading ----------------------------------------------------------------------------------
 */

static hone_status need_array(const json_t *json, const char *request, hone_error *err)
{
    if (json_is_array(json))
        return HONE_OK;
    return error_set(err, HONE_EINVAL, "\"%s\" must be an array of objects", request);
}

static hone_status need_object(const json_t *json, const char *request, size_t i, hone_error *err)
{
    if (json_is_object(json))
        return HONE_OK;
    return error_set(err, HONE_EINVAL, "%s[%zu] must be an object", request, i);
}

/* The running trial that an entry names, or NULL with the reason in err. */
static const hone_trial *entry_trial(const struct session *s, const json_t *entry, const char *what,
                                     hone_error *err)
{
    const json_t *id = json_object_get(entry, "id");
    if (!json_is_integer(id) || json_integer_value(id) < 0) {
        error_set(err, HONE_EINVAL, "%s: \"id\" must be a trial's number", what);
        return NULL;
    }
    uint64_t number = (uint64_t)json_integer_value(id);
    const hone_trial *trial = hone_find(s->opt, number);
    if (trial == NULL)
        error_set(err, HONE_ENOTFOUND, "%s: there is no trial %llu", what,
                  (unsigned long long)number);
    else if (hone_trial_state_of(trial) != HONE_TRIAL_RUNNING) {
        error_set(err, HONE_ESTATE, "%s: trial %llu was told before", what,
                  (unsigned long long)number);
        trial = NULL;
    }
    return trial;
}

/* A number, or what stands for one that is not finite. */
static bool read_value(const json_t *json, double *out)
{
    if (json_is_number(json)) {
        *out = json_number_value(json);
        return true;
    }
    const char *text = json_string_value(json);
    if (json_is_null(json) || (text != NULL && strcmp(text, "NaN") == 0))
        *out = (double)NAN;
    else if (text != NULL && strcmp(text, "Infinity") == 0)
        *out = (double)INFINITY;
    else if (text != NULL && strcmp(text, "-Infinity") == 0)
        *out = -(double)INFINITY;
    else
        return false;
    return true;
}

static hone_status no_value(const char *what, hone_error *err)
{
    return error_set(err, HONE_EINVAL,
                     "%s: a value must be a number, null, \"NaN\", \"Infinity\" or "
                     "\"-Infinity\"",
                     what);
}

/* "constraints": {"latency": 25.1}, a value of each metric that has a limit. */
static hone_status read_limited(const struct session *s, const json_t *entry, const char *what,
                                double *values, hone_error *err)
{
    const json_t *given = json_object_get(entry, "constraints");
    const char *names[HONE_MAX_CONSTRAINTS + 1] = {NULL};
    if (given == NULL && s->n_constraints == 0)
        return HONE_OK;
    if (s->n_constraints == 0)
        return error_set(err, HONE_EINVAL, "%s: the study has no constraints", what);
    if (!json_is_object(given))
        return error_set(err, HONE_EINVAL, "%s: \"constraints\" must be an object: %s", what,
                         "a value for each of them");
    for (size_t i = 0; i < s->n_constraints; i++) {
        const json_t *value = json_object_get(given, s->constraints[i]);
        names[i] = s->constraints[i];
        if (value == NULL)
            return error_set(err, HONE_EINVAL, "%s: constraint \"%.60s\" has no value", what,
                             names[i]);
        if (!read_value(value, &values[i]))
            return no_value(what, err);
    }
    return protocol_check_keys(given, names, what, err);
}

/* "value" of one objective, "values" of any number, and those of the constraints' metrics. */
static hone_status read_values(const struct session *s, const json_t *entry, const char *what,
                               double values[HONE_MAX_OUTCOMES], hone_error *err)
{
    const json_t *one = json_object_get(entry, "value"), *all = json_object_get(entry, "values");
    size_t n = s->n_objectives;
    if (one != NULL && all != NULL)
        return error_set(err, HONE_EINVAL, "%s: give \"value\" or \"values\", not both", what);
    if (one == NULL && all == NULL)
        return error_set(err, HONE_EINVAL, "%s: \"%s\" is missing", what,
                         n > 1 ? "values" : "value");
    if (one != NULL && n > 1)
        return error_set(err, HONE_EINVAL, "%s: with %zu objectives \"values\" is needed", what, n);
    if (all != NULL && (!json_is_array(all) || json_array_size(all) != n))
        return error_set(err, HONE_EINVAL, "%s: \"values\" must be an array of %zu numbers", what,
                         n);
    for (size_t i = 0; i < n; i++)
        if (!read_value(one != NULL ? one : json_array_get(all, i), &values[i]))
            return no_value(what, err);
    return read_limited(s, entry, what, values + n, err);
}

static bool has_values(const json_t *entry)
{
    return json_object_get(entry, "value") != NULL || json_object_get(entry, "values") != NULL ||
           json_object_get(entry, "constraints") != NULL;
}

/* ---- Requests ---------------------------------------------------------------------------------
 */

static hone_status do_space(struct session *s, const json_t *object, struct buf *out,
                            hone_error *err)
{
    hone_status status = session_begin(s, object, err);
    uint64_t size = 0;
    if (status == HONE_OK)
        status = hone_space_size(s->space, &size, err);
    if (status != HONE_OK)
        return status;
    buf_text(out, "{\"ok\":true,\"version\":");
    buf_json(out, hone_version());
    if (size > 0)
        buf_printf(out, ",\"size\":%llu}", (unsigned long long)size);
    else
        buf_text(out, ",\"size\":null}");
    return HONE_OK;
}

static hone_status do_ask(struct session *s, const json_t *count, struct buf *out, hone_error *err)
{
    if (!json_is_integer(count) || json_integer_value(count) < 0 ||
        json_integer_value(count) > MAX_ASKED)
        return error_set(err, HONE_EINVAL, "\"ask\" must be an integer in [0, %d]", MAX_ASKED);
    buf_text(out, "{\"trials\":[");
    hone_error reason = {0};
    bool exhausted = false;
    for (json_int_t i = 0; i < json_integer_value(count) && !exhausted; i++) {
        const hone_trial *trial = hone_ask(s->opt, &reason);
        exhausted = trial == NULL;
        if (exhausted)
            break;
        buf_text(out, i > 0 ? ",{" : "{");
        write_params(trial, out);
        buf_char(out, '}');
    }
    if (exhausted && reason.status != HONE_EEXHAUSTED)
        return error_set(err, reason.status, "%s", reason.text);
    buf_text(out, exhausted ? "],\"exhausted\":true}" : "]}");
    return HONE_OK;
}

struct told {
    uint64_t id;
    hone_trial_state state;
    double values[HONE_MAX_OUTCOMES];
};

static hone_status read_told(const struct session *s, const json_t *entry, const char *what,
                             struct told *out, hone_error *err)
{
    static const char *const keys[] = {"id", "value", "values", "state", "constraints", NULL};
    static const char *const names[] = {"completed", "stopped", "failed", "cancelled"};
    static const hone_trial_state states[] = {HONE_TRIAL_COMPLETED, HONE_TRIAL_STOPPED,
                                              HONE_TRIAL_FAILED, HONE_TRIAL_CANCELLED};
    hone_status status = protocol_check_keys(entry, keys, what, err);
    if (status != HONE_OK)
        return status;
    hone_error reason = {0};
    const hone_trial *trial = entry_trial(s, entry, what, &reason);
    if (trial == NULL)
        return error_set(err, reason.status, "%s", reason.text);
    out->id = hone_trial_id(trial);
    out->state = HONE_TRIAL_COMPLETED;
    const json_t *state = json_object_get(entry, "state");
    if (state != NULL) {
        size_t i = 0;
        const char *name = json_string_value(state);
        while (i < 4 && (name == NULL || strcmp(name, names[i]) != 0))
            i++;
        if (i == 4)
            return error_set(err, HONE_EINVAL,
                             "%s: state must be completed, stopped, failed or cancelled", what);
        out->state = states[i];
    }
    if (out->state == HONE_TRIAL_COMPLETED)
        return read_values(s, entry, what, out->values, err);
    if (has_values(entry))
        return error_set(err, HONE_EINVAL, "%s: a %s trial has no value", what,
                         json_string_value(state));
    return HONE_OK;
}

static hone_status carry_out(struct session *s, const struct told *told, hone_error *err)
{
    switch (told->state) {
    case HONE_TRIAL_COMPLETED:
        return hone_tell(s->opt, told->id, told->values, s->n_objectives + s->n_constraints, err);
    case HONE_TRIAL_STOPPED:
        return hone_tell_stopped(s->opt, told->id, err);
    case HONE_TRIAL_FAILED:
        return hone_tell_failed(s->opt, told->id, err);
    case HONE_TRIAL_CANCELLED:
        return hone_tell_cancelled(s->opt, told->id, err);
    case HONE_TRIAL_RUNNING:
        break;
    }
    return HONE_OK;
}

static hone_status do_tell(struct session *s, const json_t *list, struct buf *out, hone_error *err)
{
    hone_status status = need_array(list, "tell", err);
    if (status != HONE_OK)
        return status;
    size_t n = json_array_size(list);
    struct told *told = mem_array(n, sizeof *told);
    if (told == NULL)
        return error_memory(err);
    for (size_t i = 0; i < n && status == HONE_OK; i++) {
        char what[40];
        snprintf(what, sizeof what, "tell[%zu]", i);
        const json_t *entry = json_array_get(list, i);
        status = need_object(entry, "tell", i, err);
        if (status == HONE_OK)
            status = read_told(s, entry, what, &told[i], err);
        for (size_t k = 0; k < i && status == HONE_OK; k++)
            if (told[k].id == told[i].id)
                status = error_set(err, HONE_EINVAL, "%s: trial %llu is told twice", what,
                                   (unsigned long long)told[i].id);
    }
    for (size_t i = 0; i < n && status == HONE_OK; i++)
        status = carry_out(s, &told[i], err);
    mem_free(told);
    buf_text(out, "{\"ok\":true}");
    return status;
}

struct reported {
    uint64_t id;
    double step, values[HONE_MAX_OBJECTIVES];
    size_t n; /* objectives, from the first */
};

static hone_status read_reported(const struct session *s, const json_t *entry, const char *what,
                                 struct reported *out, hone_error *err)
{
    static const char *const keys[] = {"id", "step", "value", "values", NULL};
    hone_status status = protocol_check_keys(entry, keys, what, err);
    if (status != HONE_OK)
        return status;
    hone_error reason = {0};
    const hone_trial *trial = entry_trial(s, entry, what, &reason);
    if (trial == NULL)
        return error_set(err, reason.status, "%s", reason.text);
    out->id = hone_trial_id(trial);
    const json_t *step = json_object_get(entry, "step"), *value = json_object_get(entry, "value");
    const json_t *all = json_object_get(entry, "values");
    out->n = value == NULL && all != NULL ? s->n_objectives : 1;
    if (!json_is_number(step) || !(json_number_value(step) >= 0.0))
        return error_set(err, HONE_EINVAL, "%s: \"step\" must be a number of at least 0", what);
    out->step = json_number_value(step);
    if (value != NULL && all != NULL)
        return error_set(err, HONE_EINVAL, "%s: give \"value\" or \"values\", not both", what);
    if (all != NULL && (!json_is_array(all) || json_array_size(all) != out->n))
        return error_set(err, HONE_EINVAL, "%s: \"values\" must be an array of %zu numbers", what,
                         out->n);
    for (size_t j = 0; j < out->n; j++) {
        const json_t *one = all != NULL ? json_array_get(all, j) : value;
        if (one == NULL || !read_value(one, &out->values[j]))
            return error_set(err, HONE_EINVAL, "%s: \"value\" must be a number", what);
    }
    return HONE_OK;
}

/* All objectives, the rule being asked with the last one. */
static hone_status report_one(struct session *s, const struct reported *r, bool *stop,
                              hone_error *err)
{
    hone_status status = HONE_OK;
    for (size_t j = 0; j < r->n && status == HONE_OK; j++)
        status = hone_report_objective(s->opt, r->id, j, r->step, r->values[j],
                                       j + 1 < r->n ? NULL : stop, err);
    return status;
}

static void write_stops(const struct session *s, const uint64_t *ids, size_t n, struct buf *out)
{
    buf_text(out, "{\"stop\":[");
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s%llu", i > 0 ? "," : "", (unsigned long long)ids[i]);
    buf_char(out, ']');
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s\"%llu\":", i > 0 ? "," : ",\"reasons\":{", (unsigned long long)ids[i]);
        buf_json(out, hone_trial_reason(hone_find(s->opt, ids[i])));
    }
    buf_text(out, n > 0 ? "}}" : "}");
}

static hone_status do_report(struct session *s, const json_t *list, struct buf *out,
                             hone_error *err)
{
    hone_status status = need_array(list, "report", err);
    if (status != HONE_OK)
        return status;
    size_t n = json_array_size(list), n_stopped = 0;
    struct reported *reported = mem_array(n, sizeof *reported);
    uint64_t *stopped = mem_array(n, sizeof *stopped);
    if (reported == NULL || stopped == NULL)
        status = error_memory(err);
    for (size_t i = 0; i < n && status == HONE_OK; i++) {
        char what[40];
        snprintf(what, sizeof what, "report[%zu]", i);
        const json_t *entry = json_array_get(list, i);
        status = need_object(entry, "report", i, err);
        if (status == HONE_OK)
            status = read_reported(s, entry, what, &reported[i], err);
    }
    for (size_t i = 0; i < n && status == HONE_OK; i++) {
        const struct reported *r = &reported[i];
        bool stop = false, known = false;
        status = report_one(s, r, &stop, err);
        for (size_t k = 0; k < n_stopped; k++)
            known = known || stopped[k] == r->id;
        if (stop && !known)
            stopped[n_stopped++] = r->id;
    }
    if (status == HONE_OK)
        write_stops(s, stopped, n_stopped, out);
    mem_free(stopped);
    mem_free(reported);
    return status;
}

/* One entry of "add", checked and then, when commit is set, carried out. */
static hone_status add_one(struct session *s, const json_t *entry, size_t i, bool commit,
                           uint64_t *id, hone_error *err)
{
    static const char *const keys[] = {"params", "value", "values", "constraints", "state", NULL};
    char what[40];
    snprintf(what, sizeof what, "add[%zu]", i);
    hone_status status = need_object(entry, "add", i, err);
    if (status == HONE_OK)
        status = protocol_check_keys(entry, keys, what, err);
    if (status != HONE_OK)
        return status;
    const json_t *params = json_object_get(entry, "params"),
                 *state = json_object_get(entry, "state");
    if (!json_is_object(params))
        return error_set(err, HONE_EINVAL, "%s: \"params\" must be an object", what);
    const char *name = json_string_value(state);
    bool failed = name != NULL && strcmp(name, "failed") == 0;
    if (state != NULL && !failed && (name == NULL || strcmp(name, "completed") != 0))
        return error_set(err, HONE_EINVAL, "%s: state must be completed or failed", what);
    if (failed && has_values(entry))
        return error_set(err, HONE_EINVAL, "%s: a failed trial has no value", what);
    double values[HONE_MAX_OUTCOMES];
    if (!failed)
        status = read_values(s, entry, what, values, err);
    if (status != HONE_OK)
        return status;

    hone_error reason = {0};
    size_t n;
    hone_setting *settings = json_to_settings(params, &n, &reason);
    double *row = mem_array(s->opt->space->n, sizeof *row);
    if (settings == NULL)
        status = reason.status;
    else if (row == NULL)
        status = error_memory(&reason);
    else if (commit)
        status = hone_add(s->opt, settings, n, failed ? NULL : values,
                          s->n_objectives + s->n_constraints, id, &reason);
    else
        status = space_row_of(s->opt->space, settings, n, row, &reason);
    mem_free(row);
    mem_free(settings);
    if (status != HONE_OK)
        error_set(err, status, "%s: %s", what, reason.text);
    return status;
}

static hone_status do_add(struct session *s, const json_t *list, struct buf *out, hone_error *err)
{
    hone_status status = need_array(list, "add", err);
    size_t n = json_array_size(list);
    for (size_t i = 0; i < n && status == HONE_OK; i++)
        status = add_one(s, json_array_get(list, i), i, false, NULL, err);
    buf_text(out, "{\"ids\":[");
    for (size_t i = 0; i < n && status == HONE_OK; i++) {
        uint64_t id = 0;
        status = add_one(s, json_array_get(list, i), i, true, &id, err);
        buf_printf(out, "%s%llu", i > 0 ? "," : "", (unsigned long long)id);
    }
    buf_text(out, "]}");
    return status;
}

static hone_status do_enqueue(struct session *s, const json_t *list, struct buf *out,
                              hone_error *err)
{
    hone_status status = need_array(list, "enqueue", err);
    size_t before = s->opt->n_queued;
    for (size_t i = 0; i < json_array_size(list) && status == HONE_OK; i++) {
        const json_t *entry = json_array_get(list, i);
        status = need_object(entry, "enqueue", i, err);
        if (status != HONE_OK)
            break;
        hone_error reason = {0};
        size_t n;
        hone_setting *settings = json_to_settings(entry, &n, &reason);
        status = settings != NULL ? hone_enqueue(s->opt, settings, n, &reason) : reason.status;
        mem_free(settings);
        if (status != HONE_OK)
            error_set(err, status, "enqueue[%zu]: %s", i, reason.text);
    }
    if (status != HONE_OK)
        queue_cut(s->opt, before);
    buf_text(out, "{\"ok\":true}");
    return status;
}

static hone_status do_transfer(struct session *s, const json_t *list, struct buf *out,
                               hone_error *err)
{
    size_t n = 0, used = 0;
    hone_status status = need_array(list, "transfer", err);
    if (status != HONE_OK)
        return status;
    hone_error reason = {0};
    hone_result *results = json_to_results(list, &n, &reason);
    status = results != NULL ? hone_transfer(s->opt, results, n, &used, &reason) : reason.status;
    mem_free(results);
    if (status != HONE_OK)
        return error_set(err, status, "transfer: %s", reason.text);
    buf_printf(out, "{\"used\":%zu}", used);
    return HONE_OK;
}

static void write_front(const struct session *s, struct buf *out)
{
    size_t n;
    const hone_trial *const *front = hone_front(s->opt, &n);
    buf_text(out, "{\"front\":[");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_char(out, ',');
        write_trial_with_values(s, front[i], out);
    }
    buf_char(out, ']');
    double volume = hone_hypervolume(s->opt); /* not a number without a reference */
    if (isfinite(volume)) {
        buf_text(out, ",\"hypervolume\":");
        buf_double(out, volume);
    }
    buf_char(out, '}');
}

static hone_status do_best(struct session *s, const json_t *json, struct buf *out, hone_error *err)
{
    if (!json_is_true(json))
        return error_set(err, HONE_EINVAL, "\"best\" must be true");
    if (s->n_objectives > 1) {
        write_front(s, out);
        return HONE_OK;
    }
    const hone_trial *best = hone_best(s->opt);
    buf_text(out, "{\"trial\":");
    if (best != NULL)
        write_trial_with_values(s, best, out);
    else
        buf_text(out, "null");
    buf_char(out, '}');
    return HONE_OK;
}

static hone_status do_importance(struct session *s, const json_t *json, struct buf *out,
                                 hone_error *err)
{
    if (!json_is_true(json))
        return error_set(err, HONE_EINVAL, "\"importance\" must be true");
    hone_effects *effects = hone_importance(s->opt, NULL, 0, err);
    if (effects == NULL)
        return err->status;
    buf_text(out, "{\"importance\":{");
    for (size_t i = 0; i < effects->n; i++) {
        if (i > 0)
            buf_char(out, ',');
        buf_json(out, effects->effects[i].name);
        buf_char(out, ':');
        write_number(out, effects->effects[i].share);
    }
    buf_printf(out, "},\"method\":\"%s\"}", effects->method);
    hone_effects_free(effects);
    return HONE_OK;
}

/* One number, or an array where there are several objectives. */
static void write_numbers(const char *key, const double *x, size_t n, struct buf *out)
{
    buf_printf(out, "\"%s\":%s", key, n > 1 ? "[" : "");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_char(out, ',');
        write_number(out, x[i]);
    }
    if (n > 1)
        buf_char(out, ']');
}

static hone_status predict_one(hone_model *const *models, size_t n, const json_t *entry, size_t i,
                               struct buf *out, hone_error *err)
{
    double mean[HONE_MAX_OBJECTIVES], sd[HONE_MAX_OBJECTIVES], sd_run[HONE_MAX_OBJECTIVES];
    hone_error reason = {0};
    size_t n_settings;
    hone_status status = need_object(entry, "predict", i, err);
    if (status != HONE_OK)
        return status;
    hone_setting *settings = json_to_settings(entry, &n_settings, &reason);
    status = settings != NULL ? HONE_OK : reason.status;
    for (size_t k = 0; k < n && status == HONE_OK; k++) {
        hone_prediction predicted = {0};
        status = hone_predict(models[k], settings, n_settings, &predicted, &reason);
        mean[k] = predicted.mean;
        sd[k] = predicted.sd;
        sd_run[k] = predicted.sd_run;
    }
    mem_free(settings);
    if (status != HONE_OK)
        return error_set(err, status, "predict[%zu]: %s", i, reason.text);
    buf_text(out, i > 0 ? ",{" : "{");
    write_numbers("mean", mean, n, out);
    buf_char(out, ',');
    write_numbers("sd", sd, n, out);
    buf_char(out, ',');
    write_numbers("sd_run", sd_run, n, out);
    buf_char(out, '}');
    return HONE_OK;
}

static hone_status do_predict(struct session *s, const json_t *list, struct buf *out,
                              hone_error *err)
{
    hone_model *models[HONE_MAX_OBJECTIVES] = {NULL};
    hone_status status = need_array(list, "predict", err);
    for (size_t k = 0; k < s->n_objectives && status == HONE_OK; k++) {
        models[k] = hone_model_new(s->opt, k, err);
        status = models[k] != NULL ? HONE_OK : err->status;
    }
    buf_text(out, "{\"predictions\":[");
    for (size_t i = 0; i < json_array_size(list) && status == HONE_OK; i++)
        status = predict_one(models, s->n_objectives, json_array_get(list, i), i, out, err);
    buf_text(out, "]}");
    for (size_t k = 0; k < s->n_objectives; k++)
        hone_model_free(models[k]);
    return status;
}

static const struct request {
    const char *key;
    hone_status (*run)(struct session *, const json_t *, struct buf *, hone_error *);
} requests[] = {
    {"ask", do_ask},         {"tell", do_tell},
    {"report", do_report},   {"add", do_add},
    {"enqueue", do_enqueue}, {"transfer", do_transfer},
    {"best", do_best},       {"importance", do_importance},
    {"predict", do_predict},
};

#define N_REQUESTS (sizeof requests / sizeof requests[0])

static hone_status serve(struct session *s, const json_t *object, struct buf *out, hone_error *err)
{
    if (!json_is_object(object))
        return error_set(err, HONE_EINVAL, "a line must be a JSON object");
    if (json_object_get(object, "space") != NULL)
        return do_space(s, object, out, err);
    const struct request *request = NULL;
    const char *keys[N_REQUESTS + 2] = {"space"};
    for (size_t i = 0; i < N_REQUESTS; i++) {
        keys[i + 1] = requests[i].key;
        if (json_object_get(object, requests[i].key) == NULL)
            continue;
        if (request != NULL)
            return error_set(err, HONE_EINVAL, "one request a line, got \"%s\" and \"%s\"",
                             request->key, requests[i].key);
        request = &requests[i];
    }
    hone_status status = protocol_check_keys(object, keys, "request", err);
    if (status != HONE_OK)
        return status;
    if (request == NULL)
        return error_set(err, HONE_EINVAL, "a request needs one of its keys, such as \"ask\"");
    if (s->opt == NULL)
        return error_set(err, HONE_ESTATE, "the first line must have \"space\"");
    return request->run(s, json_object_get(object, request->key), out, err);
}

void session_answer(struct session *session, const char *line, size_t len, struct buf *out)
{
    hone_error err = {0}, reason = {0};
    hone_status status = HONE_OK;
    size_t start = out->len;
    json_t *object = json_read(line, len, &reason);
    if (object == NULL)
        status = error_set(&err, reason.status, "not JSON: %s", reason.text);
    else
        status = serve(session, object, out, &err);
    json_decref(object);
    if (status != HONE_OK && !out->failed) {
        /* Drop what was written of a reply. */
        out->len = start;
        out->data[start] = '\0';
        buf_printf(out, "{\"error\":{\"code\":\"%s\",\"message\":", status_name(status));
        buf_json(out, err.text);
        buf_text(out, "}}");
    }
    buf_char(out, '\n');
}
