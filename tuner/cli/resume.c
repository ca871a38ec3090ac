/* resume.c: hone resume STUDY [-d]. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/study_run.h"

int cmd_resume(int argc, char **argv, const struct globals *globals)
{
    bool background = false;
    const char *name = NULL;
    const struct flag flags[] = {{"-d", &background, NULL}};
    int status = args_read(argc, argv, flags, 1, &name, 1, 1, NULL);
    if (status != EXIT_DONE)
        return status;
    if (background) {
        status = background_begin();
        if (status >= 0)
            return status;
    }
    struct study_row row = {0};
    struct store *store = open_study(globals, name, &row, &status);
    if (!store)
        return status;
    status = study_resume(store, &row, globals);
    store_close(store);
    return status;
}
