/*
 * task.c: tasks.py and analytic.py without what a seed draws, which harness/export.py wrote down.
 *
 * Values agree with Python's to 1e-9 (test_engine.py), not to the last bit, since numpy adds in
 * another order; engines are told eight digits in both.
 */
#include "task.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "functions.h"
#include "io/json.h"
#include "stream.h"

#define D_MAX        32  /* parameters */
#define FEATURES_MAX 128 /* columns of a surrogate */

/* ---- Files ------------------------------------------------------------------------------------
 */

static _Noreturn void die(const char *what, const char *text)
{
    fprintf(stderr, "bench-search: %s: %s\n", what, text);
    exit(1);
}

void task_file_open(struct task_file *file, const char *folder)
{
    char path[4096];
    json_error_t problem;
    snprintf(path, sizeof path, "%s/tasks.json", folder);
    file->entries = json_load_file(path, 0, &problem);
    if (file->entries == NULL)
        die(path, problem.text);
    snprintf(path, sizeof path, "%s/arrays.f64", folder);
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0)
        die(path, "cannot be read");
    file->n_arrays = (size_t)ftell(f) / sizeof(double);
    file->arrays = mem_array(file->n_arrays, sizeof(double));
    rewind(f);
    if (file->arrays == NULL ||
        fread(file->arrays, sizeof(double), file->n_arrays, f) != file->n_arrays)
        die(path, "cannot be read");
    fclose(f);
}

void task_file_release(struct task_file *file)
{
    json_decref(file->entries);
    mem_free(file->arrays);
    *file = (struct task_file){0};
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static double number_at(const json_t *array, size_t i)
{
    return json_number_value(json_array_get(array, i));
}

/* The doubles that [first, count] names; NULL when there are none. */
static const double *doubles(const struct task *task, const json_t *range, size_t *n_out)
{
    if (n_out != NULL)
        *n_out = 0;
    if (range == NULL)
        return NULL;
    size_t first = (size_t)json_integer_value(json_array_get(range, 0));
    size_t n = (size_t)json_integer_value(json_array_get(range, 1));
    if (n > task->file->n_arrays || first > task->file->n_arrays - n)
        die(task->name, "arrays.f64 is of another export");
    if (n_out != NULL)
        *n_out = n;
    return task->file->arrays + first;
}

static const double *named(const struct task *task, const char *key, size_t *n_out)
{
    return doubles(task, json_object_get(task->entry, key), n_out);
}

void task_init(struct task *task, const struct task_file *file, size_t entry)
{
    const json_t *e = json_array_get(file->entries, entry);
    const json_t *study = json_object_get(e, "study");
    *task = (struct task){
        .file = file,
        .entry = e,
        .suite = text(e, "suite"),
        .name = text(e, "name"),
        .seed = (long)json_integer_value(json_object_get(e, "seed")),
        .n_objectives = json_array_size(json_object_get(study, "objectives")),
        .noise = number(e, "noise"),
        .floor = number(e, "floor"),
        .optimum = number(e, "optimum"),
        .median = number(e, "median"),
    };
    if (json_array_size(json_object_get(study, "space")) > D_MAX)
        die(task->name, "too many parameters");
}

/* ---- Configurations ---------------------------------------------------------------------------
 */

static const json_t *space_of(const struct task *task)
{
    return json_object_get(json_object_get(task->entry, "study"), "space");
}

static const json_t *param_find(const struct task *task, const char *name)
{
    size_t i;
    json_t *param;
    json_array_foreach((json_t *)(uintptr_t)space_of(task), i, param)
    {
        if (strcmp(text(param, "name"), name) == 0)
            return param;
    }
    return NULL;
}

/* NULL when the parameter is inactive. */
static const hone_value *value_find(const hone_setting *settings, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i].value;
    return NULL;
}

/* Which of its values a listed parameter has. */
static size_t value_index(const json_t *param, const hone_value *value)
{
    const json_t *values = json_object_get(param, "values");
    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *v = json_array_get(values, i);
        if (value->kind == HONE_VALUE_NUMBER
                ? json_is_number(v) && json_number_value(v) == value->number
                : json_is_string(v) && strcmp(json_string_value(v), value->text) == 0)
            return i;
    }
    die(text(param, "name"), "has a value that is not listed");
}

static bool is_choice(const json_t *param)
{
    return strcmp(text(param, "type"), "choice") == 0;
}

