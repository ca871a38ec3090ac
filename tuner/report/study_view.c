/*
 * study_view.c: see study_view.h. Time and money are the ledger's (study/ledger.h has the
 * formulas); the speed-up is the time of all attempts over the time during which a tuner was at
 * work. Trials that were run elsewhere count in neither.
 */
#include "report/study_view.h"

#include "base/mem.h"
#include "base/str.h"
#include "io/time.h"
#include "report/text.h"

#include <math.h>
#include <string.h>

/* What the figures need of each trial. */
struct brief {
    hone_trial_state state;
    bool own, repeat;
    int64_t ended_at;
};

struct reading {
    struct study_view *view;
    struct brief *trials; /* by number */
    size_t n_trials, room;
    struct ledger ledger;
    int64_t *running; /* numbers */
    size_t n_running, running_room;
    bool has_repeats;
    int64_t now;
};

json_t *json_of_double(double x)
{
    if (isnan(x))
        return json_string("NaN");
    if (isinf(x))
        return json_string(x > 0 ? "Infinity" : "-Infinity");
    return json_real(x);
}

json_t *json_of_time(int64_t ms)
{
    char text[32];
    time_text(ms, text);
    return ms != 0 ? json_string(text) : json_null();
}

/* jansson takes no broken UTF-8, which logs and reasons may have: it becomes U+FFFD. */
json_t *json_of_text(const char *text)
{
    if (text == NULL)
        return json_null();
    json_t *json = json_string(text);
    if (json != NULL)
        return json;
    struct buf repaired;
    buf_init(&repaired, 3 * strlen(text));
    size_t len = strlen(text);
    for (size_t i = 0, n; i < len; i += n) {
        uint32_t c;
        n = text_decode(text + i, len - i, &c);
        if (c == 0xfffd)
            buf_text(&repaired, "\xef\xbf\xbd");
        else
            buf_add(&repaired, text + i, n);
    }
    json = json_stringn(repaired.data, repaired.len);
    buf_release(&repaired);
    return json;
}

struct spec *stored_spec(const struct study_row *row, hone_error *err)
{
    struct problems problems = {0};
    struct spec *spec = spec_read_text(row->spec, strlen(row->spec), row->name, &problems);
    if (spec == NULL)
        error_set(err, HONE_EIO, "study \"%s\" was stored by another version of hone: %s",
                  row->name, problems.n > 0 ? problems.lines[0] : "it cannot be read");
    problems_release(&problems);
    return spec;
}

size_t values_read(const char *values, double out[HONE_MAX_OUTCOMES])
{
    size_t n = 0;
    const char *at = values != NULL ? values + strspn(values, "[ ") : "";
    while (n < HONE_MAX_OUTCOMES) {
        size_t len = strcspn(at, ",] ");
        if (!str_double(at, len, &out[n]))
            break;
        n++;
        at += len;
        at += strspn(at, ", ");
    }
    return n;
}

void settings_text(struct buf *out, const char *params)
{
    json_t *object = json_read(params, strlen(params), NULL);
    const char *name;
    json_t *value;
    const char *separator = "";
    json_object_foreach(object, name, value)
    {
        char number[32];
        text_number(number, json_number_value(value));
        buf_printf(out, "%s%s=%s", separator, name,
                   json_is_string(value) ? json_string_value(value) : number);
        separator = " ";
    }
    json_decref(object);
}

bool objective_better(const struct spec *spec, size_t i, double a, double b)
{
    return spec->objectives[i].maximize ? a > b : a < b;
}

static bool grow(void *array, size_t *room, size_t n, size_t size)
{
    void **block = array;
    if (n < *room)
        return true;
    size_t more = *room > 0 ? 2 * *room : 64;
    void *grown = *block != NULL ? mem_resize(*block, more, size) : mem_array(more, size);
    if (grown == NULL)
        return false;
    *block = grown;
    *room = more;
    return true;
}

static hone_status read_trial(void *context, const struct trial_row *row, hone_error *err)
{
    struct reading *r = context;
    struct study_view *view = r->view;
    if (row->number != (int64_t)r->n_trials)
        return error_set(err, HONE_EIO, "study \"%s\": trial %lld follows trial %lld",
                         view->row->name, (long long)row->number, (long long)r->n_trials - 1);
    if (!grow(&r->trials, &r->room, r->n_trials, sizeof *r->trials) ||
        !grow(&r->running, &r->running_room, r->n_running, sizeof *r->running))
        return error_memory(err);
    r->trials[r->n_trials++] = (struct brief){.state = row->state,
                                              .own = trial_is_own(row->origin),
                                              .repeat = trial_repeat_of(row) >= 0,
                                              .ended_at = row->ended_at};
    if (row->state == HONE_TRIAL_RUNNING)
        r->running[r->n_running++] = row->number;
    r->has_repeats = r->has_repeats || r->trials[row->number].repeat;
    if (view->has_cost && trial_is_own(row->origin) &&
        ledger_trial(&r->ledger, row->number, row->state, trial_is_cut(row), err) != HONE_OK)
        return HONE_ENOMEM;
    return best_add(&view->front, view->spec, row, err);
}

