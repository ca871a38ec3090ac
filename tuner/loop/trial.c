/*
 * trial.c: the trials that run: a short list, so that a pass costs nothing for those that have
 * ended.
 */
#include "loop/loop_int.h"

#include <math.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "io/file.h"

void running_free(struct running *r)
{
    if (!r)
        return;
    mem_free(r->row.origin);
    mem_free(r->row.params);
    mem_free(r->row.values);
    mem_free(r->row.why);
    mem_free(r->row.reason);
    mem_free(r->row.log_tail);
    mem_free(r->attempt.node);
    mem_free(r->attempt.boot_id);
    mem_free(r->attempt.reason);
    mem_free(r->attempt.cursor);
    mem_free(r->folder);
    mem_free(r->stop_reason);
    metric_cursor_free(r->cursor);
    if (r->watch >= 0)
        close(r->watch);
    mem_free(r);
}

struct running *tuner_add_running(struct tuner *t, int64_t trial)
{
    if (t->n_running == t->cap_running) {
        size_t cap = t->cap_running ? t->cap_running * 2 : 8;
        struct running **list = mem_resize(t->running, cap, sizeof(struct running *));
        if (!list)
            return NULL;
        t->running = list;
        t->cap_running = cap;
    }
    struct running *r = mem_array(1, sizeof *r);
    if (!r)
        return NULL;
    r->watch = -1;
    r->repeat_of = -1;
    r->row.number = r->attempt.trial = trial;
    r->row.state = HONE_TRIAL_RUNNING;
    t->running[t->n_running++] = r;
    return r;
}

struct running *tuner_find_running(struct tuner *t, int64_t trial)
{
    for (size_t i = 0; i < t->n_running; i++)
        if (t->running[i]->row.number == trial)
            return t->running[i];
    return NULL;
}

hone_status running_begin_attempt(struct tuner *t, struct running *r, const char *previous,
                                  hone_error *err)
{
    struct buf path;
    buf_init(&path, 8192);
    buf_printf(&path, "%s/trial-%04lld/attempt-%lld", t->folder, (long long)r->row.number,
               (long long)r->attempt.number);
    char *folder = buf_take(&path);
    if (!folder)
        return error_memory(err);
    struct metric_cursor *cursor = metric_cursor_new(t->reader, r->attempt.cursor, previous, err);
    if (!cursor) {
        mem_free(folder);
        return err ? err->status : HONE_ENOMEM;
    }
    mem_free(r->folder);
    metric_cursor_free(r->cursor);
    if (r->watch >= 0)
        close(r->watch);
    r->folder = folder;
    r->cursor = cursor;
    r->watch = -1;
    r->launched = r->gone = r->wants_stop = r->more = false;
    r->launched_at = 0;
    return HONE_OK;
}

static bool is_better(double a, double b, bool maximize)
{
    return maximize ? a > b : a < b;
}

void running_tally(const struct tuner *t, struct running *r, size_t objective, double step,
                   double value)
{
    struct tally *tally = &r->tallies[objective];
    if (objective == 0)
        r->last_step = step;
    if (!isfinite(value) && t->spec->ignore_nonfinite)
        return;
    if (isfinite(value) && (tally->n_finite == 0 ||
                            is_better(value, tally->best, t->spec->objectives[objective].maximize)))
        tally->best = value;
    tally->n_finite += isfinite(value);
    tally->last = value;
    tally->n++;
}

static bool count_best(struct tuner *t, int64_t trial, double value)
{
    if (t->best_trial >= 0 && !is_better(value, t->best, t->spec->objectives[0].maximize))
        return false;
    t->best_trial = trial;
    t->best = value;
    t->since_best = 0;
    return true;
}

void tuner_count_import(struct tuner *t, int64_t trial, double value)
{
    count_best(t, trial, value);
}

void tuner_count(struct tuner *t, int64_t trial, hone_trial_state state, const double *values)
{
    t->counts[state]++;
    if (state == HONE_TRIAL_CANCELLED) {
        t->exhausted = false; /* its configuration may be proposed again */
        return;
    }
    t->since_best++;
    if (state != HONE_TRIAL_COMPLETED || !values)
        return;
    t->heard = true;
    count_best(t, trial, values[0]);
}
