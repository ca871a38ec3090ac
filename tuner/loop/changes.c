/*
 * changes.c: the journal of one pass.
 *
 * A pass decides in memory and writes at its end, so that the store's write lock is held for the
 * few statements of changes_commit() only, never while the search computes or a log is read.
 */
#include "loop/loop_int.h"

#include <string.h>

#include "base/error.h"
#include "io/json.h"

/* Room for one more element, or NULL and c->failed. */
static void *grow(struct changes *c, void *array, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return array;
    size_t wanted = *cap ? *cap * 2 : 16;
    void *bigger = mem_resize(array, wanted, size);
    if (!bigger) {
        c->failed = true;
        return NULL;
    }
    *cap = wanted;
    return bigger;
}

/* A copy that lives until the next changes_clear(). */
static char *keep(struct changes *c, const char *text)
{
    if (!text)
        return NULL;
    size_t n = strlen(text) + 1;
    char *copy = arena_array(&c->arena, n, 1);
    if (!copy) {
        c->failed = true;
        return NULL;
    }
    memcpy(copy, text, n);
    return copy;
}

void changes_clear(struct changes *c)
{
    arena_reset(&c->arena);
    c->n_events = c->n_trials = c->n_attempts = c->n_observations = 0;
    c->answered = 0;
    c->answer = NULL;
    c->study = c->failed = false;
}

void changes_release(struct changes *c)
{
    arena_release(&c->arena);
    mem_free(c->events);
    mem_free(c->trials);
    mem_free(c->attempts);
    mem_free(c->observations);
    *c = (struct changes){0};
}

bool changes_none(const struct changes *c)
{
    return !c->n_events && !c->n_trials && !c->n_attempts && !c->n_observations && !c->answered &&
           !c->study;
}

bool changes_can_wait(const struct changes *c)
{
    bool others = c->n_events || c->n_trials || c->answered || c->study || c->failed;
    for (size_t i = 0; i < c->n_attempts && !others; i++)
        others = c->attempts[i].state != ATTEMPT_RUNNING;
    return !others;
}

void changes_event(struct changes *c, enum event_kind kind, int64_t trial, json_t *body)
{
    struct event *events = grow(c, c->events, c->n_events, &c->cap_events, sizeof *events);
    char *text = body ? json_write(body) : NULL;
    if (body && !text)
        c->failed = true;
    if (events) {
        c->events = events;
        events[c->n_events++] = (struct event){.kind = kind, .trial = trial, .body = keep(c, text)};
    }
    mem_free(text);
    json_decref(body);
}

void changes_trial(struct changes *c, const struct trial_row *row)
{
    struct trial_row *rows = grow(c, c->trials, c->n_trials, &c->cap_trials, sizeof *rows);
    if (!rows)
        return;
    c->trials = rows;
    struct trial_row *copy = &rows[c->n_trials++];
    *copy = *row;
    copy->origin = keep(c, row->origin);
    copy->params = keep(c, row->params);
    copy->values = keep(c, row->values);
    copy->why = keep(c, row->why);
    copy->reason = keep(c, row->reason);
    copy->log_tail = keep(c, row->log_tail);
}

void changes_attempt(struct changes *c, const struct attempt_row *row)
{
    size_t i = 0;
    while (i < c->n_attempts &&
           (c->attempts[i].trial != row->trial || c->attempts[i].number != row->number))
        i++;
    struct attempt_row *rows = grow(c, c->attempts, i, &c->cap_attempts, sizeof *rows);
    if (!rows)
        return;
    c->attempts = rows;
    if (i == c->n_attempts)
        c->n_attempts++;
    struct attempt_row *copy = &rows[i];
    *copy = *row;
    copy->node = keep(c, row->node);
    copy->boot_id = keep(c, row->boot_id);
    copy->reason = keep(c, row->reason);
    copy->cursor = keep(c, row->cursor);
}

void changes_observation(struct changes *c, const struct observation *o)
{
    struct observation *rows =
        grow(c, c->observations, c->n_observations, &c->cap_observations, sizeof *rows);
    if (!rows)
        return;
    c->observations = rows;
    rows[c->n_observations++] = *o;
}

void changes_answer(struct changes *c, int64_t request, const char *error)
{
    json_t *answer = error ? json_pack("{s:s}", "error", error) : json_pack("{s:b}", "ok", 1);
    char *text = answer ? json_write(answer) : NULL;
    c->answered = request;
    c->answer = keep(c, text ? text : "{}");
    mem_free(text);
    json_decref(answer);
}

hone_status changes_commit(struct changes *c, struct store *store, const struct study_row *study,
                           int64_t now, hone_error *err)
{
    if (c->failed)
        return error_memory(err);
    hone_status status = store_begin(store, study->id, study->epoch, err);
    if (status)
        return status;
    for (size_t i = 0; i < c->n_trials && !status; i++)
        status = store_put_trial(store, &c->trials[i], err);
    for (size_t i = 0; i < c->n_attempts && !status; i++)
        status = store_put_attempt(store, &c->attempts[i], err);
    if (c->n_observations && !status)
        status = store_put_observations(store, c->observations, c->n_observations, err);
    for (size_t i = 0; i < c->n_events && !status; i++) {
        c->events[i].at = now;
        c->events[i].epoch = study->epoch;
        status = store_put_event(store, &c->events[i], err);
    }
    if (c->study && !status)
        status = store_put_study(store, study, err);
    if (c->answered && !status)
        status = store_answer_request(store, c->answered, c->answer, err);
    if (status) {
        store_rollback(store);
        return status;
    }
    return store_commit(store, err);
}