int64_t attempt_ms(const struct attempt_row *row, int64_t now)
{
    int64_t end = row->ended_at != 0 ? row->ended_at : now;
    bool ran = row->started_at != 0 && (row->ended_at != 0 || row->state == ATTEMPT_RUNNING);
    return ran && end > row->started_at ? end - row->started_at : 0;
}

struct ledger_terms spec_terms(const struct spec *spec)
{
    return (struct ledger_terms){.on_demand = spec->price_on_demand,
                                 .spot = spec->price_spot,
                                 .spot_next = spec->spot,
                                 .limit = spec->stop_cost};
}

static hone_status read_cost(void *context, const struct attempt_row *row, hone_error *err)
{
    (void)err;
    struct reading *r = context;
    if (row->ended_at != 0)
        ledger_paid(&r->ledger, row->trial, row->spot, attempt_ms(row, r->now));
    else
        ledger_running(&r->ledger, row->trial, row->spot, attempt_ms(row, r->now));
    return HONE_OK;
}

/* A study that has ended, or that was stopped, costs no more. */
static hone_status sum_cost(struct store *store, struct reading *r, hone_error *err)
{
    struct study_view *view = r->view;
    struct ledger_terms terms = spec_terms(view->spec);
    int64_t to_come = view->spec->max_trials - view->ended - (int64_t)r->n_running;
    terms.to_come = to_come > 0 ? to_come : 0;
    hone_status status = store_attempts(store, view->row->id, -1, read_cost, r, err);
    if (status == HONE_OK)
        status = ledger_sum(&r->ledger, &terms, &view->money, err);
    if (status == HONE_OK && view->row->state != STUDY_RUNNING)
        view->money.forecast = view->money.spent;
    return status;
}

static hone_status read_run_attempt(void *context, const struct attempt_row *row, hone_error *err)
{
    (void)err;
    struct reading *r = context;
    struct running_view *run = &r->view->runs[r->view->n_running];
    run->attempt = row->number;
    run->waits = row->state == ATTEMPT_WAITING;
    run->seconds = (double)attempt_ms(row, r->now) / 1000;
    return HONE_OK;
}

static hone_status read_run_value(void *context, const struct observation *row, hone_error *err)
{
    (void)err;
    struct reading *r = context;
    struct running_view *run = &r->view->runs[r->view->n_running];
    run->has_value = true;
    run->step = row->step;
    run->value = row->value;
    return HONE_OK;
}

/** Step, value and time of each running trial; observations come in the order of attempt and seq.
 */
static hone_status read_running(struct store *store, struct reading *r, hone_error *err)
{
    struct study_view *view = r->view;
    hone_status status = HONE_OK;
    view->runs = mem_array(r->n_running, sizeof *view->runs);
    if (view->runs == NULL)
        return error_memory(err);
    for (size_t i = 0; i < r->n_running && status == HONE_OK; i++) {
        int64_t trial = r->running[i];
        view->runs[i].trial = trial;
        status = store_attempts(store, view->row->id, trial, read_run_attempt, r, err);
        if (status == HONE_OK)
            status = store_observations(store, view->row->id, trial,
                                        view->spec->objectives[0].metric, read_run_value, r, err);
        if (!view->runs[i].waits)
            view->trial_s += view->runs[i].seconds;
        view->n_running++;
    }
    return status;
}

static void read_stats(struct study_view *view)
{
    json_t *stats = view->row->stats != NULL
                        ? json_read(view->row->stats, strlen(view->row->stats), NULL)
                        : NULL;
    json_t *ask = json_object_get(stats, "ask_ms");
    json_t *median = json_object_get(ask, "median"), *p95 = json_object_get(ask, "p95");
    view->has_ask_ms = json_is_number(median) && json_is_number(p95);
    view->ask_median_ms = json_number_value(median);
    view->ask_p95_ms = json_number_value(p95);
    json_decref(stats);
}

static void count_ended(struct reading *r)
{
    struct study_view *view = r->view;
    const int64_t *n = view->counts.by_state;
    view->running = n[HONE_TRIAL_RUNNING] - view->counts.waiting;
    view->ended = n[HONE_TRIAL_COMPLETED] + n[HONE_TRIAL_STOPPED] + n[HONE_TRIAL_FAILED] +
                  n[HONE_TRIAL_CANCELLED];
    int64_t best_ended_at = 0;
    for (size_t i = 0; i < view->front.n; i++)
        if (view->front.trials[i].ended_at > best_ended_at)
            best_ended_at = view->front.trials[i].ended_at;
    view->best = view->front.n > 0 ? view->front.trials[0].number : -1;
    for (size_t i = 0; i < r->n_trials; i++)
        view->since_best += view->best >= 0 && r->trials[i].own && !r->trials[i].repeat &&
                            r->trials[i].state != HONE_TRIAL_RUNNING &&
                            r->trials[i].ended_at > best_ended_at;
}

int64_t study_now(const struct study_row *row, bool held, int64_t now)
{
    return held || row->lease_until == 0 || row->lease_until > now ? now : row->lease_until;
}

