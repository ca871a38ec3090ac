/*
 * import_optuna.c: a study of Optuna's, out of its SQLite storage, as objects in the form of the
 * JSON export.
 *
 * Tables and columns are those of Optuna 3 to 5: studies, study_directions, trials, trial_params
 * (a choice is the index into its distribution's list), trial_values, trial_intermediate_values
 * (the curve of the first objective), trial_user_attributes (numbers that are named like a metric
 * of the study, such as a constraint's). COMPLETE is completed, PRUNED is stopped with the last
 * intermediate value, FAIL is failed; the rest runs. An infinite value is a failure. Times are
 * those of a clock on a wall, without a zone: they are taken as UTC.
 */
#include "report/import.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "io/json.h"

enum { BUSY_MS = 10000 }; /* its own writer is at work for moments only */

struct optuna {
    sqlite3 *db;
    const struct spec *spec;
    const char *path, *name; /* of the study in it */
    int64_t study;
    hone_error *err;
};

/* ---- Rows ---- */

/* A statement with an id bound to its first place; NULL and an error. */
static sqlite3_stmt *prepare(struct optuna *o, const char *sql, int64_t id)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(o->db, sql, -1, &statement, NULL) == SQLITE_OK &&
        (sqlite3_bind_parameter_count(statement) == 0 ||
         sqlite3_bind_int64(statement, 1, id) == SQLITE_OK))
        return statement;
    sqlite3_finalize(statement);
    error_set(o->err, HONE_EINVAL, "is not read as a storage of Optuna 3 to 5: %s",
              sqlite3_errmsg(o->db));
    return NULL;
}

/* The next row; at the end, and after a failure, the statement is gone. */
static bool next(struct optuna *o, sqlite3_stmt **statement)
{
    if (*statement == NULL)
        return false;
    int result = sqlite3_step(*statement);
    if (result == SQLITE_ROW)
        return true;
    if (result != SQLITE_DONE)
        error_set(o->err, HONE_EIO, "%s", sqlite3_errmsg(o->db));
    sqlite3_finalize(*statement);
    *statement = NULL;
    return false;
}

static const char *text_at(sqlite3_stmt *row, int column)
{
    const unsigned char *text = sqlite3_column_text(row, column);
    return text != NULL ? (const char *)text : "";
}

static bool failed(const struct optuna *o)
{
    return o->err->status != HONE_OK;
}

/* ---- Which study ---- */

/* "a, b and 3 more". */
static void list_names(struct optuna *o, char *out, size_t size)
{
    enum { SHOWN = 8 };
    int n = 0;
    out[0] = '\0';
    sqlite3_stmt *row = prepare(o, "SELECT study_name FROM studies ORDER BY study_id", 0);
    for (; next(o, &row); n++) {
        size_t used = strlen(out);
        if (n < SHOWN)
            snprintf(out + used, size - used, "%s%s", n > 0 ? ", " : "", text_at(row, 0));
    }
    if (n > SHOWN)
        snprintf(out + strlen(out), size - strlen(out), " and %d more", n - SHOWN);
}

static void find_study(struct optuna *o)
{
    char names[600];
    int n = 0, found = 0;
    sqlite3_stmt *row = prepare(o, "SELECT study_id, study_name FROM studies", 0);
    for (; next(o, &row); n++) {
        if (o->name != NULL && strcmp(o->name, text_at(row, 1)) != 0)
            continue;
        o->study = sqlite3_column_int64(row, 0);
        found++;
    }
    if (failed(o) || found == 1)
        return;
    list_names(o, names, sizeof names);
    if (failed(o))
        return;
    if (n == 0)
        error_set(o->err, HONE_EINVAL, "has no study");
    else if (o->name != NULL)
        error_set(o->err, HONE_EINVAL, "has no study \"%s\"; there are %s", o->name, names);
    else
        error_set(o->err, HONE_EINVAL, "has %d studies, name one of them by --study: %s", n, names);
}

static void check_directions(struct optuna *o)
{
    const struct spec *spec = o->spec;
    size_t n = 0;
    sqlite3_stmt *row =
        prepare(o, "SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective",
                o->study);
    for (; next(o, &row); n++) {
        bool maximize = strcmp(text_at(row, 0), "MAXIMIZE") == 0;
        if (n < spec->n_objectives && maximize != spec->objectives[n].maximize && !failed(o))
            error_set(o->err, HONE_EINVAL, "has a study that is %s, and here \"%s\" is %s",
                      maximize ? "maximized" : "minimized", spec->objectives[n].metric,
                      maximize ? "minimized" : "maximized");
    }
    if (!failed(o) && n != spec->n_objectives)
        error_set(o->err, HONE_EINVAL, "has a study with %zu objectives, and this one has %zu", n,
                  spec->n_objectives);
}

