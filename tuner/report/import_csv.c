/*
 * import_csv.c: CSV (RFC 4180) with a header line to objects in the form of the JSON export.
 *
 * A column is known by its name: trial, state, started_at, ended_at, seconds, cost, attempts, and
 * the names of the study's parameters and metrics, which come first where a name is both. Fields
 * stay texts here; import.c gives them their types.
 */
#include "report/import.h"

#include "base/mem.h"
#include "io/csv.h"
#include "io/json.h"

#include <string.h>

enum { MOST_COLUMNS = 4096 };

enum column_kind { COLUMN_OTHER, COLUMN_PARAMETER, COLUMN_METRIC, COLUMN_OWN };

struct column {
    enum column_kind kind;
    char *name;
};

struct table {
    struct csv csv;
    struct column *columns;
    size_t n_columns;
    hone_error *err;
};

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

static bool read_header(struct table *table, const struct spec *spec)
{
    bool last = false;
    table->columns = mem_array(MOST_COLUMNS, sizeof *table->columns);
    if (table->columns == NULL) {
        error_memory(table->err);
        return false;
    }
    while (!last) {
        if (csv_field(&table->csv, &last, table->err) != HONE_OK)
            return false;
        if (table->n_columns == MOST_COLUMNS) {
            error_set(table->err, HONE_EINVAL, "1: more than %d columns", MOST_COLUMNS);
            return false;
        }
        const char *name = table->csv.field.data;
        for (size_t i = 0; i < table->n_columns; i++) {
            if (strcmp(table->columns[i].name, name) == 0) {
                error_set(table->err, HONE_EINVAL, "1: column \"%s\" is there twice", name);
                return false;
            }
        }
        struct column *c = &table->columns[table->n_columns];
        c->kind = kind_of(spec, name);
        c->name = mem_text(name);
        if (c->name == NULL) {
            error_memory(table->err);
            return false;
        }
        table->n_columns++;
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

static bool read_record(struct table *table, json_t *array)
{
    int64_t line = table->csv.line;
    bool last = false;
    json_t *object = json_pack("{s:I, s:{}, s:{}}", "line", (json_int_t)line, "params", "metrics");
    if (object == NULL || json_array_append_new(array, object) != 0) {
        error_memory(table->err);
        return false;
    }
    size_t n = 0;
    for (; !last; n++) {
        if (csv_field(&table->csv, &last, table->err) != HONE_OK)
            return false;
        if (n < table->n_columns)
            put_field(&table->columns[n], table->csv.field.data, object);
    }
    if (n != table->n_columns) {
        error_set(table->err, HONE_EINVAL, "%lld: %zu fields, the first line has %zu",
                  (long long)line, n, table->n_columns);
        return false;
    }
    return true;
}

json_t *import_csv(const char *text, size_t len, const struct spec *spec, hone_error *err)
{
    struct table table = {.err = err};
    json_t *array = json_array();
    csv_init(&table.csv, text, len);
    bool good = array != NULL && read_header(&table, spec);
    while (good && csv_next_record(&table.csv))
        good = read_record(&table, array);
    for (size_t i = 0; i < table.n_columns; i++)
        mem_free(table.columns[i].name);
    mem_free(table.columns);
    csv_release(&table.csv);
    if (good)
        return array;
    json_decref(array);
    return NULL;
}
