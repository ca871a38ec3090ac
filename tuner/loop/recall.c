/* recall.c: an optimizer that knows what a study knows: its events, played without a tuner. */
#include "base/error.h"
#include "loop/loop_int.h"

static hone_status step(void *context, const struct event *event, const json_t *body,
                        hone_error *err)
{
    return history_play(context, event, body, err);
}

hone_optimizer *study_recall(struct store *store, const struct study_row *study,
                             const struct spec *spec, hone_error *err)
{
    struct history h = {.store = store, .study = study, .spec = spec};
    hone_error problem = {0};
    hone_optimizer *opt = NULL;
    if (!events_play(store, study->id, step, &h, &problem) && h.opt) {
        opt = h.opt;
        h.opt = NULL;
    }
    history_release(&h);
    if (opt)
        return opt;
    error_set(err, problem.status ? problem.status : HONE_EIO, "%s",
              problem.status ? problem.text : "the study has no history in the store");
    return NULL;
}
