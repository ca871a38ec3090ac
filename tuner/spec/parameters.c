/*
 * parameters.c: the search space: the keys parameters, where and start.
 *
 * The engine has the last word on bounds, scales and expressions. What is checked here is what has
 * no meaning for it: the types of the file, keys that do not go together, names of parents.
 */
#include "spec/read_int.h"

#include <math.h>
#include <string.h>

#include "base/str.h"
#include "io/json.h"
#include "spec/short.h"

#define DEFAULT_PRIOR_SD 0.2

static const char *const type_words = "float|int|ordinal|choice";
static const char *const scale_words = "linear|log|reverse-log|auto";
static const char *const type_names[] = {"float", "int", "ordinal", "choice"};
static const char *const scale_names[] = {"linear", "log", "reverse-log", "auto"};

static bool is_numeric(const struct parameter *p)
{
    return p->type == PARAMETER_FLOAT || p->type == PARAMETER_INT;
}

static const struct parameter *find_parameter(const struct spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->n_parameters; i++)
        if (strcmp(spec->parameters[i].name, name) == 0)
            return &spec->parameters[i];
    return NULL;
}

/* The engine's text says `parameter "lr": ...` itself. */
static void engine_problem(struct reader *r, const struct node *at, const char *subject,
                           const hone_error *err)
{
    const char *text = err->text;
    size_t len = strlen(subject);
    if (strncmp(text, subject, len) == 0 && strncmp(text + len, ": ", 2) == 0)
        text += len + 2;
    problem(r, at, subject, "%s", text);
}

static bool same_value(hone_value a, hone_value b)
{
    if (a.kind != b.kind)
        return false;
    return a.kind == HONE_VALUE_NUMBER ? a.number == b.number : strcmp(a.text, b.text) == 0;
}

/**
 * The value that a node means for a parameter: for one with values the equal one, else the one that
 * is written the same (1 for '1'), so that a flag need not quote.
 */
static bool value_for(struct reader *r, const struct parameter *p, const struct node *node,
                      const char *subject, hone_value *out)
{
    if (is_numeric(p)) {
        double x;
        if (!read_number(r, node, subject, &x))
            return false;
        *out = HONE_NUMBER(x);
        return true;
    }
    hone_value value;
    if (!read_value(r, node, subject, &value))
        return false;
    for (size_t i = 0; i < p->n_values; i++) {
        if (same_value(p->values[i], value)) {
            *out = p->values[i];
            return true;
        }
    }
    for (size_t i = 0; i < p->n_values; i++) {
        if (node->plain && p->values[i].kind == HONE_VALUE_TEXT &&
            strcmp(p->values[i].text, node->text) == 0) {
            *out = p->values[i];
            return true;
        }
    }
    if (value.kind == HONE_VALUE_NUMBER)
        problem(r, node, subject, "the number %.60s is none of the values of \"%s\"", node->text,
                p->name);
    else
        problem(r, node, subject, "the text %s is none of the values of \"%s\"",
                quoted(r, node->text), p->name);
    return false;
}

/* ---- One parameter ---- */

static bool read_bound(struct reader *r, const struct node *map, const char *key,
                       const char *subject, const struct parameter *p, double *out)
{
    const struct node *node = node_find(map, key);
    if (node == NULL) {
        problem(r, map, subject, "key \"%s\" is missing", key);
        return false;
    }
    if (!read_number(r, node, phrase(r, "%s: %s", subject, key), out))
        return false;
    if (p->type == PARAMETER_INT && *out != floor(*out)) {
        problem(r, node, subject, "%s of an int is a whole number, %s", key, got(r, node));
        return false;
    }
    return true;
}

