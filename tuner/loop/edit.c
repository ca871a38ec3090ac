/*
 * edit.c: a study whose settings change while it lives (decision 21).
 *
 * An EDITED event has the whole new settings. Where they are those of another search (its space,
 * strategy or stopping rule), what was before is played once more, into a new optimizer: each trial
 * with its number and its end where its values are possible now, as a number that passes where they
 * are not. A parameter that is new takes its default in old trials; one that is gone must have been
 * inactive in them, for what it did is in the result. A later edit looks at all trials again, so
 * that one which fell out by an edit may come back by another.
 *
 * The tuner takes an edit as a resume does: the commit of the event ends its memory, and it opens
 * the study anew. So what a living tuner knows and what is rebuilt from the store are the same by
 * construction, wherever it is killed.
 */
#include "loop/loop_int.h"

#include <string.h>

#include "base/error.h"
#include "io/json.h"
#include "io/time.h"
#include "loop/lease.h"
#include "report/parents.h"

/* ---- What was before, in the new search ---- */

struct refitting {
    const struct history *history;
    const struct spec *spec;
    int64_t before;
    struct refitted *out;
};

static bool has_parameter(const struct spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->n_parameters; i++)
        if (strcmp(spec->parameters[i].name, name) == 0)
            return true;
    return false;
}

/* A trial's settings by the new parameters; NULL: they do not fit. */
static json_t *refit_params(const struct spec *spec, json_t *params)
{
    void *at = json_object_iter(params);
    for (; at; at = json_object_iter_next(params, at))
        if (!has_parameter(spec, json_object_iter_key(at)))
            return NULL;
    return params_fit(spec, params);
}

static hone_status take(struct refitting *r, hone_status status, hone_error *err)
{
    r->out->n_trials++;
    r->out->n_fit += status == HONE_OK;
    return status == HONE_EINVAL ? hone_skip(r->out->opt, NULL, err) : status;
}

static hone_status refit_ask(struct refitting *r, const json_t *body, hone_error *err)
{
    hone_error refusal = {0};
    size_t n = 0, size = 0;
    json_t *params = refit_params(r->spec, json_object_get(body, "params"));
    hone_setting *settings = params ? json_to_settings(params, &n, &refusal) : NULL;
    const void *memo = hone_memo(r->out->opt, &size);
    hone_status status = settings ? hone_restore(r->out->opt, settings, n,
                                                 json_string_value(json_object_get(body, "why")),
                                                 memo, size, NULL, &refusal)
                                  : HONE_EINVAL;
    mem_free(settings);
    json_decref(params);
    if (status && status != HONE_EINVAL)
        *err = refusal;
    return take(r, status, err);
}

static hone_status refit_add(struct refitting *r, const json_t *body, hone_error *err)
{
    hone_error refusal = {0};
    json_t *params = refit_params(r->spec, json_object_get(body, "params"));
    json_t *fitted = params ? json_pack("{s:O}", "params", params) : NULL;
    static const char *const ends[] = {"values", "last"};
    for (size_t i = 0; fitted && i < 2; i++)
        if (json_object_get(body, ends[i]))
            json_object_set(fitted, ends[i], json_object_get(body, ends[i]));
    hone_status status = HONE_EINVAL;
    if (fitted)
        status = optimizer_add_event(r->out->opt, r->spec, fitted, NULL, &refusal);
    json_decref(fitted);
    json_decref(params);
    if (status && status != HONE_EINVAL)
        *err = refusal;
    return take(r, status, err);
}

static hone_status refit_tell(struct refitting *r, const struct event *event, const json_t *body,
                              hone_error *err)
{
    hone_trial_state state = HONE_TRIAL_CANCELLED;
    trial_state_of_text(json_string_value(json_object_get(body, "state")), &state);
    /* What a trial was worth that was stopped is its curve, also to a search without a rule. */
    bool reports = spec_reports(r->spec) || state == HONE_TRIAL_STOPPED;
    return optimizer_tell_stored(r->out->opt, r->history, event, body, reports, err);
}

