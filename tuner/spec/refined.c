/*
 * refined.c: see refined.h.
 *
 * Written as written.h says, but for the parameters, each of which has a comment.
 */
#include "spec/refined.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "io/json.h"
#include "spec/written.h"

/* ---- Words ----------------------------------------------------------------------------------- */

static void add_value(struct buf *out, hone_value value)
{
    if (value.kind == HONE_VALUE_NUMBER)
        buf_double(out, value.number);
    else
        buf_text(out, value.text);
}

static void add_values(struct buf *out, size_t n, const hone_value *values)
{
    for (size_t i = 0; i < n; i++) {
        buf_text(out, i > 0 ? ", " : "");
        add_value(out, values[i]);
    }
}

static void add_range(struct buf *out, double min, double max)
{
    buf_double(out, min);
    buf_text(out, " to ");
    buf_double(out, max);
}

void range_before(const struct parameter *p, struct buf *out)
{
    if (p->n_values > 0)
        add_values(out, p->n_values, p->values);
    else
        add_range(out, p->min, p->max);
}

void range_after(const struct parameter *p, const hone_refined *refined, struct buf *out)
{
    if (!refined->changed)
        range_before(p, out);
    else if (refined->n_values > 0)
        add_values(out, refined->n_values, refined->values);
    else
        add_range(out, refined->min, refined->max);
}

/* ---- YAML ------------------------------------------------------------------------------------ */

/* A comment, broken into lines. */
static void add_comment(struct buf *out, const char *indent, const char *text)
{
    enum { WIDTH = 96 };
    size_t column = 0, used = strlen(indent) + 2;
    for (const char *word = text; *word != '\0';) {
        size_t len = strcspn(word, " \n\r");
        if (column == 0 || column + 1 + len > WIDTH) {
            buf_printf(out, "%s%s# ", column > 0 ? "\n" : "", indent);
            column = used;
        } else {
            buf_char(out, ' ');
            column++;
        }
        buf_add(out, word, len);
        column += len;
        word += len;
        while (*word == ' ' || *word == '\n' || *word == '\r')
            word++;
    }
    buf_char(out, '\n');
}

/* ---- Parameters ------------------------------------------------------------------------------ */

static const struct parameter *parameter_named(const struct spec *spec, const char *name,
                                               size_t *index_out)
{
    for (size_t i = 0; i < spec->n_parameters; i++)
        if (strcmp(spec->parameters[i].name, name) == 0) {
            *index_out = i;
            return &spec->parameters[i];
        }
    return NULL;
}

/* Whether a parameter can still have a value. */
static bool allows(const hone_refined *refined, hone_value value)
{
    if (!refined->changed)
        return true;
    if (refined->n_values == 0)
        return value.number >= refined->min && value.number <= refined->max;
    for (size_t i = 0; i < refined->n_values; i++) {
        const hone_value *v = &refined->values[i];
        if (v->kind == value.kind &&
            (v->kind == HONE_VALUE_NUMBER ? v->number == value.number
                                          : strcmp(v->text, value.text) == 0))
            return true;
    }
    return false;
}

/* The condition's values that are left; NULL where none is. */
static json_t *values_left(const struct parameter_condition *condition, const hone_refined *parent)
{
    json_t *left = json_array();
    for (size_t i = 0; i < condition->n_values; i++)
        if (allows(parent, condition->values[i]))
            json_array_append_new(left, json_of_value(condition->values[i]));
    if (json_array_size(left) > 0)
        return left;
    json_decref(left);
    return NULL;
}

struct refining {
    const struct spec *spec;
    const hone_refinement *refinement;
    bool *gone; /* parameters that can no longer be active */
};

/* Give `object` the conditions that are left, or say which one can never hold. */
static const struct parameter_condition *set_conditions(const struct refining *r, size_t index,
                                                        json_t *object)
{
    const struct parameter *p = &r->spec->parameters[index];
    json_t *when = json_object();
    const struct parameter_condition *failed = NULL;
    for (size_t i = 0; i < p->n_conditions && failed == NULL; i++) {
        size_t parent = 0;
        parameter_named(r->spec, p->conditions[i].parent, &parent);
        json_t *left =
            r->gone[parent] ? NULL : values_left(&p->conditions[i], &r->refinement->params[parent]);
        if (left == NULL)
            failed = &p->conditions[i];
        else
            json_object_set_new(when, p->conditions[i].parent, left);
    }
    if (p->n_conditions > 0 && failed == NULL)
        json_object_set(object, "when", when);
    json_decref(when);
    return failed;
}

static void set_range(const hone_refined *refined, const struct parameter *p, json_t *object)
{
    if (p->has_default && !allows(refined, p->default_value))
        json_object_del(object, "default");
    if (!refined->changed)
        return;
    if (refined->n_values == 0) {
        json_object_set_new(object, "min", json_of_value(HONE_NUMBER(refined->min)));
        json_object_set_new(object, "max", json_of_value(HONE_NUMBER(refined->max)));
        return;
    }
    json_t *values = json_array();
    for (size_t i = 0; i < refined->n_values; i++)
        json_array_append_new(values, json_of_value(refined->values[i]));
    json_object_set_new(object, "values", values);
}

