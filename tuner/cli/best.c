/* best.c: hone best. */
#include "report/best.h"

#include "cli/args.h"
#include "cli/look.h"
#include "report/text.h"

#include <string.h>

static bool read_format(const char *text, enum best_format *out)
{
    static const char *const names[] = {"text", "json", "yaml", "env", "command"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        *out = (enum best_format)i;
        if (strcmp(text, names[i]) == 0)
            return true;
    }
    return false;
}

int cmd_best(int argc, char **argv, const struct globals *globals)
{
    const char *study, *format_text = globals->json ? "json" : "text";
    enum best_format format;
    struct look look;
    struct best best = {0};
    hone_error err = {0};
    const struct flag flags[] = {{.name = "--format", .value = &format_text}};
    int status = args_read(argc, argv, flags, 1, &study, 1, 1, NULL);
    if (status == EXIT_DONE && !read_format(format_text, &format))
        status = usage_error(argv[0], "--format is text, json, yaml, env or command, not \"%s\"",
                             format_text);
    if (status == EXIT_DONE)
        status = look_open(&look, globals, study);
    if (status != EXIT_DONE)
        return status;
    if (best_read(look.store, &look.row, look.spec, &best, &err) != HONE_OK)
        status = fail(EXIT_SYSTEM, "%s", err.text);
    else if (best.n == 0)
        status = fail(EXIT_NOTHING,
                      best.n_broken > 0 ? "no completed trial of %s keeps the constraints"
                                        : "no trial of %s has completed yet",
                      look.row.name);
    else if (best_print(&best, &look.row, look.spec, format, stdout, text_columns(), &err) !=
             HONE_OK)
        status = fail(EXIT_SYSTEM, "%s", err.text);
    best_release(&best);
    look_close(&look);
    return status;
}