static bool read_values(struct reader *r, const struct node *map, const char *subject,
                        struct parameter *p)
{
    const struct node *list = node_find(map, "values");
    if (list == NULL || list->kind != NODE_LIST) {
        problem(r, list != NULL ? list : map, subject, "%s needs a list of values",
                p->type == PARAMETER_CHOICE ? "a choice" : "an ordinal");
        return false;
    }
    p->values = keep(r, list->n, sizeof *p->values);
    if (p->values == NULL)
        return false;
    bool fine = true;
    for (const struct node *item = list->first; item != NULL; item = item->next) {
        if (read_value(r, item, subject, &p->values[p->n_values]))
            p->n_values++;
        else
            fine = false;
    }
    return fine;
}

/* The kind: as written, else from what else is written. False: a problem was noted. */
static bool read_type(struct reader *r, const struct node *map, const char *subject,
                      struct parameter *p)
{
    const struct node *type = node_find(map, "type"), *step = node_find(map, "step");
    const struct node *min = node_find(map, "min"), *max = node_find(map, "max");
    if (type != NULL) {
        int word = read_word(r, type, phrase(r, "%s: type", subject), type_words);
        p->type = word >= 0 ? (enum parameter_type)word : PARAMETER_FLOAT;
        return word >= 0;
    }
    bool whole = min != NULL && max != NULL && node_is_integer(min) && node_is_integer(max) &&
                 (step == NULL || node_is_integer(step));
    p->type = node_find(map, "values") != NULL ? PARAMETER_CHOICE
              : whole                          ? PARAMETER_INT
                                               : PARAMETER_FLOAT;
    return true;
}

/* Keys that say nothing about this kind of parameter. */
static bool check_fitting(struct reader *r, const struct node *map, const char *subject,
                          const struct parameter *p)
{
    static const char *const of_numbers[] = {"min", "max", "scale", "step"};
    bool fine = true;
    for (size_t i = 0; i < sizeof of_numbers / sizeof of_numbers[0]; i++) {
        const struct node *node = node_find(map, of_numbers[i]);
        if (node == NULL || is_numeric(p))
            continue;
        problem(r, node, subject, "%s has no \"%s\"",
                p->type == PARAMETER_CHOICE ? "a choice" : "an ordinal", of_numbers[i]);
        fine = false;
    }
    const struct node *values = node_find(map, "values");
    if (values != NULL && is_numeric(p)) {
        problem(r, values, subject, "%s has no \"values\", but min and max",
                p->type == PARAMETER_INT ? "an int" : "a float");
        fine = false;
    }
    return fine;
}

static bool read_numbers(struct reader *r, const struct node *map, const char *subject,
                         struct parameter *p)
{
    const struct node *scale = node_find(map, "scale"), *step = node_find(map, "step");
    bool fine = read_bound(r, map, "min", subject, p, &p->min);
    fine = read_bound(r, map, "max", subject, p, &p->max) && fine;
    if (step != NULL)
        fine = read_bound(r, map, "step", subject, p, &p->step) && fine;
    if (scale != NULL) {
        int word = read_word(r, scale, phrase(r, "%s: scale", subject), scale_words);
        fine = word >= 0 && fine;
        p->scale = word >= 0 ? (hone_scale)word : HONE_LINEAR;
    }
    return fine;
}

/* Put the parameter into the engine's space; conditions come later. */
static bool add_to_space(struct reader *r, const struct node *entry, const struct node *map,
                         const char *subject, const struct parameter *p)
{
    hone_space *space = r->spec->space;
    const struct node *at = is_numeric(p) ? node_find(map, "min") : node_find(map, "values");
    hone_error err = {0};
    hone_status status = HONE_OK;
    switch (p->type) {
    case PARAMETER_FLOAT:
        status = hone_space_add_float(space, p->name, p->min, p->max, p->scale, &err);
        break;
    case PARAMETER_INT:
        if (fabs(p->min) > 9007199254740992.0 || fabs(p->max) > 9007199254740992.0) {
            problem(r, at, subject, "the bounds of an int are within -2^53 and 2^53");
            return false;
        }
        status =
            hone_space_add_int(space, p->name, (int64_t)p->min, (int64_t)p->max, p->scale, &err);
        break;
    case PARAMETER_ORDINAL:
        status = hone_space_add_ordinal(space, p->name, p->n_values, p->values, &err);
        break;
    case PARAMETER_CHOICE:
        status = hone_space_add_choice(space, p->name, p->n_values, p->values, &err);
        break;
    }
    if (status == HONE_OK && node_find(map, "step") != NULL) {
        at = node_find(map, "step");
        status = hone_space_set_step(space, p->name, p->step, &err);
    }
    if (status == HONE_OK && p->has_default) {
        at = node_find(map, "default");
        status = hone_space_set_default(space, p->name, p->default_value, &err);
    }
    if (status == HONE_OK && (p->has_prior || p->prior_weights != NULL)) {
        at = node_find(map, "prior");
        status = p->prior_weights != NULL
                     ? hone_space_set_weights(space, p->name, p->n_values, p->prior_weights, &err)
                     : hone_space_set_prior(space, p->name, p->prior_at, p->prior_sd, &err);
    }
    if (status != HONE_OK)
        engine_problem(r, at != NULL ? at : entry, subject, &err);
    return status == HONE_OK;
}

