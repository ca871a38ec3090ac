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

void running_tally(struct tuner *t, struct running *r, size_t outcome, double step, double value)
{
    const struct spec *spec = t->spec;
    struct tally *tally = &r->tallies[outcome];
    if (outcome == 0)
        r->last_step = step;
    r->heard |= UINT32_C(1) << outcome;
    t->heard = t->heard || r->heard == (UINT32_C(1) << spec_outcomes(spec)) - 1;
    if (!isfinite(value) && spec->ignore_nonfinite)
        return;
    bool maximize = outcome < spec->n_objectives && spec->objectives[outcome].maximize;
    if (isfinite(value) && (tally->n_finite == 0 || is_better(value, tally->best, maximize)))
        tally->best = value;
    tally->n_finite += isfinite(value) ? 1 : 0;
    tally->last = value;
    tally->n++;
}

/* Whether a trial is one of the best of several objectives, and which of these is the first. */
static bool is_in_front(const struct tuner *t, int64_t trial, int64_t *first_out)
{
    size_t n;
    bool found = false;
    const hone_trial *const *front = hone_front(t->opt, &n);
    for (size_t i = 0; i < n; i++)
        found = found || hone_trial_id(front[i]) == (uint64_t)trial;
    *first_out = n > 0 ? (int64_t)hone_trial_id(front[0]) : -1;
    return found;
}

/* Note whether a trial is the best now, or with several objectives one of the best. With one the
 * library's best may be a repeat, which is not counted here. */
static void count_best(struct tuner *t, int64_t trial)
{
    const hone_trial *told = hone_find(t->opt, (uint64_t)trial);
    int64_t best = trial;
    size_t n;
    if (!hone_trial_is_feasible(told))
        return;
    double value = hone_trial_values(told, &n)[0];
    if (t->spec->n_objectives > 1
            ? !is_in_front(t, trial, &best)
            : t->best_trial >= 0 && !is_better(value, t->best, t->spec->objectives[0].maximize))
        return;
    t->best_trial = best;
    t->best = hone_trial_values(hone_find(t->opt, (uint64_t)best), &n)[0];
    t->last_better = trial;
    t->since_best = 0;
}

void tuner_count_import(struct tuner *t, int64_t trial)
{
    count_best(t, trial);
}

void tuner_uncount(struct tuner *t, hone_trial_state state, bool is_repeat)
{
    t->counts[state]--;
    if (!is_repeat && state != HONE_TRIAL_CANCELLED && t->since_best > 0)
        t->since_best--;
}

void tuner_count(struct tuner *t, int64_t trial, hone_trial_state state)
{
    t->counts[state]++;
    if (state == HONE_TRIAL_CANCELLED) {
        t->exhausted = false; /* its configuration may be proposed again */
        return;
    }
    t->since_best++;
    if (state != HONE_TRIAL_COMPLETED)
        return;
    t->heard = true;
    count_best(t, trial);
}
