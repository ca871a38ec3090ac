/* status.c: hone status. */
#include "base/mem.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "io/json.h"
#include "io/time.h"
#include "loop/lease.h"
#include "report/edits.h"
#include "report/status_text.h"
#include "report/text.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/* A watcher looks for commits this often, and draws at least each second, since time goes on. */
enum { LOOK_MS = 200, DRAW_MS = 1000 };

static int print_status(struct store *store, const struct study_row *row,
                        const struct globals *globals, bool *ended_out)
{
    hone_error err = {0};
    struct study_view view;
    int64_t now = time_now_ms();
    if (study_view_read(store, row, lease_is_held(row, now), now, &view, &err) != HONE_OK)
        return fail(EXIT_SYSTEM, "%s", err.text);
    *ended_out = strcmp(view.state, "running") != 0;
    if (globals->json) {
        json_t *object = study_view_json(&view);
        char *text = object != NULL ? json_write(object) : NULL;
        puts(text != NULL ? text : "null");
        mem_free(text);
        json_decref(object);
    } else {
        status_print(&view, stdout, text_columns(), globals->color);
    }
    study_view_release(&view);
    return EXIT_DONE;
}

static int print_edits(struct store *store, const struct study_row *row,
                       const struct globals *globals)
{
    hone_error err = {0};
    json_t *edits = edits_read(store, row, &err);
    if (edits == NULL)
        return fail(EXIT_SYSTEM, "%s", err.text);
    char *text = globals->json ? json_write(edits) : NULL;
    if (globals->json)
        puts(text != NULL ? text : "null");
    else
        edits_print(edits, row->name, stdout);
    mem_free(text);
    json_decref(edits);
    return EXIT_DONE;
}

static void wait_ms(int64_t ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/** Wait until somebody has written to the store, or until it is time to draw again. */
static void wait_for_change(struct store *store, int64_t *version)
{
    bool draws_time = isatty(STDOUT_FILENO);
    for (int64_t waited = 0; !draws_time || waited < DRAW_MS; waited += LOOK_MS) {
        int64_t now = 0;
        if (store_version(store, &now, NULL) != HONE_OK || now != *version) {
            *version = now;
            return;
        }
        wait_ms(LOOK_MS);
    }
}

/* On a terminal each state takes the place of the last; in a pipe they follow one another. */
static int watch(struct store *store, struct study_row *row, const struct globals *globals)
{
    hone_error err = {0};
    bool redraws = isatty(STDOUT_FILENO) && !globals->json;
    int64_t version = 0;
    int status = store_version(store, &version, &err) == HONE_OK
                     ? EXIT_DONE
                     : fail(EXIT_SYSTEM, "%s", err.text);
    for (bool ended = false; status == EXIT_DONE && !ended;) {
        if (redraws)
            fputs("\x1b[H\x1b[J", stdout);
        status = print_status(store, row, globals, &ended);
        if (!redraws && !globals->json && !ended)
            fputc('\n', stdout);
        if (fflush(stdout) != 0)
            return status;
        if (status != EXIT_DONE || ended)
            break;
        wait_for_change(store, &version);
        char *name = mem_text(row->name);
        study_row_release(row);
        *row = (struct study_row){0};
        if (name == NULL || store_study_find(store, name, row, &err) != HONE_OK)
            status = fail(EXIT_SYSTEM, "%s", name != NULL ? err.text : "out of memory");
        mem_free(name);
    }
    return status;
}

int cmd_status(int argc, char **argv, const struct globals *globals)
{
    bool watches = false, edits = false, ended;
    const char *study;
    struct study_row row = {0};
    const struct flag flags[] = {{.name = "--watch", .on = &watches},
                                 {.name = "--edits", .on = &edits}};
    int status = args_read(argc, argv, flags, 2, &study, 1, 1, NULL);
    if (status != EXIT_DONE)
        return status;
    struct store *store = open_study(globals, study, &row, &status);
    if (store == NULL)
        return status;
    status = edits     ? print_edits(store, &row, globals)
             : watches ? watch(store, &row, globals)
                       : print_status(store, &row, globals, &ended);
    study_row_release(&row);
    store_close(store);
    return status;
}