/* Whether `parent` may be a parent of `child`; a problem when not. NULL without one: the parent has
 * problems of its own. */
static const struct parameter *find_parent(struct reader *r, const struct node *condition,
                                           const char *subject, const char *child)
{
    const struct parameter *parent = find_parameter(r->spec, condition->key);
    const struct node *all = node_find(r->root, "parameters"), *other;
    if (parent != NULL && strcmp(parent->name, child) != 0)
        return parent;
    bool seen_child = false;
    for (other = all->first; other != NULL; other = other->next) {
        if (strcmp(other->key, child) == 0)
            seen_child = true;
        if (strcmp(other->key, condition->key) == 0)
            break;
    }
    if (other == NULL) {
        const char **names = arena_array(&r->scratch, r->spec->n_parameters, sizeof *names);
        size_t n = names != NULL ? r->spec->n_parameters : 0;
        for (size_t i = 0; i < n; i++)
            names[i] = r->spec->parameters[i].name;
        problem(r, condition, subject, "when names %s, which is no parameter%s",
                quoted(r, condition->key), hint(r, condition->key, names, n));
    } else if (seen_child) {
        problem(r, condition, subject, "when names %s, which must be declared before it",
                quoted(r, condition->key));
    }
    return NULL;
}

static bool read_condition(struct reader *r, const struct node *node, const char *subject,
                           struct parameter *p)
{
    const struct parameter *parent = find_parent(r, node, subject, p->name);
    if (parent == NULL)
        return false;
    bool is_list = node->kind == NODE_LIST;
    struct parameter_condition *condition = &p->conditions[p->n_conditions];
    condition->parent = parent->name;
    condition->values = keep(r, is_list ? node->n : 1, sizeof *condition->values);
    if (condition->values == NULL)
        return false;
    const char *what = phrase(r, "%s: when %s", subject, parent->name);
    for (const struct node *item = is_list ? node->first : node; item != NULL;
         item = is_list ? item->next : NULL) {
        if (!value_for(r, parent, item, what, &condition->values[condition->n_values]))
            return false;
        condition->n_values++;
    }
    hone_error err = {0};
    if (hone_space_add_condition(r->spec->space, p->name, parent->name, condition->n_values,
                                 condition->values, &err) != HONE_OK) {
        engine_problem(r, node, subject, &err);
        return false;
    }
    p->n_conditions++;
    return true;
}

static bool read_when(struct reader *r, const struct node *map, const char *subject,
                      struct parameter *p)
{
    const struct node *when = node_find(map, "when");
    if (when == NULL)
        return true;
    if (when->kind != NODE_MAP) {
        problem(r, when, subject, "when needs a map {PARENT: VALUE or list of values}, %s",
                got(r, when));
        return false;
    }
    check_keys(r, when, subject, NULL, 0);
    p->conditions = keep(r, when->n, sizeof *p->conditions);
    if (p->conditions == NULL)
        return false;
    bool fine = true;
    for (const struct node *node = when->first; node != NULL; node = node->next)
        fine = read_condition(r, node, subject, p) && fine;
    return fine;
}

