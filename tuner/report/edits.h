/* edits.h: how a study's settings have changed since it began. */
#ifndef HONE_REPORT_EDITS_H
#define HONE_REPORT_EDITS_H

#include <jansson.h>
#include <stdio.h>

#include "store/store.h"

/** An array of {at, by: "edit" or "run", lines, trials, fit}, oldest first; a new reference. NULL:
 * HONE_EIO, HONE_ENOMEM. */
json_t *edits_read(struct store *store, const struct study_row *study, hone_error *err);

void edits_print(const json_t *edits, const char *study, FILE *out);

#endif
