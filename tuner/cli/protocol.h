/*
 * protocol.h: the ask-tell protocol (docs/ask-tell.md): one JSON object in, one out. A line that
 * cannot be served changes nothing.
 */
#ifndef HONE_CLI_PROTOCOL_H
#define HONE_CLI_PROTOCOL_H

#include <jansson.h>

#include "base/buf.h"
#include "hone.h"

/* Most bytes of a line. */
#define PROTOCOL_LINE_MAX ((size_t)16 << 20)

/** A client's study; zero-initialise, then use. One thread at a time. */
struct session {
    hone_space *space;
    hone_optimizer *opt; /* NULL before the first line */
    char *objectives[HONE_MAX_OBJECTIVES];
    char *constraints[HONE_MAX_CONSTRAINTS]; /* their metrics */
    size_t n_objectives, n_constraints;
};

void session_release(struct session *session);

/** Serve one line and append the reply, with its line end. Out of memory, out->failed is set. */
void session_answer(struct session *session, const char *line, size_t len, struct buf *out);

/** Make a study from the object of a first line. On failure *session is as it was. */
hone_status session_begin(struct session *session, const json_t *object, hone_error *err);

/** Check that an object has no other keys than those listed (ended by NULL); `what` names it. */
hone_status protocol_check_keys(const json_t *object, const char *const *keys, const char *what,
                                hone_error *err);

#endif