/* The long form of an entry, or NULL with a problem. */
static const struct node *long_form(struct reader *r, const struct node *entry, const char *subject)
{
    hone_error err = {0};
    if (entry->kind == NODE_MAP)
        return entry;
    if (entry->kind == NODE_LIST) {
        struct node *map = node_new(&r->scratch, NODE_MAP, entry->line, entry->flag);
        struct node *values = node_new(&r->scratch, NODE_LIST, entry->line, entry->flag);
        if (map == NULL || values == NULL) {
            r->no_memory = true;
            return NULL;
        }
        *values = *entry;
        values->key = "values";
        values->next = NULL;
        node_append(map, values);
        return map;
    }
    if (node_is_null(entry)) {
        problem(r, entry, subject,
                "needs a range LOW..HIGH, a list of values or a map, got nothing");
        return NULL;
    }
    struct node *map = short_form(&r->scratch, entry->text, entry->line, entry->flag, &err);
    if (map == NULL)
        problem(r, entry, subject, "%s", err.text);
    return map;
}

static json_t *canonical_values(size_t n, const hone_value *values)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < n; i++)
        json_array_append_new(list, json_of_value(values[i]));
    return list;
}

static json_t *canonical_weights(const struct parameter *p)
{
    json_t *out = json_object();
    for (size_t i = 0; i < p->n_values; i++) {
        char number[32];
        str_from_double(number, p->values[i].number);
        json_object_set_new(out, p->values[i].kind == HONE_VALUE_TEXT ? p->values[i].text : number,
                            json_of_value(HONE_NUMBER(p->prior_weights[i])));
    }
    return out;
}

static json_t *canonical_parameter(const struct parameter *p)
{
    json_t *out = json_object();
    json_object_set_new(out, "type", json_string(type_names[p->type]));
    if (is_numeric(p)) {
        json_object_set_new(out, "min", json_of_value(HONE_NUMBER(p->min)));
        json_object_set_new(out, "max", json_of_value(HONE_NUMBER(p->max)));
        json_object_set_new(out, "scale", json_string(scale_names[p->scale]));
    } else {
        json_object_set_new(out, "values", canonical_values(p->n_values, p->values));
    }
    if (p->step > 0)
        json_object_set_new(out, "step", json_of_value(HONE_NUMBER(p->step)));
    if (p->has_default)
        json_object_set_new(out, "default", json_of_value(p->default_value));
    if (p->has_prior)
        json_object_set_new(out, "prior",
                            json_pack("{s:o, s:o}", "at", json_of_value(p->prior_at), "sd",
                                      json_of_value(HONE_NUMBER(p->prior_sd))));
    if (p->prior_weights != NULL)
        json_object_set_new(out, "prior", canonical_weights(p));
    json_t *when = json_object();
    for (size_t i = 0; i < p->n_conditions; i++)
        json_object_set_new(when, p->conditions[i].parent,
                            canonical_values(p->conditions[i].n_values, p->conditions[i].values));
    if (p->n_conditions > 0)
        json_object_set_new(out, "when", json_incref(when));
    json_decref(when);
    return out;
}

/* {adam: 3, sgd: 1} */
static bool read_weights(struct reader *r, const struct node *prior, const char *subject,
                         struct parameter *p)
{
    p->prior_weights = keep(r, p->n_values, sizeof *p->prior_weights);
    if (p->prior_weights == NULL)
        return false;
    for (size_t i = 0; i < p->n_values; i++)
        p->prior_weights[i] = 1;
    for (const struct node *entry = prior->first; entry != NULL; entry = entry->next) {
        size_t i = 0;
        for (; i < p->n_values; i++) {
            char number[32];
            str_from_double(number, p->values[i].number);
            if (strcmp(p->values[i].kind == HONE_VALUE_TEXT ? p->values[i].text : number,
                       entry->key) == 0)
                break;
        }
        if (i == p->n_values) {
            problem(r, entry, subject, "%s is none of the values", quoted(r, entry->key));
            return false;
        }
        if (!read_number(r, entry, subject, &p->prior_weights[i]))
            return false;
    }
    return true;
}

