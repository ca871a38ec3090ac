/*
 * look.c: looking at one running trial: what has it printed, has it ended, and what follows.
 *
 * Nothing is written or sent here; what follows goes into the pass's journal and the flags that the
 * pass acts upon after its commit.
 */
#include "loop/loop_int.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "io/json.h"
#include "report/limits.h"
#include "report/study_view.h"
#include "report/text.h"

enum {
    READ_BYTES = 256 * 1024, /* of one log in one pass, so that a flood delays nobody */
    SAVE_MS = 5000,          /* a cursor without new values is stored this often */
    TAIL_LINES = 20,
    TAIL_BYTES = 8192
};

const char *stop_cause_text(enum stop_cause cause)
{
    static const char *const texts[] = {"none", "early_stopping", "request", "study_end",
                                        "preempt"};
    return texts[cause];
}

const char *retry_kind_text(enum retry_kind kind)
{
    static const char *const texts[N_RETRY_KINDS] = {"cancelled", "preempted", "lost", "failed",
                                                     "timeout"};
    return texts[kind];
}

void running_stop(struct tuner *t, struct running *r, enum stop_cause cause, const char *reason)
{
    if (r->stop != CAUSE_NONE)
        return;
    r->stop = cause;
    r->wants_stop = true;
    mem_free(r->stop_reason);
    r->stop_reason = mem_text(reason);
    changes_event(&t->changes, EVENT_STOP_TRIAL, r->row.number,
                  json_pack("{s:s, s:s}", "cause", stop_cause_text(cause), "reason", reason));
}

/* ---- Values ---- */

struct reading {
    struct tuner *t;
    struct running *r;
};

static hone_status value_visit(void *context, const struct metric_value *value, hone_error *err)
{
    struct reading *reading = context;
    struct tuner *t = reading->t;
    struct running *r = reading->r;
    struct observation o = {.trial = r->row.number,
                            .attempt = r->attempt.number,
                            .metric = t->spec->metrics[value->metric].name,
                            .seq = value->seq,
                            .step = value->step,
                            .at = t->now,
                            .value = value->value};
    changes_observation(&t->changes, &o);
    t->n_new_values++;
    r->dirty = true;
    size_t objective = t->spec->n_objectives;
    for (size_t i = 0; i < spec_outcomes(t->spec); i++) {
        if (strcmp(spec_outcome(t->spec, i), o.metric) != 0)
            continue;
        running_tally(t, r, i, value->step, value->value);
        if (i < t->spec->n_objectives)
            objective = i; /* each has a metric of its own */
    }
    if (objective == 0)
        view_value(t, r, value->step, value->value);
    if (!t->reports || r->outside || objective == t->spec->n_objectives)
        return HONE_OK;
    bool stop = false;
    hone_status status = hone_report_objective(t->opt, (uint64_t)r->row.number, objective,
                                               value->step, value->value, &stop, err);
    /* A repeat is to show how good the whole run is. */
    if (!status && stop && r->stop == CAUSE_NONE && r->repeat_of < 0) {
        const char *reason = hone_trial_reason(hone_find(t->opt, (uint64_t)r->row.number));
        running_stop(t, r, CAUSE_EARLY, reason ? reason : "stopping rule");
    }
    return status;
}

hone_status running_read(struct tuner *t, struct running *r, bool ended, hone_error *err)
{
    struct reading reading = {t, r};
    struct executor *executor = t->executor;
    if (tuner_simulates(t))
        return executor->read(executor, r->folder, value_visit, &reading, err);
    return metric_read(t->reader, r->cursor, r->folder, ended, READ_BYTES, value_visit, &reading,
                       &r->more, err);
}

/* ---- Ends ---- */

static void set_text(char **where, const char *text)
{
    mem_free(*where);
    *where = text && text[0] ? mem_text(text) : NULL;
}

/* The last lines of the log, for `hone show`; NULL when there is nothing. */
static char *log_tail(const char *folder)
{
    char path[4096], block[TAIL_BYTES + 1];
    snprintf(path, sizeof path, "%s/log", folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    if (fd < 0)
        return NULL;
    ssize_t n = -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        n = pread(fd, block, TAIL_BYTES, st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0);
    close(fd);
    while (n > 0 && (block[n - 1] == '\n' || block[n - 1] == '\r'))
        n--;
    if (n <= 0)
        return NULL;
    block[n] = '\0';
    char *start = block + n;
    for (int lines = 0; start > block; start--)
        if (start[-1] == '\n' && ++lines == TAIL_LINES)
            break;
    for (char *p = start; p < block + n; p++)
        if (*p == '\0')
            *p = ' ';
    return mem_text(start);
}

/* "exit 3: disk full": with what the script said last, for the line that `hone run` prints. */
static void add_last_words(struct buf *out, const char *log_tail)
{
    enum { COLUMNS = 100 };
    const char *line = log_tail ? strrchr(log_tail, '\n') : NULL;
    line = line ? line + 1 : log_tail;
    if (!line || !*line)
        return;
    buf_text(out, ": ");
    text_add(out, line, COLUMNS);
}

static char *values_text(const double *values, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, json_of_value(HONE_NUMBER(values[i])));
    char *text = array ? json_write(array) : NULL;
    json_decref(array);
    return text;
}

