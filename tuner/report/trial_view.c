/*
 * trial_view.c: see trial_view.h.
 *
 * Attempts and observations are read first, trials last: a trial that ends in between is shown with
 * its state and perhaps without its last observation, never with half a row.
 */
#include "report/trial_view.h"

#include "base/mem.h"
#include "report/limits.h"
#include "report/study_view.h"

#include <math.h>
#include <string.h>

struct collection {
    const struct study_row *study;
    const struct spec *spec;
    int64_t number, now;
    bool found;

    /* By trial, then number. */
    struct attempt_view *attempts;
    int64_t *attempt_trials;
    size_t n_attempts, attempts_room, trials_room;
    size_t next_attempt;

    struct metric_summary *metrics; /* trial x metric, from trial `first` on */
    size_t metric_trials;           /* rows of it */
    int64_t first;
    struct metric_summary *none; /* a row without observations */

    trial_view_visitor *visit;
    void *context;
};

bool metric_goal(const struct spec *spec, const char *metric, bool *maximize_out)
{
    for (size_t i = 0; i < spec->n_objectives; i++) {
        *maximize_out = spec->objectives[i].maximize;
        if (strcmp(spec->objectives[i].metric, metric) == 0)
            return true;
    }
    for (size_t i = 0; i < spec->n_constraints; i++) {
        *maximize_out = !spec->constraints[i].is_max;
        if (strcmp(spec->constraints[i].metric, metric) == 0)
            return true;
    }
    return false;
}

static bool reserve(void *array, size_t *room, size_t n, size_t size)
{
    void **block = array;
    if (n <= *room)
        return true;
    size_t more = *room > 0 ? *room : 64;
    while (more < n)
        more *= 2;
    void *grown = *block != NULL ? mem_resize(*block, more, size) : mem_array(more, size);
    if (grown == NULL)
        return false;
    memset((char *)grown + *room * size, 0, (more - *room) * size);
    *block = grown;
    *room = more;
    return true;
}

static hone_status collect_attempt(void *context, const struct attempt_row *row, hone_error *err)
{
    struct collection *c = context;
    size_t n = c->n_attempts;
    if (!reserve(&c->attempts, &c->attempts_room, n + 1, sizeof *c->attempts) ||
        !reserve(&c->attempt_trials, &c->trials_room, n + 1, sizeof *c->attempt_trials))
        return error_memory(err);
    struct attempt_view *a = &c->attempts[n];
    *a = (struct attempt_view){.number = row->number,
                               .state = row->state,
                               .started_at = row->started_at,
                               .ended_at = row->ended_at,
                               .exit_code = row->exit_code,
                               .exit_signal = row->exit_signal,
                               .spot = row->spot};
    c->attempt_trials[n] = row->trial;
    c->n_attempts++;
    a->node = row->node != NULL ? mem_text(row->node) : NULL;
    a->reason = row->reason != NULL ? mem_text(row->reason) : NULL;
    if ((row->node != NULL && a->node == NULL) || (row->reason != NULL && a->reason == NULL))
        return error_memory(err);
    return HONE_OK;
}

static hone_status collect_observation(void *context, const struct observation *row,
                                       hone_error *err)
{
    struct collection *c = context;
    size_t n_metrics = c->spec->n_metrics, m = 0;
    while (m < n_metrics && strcmp(c->spec->metrics[m].name, row->metric) != 0)
        m++;
    if (m == n_metrics || row->trial < c->first)
        return HONE_OK;
    size_t trial = (size_t)(row->trial - c->first);
    if (!reserve(&c->metrics, &c->metric_trials, trial + 1, n_metrics * sizeof *c->metrics))
        return error_memory(err);

    struct metric_summary *s = &c->metrics[trial * n_metrics + m];
    bool maximize;
    if (!metric_goal(c->spec, row->metric, &maximize))
        s->best = (double)NAN;
    else if (s->n == 0 || isnan(s->best) ||
             (maximize ? row->value > s->best : row->value < s->best))
        s->best = row->value;
    s->last = row->value;
    s->n++;
    return HONE_OK;
}

static void add_attempts(struct collection *c, struct trial_view *view)
{
    while (c->next_attempt < c->n_attempts &&
           c->attempt_trials[c->next_attempt] < view->row->number)
        c->next_attempt++;
    size_t i = c->next_attempt;
    view->attempts = c->attempts != NULL ? &c->attempts[i] : NULL;
    view->seconds = view->cost = (double)NAN;
    for (; i < c->n_attempts && c->attempt_trials[i] == view->row->number; i++) {
        const struct attempt_view *a = &c->attempts[i];
        view->n_attempts++;
        if (a->started_at == 0 || (a->ended_at == 0 && a->state != ATTEMPT_RUNNING))
            continue;
        double seconds = (double)((a->ended_at != 0 ? a->ended_at : c->now) - a->started_at) / 1000;
        double price = a->spot ? c->spec->price_spot : c->spec->price_on_demand;
        view->seconds = (isnan(view->seconds) ? 0 : view->seconds) + seconds;
        view->paid_s[a->spot] += seconds;
        if (c->spec->has_price)
            view->cost = (isnan(view->cost) ? 0 : view->cost) + seconds / 3600 * price;
    }
    if (!trial_is_own(view->row->origin))
        view->cost = (double)NAN; /* somebody else's money */
}

