/*
 * simulate.c: hone simulate STUDY.yaml --trace FILE: the study on a simulated clock, with recorded
 * learning curves for trials.
 *
 * One setting is played and shown as `hone run` shows its end. Where --strategy, --early-stopping
 * or --parallel are given more than once, or several seeds, each combination is played and becomes
 * a row of a table. Every other option is the study's, as for `hone run`.
 */
#include "cli/cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/study_run.h"
#include "io/json.h"
#include "io/time.h"
#include "report/closing.h"
#include "report/table.h"
#include "report/text.h"
#include "search/hypervolume.h"
#include "simulate/play.h"

enum { MOST_CHOICES = 16, MOST_SEEDS = 1000 };

/* What one of the study's settings is to be, in turn; none: as the study has it. */
struct choices {
    const char *flag; /* that sets it */
    char *values[MOST_CHOICES];
    size_t n;
};

struct simulating {
    const struct globals *globals;
    const char *file, *trace_path;
    int64_t n_seeds;
    struct simulation_options options;
    struct choices strategies, stoppings, parallels;
    int argc; /* the study's own words */
    char **argv;
    struct spec *spec; /* without the choices */
    struct trace trace;
    char *store_url; /* that studies of warm_start are in */
    uint64_t seed;
    json_t *array;      /* with --json */
    struct table *rows; /* else, for more than one run */
    bool is_useful;     /* some run has a best trial */
    size_t n_done, n_runs;
};

/* What the runs of one combination came to. */
struct outcome {
    double *bests; /* of the runs that have one */
    size_t n_bests, n;
    double elapsed_s, trial_s, spent, saved; /* sums */
};

/* ---- Words ---- */

/* One value, or several with commas between them. */
static bool add_choices(struct choices *c, const char *text)
{
    bool is_map = text[0] == '{';
    while (*text) {
        size_t len = is_map ? strlen(text) : strcspn(text, ",");
        if (c->n == MOST_CHOICES || !(c->values[c->n] = mem_text_n(text, len)))
            return false;
        c->n++;
        text += len + (text[len] == ',');
    }
    return true;
}

static void free_choices(struct choices *c)
{
    for (size_t i = 0; i < c->n; i++)
        mem_free(c->values[i]);
}

/* Whether a word is --NAME, with its value behind "=" or in the next word. */
static bool is_option(const char *name, int argc, char **argv, int *i, const char **value_out)
{
    size_t len = strlen(name);
    if (strncmp(argv[*i], name, len) != 0 || (argv[*i][len] != '\0' && argv[*i][len] != '='))
        return false;
    if (argv[*i][len] == '=')
        *value_out = argv[*i] + len + 1;
    else
        *value_out = *i + 1 < argc ? argv[++*i] : NULL;
    return true;
}

static int take_value(struct simulating *s, const char *name, const char *value)
{
    double seconds = 0;
    struct choices *choices = strcmp(name, "--strategy") == 0    ? &s->strategies
                              : strncmp(name, "--early", 7) == 0 ? &s->stoppings
                              : strcmp(name, "-j") == 0          ? &s->parallels
                              : strcmp(name, "--parallel") == 0  ? &s->parallels
                              : strncmp(name, "--max", 5) == 0   ? &s->parallels
                                                                 : NULL;
    if (!value)
        return usage_error("simulate", "%s needs a value", name);
    if (choices)
        return add_choices(choices, value)
                   ? EXIT_DONE
                   : usage_error("simulate", "%s: at most %d values", name, MOST_CHOICES);
    if (strcmp(name, "--trace") == 0) {
        s->trace_path = value;
    } else if (strcmp(name, "--seeds") == 0) {
        if (!str_int64(value, strlen(value), &s->n_seeds) || s->n_seeds < 1 ||
            s->n_seeds > MOST_SEEDS)
            return usage_error("simulate", "--seeds: needs a number from 1 to %d", MOST_SEEDS);
    } else if (!duration_parse(value, &seconds) || seconds < 0) {
        return usage_error("simulate", "%s: needs a time such as 30s or 2h, got %s", name, value);
    } else if (strcmp(name, "--preempt-every") == 0) {
        s->options.preempt_every_s = seconds;
    } else {
        s->options.stop_s = seconds;
    }
    return EXIT_DONE;
}

