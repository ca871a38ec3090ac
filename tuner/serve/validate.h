/* validate.h: whether a body is what its action takes. */
#ifndef HONE_SERVE_VALIDATE_H
#define HONE_SERVE_VALIDATE_H

#include "serve/action.h"

/**
 * Hold a call's body against the shape of its action. A member that the shape does not know is
 * passed over, and null is as if it were not there, as the real services have it.
 *
 * @return true: it fits, or the action is in no table. false: the answer is SerializationException
 *         for a value of another kind, else ValidationException naming each member and its bound
 */
bool validate_body(const struct serve_call *call, struct serve_answer *answer);

#endif
