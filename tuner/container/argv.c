/*
 * argv.c: from hyperparameters, texts of JSON, to arguments and variables, in the same bytes as the
 * toolkit of SageMaker's images makes them in Python. Thus the rules here are those of Python's
 * json.loads(), str(), repr() and json.dumps().
 */
#include "container/argv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static bool is_internal(const char *name)
{
    return strncmp(name, "sagemaker_", 10) == 0 || strcmp(name, "_tuning_objective_metric") == 0;
}

static json_t *decode_one(json_t *value)
{
    json_t *decoded =
        json_loadb(json_string_value(value), json_string_length(value), JSON_DECODE_ANY, NULL);
    return decoded ? decoded : json_incref(value);
}

json_t *argv_decode(json_t *hyperparameters, bool internal)
{
    json_t *out = json_object(), *value;
    const char *name;
    json_object_foreach(hyperparameters, name, value) if (is_internal(name) == internal)
        json_object_set_new(out, name, decode_one(value));
    return out;
}

/* repr() of a float: the shortest digits; with an exponent below 1e-4 and from 1e16 up. */
static void add_float(struct buf *out, double x)
{
    char text[32], digits[32];
    int n = 0, point = -1, exponent = 0;
    text[str_from_double(text, fabs(x))] = '\0';
    if (signbit(x))
        buf_char(out, '-');
    const char *p = text;
    for (; *p && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.')
            point = n;
        else
            digits[n++] = *p;
    }
    if (*p)
        exponent = (int)strtol(p + 1, NULL, 10);
    int lead = 0;
    if (point < 0)
        point = n;
    while (lead < n - 1 && digits[lead] == '0')
        lead++;
    while (n > lead + 1 && digits[n - 1] == '0')
        n--;
    const char *d = digits + lead;
    n -= lead;
    int at = point - lead + exponent; /* 0.ddd * 10^at */
    if (x == 0.0) {
        buf_text(out, "0.0");
    } else if (at > 16 || at < -3) {
        buf_char(out, d[0]);
        if (n > 1)
            buf_printf(out, ".%.*s", n - 1, d + 1);
        buf_printf(out, "e%c%02d", at > 0 ? '+' : '-', abs(at - 1));
    } else if (at <= 0) {
        buf_text(out, "0.");
        for (int i = at; i < 0; i++)
            buf_char(out, '0');
        buf_add(out, d, (size_t)n);
    } else {
        for (int i = 0; i < at; i++)
            buf_char(out, i < n ? d[i] : '0');
        buf_char(out, '.');
        if (n > at)
            buf_add(out, d + at, (size_t)(n - at));
        else
            buf_char(out, '0');
    }
}

/* repr() of a text: apostrophes around it, but where only these are inside. */
static void add_repr(struct buf *out, const char *text)
{
    char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';
    buf_char(out, quote);
    for (const char *p = text; *p; p++) {
        if (*p == quote || *p == '\\')
            buf_printf(out, "\\%c", *p);
        else if (*p == '\n')
            buf_text(out, "\\n");
        else if (*p == '\r')
            buf_text(out, "\\r");
        else if (*p == '\t')
            buf_text(out, "\\t");
        else if ((unsigned char)*p < ' ' || *p == 0x7f)
            buf_printf(out, "\\x%02x", (unsigned)*p);
        else
            buf_char(out, *p);
    }
    buf_char(out, quote);
}

/* {} and [] in Python's form. The names in a map are in the order that they came in. */
static void add_items(struct buf *out, json_t *value)
{
    const char *name, *between = "";
    json_t *item;
    size_t i;
    buf_char(out, json_is_array(value) ? '[' : '{');
    json_array_foreach(value, i, item)
    {
        buf_text(out, i > 0 ? ", " : "");
        argv_python(out, item, true);
    }
    json_object_foreach(value, name, item)
    {
        buf_text(out, between);
        add_repr(out, name);
        buf_text(out, ": ");
        argv_python(out, item, true);
        between = ", ";
    }
    buf_char(out, json_is_array(value) ? ']' : '}');
}

