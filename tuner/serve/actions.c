/* actions.c: which actions there are. */
#include "serve/action.h"

void serve_action(const struct serve_call *call, struct serve_answer *answer)
{
    serve_answer_error(answer, 400, "UnknownOperationException", "%s action %.80s is not offered",
                       call->service, call->action);
}
