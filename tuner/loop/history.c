/*
 * history.c: playing a study's events into an optimizer.
 *
 * A TELL event stands for: report every stored value of the trial's first objective, in the order
 * in which they were read, then tell. All of a trial's observations are in the store when its TELL
 * is, for they commit together; so whoever plays the events gets the very state that the tuner had.
 * Where a trial was tried again after its end, the TELL's attempt says which of the values were
 * there.
 *
 * What a running trial has reported never changes a proposal, only whether it is stopped.
 *
 * Each event is played by the settings of its time. The search is given the budget and parallelism
 * that the study was created with, or got by an edit that made a new search: when they change
 * otherwise it does not hear of it, for a hint that changed would make old proposals unrepeatable.
 */
#include "loop/loop_int.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "io/json.h"

/* The settings as they were then: those of an event's text. */
static hone_status history_settle(struct history *h, const char *text, hone_error *err)
{
    struct problems problems = {0};
    struct spec *then = NULL;
    if (text && strcmp(text, h->spec->text) != 0) {
        then = spec_read_text(text, strlen(text), h->spec->folder, &problems);
        if (!then) {
            error_set(err, HONE_EIO, "settings that the study had cannot be read: %s",
                      problems.n ? problems.lines[0] : "no reason given");
            problems_release(&problems);
            return HONE_EIO;
        }
        problems_release(&problems);
    }
    spec_free(h->then);
    h->then = then;
    return text ? HONE_OK : error_set(err, HONE_EIO, "an event lacks the settings");
}

const struct spec *history_spec(const struct history *h)
{
    return h->then ? h->then : h->spec;
}

void history_release(struct history *h)
{
    spec_free(h->then);
    hone_optimizer_free(h->opt);
    h->then = NULL;
    h->opt = NULL;
}

hone_optimizer *optimizer_of(const struct spec *spec, uint64_t seed, hone_error *err)
{
    hone_options options = spec->options;
    options.seed = seed;
    return hone_optimizer_new(spec->space, &options, err);
}

bool spec_reports(const struct spec *spec)
{
    return spec->options.stopping && strcmp(spec->options.stopping, "none") != 0;
}

static hone_status optimizer_ask_event(hone_optimizer *opt, const struct event *event,
                                       const json_t *body, hone_error *err)
{
    hone_status status = HONE_OK;
    size_t n = 0, memo_size = 0;
    uint64_t id = 0;
    const char *memo_text = json_string_value(json_object_get(body, "memo"));
    void *memo = base64_decode(memo_text ? memo_text : "", &memo_size);
    hone_setting *settings = json_to_settings(json_object_get(body, "params"), &n, err);
    if (!memo || (!settings && n)) {
        status = error_set(err, HONE_EIO, "event %lld: trial %lld cannot be read",
                           (long long)event->seq, (long long)event->trial);
        goto out;
    }
    status = hone_restore(opt, settings, n, json_string_value(json_object_get(body, "why")), memo,
                          memo_size, &id, err);
    if (!status && id != (uint64_t)event->trial)
        status = error_set(err, HONE_EIO, "event %lld: trial %lld comes out of order",
                           (long long)event->seq, (long long)event->trial);
out:
    mem_free(settings);
    mem_free(memo);
    return status;
}

hone_status optimizer_enqueue_event(hone_optimizer *opt, const json_t *body, hone_error *err)
{
    size_t n = 0;
    hone_setting *settings = json_to_settings(json_object_get(body, "params"), &n, err);
    if (!settings)
        return err->status;
    hone_status status = hone_enqueue(opt, settings, n, err);
    mem_free(settings);
    return status;
}

/* A trial that was stopped early elsewhere: known by its last value, as one of our own would be.
 * The memo stays as it is. */
static hone_status add_stopped(hone_optimizer *opt, const hone_setting *settings, size_t n,
                               const json_t *last, uint64_t *id_out, hone_error *err)
{
    uint64_t id = 0;
    size_t size;
    const void *memo = hone_memo(opt, &size);
    hone_status status = hone_restore(opt, settings, n, "imported", memo, size, &id, err);
    if (!status)
        status = hone_report(opt, id, json_number_value(json_object_get(last, "step")),
                             json_number_value(json_object_get(last, "value")), NULL, err);
    if (!status)
        status = hone_tell_stopped(opt, id, err);
    if (!status && id_out)
        *id_out = id;
    return status;
}

hone_status optimizer_add_event(hone_optimizer *opt, const struct spec *spec, const json_t *body,
                                uint64_t *id_out, hone_error *err)
{
    double values[HONE_MAX_OUTCOMES];
    const json_t *list = json_object_get(body, "values");
    size_t n_values = json_array_size(list), n = 0;
    if (n_values > 0 && n_values != spec_outcomes(spec))
        return error_set(err, HONE_EIO, "event: an imported trial has %zu values, not %zu",
                         n_values, spec_outcomes(spec));
    for (size_t i = 0; i < n_values; i++)
        values[i] = json_number_value(json_array_get(list, i));
    hone_setting *settings = json_to_settings(json_object_get(body, "params"), &n, err);
    if (!settings)
        return err->status;
    const json_t *last = json_object_get(body, "last");
    hone_status status =
        last ? add_stopped(opt, settings, n, last, id_out, err)
             : hone_add(opt, settings, n, n_values ? values : NULL, n_values, id_out, err);
    mem_free(settings);
    return status;
}