static hone_status visit_trial(void *context, const struct trial_row *row, hone_error *err)
{
    struct collection *c = context;
    struct trial_view view = {.row = row, .spec = c->spec, .metrics = c->none};
    size_t trial = (size_t)(row->number - c->first);
    c->found = true;
    if (trial < c->metric_trials)
        view.metrics = &c->metrics[trial * c->spec->n_metrics];
    view.n_values = values_read(row->values, view.values);
    if (view.n_values != spec_outcomes(c->spec))
        view.n_values = 0;
    add_attempts(c, &view);
    view.params = json_read(row->params, strlen(row->params), err);
    if (view.params == NULL)
        return err != NULL ? err->status : HONE_EIO;
    hone_status status = c->visit(c->context, &view, err);
    json_decref(view.params);
    return status;
}

hone_status trial_views(struct store *store, const struct study_row *study, const struct spec *spec,
                        int64_t number, int64_t now, trial_view_visitor *visit, void *context,
                        hone_error *err)
{
    struct collection c = {.study = study,
                           .spec = spec,
                           .number = number,
                           .now = now,
                           .first = number >= 0 ? number : 0,
                           .visit = visit,
                           .context = context};
    hone_status status = HONE_OK;
    c.none = mem_array(spec->n_metrics, sizeof *c.none);
    if (c.none == NULL)
        return error_memory(err);
    status = store_attempts(store, study->id, number, collect_attempt, &c, err);
    if (status == HONE_OK)
        status = store_observations(store, study->id, number, NULL, collect_observation, &c, err);
    if (status == HONE_OK)
        status = store_trials(store, study->id, number, visit_trial, &c, err);
    if (status == HONE_OK && number >= 0 && !c.found)
        status = error_set(err, HONE_ENOTFOUND, "study \"%s\" has no trial %lld", study->name,
                           (long long)number);
    for (size_t i = 0; i < c.n_attempts; i++) {
        mem_free(c.attempts[i].node);
        mem_free(c.attempts[i].reason);
    }
    mem_free(c.attempts);
    mem_free(c.attempt_trials);
    mem_free(c.metrics);
    mem_free(c.none);
    return status;
}

static json_t *metrics_json(const struct trial_view *view)
{
    json_t *object = json_object();
    for (size_t i = 0; i < view->spec->n_metrics; i++) {
        const struct metric_summary *s = &view->metrics[i];
        if (s->n == 0)
            continue;
        json_object_set_new(object, view->spec->metrics[i].name,
                            json_pack("{s:o, s:o, s:I}", "last", json_of_double(s->last), "best",
                                      isnan(s->best) ? json_null() : json_of_double(s->best), "n",
                                      (json_int_t)s->n));
    }
    return object;
}

static json_t *attempts_json(const struct trial_view *view)
{
    json_t *list = json_array();
    for (size_t i = 0; i < view->n_attempts; i++) {
        const struct attempt_view *a = &view->attempts[i];
        json_t *object = json_pack(
            "{s:I, s:s, s:o, s:o, s:o, s:o, s:b}", "attempt", (json_int_t)a->number, "state",
            attempt_state_text(a->state), "node", json_of_text(a->node), "started_at",
            json_of_time(a->started_at), "ended_at", json_of_time(a->ended_at), "exit",
            a->exit_code >= 0 ? json_integer(a->exit_code) : json_null(), "spot", a->spot);
        if (a->exit_signal != 0)
            json_object_set_new(object, "signal", json_integer(a->exit_signal));
        if (a->reason != NULL)
            json_object_set_new(object, "reason", json_of_text(a->reason));
        json_array_append_new(list, object);
    }
    return list;
}

json_t *trial_view_json(const struct trial_view *view)
{
    const struct trial_row *row = view->row;
    json_t *values = json_null();
    if (view->n_values > 0)
        values = json_array();
    for (size_t i = 0; i < view->n_values && i < view->spec->n_objectives; i++)
        json_array_append_new(values, json_of_double(view->values[i]));
    int64_t repeat_of = trial_repeat_of(row);
    json_t *object = json_pack(
        "{s:I, s:s, s:s, s:O, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "trial",
        (json_int_t)row->number, "origin", row->origin, "state", trial_state_text(row->state),
        "params", view->params, "values", values, "metrics", metrics_json(view), "why",
        json_of_text(row->why), "stop_reason", json_of_text(row->reason), "started_at",
        json_of_time(row->started_at), "ended_at", json_of_time(row->ended_at), "cost",
        isnan(view->cost) ? json_null() : json_real(view->cost), "attempts", attempts_json(view));
    if (repeat_of >= 0)
        json_object_set_new(object, "repeat_of", json_integer((json_int_t)repeat_of));
    if (view->n_values > 0 && view->spec->n_constraints > 0)
        json_object_set_new(object, "feasible",
                            json_boolean(limits_kept(view->spec, view->values)));
    return object;
}
