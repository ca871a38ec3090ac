/*
 * best.h: the best configuration of a study; with several objectives its Pareto front: the trials
 * that no other one equals or beats in all objectives and beats in one. Completed trials that keep
 * all constraints only. Where configurations were run again, the best is the one with the best mean
 * of its repeats.
 */
#ifndef HONE_REPORT_BEST_H
#define HONE_REPORT_BEST_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "report/confirmed.h"
#include "spec/spec.h"
#include "store/store.h"

struct best_trial {
    int64_t number;
    char *params; /* JSON object */
    int64_t ended_at;
    double values[HONE_MAX_OUTCOMES]; /* objectives, then constraints */
};

struct best {
    size_t n, room;
    struct best_trial *trials;  /* by the first objective, the best first */
    struct confirmed confirmed; /* its first one, if there is any, is the best */
    int64_t n_broken;           /* completed trials that break a constraint */
};

enum best_format { BEST_TEXT, BEST_JSON, BEST_YAML, BEST_ENV, BEST_COMMAND };

HONE_NODISCARD hone_status best_read(struct store *store, const struct study_row *study,
                                     const struct spec *spec, struct best *out, hone_error *err);
void best_release(struct best *best);

/** The same trial by trial, in the order of their numbers; *best is zeros at first. Repeats are
 * passed over; best_confirm() looks at them. */
HONE_NODISCARD hone_status best_add(struct best *best, const struct spec *spec,
                                    const struct trial_row *row, hone_error *err);
HONE_NODISCARD hone_status best_confirm(struct best *best, struct store *store,
                                        const struct study_row *study, const struct spec *spec,
                                        hone_error *err);

/** Why there is none: "no trial has completed yet", or none keeps the constraints. */
const char *best_missing(const struct best *best);

/** Print it; YAML, ENV and COMMAND print the first one's parameters only. best->n > 0. */
HONE_NODISCARD hone_status best_print(const struct best *best, const struct study_row *study,
                                      const struct spec *spec, enum best_format format, FILE *out,
                                      int columns, hone_error *err);

#endif
