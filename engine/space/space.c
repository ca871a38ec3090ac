/*
 * space.c: building a search space through hone.h.
 *
 * Every function checks all of its arguments first, allocates second and changes the space last.
 */
#include "space/space.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/numeric.h"
#include "base/str.h"
#include "space/where.h"

/* Far above any study; they keep a hostile file from eating the memory. */
#define MAX_PARAMS     1000
#define MAX_VALUES     10000
#define MAX_CONDITIONS 100
#define MAX_WHERE      1000
#define INT_BOUND      (INT64_C(1) << 53)

/* From this ratio on, `auto` and ordinals of numbers are logarithmic. */
#define AUTO_LOG_RATIO    1000.0
#define ORDINAL_LOG_RATIO 100.0

hone_space *hone_space_new(void)
{
    return mem_array(1, sizeof(hone_space));
}

static void values_free(hone_value *values, size_t n)
{
    for (size_t i = 0; values != NULL && i < n; i++)
        if (values[i].kind == HONE_VALUE_TEXT)
            mem_free((char *)(uintptr_t)values[i].text); /* ours, though held as const */
    mem_free(values);
}

static void param_release(struct param *p)
{
    mem_free(p->name);
    values_free(p->values, p->n_cells);
    mem_free(p->coordinates);
    mem_free(p->weights);
    for (size_t i = 0; i < p->n_conditions; i++)
        mem_free(p->conditions[i].coordinates);
    mem_free(p->conditions);
}

void hone_space_free(hone_space *space)
{
    if (space == NULL)
        return;
    for (size_t i = 0; i < space->n_where; i++)
        where_free(space->where[i]);
    mem_free(space->where);
    for (size_t i = 0; i < space->n; i++)
        param_release(&space->params[i]);
    mem_free(space->params);
    mem_free(space);
}

size_t space_index(const struct hone_space *space, const char *name)
{
    size_t i = 0;
    while (i < space->n && strcmp(space->params[i].name, name) != 0)
        i++;
    return i;
}

static hone_status find_param(const hone_space *space, const char *name, size_t *out,
                              hone_error *err)
{
    *out = space_index(space, name);
    if (*out == space->n)
        return error_set(err, HONE_ENOTFOUND, "parameter \"%s\" is not declared", name);
    return HONE_OK;
}

static hone_status check_name(const hone_space *space, const char *name, hone_error *err)
{
    if (!str_is_name(name))
        return error_set(
            err, HONE_EINVAL,
            "parameter \"%s\": a name is a letter or _, then letters, digits, _ . : -, "
            "at most 255",
            name);
    if (space_index(space, name) < space->n)
        return error_set(err, HONE_EINVAL, "parameter \"%s\" is declared twice", name);
    if (space->n >= MAX_PARAMS)
        return error_set(err, HONE_EINVAL, "parameter \"%s\": a space has at most %d parameters",
                         name, MAX_PARAMS);
    return HONE_OK;
}

/* Take over *p, whose name is still borrowed. On failure what p owns is freed. */
static hone_status append(hone_space *space, struct param *p, hone_error *err)
{
    p->name = mem_text(p->name);
    if (p->name == NULL)
        goto out_of_memory;
    if (space->n == space->n_room) {
        size_t room = space->n_room > 0 ? 2 * space->n_room : 8;
        struct param *grown = mem_resize(space->params, room, sizeof *grown);
        if (grown == NULL)
            goto out_of_memory;
        space->params = grown;
        space->n_room = room;
    }
    space->params[space->n++] = *p;
    return HONE_OK;
out_of_memory:
    param_release(p);
    return error_memory(err);
}

/* The logarithms that encode.c needs, from bounds, step and scale. */
static void prepare_scale(struct param *p)
{
    double lo = p->lo, hi = p->hi;
    if (p->scale == HONE_REVERSE_LOG) {
        lo = 1.0 - p->hi;
        hi = 1.0 - p->lo;
    }
    if (p->scale != HONE_LOG && p->scale != HONE_REVERSE_LOG)
        return;
    if (p->n_cells > 1) { /* cells reach half a step outside, but not to 0 */
        lo = fmax(lo - p->step / 2.0, lo / 2.0);
        hi = hi + p->step / 2.0;
    }
    p->log_lo = num_log(lo);
    p->log_span = num_log(hi) - p->log_lo;
}