/* ---- Parameters ---- */

/* A truth value, or none, as the study has it: one of `words` that is among the values. */
static json_t *word_of(const struct spec *spec, const char *name, const char *const words[3])
{
    for (size_t i = 0; i < spec->n_parameters; i++) {
        const struct parameter *p = &spec->parameters[i];
        for (size_t k = 0; k < p->n_values && strcmp(p->name, name) == 0; k++)
            for (size_t w = 0; w < 3; w++)
                if (p->values[k].kind == HONE_VALUE_TEXT &&
                    strcmp(p->values[k].text, words[w]) == 0)
                    return json_string(words[w]);
    }
    return json_string(words[0]);
}

static json_t *choice_of(const struct spec *spec, const char *name, json_t *choice)
{
    static const char *const yes[3] = {"True", "true", "yes"},
                             *const no[3] = {"False", "false", "no"},
                             *const none[3] = {"None", "none", "null"};
    if (json_is_true(choice))
        return word_of(spec, name, yes);
    if (json_is_false(choice))
        return word_of(spec, name, no);
    return json_is_null(choice) ? word_of(spec, name, none) : json_incref(choice);
}

static void add_param(struct optuna *o, sqlite3_stmt *row, json_t *params)
{
    hone_error detail = {0};
    const char *name = text_at(row, 0), *text = text_at(row, 2);
    double value = sqlite3_column_double(row, 1);
    json_t *distribution = json_read(text, strlen(text), &detail);
    json_t *choices = json_object_get(json_object_get(distribution, "attributes"), "choices");
    json_t *choice = choices != NULL && value >= 0 && value < (double)json_array_size(choices)
                         ? json_array_get(choices, (size_t)value)
                         : NULL;
    if (distribution == NULL || (choices != NULL && choice == NULL))
        error_set(o->err, HONE_EINVAL, "has a parameter \"%s\" that cannot be read", name);
    else
        json_object_set_new(params, name,
                            choice != NULL ? choice_of(o->spec, name, choice) : json_real(value));
    json_decref(distribution);
}

/* ---- Trials ---- */

/* The values of the objectives; *finite says whether all of them are. */
static json_t *values_of(struct optuna *o, int64_t trial, bool *finite)
{
    json_t *values = json_array();
    sqlite3_stmt *row = prepare(
        o, "SELECT value, value_type FROM trial_values WHERE trial_id = ? ORDER BY objective",
        trial);
    *finite = true;
    while (next(o, &row)) {
        bool good =
            strcmp(text_at(row, 1), "FINITE") == 0 && isfinite(sqlite3_column_double(row, 0));
        *finite = *finite && good;
        json_array_append_new(values,
                              good ? json_real(sqlite3_column_double(row, 0)) : json_null());
    }
    return values;
}

static json_t *curve_of(struct optuna *o, int64_t trial)
{
    json_t *curve = json_array();
    sqlite3_stmt *row =
        prepare(o,
                "SELECT step, intermediate_value FROM trial_intermediate_values WHERE trial_id = ? "
                "AND intermediate_value_type = 'FINITE' ORDER BY step",
                trial);
    while (next(o, &row))
        json_array_append_new(curve, json_pack("[f, f]", sqlite3_column_double(row, 0),
                                               sqlite3_column_double(row, 1)));
    return curve;
}

/* Numbers that a script has kept beside the objectives. */
static json_t *metrics_of(struct optuna *o, int64_t trial)
{
    json_t *metrics = json_object();
    sqlite3_stmt *row =
        prepare(o, "SELECT key, value_json FROM trial_user_attributes WHERE trial_id = ?", trial);
    while (next(o, &row)) {
        const char *name = text_at(row, 0), *text = text_at(row, 1);
        json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
        for (size_t i = 0; i < o->spec->n_metrics; i++)
            if (json_is_number(value) && strcmp(o->spec->metrics[i].name, name) == 0)
                json_object_set_new(metrics, name, json_pack("{s:O}", "last", value));
        json_decref(value);
    }
    return metrics;
}

static void set_time(json_t *object, const char *key, const char *text)
{
    char utc[48];
    if (text[0] == '\0')
        return;
    snprintf(utc, sizeof utc, "%.40sZ", text);
    json_object_set_new(object, key, json_string(utc));
}

