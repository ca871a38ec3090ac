/*
 * import.h: trials that were run elsewhere, read from JSON, JSON lines or CSV (as `hone export`
 * writes them, or with the columns that matter) or from Optuna's SQLite storage, and checked
 * against a study.
 */
#ifndef HONE_REPORT_IMPORT_H
#define HONE_REPORT_IMPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "io/json.h"
#include "spec/spec.h"
#include "store/store.h"

/** A trial to be added. Everything lives as long as the import. */
struct import_trial {
    hone_trial_state state; /* completed, stopped or failed */
    char *params;           /* JSON object in declaration order */
    char *values;           /* JSON array, or NULL */
    char *why, *reason;     /* or NULL */
    int64_t started_at, ended_at;
    size_t n_attempts, n_observations;
    struct attempt_row *attempts; /* `trial` is not filled in */
    struct observation *observations;
};

struct import {
    struct arena arena;
    struct spec const *spec;
    char *origin;            /* of the trials that they become: imported, warm */
    hone_optimizer *checker; /* an engine that has all of them: what it takes, the study's will */
    size_t n, room;
    struct import_trial *trials;
    size_t n_known;    /* left out, for the study has them already */
    size_t n_left_out; /* running or cancelled ones, stopped ones without a value */
    char unused[400];  /* names of columns and metrics that the study does not have; or empty */
};

/**
 * Read a file. What it is shows by its first characters: [ or { for JSON, SQLite's mark.
 * @param study  which study of a storage that has several; or NULL
 * @return HONE_EINVAL: the text is "FILE:LINE: ..." or "FILE: trial K: ..."; HONE_ENOTFOUND,
 * HONE_EIO
 */
HONE_NODISCARD hone_status import_read(struct import *import, const struct spec *spec,
                                       const char *path, const char *study, hone_error *err);
/** The same for the text of a file; `path` is for messages. */
HONE_NODISCARD hone_status import_text(struct import *import, const struct spec *spec,
                                       const struct buf *text, const char *path, hone_error *err);
/** The same trial by trial: an import of none, and a trial in the form of the JSON export. */
HONE_NODISCARD hone_status import_begin(struct import *import, const struct spec *spec,
                                        const char *origin, hone_error *err);
HONE_NODISCARD hone_status import_add(struct import *import, const json_t *object, hone_error *err);
void import_release(struct import *import);

/** Leave out the trials that a study has already: the same settings, end, values and times, as
 * often as it has them. */
HONE_NODISCARD hone_status import_drop_known(struct import *import, struct store *store,
                                             int64_t study, hone_error *err);

/** The parameter's value that a number or text stands for: 4, "4" and a choice of '4' are the same;
 * whether it is within a range is the engine's affair. */
bool import_value(const struct parameter *p, const json_t *json, hone_value *out);

/** What a trial is in the store: its row (texts are the import's), and the body of its ADD event
 * (mem_free; NULL when memory is out). */
struct trial_row import_row(const struct import *import, size_t i, int64_t number);
char *import_event(const struct import *import, size_t i);

/**
 * Write the trials with the numbers from `first` on, inside a transaction of the caller: an event
 * and a row for each, its attempts and observations.
 */
HONE_NODISCARD hone_status import_write(const struct import *import, struct store *store,
                                        int64_t first, int64_t now, uint64_t epoch,
                                        hone_error *err);

/** CSV to an array of objects in the form of the JSON export, but for `attempts` (a number), and
 * `seconds`; `line` says where each began. NULL: *err is "LINE: ...". */
json_t *import_csv(const char *text, size_t len, const struct spec *spec, hone_error *err);

/** Whether a file begins like a SQLite database. */
bool import_is_optuna(const char *data, size_t len);

/** A study of an Optuna storage in the same form, with `curve`. `study` may be NULL where there is
 * one only. NULL: *err is what the file has or has not. */
json_t *import_optuna(const char *path, const char *study, const struct spec *spec,
                      hone_error *err);

#endif