/* Take our own words; what is left is the study's. */
static int take_words(struct simulating *s, int argc, char **argv)
{
    static const char *const own[] = {"--trace",          "--seeds",          "--preempt-every",
                                      "--stop-takes",     "--strategy",       "--parallel",
                                      "--early-stopping", "--early_stopping", "-j",
                                      "--max_parallel",   "--max-parallel"};
    int n = 1;
    for (int i = 1; i < argc; i++) {
        const char *value = NULL, *name = NULL;
        for (size_t k = 0; !name && k < sizeof own / sizeof own[0]; k++)
            if (is_option(own[k], argc, argv, &i, &value))
                name = own[k];
        if (name) {
            int status = take_value(s, name, value);
            if (status != EXIT_DONE)
                return status;
        } else if (!s->file && argv[i][0] != '-' && n == 1) {
            s->file = argv[i];
        } else {
            argv[n++] = argv[i];
        }
    }
    s->argc = n;
    s->argv = argv;
    if (!s->file)
        return n > 1 ? usage_error("simulate", "the study file comes before \"%s\"", argv[1])
                     : usage_error("simulate", "needs a study file");
    if (!s->trace_path)
        return usage_error("simulate", "needs --trace FILE, a table of recorded curves");
    return EXIT_DONE;
}

/* ---- One run ---- */

/* The study with a choice of each kind and a seed; NULL after its problems were printed. */
static struct spec *read_spec(const struct simulating *s, const char *const choices[3],
                              const char *seed)
{
    struct problems problems = {0};
    const char *flags[] = {s->strategies.flag, s->stoppings.flag, s->parallels.flag, "--seed"};
    const char *values[] = {choices[0], choices[1], choices[2], seed};
    int argc = s->argc;
    char **argv = mem_array((size_t)argc + 8, sizeof *argv);
    if (!argv) {
        fail(EXIT_SYSTEM, "out of memory");
        return NULL;
    }
    memcpy(argv, s->argv, (size_t)argc * sizeof *argv);
    for (size_t i = 0; i < 4; i++) {
        if (!values[i])
            continue;
        argv[argc++] = (char *)(uintptr_t)flags[i];
        argv[argc++] = (char *)(uintptr_t)values[i];
    }
    struct spec *spec = spec_read_file_flags(s->file, argc, argv, &problems);
    problems_print(&problems, s->file, stderr);
    problems_release(&problems);
    mem_free(argv);
    for (size_t i = 0; spec && i < spec->n_warm_parents; i++)
        if (!spec->warm_parents[i].store)
            spec->warm_parents[i].store = s->store_url;
    return spec;
}

/* What several objectives come to: the volume up to their references that the best trials dominate;
 * without references, how many they are. */
static double volume_of(const struct study_view *view)
{
    const struct spec *spec = view->spec;
    const struct best *front = &view->front;
    size_t m = spec->n_objectives;
    double volume = (double)front->n, reference[HONE_MAX_OBJECTIVES];
    struct arena scratch = {0};
    double *points = arena_array(&scratch, front->n * m, sizeof *points);
    for (size_t i = 0; points && spec->objectives[0].has_reference && i < front->n * m; i++) {
        const struct objective *o = &spec->objectives[i % m];
        double value = front->trials[i / m].values[i % m];
        points[i] = o->maximize ? -value : value;
        reference[i % m] = o->maximize ? -o->reference : o->reference;
    }
    if (points && spec->objectives[0].has_reference)
        volume = hypervolume(points, front->n, m, reference, &scratch);
    arena_release(&scratch);
    return volume;
}

static void add_outcome(struct outcome *o, const struct study_view *view)
{
    o->n++;
    if (view->best >= 0)
        o->bests[o->n_bests++] =
            view->spec->n_objectives > 1 ? volume_of(view) : view->front.trials[0].values[0];
    o->elapsed_s += view->elapsed_s;
    o->trial_s += view->trial_s;
    o->spent += view->money.spent;
    o->saved += view->money.saved_fraction;
}