static const char *state_of(const char *theirs, bool finite)
{
    if (strcmp(theirs, "COMPLETE") == 0)
        return finite ? "completed" : "failed";
    return strcmp(theirs, "PRUNED") == 0 ? "stopped"
           : strcmp(theirs, "FAIL") == 0 ? "failed"
                                         : "running";
}

/* A trial that was stopped is worth its last value. */
static void set_last(const struct optuna *o, json_t *object, json_t *metrics, const json_t *curve)
{
    size_t n = json_array_size(curve);
    if (n > 0)
        json_object_set_new(
            metrics, o->spec->objectives[0].metric,
            json_pack("{s:O}", "last", json_array_get(json_array_get(curve, n - 1), 1)));
    json_object_del(object, "values");
}

static json_t *trial_of(struct optuna *o, sqlite3_stmt *trial)
{
    char why[200];
    bool finite;
    int64_t id = sqlite3_column_int64(trial, 0);
    json_t *params = json_object(), *values = values_of(o, id, &finite);
    json_t *curve = curve_of(o, id), *metrics = metrics_of(o, id);
    const char *state = state_of(text_at(trial, 2), finite);
    snprintf(why, sizeof why, "trial %lld of Optuna's %.100s",
             (long long)sqlite3_column_int64(trial, 1), o->name);
    json_t *object =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:[{}]}", "state", state, "params", params,
                  "values", values, "curve", curve, "metrics", metrics, "why", why, "attempts");
    if (strcmp(state, "stopped") == 0)
        set_last(o, object, metrics, curve);
    json_t *attempt = json_array_get(json_object_get(object, "attempts"), 0);
    for (int i = 0; object != NULL && i < 2; i++) {
        set_time(i == 0 ? object : attempt, "started_at", text_at(trial, 3));
        set_time(i == 0 ? object : attempt, "ended_at", text_at(trial, 4));
    }
    sqlite3_stmt *row = prepare(o,
                                "SELECT param_name, param_value, distribution_json FROM "
                                "trial_params WHERE trial_id = ? ORDER BY param_id",
                                id);
    while (next(o, &row))
        add_param(o, row, params);
    if (object == NULL)
        error_memory(o->err);
    return object;
}

static json_t *read_trials(struct optuna *o)
{
    json_t *list = json_array();
    sqlite3_stmt *row = prepare(o,
                                "SELECT trial_id, number, state, datetime_start, datetime_complete "
                                "FROM trials WHERE study_id = ? ORDER BY number",
                                o->study);
    while (!failed(o) && next(o, &row))
        json_array_append_new(list, trial_of(o, row));
    sqlite3_finalize(row);
    if (!failed(o))
        return list;
    json_decref(list);
    return NULL;
}

/* The name where none was given: of the only study. */
static char *only_name(struct optuna *o)
{
    char *name = NULL;
    sqlite3_stmt *row = prepare(o, "SELECT study_name FROM studies WHERE study_id = ?", o->study);
    while (next(o, &row))
        name = mem_text(text_at(row, 0));
    return name;
}

bool import_is_optuna(const char *data, size_t len)
{
    static const char magic[] = "SQLite format 3"; /* with its NUL */
    return len >= sizeof magic && memcmp(data, magic, sizeof magic) == 0;
}

json_t *import_optuna(const char *path, const char *study, const struct spec *spec, hone_error *err)
{
    hone_error problem = {0};
    struct optuna o = {.spec = spec, .path = path, .name = study, .err = &problem};
    json_t *list = NULL;
    char *name = NULL;
    if (sqlite3_open_v2(path, &o.db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        error_set(&problem, HONE_EIO, "%s", o.db != NULL ? sqlite3_errmsg(o.db) : "out of memory");
    if (!failed(&o))
        sqlite3_busy_timeout(o.db, BUSY_MS);
    /* All of it as of one moment, though the study may still run. */
    if (!failed(&o) && sqlite3_exec(o.db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        error_set(&problem, HONE_EIO, "%s", sqlite3_errmsg(o.db));
    if (!failed(&o))
        find_study(&o);
    if (!failed(&o))
        check_directions(&o);
    if (!failed(&o))
        o.name = name = only_name(&o);
    if (!failed(&o))
        list = name != NULL ? read_trials(&o) : NULL;
    if (list == NULL && !failed(&o))
        error_memory(&problem);
    sqlite3_close(o.db);
    mem_free(name);
    if (list == NULL)
        error_set(err, problem.status, "%s", problem.text);
    return list;
}
