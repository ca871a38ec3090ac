/* study.h: one study of hone on a task, on a simulated clock. */
#ifndef HONE_BENCH_STUDY_H
#define HONE_BENCH_STUDY_H

#include <jansson.h>

#include "base/buf.h"
#include "task.h"

/** What all studies of a run have in common. */
struct plan {
    const char *name;    /* of the engine in the results */
    const json_t *extra; /* further keys of the study line; may be NULL */
    size_t budget, parallel;
};

/** Play a study and append its row, as runner.py's, with its line end. On failure the row says why.
 * @return whether it went through
 */
bool study_play(const struct plan *plan, const struct task *task, struct buf *row);

#endif
