/*
 * attach.c: hone attach STUDY: a study that runs elsewhere, shown as hone run would.
 *
 * Everything is read from the store, when it has changed. Ctrl-C ends the watching, never the
 * study; a study without a living tuner is not started by looking at it.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/study_run.h"
#include "io/time.h"
#include "loop/lease.h"
#include "report/live.h"
#include "report/study_view.h"

enum { LOOK_MS = 250 };

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

struct attach {
    struct store *store;
    struct spec *spec;
    struct live *live;
    int64_t study;
    bool *is_final; /* by trial: it has ended, and that was shown */
    int64_t n_final;
    bool first;
    const struct live_view *view;
};

static void fill(const struct study_view *v, struct live_trial *trials, struct live_view *out)
{
    *out = (struct live_view){.study = v->row->name,
                              .metric = v->spec->objectives[0].metric,
                              .max_trials = v->spec->max_trials,
                              .waiting = v->counts.waiting,
                              .best_trial = v->best,
                              .best = v->best >= 0 ? v->front.trials[0].values[0] : 0,
                              .best_ago = v->since_best,
                              .elapsed_s = v->elapsed_s,
                              .left_s = -1,
                              .n_trials = v->n_running,
                              .trials = trials};
    memcpy(out->by_state, v->counts.by_state, sizeof out->by_state);
    out->by_state[HONE_TRIAL_RUNNING] = v->running;
    if (v->has_cost) {
        out->currency = v->spec->currency ? v->spec->currency : "USD";
        live_money(out, &v->money);
    }
    for (size_t i = 0; i < v->n_running; i++) {
        const struct running_view *r = &v->runs[i];
        trials[i] = (struct live_trial){.trial = r->trial,
                                        .attempt = r->attempt,
                                        .state = r->waits ? "waiting" : "running",
                                        .has_value = r->has_value,
                                        .step = r->step,
                                        .value = r->value,
                                        .seconds = r->seconds};
    }
}

/* A line for each trial that has ended since the last look. */
static hone_status ended_visit(void *context, const struct trial_row *row, hone_error *err)
{
    struct attach *a = context;
    double values[HONE_MAX_OUTCOMES] = {0};
    if (row->number >= a->n_final) {
        int64_t n = row->number * 2 + 64;
        bool *bigger = mem_resize(a->is_final, (size_t)n, sizeof *bigger);
        if (!bigger)
            return error_set(err, HONE_ENOMEM, "out of memory");
        memset(bigger + a->n_final, 0, (size_t)(n - a->n_final) * sizeof *bigger);
        a->is_final = bigger;
        a->n_final = n;
    }
    if (row->state == HONE_TRIAL_RUNNING || a->is_final[row->number])
        return HONE_OK;
    a->is_final[row->number] = true;
    if (a->first)
        return HONE_OK;
    struct live_ended ended = {.trial = row->number,
                               .state = row->state,
                               .has_value = values_read(row->values, values) > 0,
                               .value = values[0],
                               .is_best = a->view->best_trial == row->number,
                               .seconds = (double)(row->ended_at - row->started_at) / 1000};
    snprintf(ended.reason, sizeof ended.reason, "%s", row->reason ? row->reason : "");
    live_trial_ended(a->live, a->view, &ended);
    return HONE_OK;
}

/* Show the study as it is; *over when nobody works on it. */
static hone_status look(struct attach *a, const char *name, bool *over, hone_error *err)
{
    struct study_row row = {0};
    struct study_view view = {0};
    struct live_view shown;
    hone_status status = store_study_find(a->store, name, &row, err);
    if (status)
        return status;
    int64_t now = time_now_ms();
    bool held = lease_is_held(&row, now);
    *over = !held;
    status = study_view_read(a->store, &row, held, now, &view, err);
    if (!status) {
        struct live_trial *trials = mem_array(view.n_running, sizeof *trials);
        if (trials) {
            fill(&view, trials, &shown);
            a->view = &shown;
            if (live_has_block(a->live))
                live_draw(a->live, &shown);
            else
                status = store_trials(a->store, row.id, -1, ended_visit, a, err);
        }
        mem_free(trials);
        study_view_release(&view);
    }
    a->first = false;
    study_row_release(&row);
    return status;
}

static int watch(struct attach *a, const char *name, const struct globals *globals)
{
    hone_error err = {0};
    hone_status status = HONE_OK;
    bool over = false;
    while (!status && !interrupted && !over) {
        status = look(a, name, &over, &err);
        if (!status && !over)
            nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
    }
    live_end(a->live);
    if (status)
        return fail(EXIT_SYSTEM, "%s", err.text);
    if (interrupted) {
        if (!globals->quiet)
            printf("\nstudy %s goes on; stop it: hone stop %s\n", name, name);
        return EXIT_DONE;
    }
    struct study_row row = {0};
    bool lost =
        store_study_find(a->store, name, &row, &err) == HONE_OK && row.state == STUDY_RUNNING;
    study_row_release(&row);
    if (lost) {
        printf("study %s is interrupted: no tuner is at work on it; go on: hone resume %s\n", name,
               name);
        return EXIT_INTERRUPTED;
    }
    return study_print_end(a->store, name, globals->quiet);
}

int cmd_attach(int argc, char **argv, const struct globals *globals)
{
    const char *name = NULL;
    struct study_row row = {0};
    hone_error err = {0};
    int status = args_read(argc, argv, NULL, 0, &name, 1, 1, NULL);
    if (status != EXIT_DONE)
        return status;
    struct attach a = {.first = true};
    a.store = open_study(globals, name, &row, &status);
    if (!a.store)
        return status;
    a.spec = study_spec(a.store, &row, &err);
    a.live = live_new(globals->color, globals->quiet);
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
    status = a.spec && a.live ? watch(&a, row.name, globals) : fail(EXIT_SYSTEM, "%s", err.text);
    live_free(a.live);
    spec_free(a.spec);
    mem_free(a.is_final);
    study_row_release(&row);
    store_close(a.store);
    return status;
}