/* A value as a number in [0, 1]; one of a list is the middle of its cell (space.py's encode()). */
static double encode(const json_t *param, const hone_value *value)
{
    const json_t *values = json_object_get(param, "values");
    if (values != NULL)
        return ((double)value_index(param, value) + 0.5) / (double)json_array_size(values);
    double lo = number(param, "min"), hi = number(param, "max"), x = value->number;
    const char *scale = text(param, "scale");
    bool is_log = scale != NULL && strcmp(scale, "log") == 0;
    if (strcmp(text(param, "type"), "int") == 0) {
        if (!is_log)
            return (x - lo + 0.5) / (hi - lo + 1.0);
        lo -= 0.5;
        hi += 0.5;
    }
    if (is_log)
        return (log(x) - log(lo)) / (log(hi) - log(lo));
    if (scale != NULL && strcmp(scale, "reverse-log") == 0)
        return (log(1.0 - x) - log(1.0 - lo)) / (log(1.0 - hi) - log(1.0 - lo));
    return (x - lo) / (hi - lo);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const hone_setting *)a)->name, ((const hone_setting *)b)->name);
}

void config_key(const hone_setting *settings, size_t n, struct buf *out)
{
    hone_setting sorted[D_MAX];
    memcpy(sorted, settings, n * sizeof *settings);
    qsort(sorted, n, sizeof *sorted, by_name);
    buf_clear(out);
    buf_char(out, '{');
    for (size_t i = 0; i < n; i++) {
        const hone_value *value = &sorted[i].value;
        buf_text(out, i > 0 ? ", " : "");
        buf_json(out, sorted[i].name);
        buf_text(out, ": ");
        if (value->kind == HONE_VALUE_TEXT)
            buf_json(out, value->text);
        else if (value->number == 0.0 && signbit(value->number))
            buf_text(out, "-0.0");
        else
            buf_double(out, value->number);
    }
    buf_char(out, '}');
}

/* The stream of tasks.py's stream(what, name, seed, key[, repeat]): the repr() of that tuple. */
static void open_stream(struct stream *s, const struct task *task, const char *what,
                        const char *key, long repeat)
{
    char label[4096];
    int n =
        snprintf(label, sizeof label, "('%s', '%s', %ld, '%s'", what, task->name, task->seed, key);
    if (n < 0 || (size_t)n > sizeof label - 32)
        die(task->name, "a configuration is too long");
    if (repeat >= 0)
        snprintf(label + n, sizeof label - (size_t)n, ", %ld)", repeat);
    else
        snprintf(label + n, sizeof label - (size_t)n, ")");
    stream_init(s, label);
}

/* ---- Tables -----------------------------------------------------------------------------------
 */

static size_t table_row(const struct task *task, const hone_setting *settings, size_t n)
{
    size_t row = 0, i;
    json_t *param;
    json_array_foreach((json_t *)(uintptr_t)space_of(task), i, param)
    {
        const hone_value *value = value_find(settings, n, text(param, "name"));
        row = row * json_array_size(json_object_get(param, "values")) + value_index(param, value);
    }
    return row;
}

/* A run sees one of the training seeds, the score their mean. */
static void evaluate_table(const struct task *task, size_t row, const char *key, unsigned repeat,
                           struct outcome *out)
{
    struct stream s;
    open_stream(&s, task, "noise", key, -1);
    size_t pick = (stream_next(&s) & 0xFFFFFFFF) >> 12; /* numpy's integers(1 << 20) */
    pick += repeat;
    for (size_t k = 0; k < task->n_objectives; k++) {
        const double *column =
            doubles(task, json_array_get(json_object_get(task->entry, "columns"), k), NULL);
        size_t picks = (size_t)number_at(json_object_get(task->entry, "picks"), k);
        double sum = 0.0;
        for (size_t i = 0; i < picks; i++)
            sum += column[row * picks + i];
        out->truth[k] = sum / (double)picks;
        out->observed[k] = column[row * picks + pick % picks];
    }
}

/* ---- Surrogates -------------------------------------------------------------------------------
 */

