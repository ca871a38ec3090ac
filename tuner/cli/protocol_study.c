/* protocol_study.c: the first line of the ask-tell protocol: space, objectives and options. */
#include "cli/protocol.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/json.h"

hone_status protocol_check_keys(const json_t *object, const char *const *keys, const char *what,
                                hone_error *err)
{
    size_t n = 0;
    while (keys[n] != NULL)
        n++;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        size_t i = 0;
        while (i < n && strcmp(keys[i], key) != 0)
            i++;
        if (i < n)
            continue;
        const char *near = str_nearest(key, keys, n);
        return error_set(err, HONE_EINVAL, "%s: unknown key \"%.60s\"%s%s%s", what, key,
                         near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
                         near != NULL ? "\"?" : "");
    }
    return HONE_OK;
}

static hone_status get_text(const json_t *object, const char *key, const char *what,
                            const char **out, hone_error *err)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL)
        return HONE_OK;
    if (!json_is_string(value))
        return error_set(err, HONE_EINVAL, "%s: \"%s\" must be a string", what, key);
    *out = json_string_value(value);
    return HONE_OK;
}

/* A number; *out is left alone when the key is not there. */
static hone_status get_number(const json_t *object, const char *key, const char *what, double *out,
                              hone_error *err)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL)
        return HONE_OK;
    if (!json_is_number(value))
        return error_set(err, HONE_EINVAL, "%s: \"%s\" must be a number", what, key);
    *out = json_number_value(value);
    return HONE_OK;
}

static hone_status get_count(const json_t *object, const char *key, const char *what, int64_t min,
                             uint64_t *out, hone_error *err)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL)
        return HONE_OK;
    if (!json_is_integer(value) || json_integer_value(value) < min)
        return error_set(err, HONE_EINVAL, "%s: \"%s\" must be an integer of at least %lld", what,
                         key, (long long)min);
    *out = (uint64_t)json_integer_value(value);
    return HONE_OK;
}

static hone_status get_switch(const json_t *object, const char *key, const char *what, bool *out,
                              hone_error *err)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL)
        return HONE_OK;
    if (!json_is_boolean(value))
        return error_set(err, HONE_EINVAL, "%s: \"%s\" must be true or false", what, key);
    *out = json_is_true(value);
    return HONE_OK;
}

/* An array of values, or one value; mem_free. Texts are borrowed. */
static hone_status get_values(const json_t *json, const char *what, hone_value **out, size_t *n_out,
                              hone_error *err)
{
    size_t n = json_is_array(json) ? json_array_size(json) : 1;
    hone_value *values = mem_array(n, sizeof *values);
    if (values == NULL)
        return error_memory(err);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_is_array(json) ? json_array_get(json, i) : json;
        if (json_to_value(item, &values[i]))
            continue;
        mem_free(values);
        return error_set(err, HONE_EINVAL, "%s: value %zu is neither a number nor a string", what,
                         i + 1);
    }
    *out = values;
    *n_out = n;
    return HONE_OK;
}

static hone_status read_scale(const char *name, const char *what, hone_scale *out, hone_error *err)
{
    static const char *const names[] = {"linear", "log", "reverse-log", "auto"};
    static const hone_scale scales[] = {HONE_LINEAR, HONE_LOG, HONE_REVERSE_LOG, HONE_AUTO};
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        *out = scales[i];
        return HONE_OK;
    }
    return error_set(err, HONE_EINVAL,
                     "%s: scale must be linear, log, reverse-log or auto, got \"%.60s\"", what,
                     name);
}

