/* trials.c: hone trials. */
#include "report/trials_table.h"

#include "cli/args.h"
#include "cli/look.h"
#include "report/text.h"

int cmd_trials(int argc, char **argv, const struct globals *globals)
{
    struct trials_options options = {
        .json = globals->json, .color = globals->color, .columns = text_columns()};
    const char *study;
    struct look look;
    hone_error err = {0};
    const struct flag flags[] = {{.name = "--sort", .value = &options.sort},
                                 {.name = "--where", .value = &options.where}};
    int status = args_read(argc, argv, flags, 2, &study, 1, 1, NULL);
    if (status == EXIT_DONE)
        status = look_open(&look, globals, study);
    if (status != EXIT_DONE)
        return status;
    options.now = look.now;
    if (trials_table(look.store, &look.row, look.spec, &options, stdout, &err) != HONE_OK)
        status = fail(err.status == HONE_EINVAL ? EXIT_USAGE : EXIT_SYSTEM, "%s", err.text);
    look_close(&look);
    return status;
}
