/*
 * retry.c: trials that have ended run again, since a person wants it: the cause of their failure
 * was mended, or was none of theirs.
 *
 * A REOPEN event takes the trial's end back; its next attempt has the checkpoints and the number of
 * a retry that the tuner makes by itself. What the attempts before have printed stays: a step that
 * is seen again takes the place of the old value. The limits of `retries` count from here.
 *
 * Trials are read from the store, so nothing of them may wait in the journal: requests are taken
 * when it is empty.
 */
#include "loop/loop_int.h"

#include "base/error.h"

struct found {
    hone_trial_state state;
    bool is_own, is_there;
};

static hone_status found_visit(void *context, const struct trial_row *row, hone_error *err)
{
    (void)err;
    *(struct found *)context = (struct found){row->state, trial_is_own(row->origin), true};
    return HONE_OK;
}

hone_status retry_check(struct store *store, const struct study_row *study, int64_t trial,
                        hone_error *err)
{
    struct found found = {.is_there = false};
    hone_status status =
        trial >= 0 ? store_trials(store, study->id, trial, found_visit, &found, err) : HONE_OK;
    if (status)
        return status;
    if (!found.is_there)
        return error_set(err, HONE_ENOTFOUND, "study \"%s\" has no trial %lld", study->name,
                         (long long)trial);
    if (!found.is_own)
        return error_set(err, HONE_ESTATE,
                         "trial %lld of study \"%s\" was not run by it, and cannot be run again",
                         (long long)trial, study->name);
    if (found.state != HONE_TRIAL_FAILED && found.state != HONE_TRIAL_CANCELLED)
        return error_set(err, HONE_ESTATE,
                         "trial %lld of study \"%s\" is %s: only failed and cancelled trials run "
                         "again (hone enqueue tries the same settings in a new one)",
                         (long long)trial, study->name, trial_state_text(found.state));
    return HONE_OK;
}

static void clear_text(char **text)
{
    mem_free(*text);
    *text = NULL;
}

static hone_status reopen(struct tuner *t, int64_t trial, hone_error *err)
{
    struct running *r = tuner_add_running(t, trial);
    if (!r)
        return error_memory(err);
    hone_status status = HONE_OK;
    if (!trial_is_outside(t->opt, trial))
        status = hone_reopen(t->opt, (uint64_t)trial, err);
    if (!status)
        status = running_load(t, r, err);
    if (!status)
        status = ledger_trial(&t->ledger, trial, HONE_TRIAL_RUNNING, false, err);
    if (status)
        return status;
    r->repeat_of = trial_repeat_of(&r->row);
    const char *was = trial_state_text(r->row.state);
    tuner_uncount(t, r->row.state, r->repeat_of >= 0);
    r->row.state = HONE_TRIAL_RUNNING;
    r->row.ended_at = 0;
    clear_text(&r->row.values);
    clear_text(&r->row.reason);
    clear_text(&r->row.log_tail);
    json_t *body =
        json_pack("{s:I, s:s}", "attempt", (json_int_t)r->attempt.number + 1, "was", was);
    if (r->repeat_of >= 0)
        json_object_set_new(body, "repeat_of", json_integer(r->repeat_of));
    changes_event(&t->changes, EVENT_REOPEN, trial, body);
    changes_trial(&t->changes, &r->row);
    return running_next_attempt(t, r, err);
}

hone_status tuner_retry(struct tuner *t, const int64_t *trials, size_t n, hone_error *err)
{
    hone_status status = HONE_OK;
    for (size_t i = 0; i < n && !status; i++) {
        bool twice = false;
        for (size_t k = 0; k < i; k++)
            twice = twice || trials[k] == trials[i];
        status =
            twice ? error_set(err, HONE_EINVAL, "trial %lld is named twice", (long long)trials[i])
                  : retry_check(t->store, &t->study, trials[i], err);
    }
    if (status)
        return status;
    for (size_t i = 0; i < n && !status; i++)
        status = reopen(t, trials[i], err);
    if (status) { /* memory is ahead of the store by a part of it: it is not written */
        t->changes.failed = true;
        return status;
    }
    /* The script may have been mended since the study was silent. */
    t->n_silent = t->n_ended_before = 0;
    for (int s = HONE_TRIAL_COMPLETED; s <= HONE_TRIAL_CANCELLED; s++)
        t->n_ended_before += t->counts[s];
    t->more = true;
    return HONE_OK;
}
