/*
 * state.c: the tuner's state, rebuilt from the store.
 *
 * Events give the optimizer and the counters; the rows of the trials that still run, their attempts
 * and observations give the rest. What the store calls running may have ended since, or may never
 * have started: the first pass finds out by looking at each attempt's folder.
 */
#include "loop/loop_int.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "exec/slurm.h"
#include "io/file.h"
#include "io/json.h"
#include "io/process.h"
#include "io/time.h"
#include "loop/lease.h"
#include "report/study_view.h"

/* Copy the texts of a row that is only borrowed. */
static bool own_texts(char **texts[], size_t n)
{
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        const char *text = *texts[i];
        *texts[i] = text_dup(text);
        ok = ok && (!text || *texts[i]);
    }
    return ok;
}

static hone_status study_row_copy(struct study_row *out, const struct study_row *row,
                                  hone_error *err)
{
    *out = *row;
    char **texts[] = {&out->uid, &out->name, &out->spec, &out->reason, &out->stats};
    return own_texts(texts, sizeof texts / sizeof texts[0]) ? HONE_OK : error_memory(err);
}

/* ---- Events ---- */

static hone_status note_ask(struct tuner *t, const struct event *event, const json_t *body,
                            hone_error *err)
{
    struct running *r = tuner_add_running(t, event->trial);
    if (!r)
        return error_memory(err);
    t->n_trials++;
    const char *why = json_string_value(json_object_get(body, "why"));
    t->n_given += why && strcmp(why, "enqueued") == 0;
    const json_t *repeat_of = json_object_get(body, "repeat_of");
    if (repeat_of) {
        r->repeat_of = json_integer_value(repeat_of);
        confirm_count(t, r->repeat_of);
    }
    return ledger_trial(&t->ledger, event->trial, HONE_TRIAL_RUNNING, false, err);
}

static void drop_running(struct tuner *t, int64_t trial)
{
    for (size_t i = 0; i < t->n_running; i++) {
        if (t->running[i]->row.number != trial)
            continue;
        running_free(t->running[i]);
        memmove(&t->running[i], &t->running[i + 1], (t->n_running - i - 1) * sizeof t->running[0]);
        t->n_running--;
        return;
    }
}

static hone_status note_tell(struct tuner *t, const struct event *event, const json_t *body,
                             hone_error *err)
{
    hone_trial_state state = HONE_TRIAL_CANCELLED;
    trial_state_of_text(json_string_value(json_object_get(body, "state")), &state);
    const struct running *r = tuner_find_running(t, event->trial);
    if (r && r->repeat_of >= 0)
        t->counts[state]++;
    else
        tuner_count(t, event->trial, state);
    bool cut = r && r->stop == CAUSE_STUDY;
    drop_running(t, event->trial);
    return ledger_trial(&t->ledger, event->trial, state, cut, err);
}

static void note_stop(struct tuner *t, const struct event *event, const json_t *body)
{
    struct running *r = tuner_find_running(t, event->trial);
    const char *text = json_string_value(json_object_get(body, "cause"));
    if (!r || !text)
        return;
    for (int c = CAUSE_EARLY; c <= CAUSE_PREEMPT; c++)
        if (strcmp(text, stop_cause_text((enum stop_cause)c)) == 0)
            r->stop = (enum stop_cause)c;
    mem_free(r->stop_reason);
    r->stop_reason = text_dup(json_string_value(json_object_get(body, "reason")));
    r->wants_stop = true;
}

static void note_retry(struct tuner *t, const struct event *event, const json_t *body)
{
    struct running *r = tuner_find_running(t, event->trial);
    const char *cause = json_string_value(json_object_get(body, "cause"));
    for (int k = 0; r && cause && k < N_RETRY_KINDS; k++)
        if (strcmp(cause, retry_kind_text((enum retry_kind)k)) == 0)
            r->retries[k]++;
    if (r)
        r->stop = CAUSE_NONE;
}

static hone_status note_reopen(struct tuner *t, const struct event *event, const json_t *body,
                               hone_error *err)
{
    struct running *r = tuner_add_running(t, event->trial);
    const json_t *repeat_of = json_object_get(body, "repeat_of");
    if (!r)
        return error_memory(err);
    if (repeat_of)
        r->repeat_of = json_integer_value(repeat_of);
    hone_trial_state was = HONE_TRIAL_CANCELLED;
    trial_state_of_text(json_string_value(json_object_get(body, "was")), &was);
    tuner_uncount(t, was, r->repeat_of >= 0);
    return ledger_trial(&t->ledger, event->trial, HONE_TRIAL_RUNNING, false, err);
}

