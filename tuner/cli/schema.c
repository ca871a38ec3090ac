/* schema.c: `hone schema`: the JSON Schema of study.yaml. */
#include "cli/cli.h"

#include <stdio.h>

#include "base/buf.h"
#include "cli/args.h"
#include "spec/spec.h"

#define SCHEMA_MAX ((size_t)1 << 20)

int cmd_schema(int argc, char **argv, const struct globals *globals)
{
    (void)globals;
    int status = args_read(argc, argv, NULL, 0, NULL, 0, 0, NULL);
    if (status != EXIT_DONE)
        return status;
    struct buf text;
    buf_init(&text, SCHEMA_MAX);
    spec_schema(&text);
    if (text.failed)
        status = fail(EXIT_SYSTEM, "out of memory");
    else
        fputs(text.data, stdout);
    buf_release(&text);
    return status;
}