/* What is no trial may be refused: a search that cannot use it goes without. */
static hone_status or_without(hone_status status)
{
    return status == HONE_EINVAL ? HONE_OK : status;
}

static hone_status refit_step(void *context, const struct event *event, const json_t *body,
                              hone_error *err)
{
    struct refitting *r = context;
    hone_optimizer *opt = r->out->opt;
    if (event->seq >= r->before)
        return HONE_EEXHAUSTED; /* the end of what was before */
    switch (event->kind) {
    case EVENT_ASK:
        return refit_ask(r, body, err);
    case EVENT_ADD:
        return refit_add(r, body, err);
    case EVENT_TELL:
        return refit_tell(r, event, body, err);
    case EVENT_REOPEN:
        return trial_is_outside(opt, event->trial) ? HONE_OK
                                                   : hone_reopen(opt, (uint64_t)event->trial, err);
    case EVENT_TRANSFER:
        return or_without(optimizer_transfer_event(opt, body, err));
    case EVENT_ENQUEUE:
        return or_without(optimizer_enqueue_event(opt, body, err));
    case EVENT_CREATED:
    case EVENT_EDITED:
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

hone_status history_refit(const struct history *h, const struct spec *spec, int64_t before,
                          struct refitted *out, hone_error *err)
{
    struct refitting r = {h, spec, before, out};
    *out = (struct refitted){.opt = optimizer_of(spec, h->study->seed, err)};
    if (!out->opt)
        return err->status;
    hone_status status = events_play(h->store, h->study->id, refit_step, &r, err);
    if (status == HONE_OK || status == HONE_EEXHAUSTED)
        return HONE_OK;
    hone_optimizer_free(out->opt);
    out->opt = NULL;
    return status;
}

/* ---- The edit ---- */

static bool same_constraints(const struct spec *a, const struct spec *b)
{
    bool same = a->n_constraints == b->n_constraints;
    for (size_t i = 0; same && i < a->n_constraints; i++)
        same = strcmp(a->constraints[i].metric, b->constraints[i].metric) == 0;
    return same;
}

static hone_status check_change(const struct edit *edit, const struct spec *stored,
                                const struct spec *now, hone_error *err)
{
    const struct spec_change *change = &edit->change;
    if (change->fixed && strcmp(change->fixed, "start") == 0)
        return error_set(err, HONE_EINVAL,
                         "\"start\" says what a study begins with: hone enqueue has a "
                         "configuration tried next");
    if (change->fixed)
        return error_set(err, HONE_EINVAL,
                         "\"%s\" of a study cannot change: that is another study, which may learn "
                         "from this one by warm_start",
                         change->fixed);
    if (!same_constraints(stored, now))
        return error_set(err, HONE_EINVAL,
                         "the metrics of \"constraints\" cannot change, for old trials were not "
                         "measured by them; their limits can");
    return HONE_OK;
}

hone_status edit_read(struct edit *edit, struct store *store, const struct study_row *study,
                      const struct spec *stored, const struct spec *now, hone_error *err)
{
    struct refitted refitted = {0};
    struct history h = {.store = store, .study = study, .spec = now};
    *edit = (struct edit){.change = spec_compare(stored, now)};
    hone_status status = check_change(edit, stored, now, err);
    if (!status && edit->change.search)
        status = history_refit(&h, now, INT64_MAX, &refitted, err);
    if (status) {
        edit_release(edit);
        return status;
    }
    edit->n_trials = refitted.n_trials;
    edit->n_fit = refitted.n_fit;
    hone_optimizer_free(refitted.opt);
    return HONE_OK;
}

void edit_release(struct edit *edit)
{
    spec_change_release(&edit->change);
}

json_t *edit_event(const struct edit *edit, const struct spec *now)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < edit->change.n; i++)
        json_array_append_new(lines, json_string(edit->change.lines[i]));
    json_t *body = json_pack("{s:s, s:o, s:b}", "spec", now->text, "lines", lines, "search",
                             edit->change.search);
    if (body && edit->change.search) {
        json_object_set_new(body, "trials", json_integer(edit->n_trials));
        json_object_set_new(body, "fit", json_integer(edit->n_fit));
    }
    return body;
}

