/*
 * validate.c: a body along the table of shapes.
 *
 * All that is wrong is told at once, in the words that clients and their tools know:
 *     2 validation errors detected: Value 'X' at 'a.b' failed to satisfy constraint: Member must
 *     ...; Value ...
 * where a path is in lowerCamelCase and the items of a list count from 1: 'tags.2.member.key'.
 * A value of another kind ends the walk: nothing can be said about what it would hold.
 *
 * The depth is bounded by what reads the JSON, the number of texts by MAX_PROBLEMS. Patterns come
 * from the table, never from a request, and run under PCRE2's own limit of steps.
 */
#include "serve/validate.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "serve/shapes.h"

enum {
    MAX_PROBLEMS = 10,
    MAX_TEXT = 1 << 16, /* of all problems together */
    SHOWN = 256         /* bytes of a wrong value */
};

struct walk {
    struct buf problems, path;
    int n;
    bool wrong_kind;
};

/* As much of a text as is shown, whole characters only. */
static int shown(const char *text)
{
    size_t n = strlen(text);
    if (n > SHOWN)
        for (n = SHOWN; n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80;)
            n--;
    return (int)n;
}

static void problem(struct walk *w, json_t *value, const char *must)
{
    if (w->n++ >= MAX_PROBLEMS)
        return;
    char *text = value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    buf_printf(&w->problems, "%sValue ", w->n > 1 ? "; " : "");
    if (json_is_string(value))
        buf_printf(&w->problems, "'%.*s'", shown(json_string_value(value)),
                   json_string_value(value));
    else if (text != NULL)
        buf_printf(&w->problems, "'%.*s'", shown(text), text);
    else
        buf_text(&w->problems, "null");
    buf_printf(&w->problems, " at '%s' failed to satisfy constraint: Member must %s", w->path.data,
               must);
    mem_free(text);
}

/* Put a name behind the path; gives the length to return to. */
static size_t path_enter(struct walk *w, const char *name)
{
    size_t was = w->path.len;
    if (was > 0)
        buf_char(&w->path, '.');
    size_t first = w->path.len;
    buf_text(&w->path, name);
    if (w->path.len > first && w->path.data[first] >= 'A' && w->path.data[first] <= 'Z')
        w->path.data[first] = (char)(w->path.data[first] - 'A' + 'a');
    return was;
}

static void path_leave(struct walk *w, size_t was)
{
    w->path.len = was;
    w->path.data[was] = '\0';
}

static void in_bounds(struct walk *w, const struct shape *shape, json_t *value, double x,
                      const char *what)
{
    char must[96];
    if (x < shape->min) {
        snprintf(must, sizeof must, "have %s greater than or equal to %.15g", what, shape->min);
        problem(w, value, must);
    } else if (x > shape->max) {
        snprintf(must, sizeof must, "have %s less than or equal to %.15g", what, shape->max);
        problem(w, value, must);
    }
}

