/*
 * trace.h: recorded learning curves, from a CSV file:
 *
 *     lr,batch_size,use_dropout,dropout,step,seconds,val:dice,train:loss
 *     0.001,2,True,0.3,2,61.5,0.71,0.42
 *     0.001,2,True,0.3,4,122.8,0.78,0.35
 *
 * A column for each parameter of the study (an inactive one is an empty field), the step, the
 * seconds from the start of the trial until that step, and the metrics, of which the study's
 * objectives and constraints must be there. Rows of one configuration are one curve, in whatever
 * order they stand; where a configuration was recorded several times, a column `trial` tells its
 * curves apart. An empty field of a metric is no value; a row without a step says when the trial
 * ended, which otherwise is its last step. Other columns are passed over.
 */
#ifndef HONE_SIMULATE_TRACE_H
#define HONE_SIMULATE_TRACE_H

#include <jansson.h>

#include "spec/spec.h"

struct trace_row {
    double step;    /* INFINITY: the trial's end */
    int64_t ms;     /* from the start of the trial */
    double *values; /* of each metric of the study */
    bool *has;      /* whether it has a value */
};

/** A recorded run: its rows, by rising step and time. */
struct trace_curve {
    const double *point; /* see space/space.h */
    const struct trace_row *rows;
    size_t n;
};

struct trace {
    const struct spec *spec;
    struct trace_row *rows;
    struct trace_curve *curves;
    size_t n_rows, n_curves;
    size_t n_left_out; /* rows of configurations that the study cannot have */
    struct arena arena;
};

/**
 * Read a trace for a study.
 * @param spec  borrowed while the trace lives
 * @return HONE_EINVAL: "FILE:LINE: why"; HONE_EIO
 */
HONE_NODISCARD hone_status trace_read(struct trace *out, const char *path, const struct spec *spec,
                                      hone_error *err);
/** The same of a text; messages begin with the line. */
HONE_NODISCARD hone_status trace_read_text(struct trace *out, const char *text, size_t len,
                                           const struct spec *spec, hone_error *err);
void trace_release(struct trace *trace);

/**
 * The curve whose configuration is nearest to `params`, a JSON object of the active parameters: the
 * smallest sum of squared differences on the scales of the parameters, each from 0 to 1; another
 * choice, or a parameter that only one of the two has, counts as 1. Of several equal ones the
 * `turn`-th, in turn.
 * @return NULL: HONE_EINVAL, HONE_ENOMEM
 */
const struct trace_curve *trace_nearest(const struct trace *trace, const json_t *params,
                                        uint64_t turn, hone_error *err);

#endif
