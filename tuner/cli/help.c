/* help.c: hone help. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/manual.h"

#include <stdio.h>

int cmd_help(int argc, char **argv, const struct globals *globals)
{
    (void)globals;
    const char *name = NULL;
    int n = 0;
    int status = args_read(argc, argv, NULL, 0, &name, 0, 1, &n);
    if (status != EXIT_DONE)
        return status;
    if (n == 0) {
        manual_overview(stdout);
        return EXIT_DONE;
    }
    const struct command *c = command_find(name);
    if (c == NULL)
        return unknown_command(name);
    manual_page(stdout, c);
    return EXIT_DONE;
}