static size_t surrogate_features(const struct task *task, const hone_setting *settings, size_t n,
                                 double f[FEATURES_MAX])
{
    size_t n_features = 0, i;
    json_t *param;
    json_array_foreach((json_t *)(uintptr_t)space_of(task), i, param)
    {
        const hone_value *value = value_find(settings, n, text(param, "name"));
        size_t n_values = json_array_size(json_object_get(param, "values"));
        if (n_features + n_values + 2 > FEATURES_MAX)
            die(task->name, "too many features");
        if (!is_choice(param))
            f[n_features++] = value != NULL ? encode(param, value) : 0.5;
        else
            for (size_t k = 0; k < n_values; k++)
                f[n_features++] = value != NULL && value_index(param, value) == k ? 1.0 : 0.0;
        if (json_object_get(param, "when") != NULL)
            f[n_features++] = value != NULL ? 1.0 : 0.0;
    }
    return n_features;
}

static double surrogate_trees(const struct task *task, const double *f)
{
    size_t n_roots;
    const double *feature = named(task, "feature", NULL), *left = named(task, "left", NULL),
                 *right = named(task, "right", NULL), *leaf = named(task, "leaf", NULL),
                 *threshold = named(task, "threshold", NULL),
                 *roots = named(task, "roots", &n_roots);
    double sum = 0.0;
    for (size_t t = 0; t < n_roots; t++) {
        size_t node = (size_t)roots[t];
        while (feature[node] >= 0.0)
            node = (size_t)(f[(size_t)feature[node]] <= threshold[node] ? left : right)[node];
        sum += leaf[node];
    }
    return sum / (double)n_roots;
}

/* Posterior mean of a Matern-5/2 process; x is divided by the lengths already. */
static double surrogate_gp(const struct task *task, const double *f, size_t n_features)
{
    size_t n;
    const double *x = named(task, "x", NULL), *alpha = named(task, "alpha", &n),
                 *length = named(task, "length", NULL);
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        double r2 = 0.0;
        for (size_t j = 0; j < n_features; j++) {
            double away = f[j] / length[j] - x[i * n_features + j];
            r2 += away * away;
        }
        double r = sqrt(5.0 * r2);
        sum += (1.0 + r + r * r / 3.0) * exp(-r) * alpha[i];
    }
    return number(task->entry, "mean") + sum;
}

/* Whether most of the five nearest training runs failed. */
static bool surrogate_failed(const struct task *task, const double *f, size_t n_features)
{
    size_t n;
    const double *x = named(task, "fail_x", NULL), *y = named(task, "fail_y", &n);
    if (x == NULL)
        return false;
    double near[5];
    bool failed[5];
    size_t n_near = 0, n_failed = 0;
    for (size_t i = 0; i < n; i++) {
        double r2 = 0.0;
        for (size_t j = 0; j < n_features; j++)
            r2 += (x[i * n_features + j] - f[j]) * (x[i * n_features + j] - f[j]);
        if (n_near == 5 && r2 >= near[4])
            continue;
        size_t at = n_near < 5 ? n_near++ : 4;
        for (; at > 0 && near[at - 1] > r2; at--) {
            near[at] = near[at - 1];
            failed[at] = failed[at - 1];
        }
        near[at] = r2;
        failed[at] = y[i] != 0.0;
    }
    for (size_t i = 0; i < n_near; i++)
        n_failed += failed[i];
    return n_failed > 2;
}

static double surrogate_value(const struct task *task, const hone_setting *settings, size_t n)
{
    double f[FEATURES_MAX];
    size_t n_features = surrogate_features(task, settings, n, f);
    if (surrogate_failed(task, f, n_features))
        return (double)NAN;
    double log_loss = 0.5 * surrogate_trees(task, f) + 0.5 * surrogate_gp(task, f, n_features);
    return fmax(exp(log_loss) - 1e-3, 0.0);
}

/* ---- Functions --------------------------------------------------------------------------------
 */

/* A base function (an object of export.py's moved()) at its place; offset: x - x*, or NULL. */
static double moved_value(const struct task *task, const json_t *f, const hone_setting *settings,
                          size_t n, double *offset)
{
    const json_t *params = json_object_get(f, "params"), *best = json_object_get(f, "best");
    const json_t *rotate = json_object_get(f, "rotate"), *orders = json_object_get(f, "order");
    size_t d = json_array_size(params);
    double x[D_MAX], z[D_MAX];
    for (size_t j = 0; j < d; j++) {
        const json_t *param = param_find(task, json_string_value(json_array_get(params, j)));
        const hone_value *value = value_find(settings, n, text(param, "name"));
        const json_t *order = json_array_get(orders, j);
        double u = json_is_array(order) ? (number_at(order, value_index(param, value)) + 0.5) /
                                              (double)json_array_size(order)
                                        : encode(param, value);
        x[j] = 10.0 * (u - number_at(best, j));
    }
    for (size_t i = 0; i < d; i++) {
        z[i] = 0.0;
        for (size_t j = 0; j < d; j++)
            z[i] += number_at(rotate, i * d + j) * x[j];
    }
    if (offset != NULL)
        memcpy(offset, x, d * sizeof *x);
    return function_find(text(f, "function"))(z, d);
}

