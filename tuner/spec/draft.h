/* draft.h: a first study file, with comments, for a script or for none. */
#ifndef HONE_SPEC_DRAFT_H
#define HONE_SPEC_DRAFT_H

#include "base/buf.h"
#include "spec/script.h"

/**
 * Write a study.yaml that is right as it stands.
 * @param path      the script's path as the command shall name it, or NULL
 * @param script    what was read of it; empty when it is no Python
 * @param n_out     number of parameters that were guessed from options
 */
void draft_study(struct buf *out, const char *path, const struct script *script, size_t *n_out);

#endif
