/* request.h: asking the tuner that is at work on a study for something. */
#ifndef HONE_CLI_REQUEST_H
#define HONE_CLI_REQUEST_H

#include "store/store.h"

/**
 * Leave a request for the study's living tuner, and wait for its answer.
 *
 * @param kind, body  as tuner/loop/request.c takes them; body is JSON
 * @return EXIT_DONE, or EXIT_USAGE or EXIT_SYSTEM after a line on stderr
 */
int ask_tuner(struct store *store, const struct study_row *study, const char *kind,
              const char *body);

#endif
