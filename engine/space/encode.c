/*
 * encode.c: a parameter's values as coordinates in [0, 1], and back.
 *
 * Four maps:
 *   continuous   linear: (x - lo) / (hi - lo); log: ln x instead of x; reverse-log: -ln(1 - x)
 *   cells        ints, and floats with a step: value number i of K at (i + 1/2) / K, so that each
 *                has the same share of [0, 1]
 *   log cells    the same on a logarithmic scale: the value, between edges half a step outside the
 *                range, so that the first and the last value have their share too
 *   listed       ordinals of numbers: as continuous, by value; of texts: as cells; a choice: its
 *                index, which is a code and no coordinate
 *
 * Invariant: for a coordinate c that space_encode() or space_cell() gave, decoding and encoding
 * gives c again; and for a value v of a parameter with cells, encoding and decoding gives v.
 */
#include "space/space.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/numeric.h"
#include "base/str.h"

static double clamp01(double u)
{
    return u > 0.0 ? (u < 1.0 ? u : 1.0) : 0.0; /* NaN becomes 0 */
}

/* The place of x on the parameter's scale, edges excluded from the question. */
static double to_scale(const struct param *p, double x)
{
    switch (p->scale) {
    case HONE_LOG:
        return (num_log(x) - p->log_lo) / p->log_span;
    case HONE_REVERSE_LOG:
        return 1.0 - (num_log(1.0 - x) - p->log_lo) / p->log_span;
    case HONE_LINEAR:
    case HONE_AUTO:
        break;
    }
    return (x - p->lo) / (p->hi - p->lo);
}

static double from_scale(const struct param *p, double u)
{
    double x;
    switch (p->scale) {
    case HONE_LOG:
        x = num_exp(p->log_lo + u * p->log_span);
        break;
    case HONE_REVERSE_LOG:
        x = 1.0 - num_exp(p->log_lo + (1.0 - u) * p->log_span);
        break;
    case HONE_LINEAR:
    case HONE_AUTO:
    default:
        x = p->lo + u * (p->hi - p->lo);
        break;
    }
    return x > p->lo ? (x < p->hi ? x : p->hi) : p->lo;
}

/*
 * Value number i of a parameter with a step. lo + i step is 0.30000000000000004 for lo = step = 0.1
 * and i = 2; when bounds and step have few decimals, count in units of the last one to get the
 * double that the decimal number means.
 */
static double cell_value(const struct param *p, uint64_t i)
{
    double count = (double)i;
    if (p->kind == PARAM_INT) /* a range may be wider than what doubles count */
        return (double)((int64_t)p->lo + (int64_t)i * (int64_t)p->step);
    for (double unit = 1.0; unit <= 1e9; unit *= 10.0) {
        double lo = floor(p->lo * unit + 0.5), step = floor(p->step * unit + 0.5);
        if (fabs(lo) > 1e15 || step > 1e15)
            break;
        if (lo / unit == p->lo && step / unit == p->step) {
            double x = (lo + count * step) / unit;
            return x < p->hi ? x : p->hi;
        }
    }
    double x = p->lo + count * p->step;
    return x < p->hi ? x : p->hi;
}

static uint64_t nearest_cell(const struct param *p, double x)
{
    if (p->kind == PARAM_INT && x == floor(x) && x >= p->lo && x <= p->hi) {
        int64_t step = (int64_t)p->step, over = (int64_t)x - (int64_t)p->lo;
        uint64_t nearest = (uint64_t)(over / step + (over % step >= step - over % step));
        return nearest < p->n_cells ? nearest : p->n_cells - 1;
    }
    double i = floor((x - p->lo) / p->step + 0.5);
    if (!(i > 0.0))
        return 0;
    return i < (double)p->n_cells ? (uint64_t)i : p->n_cells - 1;
}

static bool has_log_cells(const struct param *p)
{
    return (p->kind == PARAM_INT || p->kind == PARAM_FLOAT) && p->n_cells > 1 &&
           (p->scale == HONE_LOG || p->scale == HONE_REVERSE_LOG);
}

double space_cell(const struct param *p, uint64_t i)
{
    if (p->kind == PARAM_CHOICE)
        return (double)i;
    if (p->kind == PARAM_ORDINAL)
        return p->coordinates[i];
    if (has_log_cells(p))
        return clamp01(to_scale(p, cell_value(p, i)));
    return ((double)i + 0.5) / (double)p->n_cells;
}

bool space_is_counted(const struct param *p)
{
    return p->n_cells > 0 && p->n_cells <= UINT64_C(1) << 50;
}

double space_middle(const struct param *p)
{
    if (p->has_default)
        return p->default_coordinate;
    if (p->prior_sd > 0.0 || p->weights != NULL)
        return space_prior_mode(p);
    if (p->kind == PARAM_CHOICE)
        return 0.0;
    return p->kind == PARAM_ORDINAL ? space_cell(p, p->n_cells / 2) : space_round(p, 0.5);
}