static hone_status check_bounds(const char *name, double min, double max, hone_scale scale,
                                hone_error *err)
{
    char lo[32], hi[32];
    str_from_double(lo, min);
    str_from_double(hi, max);
    if (!isfinite(min) || !isfinite(max))
        return error_set(err, HONE_EINVAL, "parameter \"%s\": bounds must be finite, got [%s, %s]",
                         name, lo, hi);
    if (min > max)
        return error_set(err, HONE_EINVAL, "parameter \"%s\": min %s is above max %s", name, lo,
                         hi);
    if (!isfinite(max - min))
        return error_set(err, HONE_EINVAL, "parameter \"%s\": the range [%s, %s] is too wide", name,
                         lo, hi);
    switch (scale) {
    case HONE_LOG:
        if (min <= 0.0)
            return error_set(err, HONE_EINVAL, "parameter \"%s\": log scale needs min > 0, got %s",
                             name, lo);
        break;
    case HONE_REVERSE_LOG:
        if (min < 0.0 || max >= 1.0 || min == max)
            return error_set(err, HONE_EINVAL,
                             "parameter \"%s\": reverse-log scale needs 0 <= min < max < 1, got "
                             "[%s, %s]",
                             name, lo, hi);
        break;
    case HONE_LINEAR:
    case HONE_AUTO:
        break;
    default:
        return error_set(err, HONE_EINVAL, "parameter \"%s\": unknown scale %d", name, (int)scale);
    }
    return HONE_OK;
}

static hone_scale resolve(hone_scale scale, double min, double max)
{
    if (scale != HONE_AUTO)
        return scale;
    return min > 0.0 && max / min >= AUTO_LOG_RATIO ? HONE_LOG : HONE_LINEAR;
}

hone_status hone_space_add_float(hone_space *space, const char *name, double min, double max,
                                 hone_scale scale, hone_error *err)
{
    hone_status status = check_name(space, name, err);
    if (status == HONE_OK)
        status = check_bounds(name, min, max, scale, err);
    if (status != HONE_OK)
        return status;
    struct param p = {.name = (char *)(uintptr_t)name, /* copied by append() */
                      .kind = PARAM_FLOAT,
                      .scale = resolve(scale, min, max),
                      .lo = min,
                      .hi = max,
                      .n_cells = min == max ? 1 : 0};
    prepare_scale(&p);
    return append(space, &p, err);
}

hone_status hone_space_add_int(hone_space *space, const char *name, int64_t min, int64_t max,
                               hone_scale scale, hone_error *err)
{
    hone_status status = check_name(space, name, err);
    if (status != HONE_OK)
        return status;
    double lo = (double)min, hi = (double)max;
    if (min < -INT_BOUND || min > INT_BOUND || max < -INT_BOUND || max > INT_BOUND)
        return error_set(err, HONE_EINVAL,
                         "parameter \"%s\": bounds of an int must be within -2^53 and 2^53", name);
    if (scale == HONE_REVERSE_LOG)
        return error_set(err, HONE_EINVAL, "parameter \"%s\": an int can't have reverse-log scale",
                         name);
    if (scale == HONE_LOG && min < 1)
        return error_set(err, HONE_EINVAL,
                         "parameter \"%s\": log scale of an int needs min >= 1, got %lld", name,
                         (long long)min);
    status = check_bounds(name, lo, hi, scale, err);
    if (status != HONE_OK)
        return status;
    struct param p = {.name = (char *)(uintptr_t)name,
                      .kind = PARAM_INT,
                      .scale = resolve(scale, lo, hi),
                      .lo = lo,
                      .hi = hi,
                      .step = 1.0,
                      .n_cells = (uint64_t)(max - min) + 1};
    prepare_scale(&p);
    return append(space, &p, err);
}

static bool same_value(hone_value a, hone_value b)
{
    if (a.kind != b.kind)
        return false;
    return a.kind == HONE_VALUE_NUMBER ? a.number == b.number : strcmp(a.text, b.text) == 0;
}

