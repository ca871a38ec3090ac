/*
 * export.h: all trials, or all observations, of a study as CSV (RFC 4180), JSON or JSON lines.
 * Written while they are read: memory does not grow with the observations.
 */
#ifndef HONE_REPORT_EXPORT_H
#define HONE_REPORT_EXPORT_H

#include <stdio.h>

#include "spec/spec.h"
#include "store/store.h"

enum export_format { EXPORT_CSV, EXPORT_JSON, EXPORT_JSONL };

/**
 * Columns of the CSV: trial, state, parameters, metrics (last value), started_at, ended_at,
 * seconds, cost, attempts. An inactive parameter, an unknown time or cost is an empty field.
 */
HONE_NODISCARD hone_status export_trials(struct store *store, const struct study_row *study,
                                         const struct spec *spec, enum export_format format,
                                         int64_t now, FILE *out, hone_error *err);

/** Columns: trial, attempt, step, time, metric, value. */
HONE_NODISCARD hone_status export_observations(struct store *store, const struct study_row *study,
                                               enum export_format format, FILE *out,
                                               hone_error *err);

/** Learning curves of completed trials, as hone simulate takes them: trial, parameters, step,
 * seconds, metrics. */
HONE_NODISCARD hone_status export_trace(struct store *store, const struct study_row *study,
                                        const struct spec *spec, int64_t now, FILE *out,
                                        hone_error *err);

#endif