struct rebuilding {
    struct tuner *t;
    struct history history;
};

static hone_status play(void *context, const struct event *event, const json_t *body,
                        hone_error *err)
{
    struct rebuilding *b = context;
    struct tuner *t = b->t;
    hone_status status =
        event->kind == EVENT_REOPEN && t->opt ? note_reopen(t, event, body, err) : HONE_OK;
    if (!status)
        status = history_play(&b->history, event, body, err);
    t->opt = b->history.opt;
    if (status)
        return status;
    switch (event->kind) {
    case EVENT_ASK:
        return note_ask(t, event, body, err);
    case EVENT_TELL:
        return note_tell(t, event, body, err);
    case EVENT_ADD: /* counts for the best only: it is no trial of the budget */
        tuner_count_import(t, event->trial);
        break;
    case EVENT_CONFIRM:
        return confirm_play(t, body, err);
    case EVENT_STOP_TRIAL:
        note_stop(t, event, body);
        break;
    case EVENT_RETRY:
        note_retry(t, event, body);
        break;
    case EVENT_CREATED:
    case EVENT_TRANSFER:
    case EVENT_ENQUEUE:
    case EVENT_REOPEN:
    case EVENT_TAKEN:
    case EVENT_CHANGED:
    case EVENT_EDITED:
    case EVENT_STOP_STUDY:
    case EVENT_ENDED:
        break;
    }
    return HONE_OK;
}

/* ---- Running trials ---- */

static hone_status trial_visit(void *context, const struct trial_row *row, hone_error *err)
{
    struct running *r = context;
    r->row = *row;
    char **texts[] = {&r->row.origin, &r->row.params, &r->row.values,
                      &r->row.why,    &r->row.reason, &r->row.log_tail};
    return own_texts(texts, sizeof texts / sizeof texts[0]) ? HONE_OK : error_memory(err);
}

struct attempts {
    struct running *r;
    char *previous; /* cursor of the attempt before the current one */
};

static hone_status attempt_visit(void *context, const struct attempt_row *row, hone_error *err)
{
    struct attempts *a = context;
    struct attempt_row *own = &a->r->attempt;
    mem_free(a->previous);
    a->previous = own->cursor;
    mem_free(own->node);
    mem_free(own->boot_id);
    mem_free(own->reason);
    *own = *row;
    char **texts[] = {&own->node, &own->boot_id, &own->reason, &own->cursor};
    return own_texts(texts, sizeof texts / sizeof texts[0]) ? HONE_OK : error_memory(err);
}

struct tallying {
    struct tuner *t;
    struct running *r;
    size_t outcome;
};

static hone_status tally_visit(void *context, const struct observation *row, hone_error *err)
{
    struct tallying *y = context;
    running_tally(y->t, y->r, y->outcome, row->step, row->value);
    if (y->outcome >= y->t->spec->n_objectives || !y->t->reports || y->r->outside)
        return HONE_OK;
    /* Whether to stop it was decided when the value was read; an event says so where it was. */
    return hone_report_objective(y->t->opt, (uint64_t)row->trial, y->outcome, row->step, row->value,
                                 NULL, err);
}

hone_status running_load(struct tuner *t, struct running *r, hone_error *err)
{
    struct attempts a = {.r = r};
    r->outside = trial_is_outside(t->opt, r->row.number);
    hone_status status = store_trials(t->store, t->study.id, r->row.number, trial_visit, r, err);
    if (!status)
        status = store_attempts(t->store, t->study.id, r->row.number, attempt_visit, &a, err);
    if (!status && r->attempt.number == 0)
        status = error_set(err, HONE_EIO, "trial %lld has no attempt in the store",
                           (long long)r->row.number);
    if (!status) {
        bool wants_stop = r->wants_stop && r->stop != CAUSE_NONE;
        status = running_begin_attempt(t, r, a.previous, err);
        r->wants_stop = wants_stop;
        r->loaded = true;
    }
    mem_free(a.previous);
    for (size_t i = 0; !status && i < spec_outcomes(t->spec); i++) {
        struct tallying y = {t, r, i};
        status = store_observations(t->store, t->study.id, r->row.number, spec_outcome(t->spec, i),
                                    tally_visit, &y, err);
    }
    return status;
}

