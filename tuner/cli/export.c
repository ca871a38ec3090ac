/* export.c: hone export. */
#include "report/export.h"

#include "cli/args.h"
#include "cli/look.h"

#include <string.h>

static bool read_format(const char *text, enum export_format *out)
{
    static const char *const names[] = {"csv", "json", "jsonl"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        *out = (enum export_format)i;
        if (strcmp(text, names[i]) == 0)
            return true;
    }
    return false;
}

int cmd_export(int argc, char **argv, const struct globals *globals)
{
    const char *study, *format_text = globals->json ? "json" : "csv";
    enum export_format format;
    bool observations = false;
    struct look look;
    hone_error err = {0};
    const struct flag flags[] = {{.name = "--format", .value = &format_text},
                                 {.name = "--observations", .on = &observations}};
    int status = args_read(argc, argv, flags, 2, &study, 1, 1, NULL);
    if (status == EXIT_DONE && !read_format(format_text, &format))
        status = usage_error(argv[0], "--format is csv, json or jsonl, not \"%s\"", format_text);
    if (status == EXIT_DONE)
        status = look_open(&look, globals, study);
    if (status != EXIT_DONE)
        return status;
    hone_status done =
        observations
            ? export_observations(look.store, &look.row, format, stdout, &err)
            : export_trials(look.store, &look.row, look.spec, format, look.now, stdout, &err);
    if (done != HONE_OK)
        status = fail(EXIT_SYSTEM, "%s", err.text);
    look_close(&look);
    return status;
}