/* The tuner writes its time now and then, together with the lease; what came after that is added.
 */
static int64_t elapsed_ms(const struct study_row *row, const struct spec *spec, bool held,
                          int64_t now)
{
    int64_t written_at = row->lease_until - (int64_t)(spec->lease_s * 1000);
    return row->active_ms + (held && now > written_at ? now - written_at : 0);
}

hone_status study_view_read(struct store *store, const struct study_row *row, bool held,
                            int64_t now, struct study_view *out, hone_error *err)
{
    *out = (struct study_view){.row = row, .best = -1};
    struct reading r = {.view = out, .now = study_now(row, held, now)};
    hone_status status = HONE_OK;

    out->state =
        row->state == STUDY_RUNNING && !held ? "interrupted" : study_state_text(row->state);
    out->spec = stored_spec(row, err);
    if (out->spec == NULL)
        return HONE_EIO;
    out->strategy = out->spec->strategy;
    out->has_cost = out->spec->has_price;
    status = store_counts(store, row->id, &out->counts, err);
    if (status == HONE_OK)
        status = store_trials(store, row->id, -1, read_trial, &r, err);
    if (status != HONE_OK)
        goto out;
    if (r.has_repeats && out->spec->n_objectives == 1)
        status = best_confirm(&out->front, store, row, out->spec, err);
    if (status != HONE_OK)
        goto out;
    count_ended(&r);
    out->elapsed_s = (double)elapsed_ms(row, out->spec, held, now) / 1000;
    out->trial_s = (double)out->counts.attempts_ms / 1000;
    status = read_running(store, &r, err);
    if (status == HONE_OK && out->has_cost)
        status = sum_cost(store, &r, err);
    out->speedup = out->elapsed_s > 0 ? out->trial_s / out->elapsed_s : 0;
    read_stats(out);
out:
    ledger_release(&r.ledger);
    mem_free(r.trials);
    mem_free(r.running);
    if (status != HONE_OK)
        study_view_release(out);
    return status;
}

void study_view_release(struct study_view *view)
{
    spec_free(view->spec);
    best_release(&view->front);
    mem_free(view->runs);
    *view = (struct study_view){0};
}

static json_t *best_json(const struct study_view *view)
{
    if (view->best < 0)
        return json_null();
    const struct best_trial *best = &view->front.trials[0];
    json_t *values = json_array();
    for (size_t i = 0; i < view->spec->n_objectives; i++)
        json_array_append_new(values, json_of_double(best->values[i]));
    return json_pack("{s:I, s:o, s:o, s:b}", "trial", (json_int_t)view->best, "values", values,
                     "params", json_read(best->params, strlen(best->params), NULL), "confirmed",
                     view->front.confirmed.n > 0);
}

static json_t *cost_json(const struct study_view *view)
{
    const struct ledger_sums *money = &view->money;
    if (!view->has_cost)
        return json_null();
    return json_pack("{s:s, s:f, s:o, s:{s:f, s:f}}", "currency", view->spec->currency, "spent",
                     money->spent, "forecast",
                     isnan(money->forecast) ? json_null() : json_real(money->forecast), "saved",
                     "early_stopping", money->saved_stopping, "spot", money->saved_spot);
}

json_t *study_view_json(const struct study_view *view)
{
    const struct spec *spec = view->spec;
    const int64_t *n = view->counts.by_state;
    json_t *goals = json_array(), *metrics = json_array();
    for (size_t i = 0; i < spec->n_objectives; i++) {
        json_array_append_new(goals,
                              json_string(spec->objectives[i].maximize ? "maximize" : "minimize"));
        json_array_append_new(metrics, json_string(spec->objectives[i].metric));
    }
    json_t *counts = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I}", "waiting", (json_int_t)view->counts.waiting, "running",
        (json_int_t)view->running, "completed", (json_int_t)n[HONE_TRIAL_COMPLETED], "stopped",
        (json_int_t)n[HONE_TRIAL_STOPPED], "failed", (json_int_t)n[HONE_TRIAL_FAILED], "cancelled",
        (json_int_t)n[HONE_TRIAL_CANCELLED]);
    json_t *ask = view->has_ask_ms ? json_pack("{s:f, s:f}", "median", view->ask_median_ms, "p95",
                                               view->ask_p95_ms)
                                   : json_null();
    return json_pack(
        "{s:s, s:s, s:o, s:I, s:s, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:f, s:f, s:o, s:o, "
        "s:o}",
        "study", view->row->name, "state", view->state, "reason", json_of_text(view->row->reason),
        "seed", (json_int_t)view->row->seed, "strategy", view->strategy, "goal", goals,
        "objectives", metrics, "counts", counts, "max_trials", (json_int_t)spec->max_trials,
        "max_parallel", (json_int_t)spec->max_parallel, "best", best_json(view), "started_at",
        json_of_time(view->row->started_at), "ended_at", json_of_time(view->row->ended_at),
        "elapsed_s", view->elapsed_s, "trial_s", view->trial_s, "speedup",
        view->speedup > 0 ? json_real(view->speedup) : json_null(), "cost", cost_json(view),
        "ask_ms", ask);
}
