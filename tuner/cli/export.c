/* export.c: hone export. */
#include "report/export.h"

#include "cli/args.h"
#include "cli/look.h"

#include <string.h>

enum { FORMAT_TRACE = EXPORT_JSONL + 1 };

static bool read_format(const char *text, int *out)
{
    static const char *const names[] = {"csv", "json", "jsonl", "trace"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        *out = (int)i;
        if (strcmp(text, names[i]) == 0)
            return true;
    }
    return false;
}

int cmd_export(int argc, char **argv, const struct globals *globals)
{
    const char *study, *format_text = globals->json ? "json" : "csv";
    int format;
    bool observations = false;
    struct look look;
    hone_error err = {0};
    const struct flag flags[] = {{.name = "--format", .value = &format_text},
                                 {.name = "--observations", .on = &observations}};
    int status = args_read(argc, argv, flags, 2, &study, 1, 1, NULL);
    if (status == EXIT_DONE && !read_format(format_text, &format))
        status =
            usage_error(argv[0], "--format is csv, json, jsonl or trace, not \"%s\"", format_text);
    if (status == EXIT_DONE)
        status = look_open(&look, globals, study);
    if (status != EXIT_DONE)
        return status;
    hone_status done;
    if (format == FORMAT_TRACE)
        done = export_trace(look.store, &look.row, look.spec, look.now, stdout, &err);
    else if (observations)
        done = export_observations(look.store, &look.row, (enum export_format)format, stdout, &err);
    else
        done = export_trials(look.store, &look.row, look.spec, (enum export_format)format, look.now,
                             stdout, &err);
    if (done != HONE_OK)
        status = fail(EXIT_SYSTEM, "%s", err.text);
    look_close(&look);
    return status;
}