struct reports {
    hone_optimizer *opt;
    int64_t attempt; /* the last one that there was; 0: all */
    size_t objective;
};

static hone_status report_visit(void *context, const struct observation *row, hone_error *err)
{
    const struct reports *reports = context;
    if (reports->attempt && row->attempt > reports->attempt)
        return HONE_OK;
    return hone_report_objective(reports->opt, (uint64_t)row->trial, reports->objective, row->step,
                                 row->value, NULL, err);
}

static hone_status report_stored(hone_optimizer *opt, const struct history *h, int64_t trial,
                                 int64_t attempt, hone_error *err)
{
    hone_status status = HONE_OK;
    for (size_t j = 0; j < h->spec->n_objectives && !status; j++) {
        struct reports reports = {opt, attempt, j};
        status = store_observations(h->store, h->study->id, trial, h->spec->objectives[j].metric,
                                    report_visit, &reports, err);
    }
    return status;
}

bool trial_state_of_text(const char *text, hone_trial_state *out)
{
    for (int s = HONE_TRIAL_RUNNING; s <= HONE_TRIAL_CANCELLED; s++)
        if (text && strcmp(text, trial_state_text((hone_trial_state)s)) == 0) {
            *out = (hone_trial_state)s;
            return true;
        }
    return false;
}

static hone_status optimizer_tell_event(hone_optimizer *opt, int64_t trial, const json_t *body,
                                        hone_error *err)
{
    hone_trial_state state;
    double told[HONE_MAX_OUTCOMES];
    const json_t *values = json_object_get(body, "values");
    size_t n = json_array_size(values);
    if (!trial_state_of_text(json_string_value(json_object_get(body, "state")), &state) ||
        n > HONE_MAX_OUTCOMES)
        return error_set(err, HONE_EIO, "event: trial %lld was told something unreadable",
                         (long long)trial);
    for (size_t i = 0; i < n; i++)
        told[i] = json_number_value(json_array_get(values, i));
    switch (state) {
    case HONE_TRIAL_COMPLETED:
        return hone_tell(opt, (uint64_t)trial, told, n, err);
    case HONE_TRIAL_STOPPED:
        return hone_tell_stopped(opt, (uint64_t)trial, err);
    case HONE_TRIAL_FAILED:
        return hone_tell_failed(opt, (uint64_t)trial, err);
    case HONE_TRIAL_CANCELLED:
        return hone_tell_cancelled(opt, (uint64_t)trial, err);
    case HONE_TRIAL_RUNNING:
        break;
    }
    return error_set(err, HONE_EIO, "event: trial %lld was told that it runs", (long long)trial);
}

/* ---- Any event ---- */

static hone_status play_created(struct history *h, const json_t *body, hone_error *err)
{
    char *text = json_write(json_object_get(body, "spec"));
    hone_status status = text ? history_settle(h, text, err) : error_memory(err);
    mem_free(text);
    if (status)
        return status;
    h->opt = optimizer_of(history_spec(h), h->study->seed, err);
    return h->opt ? HONE_OK : err->status;
}

static hone_status play_add(struct history *h, const struct event *event, const json_t *body,
                            hone_error *err)
{
    uint64_t id = 0;
    hone_status status = optimizer_add_event(h->opt, history_spec(h), body, &id, err);
    if (!status && id != (uint64_t)event->trial)
        status = error_set(err, HONE_EIO, "event %lld: imported trial %lld comes out of order",
                           (long long)event->seq, (long long)event->trial);
    return status;
}

bool trial_is_outside(const hone_optimizer *opt, int64_t trial)
{
    size_t n = 1;
    const hone_trial *found = hone_find(opt, (uint64_t)trial);
    if (found)
        hone_trial_settings(found, &n);
    return n == 0;
}

hone_status optimizer_tell_stored(hone_optimizer *opt, const struct history *h,
                                  const struct event *event, const json_t *body, bool reports,
                                  hone_error *err)
{
    hone_status status = HONE_OK;
    if (trial_is_outside(opt, event->trial))
        return HONE_OK;
    if (reports)
        status = report_stored(opt, h, event->trial,
                               json_integer_value(json_object_get(body, "attempt")), err);
    return status ? status : optimizer_tell_event(opt, event->trial, body, err);
}

static hone_status play_edited(struct history *h, const struct event *event, const json_t *body,
                               hone_error *err)
{
    hone_status status = history_settle(h, json_string_value(json_object_get(body, "spec")), err);
    if (status || !json_is_true(json_object_get(body, "search")))
        return status;
    struct refitted refitted = {0};
    status = history_refit(h, history_spec(h), event->seq, &refitted, err);
    if (status)
        return status;
    hone_optimizer_free(h->opt);
    h->opt = refitted.opt;
    return HONE_OK;
}