static hone_status tell(struct tuner *t, const struct running *r, const struct verdict *v,
                        hone_error *err)
{
    uint64_t id = (uint64_t)r->row.number;
    if (r->outside)
        return HONE_OK;
    switch (v->trial) {
    case HONE_TRIAL_COMPLETED:
        return hone_tell(t->opt, id, v->values, spec_outcomes(t->spec), err);
    case HONE_TRIAL_STOPPED:
        return hone_tell_stopped(t->opt, id, err);
    case HONE_TRIAL_FAILED:
        return hone_tell_failed(t->opt, id, err);
    case HONE_TRIAL_CANCELLED:
    case HONE_TRIAL_RUNNING:
        break;
    }
    return hone_tell_cancelled(t->opt, id, err);
}

/* The trial is final. */
static hone_status end_trial(struct tuner *t, struct running *r, const struct verdict *v,
                             hone_error *err)
{
    json_t *body = json_pack("{s:s, s:I}", "state", trial_state_text(v->trial), "attempt",
                             (json_int_t)r->attempt.number);
    r->row.state = v->trial;
    r->row.ended_at = r->attempt.ended_at;
    set_text(&r->row.reason, v->reason);
    if (v->trial == HONE_TRIAL_COMPLETED) {
        mem_free(r->row.values);
        r->row.values = values_text(v->values, spec_outcomes(t->spec));
        json_t *values = json_array();
        for (size_t i = 0; i < spec_outcomes(t->spec); i++)
            json_array_append_new(values, json_of_value(HONE_NUMBER(v->values[i])));
        json_object_set_new(body, "values", values);
        t->durations_ms += ledger_ms(&t->ledger, r->row.number);
        t->n_durations++;
    }
    if (v->trial == HONE_TRIAL_FAILED) {
        mem_free(r->row.log_tail);
        r->row.log_tail = log_tail(r->folder);
    }
    if (v->silent) {
        t->n_silent++;
        snprintf(t->silent_reason, sizeof t->silent_reason, "%.190s", v->reason);
    }
    changes_event(&t->changes, EVENT_TELL, r->row.number, body);
    changes_trial(&t->changes, &r->row);
    r->is_over = true;
    hone_status status = tell(t, r, v, err);
    if (!status)
        status = ledger_trial(&t->ledger, r->row.number, v->trial, r->stop == CAUSE_STUDY, err);
    bool completed = v->trial == HONE_TRIAL_COMPLETED;
    if (r->repeat_of >= 0)
        t->counts[v->trial]++;
    else
        tuner_count(t, r->row.number, v->trial);
    struct buf shown;
    buf_init(&shown, sizeof v->reason + 1024);
    if (completed)
        limits_text(&shown, t->spec, v->values);
    else
        buf_text(&shown, v->reason);
    if (v->trial == HONE_TRIAL_FAILED)
        add_last_words(&shown, r->row.log_tail);
    view_ended(t, r, shown.data, completed && t->last_better == r->row.number);
    buf_release(&shown);
    return status;
}

hone_status running_next_attempt(struct tuner *t, struct running *r, hone_error *err)
{
    char *previous = r->attempt.cursor;
    r->attempt.cursor = NULL;
    set_text(&r->attempt.node, NULL);
    set_text(&r->attempt.boot_id, NULL);
    set_text(&r->attempt.reason, NULL);
    r->attempt = (struct attempt_row){.trial = r->row.number,
                                      .number = r->attempt.number + 1,
                                      .state = ATTEMPT_WAITING,
                                      .exit_code = -1,
                                      .spot = t->spec->spot};
    changes_attempt(&t->changes, &r->attempt);
    hone_status status = running_begin_attempt(t, r, previous, err);
    r->loaded = false;
    r->dirty = false;
    r->stop = CAUSE_NONE;
    mem_free(r->stop_reason);
    r->stop_reason = NULL;
    mem_free(previous);
    return status;
}

/* The trial gets its next attempt, which waits until the pass has been committed. */
static hone_status begin_retry(struct tuner *t, struct running *r, const struct verdict *v,
                               hone_error *err)
{
    r->retries[v->kind]++;
    changes_event(&t->changes, EVENT_RETRY, r->row.number,
                  json_pack("{s:I, s:s}", "attempt", (json_int_t)r->attempt.number + 1, "cause",
                            retry_kind_text(v->kind)));
    hone_status status = running_next_attempt(t, r, err);
    if (v->kind != RETRY_CANCELLED)
        snprintf(t->warning, sizeof t->warning, "trial %lld: %.190s; attempt %lld follows",
                 (long long)r->row.number, v->reason, (long long)r->attempt.number);
    return status;
}

