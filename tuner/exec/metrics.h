/*
 * metrics.h: observations out of a growing log. A line is matched once, when it has ended (\n, a
 * lone \r, or the end of the file after the exit). The place in the log and all that is needed to
 * go on is a cursor, a small JSON text that commits in the same transaction as the observations, so
 * that no line is counted twice or missed, however often the tuner dies.
 */
#ifndef HONE_EXEC_METRICS_H
#define HONE_EXEC_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hone.h"

/** What to look for. The same fields as spec.h's metric_spec, so that exec does not depend on spec.
 */
struct metric_pattern {
    const char *name;
    enum { PATTERN_REGEX, PATTERN_JSON, PATTERN_FILE } kind;
    const char *pattern;
    const char *path;
};

struct metric_reader;

/** Bytes of the longest line that is searched; longer ones are skipped, with a warning. */
enum { METRIC_LINE_MAX = 64 * 1024 };

/**
 * Compile the patterns.
 * @param step_pattern  regex whose first group is the step, or NULL
 * @param step_metric   name of the metric whose values are the steps, or NULL
 * @return NULL: HONE_EINVAL: the text names the metric, PCRE2's reason and the offset
 */
struct metric_reader *metric_reader_new(const struct metric_pattern *patterns, size_t n,
                                        const char *step_pattern, const char *step_metric,
                                        hone_error *err);
void metric_reader_free(struct metric_reader *reader);

/** One value found. `metric` indexes the patterns; borrowed memory ends with the call. */
struct metric_value {
    size_t metric;
    int64_t seq; /* of this metric in this attempt, from 0 */
    double step;
    double value;
    const char *line; /* where it was found; not ended by a NUL */
    size_t line_len;
};
typedef hone_status metric_visitor(void *context, const struct metric_value *value,
                                   hone_error *err);

/** Where a reader is in one attempt's log. */
struct metric_cursor;
/**
 * @param text      the stored text; NULL or "": the beginning
 * @param previous  metric_cursor_text() of the trial's attempt before, whose step numbers go on, or
 *                  NULL. Only used at the beginning: a stored text has it already.
 */
struct metric_cursor *metric_cursor_new(const struct metric_reader *reader, const char *text,
                                        const char *previous, hone_error *err);
void metric_cursor_free(struct metric_cursor *cursor);
/** The cursor as JSON to be stored; mem_free. */
char *metric_cursor_text(const struct metric_cursor *cursor);

/**
 * Read what is new in FOLDER/log, at most max_bytes of it, and visit each value.
 * @param ended   the attempt has ended: a last line without newline counts too
 * @param more_out  true when bytes are left to read
 * @return HONE_OK, the visitor's failure (then the cursor is as it was), or HONE_EIO
 */
HONE_NODISCARD hone_status metric_read(struct metric_reader *reader, struct metric_cursor *cursor,
                                       const char *folder, bool ended, size_t max_bytes,
                                       metric_visitor *visit, void *context, bool *more_out,
                                       hone_error *err);

/** Number of lines read so far, and the warnings of this attempt (one line each; "match limit ...
 * metric NAME"). */
int64_t metric_cursor_lines(const struct metric_cursor *cursor);
size_t metric_cursor_warnings(const struct metric_cursor *cursor, const char *const **out);

#endif
