/* closing.h: how a study ended: why, the best configuration, time and money. */
#ifndef HONE_REPORT_CLOSING_H
#define HONE_REPORT_CLOSING_H

#include <stdio.h>

#include "report/study_view.h"

/**
 * Print it.
 * @param now  ms since 1970: what runs on, after a tuner has left it, has run until now
 * @param best_out  the number of the best trial, or -1
 */
HONE_NODISCARD hone_status closing_print(struct store *store, const struct study_row *row,
                                         int64_t now, FILE *out, int columns, int64_t *best_out,
                                         hone_error *err);

#endif