void argv_python(struct buf *out, json_t *value, bool repr)
{
    if (json_is_string(value) && repr)
        add_repr(out, json_string_value(value));
    else if (json_is_string(value))
        buf_text(out, json_string_value(value));
    else if (json_is_integer(value))
        buf_printf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        add_float(out, json_real_value(value));
    else if (json_is_boolean(value))
        buf_text(out, json_is_true(value) ? "True" : "False");
    else if (json_is_null(value))
        buf_text(out, "None");
    else
        add_items(out, value);
}

static int by_bytes(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

/* The names of an object in order; mem_free. */
static const char **names_of(json_t *object, size_t *n_out)
{
    const char **names = mem_array(json_object_size(object), sizeof *names);
    const char *name;
    json_t *value;
    *n_out = 0;
    json_object_foreach(object, name, value) if (names) names[(*n_out)++] = name;
    if (names)
        qsort(names, *n_out, sizeof *names, by_bytes);
    return names;
}

static void add_value(struct buf *out, json_t *value)
{
    if (json_is_null(value))
        return;
    if (!json_is_object(value)) {
        argv_python(out, value, false);
        return;
    }
    size_t n;
    const char **names = names_of(value, &n);
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s%s=", i > 0 ? "," : "", names[i]);
        argv_python(out, json_object_get(value, names[i]), false);
    }
    mem_free(names);
}

json_t *argv_of(json_t *decoded)
{
    json_t *list = json_array();
    size_t n;
    const char **names = names_of(decoded, &n);
    struct buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < n; i++) {
        const char *name = names[i];
        size_t first = buf_utf8_length((const unsigned char *)name);
        bool one = name[0] != '\0' && name[first > 0 ? first : 1] == '\0';
        buf_clear(&b);
        buf_printf(&b, "%s%s", name[0] == '\0' ? "" : one ? "-" : "--", name);
        json_array_append_new(list, json_string(b.data));
        buf_clear(&b);
        add_value(&b, json_object_get(decoded, name));
        json_array_append_new(list, json_string(b.data));
    }
    buf_release(&b);
    mem_free(names);
    return list;
}

/* As Python escapes: everything beyond ASCII, in lower-case digits. */
static void add_json_text(struct buf *out, const char *text)
{
    json_t *value = json_string(text);
    char *quoted = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;
    for (char *p = quoted; p && *p; p++) {
        if (*p != '\\')
            continue;
        p++; /* what is escaped: never the beginning of another escape */
        for (int i = 1; *p == 'u' && i <= 4; i++)
            if (p[i] >= 'A' && p[i] <= 'F')
                p[i] = (char)(p[i] - 'A' + 'a');
    }
    buf_text(out, quoted ? quoted : "\"\"");
    free(quoted);
    json_decref(value);
}

void argv_json(struct buf *out, json_t *value)
{
    size_t i, n;
    json_t *item;
    if (json_is_array(value)) {
        buf_char(out, '[');
        json_array_foreach(value, i, item)
        {
            buf_text(out, i > 0 ? "," : "");
            argv_json(out, item);
        }
        buf_char(out, ']');
    } else if (json_is_object(value)) {
        const char **names = names_of(value, &n);
        buf_char(out, '{');
        for (i = 0; i < n; i++) {
            buf_text(out, i > 0 ? "," : "");
            add_json_text(out, names[i]);
            buf_char(out, ':');
            argv_json(out, json_object_get(value, names[i]));
        }
        buf_char(out, '}');
        mem_free(names);
    } else if (json_is_string(value)) {
        add_json_text(out, json_string_value(value));
    } else if (json_is_boolean(value)) {
        buf_text(out, json_is_true(value) ? "true" : "false");
    } else if (json_is_null(value)) {
        buf_text(out, "null");
    } else {
        argv_python(out, value, false);
    }
}
