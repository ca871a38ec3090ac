/* status_text.c: see status_text.h. */
#include "report/status_text.h"

#include "io/json.h"
#include "io/time.h"
#include "report/money.h"
#include "report/text.h"

#include <string.h>

enum { MOST_RUNS = 16, LINE_MAX_BYTES = 1 << 16 };

static enum table_paint paint_of_state(const char *state)
{
    if (strcmp(state, "running") == 0)
        return PAINT_CYAN;
    if (strcmp(state, "finished") == 0)
        return PAINT_GREEN;
    return strcmp(state, "failed") == 0 ? PAINT_RED : PAINT_PLAIN;
}

static void count(struct buf *text, int64_t n, const char *what)
{
    if (n > 0)
        buf_printf(text, "%s%lld %s", text->len > 0 ? ", " : "", (long long)n, what);
}

static void add_counts(struct buf *text, const struct study_view *view)
{
    const int64_t *n = view->counts.by_state;
    count(text, view->running, "running");
    count(text, view->counts.waiting, "waiting");
    count(text, n[HONE_TRIAL_COMPLETED], "completed");
    count(text, n[HONE_TRIAL_STOPPED], "stopped early");
    count(text, n[HONE_TRIAL_FAILED], "failed");
    count(text, n[HONE_TRIAL_CANCELLED], "cancelled");
    if (text->len == 0)
        buf_text(text, "none yet");
    buf_printf(text, "; %lld planned, %lld at a time", (long long)view->spec->max_trials,
               (long long)view->spec->max_parallel);
    if (view->counts.imported > 0)
        buf_printf(text, "; %lld imported", (long long)view->counts.imported);
    if (view->counts.warm > 0)
        buf_printf(text, "; %lld of earlier studies", (long long)view->counts.warm);
}

static void add_best(struct buf *text, const struct study_view *view)
{
    char number[32];
    const struct spec *spec = view->spec;
    for (size_t i = 0; i < spec->n_objectives; i++) {
        text_number(number, view->front.trials[0].values[i]);
        buf_printf(text, "%s%s %s (%s)", i > 0 ? ", " : "", spec->objectives[i].metric, number,
                   spec->objectives[i].maximize ? "maximize" : "minimize");
    }
    buf_printf(text, ", trial %lld", (long long)view->best);
    if (view->front.confirmed.n > 0) {
        text_number(number, view->front.confirmed.trials[0].result.mean);
        buf_printf(text, ", confirmed: mean %s", number);
    }
    if (spec->n_objectives > 1)
        buf_printf(text, ", of %zu that no other beats", view->front.n);
    if (view->since_best > 0)
        buf_printf(text, ", %lld trial%s ago", (long long)view->since_best,
                   view->since_best > 1 ? "s" : "");
}

static void print_best(const struct study_view *view, FILE *out, int columns)
{
    struct buf text;
    buf_init(&text, LINE_MAX_BYTES);
    if (view->best < 0) {
        buf_text(&text, best_missing(&view->front));
        text_labelled(out, "best", text.data, columns);
    } else {
        add_best(&text, view);
        text_labelled(out, "best", text.data, columns);
        buf_clear(&text);
        settings_text(&text, view->front.trials[0].params);
        text_labelled(out, "", text.data, columns);
    }
    buf_release(&text);
}

static void print_search(const struct study_view *view, FILE *out, int columns)
{
    struct buf text;
    buf_init(&text, LINE_MAX_BYTES);
    buf_printf(&text, "%s, seed %llu", view->strategy, (unsigned long long)view->row->seed);
    if (strcmp(view->spec->early_stopping, "off") != 0)
        buf_printf(&text, ", early stopping: %s", view->spec->early_stopping);
    if (view->has_ask_ms)
        buf_printf(&text, "; %.2g ms a proposal (95 %%: %.2g ms)", view->ask_median_ms,
                   view->ask_p95_ms);
    text_labelled(out, "search", text.data, columns);
    buf_release(&text);
}