/* The listed coordinate nearest to u; they rise. */
static uint64_t nearest_listed(const struct param *p, double u)
{
    uint64_t low = 0, high = p->n_cells - 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (u - p->coordinates[middle] > p->coordinates[middle + 1] - u)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t share_of(double u, uint64_t n)
{
    double i = floor(clamp01(u) * (double)n);
    return i < (double)n ? (uint64_t)i : n - 1;
}

uint64_t space_cell_of(const struct param *p, double coordinate)
{
    if (p->n_cells == 1)
        return 0;
    if (p->kind == PARAM_CHOICE) {
        if (!(coordinate > 0.0))
            return 0;
        return coordinate < (double)(p->n_cells - 1) ? (uint64_t)(coordinate + 0.5)
                                                     : p->n_cells - 1;
    }
    if (p->kind == PARAM_ORDINAL)
        return nearest_listed(p, clamp01(coordinate));
    if (has_log_cells(p)) {
        double u = clamp01(coordinate);
        double x = p->scale == HONE_LOG ? num_exp(p->log_lo + u * p->log_span)
                                        : 1.0 - num_exp(p->log_lo + (1.0 - u) * p->log_span);
        return nearest_cell(p, x);
    }
    return share_of(coordinate, p->n_cells);
}

void space_cell_edges(const struct param *p, uint64_t i, double *low, double *high)
{
    *low = 0.0;
    *high = 1.0;
    if (p->kind == PARAM_ORDINAL) {
        if (i > 0)
            *low = 0.5 * (p->coordinates[i - 1] + p->coordinates[i]);
        if (i + 1 < p->n_cells)
            *high = 0.5 * (p->coordinates[i] + p->coordinates[i + 1]);
    } else if (has_log_cells(p)) {
        double x = cell_value(p, i);
        if (i > 0)
            *low = clamp01(to_scale(p, x - 0.5 * p->step));
        if (i + 1 < p->n_cells)
            *high = clamp01(to_scale(p, x + 0.5 * p->step));
    } else {
        *low = (double)i / (double)p->n_cells;
        *high = ((double)i + 1.0) / (double)p->n_cells;
    }
}

double space_round(const struct param *p, double u)
{
    return p->n_cells > 0 ? space_cell(p, space_cell_of(p, u)) : clamp01(u);
}

double space_spread(const struct param *p, double u)
{
    if (p->kind == PARAM_CHOICE || p->kind == PARAM_ORDINAL)
        return space_cell(p, share_of(u, p->n_cells));
    return space_round(p, u);
}

hone_value space_decode(const struct param *p, double coordinate)
{
    if (p->kind == PARAM_CHOICE || p->kind == PARAM_ORDINAL)
        return p->values[space_cell_of(p, coordinate)];
    if (p->n_cells > 0)
        return HONE_NUMBER(cell_value(p, space_cell_of(p, coordinate)));
    return HONE_NUMBER(from_scale(p, clamp01(coordinate)));
}

/* "5", "\"adam\"" */
static void add_value(struct buf *b, hone_value value)
{
    if (value.kind == HONE_VALUE_NUMBER)
        buf_double(b, value.number);
    else
        buf_json(b, value.text);
}

static hone_status error_not_listed(const struct param *p, hone_value value, hone_error *err)
{
    struct buf text;
    buf_init(&text, 400);
    add_value(&text, value);
    buf_text(&text, " is not one of ");
    for (uint64_t i = 0; i < p->n_cells; i++) {
        if (i > 0)
            buf_text(&text, ", ");
        if (i == 10 && p->n_cells > 12) {
            buf_printf(&text, "... (%llu values)", (unsigned long long)p->n_cells);
            break;
        }
        add_value(&text, p->values[i]);
    }
    hone_status status = error_set(err, HONE_EINVAL, "parameter \"%s\": %s", p->name, text.data);
    buf_release(&text);
    return status;
}

static hone_status encode_listed(const struct param *p, hone_value value, double *out,
                                 hone_error *err)
{
    for (uint64_t i = 0; i < p->n_cells; i++) {
        const hone_value *v = &p->values[i];
        if (v->kind == value.kind &&
            (v->kind == HONE_VALUE_NUMBER ? v->number == value.number
                                          : strcmp(v->text, value.text) == 0)) {
            *out = space_cell(p, i);
            return HONE_OK;
        }
    }
    return error_not_listed(p, value, err);
}

hone_status space_encode(const struct param *p, hone_value value, double *out, hone_error *err)
{
    if (p->kind == PARAM_CHOICE || p->kind == PARAM_ORDINAL)
        return encode_listed(p, value, out, err);
    if (value.kind != HONE_VALUE_NUMBER)
        return error_set(err, HONE_EINVAL, "parameter \"%s\": \"%s\" is not a number", p->name,
                         value.text);

    double x = value.number;
    char text[32], lo[32], hi[32];
    str_from_double(text, x);
    str_from_double(lo, p->lo);
    str_from_double(hi, p->hi);
    if (!(x >= p->lo && x <= p->hi))
        return error_set(err, HONE_EINVAL, "parameter \"%s\": %s is not in [%s, %s]", p->name, text,
                         lo, hi);
    if (p->kind == PARAM_INT && x != floor(x))
        return error_set(err, HONE_EINVAL, "parameter \"%s\": %s is not a whole number", p->name,
                         text);
    if (p->lo == p->hi) {
        *out = 0.5;
    } else if (p->n_cells > 0) {
        uint64_t i = nearest_cell(p, x);
        if (fabs(x - cell_value(p, i)) > 1e-9 * p->step) {
            char step[32];
            str_from_double(step, p->step);
            return error_set(err, HONE_EINVAL,
                             "parameter \"%s\": %s is not %s plus a whole number of steps of %s",
                             p->name, text, lo, step);
        }
        *out = space_cell(p, i);
    } else {
        *out = clamp01(to_scale(p, x));
    }
    return HONE_OK;
}