/* ---- Opening and closing ---- */

static hone_status make_reader(struct tuner *t, hone_error *err)
{
    const struct spec *spec = t->spec;
    hone_status status = HONE_OK;
    struct metric_pattern *patterns = mem_array(spec->n_metrics, sizeof *patterns);
    if (!patterns) {
        status = error_memory(err);
        goto out;
    }
    for (size_t m = 0; m < spec->n_metrics; m++) {
        const struct metric_spec *metric = &spec->metrics[m];
        patterns[m].name = metric->name;
        patterns[m].kind = metric->kind == METRIC_JSON   ? PATTERN_JSON
                           : metric->kind == METRIC_FILE ? PATTERN_FILE
                                                         : PATTERN_REGEX;
        patterns[m].pattern = metric->pattern;
        patterns[m].path = metric->path;
    }
    t->reader =
        metric_reader_new(patterns, spec->n_metrics, spec->step_pattern, spec->step_metric, err);
    if (!t->reader)
        status = err && err->status ? err->status : HONE_EINVAL;
out:
    mem_free(patterns);
    return status;
}

static hone_status paid_visit(void *context, const struct attempt_row *row, hone_error *err)
{
    struct tuner *t = context;
    (void)err;
    if (row->ended_at)
        ledger_paid(&t->ledger, row->trial, row->spot, attempt_ms(row, t->now));
    return HONE_OK;
}

static hone_status rebuild(struct tuner *t, hone_error *err)
{
    struct rebuilding b = {.t = t,
                           .history = {.store = t->store, .study = &t->study, .spec = t->spec}};
    hone_status status = make_reader(t, err);
    if (!status)
        status = events_play(t->store, t->study.id, play, &b, err);
    b.history.opt = NULL; /* the tuner's */
    history_release(&b.history);
    if (!status && !t->opt)
        status = error_set(err, HONE_EIO, "study \"%s\" has no events in the store", t->study.name);
    for (int s = HONE_TRIAL_COMPLETED; s <= HONE_TRIAL_CANCELLED; s++)
        t->n_ended_before += t->counts[s];
    for (size_t i = 0; !status && i < t->n_running; i++)
        status = running_load(t, t->running[i], err);
    return status ? status : store_attempts(t->store, t->study.id, -1, paid_visit, t, err);
}

/* What the first transaction of this tuner says. */
static void record_taking(struct tuner *t, const struct spec_change *change)
{
    changes_event(&t->changes, EVENT_TAKEN, -1,
                  json_pack("{s:s, s:I}", "host", process_host(), "pid", (json_int_t)getpid()));
    if (change && change->n) {
        json_t *lines = json_array();
        for (size_t i = 0; i < change->n; i++)
            json_array_append_new(lines, json_string(change->lines[i]));
        changes_event(&t->changes, EVENT_CHANGED, -1,
                      json_pack("{s:o, s:s}", "lines", lines, "spec", t->spec->text));
    }
    for (size_t i = 0; t->study.started_at == 0 && i < t->spec->n_start; i++) {
        const struct start_config *start = &t->spec->start[i];
        changes_event(&t->changes, EVENT_ENQUEUE, -1,
                      json_pack("{s:o}", "params", json_of_settings(start->settings, start->n)));
    }
    t->changes.study = true;
}

static hone_status enqueue_start(struct tuner *t, hone_error *err)
{
    hone_status status = HONE_OK;
    for (size_t i = 0; !status && t->study.started_at == 0 && i < t->spec->n_start; i++) {
        status = hone_enqueue(t->opt, t->spec->start[i].settings, t->spec->start[i].n, err);
    }
    return status;
}

/* Attempts become jobs of Slurm. */
static hone_status join_cluster(struct tuner *t, hone_error *err)
{
    const struct slurm_wants *wants = &t->spec->slurm;
    struct slurm_options options = {.partition = wants->partition,
                                    .account = wants->account,
                                    .gres = wants->gres,
                                    .time = wants->time,
                                    .spot_partition = wants->spot_partition,
                                    .extra = wants->extra,
                                    .n_extra = wants->n_extra};
    t->cluster = slurm_executor_new(&options, err);
    if (t->cluster)
        t->executor = t->cluster;
    return t->cluster ? HONE_OK : HONE_ENOMEM;
}

