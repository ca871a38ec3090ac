/* recall.c: an optimizer that knows what a study knows: its events, played without a tuner. */
#include "base/error.h"
#include "loop/loop_int.h"

struct recall {
    struct store *store;
    const struct study_row *study;
    const struct spec *spec;
    hone_optimizer *opt;
    bool reports;
};

static hone_status recall_tell(struct recall *r, const struct event *event, const json_t *body,
                               hone_error *err)
{
    hone_trial_state state;
    hone_status status = HONE_OK;
    if (r->reports)
        status = optimizer_report_stored(r->opt, r->store, r->study->id, event->trial,
                                         r->spec->objectives[0].metric, err);
    return status ? status : optimizer_tell_event(r->opt, event->trial, body, &state, err);
}

static hone_status step(void *context, const struct event *event, const json_t *body,
                        hone_error *err)
{
    struct recall *r = context;
    if (event->kind == EVENT_CREATED) {
        r->opt = optimizer_created(r->spec, body, r->study->seed, err);
        return r->opt ? HONE_OK : HONE_EIO;
    }
    if (!r->opt)
        return error_set(err, HONE_EIO, "the study's history has no beginning");
    switch (event->kind) {
    case EVENT_ASK:
        return optimizer_ask_event(r->opt, event, body, err);
    case EVENT_TELL:
        return recall_tell(r, event, body, err);
    case EVENT_ADD:
        return optimizer_add_event(r->opt, r->spec, body, NULL, err);
    case EVENT_ENQUEUE:
        return optimizer_enqueue_event(r->opt, body, err);
    case EVENT_REOPEN:
        return hone_reopen(r->opt, (uint64_t)event->trial, err);
    case EVENT_CREATED:
    case EVENT_TAKEN:
    case EVENT_CONFIRM:
    case EVENT_TRANSFER: /* proposals are what earlier studies are for */
    case EVENT_CHANGED:
    case EVENT_STOP_TRIAL:
    case EVENT_RETRY:
    case EVENT_STOP_STUDY:
    case EVENT_ENDED:
        break;
    }
    return HONE_OK;
}

hone_optimizer *study_recall(struct store *store, const struct study_row *study,
                             const struct spec *spec, hone_error *err)
{
    struct recall r = {.store = store, .study = study, .spec = spec, .reports = spec_reports(spec)};
    hone_error problem = {0};
    if (!events_play(store, study->id, step, &r, &problem) && r.opt)
        return r.opt;
    hone_optimizer_free(r.opt);
    error_set(err, problem.status ? problem.status : HONE_EIO, "%s",
              problem.status ? problem.text : "the study has no history in the store");
    return NULL;
}
