/* actions.c: which actions there are; a body is held against its shape first. */
#include "serve/actions/actions.h"

#include <string.h>

#include "serve/validate.h"

static const struct {
    const char *service, *name;
    void (*carry_out)(const struct serve_call *call, struct serve_answer *answer);
} actions[] = {
    {"sagemaker", "ListHyperParameterTuningJobs", list_tuning_jobs},
};

void serve_action(const struct serve_call *call, struct serve_answer *answer)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp(actions[i].service, call->service) == 0 &&
            strcmp(actions[i].name, call->action) == 0) {
            if (validate_body(call, answer))
                actions[i].carry_out(call, answer);
            return;
        }
    serve_answer_error(
        answer, 400, "UnknownOperationException",
        "hone serve has no %s action %.80s yet; docs/sagemaker.md has those that are there",
        call->service, call->action);
}
