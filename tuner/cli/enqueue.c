/*
 * enqueue.c: hone enqueue STUDY NAME=VALUE ...: a configuration that somebody wants tried.
 *
 * A living tuner takes it as a request. Without one the event is written here, under the study's
 * lease, which is let go by the same transaction; a later resume finds it.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/request.h"
#include "io/json.h"
#include "io/time.h"
#include "loop/lease.h"
#include "loop/loop.h"
#include "report/study_view.h"

enum { MOST_WORDS = 256 };

/* A listed value is the text or the number that was listed; all other values are numbers. */
static json_t *value_of(const struct parameter *p, const char *text)
{
    double number = 0.0;
    for (size_t i = 0; i < p->n_values; i++)
        if (p->values[i].kind == HONE_VALUE_TEXT && strcmp(p->values[i].text, text) == 0)
            return json_string(text);
    return str_double(text, strlen(text), &number) ? json_of_value(HONE_NUMBER(number))
                                                   : json_string(text);
}

static const struct parameter *find(const struct spec *spec, const char *name, size_t length)
{
    for (size_t k = 0; k < spec->n_parameters; k++)
        if (strlen(spec->parameters[k].name) == length &&
            strncmp(spec->parameters[k].name, name, length) == 0)
            return &spec->parameters[k];
    return NULL;
}

/* The settings that the words give; NULL after a line on stderr. */
static json_t *read_words(const struct spec *spec, const char *const *words, int n)
{
    json_t *params = json_object();
    for (int i = 0; i < n; i++) {
        const char *equals = strchr(words[i], '=');
        size_t length = equals != NULL ? (size_t)(equals - words[i]) : 0;
        const struct parameter *p = find(spec, words[i], length);
        if (p != NULL) {
            json_object_set_new(params, p->name, value_of(p, equals + 1));
            continue;
        }
        if (length == 0)
            usage_error("enqueue", "needs NAME=VALUE, got \"%s\"", words[i]);
        else
            fail(EXIT_USAGE, "study \"%s\" has no parameter \"%.*s\"", spec->name, (int)length,
                 words[i]);
        json_decref(params);
        return NULL;
    }
    return params;
}

/* Whether the search takes it. */
static hone_status check(struct store *store, const struct study_row *row, const struct spec *spec,
                         const json_t *params, hone_error *err)
{
    size_t n = 0;
    hone_optimizer *opt = study_recall(store, row, spec, err);
    hone_setting *settings = opt != NULL ? json_to_settings(params, &n, err) : NULL;
    hone_status status = settings != NULL ? hone_enqueue(opt, settings, n, err) : err->status;
    mem_free(settings);
    hone_optimizer_free(opt);
    return status;
}

static hone_status write_event(struct store *store, struct study_row *row, const struct spec *spec,
                               char *body, hone_error *err)
{
    int64_t now = time_now_ms();
    hone_status status = lease_take_once(store, row, now, (int64_t)(spec->lease_s * 1000), err);
    if (status != HONE_OK)
        return status;
    status = store_begin(store, row->id, row->epoch, err);
    if (status != HONE_OK)
        return status;
    struct event event = {
        .at = now, .epoch = row->epoch, .kind = EVENT_ENQUEUE, .trial = -1, .body = body};
    status = store_put_event(store, &event, err);
    return lease_end_once(store, row, status, err);
}

static int enqueue(struct store *store, struct study_row *row, const struct spec *spec,
                   const char *const *words, int n)
{
    hone_error err = {0};
    json_t *params = read_words(spec, words, n);
    if (params == NULL)
        return EXIT_USAGE;
    json_t *whole = json_pack("{s:o}", "params", params);
    char *body = whole != NULL ? json_write(whole) : NULL;
    int status = EXIT_DONE;
    if (body == NULL)
        status = fail(EXIT_SYSTEM, "out of memory");
    else if (lease_is_held(row, time_now_ms()))
        status = ask_tuner(store, row, "enqueue", body);
    else if (check(store, row, spec, params, &err) != HONE_OK)
        status = fail(err.status == HONE_EINVAL ? EXIT_USAGE : EXIT_SYSTEM, "%s", err.text);
    else if (write_event(store, row, spec, body, &err) != HONE_OK)
        status = fail(EXIT_SYSTEM, "%s", err.text);
    mem_free(body);
    json_decref(whole);
    return status;
}

/* A study whose budget is used up has no next trial, until it gets a larger one. */
static void print_room(struct store *store, const struct study_row *row, const struct spec *spec)
{
    hone_error err = {0};
    struct study_counts counts;
    int64_t n = 0;
    if (store_counts(store, row->id, &counts, &err) != HONE_OK)
        return;
    for (size_t s = 0; s < sizeof counts.by_state / sizeof counts.by_state[0]; s++)
        n += counts.by_state[s];
    if (n >= spec->max_trials)
        printf("once there is one: it has %lld of %lld; more: hone edit %s -n %lld\n", (long long)n,
               (long long)spec->max_trials, row->name, (long long)n + 1);
}

int cmd_enqueue(int argc, char **argv, const struct globals *globals)
{
    const char *words[MOST_WORDS];
    int n = 0;
    struct study_row row = {0};
    hone_error err = {0};
    int status = args_read(argc, argv, NULL, 0, words, 2, MOST_WORDS, &n);
    if (status != EXIT_DONE)
        return status;
    struct store *store = open_study(globals, words[0], &row, &status);
    if (store == NULL)
        return status;
    struct spec *spec = stored_spec(&row, &err);
    status = spec != NULL ? enqueue(store, &row, spec, words + 1, n - 1)
                          : fail(EXIT_SYSTEM, "%s", err.text);
    if (status == EXIT_DONE && !globals->quiet) {
        printf("one of the next trials of study %s has these settings\n", row.name);
        print_room(store, &row, spec);
    }
    spec_free(spec);
    study_row_release(&row);
    store_close(store);
    return status;
}