static hone_status read_range(hone_space *space, const json_t *param, const char *name,
                              const char *what, bool is_int, hone_error *err)
{
    static const char *const keys[] = {"name", "type",    "min",   "max",  "scale",
                                       "step", "default", "prior", "when", NULL};
    double min = (double)NAN, max = (double)NAN, step = 0.0;
    const char *scale_name = "linear";
    hone_scale scale = HONE_LINEAR;
    hone_status status = protocol_check_keys(param, keys, what, err);
    if (status == HONE_OK)
        status = get_number(param, "min", what, &min, err);
    if (status == HONE_OK)
        status = get_number(param, "max", what, &max, err);
    if (status == HONE_OK)
        status = get_number(param, "step", what, &step, err);
    if (status == HONE_OK)
        status = get_text(param, "scale", what, &scale_name, err);
    if (status == HONE_OK)
        status = read_scale(scale_name, what, &scale, err);
    if (status != HONE_OK)
        return status;
    if (isnan(min) || isnan(max))
        return error_set(err, HONE_EINVAL, "%s: \"%s\" is missing", what,
                         isnan(min) ? "min" : "max");
    if (is_int && (min != floor(min) || max != floor(max)))
        return error_set(err, HONE_EINVAL, "%s: min and max of an int must be whole numbers", what);
    if (is_int && (fabs(min) > 0x1p53 || fabs(max) > 0x1p53))
        return error_set(err, HONE_EINVAL, "%s: bounds of an int must be within -2^53 and 2^53",
                         what);
    status = is_int ? hone_space_add_int(space, name, (int64_t)min, (int64_t)max, scale, err)
                    : hone_space_add_float(space, name, min, max, scale, err);
    if (status == HONE_OK && json_object_get(param, "step") != NULL)
        status = hone_space_set_step(space, name, step, err);
    return status;
}

static hone_status read_listed(hone_space *space, const json_t *param, const char *name,
                               const char *what, bool is_ordered, hone_error *err)
{
    static const char *const keys[] = {"name", "type", "values", "default", "prior", "when", NULL};
    hone_status status = protocol_check_keys(param, keys, what, err);
    if (status != HONE_OK)
        return status;
    const json_t *list = json_object_get(param, "values");
    if (!json_is_array(list))
        return error_set(err, HONE_EINVAL, "%s: \"values\" must be an array", what);
    hone_value *values;
    size_t n;
    status = get_values(list, what, &values, &n, err);
    if (status != HONE_OK)
        return status;
    status = is_ordered ? hone_space_add_ordinal(space, name, n, values, err)
                        : hone_space_add_choice(space, name, n, values, err);
    mem_free(values);
    return status;
}

static hone_status read_when(hone_space *space, const json_t *when, const char *name,
                             const char *what, hone_error *err)
{
    if (!json_is_object(when))
        return error_set(err, HONE_EINVAL, "%s: \"when\" must be an object {parent: [values]}",
                         what);
    const char *parent;
    json_t *list;
    json_object_foreach((json_t *)(uintptr_t)when, parent, list)
    {
        hone_value *values;
        size_t n;
        hone_status status = get_values(list, what, &values, &n, err);
        if (status != HONE_OK)
            return status;
        status = hone_space_add_condition(space, name, parent, n, values, err);
        mem_free(values);
        if (status != HONE_OK)
            return status;
    }
    return HONE_OK;
}

/* {"at": 0.001, "sd": 0.1}; of a choice a weight for each of its values, in their order. */
static hone_status read_prior(hone_space *space, const json_t *prior, const char *name,
                              const char *what, hone_error *err)
{
    static const char *const keys[] = {"at", "sd", NULL};
    double weights[64], sd = 0.2;
    hone_value at;
    size_t n = json_array_size(prior);
    if (json_is_array(prior) && n <= sizeof weights / sizeof weights[0]) {
        for (size_t i = 0; i < n; i++)
            weights[i] = json_is_number(json_array_get(prior, i))
                             ? json_number_value(json_array_get(prior, i))
                             : -1.0;
        return hone_space_set_weights(space, name, n, weights, err);
    }
    if (!json_is_object(prior) || !json_to_value(json_object_get(prior, "at"), &at))
        return error_set(
            err, HONE_EINVAL,
            "%s: \"prior\" must be {\"at\": VALUE, \"sd\": SHARE}, of a choice an array "
            "of weights",
            what);
    hone_status status = protocol_check_keys(prior, keys, what, err);
    if (status == HONE_OK)
        status = get_number(prior, "sd", what, &sd, err);
    return status == HONE_OK ? hone_space_set_prior(space, name, at, sd, err) : status;
}

