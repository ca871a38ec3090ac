/*
 * study.c: runner.py against libhone itself: workers are refilled in the order of (end, id) of
 * simulated evaluations; only the engine's own time is real.
 *
 * The study is made from the same first line as an `ask-tell` client's, so a key of the protocol is
 * an option here at once.
 */
#include "study.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cli/protocol.h"

struct running {
    double end;
    uint64_t id;
    struct outcome outcome;
};

struct study {
    const struct plan *plan;
    const struct task *task;
    hone_optimizer *opt;
    struct running *running;
    char **keys; /* of every configuration asked, by id */
    double *curve, *ask_ms, *ask_cpu_ms;
    size_t n_running, n_asked, n_ended, n_asks, n_failed, budget;
    double clock, cpu_s;
    double best_seen, best_truth; /* by the observed value */
    struct buf key;
};

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Start the evaluation of a trial: its outcome is known at once and told at its end. */
static void start(struct study *s, const hone_trial *trial)
{
    size_t n;
    unsigned repeat = 0;
    const hone_setting *settings = hone_trial_settings(trial, &n);
    config_key(settings, n, &s->key);
    for (size_t i = 0; i < s->n_asked; i++)
        repeat += strcmp(s->keys[i], s->key.data) == 0;
    struct running *run = &s->running[s->n_running++];
    run->id = hone_trial_id(trial);
    task_evaluate(s->task, settings, n, s->key.data, repeat, &run->outcome);
    run->end = s->clock + run->outcome.seconds;
    s->keys[s->n_asked++] = buf_take(&s->key);
}

/* Fill the free workers. */
static hone_status ask(struct study *s, hone_error *err)
{
    size_t free_workers = s->plan->parallel - s->n_running, want = s->budget - s->n_asked, got = 0;
    want = want < free_workers ? want : free_workers;
    if (want == 0)
        return HONE_OK;
    double wall = 0.0, cpu = 0.0;
    for (; got < want; got++) {
        double wall_before = seconds(CLOCK_MONOTONIC),
               cpu_before = seconds(CLOCK_THREAD_CPUTIME_ID);
        const hone_trial *trial = hone_ask(s->opt, err);
        wall += seconds(CLOCK_MONOTONIC) - wall_before;
        cpu += seconds(CLOCK_THREAD_CPUTIME_ID) - cpu_before;
        if (trial == NULL)
            break;
        start(s, trial);
    }
    double share = 1e3 / (double)(got > 0 ? got : 1);
    s->ask_ms[s->n_asks] = wall * share;
    s->ask_cpu_ms[s->n_asks++] = cpu * share;
    s->cpu_s += cpu;
    if (got == want)
        return HONE_OK;
    s->budget = s->n_asked; /* no configuration is left */
    return err->status == HONE_EEXHAUSTED ? HONE_OK : err->status;
}

/* End the evaluation that is done first, and tell it. */
static hone_status tell(struct study *s, struct score *score, hone_error *err)
{
    size_t first = 0;
    for (size_t i = 1; i < s->n_running; i++) {
        const struct running *a = &s->running[i], *b = &s->running[first];
        if (a->end < b->end || (a->end <= b->end && a->id < b->id))
            first = i;
    }
    struct running run = s->running[first];
    s->running[first] = s->running[--s->n_running];
    s->clock = run.end;
    s->curve[s->n_ended++] = score_add(score, &run.outcome);
    s->n_failed += run.outcome.failed;
    if (!run.outcome.failed && run.outcome.observed[0] < s->best_seen) {
        s->best_seen = run.outcome.observed[0];
        s->best_truth = run.outcome.truth[0];
    }
    double before = seconds(CLOCK_THREAD_CPUTIME_ID);
    hone_status status = run.outcome.failed ? hone_tell_failed(s->opt, run.id, err)
                                            : hone_tell(s->opt, run.id, run.outcome.observed,
                                                        s->task->n_objectives, err);
    s->cpu_s += seconds(CLOCK_THREAD_CPUTIME_ID) - before;
    return status;
}

