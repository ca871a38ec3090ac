/*
 * written.h: a study as a study file.
 *
 * The settings are those of the canonical text, without the members that a study of the same
 * command, objective and parameters has by itself. JSON is YAML, so a member is written as its
 * value in braces and brackets, on one line; only names and words lose their quotes.
 */
#ifndef HONE_SPEC_WRITTEN_H
#define HONE_SPEC_WRITTEN_H

#include <jansson.h>

#include "base/buf.h"
#include "spec/spec.h"

/** The whole study, to be edited and read again. */
HONE_NODISCARD hone_status spec_written(const struct spec *spec, struct buf *out, hone_error *err);

/** A value, or a text, as YAML on one line. */
void written_value(struct buf *out, json_t *value);
void written_text(struct buf *out, const char *text);
/** What a study with the command, objective and parameters of `whole` has by itself; a new
 * reference. */
json_t *written_defaults(const struct spec *spec, const json_t *whole);
/** What is written of a member, a new reference; NULL: it goes without saying. */
json_t *written_member(const char *key, json_t *value, const json_t *defaults);

#endif
