/*
 * fill_store.c: makes a store with a study that has everything a reader may meet: trials in all
 * states, several attempts, a resumed curve, an inactive parameter, values that are not finite, and
 * texts that would like to command the terminal. Times are fixed, so that outputs are too.
 *
 *     fill_store STORE        the study "seg"
 *     fill_store STORE N      besides, "many" with N completed trials, for measurements
 */
#include "base/mem.h"
#include "spec/spec.h"
#include "store/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t t0 = 1700000000000; /* 2023-11-14T22:13:20Z */

static const char spec_text[] =
    "study: seg\n"
    "command: python3 train.py --epochs 10\n"
    "objective: {metric: 'val:dice', goal: maximize}\n"
    "metrics: {'val:dice': 'val:dice=([0-9.]+)', 'train:loss': 'train:loss=([0-9.]+)'}\n"
    "parameters:\n"
    "  lr: {type: float, min: 1.0e-5, max: 1.0e-1, scale: log}\n"
    "  batch_size: {type: choice, values: [1, 2, 4]}\n"
    "  use_dropout: {type: choice, values: ['True', 'False']}\n"
    "  dropout: {type: float, min: 0.1, max: 0.5, when: {use_dropout: 'True'}}\n"
    "max_trials: 20\n"
    "max_parallel: 4\n"
    "early_stopping: median\n"
    "seed: 7\n"
    "price_per_hour: {on_demand: 1.41, spot: 0.42, currency: USD}\n";

static void check(hone_status status, const hone_error *err)
{
    if (status == HONE_OK)
        return;
    fprintf(stderr, "fill_store: %s\n", err->text);
    exit(1);
}

static struct spec *read_spec(const char *text)
{
    struct problems problems = {0};
    struct spec *spec = spec_read_text(text, strlen(text), "study.yaml", &problems);
    if (spec == NULL) {
        problems_print(&problems, "study.yaml", stderr);
        exit(1);
    }
    problems_release(&problems);
    return spec;
}

struct trial {
    const char *origin;
    hone_trial_state state;
    const char *params, *values, *why, *reason, *log_tail;
    int64_t start_s, end_s; /* after t0; end 0: runs */
    int attempts;
    double curve[6]; /* val:dice at steps 2, 4, ...; 0 ends it */
};

static const struct trial trials[] = {
    {"start",
     HONE_TRIAL_COMPLETED,
     "{\"lr\": 0.001, \"batch_size\": 2, \"use_dropout\": \"False\"}",
     "[0.8123]",
     "a start configuration",
     NULL,
     NULL,
     0,
     100,
     1,
     {0.5, 0.7, 0.8, 0.8123}},
    {"search",
     HONE_TRIAL_COMPLETED,
     "{\"lr\": 0.000234, \"batch_size\": 4, \"use_dropout\": \"True\", \"dropout\": 0.25}",
     "[0.9123456789012345]",
     "space filling",
     NULL,
     NULL,
     0,
     140,
     1,
     {0.4, 0.71, 0.9131, 0.9123456789012345}},
    {"search",
     HONE_TRIAL_STOPPED,
     "{\"lr\": 0.09, \"batch_size\": 1, \"use_dropout\": \"True\", \"dropout\": 0.5}",
     NULL,
     "space filling",
     "0.31 at step 4 is below the median 0.7 of 2 trials",
     NULL,
     100,
     130,
     1,
     {0.3, 0.31}},
    {"search",
     HONE_TRIAL_FAILED,
     "{\"lr\": 0.1, \"batch_size\": 1, \"use_dropout\": \"False\"}",
     NULL,
     "expected improvement",
     "signal 11 (SIGSEGV)",
     "epoch 1\n\x1b[31mred\x1b[0m and \x1b]0;title\x07\nlast line\n",
     140,
     150,
     1,
     {0}},
    {"search",
     HONE_TRIAL_COMPLETED,
     "{\"lr\": 0.0005, \"batch_size\": 4, \"use_dropout\": \"False\"}",
     "[0.90]",
     "expected improvement",
     NULL,
     NULL,
     130,
     330,
     2,
     {0.6, 0.8, 0.85, 0.9}},
    {"search",
     HONE_TRIAL_CANCELLED,
     "{\"lr\": 0.0007, \"batch_size\": 2, \"use_dropout\": \"False\"}",
     NULL,
     "expected improvement",
     "stopped by ann",
     NULL,
     150,
     170,
     1,
     {0}},
    {"search",
     HONE_TRIAL_RUNNING,
     "{\"lr\": 0.0003, \"batch_size\": 4, \"use_dropout\": \"True\", \"dropout\": 0.1}",
     NULL,
     "expected improvement",
     NULL,
     NULL,
     340,
     0,
     1,
     {0.55, 0.75}},
};

