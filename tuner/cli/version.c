/* version.c: hone version. */
#include "cli/args.h"
#include "cli/cli.h"

#include <stdio.h>

int cmd_version(int argc, char **argv, const struct globals *globals)
{
    int status = args_read(argc, argv, NULL, 0, NULL, 0, 0, NULL);
    if (status != EXIT_DONE)
        return status;
    printf(globals->json ? "{\"version\": \"%s\"}\n" : "hone %s\n", HONE_VERSION);
    return EXIT_DONE;
}
