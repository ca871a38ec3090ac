/*
 * confirm.c: hone confirm STUDY: the best configurations of a study are run again, when no tuner is
 * at work on it. It is the same as going on with the study by `confirm` and a max_trials that has
 * room for the repeats only: what the search has left of its budget waits for a later run.
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/study_run.h"
#include "io/json.h"
#include "io/time.h"
#include "loop/lease.h"

#include <stdio.h>

enum { USUAL = 3, MOST = 1000 };

static bool read_count(const char *command, const char *flag, const char *text, int64_t *out)
{
    if (text == NULL)
        return true;
    if (str_int64(text, strlen(text), out) && *out >= 1 && *out <= MOST)
        return true;
    usage_error(command, "%s needs a whole number from 1 to %d, got \"%s\"", flag, MOST, text);
    return false;
}

/* The study's settings with the confirmation, and room for it. */
static struct spec *with_confirmation(const struct spec *spec, int64_t top, int64_t repeats,
                                      int64_t n_trials, hone_error *err)
{
    struct problems problems = {0};
    json_t *whole = json_read(spec->text, strlen(spec->text), err);
    if (whole == NULL)
        return NULL;
    json_object_set_new(
        whole, "confirm",
        json_pack("{s:I, s:I}", "top", (json_int_t)top, "repeats", (json_int_t)repeats));
    json_object_set_new(whole, "max_trials", json_integer(n_trials + top * repeats));
    char *text = json_write(whole);
    struct spec *out =
        text != NULL ? spec_read_text(text, strlen(text), spec->folder, &problems) : NULL;
    if (out == NULL)
        error_set(err, HONE_EINVAL, "%s", problems.n > 0 ? problems.lines[0] : "out of memory");
    problems_release(&problems);
    mem_free(text);
    json_decref(whole);
    return out;
}

/* Trials that the study has run. */
static hone_status count_trials(struct store *store, const struct study_row *row, int64_t *all_out,
                                int64_t *completed_out, hone_error *err)
{
    struct study_counts counts;
    hone_status status = store_counts(store, row->id, &counts, err);
    *all_out = *completed_out = 0;
    for (int s = HONE_TRIAL_RUNNING; status == HONE_OK && s <= HONE_TRIAL_CANCELLED; s++)
        *all_out += counts.by_state[s];
    if (status == HONE_OK)
        *completed_out = counts.by_state[HONE_TRIAL_COMPLETED];
    return status;
}

/* Go on with the study; say so when there was nothing left to repeat. */
static int run(struct store *store, const struct study_row *row, struct spec *spec,
               int64_t n_before, const struct globals *globals)
{
    hone_error err = {0};
    int64_t n, completed, top = spec->confirm_top;
    int status = study_run(store, spec, globals);
    if (status != EXIT_DONE)
        return status;
    if (count_trials(store, row, &n, &completed, &err) != HONE_OK)
        return fail(EXIT_SYSTEM, "%s", err.text);
    return n > n_before
               ? status
               : fail(EXIT_NOTHING,
                      "the best %lld of %s have as many repeats already: more by --top and "
                      "--repeats",
                      (long long)top, row->name);
}

static int confirm(struct store *store, const struct study_row *row, int64_t top, int64_t repeats,
                   const struct globals *globals)
{
    hone_error err = {0};
    int64_t n, completed;
    if (lease_is_held(row, time_now_ms()))
        return fail(EXIT_USAGE,
                    "study %s runs: hone stop %s first, or let its last trials do it: hone edit %s "
                    "--confirm 3",
                    row->name, row->name, row->name);
    if (count_trials(store, row, &n, &completed, &err) != HONE_OK)
        return fail(EXIT_SYSTEM, "%s", err.text);
    if (completed == 0)
        return fail(EXIT_NOTHING, "no trial of %s has completed", row->name);
    struct spec *spec = study_spec(store, row, &err);
    if (spec == NULL)
        return fail(EXIT_SYSTEM, "%s", err.text);
    if (top == 0)
        top = spec->confirm_top > 0 ? spec->confirm_top : USUAL;
    if (repeats == 0)
        repeats = spec->confirm_repeats > 0 ? spec->confirm_repeats : USUAL;
    struct spec *changed = with_confirmation(spec, top, repeats, n, &err);
    spec_free(spec);
    return changed != NULL ? run(store, row, changed, n, globals)
                           : fail(EXIT_USAGE, "%s", err.text);
}

int cmd_confirm(int argc, char **argv, const struct globals *globals)
{
    const char *study = NULL, *top_text = NULL, *repeats_text = NULL;
    int64_t top = 0, repeats = 0;
    bool background = false;
    struct study_row row = {0};
    const struct flag flags[] = {{.name = "--top", .value = &top_text},
                                 {.name = "--repeats", .value = &repeats_text},
                                 {.name = "-d", .on = &background}};
    int status = args_read(argc, argv, flags, 3, &study, 1, 1, NULL);
    if (status != EXIT_DONE)
        return status;
    if (!read_count(argv[0], "--top", top_text, &top) ||
        !read_count(argv[0], "--repeats", repeats_text, &repeats))
        return EXIT_USAGE;
    if (background) {
        status = background_begin();
        if (status >= 0)
            return status;
    }
    struct store *store = open_study(globals, study, &row, &status);
    if (store == NULL)
        return status;
    status = confirm(store, &row, top, repeats, globals);
    study_row_release(&row);
    store_close(store);
    return status;
}