static bool matches(const char *pattern, const char *text)
{
    int code;
    size_t at;
    pcre2_code *re = pcre2_compile(
        (PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
        PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY, &code, &at, NULL);
    if (re == NULL)
        return false;
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int rc = data == NULL ? -1 : pcre2_match(re, (PCRE2_SPTR)text, strlen(text), 0, 0, data, NULL);
    pcre2_match_data_free(data);
    pcre2_code_free(re);
    return rc >= 0;
}

/* Whether `text` is one of "A, B, C". */
static bool is_one_of(const char *values, const char *text)
{
    size_t n = strlen(text);
    for (const char *p = values; p != NULL; p = strchr(p, ',')) {
        p += strspn(p, ", ");
        size_t len = strcspn(p, ",");
        if (len == n && memcmp(p, text, n) == 0)
            return true;
    }
    return false;
}

static size_t characters(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static void check_string(struct walk *w, const struct shape *shape, json_t *value)
{
    const char *text = json_string_value(value);
    struct buf must;
    buf_init(&must, MAX_TEXT);
    in_bounds(w, shape, value, (double)characters(text), "length");
    if (shape->pattern != NULL && !matches(shape->pattern, text)) {
        buf_printf(&must, "satisfy regular expression pattern: %s", shape->pattern);
        problem(w, value, must.data);
    }
    if (shape->values != NULL && !is_one_of(shape->values, text)) {
        buf_printf(&must, "satisfy enum value set: [%s]", shape->values);
        problem(w, value, must.data);
    }
    buf_release(&must);
}

static bool is_kind(enum shape_kind kind, json_t *value)
{
    switch (kind) {
    case SHAPE_STRUCTURE:
    case SHAPE_MAP:
        return json_is_object(value);
    case SHAPE_LIST:
        return json_is_array(value);
    case SHAPE_STRING:
        return json_is_string(value);
    case SHAPE_INTEGER:
        return json_is_integer(value);
    case SHAPE_NUMBER:
        return json_is_number(value);
    case SHAPE_BOOLEAN:
        return json_is_boolean(value);
    case SHAPE_TIMESTAMP:
        return json_is_number(value) || json_is_string(value);
    }
    return false;
}

static void check(struct walk *w, int number, json_t *value);

static void check_structure(struct walk *w, const struct shape *shape, json_t *value)
{
    for (int i = 0; i < shape->n; i++) {
        const struct shape_member *member = &shape_members[shape->first + i];
        json_t *held = json_object_get(value, member->name);
        size_t was = path_enter(w, member->name);
        if (held != NULL && !json_is_null(held))
            check(w, member->shape, held);
        else if (member->required)
            problem(w, NULL, "not be null");
        path_leave(w, was);
    }
}

static void check_list(struct walk *w, const struct shape *shape, json_t *value)
{
    in_bounds(w, shape, value, (double)json_array_size(value), "length");
    for (size_t i = 0; i < json_array_size(value); i++) {
        char name[40];
        snprintf(name, sizeof name, "%zu.member", i + 1);
        size_t was = path_enter(w, name);
        check(w, shape->item, json_array_get(value, i));
        path_leave(w, was);
    }
}

static void check_map(struct walk *w, const struct shape *shape, json_t *value)
{
    const char *key;
    json_t *held;
    in_bounds(w, shape, value, (double)json_object_size(value), "length");
    json_object_foreach(value, key, held)
    {
        size_t was = path_enter(w, key);
        json_t *name = json_string(key);
        if (name != NULL)
            check(w, shape->key, name);
        json_decref(name);
        check(w, shape->item, held);
        path_leave(w, was);
    }
}

static void check(struct walk *w, int number, json_t *value)
{
    const struct shape *shape = &shapes[number];
    if (w->wrong_kind)
        return;
    if (!is_kind(shape->kind, value)) {
        w->wrong_kind = true;
        buf_clear(&w->problems);
        buf_printf(&w->problems, "the value at '%s' is of the wrong kind", w->path.data);
        return;
    }
    switch (shape->kind) {
    case SHAPE_STRUCTURE:
        check_structure(w, shape, value);
        break;
    case SHAPE_LIST:
        check_list(w, shape, value);
        break;
    case SHAPE_MAP:
        check_map(w, shape, value);
        break;
    case SHAPE_STRING:
        check_string(w, shape, value);
        break;
    case SHAPE_INTEGER:
    case SHAPE_NUMBER:
        in_bounds(w, shape, value, json_number_value(value), "value");
        break;
    case SHAPE_BOOLEAN:
    case SHAPE_TIMESTAMP:
        break;
    }
}

bool validate_body(const struct serve_call *call, struct serve_answer *answer)
{
    for (size_t i = 0; i < n_shape_actions; i++) {
        const struct shape_action *action = &shape_actions[i];
        if (strcmp(action->service, call->service) != 0 || strcmp(action->name, call->action) != 0)
            continue;
        struct walk w = {0};
        buf_init(&w.problems, MAX_TEXT);
        buf_init(&w.path, MAX_TEXT);
        check(&w, action->shape, call->body);
        bool fits = w.n == 0 && !w.wrong_kind;
        if (w.wrong_kind)
            serve_answer_error(answer, 400, "SerializationException", "%s", w.problems.data);
        else if (!fits)
            serve_answer_error(answer, 400, "ValidationException",
                               "%d validation error%s detected: %s", w.n, w.n == 1 ? "" : "s",
                               w.problems.data);
        buf_release(&w.problems);
        buf_release(&w.path);
        return fits;
    }
    return true;
}
