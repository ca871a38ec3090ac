/*
 * replay.c: is the study repeatable? Its events are played again, but each ASK makes the search
 * propose, and the proposal, its reason and the search's memo must be those of the event, bit for
 * bit.
 */
#include "loop/loop_int.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "io/json.h"

struct replay {
    struct store *store;
    const struct study_row *study;
    const struct spec *spec;
    hone_optimizer *opt;
    bool reports;
    int64_t n;
    char *text; /* the first difference, 500 bytes; "" */
};

static void differs(struct replay *p, int64_t trial, const char *what, const char *then,
                    const char *now)
{
    snprintf(p->text, 500, "trial %lld differs: %s was %.180s, is now %.180s", (long long)trial,
             what, then ? then : "nothing", now ? now : "nothing");
}

/* Compare a text of the event with what came out now. */
static void compare(struct replay *p, int64_t trial, const char *what, const char *then,
                    const char *now)
{
    if (!p->text[0] && (!then || !now || strcmp(then, now) != 0))
        differs(p, trial, what, then, now);
}

static hone_status replay_ask(struct replay *p, const struct event *event, const json_t *body,
                              hone_error *err)
{
    const hone_trial *trial = hone_ask(p->opt, err);
    if (!trial && err->status == HONE_EEXHAUSTED) {
        differs(p, event->trial, "the proposal", "one more", "none: the space is used up");
        return HONE_OK;
    }
    if (!trial)
        return err->status;
    size_t n = 0, memo_size = 0;
    const hone_setting *settings = hone_trial_settings(trial, &n);
    const void *memo = hone_memo(p->opt, &memo_size);
    json_t *params = json_of_settings(settings, n);
    char *now = params ? json_write(params) : NULL;
    char *then = json_write(json_object_get(body, "params"));
    char *memo_now = base64_encode(memo, memo_size);
    hone_status status = now && then && memo_now ? HONE_OK : error_memory(err);
    if (!status) {
        compare(p, event->trial, "the configuration", then, now);
        compare(p, event->trial, "the reason", json_string_value(json_object_get(body, "why")),
                hone_trial_why(trial));
        compare(p, event->trial, "the search's memo",
                json_string_value(json_object_get(body, "memo")), memo_now);
        p->n++;
    }
    mem_free(memo_now);
    mem_free(then);
    mem_free(now);
    json_decref(params);
    return status;
}

static hone_status replay_tell(struct replay *p, const struct event *event, const json_t *body,
                               hone_error *err)
{
    hone_trial_state state;
    hone_status status = HONE_OK;
    if (p->reports)
        status = optimizer_report_stored(p->opt, p->store, p->study->id, event->trial,
                                         p->spec->objectives[0].metric, err);
    if (!status)
        status = optimizer_tell_event(p->opt, event->trial, body, &state, err);
    return status;
}

static hone_status step(void *context, const struct event *event, const json_t *body,
                        hone_error *err)
{
    struct replay *p = context;
    uint64_t id = 0;
    if (p->text[0]) /* the first difference is what counts; what follows from it is noise */
        return HONE_OK;
    switch (event->kind) {
    case EVENT_CREATED:
        p->opt = optimizer_created(p->spec, body, p->study->seed, err);
        return p->opt ? HONE_OK : err->status;
    case EVENT_ASK: /* a repeat is no proposal */
        return json_object_get(body, "repeat_of") ? optimizer_ask_event(p->opt, event, body, err)
                                                  : replay_ask(p, event, body, err);
    case EVENT_TELL:
        return replay_tell(p, event, body, err);
    case EVENT_ADD:
        return optimizer_add_event(p->opt, p->spec, body, &id, err);
    case EVENT_TRANSFER:
        return optimizer_transfer_event(p->opt, body, err);
    case EVENT_ENQUEUE:
        return optimizer_enqueue_event(p->opt, body, err);
    case EVENT_REOPEN:
        return hone_reopen(p->opt, (uint64_t)event->trial, err);
    case EVENT_TAKEN:
    case EVENT_CONFIRM:
    case EVENT_CHANGED:
    case EVENT_STOP_TRIAL:
    case EVENT_RETRY:
    case EVENT_STOP_STUDY:
    case EVENT_ENDED:
        break;
    }
    return HONE_OK;
}

hone_status replay_study(struct store *store, const struct study_row *study,
                         const struct spec *spec, int64_t *trials_out, char text_out[500],
                         hone_error *err)
{
    struct replay p = {.store = store,
                       .study = study,
                       .spec = spec,
                       .reports = spec_reports(spec),
                       .text = text_out};
    text_out[0] = '\0';
    hone_status status = events_play(store, study->id, step, &p, err);
    hone_optimizer_free(p.opt);
    *trials_out = p.n;
    return status;
}
