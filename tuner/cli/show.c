/* show.c: hone show. */
#include "report/show.h"

#include "cli/args.h"
#include "cli/look.h"
#include "report/text.h"

int cmd_show(int argc, char **argv, const struct globals *globals)
{
    const char *words[2];
    int64_t number;
    struct look look;
    hone_error err = {0};
    int status = args_read(argc, argv, NULL, 0, words, 2, 2, NULL);
    if (status == EXIT_DONE && !args_trial(argv[0], words[1], &number))
        status = EXIT_USAGE;
    if (status == EXIT_DONE)
        status = look_open(&look, globals, words[0]);
    if (status != EXIT_DONE)
        return status;
    if (show_trial(look.store, &look.row, look.spec, number, look.now, globals->json, stdout,
                   text_columns(), globals->color, &err) != HONE_OK)
        status = fail(err.status == HONE_ENOTFOUND ? EXIT_USAGE : EXIT_SYSTEM, "%s", err.text);
    look_close(&look);
    return status;
}
