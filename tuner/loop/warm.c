/*
 * warm.c: a study's warm start. What earlier studies have found is copied into this study's own
 * history before its first trial, in the commit that starts it: from then on the study needs them
 * no more, and is rebuilt and replayed like any other.
 */
#include "loop/loop_int.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "io/json.h"
#include "report/parents.h"

static hone_status add_trial(struct tuner *t, const struct import *import, size_t i,
                             hone_error *err)
{
    const struct import_trial *trial = &import->trials[i];
    uint64_t id = 0;
    char *text = import_event(import, i);
    json_t *body = text ? json_read(text, strlen(text), err) : NULL;
    mem_free(text);
    if (!body)
        return error_memory(err);
    hone_status status = optimizer_add_event(t->opt, t->spec, body, &id, err);
    if (status) {
        json_decref(body);
        return status;
    }
    if (trial->state == HONE_TRIAL_COMPLETED)
        tuner_count_import(t, (int64_t)id);
    struct trial_row row = import_row(import, i, (int64_t)id);
    changes_event(&t->changes, EVENT_ADD, row.number, body);
    changes_trial(&t->changes, &row);
    for (size_t k = 0; k < trial->n_attempts; k++) {
        struct attempt_row attempt = trial->attempts[k];
        attempt.trial = row.number;
        changes_attempt(&t->changes, &attempt);
    }
    for (size_t k = 0; k < trial->n_observations; k++) {
        struct observation observation = trial->observations[k];
        observation.trial = row.number;
        changes_observation(&t->changes, &observation);
    }
    return HONE_OK;
}

hone_status optimizer_transfer_event(hone_optimizer *opt, const json_t *body, hone_error *err)
{
    size_t n = 0;
    hone_result *results = json_to_results(json_object_get(body, "results"), &n, err);
    if (!results)
        return err->status;
    hone_status status = hone_transfer(opt, results, n, NULL, err);
    mem_free(results);
    return status;
}

static void say(struct tuner *t, const struct parents *parents)
{
    size_t n = parents->n_trials, not = parents->n_not_fitting;
    snprintf(t->warning, sizeof t->warning, "warm start: %zu trial%s of earlier studies", n,
             n == 1 ? "" : "s");
    size_t len = strlen(t->warning);
    if (not > 0)
        snprintf(t->warning + len, sizeof t->warning - len,
                 "; %zu left out, with values that are none of this study's", not );
}

hone_status warm_start(struct tuner *t, hone_error *err)
{
    struct parents parents;
    if (t->spec->n_warm_parents == 0 || t->study.started_at != 0)
        return HONE_OK;
    hone_status status = parents_read(&parents, t->spec, t->store, err);
    if (status)
        return status;
    for (size_t i = 0; !status && i < parents.import.n; i++)
        status = add_trial(t, &parents.import, i, err);
    for (size_t i = 0; !status && i < json_array_size(parents.transfer); i++) {
        json_t *part = json_array_get(parents.transfer, i);
        status = optimizer_transfer_event(t->opt, part, err);
        if (!status)
            changes_event(&t->changes, EVENT_TRANSFER, -1, json_incref(part));
    }
    if (!status)
        say(t, &parents);
    parents_release(&parents);
    return status;
}
