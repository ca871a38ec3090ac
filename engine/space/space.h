/*
 * space.h: the search space from inside. A configuration is a *row* of space->n doubles: for
 * numeric parameters the unit coordinate of the rounded value, for choices the category's index,
 * INACTIVE for a parameter whose condition does not hold. Two configurations are the same when
 * their rows are equal to ROW_EPS. hone_space is this struct; it is built through hone.h and then
 * only read.
 */
#ifndef HONE_SPACE_SPACE_H
#define HONE_SPACE_SPACE_H

#include "base/rng.h"
#include "hone.h"

#define INACTIVE (-1.0)
#define ROW_EPS  1e-9

enum param_kind { PARAM_FLOAT, PARAM_INT, PARAM_ORDINAL, PARAM_CHOICE };

/** Active only while parent (an earlier index) is active and its value is one of the set. */
struct condition {
    size_t parent;
    size_t n_values;
    double *coordinates; /* the parent's row entries that satisfy it */
};

struct param {
    char *name;
    enum param_kind kind;
    hone_scale scale;        /* AUTO is resolved */
    double lo, hi, step;     /* step 0: continuous; an int has at least 1 */
    double log_lo, log_span; /* LOG, REVERSE_LOG: logarithm of the low end, and of high / low */
    uint64_t n_cells;        /* number of values; 0: continuous */
    hone_value *values;      /* ordinal, choice: n_cells values; texts owned */
    double *coordinates;     /* ordinal: the unit coordinate of each value */
    size_t n_conditions;
    struct condition *conditions; /* all must hold */
    bool is_parent;               /* some later parameter depends on it */
    bool has_default;
    double default_coordinate;
    double default_number;     /* as it was given, to the last bit */
    double prior_at, prior_sd; /* where good values are expected; sd 0: nowhere */
    double *weights;           /* the same of a choice: n_cells, their sum is 1; or NULL */
};

struct hone_space {
    size_t n;
    struct param *params;
    size_t n_where, n_room; /* n_room: params has room for so many */
    struct where **where;   /* compiled expressions, see where.h */
};

/** The row entry of a value, or an error that names the parameter, the value and the bounds. */
hone_status space_encode(const struct param *p, hone_value value, double *out, hone_error *err);

/** The value of a row entry (which is not INACTIVE). Texts are borrowed from the space. */
hone_value space_decode(const struct param *p, double coordinate);

/** The coordinate of the nearest legal value: decode then encode, without the texts. */
double space_round(const struct param *p, double u);

/** The coordinate of cell number i of n_cells. */
double space_cell(const struct param *p, uint64_t i);
/** Whether a value has a coordinate of its own: cells that are not too many for a double. */
bool space_is_counted(const struct param *p);

/** The coordinate that stands for the parameter when nothing is known: its default, else where its
 * prior is highest, else the middle of its range or list, of a choice the first value. */
double space_middle(const struct param *p);

/** Whether a person has said where good values are expected. */
bool space_has_prior(const struct hone_space *space);

/** ln of the prior's density relative to a uniform one, and its derivative by the coordinate. */
double space_prior_log(const struct param *p, double coordinate, double *slope);

/** A uniform number as one for space_spread() that draws from the prior; u itself without one. */
double space_prior_unit(const struct param *p, double u);

/** Where the prior, which there is, is highest. */
double space_prior_mode(const struct param *p);

/** The cell number of a coordinate; n_cells > 0. */
uint64_t space_cell_of(const struct param *p, double coordinate);

/** The coordinates that are rounded to cell i, from low to high; not for choices. */
void space_cell_edges(const struct param *p, uint64_t i, double *low, double *high);

/** Whether the parent's coordinate is one that the condition names; INACTIVE never is. */
bool condition_holds(const struct condition *condition, double parent);

/** Whether parameter j is active, given that row[0 .. j-1] are final. */
bool space_is_active(const struct hone_space *space, size_t j, const double *row);

/**
 * The pass that ends every making of a row, in declaration order: an inactive parameter becomes
 * INACTIVE, a newly active one is drawn from rng, numbers are rounded to a legal value.
 */
void space_complete(const struct hone_space *space, double *row, struct rng *rng);

/** Whether all `where` expressions hold for a completed row. */
bool space_satisfies(const struct hone_space *space, const double *row);

/** A completed row drawn uniformly that satisfies `where`; false when none was found in 10,000
 * draws. */
bool space_random(const struct hone_space *space, double *row, struct rng *rng);

/**
 * A completed row from n unit coordinates, one per parameter (a design point): choices take
 * category floor(u C); one that violates `where` is redrawn from rng; false as above.
 */
bool space_from_unit(const struct hone_space *space, const double *u, double *row, struct rng *rng);

/** The same without a look at `where`: what the coordinates of inactive parameters are is ignored.
 */
void space_of_unit(const struct hone_space *space, const double *u, double *row);

/** Settings to a row: a value for each active parameter and no other, else HONE_EINVAL. */
hone_status space_row_of(const struct hone_space *space, const hone_setting *settings, size_t n,
                         double *row, hone_error *err);

/** A row to settings: active parameters only, declaration order. `out` has room for space->n;
 * returns their number. */
size_t space_settings_of(const struct hone_space *space, const double *row, hone_setting *out);

bool row_equal(const double *a, const double *b, size_t n);

/** A copy; NULL when memory is out. */
struct hone_space *space_dup(const struct hone_space *space);

/** The index of a parameter, or space->n. */
size_t space_index(const struct hone_space *space, const char *name);

/** The coordinate for a uniform u in [0, 1): the rounded u, or where cells are equal their share.
 */
double space_spread(const struct param *p, double u);

/**
 * Enumerate the configurations of a space whose parameters all have cells, last parameter fastest,
 * whether or not they satisfy `where`. space_first() fills in the first row; space_next() goes on
 * from a completed row and returns false after the last.
 */
void space_first(const struct hone_space *space, double *row);
bool space_next(const struct hone_space *space, double *row);

/** Whether every parameter has cells. */
bool space_is_finite(const struct hone_space *space);

#endif
