/*
 * schema.c: the JSON Schema (draft 2020-12) of study.yaml, for editors that complete and check.
 *
 * Keys of the table give their own schemas. Those that are read by a function of their own are
 * described here, as JSON. A schema says what a file may look like; what only the reader can know
 * (which parameter a condition names, whether a pattern compiles) is left to `hone check`.
 */
#include "spec/spec.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "io/json.h"
#include "spec/keys.h"

/* clang-format off */
#define SCALAR  "{\"$ref\": \"#/$defs/scalar\"}"
#define VALUES  "{\"$ref\": \"#/$defs/values\"}"
#define TEXT    "{\"type\": \"string\"}"
#define MAP     "\"type\": \"object\", "
#define CLOSED  MAP "\"additionalProperties\": false, "
#define ANY(a)  "{\"anyOf\": [" a "]}"
#define LIST(a) "{\"type\": \"array\", \"minItems\": 1, \"items\": " a "}"

static const struct {
    const char *path, *json;
} shapes[] = {
    {"command", ANY(SCALAR ", " LIST(SCALAR))},
    {"env", "{" MAP "\"additionalProperties\": " SCALAR "}"},
    {"inputs", "{" MAP "\"additionalProperties\": " SCALAR "}"},
    {"objective", ANY("{\"$ref\": \"#/$defs/objective\"}, {\"type\": \"array\", "
                      "\"minItems\": 1, \"maxItems\": 8, "
                      "\"items\": {\"$ref\": \"#/$defs/objective\"}}")},
    {"metrics", "{" MAP "\"additionalProperties\": "
                ANY(SCALAR ", "
                    "{" CLOSED "\"required\": [\"json\"], "
                    "\"properties\": {\"json\": " TEXT "}}, "
                    "{" CLOSED "\"minProperties\": 1, "
                    "\"properties\": {\"file\": " TEXT ", \"regex\": " TEXT "}}") "}"},
    {"constraints", "{" MAP "\"maxProperties\": 8, \"additionalProperties\": "
                    "{" CLOSED "\"minProperties\": 1, \"properties\": "
                    "{\"max\": {\"type\": \"number\"}, \"min\": {\"type\": \"number\"}}}}"},
    {"step", ANY(TEXT ", {" CLOSED "\"required\": [\"metric\"], "
                 "\"properties\": {\"metric\": " TEXT "}}")},
    {"parameters", "{" MAP "\"minProperties\": 1, "
                   "\"propertyNames\": {\"pattern\": \"^[A-Za-z_][A-Za-z0-9_.:-]*$\"}, "
                   "\"additionalProperties\": "
                   ANY(TEXT ", " VALUES ", {\"$ref\": \"#/$defs/parameter\"}") "}"},
    {"executor", ANY("{\"enum\": [\"local\", \"slurm\"]}, {" CLOSED
                     "\"required\": [\"slurm\"], \"properties\": {\"slurm\": {" CLOSED
                     "\"properties\": {\"partition\": " TEXT ", \"account\": " TEXT
                     ", \"gres\": " TEXT ", \"time\": " SCALAR ", \"spot_partition\": " TEXT
                     ", \"extra\": " LIST(TEXT) "}}}}")},
    {"where", ANY(TEXT ", " LIST(TEXT))},
    {"start", "{\"type\": \"array\", \"items\": {" MAP "\"additionalProperties\": " SCALAR "}}"},
    {"parameters.values", VALUES},
    {"parameters.min", "{\"type\": \"number\"}"},
    {"parameters.max", "{\"type\": \"number\"}"},
    {"parameters.step", "{\"type\": \"number\", \"exclusiveMinimum\": 0}"},
    {"parameters.default", SCALAR},
    {"parameters.when", "{" MAP "\"additionalProperties\": " ANY(SCALAR ", " VALUES) "}"},
    {"objective.metric", TEXT},
    {"objective.reference", "{\"type\": \"number\"}"},
};
/* clang-format on */

static json_t *from_text(const char *text)
{
    return json_read(text, strlen(text), NULL);
}

static json_t *words_schema(const char *words)
{
    json_t *list = json_array();
    const char *cursor = NULL, *word;
    size_t len;
    bool later;
    while ((word = key_next_word(words, &cursor, &len, &later)) != NULL)
        if (!later)
            json_array_append_new(list, json_stringn(word, len));
    return json_pack("{s:o}", "enum", list);
}

static json_t *number_schema(const struct key *key, const char *type)
{
    json_t *out = json_pack("{s:s}", "type", type);
    if (key->lo == ABOVE_ZERO)
        json_object_set_new(out, "exclusiveMinimum", json_integer(0));
    else if (isfinite(key->lo))
        json_object_set_new(out, "minimum", json_of_value(HONE_NUMBER(key->lo)));
    if (isfinite(key->hi) && key->hi < 9e18)
        json_object_set_new(out, "maximum", json_of_value(HONE_NUMBER(key->hi)));
    return out;
}