static void add_parameter(const struct refining *r, size_t index, const json_t *parameters,
                          struct buf *out)
{
    const struct parameter *p = &r->spec->parameters[index];
    const hone_refined *refined = &r->refinement->params[index];
    json_t *object = json_copy(json_object_get(parameters, p->name));
    const struct parameter_condition *failed = set_conditions(r, index, object);
    struct buf comment;
    buf_init(&comment, 1 << 16);
    if (failed != NULL) {
        r->gone[index] = true;
        buf_printf(&comment, "%s is left out: %s no longer has a value with which it is active.",
                   p->name, failed->parent);
    } else if (refined->changed) {
        buf_text(&comment, "Was ");
        range_before(p, &comment);
        buf_printf(&comment, ": %s.", refined->why);
    } else {
        buf_printf(&comment, "As before: %s.", refined->why);
    }
    add_comment(out, "  ", comment.data);
    buf_release(&comment);
    if (failed == NULL) {
        set_range(refined, p, object);
        buf_text(out, "  ");
        written_text(out, p->name);
        buf_text(out, ": ");
        written_value(out, object);
        buf_char(out, '\n');
    }
    json_decref(object);
}

/* ---- The file -------------------------------------------------------------------------------- */

/* "digits" becomes "digits-2", "digits-2" becomes "digits-3". */
static void next_name(const char *name, char out[64])
{
    const char *dash = strrchr(name, '-');
    int64_t number = 1;
    size_t len = strlen(name);
    if (dash != NULL && dash[1] >= '1' && dash[1] <= '9' && strlen(dash) < 8 &&
        str_int64(dash + 1, strlen(dash + 1), &number))
        len = (size_t)(dash - name);
    else
        number = 1;
    char end[24];
    int end_len = snprintf(end, sizeof end, "-%lld", (long long)number + 1);
    if (len + (size_t)end_len > 63)
        len = 63 - (size_t)end_len;
    snprintf(out, 64, "%.*s%s", (int)len, name, end);
}

/* What is written of a member, a new reference: nothing (NULL) of what belongs to one study. */
static json_t *written(const char *key, json_t *value, const json_t *defaults)
{
    static const char *const own[] = {"study", "seed", "start", "warm_start"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(key, own[i]) == 0)
            return NULL;
    return written_member(key, value, defaults);
}

static void set_folders(const struct spec *spec, json_t *whole)
{
    json_object_set_new(whole, "workdir", json_string(spec->workdir));
    json_t *inputs = json_object();
    for (size_t i = 0; i < spec->n_inputs; i++)
        json_object_set_new(inputs, spec->inputs[i].name, json_string(spec->inputs[i].value));
    if (spec->n_inputs > 0)
        json_object_set(whole, "inputs", inputs);
    json_decref(inputs);
}

static void add_head(const struct spec *spec, const hone_refinement *refinement, struct buf *out)
{
    char name[64];
    struct buf comment;
    buf_init(&comment, 1 << 16);
    next_name(spec->name, name);
    buf_printf(
        &comment,
        "Narrower ranges for %s, after %zu completed trials of it; \"the best\" are the best "
        "%zu of these.",
        spec->name, refinement->n_trials, refinement->n_best);
    add_comment(out, "", comment.data);
    buf_release(&comment);
    buf_printf(out, "study: %s\n", name);
    buf_printf(out, "# To begin with what %s found: warm_start: {from: [%s]}\n", spec->name,
               spec->name);
}

static hone_status check(const struct spec *spec, const struct buf *text, hone_error *err)
{
    struct problems problems = {0};
    struct spec *read = spec_read_text(text->data, text->len, spec->folder, &problems);
    hone_status status = HONE_OK;
    if (read == NULL)
        status = error_set(err, HONE_EINVAL, "the refined study is not valid: %s",
                           problems.n > 0 ? problems.lines[0] : "no reason given");
    spec_free(read);
    problems_release(&problems);
    return status;
}

hone_status spec_refined(const struct spec *spec, const hone_refinement *refinement, bool absolute,
                         struct buf *out, hone_error *err)
{
    hone_status status = HONE_OK;
    const char *key;
    json_t *value, *defaults = NULL;
    struct refining r = {.spec = spec, .refinement = refinement};
    json_t *whole = json_read(spec->text, strlen(spec->text), err);
    if (whole == NULL)
        return HONE_EIO;
    r.gone = mem_array(spec->n_parameters, sizeof *r.gone);
    if (r.gone == NULL) {
        status = error_memory(err);
        goto out;
    }
    defaults = written_defaults(spec, whole);
    if (absolute)
        set_folders(spec, whole);
    add_head(spec, refinement, out);
    json_object_foreach(whole, key, value)
    {
        json_t *member = written(key, value, defaults);
        if (member == NULL)
            continue;
        if (strcmp(key, "parameters") == 0) {
            buf_text(out, "parameters:\n");
            for (size_t i = 0; i < spec->n_parameters; i++)
                add_parameter(&r, i, member, out);
        } else {
            buf_printf(out, "%s: ", key);
            written_value(out, member);
            buf_char(out, '\n');
        }
        json_decref(member);
    }
    status = out->failed ? error_memory(err) : check(spec, out, err);
out:
    mem_free(r.gone);
    json_decref(defaults);
    json_decref(whole);
    return status;
}
