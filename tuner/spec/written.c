/* written.c: see written.h. */
#include "spec/written.h"

#include <string.h>

#include "base/str.h"
#include "io/json.h"

/* Words that YAML takes for something else than text. */
static bool is_plain(const char *text)
{
    static const char *const others[] = {"true", "false", "null",  "True", "False",
                                         "Null", "TRUE",  "FALSE", "NULL"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(text, others[i]) == 0)
            return false;
    return str_is_name(text) && strchr(text, ':') == NULL;
}

void written_text(struct buf *out, const char *text)
{
    if (is_plain(text))
        buf_text(out, text);
    else
        buf_json(out, text);
}

void written_value(struct buf *out, json_t *value)
{
    const char *key;
    json_t *item;
    size_t i, n = 0;
    if (json_is_object(value)) {
        buf_char(out, '{');
        json_object_foreach(value, key, item)
        {
            buf_text(out, n++ > 0 ? ", " : "");
            written_text(out, key);
            buf_text(out, ": ");
            written_value(out, item);
        }
        buf_char(out, '}');
    } else if (json_is_array(value)) {
        buf_char(out, '[');
        json_array_foreach(value, i, item)
        {
            buf_text(out, i > 0 ? ", " : "");
            written_value(out, item);
        }
        buf_char(out, ']');
    } else if (json_is_string(value)) {
        written_text(out, json_string_value(value));
    } else if (json_is_integer(value)) {
        buf_printf(out, "%lld", (long long)json_integer_value(value));
    } else if (json_is_number(value)) {
        buf_double(out, json_number_value(value));
    } else {
        buf_text(out, json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null");
    }
}

json_t *written_defaults(const struct spec *spec, const json_t *whole)
{
    struct problems problems = {0};
    json_t *least = json_object(), *defaults = NULL;
    static const char *const needed[] = {"study", "command", "objective", "parameters"};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        json_object_set(least, needed[i], json_object_get(whole, needed[i]));
    char *text = json_write(least);
    struct spec *plain =
        text != NULL ? spec_read_text(text, strlen(text), spec->folder, &problems) : NULL;
    if (plain != NULL)
        defaults = json_read(plain->text, strlen(plain->text), NULL);
    spec_free(plain);
    problems_release(&problems);
    mem_free(text);
    json_decref(least);
    return defaults != NULL ? defaults : json_object();
}

json_t *written_member(const char *key, json_t *value, const json_t *defaults)
{
    static const char *const whole[] = {"command", "objective", "parameters"};
    const char *part;
    json_t *item, *usual = json_object_get(defaults, key);
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if (strcmp(key, whole[i]) == 0)
            return json_incref(value);
    if (usual != NULL && json_equal(usual, value))
        return NULL;
    if (!json_is_object(value) || !json_is_object(usual))
        return json_incref(value);
    json_t *rest = json_object();
    json_object_foreach(value, part, item) if (!json_object_get(usual, part) ||
                                               !json_equal(json_object_get(usual, part), item))
        json_object_set(rest, part, item);
    return rest;
}

hone_status spec_written(const struct spec *spec, struct buf *out, hone_error *err)
{
    const char *key, *name;
    json_t *value, *parameter, *whole = json_read(spec->text, strlen(spec->text), err);
    if (whole == NULL)
        return HONE_EIO;
    json_t *defaults = written_defaults(spec, whole);
    json_object_foreach(whole, key, value)
    {
        json_t *member = written_member(key, value, defaults);
        if (member == NULL)
            continue;
        bool one_line = strcmp(key, "parameters") != 0;
        buf_printf(out, "%s:%s", key, one_line ? " " : "\n");
        if (one_line)
            written_value(out, member);
        else
            json_object_foreach(member, name, parameter)
            {
                buf_text(out, "  ");
                written_text(out, name);
                buf_text(out, ": ");
                written_value(out, parameter);
                buf_char(out, '\n');
            }
        if (one_line)
            buf_char(out, '\n');
        json_decref(member);
    }
    json_decref(defaults);
    json_decref(whole);
    return out->failed ? error_memory(err) : HONE_OK;
}
