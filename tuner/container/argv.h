/* argv.h: hyperparameters as the script gets them. */
#ifndef HONE_CONTAINER_ARGV_H
#define HONE_CONTAINER_ARGV_H

#include <jansson.h>

#include "base/buf.h"

/** {"lr": "0.1", "name": "\"net\""} decoded once: {"lr": 0.1, "name": "net"}; what is no JSON is
 * the text itself. `internal` chooses: the sagemaker_* and _tuning_objective_metric, or the others.
 */
json_t *argv_decode(json_t *hyperparameters, bool internal);
/** The arguments, a new list of texts: "--name", "value", "-x", "value" in the order of names. */
json_t *argv_of(json_t *decoded);
/** Append a value as Python's str() writes it (None is empty), or in a list as repr() does. */
void argv_python(struct buf *out, json_t *value, bool repr);
/** Append a value as json.dumps(sort_keys=True) does without blanks. */
void argv_json(struct buf *out, json_t *value);

#endif
