/* plot.c: hone plot STUDY [KIND]. */
#include "report/plots.h"

#include "cli/args.h"
#include "cli/look.h"
#include "loop/loop.h"
#include "report/importance.h"
#include "report/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int status_of(const hone_error *err)
{
    return err->status == HONE_ESTATE   ? EXIT_NOTHING
           : err->status == HONE_EINVAL ? EXIT_USAGE
                                        : EXIT_SYSTEM;
}

static int write_svg(const struct figure *figure, const char *path, const struct globals *globals)
{
    FILE *out = fopen(path, "we");
    if (out == NULL)
        return fail(EXIT_SYSTEM, "create %s: %s", path, strerror(errno));
    figure_svg(figure, out);
    bool good = !ferror(out);
    good = fclose(out) == 0 && good;
    if (!good)
        return fail(EXIT_SYSTEM, "write %s: %s", path, strerror(errno));
    if (!globals->quiet)
        printf("wrote %s\n", path);
    return EXIT_DONE;
}

static int draw(const struct plot_kind *kind, const struct plot_source *source, const char *path,
                const struct globals *globals)
{
    hone_error err = {0};
    struct figure figure = {0};
    int status = EXIT_DONE;
    bool bars = strcmp(kind->name, "importance") == 0;
    const struct importance importance = {
        source->study->name, source->spec->objectives[source->objective].metric, source->effects};
    if (bars && path == NULL)
        importance_print(&importance, stdout, text_columns(), globals->color);
    else if (kind->draw(source, &figure, &err) != HONE_OK)
        status = fail(status_of(&err), "%s", err.text);
    else if (path != NULL)
        status = write_svg(&figure, path, globals);
    else
        figure_print(&figure, stdout, text_columns(), globals->color);
    figure_release(&figure);
    return status;
}

/* Importance needs the study's optimizer; the others what the store has. */
static int plot(const struct look *look, const struct plot_kind *kind, size_t objective,
                const char *path, const struct globals *globals)
{
    hone_error err = {0};
    struct plot_source source = {.store = look->store,
                                 .study = &look->row,
                                 .spec = look->spec,
                                 .objective = objective,
                                 .now = look->now};
    if (strcmp(kind->name, "importance") != 0)
        return draw(kind, &source, path, globals);
    int status;
    hone_effects *effects = NULL;
    hone_optimizer *opt = study_recall(look->store, &look->row, look->spec, &err);
    if (opt != NULL)
        effects = hone_importance(opt, NULL, objective, &err);
    source.effects = effects;
    status = effects != NULL ? draw(kind, &source, path, globals)
                             : fail(status_of(&err), "%s", err.text);
    hone_effects_free(effects);
    hone_optimizer_free(opt);
    return status;
}

int cmd_plot(int argc, char **argv, const struct globals *globals)
{
    const char *words[2] = {NULL, "history"}, *path = NULL, *metric = NULL;
    size_t objective = 0;
    struct look look;
    hone_error err = {0};
    const struct flag flags[] = {{.name = "-o", .value = &path},
                                 {.name = "--metric", .value = &metric}};
    int status = args_read(argc, argv, flags, 2, words, 1, 2, NULL);
    if (status != EXIT_DONE)
        return status;
    const struct plot_kind *kind = plot_find(words[1], &err);
    if (kind == NULL)
        return usage_error(argv[0], "%s", err.text);
    status = look_open(&look, globals, words[0]);
    if (status != EXIT_DONE)
        return status;
    status = look_objective(&look, argv[0], metric, &objective);
    if (status == EXIT_DONE)
        status = plot(&look, kind, objective, path, globals);
    look_close(&look);
    return status;
}
