/*
 * request.c: what other commands ask of the living tuner (decision 8): they insert a row, the tuner
 * takes rows in order and answers in the transaction that carries them out.
 */
#include "loop/loop_int.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "io/json.h"

/* Let one of the next trials have these settings. */
static hone_status enqueue(struct tuner *t, const json_t *params, hone_error *err)
{
    size_t n = 0;
    hone_setting *settings = json_to_settings(params, &n, err);
    if (!settings)
        return err->status;
    hone_status status = hone_enqueue(t->opt, settings, n, err);
    mem_free(settings);
    if (status)
        return status;
    changes_event(&t->changes, EVENT_ENQUEUE, -1,
                  json_pack("{s:o}", "params", json_deep_copy(params)));
    t->more = true;
    return HONE_OK;
}

static hone_status retry(struct tuner *t, const json_t *list, hone_error *err)
{
    size_t n = json_array_size(list);
    int64_t *trials = mem_array(n, sizeof *trials);
    if (!trials)
        return error_memory(err);
    for (size_t i = 0; i < n; i++)
        trials[i] = json_integer_value(json_array_get(list, i));
    hone_status status = tuner_retry(t, trials, n, err);
    mem_free(trials);
    return status;
}

static hone_status serve(struct tuner *t, const struct request_row *request, const json_t *body,
                         hone_error *err)
{
    if (strcmp(request->kind, "stop") == 0) {
        bool now = json_is_true(json_object_get(body, "now"));
        tuner_stop(t, now ? STOP_NOW : STOP_NEW, "hone stop");
        return HONE_OK;
    }
    if (strcmp(request->kind, "stop_trial") == 0)
        return tuner_stop_trial(t, json_integer_value(json_object_get(body, "trial")), err);
    if (strcmp(request->kind, "enqueue") == 0)
        return enqueue(t, json_object_get(body, "params"), err);
    if (strcmp(request->kind, "preempt") == 0)
        return tuner_preempt(t, json_integer_value(json_object_get(body, "trial")), err);
    if (strcmp(request->kind, "retry") == 0)
        return retry(t, json_object_get(body, "trials"), err);
    if (strcmp(request->kind, "edit") == 0)
        return tuner_edit(t, json_string_value(json_object_get(body, "spec")),
                          json_string_value(json_object_get(body, "from")), err);
    return error_set(err, HONE_EINVAL, "a tuner of this version knows no request \"%s\"",
                     request->kind);
}

hone_status requests_take(struct tuner *t, hone_error *err)
{
    /* At first there may be something of the start to be committed. */
    if (!changes_can_wait(&t->changes))
        return HONE_OK;
    /* With an ear, looking is for what it may have missed. */
    enum { EACH_MS = 1000, WITH_EAR_MS = 30000 };
    if (store_heard(t->store, t->study.id))
        t->requests_at = 0;
    if (t->now - t->requests_at < (store_ear(t->store) < 0 ? EACH_MS : WITH_EAR_MS))
        return HONE_OK;
    struct request_row request = {0};
    hone_status status = store_next_request(t->store, t->study.id, &request, err);
    if (status) {
        t->requests_at = t->now;
        /* A store that has gone is waited for where there is something to write. */
        return status == HONE_ENOTFOUND || store_is_away(t->store) ? HONE_OK : status;
    }
    hone_error problem = {0};
    const char *text = request.body ? request.body : "{}";
    json_t *body = json_read(text, strlen(text), &problem);
    if (body)
        serve(t, &request, body, &problem);
    changes_answer(&t->changes, request.id, problem.status ? problem.text : NULL);
    json_decref(body);
    request_row_release(&request);
    t->more = true; /* there may be another one */
    return HONE_OK;
}

void tuner_stop(struct tuner *t, enum stop_level level, const char *who)
{
    if (level <= t->stop)
        return;
    t->stop = level;
    mem_free(t->stop_who);
    t->stop_who = mem_text(who);
    t->more = true;
    if (level == STOP_LEAVE)
        return;
    t->study.wanted = false;
    t->changes.study = true;
    changes_event(&t->changes, EVENT_STOP_STUDY, -1,
                  json_pack("{s:b, s:s}", "now", level == STOP_NOW, "who", who));
    for (size_t i = 0; level == STOP_NOW && i < t->n_running; i++) {
        struct running *r = t->running[i];
        if (r->launched || r->loaded || r->attempt.state == ATTEMPT_RUNNING)
            r->wants_stop = true;
    }
}

hone_status tuner_stop_trial(struct tuner *t, int64_t trial, hone_error *err)
{
    struct running *r = tuner_find_running(t, trial);
    if (!r)
        return error_set(err, HONE_ENOTFOUND, "trial %lld of study \"%s\" does not run",
                         (long long)trial, t->study.name);
    running_stop(t, r, CAUSE_REQUEST, "cancelled by hone stop");
    t->more = true;
    return HONE_OK;
}

hone_status tuner_preempt(struct tuner *t, int64_t trial, hone_error *err)
{
    struct running *r = tuner_find_running(t, trial);
    if (!r || (r->attempt.state != ATTEMPT_RUNNING && !r->launched && !r->loaded))
        return error_set(err, HONE_ENOTFOUND, "trial %lld of study \"%s\" does not run",
                         (long long)trial, t->study.name);
    if (r->stop != CAUSE_NONE)
        return error_set(err, HONE_ESTATE, "trial %lld of study \"%s\" is ending already",
                         (long long)trial, t->study.name);
    running_stop(t, r, CAUSE_PREEMPT, "notice by hone preempt");
    t->more = true;
    return HONE_OK;
}

void tuner_hold(struct tuner *t)
{
    t->hold = true;
}

bool tuner_runs(const struct tuner *t, int64_t trial)
{
    for (size_t i = 0; i < t->n_running; i++)
        if (t->running[i]->row.number == trial)
            return true;
    return false;
}

size_t tuner_n_running(const struct tuner *t)
{
    return t->n_running;
}

hone_status tuner_park(struct tuner *t, const char *reason, hone_error *err)
{
    t->study.state = STUDY_STOPPED;
    mem_free(t->study.reason);
    t->study.reason = mem_text(reason);
    t->study.wanted = false;
    t->study.owner = (struct owner){0};
    t->study.lease_until = 0;
    t->changes.study = true;
    hone_status status = changes_commit(&t->changes, t->store, &t->study, t->now, err);
    changes_clear(&t->changes);
    return status;
}

bool tuner_has_result(const struct tuner *t)
{
    return t->best_trial >= 0;
}
