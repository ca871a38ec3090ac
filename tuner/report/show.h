/* show.h: `hone show`: everything about one trial. */
#ifndef HONE_REPORT_SHOW_H
#define HONE_REPORT_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "spec/spec.h"
#include "store/store.h"

/**
 * @param json  the export's object with `curve` ([[step, value], ...] of the first objective) and
 *              `log_tail`; else text
 * @return HONE_ENOTFOUND: no such trial
 */
HONE_NODISCARD hone_status show_trial(struct store *store, const struct study_row *study,
                                      const struct spec *spec, int64_t number, int64_t now,
                                      bool json, FILE *out, int columns, bool color,
                                      hone_error *err);

#endif