static void write_list(struct buf *row, const char *name, const double *x, size_t n, int digits)
{
    buf_printf(row, ", \"%s\": [", name);
    for (size_t i = 0; i < n; i++)
        buf_printf(row, "%s%.*g", i > 0 ? ", " : "", digits, x[i]);
    buf_char(row, ']');
}

static void write_head(const struct plan *plan, const struct task *task, struct buf *row)
{
    buf_printf(row,
               "{\"suite\": \"%s\", \"task\": \"%s\", \"seed\": %ld, \"budget\": %zu, "
               "\"parallel\": %zu, \"sync\": false, \"engine\": ",
               task->suite, task->name, task->seed, plan->budget, plan->parallel);
    buf_json(row, plan->name);
}

static void write_row(const struct study *s, struct buf *row)
{
    const struct task *task = s->task;
    double score = s->curve[s->n_ended - 1];
    write_head(s->plan, task, row);
    buf_printf(row, ", \"score\": %.4g, \"log10\": %.4g, \"inc\": %.4g, \"floor\": %g", score,
               log10(fmax(score, task->floor)),
               task->n_objectives > 1 ? score : score_of(task, s->best_truth), task->floor);
    buf_printf(row, ", \"trials\": %zu, \"failed\": %zu, \"version\": \"%s\", \"cpu_s\": %.3g",
               s->n_ended, s->n_failed, hone_version(), s->cpu_s);
    write_list(row, "curve", s->curve, s->n_ended, 4);
    write_list(row, "ask_ms", s->ask_ms, s->n_asks, 3);
    write_list(row, "ask_cpu_ms", s->ask_cpu_ms, s->n_asks, 3);
    buf_text(row, "}\n");
}

static hone_status begin(const struct plan *plan, const struct task *task, struct session *session,
                         hone_error *err)
{
    json_t *line = json_copy(json_object_get(task->entry, "study"));
    json_object_set_new(line, "budget", json_integer((json_int_t)plan->budget));
    json_object_set_new(line, "parallel", json_integer((json_int_t)plan->parallel));
    if (plan->extra != NULL)
        json_object_update(line, (json_t *)(uintptr_t)plan->extra);
    hone_status status = session_begin(session, line, err);
    json_decref(line);
    return status;
}

bool study_play(const struct plan *plan, const struct task *task, struct buf *row)
{
    size_t n = plan->budget;
    hone_error err = {0};
    struct session session = {0};
    struct score score;
    struct study s = {
        .plan = plan,
        .task = task,
        .budget = n,
        .running = mem_array(plan->parallel, sizeof *s.running),
        .keys = mem_array(n, sizeof *s.keys),
        .curve = mem_array(n, sizeof(double)),
        .ask_ms = mem_array(n, sizeof(double)),
        .ask_cpu_ms = mem_array(n, sizeof(double)),
        .best_seen = (double)INFINITY,
        .best_truth = (double)INFINITY,
    };
    buf_init(&s.key, 1 << 16);
    score_init(&score, task, n);
    hone_status status = begin(plan, task, &session, &err);
    s.opt = session.opt;
    while (status == HONE_OK) {
        status = ask(&s, &err);
        if (status != HONE_OK || s.n_running == 0)
            break;
        status = tell(&s, &score, &err);
    }
    bool is_done = status == HONE_OK && s.n_ended > 0;
    if (is_done) {
        write_row(&s, row);
    } else {
        write_head(plan, task, row);
        buf_text(row, ", \"error\": ");
        buf_json(row, err.text);
        buf_text(row, "}\n");
    }
    for (size_t i = 0; i < s.n_asked; i++)
        mem_free(s.keys[i]);
    score_release(&score);
    session_release(&session);
    buf_release(&s.key);
    mem_free(s.running);
    mem_free(s.keys);
    mem_free(s.curve);
    mem_free(s.ask_ms);
    mem_free(s.ask_cpu_ms);
    return is_done;
}
