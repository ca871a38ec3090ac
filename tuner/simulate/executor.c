/*
 * executor.c: see executor.h.
 *
 * Of each trial there is a slot, by its number, with its curve and its current attempt. What will
 * happen to an attempt is known when it starts, but for a stop: at `ends_at` it ends, for the
 * reason `cause`. Attempts that run are a short list, as in the loop, so that the next event costs
 * nothing for those that have ended.
 *
 * Times in ms. Invariant: an attempt's values are those of rows up to min(now, ends_at).
 */
#include "simulate/executor.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/numeric.h"
#include "base/rng.h"
#include "io/json.h"

#define START_MS INT64_C(946684800000) /* 2000-01-01T00:00:00Z */

struct slot {
    const struct trace_curve *curve;
    int64_t attempt; /* number of the current one, from 1 */
    int64_t started_at, ends_at;
    int64_t offset_ms; /* where on the curve the attempt began */
    size_t next_row;   /* the first that was not read */
    int64_t *seqs;     /* values of each metric in this attempt */
    enum end_cause cause;
    bool asked, seen, done; /* done: its end was seen */
    int64_t stop_ms;        /* from SIGTERM to its end */
};

struct simulation {
    struct world world; /* first: a world is its simulation */
    struct executor executor;
    const struct trace *trace;
    struct simulation_options options;
    int64_t now;
    struct slot *slots;
    size_t n_slots, cap_slots;
    int64_t *running; /* numbers of trials */
    size_t n_running, cap_running;
};

static struct simulation *self_of(struct executor *executor)
{
    return (struct simulation *)((char *)executor - offsetof(struct simulation, executor));
}

static int64_t now_ms(const struct world *world)
{
    return ((const struct simulation *)world)->now;
}

/* The number that a text of *len bytes ends in, behind `before`; *len is then what is in front of
 * both. -1: it does not end so. */
static int64_t take_number(const char *text, size_t *len, const char *before)
{
    enum { MOST_DIGITS = 18 };
    int64_t number = 0, place = 1;
    size_t end = *len, n = strlen(before), i = end;
    for (; i > 0 && end - i < MOST_DIGITS && text[i - 1] >= '0' && text[i - 1] <= '9'; i--) {
        number += (text[i - 1] - '0') * place;
        place *= 10;
    }
    if (i == end || i < n || memcmp(text + i - n, before, n) != 0)
        return -1;
    *len = i - n;
    return number;
}

/* ".../trial-0007/attempt-2": the numbers; false for anything else. */
static bool numbers_of(const char *folder, int64_t *trial, int64_t *attempt)
{
    size_t len = strlen(folder);
    *attempt = take_number(folder, &len, "/attempt-");
    *trial = *attempt < 0 ? -1 : take_number(folder, &len, "/trial-");
    return *trial >= 0;
}

/* The slot whose current attempt a folder is; NULL: none. */
static struct slot *slot_of(const struct simulation *s, const char *folder)
{
    int64_t trial, attempt;
    if (!numbers_of(folder, &trial, &attempt) || (size_t)trial >= s->n_slots)
        return NULL;
    struct slot *slot = &s->slots[trial];
    return slot->attempt == attempt ? slot : NULL;
}

static bool has_ended(const struct simulation *s, const struct slot *slot)
{
    return s->now >= slot->ends_at;
}

/* When a row is there. */
static int64_t row_at(const struct slot *slot, size_t row)
{
    return slot->started_at + slot->curve->rows[row].ms - slot->offset_ms;
}

/* ---- Starting ---- */

static hone_status make_slot(struct simulation *s, int64_t trial, struct slot **out,
                             hone_error *err)
{
    size_t i = (size_t)trial;
    if (i >= s->cap_slots) {
        size_t cap = 2 * i + 64;
        struct slot *slots = mem_resize(s->slots, cap, sizeof *slots);
        if (!slots)
            return error_memory(err);
        s->slots = slots;
        s->cap_slots = cap;
    }
    if (s->n_running == s->cap_running) {
        size_t cap = s->cap_running ? s->cap_running * 2 : 64;
        int64_t *running = mem_resize(s->running, cap, sizeof *running);
        if (!running)
            return error_memory(err);
        s->running = running;
        s->cap_running = cap;
    }
    while (s->n_slots <= i)
        s->slots[s->n_slots++] = (struct slot){0};
    *out = &s->slots[i];
    if (!(*out)->seqs)
        (*out)->seqs = mem_array(s->trace->spec->n_metrics, sizeof *(*out)->seqs);
    return (*out)->seqs ? HONE_OK : error_memory(err);
}