/** What one trial takes of the machine, where that is limited. */
static void print_slots(const struct study_view *view, FILE *out, int columns)
{
    const struct spec *spec = view->spec;
    char memory[32];
    struct buf text;
    if (!spec_takes_slots(spec))
        return;
    buf_init(&text, LINE_MAX_BYTES);
    if (spec->slot_cpus > 0)
        buf_printf(&text, "%zu CPU%s", spec->slot_cpus, spec->slot_cpus > 1 ? "s" : "");
    if (spec->slot_gpus > 0 && spec->slot_per_gpu > 1)
        buf_printf(&text, "%s1/%zu GPU", text.len > 0 ? ", " : "", spec->slot_per_gpu);
    else if (spec->slot_gpus > 0)
        buf_printf(&text, "%s%zu GPU%s", text.len > 0 ? ", " : "", spec->slot_gpus,
                   spec->slot_gpus > 1 ? "s" : "");
    if (spec->slot_memory_bytes > 0) {
        bytes_text(spec->slot_memory_bytes, memory);
        buf_printf(&text, "%s%s", text.len > 0 ? ", " : "", memory);
    }
    buf_printf(&text, " a trial; %lld of %lld places busy", (long long)view->running,
               (long long)spec->max_parallel);
    text_labelled(out, "slots", text.data, columns);
    buf_release(&text);
}

static void print_runs(const struct study_view *view, FILE *out, int columns, bool color)
{
    struct table *table =
        table_new(5, (struct table_column[]){{"RUNNING", true, 0},
                                             {"ATTEMPT", true, 2},
                                             {"TIME", true, 1},
                                             {"STEP", true, 1},
                                             {view->spec->objectives[0].metric, true, 0}});
    if (table == NULL)
        return;
    for (size_t i = 0; i < view->n_running && i < MOST_RUNS; i++) {
        const struct running_view *run = &view->runs[i];
        char time[32];
        duration_text(run->seconds, time);
        table_number(table, (double)run->trial);
        table_number(table, (double)run->attempt);
        table_cell(table, run->waits ? "waits" : time);
        if (run->has_value) {
            table_number(table, run->step);
            table_number(table, run->value);
        } else {
            table_cell(table, "");
            table_cell(table, "");
        }
    }
    fputc('\n', out);
    table_print(table, out, columns, color);
    if (view->n_running > MOST_RUNS)
        fprintf(out, "and %zu more\n", view->n_running - MOST_RUNS);
    table_free(table);
}

void status_print(const struct study_view *view, FILE *out, int columns, bool color)
{
    struct buf text;
    buf_init(&text, LINE_MAX_BYTES);
    enum table_paint paint = paint_of_state(view->state);
    fprintf(out, "%s: %s%s%s", view->row->name, paint_begin(paint, color), view->state,
            paint_end(paint, color));
    if (view->row->reason != NULL) {
        fputs(" (", out);
        text_print(out, view->row->reason);
        fputc(')', out);
    }
    fputs("\n\n", out);
    add_counts(&text, view);
    text_labelled(out, "trials", text.data, columns);
    print_best(view, out, columns);
    money_print(view, out, columns);
    print_search(view, out, columns);
    print_slots(view, out, columns);
    if (strcmp(view->state, "running") == 0) {
        buf_clear(&text);
        buf_printf(&text, "pid %lld on %s", (long long)view->row->owner.pid, view->row->owner.host);
        text_labelled(out, "tuner", text.data, columns);
    }
    if (view->n_running > 0)
        print_runs(view, out, columns, color);
    if (strcmp(view->state, "interrupted") == 0)
        fprintf(out, "\nNo tuner is at work on it. Go on with: hone resume %s\n", view->row->name);
    buf_release(&text);
}

struct table *list_table(void)
{
    return table_new(7, (struct table_column[]){{"STUDY", false, 0},
                                                {"STATE", false, 0},
                                                {"TRIALS", true, 0},
                                                {"BEST", true, 0},
                                                {"OBJECTIVE", false, 1},
                                                {"STARTED (UTC)", true, 2},
                                                {"REASON", false, 3}});
}

void list_row(struct table *table, const struct study_view *view)
{
    char text[80];
    table_paint(table, paint_of_state(view->state));
    table_cell(table, view->row->name);
    table_cell(table, view->state);
    snprintf(text, sizeof text, "%lld/%lld", (long long)view->ended,
             (long long)view->spec->max_trials);
    table_cell(table, text);
    if (view->best >= 0)
        table_number(table, view->front.trials[0].values[0]);
    else
        table_cell(table, "");
    table_cell(table, view->spec->objectives[0].metric);
    text_time(text, view->row->started_at);
    table_cell(table, text);
    table_cell(table, view->row->reason);
}