/* A number, or a text such as "2h" of this form. */
static json_t *unit_schema(const struct key *key, const char *pattern)
{
    return json_pack("{s:[o,{s:s,s:s}]}", "anyOf", number_schema(key, "number"), "type", "string",
                     "pattern", pattern);
}

static json_t *section_schema(const struct key *section);

static json_t *shape_of(const struct key *key)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (strcmp(shapes[i].path, key->path) == 0)
            return from_text(shapes[i].json);
    switch (key->type) {
    case KEY_TEXT:
        return from_text("{\"$ref\": \"#/$defs/scalar\"}");
    case KEY_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case KEY_INT:
    case KEY_COUNT:
        return number_schema(key, "integer");
    case KEY_NUMBER:
        return number_schema(key, "number");
    case KEY_PERCENT:
        return unit_schema(key, "^[0-9.]+ *%$");
    case KEY_DURATION:
        return unit_schema(key, "^([0-9.]+ *(d|h|min|m|s|ms) *)+$");
    case KEY_BYTES:
        return unit_schema(key, "^[0-9.]+ *[kKMGT]?i?B?$");
    case KEY_CHOICE:
    case KEY_ENUM:
    case KEY_FLAG:
        return words_schema(key->words);
    case KEY_ALIAS:
        return words_schema(key_find(key->words)->words);
    case KEY_SECTION:
        return section_schema(key);
    case KEY_LATER:
        return key->initial != NULL
                   ? json_pack("{s:[o]}", "enum",
                               strcmp(key->initial, "false") == 0 ? json_false()
                               : strcmp(key->initial, "0") == 0   ? json_integer(0)
                                                                  : json_string(key->initial))
                   : json_pack("{s:{}}", "not");
    case KEY_OWN:
    case KEY_DOC:
        break;
    }
    return key->words != NULL ? words_schema(key->words) : json_object();
}

static json_t *default_integer(const struct key *key)
{
    int64_t n = 0;
    return str_int64(key->initial, strlen(key->initial), &n) ? json_integer(n) : NULL;
}

static json_t *key_schema(const struct key *key)
{
    json_t *out = shape_of(key);
    struct buf text;
    buf_init(&text, 4096);
    buf_text(&text, key->meaning);
    if (key->type == KEY_LATER)
        buf_printf(&text, " Not available yet; there is: %s.", key->words);
    json_object_set_new(out, "description", json_string(text.data));
    if (key->initial != NULL && key->type != KEY_LATER && key->type != KEY_DOC)
        json_object_set_new(out, "default",
                            key->type == KEY_INT    ? default_integer(key)
                            : key->type == KEY_BOOL ? json_false()
                                                    : json_string(key->initial));
    buf_release(&text);
    return out;
}

/* The keys directly inside of a section ("" is the top) as an object's schema. */
static json_t *object_schema(const char *section)
{
    json_t *properties = json_object(), *required = json_array();
    for (size_t i = 0; i < n_keys; i++) {
        if (!key_is_inside(&keys[i], section))
            continue;
        json_object_set_new(properties, key_leaf(&keys[i]), key_schema(&keys[i]));
        if ((keys[i].flags & KEY_REQUIRED) != 0)
            json_array_append_new(required, json_string(key_leaf(&keys[i])));
    }
    json_t *out = json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", 0,
                            "properties", properties);
    if (json_array_size(required) > 0)
        json_object_set(out, "required", required);
    json_decref(required);
    return out;
}

/* A map, or the plain value that stands for one of its keys. */
static json_t *section_schema(const struct key *section)
{
    json_t *map = object_schema(section->path);
    if (section->words == NULL)
        return map;
    char path[128];
    snprintf(path, sizeof path, "%s.%s", section->path, section->words);
    json_t *whole = json_pack("{s:[o,o]}", "anyOf", shape_of(key_find(path)), map);
    if (section->initial != NULL)
        json_array_append_new(json_object_get(whole, "anyOf"),
                              json_pack("{s:s}", "const", section->initial));
    return whole;
}

static int add_text(const char *text, size_t len, void *out)
{
    struct buf *b = out;
    buf_add(b, text, len);
    return b->failed ? -1 : 0;
}

void spec_schema(struct buf *out)
{
    json_t *top = object_schema("");
    json_t *head =
        json_pack("{s:s, s:s, s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema",
                  "title", "hone study", "description",
                  "A study of hone: what to run, what to vary, what to "
                  "make large or small. See study.yaml(5).");
    json_object_update(head, top);
    json_object_set_new(
        head, "$defs",
        json_pack("{s:o, s:o, s:o, s:o}", "scalar",
                  from_text("{\"type\": [\"string\", \"number\", \"boolean\"]}"), "values",
                  from_text("{\"type\": \"array\", \"minItems\": 1, \"items\": {\"$ref\": "
                            "\"#/$defs/scalar\"}}"),
                  "objective", object_schema("objective"), "parameter",
                  object_schema("parameters")));
    if (json_dump_callback(head, add_text, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) != 0)
        out->failed = true;
    buf_char(out, '\n');
    json_decref(top);
    json_decref(head);
}