static hone_status find_curve(const struct simulation *s, const struct attempt_job *job,
                              int64_t trial, struct slot *slot, hone_error *err)
{
    struct rng rng;
    if (slot->curve)
        return HONE_OK;
    json_t *params = json_read(job->params, strlen(job->params), err);
    if (!params)
        return err ? err->status : HONE_EIO;
    rng_init(&rng, s->options.seed, RNG_SIMULATE, (uint64_t)trial << 20);
    slot->curve = trace_nearest(s->trace, params, rng_u64(&rng), err);
    json_decref(params);
    return slot->curve ? HONE_OK : err ? err->status : HONE_ENOMEM;
}

/* An earlier end takes the place of a later one. */
static void end_at(struct slot *slot, int64_t at, enum end_cause cause)
{
    if (at >= slot->ends_at)
        return;
    slot->ends_at = at;
    slot->cause = cause;
}

/* What will happen to an attempt that starts now, if nobody stops it. */
static void foresee(const struct simulation *s, const struct attempt_job *job, int64_t trial,
                    struct slot *slot)
{
    const struct trace_curve *curve = slot->curve;
    int64_t silence_ms = (int64_t)(job->silence_s * 1000), heard_at = slot->started_at;
    slot->ends_at = INT64_MAX;
    end_at(slot, row_at(slot, curve->n - 1), END_BY_ITSELF);
    if (job->trial_time_s > 0)
        end_at(slot, slot->started_at + (int64_t)(job->trial_time_s * 1000), END_TIME);
    for (size_t i = slot->next_row; i < curve->n && silence_ms > 0; i++) {
        if (row_at(slot, i) - heard_at > silence_ms) {
            end_at(slot, heard_at + silence_ms, END_SILENCE);
            break;
        }
        heard_at = row_at(slot, i);
    }
    if (job->spot && s->options.preempt_every_s > 0) {
        struct rng rng;
        rng_init(&rng, s->options.seed, RNG_SIMULATE,
                 ((uint64_t)trial << 20) + (uint64_t)slot->attempt);
        double wait_s = -num_log(rng_uniform(&rng)) * s->options.preempt_every_s;
        if (wait_s < 1e10) /* else never */
            end_at(slot, slot->started_at + (int64_t)(wait_s * 1000) + 1, END_ASKED);
    }
}

static hone_status start(struct executor *executor, const struct attempt_job *job, hone_error *err)
{
    struct simulation *s = self_of(executor);
    struct slot *slot = NULL;
    int64_t trial, attempt;
    if (!numbers_of(job->folder, &trial, &attempt))
        return error_set(err, HONE_EINVAL, "%s is no attempt's folder", job->folder);
    hone_status status = make_slot(s, trial, &slot, err);
    if (status || slot->attempt == attempt)
        return status;
    status = find_curve(s, job, trial, slot, err);
    if (status)
        return status;
    /* The attempt before has left a checkpoint at the last step that it came to. */
    slot->offset_ms = slot->next_row > 0 ? slot->curve->rows[slot->next_row - 1].ms : 0;
    slot->attempt = attempt;
    slot->started_at = s->now;
    slot->asked = slot->seen = slot->done = false;
    slot->stop_ms = (int64_t)(fmin(s->options.stop_s, job->grace_s) * 1000);
    memset(slot->seqs, 0, s->trace->spec->n_metrics * sizeof *slot->seqs);
    foresee(s, job, trial, slot);
    s->running[s->n_running++] = trial;
    return HONE_OK;
}

/* ---- Looking ---- */

