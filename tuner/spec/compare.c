/*
 * compare.c: what differs between the study in the store and the one that is run now.
 *
 * Both are compared as canonical texts, member by member in the order of the table, so that a short
 * form and a long form of the same thing are the same.
 */
#include "spec/spec.h"

#include <string.h>

#include "base/buf.h"
#include "io/json.h"
#include "io/time.h"
#include "spec/keys.h"
#include "spec/written.h"

#define SHOWN_MAX 120

static void add_line(struct spec_change *change, const char *text)
{
    char *copy = mem_text(text);
    char **more = copy != NULL ? mem_resize(change->lines, change->n + 1, sizeof *more) : NULL;
    if (more == NULL) {
        mem_free(copy);
        change->allowed = false; /* a difference that cannot be shown is not let through */
        return;
    }
    change->lines = more;
    more[change->n++] = copy;
}

/* A parameter's members as one would write them: "float log 1e-05..0.1, default 0.001". */
static void show_parameter(struct buf *out, const json_t *p)
{
    static const char *const rest[] = {"step", "default", "prior", "when"};
    const char *type = json_string_value(json_object_get(p, "type"));
    const char *scale = json_string_value(json_object_get(p, "scale"));
    json_t *values = json_object_get(p, "values");
    buf_text(out, type != NULL ? type : "?");
    if (scale != NULL && strcmp(scale, "linear") != 0)
        buf_printf(out, " %s", scale);
    buf_char(out, ' ');
    if (values != NULL) {
        written_value(out, values);
    } else {
        written_value(out, json_object_get(p, "min"));
        buf_text(out, "..");
        written_value(out, json_object_get(p, "max"));
    }
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
        json_t *value = json_object_get(p, rest[i]);
        if (value == NULL)
            continue;
        buf_printf(out, ", %s ", rest[i]);
        written_value(out, value);
    }
}

/* A value for people: durations with units, texts without quotes. */
static void show(struct buf *out, const char *path, const json_t *value)
{
    const struct key *key = key_find(path);
    char duration[32];
    if (value == NULL) {
        buf_text(out, "not set");
    } else if (strncmp(path, "parameters.", 11) == 0 && json_is_object(value)) {
        show_parameter(out, value);
    } else if (key != NULL && key->type == KEY_DURATION && json_is_number(value)) {
        duration_text(json_number_value(value), duration);
        buf_text(out, duration);
    } else if (json_is_string(value)) {
        buf_text(out, json_string_value(value));
    } else {
        char *text = json_write(value);
        size_t len = text != NULL ? strlen(text) : 0;
        buf_add(out, text, len < SHOWN_MAX ? len : SHOWN_MAX);
        buf_text(out, len < SHOWN_MAX ? "" : "...");
        mem_free(text);
    }
}

static void add_difference(struct spec_change *change, const char *path, const json_t *before,
                           const json_t *after)
{
    struct buf line;
    buf_init(&line, 4096);
    buf_printf(&line, "%s: ", path);
    show(&line, path, before);
    buf_text(&line, " -> ");
    show(&line, path, after);
    add_line(change, line.data);
    buf_release(&line);
}

static void compare_members(struct spec_change *change, const char *path, json_t *before,
                            json_t *after)
{
    const char *name;
    json_t *value;
    struct buf inner;
    buf_init(&inner, 4096);
    json_object_foreach(before, name, value)
    {
        json_t *other = json_object_get(after, name);
        buf_clear(&inner);
        buf_printf(&inner, "%s.%s", path, name);
        if (other == NULL || !json_equal(value, other))
            add_difference(change, inner.data, value, other);
    }
    json_object_foreach(after, name, value)
    {
        buf_clear(&inner);
        buf_printf(&inner, "%s.%s", path, name);
        if (json_object_get(before, name) == NULL)
            add_difference(change, inner.data, NULL, value);
    }
    buf_release(&inner);
}

/* The order of parameters is the order of the engine's coordinates. */
static bool same_order(json_t *before, json_t *after)
{
    void *a = json_object_iter(before), *b = json_object_iter(after);
    for (; a != NULL && b != NULL;
         a = json_object_iter_next(before, a), b = json_object_iter_next(after, b))
        if (strcmp(json_object_iter_key(a), json_object_iter_key(b)) != 0)
            return false;
    return a == NULL && b == NULL;
}

static void compare_key(struct spec_change *change, const struct key *key, json_t *before,
                        json_t *after)
{
    size_t n = change->n;
    if (before == NULL && after == NULL)
        return;
    bool is_order = strcmp(key->path, "parameters") == 0 && before != NULL && after != NULL;
    if (before != NULL && after != NULL && json_equal(before, after)) {
        if (is_order && !same_order(before, after))
            add_line(change, "parameters: in another order");
    } else if ((before == NULL || json_is_object(before)) &&
               (after == NULL || json_is_object(after))) {
        compare_members(change, key->path, before, after);
    } else {
        add_difference(change, key->path, before, after);
    }
    if (change->n == n)
        return;
    change->allowed = change->allowed && (key->flags & KEY_MAY_CHANGE) != 0;
    change->search = change->search || (key->flags & KEY_SEARCH) != 0;
    /* What a study began with is of no use later, and may not fit new ranges. */
    bool is_past = after == NULL && strcmp(key->path, "start") == 0;
    if (change->fixed == NULL && (key->flags & KEY_FIXED) != 0 && !is_past)
        change->fixed = key->path;
}

struct spec_change spec_compare(const struct spec *stored, const struct spec *now)
{
    struct spec_change change = {.allowed = true};
    json_t *before = json_read(stored->text, strlen(stored->text), NULL);
    json_t *after = json_read(now->text, strlen(now->text), NULL);
    if (before == NULL || after == NULL) {
        change.allowed = false;
        change.fixed = "study";
        add_line(&change, "out of memory");
    }
    for (size_t i = 0; i < n_keys && before != NULL && after != NULL; i++)
        if (key_is_inside(&keys[i], ""))
            compare_key(&change, &keys[i], json_object_get(before, keys[i].path),
                        json_object_get(after, keys[i].path));
    json_decref(before);
    json_decref(after);
    return change;
}

void spec_change_release(struct spec_change *change)
{
    for (size_t i = 0; i < change->n; i++)
        mem_free(change->lines[i]);
    mem_free(change->lines);
    *change = (struct spec_change){0};
}