static hone_status read_param(hone_space *space, const json_t *param, size_t number,
                              hone_error *err)
{
    char what[160];
    snprintf(what, sizeof what, "space[%zu]", number);
    if (!json_is_object(param))
        return error_set(err, HONE_EINVAL, "%s must be an object", what);
    const char *name = NULL, *type = NULL;
    hone_status status = get_text(param, "name", what, &name, err);
    if (status == HONE_OK)
        status = get_text(param, "type", what, &type, err);
    if (status != HONE_OK)
        return status;
    if (name == NULL || type == NULL)
        return error_set(err, HONE_EINVAL, "%s: \"%s\" is missing", what,
                         name == NULL ? "name" : "type");
    snprintf(what, sizeof what, "parameter \"%.100s\"", name);
    if (strcmp(type, "float") == 0 || strcmp(type, "int") == 0)
        status = read_range(space, param, name, what, type[0] == 'i', err);
    else if (strcmp(type, "ordinal") == 0 || strcmp(type, "choice") == 0)
        status = read_listed(space, param, name, what, type[0] == 'o', err);
    else
        status =
            error_set(err, HONE_EINVAL,
                      "%s: type must be float, int, ordinal or choice, got \"%.60s\"", what, type);
    const json_t *first = json_object_get(param, "default"), *when = json_object_get(param, "when"),
                 *prior = json_object_get(param, "prior");
    if (status == HONE_OK && first != NULL) {
        hone_value value;
        status = json_to_value(first, &value)
                     ? hone_space_set_default(space, name, value, err)
                     : error_set(err, HONE_EINVAL,
                                 "%s: \"default\" is neither a number nor a string", what);
    }
    if (status == HONE_OK && prior != NULL)
        status = read_prior(space, prior, name, what, err);
    if (status == HONE_OK && when != NULL)
        status = read_when(space, when, name, what, err);
    return status;
}

static hone_status read_space(hone_space *space, const json_t *study, hone_error *err)
{
    const json_t *params = json_object_get(study, "space"),
                 *where = json_object_get(study, "where");
    if (!json_is_array(params))
        return error_set(err, HONE_EINVAL, "\"space\" must be an array of parameters");
    hone_status status = HONE_OK;
    for (size_t i = 0; i < json_array_size(params) && status == HONE_OK; i++)
        status = read_param(space, json_array_get(params, i), i, err);
    if (status != HONE_OK || where == NULL)
        return status;
    if (!json_is_array(where))
        return error_set(err, HONE_EINVAL, "\"where\" must be an array of expressions");
    for (size_t i = 0; i < json_array_size(where) && status == HONE_OK; i++) {
        const char *expression = json_string_value(json_array_get(where, i));
        status = expression != NULL ? hone_space_add_where(space, expression, err)
                                    : error_set(err, HONE_EINVAL, "where[%zu] must be a string", i);
    }
    return status;
}