static bool read_prior(struct reader *r, const struct node *prior, const char *subject,
                       struct parameter *p)
{
    static const char *const known[] = {"at", "sd"};
    const struct node *at = node_find(prior, "at"), *sd = node_find(prior, "sd");
    bool choice = p->type == PARAMETER_CHOICE;
    if (prior->kind != NODE_MAP || (!choice && at == NULL)) {
        problem(r, prior, subject, "needs %s, %s",
                choice ? "weights such as {adam: 3, sgd: 1}" : "{at: VALUE, sd: SHARE}",
                got(r, prior));
        return false;
    }
    check_keys(r, prior, subject, choice ? NULL : known, choice ? 0 : 2);
    if (choice)
        return read_weights(r, prior, subject, p);
    p->has_prior = true;
    p->prior_sd = DEFAULT_PRIOR_SD;
    return value_for(r, p, at, subject, &p->prior_at) &&
           (sd == NULL || read_number(r, sd, subject, &p->prior_sd));
}

static bool read_parameter(struct reader *r, const struct node *entry, json_t *all)
{
    static const char *const known[] = {"type", "min",     "max",   "values", "scale",
                                        "step", "default", "prior", "when"};
    struct spec *spec = r->spec;
    const char *subject = phrase(r, "parameter %s", quoted(r, entry->key));
    if (find_parameter(spec, entry->key) != NULL)
        return false; /* check_keys() has said so */
    if (!str_is_name(entry->key)) {
        problem(r, entry, subject,
                "a name begins with a letter or '_', and goes on with letters, digits, '_', '.', "
                "':' or '-'");
        return false;
    }
    const struct node *map = long_form(r, entry, subject);
    if (map == NULL)
        return false;
    check_keys(r, map, subject, known, sizeof known / sizeof known[0]);
    const struct node *prior = node_find(map, "prior"), *initial = node_find(map, "default");
    bool fine = true;

    struct parameter *p = &spec->parameters[spec->n_parameters];
    *p = (struct parameter){.name = keep_text(r, entry->key)};
    if (p->name == NULL || !read_type(r, map, subject, p))
        return false;
    fine = check_fitting(r, map, subject, p) && fine;
    if (is_numeric(p))
        fine = read_numbers(r, map, subject, p) && fine;
    else
        fine = read_values(r, map, subject, p) && fine;
    if (initial != NULL && fine) {
        p->has_default =
            value_for(r, p, initial, phrase(r, "%s: default", subject), &p->default_value);
        fine = p->has_default;
    }
    if (prior != NULL && fine)
        fine = read_prior(r, prior, phrase(r, "%s: prior", subject), p);
    if (!fine || !add_to_space(r, entry, map, subject, p))
        return false;
    /* From here on it can be a parent, even when its own condition is wrong. */
    spec->n_parameters++;
    fine = read_when(r, map, subject, p);
    if (json_object_set_new(all, entry->key, canonical_parameter(p)) != 0)
        r->no_memory = true;
    return fine;
}

void read_parameters(struct reader *r, const struct node *node)
{
    struct spec *spec = r->spec;
    if (node == NULL)
        return;
    if (node->kind != NODE_MAP || node->n == 0) {
        problem(r, node, "parameters", "needs a map of names and ranges, %s",
                node->kind == NODE_MAP ? "got an empty one" : got(r, node));
        return;
    }
    check_keys(r, node, "parameters", NULL, 0);
    spec->parameters = keep(r, node->n, sizeof *spec->parameters);
    spec->space = hone_space_new();
    json_t *all = json_object();
    r->no_memory |= spec->space == NULL;
    for (const struct node *entry = node->first;
         entry != NULL && spec->space != NULL && spec->parameters != NULL; entry = entry->next)
        read_parameter(r, entry, all);
    canonical_set(r, "parameters", all);
}

