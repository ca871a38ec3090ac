/* metrics_int.h: what metrics.c (finding values in lines) and cursor.c (the place in a log) share.
 */
#ifndef HONE_EXEC_METRICS_INT_H
#define HONE_EXEC_METRICS_INT_H

#include "exec/metrics.h"

enum {
    BAD_SHOWN = 2, /* matches that are no numbers: so many are quoted */
    BAD_MAX = 40   /* and so much of each */
};

/** Where we are in one file. */
struct stream_place {
    int64_t offset;  /* of the first line that is not read */
    int64_t skipped; /* bytes of an over-long line that are skipped already; 0 = at a line's start
                      */
    bool after_cr;   /* the byte before was a carriage return: a \n now ends no other line */
    int64_t inode, mtime_ns; /* of a metric's own file: has it been replaced? */
};

/** What one metric has seen in this attempt. */
struct metric_place {
    int64_t n;          /* values, = the next one's seq */
    int64_t n_before;   /* values in the attempts before */
    int64_t limit_hits; /* lines on which its pattern came to a limit */
    int64_t n_bad;      /* matches that were no numbers */
    char bad[BAD_SHOWN][BAD_MAX + 1];
};

struct progress {
    struct stream_place *streams; /* as the reader's; 0 is the log */
    struct metric_place *metrics; /* as the reader's, and one for the step's pattern at the end */
    int64_t lines;
    int64_t n_long, longest; /* lines that were too long, and the bytes of the longest */
    double step;
};

struct metric_cursor {
    const struct metric_reader *reader; /* outlives the cursor */
    struct progress now, saved;         /* saved: what a failed read goes back to */
    char **warnings;
    size_t n_warnings;
};

/* What a cursor must know of its reader. */
size_t reader_n_metrics(const struct metric_reader *reader);
size_t reader_n_streams(const struct metric_reader *reader);
const char *reader_metric_name(const struct metric_reader *reader, size_t metric);
const char *reader_stream_path(const struct metric_reader *reader, size_t stream);
bool reader_knows_steps(const struct metric_reader *reader);

void cursor_save(struct metric_cursor *cursor);
void cursor_restore(struct metric_cursor *cursor);
/** Put the warnings in words again; HONE_ENOMEM leaves the old ones. */
HONE_NODISCARD hone_status cursor_warn(struct metric_cursor *cursor, hone_error *err);

#endif