static hone_status read_objective(struct session *s, const json_t *objective, size_t i,
                                  hone_options *options, hone_error *err)
{
    static const char *const keys[] = {"name", "goal", "reference", NULL};
    char what[40];
    snprintf(what, sizeof what, "objectives[%zu]", i);
    if (!json_is_object(objective))
        return error_set(err, HONE_EINVAL, "%s must be an object", what);
    const char *name = "objective", *goal = "minimize";
    hone_status status = protocol_check_keys(objective, keys, what, err);
    if (status == HONE_OK)
        status = get_text(objective, "name", what, &name, err);
    if (status == HONE_OK)
        status = get_text(objective, "goal", what, &goal, err);
    if (status != HONE_OK)
        return status;
    if (strcmp(goal, "minimize") != 0 && strcmp(goal, "maximize") != 0)
        return error_set(err, HONE_EINVAL, "%s: goal must be minimize or maximize, got \"%.60s\"",
                         what, goal);
    for (size_t k = 0; k < i; k++)
        if (strcmp(s->objectives[k], name) == 0)
            return error_set(err, HONE_EINVAL, "%s: the name \"%.60s\" is used before", what, name);
    options->maximize[i] = goal[1] == 'a';
    const json_t *reference = json_object_get(objective, "reference");
    if (reference != NULL && !json_is_number(reference))
        return error_set(err, HONE_EINVAL, "%s: reference must be a number", what);
    if (i > 0 && options->has_reference != (reference != NULL))
        return error_set(err, HONE_EINVAL, "all objectives have a reference, or none has one");
    options->has_reference = reference != NULL;
    options->reference[i] = json_number_value(reference);
    s->objectives[i] = mem_text(name);
    return s->objectives[i] != NULL ? HONE_OK : error_memory(err);
}

static hone_status read_objectives(struct session *s, const json_t *study, hone_options *options,
                                   hone_error *err)
{
    const json_t *list = json_object_get(study, "objectives");
    if (list == NULL) {
        s->n_objectives = 1;
        s->objectives[0] = mem_text("objective");
        return s->objectives[0] != NULL ? HONE_OK : error_memory(err);
    }
    size_t n = json_is_array(list) ? json_array_size(list) : 0;
    if (n < 1 || n > HONE_MAX_OBJECTIVES)
        return error_set(err, HONE_EINVAL, "\"objectives\" must be an array of 1 to %d objects",
                         HONE_MAX_OBJECTIVES);
    s->n_objectives = n;
    for (size_t i = 0; i < n; i++) {
        hone_status status = read_objective(s, json_array_get(list, i), i, options, err);
        if (status != HONE_OK)
            return status;
    }
    return HONE_OK;
}

/* {"name": "latency", "max": 30}, or "min", or both: a constraint each. */
static hone_status read_constraint(struct session *s, const json_t *constraint, size_t i,
                                   hone_options *options, hone_error *err)
{
    static const char *const keys[] = {"name", "min", "max", NULL};
    static const char *const limits[] = {"max", "min"};
    char what[40];
    snprintf(what, sizeof what, "constraints[%zu]", i);
    if (!json_is_object(constraint))
        return error_set(err, HONE_EINVAL, "%s must be an object", what);
    const char *name = NULL;
    hone_status status = protocol_check_keys(constraint, keys, what, err);
    if (status == HONE_OK)
        status = get_text(constraint, "name", what, &name, err);
    if (status != HONE_OK)
        return status;
    if (name == NULL)
        return error_set(err, HONE_EINVAL, "%s: \"name\" is missing", what);
    if (json_object_size(constraint) < 2)
        return error_set(err, HONE_EINVAL, "%s: \"max\" or \"min\" is missing", what);
    for (size_t k = 0; k < s->n_constraints; k++)
        if (strcmp(s->constraints[k], name) == 0)
            return error_set(err, HONE_EINVAL, "%s: the name \"%.60s\" is used before", what, name);
    for (size_t k = 0; k < 2 && status == HONE_OK; k++) {
        if (json_object_get(constraint, limits[k]) == NULL)
            continue;
        if (s->n_constraints == HONE_MAX_CONSTRAINTS)
            return error_set(err, HONE_EINVAL, "there can be at most %d constraints",
                             HONE_MAX_CONSTRAINTS);
        hone_constraint *out = &options->constraints[s->n_constraints];
        out->at_least = k == 1;
        status = get_number(constraint, limits[k], what, &out->limit, err);
        s->constraints[s->n_constraints] = mem_text(name);
        if (s->constraints[s->n_constraints] == NULL)
            return error_memory(err);
        s->n_constraints++;
    }
    return status;
}