static hone_status poll_attempt(struct executor *executor, const char *folder,
                                struct attempt_status *out, hone_error *err)
{
    const struct simulation *s = self_of(executor);
    struct slot *slot = slot_of(s, folder);
    (void)err;
    *out = (struct attempt_status){.phase = PHASE_ABSENT};
    if (!slot)
        return HONE_OK;
    slot->seen = true;
    out->started_at = slot->started_at;
    memcpy(out->node, "simulated", sizeof "simulated");
    out->phase = PHASE_RUNNING;
    if (!has_ended(s, slot))
        return HONE_OK;
    slot->done = true;
    out->phase = PHASE_ENDED;
    out->ended_at = slot->ends_at;
    out->cause = slot->cause;
    out->exit_code = slot->cause == END_BY_ITSELF ? 0 : -1;
    out->exit_signal = slot->cause == END_BY_ITSELF ? 0 : 15;
    return HONE_OK;
}

static hone_status read_values(struct executor *executor, const char *folder, metric_visitor *visit,
                               void *context, hone_error *err)
{
    const struct simulation *s = self_of(executor);
    struct slot *slot = slot_of(s, folder);
    hone_status status = HONE_OK;
    int64_t until = slot && slot->ends_at < s->now ? slot->ends_at : s->now;
    for (; slot && slot->next_row < slot->curve->n && row_at(slot, slot->next_row) <= until;
         slot->next_row++) {
        const struct trace_row *row = &slot->curve->rows[slot->next_row];
        for (size_t m = 0; m < s->trace->spec->n_metrics; m++) {
            struct metric_value value = {.metric = m,
                                         .seq = slot->seqs[m],
                                         .step = row->step,
                                         .value = row->values[m],
                                         .line = ""};
            if (!row->has[m])
                continue;
            status = visit(context, &value, err);
            if (status)
                return status;
            slot->seqs[m]++;
        }
    }
    return HONE_OK;
}

static int watch(struct executor *executor, const char *folder)
{
    (void)executor;
    (void)folder;
    return -1;
}

/* ---- Ending ---- */

static hone_status stop(struct executor *executor, const char *folder, hone_error *err)
{
    struct simulation *s = self_of(executor);
    struct slot *slot = slot_of(s, folder);
    (void)err;
    if (slot && !slot->asked) {
        slot->asked = true;
        end_at(slot, s->now + slot->stop_ms, END_ASKED);
    }
    return HONE_OK;
}

static hone_status sweep(struct executor *executor, const char *folder, const char *id,
                         int64_t *ended_out, hone_error *err)
{
    (void)executor;
    (void)folder;
    (void)id;
    (void)err;
    *ended_out = 0; /* nothing is ever left behind */
    return HONE_OK;
}

/* ---- Outside ---- */

struct simulation *simulation_new(const struct trace *trace,
                                  const struct simulation_options *options)
{
    struct simulation *s = mem_array(1, sizeof *s);
    if (!s)
        return NULL;
    s->executor = (struct executor){.start = start,
                                    .poll = poll_attempt,
                                    .stop = stop,
                                    .sweep = sweep,
                                    .watch = watch,
                                    .read = read_values};
    s->world = (struct world){.now_ms = now_ms, .executor = &s->executor};
    s->trace = trace;
    s->options = *options;
    s->now = START_MS;
    return s;
}

void simulation_free(struct simulation *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_slots; i++)
        mem_free(s->slots[i].seqs);
    mem_free(s->slots);
    mem_free(s->running);
    mem_free(s);
}

const struct world *simulation_world(const struct simulation *s)
{
    return &s->world;
}

int64_t simulation_next_ms(const struct simulation *s)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < s->n_running; i++) {
        const struct slot *slot = &s->slots[s->running[i]];
        int64_t at = slot->seen ? slot->ends_at : s->now;
        if (slot->done)
            continue;
        if (slot->next_row < slot->curve->n && row_at(slot, slot->next_row) < at)
            at = row_at(slot, slot->next_row);
        if (at - s->now < next)
            next = at - s->now;
    }
    return next > 0 ? next : 0;
}

void simulation_advance(struct simulation *s, int64_t ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n_running; i++)
        if (!s->slots[s->running[i]].done)
            s->running[kept++] = s->running[i];
    s->n_running = kept;
    s->now += ms;
}