static void put_attempts(struct store *store, int64_t number, const struct trial *t)
{
    hone_error err = {0};
    char node[] = "vm", lost[] = "the machine was restarted";
    for (int i = 1; i <= t->attempts; i++) {
        bool last = i == t->attempts;
        int64_t length = t->end_s - t->start_s;
        struct attempt_row row = {.trial = number,
                                  .number = i,
                                  .state = !last                              ? ATTEMPT_LOST
                                           : t->state == HONE_TRIAL_RUNNING   ? ATTEMPT_RUNNING
                                           : t->state == HONE_TRIAL_COMPLETED ? ATTEMPT_SUCCEEDED
                                           : t->state == HONE_TRIAL_FAILED    ? ATTEMPT_FAILED
                                                                              : ATTEMPT_CANCELLED,
                                  .node = node,
                                  .started_at =
                                      t0 + 1000 * (t->start_s + (last && i > 1 ? length / 2 : 0)),
                                  .ended_at = last ? (t->end_s != 0 ? t0 + 1000 * t->end_s : 0)
                                                   : t0 + 1000 * (t->start_s + length / 4),
                                  .exit_code = last && t->state == HONE_TRIAL_COMPLETED ? 0 : -1,
                                  .exit_signal = t->state == HONE_TRIAL_FAILED ? 11 : 0,
                                  .spot = number == 1,
                                  .reason = last ? NULL : lost};
        check(store_put_attempt(store, &row, &err), &err);
    }
}

static void put_curve(struct store *store, int64_t number, const struct trial *t)
{
    hone_error err = {0};
    for (int64_t i = 0; i < 6 && t->curve[i] > 0; i++) {
        int64_t at = t0 + 1000 * (t->start_s + 10 * (i + 1));
        int64_t attempt = t->attempts > 1 && i >= 2 ? 2 : 1;
        int64_t seq = attempt == 2 ? i - 2 : i;
        double step = 2 * (double)(i + 1);
        struct observation rows[] = {
            {number, attempt, "val:dice", seq, step, at, t->curve[i]},
            {number, attempt, "train:loss", seq, step, at, 1 - t->curve[i]}};
        check(store_put_observations(store, rows, 2, &err), &err);
    }
}

static char *text(const char *literal)
{
    return literal != NULL ? mem_text(literal) : NULL;
}

static void put_trial(struct store *store, int64_t number, const struct trial *t)
{
    hone_error err = {0};
    struct trial_row row = {.number = number,
                            .state = t->state,
                            .started_at = t0 + 1000 * t->start_s,
                            .ended_at = t->end_s != 0 ? t0 + 1000 * t->end_s : 0};
    char **fields[] = {&row.origin, &row.params, &row.values, &row.why, &row.reason, &row.log_tail};
    const char *literals[] = {t->origin, t->params, t->values, t->why, t->reason, t->log_tail};
    for (size_t i = 0; i < 6; i++)
        *fields[i] = text(literals[i]);
    check(store_put_trial(store, &row, &err), &err);
    for (size_t i = 0; i < 6; i++)
        mem_free(*fields[i]);
    put_attempts(store, number, t);
    put_curve(store, number, t);
}

/** A cancelled trial's last word. */
static void put_nan(struct store *store, int64_t number)
{
    hone_error err = {0};
    struct observation row = {number, 1, "train:loss", 0, 1, t0 + 160000, (double)NAN};
    check(store_put_observations(store, &row, 1, &err), &err);
}

/** Make a study and begin a transaction on it; *row is to be put and released. */
static void begin(struct store *store, const struct spec *spec, const char *name,
                  struct study_row *row)
{
    hone_error err = {0};
    struct owner owner = {.host = "elsewhere", .pid = 4242, .pid_start = 1, .boot_id = "b"};
    *row = (struct study_row){.uid = text(name),
                              .name = text(name),
                              .spec = text(spec->text),
                              .seed = 7,
                              .state = STUDY_RUNNING,
                              .wanted = true,
                              .created_at = t0,
                              .started_at = t0};
    check(store_study_create(store, row, &err), &err);
    check(store_lease_take(store, row->id, 0, &owner, t0, 60000, &row->epoch, &err), &err);
    check(store_begin(store, row->id, row->epoch, &err), &err);
    row->owner = owner;
    row->lease_until = t0 + 400000; /* long ago: the study is interrupted */
    row->active_ms = 340500;
    row->stats = text("{\"ask_ms\": {\"median\": 1.9, \"p95\": 4.2}}");
}

static void end(struct store *store, struct study_row *row)
{
    hone_error err = {0};
    check(store_put_study(store, row, &err), &err);
    check(store_commit(store, &err), &err);
    study_row_release(row);
}

static void fill_many(struct store *store, const struct spec *spec, long n)
{
    struct study_row row;
    begin(store, spec, "many", &row);
    for (long i = 0; i < n; i++) {
        char params[200], values[64];
        double value = 0.5 + 0.4 * (double)(i * 7919 % 1000) / 1000;
        snprintf(params, sizeof params,
                 "{\"lr\": %g, \"batch_size\": %d, \"use_dropout\": \"False\"}",
                 1e-5 * (double)(1 + i % 1000), 1 << i % 3);
        snprintf(values, sizeof values, "[%.17g]", value);
        struct trial t = {"search",
                          HONE_TRIAL_COMPLETED,
                          params,
                          values,
                          "space filling",
                          NULL,
                          NULL,
                          10 * i,
                          10 * i + 10,
                          1,
                          {value / 2, value}};
        put_trial(store, i, &t);
    }
    end(store, &row);
}

int main(int argc, char **argv)
{
    hone_error err = {0};
    if (argc < 2)
        return 2;
    struct store *store = store_open(argv[1], true, &err);
    if (store == NULL)
        check(HONE_EIO, &err);
    struct spec *spec = read_spec(spec_text);
    struct study_row row;
    begin(store, spec, "seg", &row);
    for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++)
        put_trial(store, (int64_t)i, &trials[i]);
    put_nan(store, 5);
    end(store, &row);
    if (argc > 2)
        fill_many(store, spec, strtol(argv[2], NULL, 10));
    spec_free(spec);
    store_close(store);
    return 0;
}
