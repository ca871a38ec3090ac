/* study_run.h: what run, resume and stop share: taking a study up and seeing it through. */
#ifndef HONE_CLI_STUDY_RUN_H
#define HONE_CLI_STUDY_RUN_H

#include "cli/cli.h"
#include "spec/spec.h"

/**
 * For -d: fork. The parent waits until the child says that the study has started, or has ended with
 * an error of its own. Call before a store is opened: SQLite's handles don't survive a fork.
 *
 * @return -1 in the child, which goes on; else the exit status of the parent
 */
int background_begin(void);

/** Whether this is the child. */
bool in_background(void);

/** In the child, once the study runs: what is printed goes to `log` from here, and the parent may
 * go. Without background_begin() does nothing. */
void background_started(const char *log);

/** Make a study in the store: its uid, seed, and where its relative paths start from. *row is
 * filled in, to be released by the caller. */
HONE_NODISCARD hone_status study_create(struct store *store, const struct spec *spec,
                                        struct study_row *row, hone_error *err);

/**
 * Run a study, or go on with it.
 *
 * @param spec   what it is to do; owned by the call
 * @return the exit status
 */
int study_run(struct store *store, struct spec *spec, const struct globals *globals);

/** Go on with a study by the settings that the store has. `row` is released by the call. */
int study_resume(struct store *store, struct study_row *row, const struct globals *globals);

/** Print how a study ended: the reason, the best configuration, time and money, what can be done
 * next.
 * @return EXIT_DONE, or EXIT_NOTHING when no trial has completed */
int study_print_end(struct store *store, const char *name, bool quiet);

#endif
