/*
 * tryout.h: running a study's script once, outside of any study, to see what it prints.
 */
#ifndef HONE_CLI_TRYOUT_H
#define HONE_CLI_TRYOUT_H

#include "exec/executor.h"
#include "spec/spec.h"

/** The first value of a metric. */
struct finding {
    bool is;
    double value, after_s;
    char line[400]; /* the log's bytes, cut */
};

struct tryout;

/**
 * Make a place for runs: a folder in .hone that goes away again.
 * @param show  write what goes on to stderr
 */
struct tryout *tryout_new(const struct spec *spec, bool show, hone_error *err);
/** Deletes the folder. */
void tryout_free(struct tryout *tryout);

enum tryout_end {
    TRYOUT_FOUND,      /* all that was looked for; the script was ended then */
    TRYOUT_EXITED,     /* it ended before */
    TRYOUT_TIMED_OUT,  /* it was ended after `time_s` */
    TRYOUT_INTERRUPTED /* it was ended by Ctrl-C */
};

/**
 * Run the script until each metric has a value, or only each objective.
 *
 * @param time_s    how long at most; 0: no limit
 * @param findings  one for each of the spec's metrics; out
 * @param end_out   how it ended
 * @param exit_out  its record
 */
HONE_NODISCARD hone_status tryout_run(struct tryout *tryout, const hone_setting *settings, size_t n,
                                      bool outcomes_only, double time_s, struct finding *findings,
                                      enum tryout_end *end_out, struct attempt_status *exit_out,
                                      hone_error *err);

/** Lines of the last run's log so far, and warnings of its reader. */
int64_t tryout_lines(const struct tryout *tryout);
size_t tryout_warnings(const struct tryout *tryout, const char *const **out);

/** The last run's log: at most `most` bytes from its end. mem_free; NULL when there is none. */
char *tryout_log(const struct tryout *tryout, size_t most, size_t *len_out);

#endif
