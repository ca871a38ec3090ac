/* refine.c: hone refine. */
#include "report/refine.h"

#include "base/mem.h"
#include "cli/args.h"
#include "cli/look.h"
#include "io/file.h"
#include "loop/loop.h"
#include "report/text.h"
#include "spec/refined.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX ((size_t)1 << 22)

struct options {
    const char *study, *path;
    bool force;
};

static size_t count_changed(const hone_refinement *refinement)
{
    size_t n = 0;
    for (size_t i = 0; i < refinement->n; i++)
        n += refinement->params[i].changed;
    return n;
}

/* Whether a new file at `path` lies in another folder than the study's file did. */
static bool lies_elsewhere(const char *path, const struct spec *spec)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? mem_text(".")
                                 : mem_text_n(path, slash == path ? 1 : (size_t)(slash - path));
    char *real = folder != NULL ? realpath(folder, NULL) : NULL;
    char *study = realpath(spec->folder, NULL);
    bool elsewhere = real == NULL || study == NULL || strcmp(real, study) != 0;
    free(study);
    free(real);
    mem_free(folder);
    return elsewhere;
}

static int print_json(const struct look *look, const hone_refinement *refinement)
{
    json_t *object = refine_json(look->spec, refinement);
    char *text = object != NULL ? json_write(object) : NULL;
    json_decref(object);
    if (text == NULL)
        return fail(EXIT_SYSTEM, "out of memory");
    puts(text);
    mem_free(text);
    return EXIT_DONE;
}

static int write_file(const struct look *look, const hone_refinement *refinement,
                      const struct options *options, const struct globals *globals)
{
    hone_error err = {0};
    struct buf text;
    const char *path = options->path;
    if (path != NULL && !options->force && access(path, F_OK) == 0)
        return fail(EXIT_USAGE, "%s exists; to write it anew: --force", path);
    buf_init(&text, FILE_MAX);
    hone_status done = spec_refined(look->spec, refinement,
                                    path != NULL && lies_elsewhere(path, look->spec), &text, &err);
    if (done == HONE_OK && path != NULL)
        done = file_write(path, text.data, text.len, false, &err);
    else if (done == HONE_OK)
        fputs(text.data, stdout);
    buf_release(&text);
    if (done == HONE_OK && path != NULL && !globals->quiet) {
        done = refine_print(look->spec, refinement, stdout, text_columns(), &err);
        printf("\nwrote %s, which says why; next: hone run %s\n", path, path);
    }
    return done == HONE_OK ? EXIT_DONE
                           : fail(done == HONE_EINVAL ? EXIT_NOTHING : EXIT_SYSTEM, "%s", err.text);
}

static int refine(const struct look *look, const struct options *options,
                  const struct globals *globals)
{
    hone_error err = {0};
    int status;
    hone_optimizer *opt = study_recall(look->store, &look->row, look->spec, &err);
    if (opt == NULL)
        return fail(EXIT_SYSTEM, "%s", err.text);
    hone_refinement *refinement = hone_refine(opt, &err);
    if (refinement == NULL)
        status = fail(err.status == HONE_ENOMEM ? EXIT_SYSTEM : EXIT_NOTHING, "%s", err.text);
    else if (globals->json)
        status = print_json(look, refinement);
    else if (count_changed(refinement) == 0)
        status = fail(EXIT_NOTHING,
                      "no range of %s can be narrowed yet: 'hone refine %s --json' "
                      "says why",
                      look->row.name, look->row.name);
    else
        status = write_file(look, refinement, options, globals);
    hone_refinement_free(refinement);
    hone_optimizer_free(opt);
    return status;
}

int cmd_refine(int argc, char **argv, const struct globals *globals)
{
    struct options options = {0};
    struct look look;
    const struct flag flags[] = {{.name = "-o", .value = &options.path},
                                 {.name = "--force", .on = &options.force}};
    int status = args_read(argc, argv, flags, 2, &options.study, 1, 1, NULL);
    if (status == EXIT_DONE)
        status = look_open(&look, globals, options.study);
    if (status != EXIT_DONE)
        return status;
    status = refine(&look, &options, globals);
    look_close(&look);
    return status;
}
