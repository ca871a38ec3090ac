/*
 * best.h: the best configuration of a study; with several objectives its Pareto front: the trials
 * that no other one equals or beats in all objectives and beats in one. Completed trials only.
 * Where configurations were run again, the best is the one with the best mean of its repeats.
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
    size_t n_values;
    double values[HONE_MAX_OBJECTIVES];
};

struct best {
    size_t n;                   /* 0: no trial has completed */
    struct best_trial *trials;  /* by the first objective, the best first */
    struct confirmed confirmed; /* its first one, if there is any, is the best */
};

enum best_format { BEST_TEXT, BEST_JSON, BEST_YAML, BEST_ENV, BEST_COMMAND };

HONE_NODISCARD hone_status best_read(struct store *store, const struct study_row *study,
                                     const struct spec *spec, struct best *out, hone_error *err);
void best_release(struct best *best);

/** Print it; YAML, ENV and COMMAND print the first one's parameters only. best->n > 0. */
HONE_NODISCARD hone_status best_print(const struct best *best, const struct study_row *study,
                                      const struct spec *spec, enum best_format format, FILE *out,
                                      int columns, hone_error *err);

#endif