static hone_status read_constraints(struct session *s, const json_t *study, hone_options *options,
                                    hone_error *err)
{
    const json_t *list = json_object_get(study, "constraints");
    hone_status status = HONE_OK;
    if (list != NULL && !json_is_array(list))
        return error_set(err, HONE_EINVAL, "\"constraints\" must be an array of objects");
    for (size_t i = 0; i < json_array_size(list) && status == HONE_OK; i++)
        status = read_constraint(s, json_array_get(list, i), i, options, err);
    options->n_constraints = s->n_constraints;
    return status;
}

static hone_status read_strategy(const json_t *study, hone_options *options, hone_error *err)
{
    static const char *const keys[] = {"name", "points", "shuffle", NULL};
    const json_t *strategy = json_object_get(study, "strategy");
    if (!json_is_object(strategy))
        return get_text(study, "strategy", "study", &options->strategy, err);
    hone_status status = protocol_check_keys(strategy, keys, "strategy", err);
    if (status == HONE_OK)
        status = get_text(strategy, "name", "strategy", &options->strategy, err);
    if (status == HONE_OK)
        status = get_count(strategy, "points", "strategy", 1, &options->grid_points, err);
    if (status == HONE_OK)
        status = get_switch(strategy, "shuffle", "strategy", &options->shuffle, err);
    return status;
}

static hone_status read_stopping(const json_t *study, hone_options *options, hone_error *err)
{
    static const char *const keys[] = {"rule",         "warmup", "min_resource",
                                       "max_resource", "eta",    NULL};
    const json_t *stopping = json_object_get(study, "stopping");
    if (!json_is_object(stopping))
        return get_text(study, "stopping", "study", &options->stopping, err);
    hone_status status = get_text(stopping, "rule", "stopping", &options->stopping, err);
    if (status == HONE_OK)
        status = protocol_check_keys(stopping, keys, "stopping", err);
    if (status == HONE_OK)
        status = get_count(stopping, "warmup", "stopping", 0, &options->warmup, err);
    if (status == HONE_OK)
        status = get_number(stopping, "min_resource", "stopping", &options->min_resource, err);
    if (status == HONE_OK)
        status = get_number(stopping, "max_resource", "stopping", &options->max_resource, err);
    if (status == HONE_OK)
        status = get_number(stopping, "eta", "stopping", &options->eta, err);
    return status;
}

static hone_status read_options(const json_t *study, hone_options *options, hone_error *err)
{
    static const char *const keys[] = {"space", "where",  "objectives", "constraints", "strategy",
                                       "seed",  "budget", "parallel",   "stopping",    NULL};
    hone_status status = protocol_check_keys(study, keys, "study", err);
    if (status == HONE_OK)
        status = read_strategy(study, options, err);
    if (status == HONE_OK)
        status = read_stopping(study, options, err);
    if (status == HONE_OK)
        status = get_count(study, "seed", "study", 0, &options->seed, err);
    if (status == HONE_OK)
        status = get_count(study, "budget", "study", 1, &options->budget, err);
    if (status == HONE_OK)
        status = get_count(study, "parallel", "study", 1, &options->parallel, err);
    return status;
}

hone_status session_begin(struct session *session, const json_t *object, hone_error *err)
{
    struct session next = {0};
    hone_options options = {0};
    hone_status status = read_options(object, &options, err);
    if (status != HONE_OK)
        goto out;
    next.space = hone_space_new();
    status = next.space != NULL ? read_space(next.space, object, err) : error_memory(err);
    if (status == HONE_OK)
        status = read_objectives(&next, object, &options, err);
    if (status == HONE_OK)
        status = read_constraints(&next, object, &options, err);
    if (status != HONE_OK)
        goto out;
    options.n_objectives = next.n_objectives;
    hone_error reason = {0};
    next.opt = hone_optimizer_new(next.space, &options, &reason);
    if (next.opt == NULL)
        status = error_set(err, reason.status, "%s", reason.text);
out:
    if (status != HONE_OK) {
        session_release(&next);
        return status;
    }
    session_release(session);
    *session = next;
    return HONE_OK;
}