/* NaN beyond the cliff. */
static double cliff_value(const struct task *task, const hone_setting *settings, size_t n)
{
    const json_t *cliff = json_object_get(task->entry, "cliff");
    const json_t *w = json_object_get(cliff, "w");
    double offset[D_MAX], away = 0.0;
    double value = moved_value(task, task->entry, settings, n, offset);
    for (size_t j = 0; j < json_array_size(w); j++)
        away += number_at(w, j) * offset[j];
    return cliff != NULL && away > number(cliff, "margin") ? (double)NAN : value;
}

static double branches_value(const struct task *task, const hone_setting *settings, size_t n)
{
    const json_t *part =
        json_array_get(json_object_get(task->entry, "parts"),
                       value_index(param_find(task, "method"), value_find(settings, n, "method")));
    const json_t *shared = json_object_get(task->entry, "shared");
    double total =
        number(part, "offset") + moved_value(task, part, settings, n, NULL) / number(part, "scale");
    if (shared != NULL)
        total += 0.5 * moved_value(task, shared, settings, n, NULL) /
                 number(task->entry, "shared_scale");
    return total;
}

/* Functions of u in the unit cube, some axes flipped; of several objectives when `best` is there.
 */
static void cube_value(const struct task *task, const hone_setting *settings, size_t n,
                       double *values)
{
    const json_t *flip = json_object_get(task->entry, "flip");
    const json_t *best = json_object_get(task->entry, "best");
    const char *name = text(task->entry, "function");
    double u[D_MAX], away[D_MAX];
    for (size_t j = 0; j < n; j++) {
        u[j] = encode(json_array_get(space_of(task), j), &settings[j].value);
        if (best != NULL)
            away[j] = fabs(u[j] - number_at(best, j)) /
                      fmax(number_at(best, j), 1.0 - number_at(best, j));
        if (json_is_true(json_array_get(flip, j)))
            u[j] = 1.0 - u[j];
    }
    if (best != NULL)
        function_find_multi(name)(u, away, n, values);
    else
        values[0] = function_find(name)(u, n);
}

static void function_value(const struct task *task, const hone_setting *settings, size_t n,
                           double *values)
{
    const char *form = text(task->entry, "form");
    if (strcmp(form, "moved") == 0)
        values[0] = cliff_value(task, settings, n);
    else if (strcmp(form, "branches") == 0)
        values[0] = branches_value(task, settings, n);
    else
        cube_value(task, settings, n, values);
}

/* ---- Evaluations ------------------------------------------------------------------------------
 */

void task_evaluate(const struct task *task, const hone_setting *settings, size_t n, const char *key,
                   unsigned repeat, struct outcome *out)
{
    const char *kind = text(task->entry, "kind");
    struct stream s;
    *out = (struct outcome){0};
    if (strcmp(kind, "table") == 0) {
        size_t row = table_row(task, settings, n);
        const double *crashed = named(task, "crashed", NULL);
        out->seconds = named(task, "seconds", NULL)[row];
        out->failed = crashed != NULL && crashed[row] != 0.0;
        evaluate_table(task, row, key, repeat, out);
    } else {
        open_stream(&s, task, "time", key, -1);
        out->seconds = exp(0.5 * stream_normal(&s));
        if (strcmp(kind, "surrogate") == 0)
            out->truth[0] = surrogate_value(task, settings, n);
        else
            function_value(task, settings, n, out->truth);
        memcpy(out->observed, out->truth, sizeof out->truth);
        if (task->noise > 0.0 && task->n_objectives == 1) {
            open_stream(&s, task, "noise", key, repeat);
            out->observed[0] += task->noise * (task->median - task->optimum) * stream_normal(&s);
        }
    }
    for (size_t k = 0; k < task->n_objectives; k++) {
        out->failed = out->failed || !isfinite(out->truth[k]);
        out->observed[k] = str_round(out->observed[k], 8);
    }
    if (out->failed)
        out->seconds *= 0.3;
}
