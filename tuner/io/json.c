/*
 * json.c: jansson, with our errors and our numbers.
 *
 * jansson prints doubles by printf and integers apart from reals. We write every number in the
 * shortest form that reads back as the same bits, and a double that is a whole number within
 * +-2^53 as an integer, so that a text does not depend on how a number came in.
 */
#include "io/json.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

#define JSON_TEXT_MAX  ((size_t)256 << 20)
#define JSON_DEPTH_MAX 64

/* Whole numbers up to here are exact in a double. */
#define EXACT_MAX 9007199254740992.0

/* Depth of nesting outside strings; the text need not be valid. */
static bool too_deep(const char *text, size_t len)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_DEPTH_MAX)
                return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

json_t *json_read(const char *text, size_t len, hone_error *err)
{
    if (len > JSON_TEXT_MAX) {
        error_set(err, HONE_EINVAL, "JSON text is longer than %zu MiB", JSON_TEXT_MAX >> 20);
        return NULL;
    }
    if (too_deep(text, len)) {
        error_set(err, HONE_EINVAL, "JSON text is nested deeper than %d levels", JSON_DEPTH_MAX);
        return NULL;
    }
    json_error_t problem;
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);
    if (json == NULL) {
        if (json_error_code(&problem) == json_error_out_of_memory)
            error_memory(err);
        else
            error_set(err, HONE_EINVAL, "line %d, column %d: %s", problem.line, problem.column,
                      problem.text);
    }
    return json;
}

static void write_number(struct buf *out, double x)
{
    if (isnan(x))
        buf_text(out, "\"NaN\"");
    else if (isinf(x))
        buf_text(out, x > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    else if (x == 0 && signbit(x))
        buf_text(out, "-0.0"); /* "-0" is an integer to readers, and loses the sign */
    else if (x == floor(x) && fabs(x) <= EXACT_MAX)
        buf_printf(out, "%lld", (long long)x);
    else
        buf_double(out, x);
}

static void write_value(struct buf *out, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: {
        buf_char(out, '{');
        const char *separator = "";
        /* jansson's iterators take no const, and change nothing. */
        union {
            const json_t *in;
            json_t *out;
        } object = {value};
        const char *key;
        json_t *item;
        json_object_foreach(object.out, key, item)
        {
            buf_text(out, separator);
            buf_json(out, key);
            buf_char(out, ':');
            write_value(out, item);
            separator = ",";
        }
        buf_char(out, '}');
        break;
    }
    case JSON_ARRAY:
        buf_char(out, '[');
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (i > 0)
                buf_char(out, ',');
            write_value(out, json_array_get(value, i));
        }
        buf_char(out, ']');
        break;
    case JSON_STRING:
        buf_json(out, json_string_value(value));
        break;
    case JSON_INTEGER:
        buf_printf(out, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        write_number(out, json_real_value(value));
        break;
    case JSON_TRUE:
        buf_text(out, "true");
        break;
    case JSON_FALSE:
        buf_text(out, "false");
        break;
    case JSON_NULL:
        buf_text(out, "null");
        break;
    }
}

char *json_write(const json_t *value)
{
    struct buf out;
    buf_init(&out, JSON_TEXT_MAX);
    write_value(&out, value);
    return buf_take(&out);
}

json_t *json_of_value(hone_value value)
{
    if (value.kind == HONE_VALUE_TEXT)
        return json_string(value.text);
    double x = value.number;
    if (x == floor(x) && fabs(x) <= EXACT_MAX && !(x == 0 && signbit(x)))
        return json_integer((json_int_t)x);
    if (isnan(x))
        return json_string("NaN");
    if (isinf(x))
        return json_string(x > 0 ? "Infinity" : "-Infinity");
    return json_real(x);
}

bool json_to_value(const json_t *json, hone_value *out)
{
    if (json_is_string(json))
        *out = HONE_TEXT(json_string_value(json));
    else if (json_is_number(json))
        *out = HONE_NUMBER(json_number_value(json));
    else
        return false;
    return true;
}

json_t *json_of_settings(const hone_setting *settings, size_t n)
{
    json_t *object = json_object();
    for (size_t i = 0; object != NULL && i < n; i++) {
        if (json_object_set_new(object, settings[i].name, json_of_value(settings[i].value)) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

hone_setting *json_to_settings(const json_t *object, size_t *n_out, hone_error *err)
{
    *n_out = 0;
    if (!json_is_object(object)) {
        error_set(err, HONE_EINVAL, "settings are not a JSON object of names and values");
        return NULL;
    }
    size_t n = json_object_size(object), i = 0;
    hone_setting *settings = mem_array(n, sizeof *settings);
    if (settings == NULL) {
        error_memory(err);
        return NULL;
    }
    union {
        const json_t *in;
        json_t *out;
    } of = {object};
    const char *name;
    json_t *item;
    json_object_foreach(of.out, name, item)
    {
        settings[i].name = name;
        if (!json_to_value(item, &settings[i].value)) {
            error_set(err, HONE_EINVAL, "the value of \"%s\" is neither a number nor a string",
                      name);
            mem_free(settings);
            return NULL;
        }
        i++;
    }
    *n_out = n;
    return settings;
}

/* One entry; its settings begin at *next, which is moved behind them. */
static hone_status to_result(const json_t *entry, hone_setting **next, hone_result *out,
                             hone_error *err)
{
    const json_t *params = json_object_get(entry, "params"),
                 *value = json_object_get(entry, "value");
    hone_error reason = {0};
    size_t n = 0;
    if (!json_is_object(params) || !json_is_number(value) || json_object_size(entry) != 2)
        return error_set(err, HONE_EINVAL, "needs \"params\", an object, and \"value\", a number");
    hone_setting *settings = json_to_settings(params, &n, &reason);
    if (settings == NULL)
        return error_set(err, reason.status, "%s", reason.text);
    memcpy(*next, settings, n * sizeof *settings);
    mem_free(settings);
    *out = (hone_result){.settings = *next, .n_settings = n, .value = json_number_value(value)};
    *next += n;
    return HONE_OK;
}

hone_result *json_to_results(const json_t *list, size_t *n_out, hone_error *err)
{
    size_t n = json_array_size(list), n_settings = 0;
    for (size_t i = 0; i < n; i++)
        n_settings += json_object_size(json_object_get(json_array_get(list, i), "params"));
    hone_result *results = mem_array(n * sizeof *results + n_settings * sizeof(hone_setting), 1);
    if (results == NULL) {
        error_memory(err);
        return NULL;
    }
    hone_setting *next = (hone_setting *)(results + n);
    for (size_t i = 0; i < n; i++) {
        hone_error reason = {0};
        if (to_result(json_array_get(list, i), &next, &results[i], &reason) == HONE_OK)
            continue;
        error_set(err, reason.status, "result %zu: %s", i, reason.text);
        mem_free(results);
        return NULL;
    }
    *n_out = n;
    return results;
}