static hone_status check_values(const char *name, size_t n, const hone_value *values,
                                hone_error *err)
{
    if (n == 0)
        return error_set(err, HONE_EINVAL, "parameter \"%s\": needs at least one value", name);
    if (n > MAX_VALUES)
        return error_set(err, HONE_EINVAL, "parameter \"%s\": at most %d values, got %zu", name,
                         MAX_VALUES, n);
    for (size_t i = 0; i < n; i++) {
        if (values[i].kind == HONE_VALUE_NUMBER && !isfinite(values[i].number))
            return error_set(err, HONE_EINVAL, "parameter \"%s\": value %zu is not finite", name,
                             i + 1);
        for (size_t j = 0; j < i; j++) {
            if (!same_value(values[i], values[j]))
                continue;
            char number[32];
            str_from_double(number, values[i].number);
            return error_set(err, HONE_EINVAL, "parameter \"%s\": value %s is given twice", name,
                             values[i].kind == HONE_VALUE_NUMBER ? number : values[i].text);
        }
    }
    return HONE_OK;
}

static hone_value *values_dup(const hone_value *values, size_t n)
{
    hone_value *copy = mem_array(n, sizeof *copy);
    for (size_t i = 0; copy != NULL && i < n; i++) {
        copy[i] = values[i];
        if (values[i].kind != HONE_VALUE_TEXT)
            continue;
        copy[i].text = mem_text(values[i].text);
        if (copy[i].text == NULL) {
            values_free(copy, i);
            return NULL;
        }
    }
    return copy;
}

/* By value, or evenly when the values are texts. */
static void place_ordinal(struct param *p)
{
    size_t n = p->n_cells;
    p->scale = HONE_LINEAR;
    bool numbers = p->values[0].kind == HONE_VALUE_NUMBER;
    if (numbers) {
        p->lo = p->values[0].number;
        p->hi = p->values[n - 1].number;
        if (p->lo > 0.0 && p->hi / p->lo >= ORDINAL_LOG_RATIO)
            p->scale = HONE_LOG;
    }
    for (size_t i = 0; i < n; i++) {
        if (n == 1 || !numbers)
            p->coordinates[i] = ((double)i + 0.5) / (double)n;
        else if (p->scale == HONE_LOG)
            p->coordinates[i] =
                (num_log(p->values[i].number) - num_log(p->lo)) / (num_log(p->hi) - num_log(p->lo));
        else
            p->coordinates[i] = (p->values[i].number - p->lo) / (p->hi - p->lo);
    }
}

hone_status hone_space_add_ordinal(hone_space *space, const char *name, size_t n,
                                   const hone_value *values, hone_error *err)
{
    hone_status status = check_name(space, name, err);
    if (status == HONE_OK)
        status = check_values(name, n, values, err);
    if (status != HONE_OK)
        return status;
    for (size_t i = 1; i < n; i++) {
        if (values[i].kind != values[0].kind)
            return error_set(err, HONE_EINVAL,
                             "parameter \"%s\": ordered values must be all numbers or all texts",
                             name);
        if (values[i].kind == HONE_VALUE_NUMBER && values[i].number < values[i - 1].number)
            return error_set(err, HONE_EINVAL, "parameter \"%s\": ordered numbers must rise", name);
    }
    if (values[0].kind == HONE_VALUE_NUMBER && !isfinite(values[n - 1].number - values[0].number))
        return error_set(err, HONE_EINVAL, "parameter \"%s\": the values are too far apart", name);

    struct param p = {.name = (char *)(uintptr_t)name, .kind = PARAM_ORDINAL};
    p.values = values_dup(values, n);
    p.n_cells = p.values != NULL ? n : 0;
    p.coordinates = mem_array(n, sizeof *p.coordinates);
    if (p.values == NULL || p.coordinates == NULL) {
        values_free(p.values, p.n_cells);
        mem_free(p.coordinates);
        return error_memory(err);
    }
    place_ordinal(&p);
    return append(space, &p, err);
}

hone_status hone_space_add_choice(hone_space *space, const char *name, size_t n,
                                  const hone_value *values, hone_error *err)
{
    hone_status status = check_name(space, name, err);
    if (status == HONE_OK)
        status = check_values(name, n, values, err);
    if (status != HONE_OK)
        return status;
    struct param p = {.name = (char *)(uintptr_t)name, .kind = PARAM_CHOICE, .n_cells = n};
    p.values = values_dup(values, n);
    if (p.values == NULL)
        return error_memory(err);
    return append(space, &p, err);
}

