/*
 * import_csv.c: CSV (RFC 4180) with a header line to objects in the form of the JSON export.
 *
 * A column is known by its name: trial, state, started_at, ended_at, seconds, cost, attempts, and
 * the names of the study's parameters and metrics, which come first where a name is both. Fields
 * stay texts here; import.c gives them their types.
 */
#include "report/import.h"

#include "base/buf.h"
#include "base/mem.h"
#include "io/json.h"

#include <string.h>

enum { MOST_COLUMNS = 4096, LONGEST_FIELD = 1 << 20 };

enum column_kind { COLUMN_OTHER, COLUMN_PARAMETER, COLUMN_METRIC, COLUMN_OWN };

struct column {
    enum column_kind kind;
    char *name;
};

struct csv {
    const char *at, *end;
    int64_t line;
    struct buf field;
    struct column *columns;
    size_t n_columns;
    hone_error *err;
};

/**
 * Read a field; *last tells whether it ended its record.
 * @return false: *err says why
 */
static bool read_field(struct csv *csv, bool *last)
{
    buf_clear(&csv->field);
    int64_t line = csv->line;
    bool quoted = csv->at < csv->end && *csv->at == '"';
    if (quoted) {
        for (csv->at++;; csv->at++) {
            if (csv->at >= csv->end) {
                error_set(csv->err, HONE_EINVAL, "%lld: a quote is not closed", (long long)line);
                return false;
            }
            if (*csv->at == '"') {
                csv->at++;
                if (csv->at >= csv->end || *csv->at != '"')
                    break;
            }
            csv->line += *csv->at == '\n';
            buf_char(&csv->field, *csv->at);
        }
    }
    const char *start = csv->at;
    while (csv->at < csv->end && *csv->at != ',' && *csv->at != '\n' && *csv->at != '\r')
        csv->at++;
    if (quoted && csv->at > start) {
        error_set(csv->err, HONE_EINVAL, "%lld: text after a closing quote", (long long)csv->line);
        return false;
    }
    buf_add(&csv->field, start, (size_t)(csv->at - start));
    if (csv->field.failed) {
        error_set(csv->err, HONE_EINVAL, "%lld: a field is longer than %d bytes", (long long)line,
                  LONGEST_FIELD);
        return false;
    }
    *last = csv->at >= csv->end || *csv->at != ',';
    if (!*last) {
        csv->at++;
        return true;
    }
    if (csv->at < csv->end && *csv->at == '\r')
        csv->at++;
    if (csv->at < csv->end && *csv->at == '\n')
        csv->at++;
    csv->line++;
    return true;
}

static enum column_kind kind_of(const struct spec *spec, const char *name)
{
    static const char *const own[] = {"trial",   "state", "started_at", "ended_at",
                                      "seconds", "cost",  "attempts"};
    for (size_t i = 0; i < spec->n_parameters; i++)
        if (strcmp(spec->parameters[i].name, name) == 0)
            return COLUMN_PARAMETER;
    for (size_t i = 0; i < spec->n_metrics; i++)
        if (strcmp(spec->metrics[i].name, name) == 0)
            return COLUMN_METRIC;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(own[i], name) == 0)
            return COLUMN_OWN;
    return COLUMN_OTHER;
}

static bool read_header(struct csv *csv, const struct spec *spec)
{
    bool last = false;
    csv->columns = mem_array(MOST_COLUMNS, sizeof *csv->columns);
    if (csv->columns == NULL) {
        error_memory(csv->err);
        return false;
    }
    while (!last) {
        if (!read_field(csv, &last))
            return false;
        if (csv->n_columns == MOST_COLUMNS) {
            error_set(csv->err, HONE_EINVAL, "1: more than %d columns", MOST_COLUMNS);
            return false;
        }
        const char *name = csv->field.data;
        for (size_t i = 0; i < csv->n_columns; i++) {
            if (strcmp(csv->columns[i].name, name) == 0) {
                error_set(csv->err, HONE_EINVAL, "1: column \"%s\" is there twice", name);
                return false;
            }
        }
        struct column *c = &csv->columns[csv->n_columns];
        c->kind = kind_of(spec, name);
        c->name = mem_text(name);
        if (c->name == NULL) {
            error_memory(csv->err);
            return false;
        }
        csv->n_columns++;
    }
    return true;
}

/** Put a field where the JSON export has it. An empty one is not there. */
static void put_field(const struct column *column, const char *text, json_t *object)
{
    if (text[0] == '\0')
        return;
    json_t *value = json_string(text);
    if (column->kind == COLUMN_PARAMETER)
        json_object_set_new(json_object_get(object, "params"), column->name, value);
    else if (column->kind == COLUMN_OWN)
        json_object_set_new(object, column->name, value);
    else /* one that the study does not have is a metric too: import.c names it */
        json_object_set_new(json_object_get(object, "metrics"), column->name,
                            json_pack("{s:o}", "last", value));
}

static bool read_record(struct csv *csv, json_t *array)
{
    int64_t line = csv->line;
    bool last = false;
    json_t *object = json_pack("{s:I, s:{}, s:{}}", "line", (json_int_t)line, "params", "metrics");
    if (object == NULL || json_array_append_new(array, object) != 0) {
        error_memory(csv->err);
        return false;
    }
    size_t n = 0;
    for (; !last; n++) {
        if (!read_field(csv, &last))
            return false;
        if (n < csv->n_columns)
            put_field(&csv->columns[n], csv->field.data, object);
    }
    if (n != csv->n_columns) {
        error_set(csv->err, HONE_EINVAL, "%lld: %zu fields, the first line has %zu",
                  (long long)line, n, csv->n_columns);
        return false;
    }
    return true;
}

json_t *import_csv(const char *text, size_t len, const struct spec *spec, hone_error *err)
{
    struct csv csv = {.at = text, .end = text + len, .line = 1, .err = err};
    json_t *array = json_array();
    buf_init(&csv.field, LONGEST_FIELD);
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        csv.at += 3; /* spreadsheets begin UTF-8 by a mark */
    bool good = array != NULL && read_header(&csv, spec);
    while (good && csv.at < csv.end) {
        if (*csv.at == '\n' || *csv.at == '\r') { /* an empty line */
            csv.line += *csv.at == '\n';
            csv.at++;
            continue;
        }
        good = read_record(&csv, array);
    }
    for (size_t i = 0; i < csv.n_columns; i++)
        mem_free(csv.columns[i].name);
    mem_free(csv.columns);
    buf_release(&csv.field);
    if (good)
        return array;
    json_decref(array);
    return NULL;
}
