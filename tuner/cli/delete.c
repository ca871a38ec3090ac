/*
 * delete.c: hone delete STUDY [--yes].
 *
 * A study that a tuner works on is not deleted. Trials that still run without one are ended first:
 * nothing may go on writing into a folder that is being removed.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "io/file.h"
#include "io/time.h"
#include "loop/lease.h"
#include "loop/loop.h"

static int confirm(const struct study_row *row, const char *folder)
{
    char answer[16] = "";
    if (!isatty(STDIN_FILENO))
        return usage_error("delete", "without a terminal it needs --yes");
    printf("Delete study %s with everything in %s? [y/N] ", row->name, folder);
    fflush(stdout);
    if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
        return EXIT_DONE;
    printf("nothing was deleted\n");
    return EXIT_NOTHING;
}

/* Take the study up, so that nobody else does, and end what still runs. */
static hone_status end_trials(struct store *store, const struct study_row *row, hone_error *err)
{
    struct spec *spec = study_spec(store, row, err);
    if (!spec)
        return err->status;
    struct tuner *tuner = tuner_open(store, row, spec, NULL, err);
    if (!tuner)
        return err->status;
    hone_status status = HONE_OK;
    tuner_hold(tuner);
    tuner_stop(tuner, STOP_NOW, "hone delete");
    while (!status && !tuner_is_over(tuner)) {
        status = tuner_pass(tuner, err);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    tuner_close(tuner);
    return status;
}

static int delete_study(struct store *store, const struct study_row *row, const char *folder)
{
    hone_error err = {0};
    struct study_counts counts = {0};
    hone_status status = store_counts(store, row->id, &counts, &err);
    if (!status && counts.by_state[HONE_TRIAL_RUNNING] > 0)
        status = end_trials(store, row, &err);
    if (!status)
        status = store_study_delete(store, row->id, &err);
    if (!status && access(folder, F_OK) == 0)
        status = file_remove_tree(folder, &err);
    return status ? fail(EXIT_SYSTEM, "%s", err.text) : EXIT_DONE;
}

int cmd_delete(int argc, char **argv, const struct globals *globals)
{
    bool yes = false;
    const char *name = NULL;
    struct study_row row = {0};
    const struct flag flags[] = {{"--yes", &yes, NULL}};
    int status = args_read(argc, argv, flags, 1, &name, 1, 1, NULL);
    if (status != EXIT_DONE)
        return status;
    struct store *store = open_study(globals, name, &row, &status);
    if (!store)
        return status;
    char *folder = study_folder(store, &row);
    if (!folder)
        status = fail(EXIT_SYSTEM, "out of memory");
    else if (lease_is_held(&row, time_now_ms()))
        status = fail(EXIT_SYSTEM,
                      "study \"%s\" is driven by a tuner (host %s, pid %lld); stop it first: hone "
                      "stop %s --now",
                      row.name, row.owner.host, (long long)row.owner.pid, row.name);
    else if (!yes)
        status = confirm(&row, folder);
    if (status == EXIT_DONE && folder)
        status = delete_study(store, &row, folder);
    if (status == EXIT_DONE && !globals->quiet)
        printf("study %s is deleted\n", row.name);
    mem_free(folder);
    study_row_release(&row);
    store_close(store);
    return status;
}
