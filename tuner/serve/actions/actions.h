/* actions.h: the actions that there are; each has a body that fits its shape. */
#ifndef HONE_SERVE_ACTIONS_ACTIONS_H
#define HONE_SERVE_ACTIONS_ACTIONS_H

#include "serve/action.h"

void list_tuning_jobs(const struct serve_call *call, struct serve_answer *answer);

#endif
