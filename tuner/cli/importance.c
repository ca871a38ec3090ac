/* importance.c: hone importance. */
#include "report/importance.h"

#include "base/mem.h"
#include "cli/args.h"
#include "cli/look.h"
#include "loop/loop.h"
#include "report/text.h"

static int print(const struct importance *importance, const struct globals *globals)
{
    if (!globals->json) {
        importance_print(importance, stdout, text_columns(), globals->color);
        return EXIT_DONE;
    }
    json_t *object = importance_json(importance);
    char *text = object != NULL ? json_write(object) : NULL;
    json_decref(object);
    if (text == NULL)
        return fail(EXIT_SYSTEM, "out of memory");
    puts(text);
    mem_free(text);
    return EXIT_DONE;
}

static int analyse(const struct look *look, const char *method, size_t objective,
                   const struct globals *globals)
{
    hone_error err = {0};
    hone_optimizer *opt = study_recall(look->store, &look->row, look->spec, &err);
    if (opt == NULL)
        return fail(EXIT_SYSTEM, "%s", err.text);
    int status;
    hone_effects *effects = hone_importance(opt, method, objective, &err);
    if (effects != NULL) {
        const struct importance importance = {look->row.name,
                                              look->spec->objectives[objective].metric, effects};
        status = print(&importance, globals);
    } else {
        status = fail(err.status == HONE_ESTATE   ? EXIT_NOTHING
                      : err.status == HONE_EINVAL ? EXIT_USAGE
                                                  : EXIT_SYSTEM,
                      "%s", err.text);
    }
    hone_effects_free(effects);
    hone_optimizer_free(opt);
    return status;
}

int cmd_importance(int argc, char **argv, const struct globals *globals)
{
    const char *study, *method = NULL, *metric = NULL;
    size_t objective;
    struct look look;
    const struct flag flags[] = {{.name = "--method", .value = &method},
                                 {.name = "--metric", .value = &metric}};
    int status = args_read(argc, argv, flags, 2, &study, 1, 1, NULL);
    if (status == EXIT_DONE)
        status = look_open(&look, globals, study);
    if (status != EXIT_DONE)
        return status;
    status = look_objective(&look, argv[0], metric, &objective);
    if (status == EXIT_DONE)
        status = analyse(&look, method, objective, globals);
    look_close(&look);
    return status;
}
