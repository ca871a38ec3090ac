/*
 * confirmed.h: configurations that were run again, and what that says of them. Only the repeats
 * count: the trial itself was chosen for its value.
 */
#ifndef HONE_REPORT_CONFIRMED_H
#define HONE_REPORT_CONFIRMED_H

#include "spec/spec.h"
#include "store/store.h"

struct confirmed_trial {
    int64_t number; /* the trial that was repeated */
    int64_t ended_at;
    double values[HONE_MAX_OUTCOMES];
    char *params; /* JSON object */
    size_t n_runs, n_failed, n_running;
    double *runs; /* values of the repeats that completed */
    hone_confirmed result;
};

struct confirmed {
    size_t n, room;
    struct confirmed_trial *trials; /* with at least one completed repeat; the best mean first */
};

/** Two passes over the trials; one where there is no repeat. */
HONE_NODISCARD hone_status confirmed_read(struct store *store, const struct study_row *study,
                                          const struct spec *spec, struct confirmed *out,
                                          hone_error *err);
void confirmed_release(struct confirmed *confirmed);

/** "mean 0.9101 of 3 repeats, 95 % interval 0.905 to 0.915, best of the 3 with probability 0.83".
 */
void confirmed_text(const struct confirmed *confirmed, size_t i, struct buf *out);

#endif