hone_status history_play(struct history *h, const struct event *event, const json_t *body,
                         hone_error *err)
{
    if (!h->opt && event->kind != EVENT_CREATED)
        return error_set(err, HONE_EIO, "the study's history has no beginning");
    switch (event->kind) {
    case EVENT_CREATED:
        return play_created(h, body, err);
    case EVENT_EDITED:
        return play_edited(h, event, body, err);
    case EVENT_ASK:
        return optimizer_ask_event(h->opt, event, body, err);
    case EVENT_TELL:
        /* Where a stopping rule wants the curves, it has seen them before the end. */
        return optimizer_tell_stored(h->opt, h, event, body, spec_reports(history_spec(h)), err);
    case EVENT_ADD:
        return play_add(h, event, body, err);
    case EVENT_TRANSFER:
        return optimizer_transfer_event(h->opt, body, err);
    case EVENT_ENQUEUE:
        return optimizer_enqueue_event(h->opt, body, err);
    case EVENT_REOPEN:
        return trial_is_outside(h->opt, event->trial)
                   ? HONE_OK
                   : hone_reopen(h->opt, (uint64_t)event->trial, err);
    case EVENT_TAKEN: /* the rest is the tuner's affair */
    case EVENT_CONFIRM:
    case EVENT_CHANGED:
    case EVENT_STOP_TRIAL:
    case EVENT_RETRY:
    case EVENT_STOP_STUDY:
    case EVENT_ENDED:
        break;
    }
    return HONE_OK;
}

/* ---- Events in portions ---- */

enum { PORTION = 512 };

struct portion {
    struct event events[PORTION];
    size_t n;
};

static hone_status portion_visit(void *context, const struct event *event, hone_error *err)
{
    struct portion *p = context;
    /* A full portion ends the visit; the caller asks again from there. */
    if (p->n == PORTION)
        return HONE_EEXHAUSTED;
    struct event *copy = &p->events[p->n];
    *copy = *event;
    copy->body = mem_text(event->body ? event->body : "{}");
    if (!copy->body)
        return error_memory(err);
    p->n++;
    return HONE_OK;
}

static hone_status portion_play(struct portion *p, event_step *step, void *context, hone_error *err)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct event *event = &p->events[i];
        json_t *body = json_read(event->body, strlen(event->body), err);
        if (!body)
            return HONE_EIO;
        hone_status status = step(context, event, body, err);
        json_decref(body);
        if (status)
            return status;
    }
    return HONE_OK;
}

hone_status events_play(struct store *store, int64_t study, event_step *step, void *context,
                        hone_error *err)
{
    struct portion *p = mem_array(1, sizeof *p);
    if (!p)
        return error_memory(err);
    hone_status status;
    int64_t after = 0;
    do {
        status = store_events(store, study, after, portion_visit, p, err);
        bool full = status == HONE_EEXHAUSTED;
        if (full)
            status = HONE_OK;
        if (!status)
            status = portion_play(p, step, context, err);
        if (p->n)
            after = p->events[p->n - 1].seq;
        for (size_t i = 0; i < p->n; i++)
            mem_free(p->events[i].body);
        p->n = 0;
        if (!full)
            break;
    } while (!status);
    mem_free(p);
    return status;
}

/* ---- Base 64 (RFC 4648, section 4), for the search's memo in an ASK event ---- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *data, size_t n)
{
    const unsigned char *in = data;
    char *text = mem_array((n + 2) / 3 * 4 + 1, 1);
    if (!text)
        return NULL;
    char *out = text;
    for (size_t i = 0; i < n; i += 3) {
        unsigned left = n - i > 2 ? 3 : (unsigned)(n - i);
        unsigned bits = (unsigned)in[i] << 16 | (left > 1 ? (unsigned)in[i + 1] << 8 : 0) |
                        (left > 2 ? in[i + 2] : 0);
        *out++ = digits[bits >> 18 & 63];
        *out++ = digits[bits >> 12 & 63];
        *out++ = left > 1 ? digits[bits >> 6 & 63] : '=';
        *out++ = left > 2 ? digits[bits & 63] : '=';
    }
    return text;
}

void *base64_decode(const char *text, size_t *n_out)
{
    size_t len = strcspn(text, "="), n = 0;
    unsigned char *data = mem_array(len / 4 * 3 + 3, 1);
    if (!data)
        return NULL;
    unsigned bits = 0, have = 0;
    for (size_t i = 0; i < len; i++) {
        const char *d = memchr(digits, text[i], 64);
        if (!d) {
            mem_free(data);
            return NULL;
        }
        bits = bits << 6 | (unsigned)(d - digits);
        have += 6;
        if (have >= 8) {
            have -= 8;
            data[n++] = (unsigned char)(bits >> have);
        }
    }
    *n_out = n;
    return data;
}