static hone_status show_run(struct simulating *s, struct store *store, const struct study_row *row,
                            int64_t now, struct outcome *outcome, hone_error *err)
{
    int64_t best = -1;
    struct study_view view;
    hone_status status = HONE_OK;
    if (!s->array && !s->rows) {
        status = closing_print(store, row, now, stdout, text_columns(), &best, err);
        s->is_useful = s->is_useful || best >= 0;
        return status;
    }
    status = study_view_read(store, row, false, now, &view, err);
    if (status)
        return status;
    s->is_useful = s->is_useful || view.best >= 0;
    if (s->array) {
        json_t *object = study_view_json(&view);
        if (object)
            json_object_set_new(object, "early_stopping", json_string(view.spec->early_stopping));
        if (json_array_append_new(s->array, object) != 0)
            status = error_set(err, HONE_ENOMEM, "out of memory");
    } else {
        add_outcome(outcome, &view);
    }
    study_view_release(&view);
    return status;
}

static int play(struct simulating *s, const char *const choices[3], uint64_t seed,
                struct outcome *outcome)
{
    char text[32];
    hone_error err = {0};
    struct study_row row = {0};
    int64_t now = 0;
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    struct spec *spec = read_spec(s, choices, text);
    if (!spec)
        return EXIT_USAGE;
    struct store *store = store_open(":memory:", true, &err);
    hone_status status = store ? study_create(store, spec, &row, &err) : err.status;
    s->options.seed = seed;
    if (status)
        spec_free(spec);
    else
        status = simulate_play(store, &row, spec, &s->trace, &s->options, &now, &err);
    if (!status)
        status = show_run(s, store, &row, now, outcome, &err);
    study_row_release(&row);
    store_close(store);
    if (status)
        return fail(status == HONE_EINVAL ? EXIT_USAGE : EXIT_SYSTEM, "%s", err.text);
    return EXIT_DONE;
}

/* On a terminal, where there is something to wait for. */
static void show_progress(const struct simulating *s)
{
    if (s->n_runs < 2 || s->globals->quiet || !isatty(STDERR_FILENO))
        return;
    if (s->n_done < s->n_runs)
        fprintf(stderr, "\r%zu of %zu runs", s->n_done, s->n_runs);
    else
        fprintf(stderr, "\r\x1b[K");
}