/* An attempt has ended, and all that it printed was read. */
static hone_status settle(struct tuner *t, struct running *r, const struct attempt_status *s,
                          hone_error *err)
{
    struct verdict v;
    char reason[820];
    judge_end(t, r, s, &v);
    struct attempt_row *a = &r->attempt;
    a->state = v.attempt;
    if (s->started_at)
        a->started_at = s->started_at;
    a->ended_at = s->ended_at ? s->ended_at : t->now;
    a->exit_code = s->phase == PHASE_ENDED ? s->exit_code : -1;
    a->exit_signal = s->phase == PHASE_ENDED ? s->exit_signal : 0;
    ledger_paid(&t->ledger, a->trial, a->spot, attempt_ms(a, t->now));
    snprintf(reason, sizeof reason, "%s%s%s", v.reason, v.reason[0] && v.note[0] ? "; " : "",
             v.note);
    set_text(&a->reason, reason);
    mem_free(a->cursor);
    a->cursor = metric_cursor_text(r->cursor);
    changes_attempt(&t->changes, a);
    r->dirty = false;
    if (v.note[0])
        snprintf(t->warning, sizeof t->warning, "trial %lld: %.200s", (long long)r->row.number,
                 v.note);
    return v.again ? begin_retry(t, r, &v, err) : end_trial(t, r, &v, err);
}

/* What is known of an attempt once a shim has claimed it. The claim comes a moment before the start
 * is recorded: until the end says it exactly, the start is when it was first seen. */
static void note_claimed(const struct tuner *t, struct running *r, const struct attempt_status *s)
{
    struct attempt_row *a = &r->attempt;
    if (a->state == ATTEMPT_RUNNING)
        return;
    a->state = ATTEMPT_RUNNING;
    set_text(&a->node, s->node);
    set_text(&a->boot_id, s->boot_id);
    a->pid = s->shim_pid;
    a->pid_start = s->shim_start;
    a->started_at = s->started_at ? s->started_at : t->now;
    r->dirty = true;
}

static hone_status look_ended(struct tuner *t, struct running *r, const struct attempt_status *s,
                              hone_error *err)
{
    if (s->phase == PHASE_LOST) {
        char id[160];
        int64_t ended = 0;
        attempt_id(t, r, id);
        struct executor *executor = t->executor;
        hone_status status = executor->sweep(executor, r->folder, id, &ended, err);
        if (status)
            return status;
    }
    note_claimed(t, r, s);
    hone_status status = running_read(t, r, true, err);
    if (status || r->more) /* the rest in the next pass; it stays running until then */
        return status;
    return settle(t, r, s, err);
}

static hone_status look_by_phase(struct tuner *t, struct running *r, struct attempt_status *s,
                                 hone_error *err)
{
    switch (s->phase) {
    case PHASE_ABSENT:
        return r->attempt.state == ATTEMPT_RUNNING ? settle(t, r, s, err) : HONE_OK;
    case PHASE_RUNNING:
        note_claimed(t, r, s);
        if (r->watch < 0)
            r->watch = t->executor->watch(t->executor, r->folder);
        return running_read(t, r, false, err);
    case PHASE_ENDED:
    case PHASE_LOST:
        break;
    }
    return look_ended(t, r, s, err);
}

hone_status running_look(struct tuner *t, struct running *r, hone_error *err)
{
    struct attempt_status s = {.phase = PHASE_RUNNING};
    hone_status status = HONE_OK;
    /* While the watch is silent the shim lives: nothing else needs to be looked at. */
    bool lives = r->watch >= 0 && !r->gone;
    bool coming = lives && r->attempt.state == ATTEMPT_WAITING && r->launched &&
                  r->stop == CAUSE_NONE && t->now - r->launched_at < COMING_MS;
    if (coming) /* the next look may find all of a short trial at once */
        return HONE_OK;
    bool watched = lives && r->attempt.state == ATTEMPT_RUNNING;
    if (!watched)
        status = t->executor->poll(t->executor, r->folder, &s, err);
    if (status && err->status == HONE_ENOTFOUND) { /* no folder yet, or no longer */
        s = (struct attempt_status){.phase = PHASE_ABSENT};
        status = HONE_OK;
    }
    if (!status)
        status = look_by_phase(t, r, &s, err);
    if (status || r->is_over)
        return status;
    bool stale = r->attempt.state == ATTEMPT_RUNNING && t->now - r->saved_at >= SAVE_MS;
    if (r->dirty || (stale && !tuner_simulates(t))) {
        char *cursor = metric_cursor_text(r->cursor);
        bool moved = !cursor || !r->attempt.cursor || strcmp(cursor, r->attempt.cursor) != 0;
        mem_free(r->attempt.cursor);
        r->attempt.cursor = cursor;
        if (r->dirty || moved)
            changes_attempt(&t->changes, &r->attempt);
        r->dirty = false;
        r->saved_at = t->now;
    }
    return HONE_OK;
}
