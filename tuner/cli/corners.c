/*
 * corners.c: a covering of the ends of a space, greedily. Each configuration is built around one
 * end that is still to be tried: what makes its parameter active is fixed, and every other
 * parameter takes an end of its own that is still to be tried, or its first. Where that breaks a
 * `where` expression, the others are drawn around the fixed ones: of their ends, at last of all
 * their values.
 */
#include "cli/corners.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "space/space.h"

enum { DRAWS = 2000, NAME_MAX_BYTES = 4096 };
static const double FREE = -2.0; /* a row entry that is not fixed; INACTIVE is -1 */

struct end {
    size_t param;
    double coordinate;
    bool tried;
};

struct search {
    const hone_space *space;
    struct end *ends;
    size_t n_ends;
    double *fixed, *row;
    struct rng rng;
};

static size_t count_ends(const struct param *p)
{
    return p->kind == PARAM_CHOICE ? (size_t)p->n_cells : 2;
}

static double end_coordinate(const struct param *p, size_t i)
{
    if (p->kind == PARAM_CHOICE)
        return space_cell(p, i);
    if (p->kind == PARAM_ORDINAL)
        return space_cell(p, i == 0 ? 0 : p->n_cells - 1);
    return space_round(p, (double)i);
}

/* An end of parameter j that is still to be tried, or its first. */
static double next_end(const struct search *s, size_t j)
{
    double first = FREE;
    for (size_t i = 0; i < s->n_ends; i++) {
        if (s->ends[i].param != j)
            continue;
        if (!s->ends[i].tried)
            return s->ends[i].coordinate;
        if (first == FREE)
            first = s->ends[i].coordinate;
    }
    return first;
}

static bool is_untried(const struct search *s, size_t j, double coordinate)
{
    for (size_t i = 0; i < s->n_ends; i++)
        if (s->ends[i].param == j && s->ends[i].coordinate == coordinate)
            return !s->ends[i].tried;
    return false;
}

/* Fix parameter j, and upwards what makes it active, by values still to be tried where possible. */
static void fix(struct search *s, size_t j, double coordinate)
{
    const struct param *p = &s->space->params[j];
    s->fixed[j] = coordinate;
    for (size_t c = 0; c < p->n_conditions; c++) {
        const struct condition *condition = &p->conditions[c];
        if (s->fixed[condition->parent] != FREE)
            continue;
        double choice = condition->coordinates[0];
        for (size_t i = 0; i < condition->n_values; i++)
            if (is_untried(s, condition->parent, condition->coordinates[i]))
                choice = condition->coordinates[i];
        fix(s, condition->parent, choice);
    }
}

/* Any end of parameter j. */
static double random_end(struct search *s, size_t j)
{
    const struct param *p = &s->space->params[j];
    return end_coordinate(p, (size_t)rng_below(&s->rng, count_ends(p)));
}

/* Ends around what is fixed: what is still to be tried, or any. */
static void fill_in(struct search *s, bool any)
{
    for (size_t j = 0; j < s->space->n; j++)
        s->row[j] = INACTIVE;
    for (size_t j = 0; j < s->space->n; j++)
        if (space_is_active(s->space, j, s->row))
            s->row[j] = s->fixed[j] != FREE ? s->fixed[j] : any ? random_end(s, j) : next_end(s, j);
}

/* Fill in s->row around what is fixed; false when `where` allows none. */
static bool complete(struct search *s)
{
    fill_in(s, false);
    for (int draw = 0; !space_satisfies(s->space, s->row); draw++) {
        if (draw == DRAWS)
            return false;
        if (draw < DRAWS / 2) {
            fill_in(s, true);
            continue;
        }
        for (size_t j = 0; j < s->space->n; j++)
            s->row[j] = s->fixed[j] != FREE ? s->fixed[j] : INACTIVE;
        space_complete(s->space, s->row, &s->rng);
    }
    return true;
}

static hone_status add_row(struct corners *out, const double *row, hone_error *err)
{
    double *rows = mem_resize(out->rows, (out->n + 1) * out->n_params, sizeof *rows);
    if (rows == NULL)
        return error_memory(err);
    out->rows = rows;
    for (size_t j = 0; j < out->n_params; j++)
        rows[out->n * out->n_params + j] = row[j];
    out->n++;
    return HONE_OK;
}

static hone_status add_missed(struct corners *out, const struct param *p, double coordinate,
                              hone_error *err)
{
    hone_value value = space_decode(p, coordinate);
    struct buf b;
    buf_init(&b, NAME_MAX_BYTES);
    buf_printf(&b, "%s=", p->name);
    if (value.kind == HONE_VALUE_TEXT)
        buf_text(&b, value.text);
    else
        buf_double(&b, value.number);
    char *text = buf_take(&b);
    char **missed = mem_resize(out->missed, out->n_missed + 1, sizeof *missed);
    if (missed != NULL)
        out->missed = missed;
    if (text == NULL || missed == NULL) {
        mem_free(text);
        return error_memory(err);
    }
    missed[out->n_missed++] = text;
    return HONE_OK;
}

/* Mark what the row tries. */
static void mark(struct search *s)
{
    for (size_t i = 0; i < s->n_ends; i++)
        if (s->row[s->ends[i].param] == s->ends[i].coordinate)
            s->ends[i].tried = true;
}

static hone_status cover(struct search *s, struct corners *out, hone_error *err)
{
    hone_status status = HONE_OK;
    for (size_t i = 0; i < s->n_ends && status == HONE_OK; i++) {
        struct end *end = &s->ends[i];
        if (end->tried)
            continue;
        for (size_t j = 0; j < s->space->n; j++)
            s->fixed[j] = FREE;
        fix(s, end->param, end->coordinate);
        if (complete(s) && s->row[end->param] == end->coordinate) {
            mark(s);
            status = add_row(out, s->row, err);
        } else {
            status = add_missed(out, &s->space->params[end->param], end->coordinate, err);
        }
        end->tried = true;
    }
    return status;
}

hone_status corners_find(const hone_space *space, struct corners *out, hone_error *err)
{
    struct search s = {.space = space};
    hone_status status = HONE_OK;
    *out = (struct corners){.n_params = space->n};
    for (size_t j = 0; j < space->n; j++)
        s.n_ends += count_ends(&space->params[j]);
    s.ends = mem_array(s.n_ends, sizeof *s.ends);
    s.fixed = mem_array(space->n, sizeof *s.fixed);
    s.row = mem_array(space->n, sizeof *s.row);
    rng_init(&s.rng, 0, RNG_FILL, 0);
    if (s.ends == NULL || s.fixed == NULL || s.row == NULL) {
        status = error_memory(err);
        goto out;
    }
    size_t n = 0;
    for (size_t j = 0; j < space->n; j++)
        for (size_t i = 0; i < count_ends(&space->params[j]); i++)
            s.ends[n++] = (struct end){j, end_coordinate(&space->params[j], i), false};
    status = cover(&s, out, err);
out:
    mem_free(s.row);
    mem_free(s.fixed);
    mem_free(s.ends);
    return status;
}

void corners_release(struct corners *corners)
{
    for (size_t i = 0; i < corners->n_missed; i++)
        mem_free(corners->missed[i]);
    mem_free(corners->missed);
    mem_free(corners->rows);
    *corners = (struct corners){0};
}