/* ---- Combinations ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void add_row(const struct simulating *s, const char *const choices[3], struct outcome *o)
{
    char text[80], low[32], high[32];
    const struct spec *spec = s->spec;
    double n = (double)o->n;
    size_t m = o->n_bests;
    snprintf(text, sizeof text, "%lld", (long long)spec->max_parallel);
    table_cell(s->rows, choices[0] ? choices[0] : spec->strategy);
    table_cell(s->rows, choices[1] ? choices[1] : spec->early_stopping);
    table_cell(s->rows, choices[2] ? choices[2] : text);
    if (m > 0) {
        qsort(o->bests, m, sizeof *o->bests, by_value);
        table_number(s->rows, (o->bests[(m - 1) / 2] + o->bests[m / 2]) / 2);
    } else {
        table_cell(s->rows, "");
    }
    if (s->n_seeds > 1) {
        text_number(low, m > 0 ? o->bests[0] : 0);
        text_number(high, m > 0 ? o->bests[m - 1] : 0);
        snprintf(text, sizeof text, "%s to %s", low, high);
        table_cell(s->rows, m > 0 ? text : "");
    }
    duration_text(round(o->elapsed_s / n), text);
    table_cell(s->rows, text);
    snprintf(text, sizeof text, "%.1f", o->elapsed_s > 0 ? o->trial_s / o->elapsed_s : 1);
    table_cell(s->rows, text);
    if (!spec->has_price)
        return;
    snprintf(text, sizeof text, "%.2f %s", o->spent / n, spec->currency);
    table_cell(s->rows, text);
    snprintf(text, sizeof text, "%.0f %%", 100 * o->saved / n);
    table_cell(s->rows, text);
}

static int play_seeds(struct simulating *s, const char *const choices[3])
{
    struct outcome outcome = {.bests = mem_array((size_t)s->n_seeds, sizeof(double))};
    int status = outcome.bests ? EXIT_DONE : fail(EXIT_SYSTEM, "out of memory");
    for (int64_t i = 0; i < s->n_seeds && status == EXIT_DONE; i++) {
        show_progress(s);
        status = play(s, choices, s->seed + (uint64_t)i, &outcome);
        s->n_done++;
    }
    if (status == EXIT_DONE && s->rows)
        add_row(s, choices, &outcome);
    mem_free(outcome.bests);
    return status;
}

static size_t at_least_one(const struct choices *c)
{
    return c->n > 0 ? c->n : 1;
}

static int play_all(struct simulating *s)
{
    int status = EXIT_DONE;
    size_t n[3] = {at_least_one(&s->strategies), at_least_one(&s->stoppings),
                   at_least_one(&s->parallels)};
    for (size_t i = 0; i < n[0] * n[1] * n[2] && status == EXIT_DONE; i++) {
        const char *choices[3] = {s->strategies.values[i / n[2] / n[1]],
                                  s->stoppings.values[i / n[2] % n[1]],
                                  s->parallels.values[i % n[2]]};
        status = play_seeds(s, choices);
    }
    show_progress(s);
    return status;
}

static struct table *new_table(const struct simulating *s)
{
    struct table_column columns[9] = {
        {"STRATEGY", false, 0}, {"STOPPING", false, 0}, {"PARALLEL", true, 0}};
    size_t n = 3;
    const struct objective *first = &s->spec->objectives[0];
    const char *value = s->spec->n_objectives == 1 ? first->metric
                        : first->has_reference     ? "VOLUME"
                                                   : "FRONT";
    columns[n++] = (struct table_column){value, true, 0};
    if (s->n_seeds > 1)
        columns[n++] = (struct table_column){"RANGE", true, 1};
    columns[n++] = (struct table_column){"TIME", true, 0};
    columns[n++] = (struct table_column){"SPEED-UP", true, 1};
    if (s->spec->has_price) {
        columns[n++] = (struct table_column){"COST", true, 0};
        columns[n++] = (struct table_column){"SAVED", true, 1};
    }
    return table_new(n, columns);
}

static void print_head(const struct simulating *s)
{
    const struct spec *spec = s->spec;
    printf("simulated study %s: %lld trials by %zu recorded curves, seed %llu", spec->name,
           (long long)spec->max_trials, s->trace.n_curves, (unsigned long long)s->seed);
    if (s->n_seeds > 1)
        printf(" to %llu", (unsigned long long)(s->seed + (uint64_t)s->n_seeds - 1));
    printf("\n");
    if (s->trace.n_left_out > 0)
        printf("  %zu rows of the trace lie outside the study's space, and are left out\n",
               s->trace.n_left_out);
    printf("\n");
}

static int simulate(struct simulating *s)
{
    hone_error err = {0};
    const char *const none[3] = {NULL, NULL, NULL};
    s->spec = read_spec(s, none, NULL);
    if (!s->spec)
        return EXIT_USAGE;
    if (trace_read(&s->trace, s->trace_path, s->spec, &err) != HONE_OK)
        return fail(err.status == HONE_EIO ? EXIT_SYSTEM : EXIT_USAGE, "%s", err.text);
    s->seed = s->spec->has_seed ? s->spec->options.seed : tuner_new_seed();
    s->n_runs = (size_t)s->n_seeds * at_least_one(&s->strategies) * at_least_one(&s->stoppings) *
                at_least_one(&s->parallels);
    bool many = s->n_runs > 1;
    if (s->globals->json)
        s->array = json_array();
    else if (many)
        s->rows = new_table(s);
    if (!s->globals->json && !s->globals->quiet)
        print_head(s);
    int status = play_all(s);
    if (status == EXIT_DONE && s->rows)
        table_print(s->rows, stdout, text_columns(), s->globals->color);
    if (status == EXIT_DONE && s->array) {
        char *text = json_write(many ? s->array : json_array_get(s->array, 0));
        puts(text ? text : "null");
        mem_free(text);
    }
    return status == EXIT_DONE && !s->is_useful ? EXIT_NOTHING : status;
}

int cmd_simulate(int argc, char **argv, const struct globals *globals)
{
    struct simulating s = {.globals = globals,
                           .n_seeds = 1,
                           .strategies = {.flag = "--strategy"},
                           .stoppings = {.flag = "--early_stopping"},
                           .parallels = {.flag = "--max_parallel"}};
    int status = take_words(&s, argc, argv);
    s.store_url = default_store_url(globals);
    if (status == EXIT_DONE)
        status = simulate(&s);
    trace_release(&s.trace);
    spec_free(s.spec);
    table_free(s.rows);
    json_decref(s.array);
    mem_free(s.store_url);
    free_choices(&s.strategies);
    free_choices(&s.stoppings);
    free_choices(&s.parallels);
    return status;
}