hone_status hone_space_set_step(hone_space *space, const char *name, double step, hone_error *err)
{
    size_t index;
    hone_status status = find_param(space, name, &index, err);
    if (status != HONE_OK)
        return status;
    struct param changed = space->params[index];
    char text[32], width[32];
    str_from_double(text, step);
    str_from_double(width, changed.hi - changed.lo);
    if (changed.kind != PARAM_FLOAT && changed.kind != PARAM_INT)
        return error_set(err, HONE_EINVAL, "parameter \"%s\": only a float or an int has a step",
                         name);
    if (!(step > 0.0 && step <= changed.hi - changed.lo))
        return error_set(
            err, HONE_EINVAL,
            "parameter \"%s\": step must be above 0 and at most max - min = %s, got %s", name,
            width, text);
    if (changed.kind == PARAM_INT && step != floor(step))
        return error_set(err, HONE_EINVAL,
                         "parameter \"%s\": the step of an int must be a whole number, got %s",
                         name, text);
    double cells = floor((changed.hi - changed.lo) / step + 1e-9) + 1.0;
    if (cells > (double)INT_BOUND)
        return error_set(err, HONE_EINVAL, "parameter \"%s\": step %s gives too many values", name,
                         text);
    /* The conditions keep coordinates of this parameter, which another step would move. */
    if (space->params[index].is_parent)
        return error_set(err, HONE_ESTATE,
                         "parameter \"%s\": set the step before the conditions that depend on it",
                         name);
    changed.step = step;
    changed.n_cells = (uint64_t)cells;
    prepare_scale(&changed);
    if (changed.has_default) {
        status = space_encode(&changed, HONE_NUMBER(changed.default_number),
                              &changed.default_coordinate, err);
        if (status != HONE_OK)
            return status;
    }
    space->params[index] = changed;
    return HONE_OK;
}

hone_status hone_space_set_default(hone_space *space, const char *name, hone_value value,
                                   hone_error *err)
{
    size_t index;
    hone_status status = find_param(space, name, &index, err);
    if (status != HONE_OK)
        return status;
    double coordinate;
    status = space_encode(&space->params[index], value, &coordinate, err);
    if (status != HONE_OK)
        return status;
    space->params[index].has_default = true;
    space->params[index].default_coordinate = coordinate;
    space->params[index].default_number = value.number;
    return HONE_OK;
}

static hone_status check_condition(const hone_space *space, size_t child, size_t parent, size_t n,
                                   hone_error *err)
{
    const char *name = space->params[child].name, *parent_name = space->params[parent].name;
    if (parent >= child)
        return error_set(err, HONE_EINVAL,
                         "parameter \"%s\": its parent \"%s\" must be declared earlier", name,
                         parent_name);
    if (space->params[parent].n_cells == 0)
        return error_set(err, HONE_EINVAL,
                         "parameter \"%s\": its parent \"%s\" is continuous; only one with listed "
                         "values, an int or a step can be a parent",
                         name, parent_name);
    if (n == 0)
        return error_set(err, HONE_EINVAL, "parameter \"%s\": its condition on \"%s\" has no value",
                         name, parent_name);
    if (n > MAX_VALUES || space->params[child].n_conditions >= MAX_CONDITIONS)
        return error_set(err, HONE_EINVAL, "parameter \"%s\": too many conditions", name);
    return HONE_OK;
}

