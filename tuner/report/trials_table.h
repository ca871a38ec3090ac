/* trials_table.h: the table of `hone trials`: filtered by an expression, sorted by a field. */
#ifndef HONE_REPORT_TRIALS_TABLE_H
#define HONE_REPORT_TRIALS_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "spec/spec.h"
#include "store/store.h"

struct trials_options {
    const char *sort;  /* a field, "-" before it turns the order round; NULL: by number */
    const char *where; /* see query.h; NULL: all */
    bool json;         /* the objects of the export instead of a table */
    bool color;
    int columns; /* width of the terminal; 0: not limited */
    int64_t now;
};

/**
 * Fields: trial, state, origin, value (of the first objective), seconds, attempts, started_at,
 * ended_at, each parameter, each metric (its last value).
 * @return HONE_EINVAL: no such field, or a wrong expression
 */
HONE_NODISCARD hone_status trials_table(struct store *store, const struct study_row *study,
                                        const struct spec *spec,
                                        const struct trials_options *options, FILE *out,
                                        hone_error *err);

#endif