static int64_t real_now_ms(const struct world *world)
{
    (void)world;
    return time_now_ms();
}

const struct world *world_real(void)
{
    static struct world real = {.now_ms = real_now_ms};
    real.executor = local_executor();
    return &real;
}

struct tuner *tuner_open(struct store *store, const struct study_row *study, struct spec *spec,
                         const struct spec_change *change, hone_error *err)
{
    return tuner_open_in(world_real(), store, study, spec, change, err);
}

struct tuner *tuner_open_in(const struct world *world, struct store *store,
                            const struct study_row *study, struct spec *spec,
                            const struct spec_change *change, hone_error *err)
{
    hone_status status;
    struct tuner *t = mem_array(1, sizeof *t);
    if (!t) {
        error_memory(err);
        spec_free(spec);
        return NULL;
    }
    t->world = world;
    t->executor = world->executor;
    t->store = store;
    t->spec = spec;
    t->best_trial = t->last_better = -1;
    t->reports = spec_reports(spec);
    t->now = tuner_now(t);
    status = study_row_copy(&t->study, study, err);
    if (!status && spec->on_slurm && !tuner_simulates(t))
        status = join_cluster(t, err);
    if (!status)
        status = lease_take(store, &t->study, t->now, (int64_t)(spec->lease_s * 1000),
                            &t->study.epoch, err);
    if (status)
        goto failed;
    /* From here the study is ours, and a failure gives it back. */
    owner_self(&t->study.owner);
    t->lease_at = t->active_from = t->now;
    t->active_before = t->study.active_ms;
    t->study.lease_until = t->now + (int64_t)(spec->lease_s * 1000);
    t->folder = study_folder(store, &t->study);
    t->alive = t->folder ? path_join(t->folder, "alive") : NULL;
    if (!t->alive)
        status = error_memory(err);
    if (!status && !tuner_simulates(t))
        status = file_make_folder(t->folder, err);
    if (!status)
        status = rebuild(t, err);
    if (!status)
        confirm_begin(t);
    if (!status)
        status = warm_start(t, err);
    if (!status)
        status = enqueue_start(t, err);
    if (status)
        goto failed;
    record_taking(t, change);
    if (t->study.started_at == 0)
        t->study.started_at = t->now;
    t->study.state = STUDY_RUNNING;
    t->study.wanted = true;
    t->study.ended_at = 0;
    mem_free(t->study.reason);
    t->study.reason = NULL;
    if (strcmp(t->study.spec, spec->text) != 0) {
        mem_free(t->study.spec);
        t->study.spec = mem_text(spec->text);
    }
    t->more = true;
    return t;
failed:
    tuner_close(t);
    return NULL;
}

/* Give the lease back; when it is no longer ours the store refuses, and that is right. */
static void release_lease(struct tuner *t)
{
    t->now = tuner_now(t);
    t->study.active_ms = finish_active_ms(t);
    t->study.owner = (struct owner){0};
    t->study.lease_until = 0;
    changes_clear(&t->changes);
    t->changes.study = true;
    hone_status ignored = changes_commit(&t->changes, t->store, &t->study, t->now, NULL);
    (void)ignored;
}

void tuner_close(struct tuner *t)
{
    if (!t)
        return;
    if (t->active_from && t->study.owner.pid && !t->failed && !t->away_at)
        release_lease(t);
    for (size_t i = 0; i < t->n_running; i++)
        running_free(t->running[i]);
    mem_free(t->running);
    ledger_release(&t->ledger);
    mem_free(t->plan.items);
    mem_free(t->points);
    mem_free(t->ended);
    metric_reader_free(t->reader);
    hone_optimizer_free(t->opt);
    changes_release(&t->changes);
    slurm_executor_free(t->cluster);
    spec_free(t->edited);
    mem_free(t->stop_who);
    mem_free(t->ending);
    mem_free(t->folder);
    mem_free(t->alive);
    study_row_release(&t->study);
    spec_free(t->spec);
    mem_free(t);
}

struct spec *tuner_spec(const struct tuner *t)
{
    return t->spec;
}

const struct study_row *tuner_study(const struct tuner *t)
{
    return &t->study;
}

const char *tuner_folder(const struct tuner *t)
{
    return t->folder;
}

bool tuner_is_over(const struct tuner *t)
{
    return t->over && !t->away_at;
}