/* ---- By a living tuner ---- */

hone_status tuner_edit(struct tuner *t, const char *text, const char *from, hone_error *err)
{
    struct problems problems = {0};
    struct edit edit;
    if (!text || !from || strcmp(from, t->spec->text) != 0)
        return error_set(err, HONE_ESTATE, "study \"%s\" was changed meanwhile; edit it again",
                         t->study.name);
    struct spec *now = spec_read_text(text, strlen(text), t->spec->folder, &problems);
    if (!now) {
        error_set(err, HONE_EINVAL, "%s", problems.n ? problems.lines[0] : "out of memory");
        problems_release(&problems);
        return HONE_EINVAL;
    }
    problems_release(&problems);
    hone_status status = edit_read(&edit, t->store, &t->study, t->spec, now, err);
    if (status) {
        spec_free(now);
        return status;
    }
    changes_event(&t->changes, EVENT_EDITED, -1, edit_event(&edit, now));
    edit_release(&edit);
    mem_free(t->study.spec);
    t->study.spec = mem_text(now->text);
    t->changes.study = true;
    t->changes.failed = t->changes.failed || !t->study.spec;
    t->edited = now;
    t->more = true;
    return HONE_OK;
}

/* What goes on as it was: what a person has asked of this process, and what is shown. */
static void carry_over(struct tuner *fresh, struct tuner *old)
{
    fresh->stop = old->stop;
    fresh->stop_who = old->stop_who;
    old->stop_who = NULL;
    fresh->hold = old->hold;
    fresh->study.wanted = old->study.wanted;
    fresh->requests_at = old->requests_at;
    fresh->wants_ranks = old->wants_ranks;
    fresh->n_durations = old->n_durations;
    fresh->durations_ms = old->durations_ms;
    memcpy(fresh->ask_ms, old->ask_ms, sizeof fresh->ask_ms);
    fresh->n_asks = old->n_asks;
    memcpy(fresh->warning, old->warning, sizeof fresh->warning);
}

hone_status tuner_reopen(struct tuner *t, hone_error *err)
{
    struct spec *now = t->edited;
    t->edited = NULL;
    t->study.active_ms = finish_active_ms(t);
    struct tuner *fresh = tuner_open_in(t->world, t->store, &t->study, now, NULL, err);
    if (!fresh)
        return err->status;
    carry_over(fresh, t);
    struct tuner old = *t;
    *t = *fresh;
    *fresh = old;
    fresh->failed = true; /* the lease is no longer its own to give back */
    tuner_close(fresh);
    return HONE_OK;
}

/* ---- Without one ---- */

static void note_state(struct study_row *study)
{
    if (study->state != STUDY_FINISHED && study->state != STUDY_FAILED)
        return;
    study->state = STUDY_STOPPED;
    mem_free(study->reason);
    study->reason = mem_text("edited after it had ended");
}

hone_status study_edit(struct store *store, struct study_row *study, const struct edit *edit,
                       const struct spec *now, hone_error *err)
{
    int64_t at = time_now_ms();
    json_t *whole = edit_event(edit, now);
    char *body = whole ? json_write(whole) : NULL, *text = mem_text(now->text);
    json_decref(whole);
    hone_status status =
        body && text ? lease_take_once(store, study, at, (int64_t)(now->lease_s * 1000), err)
                     : error_memory(err);
    if (!status)
        status = store_begin(store, study->id, study->epoch, err);
    if (!status) {
        struct event event = {
            .at = at, .epoch = study->epoch, .kind = EVENT_EDITED, .trial = -1, .body = body};
        mem_free(study->spec);
        study->spec = text;
        text = NULL;
        note_state(study);
        status = lease_end_once(store, study, store_put_event(store, &event, err), err);
    }
    mem_free(text);
    mem_free(body);
    return status;
}
