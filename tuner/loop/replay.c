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
    struct history history;
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
    const hone_trial *trial = hone_ask(p->history.opt, err);
    if (!trial && err->status == HONE_EEXHAUSTED) {
        differs(p, event->trial, "the proposal", "one more", "none: the space is used up");
        return HONE_OK;
    }
    if (!trial)
        return err->status;
    size_t n = 0, memo_size = 0;
    const hone_setting *settings = hone_trial_settings(trial, &n);
    const void *memo = hone_memo(p->history.opt, &memo_size);
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

static hone_status step(void *context, const struct event *event, const json_t *body,
                        hone_error *err)
{
    struct replay *p = context;
    if (p->text[0]) /* the first difference is what counts; what follows from it is noise */
        return HONE_OK;
    bool proposed = event->kind == EVENT_ASK && !json_object_get(body, "repeat_of");
    return proposed && p->history.opt ? replay_ask(p, event, body, err)
                                      : history_play(&p->history, event, body, err);
}

hone_status replay_study(struct store *store, const struct study_row *study,
                         const struct spec *spec, int64_t *trials_out, char text_out[500],
                         hone_error *err)
{
    struct replay p = {.history = {.store = store, .study = study, .spec = spec}, .text = text_out};
    text_out[0] = '\0';
    hone_status status = events_play(store, study->id, step, &p, err);
    history_release(&p.history);
    *trials_out = p.n;
    return status;
}