/* Whether the whole space could be read: else names that are missing in it would be blamed. */
static bool space_is_whole(const struct reader *r)
{
    const struct node *all = node_find(r->root, "parameters");
    return all != NULL && r->spec->space != NULL && all->n == r->spec->n_parameters;
}

/* ---- where ---- */

void read_where(struct reader *r, const struct node *node)
{
    if (node == NULL)
        return;
    if (node->kind == NODE_MAP) {
        problem(r, node, "where", "needs a list of expressions, %s", got(r, node));
        return;
    }
    json_t *list = json_array();
    bool is_list = node->kind == NODE_LIST;
    for (const struct node *item = is_list ? node->first : node; item != NULL;
         item = is_list ? item->next : NULL) {
        hone_error err = {0};
        const char *text = read_text(r, item, "where", "an expression such as depth * width <= 64");
        if (text == NULL)
            continue;
        if (space_is_whole(r) && hone_space_add_where(r->spec->space, text, &err) != HONE_OK)
            problem(r, item, NULL, "%s", err.text);
        if (json_array_append_new(list, json_string(text)) != 0)
            r->no_memory = true;
    }
    canonical_set(r, "where", list);
}

/* ---- start ---- */

/* One configuration; false when something is wrong with it. */
static bool read_settings(struct reader *r, const struct node *map, struct start_config *config)
{
    struct spec *spec = r->spec;
    if (map->kind != NODE_MAP) {
        problem(r, map, "start", "a configuration is a map of parameters and values, %s",
                got(r, map));
        return false;
    }
    const char **names = arena_array(&r->scratch, spec->n_parameters, sizeof *names);
    config->settings = keep(r, map->n, sizeof *config->settings);
    if (names == NULL || config->settings == NULL) {
        r->no_memory = true;
        return false;
    }
    for (size_t i = 0; i < spec->n_parameters; i++)
        names[i] = spec->parameters[i].name;
    size_t n_problems = r->n_problems;
    check_keys(r, map, "start", NULL, 0);
    for (const struct node *entry = map->first; entry != NULL; entry = entry->next) {
        const struct parameter *p = find_parameter(spec, entry->key);
        if (p == NULL) {
            problem(r, entry, "start", "%s is no parameter%s", quoted(r, entry->key),
                    hint(r, entry->key, names, spec->n_parameters));
            continue;
        }
        hone_setting *setting = &config->settings[config->n];
        setting->name = p->name;
        if (value_for(r, p, entry, phrase(r, "start: %s", p->name), &setting->value))
            config->n++;
    }
    return r->n_problems == n_problems;
}

void read_start(struct reader *r, const struct node *node)
{
    struct spec *spec = r->spec;
    if (node == NULL)
        return;
    if (node->kind != NODE_LIST) {
        problem(r, node, "start", "needs a list of configurations, %s", got(r, node));
        return;
    }
    if (!space_is_whole(r))
        return;
    spec->start = keep(r, node->n, sizeof *spec->start);
    json_t *list = json_array();
    /* The engine knows what a legal configuration is: let one take them. */
    hone_error err = {0};
    hone_optimizer *opt =
        hone_optimizer_new(spec->space, &(hone_options){.strategy = "random"}, &err);
    if (opt == NULL)
        problem(r, node, "start", "%s", err.text);
    for (const struct node *item = node->first; item != NULL && opt != NULL && spec->start != NULL;
         item = item->next) {
        struct start_config *config = &spec->start[spec->n_start];
        *config = (struct start_config){0}; /* one that failed may have left its settings */
        if (!read_settings(r, item, config))
            continue;
        if (hone_enqueue(opt, config->settings, config->n, &err) != HONE_OK) {
            problem(r, item, "start", "%s", err.text);
            continue;
        }
        spec->n_start++;
        if (json_array_append_new(list, json_of_settings(config->settings, config->n)) != 0)
            r->no_memory = true;
    }
    hone_optimizer_free(opt);
    canonical_set(r, "start", list);
}