hone_status hone_space_add_condition(hone_space *space, const char *name, const char *parent,
                                     size_t n, const hone_value *values, hone_error *err)
{
    size_t child_index, parent_index;
    hone_status status = find_param(space, name, &child_index, err);
    if (status != HONE_OK)
        return status;
    parent_index = space_index(space, parent);
    if (parent_index == space->n)
        return error_set(err, HONE_ENOTFOUND, "parameter \"%s\": its parent \"%s\" is not declared",
                         name, parent);
    status = check_condition(space, child_index, parent_index, n, err);
    if (status != HONE_OK)
        return status;

    struct condition condition = {.parent = parent_index, .n_values = n};
    condition.coordinates = mem_array(n, sizeof *condition.coordinates);
    if (condition.coordinates == NULL)
        return error_memory(err);
    struct param *child = &space->params[child_index];
    for (size_t i = 0; i < n && status == HONE_OK; i++) {
        hone_error reason;
        status = space_encode(&space->params[parent_index], values[i], &condition.coordinates[i],
                              &reason);
        if (status != HONE_OK)
            error_set(err, status, "condition of \"%s\": %s", name, reason.text);
    }
    struct condition *grown = NULL;
    if (status == HONE_OK) {
        grown = mem_resize(child->conditions, child->n_conditions + 1, sizeof *grown);
        if (grown == NULL)
            status = error_memory(err);
    }
    if (status != HONE_OK) {
        mem_free(condition.coordinates);
        return status;
    }
    child->conditions = grown;
    child->conditions[child->n_conditions++] = condition;
    space->params[parent_index].is_parent = true;
    return HONE_OK;
}

hone_status hone_space_add_where(hone_space *space, const char *expression, hone_error *err)
{
    if (space->n_where >= MAX_WHERE)
        return error_set(err, HONE_EINVAL, "where: at most %d expressions", MAX_WHERE);
    struct where *where;
    hone_status status = where_compile(space, expression, &where, err);
    if (status != HONE_OK)
        return status;
    struct where **grown = mem_resize(space->where, space->n_where + 1, sizeof *grown);
    if (grown == NULL) {
        where_free(where);
        return error_memory(err);
    }
    space->where = grown;
    space->where[space->n_where++] = where;
    return HONE_OK;
}

static bool param_copy(struct param *to, const struct param *from)
{
    *to = *from;
    to->values = NULL;
    to->coordinates = NULL;
    to->weights = NULL;
    to->conditions = NULL;
    to->n_conditions = 0;
    to->name = mem_text(from->name);
    bool ok = to->name != NULL;
    if (from->values != NULL) {
        to->values = values_dup(from->values, from->n_cells);
        ok = ok && to->values != NULL;
    }
    if (from->coordinates != NULL) {
        to->coordinates = mem_array(from->n_cells, sizeof *to->coordinates);
        ok = ok && to->coordinates != NULL;
        if (to->coordinates != NULL)
            memcpy(to->coordinates, from->coordinates, from->n_cells * sizeof *to->coordinates);
    }
    if (from->weights != NULL) {
        to->weights = mem_array(from->n_cells, sizeof *to->weights);
        ok = ok && to->weights != NULL;
        if (to->weights != NULL)
            memcpy(to->weights, from->weights, from->n_cells * sizeof *to->weights);
    }
    if (from->n_conditions > 0) {
        to->conditions = mem_array(from->n_conditions, sizeof *to->conditions);
        ok = ok && to->conditions != NULL;
    }
    for (size_t i = 0; ok && i < from->n_conditions; i++) {
        struct condition *copy = &to->conditions[to->n_conditions];
        *copy = from->conditions[i];
        copy->coordinates = mem_array(copy->n_values, sizeof *copy->coordinates);
        if (copy->coordinates == NULL)
            return false;
        memcpy(copy->coordinates, from->conditions[i].coordinates,
               copy->n_values * sizeof *copy->coordinates);
        to->n_conditions++;
    }
    return ok;
}

struct hone_space *space_dup(const struct hone_space *space)
{
    hone_space *copy = hone_space_new();
    if (copy == NULL)
        return NULL;
    copy->params = mem_array(space->n, sizeof *copy->params);
    copy->where = mem_array(space->n_where, sizeof *copy->where);
    bool ok = copy->params != NULL && copy->where != NULL;
    copy->n_room = copy->params != NULL ? space->n : 0;
    for (size_t i = 0; ok && i < space->n; i++) {
        copy->n++; /* so that a half copied one is freed */
        ok = param_copy(&copy->params[i], &space->params[i]);
    }
    for (size_t i = 0; ok && i < space->n_where; i++) {
        ok = where_compile(copy, where_text(space->where[i]), &copy->where[i], NULL) == HONE_OK;
        copy->n_where += ok ? 1 : 0;
    }
    if (!ok) {
        hone_space_free(copy);
        return NULL;
    }
    return copy;
}
