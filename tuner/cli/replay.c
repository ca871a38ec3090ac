/* replay.c: hone replay STUDY. */
#include <stdio.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "loop/lease.h"
#include "loop/loop.h"

int cmd_replay(int argc, char **argv, const struct globals *globals)
{
    const char *name = NULL;
    struct study_row row = {0};
    hone_error err = {0};
    char text[500] = "";
    int64_t n = 0;
    int status = args_read(argc, argv, NULL, 0, &name, 1, 1, NULL);
    if (status != EXIT_DONE)
        return status;
    struct store *store = open_study(globals, name, &row, &status);
    if (!store)
        return status;
    struct spec *spec = study_spec(store, &row, &err);
    hone_status done = spec ? replay_study(store, &row, spec, &n, text, &err) : err.status;
    if (done)
        status = fail(EXIT_SYSTEM, "%s", err.text);
    else if (text[0])
        status = fail(EXIT_NOTHING, "%s", text);
    else if (!globals->quiet)
        printf("study %s: all %lld proposals are the same again\n", row.name, (long long)n);
    spec_free(spec);
    study_row_release(&row);
    store_close(store);
    return status;
}
