/* preempt.c: hone preempt STUDY N: the notice that a machine which is wanted back gives a trial. */
#include <stdio.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/request.h"
#include "io/time.h"
#include "loop/lease.h"

int cmd_preempt(int argc, char **argv, const struct globals *globals)
{
    struct study_row row = {0};
    const char *words[2] = {NULL, NULL};
    char body[64];
    int64_t trial = 0;
    int status = args_read(argc, argv, NULL, 0, words, 2, 2, NULL);
    if (status != EXIT_DONE)
        return status;
    if (!args_trial("preempt", words[1], &trial))
        return EXIT_USAGE;
    struct store *store = open_study(globals, words[0], &row, &status);
    if (!store)
        return status;
    snprintf(body, sizeof body, "{\"trial\":%lld}", (long long)trial);
    status =
        lease_is_held(&row, time_now_ms())
            ? ask_tuner(store, &row, "preempt", body)
            : fail(EXIT_USAGE, "study \"%s\" does not run: there is no trial to preempt", row.name);
    if (status == EXIT_DONE && !globals->quiet)
        printf("trial %lld of study %s was given notice; its next attempt follows\n",
               (long long)trial, row.name);
    study_row_release(&row);
    store_close(store);
    return status;
}
