/* look.h: a study that a command only looks at. */
#ifndef HONE_CLI_LOOK_H
#define HONE_CLI_LOOK_H

#include "cli/cli.h"
#include "spec/spec.h"

struct look {
    struct store *store;
    struct study_row row;
    struct spec *spec;
    int64_t now; /* until when what runs is known to have run: study_now() */
};

/** Open the store, find the study, read its spec. EXIT_DONE, or another status after its error. */
int look_open(struct look *look, const struct globals *globals, const char *study);
void look_close(struct look *look);

/** The number of the objective with this metric; the first one for NULL. EXIT_DONE, or EXIT_USAGE
 * after the command's error. */
int look_objective(const struct look *look, const char *command, const char *metric, size_t *out);

#endif
