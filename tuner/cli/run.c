/*
 * run.c: hone run [STUDY.yaml] [OPTIONS] [-- COMMAND].
 *
 * Our own words are -d and the study file: the first word when it is no option, or any word before
 * "--" that ends in .yaml. All others are the study's (spec_read_flags()).
 */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/args.h"
#include "cli/study_run.h"
#include "spec/spec.h"

static bool ends_in(const char *word, const char *end)
{
    size_t n = strlen(word), m = strlen(end);
    return n > m && strcmp(word + n - m, end) == 0;
}

static bool is_file(const char *word, bool first)
{
    if (word[0] == '-')
        return false;
    return first || ends_in(word, ".yaml") || ends_in(word, ".yml");
}

/* Take our own words out of argv; what is left, with argv[0], is the study's. */
static int take_own(int argc, char **argv, bool *background, const char **file)
{
    int n = 1;
    bool ours = true;
    for (int i = 1; i < argc; i++) {
        ours = ours && strcmp(argv[i], "--") != 0;
        if (ours && strcmp(argv[i], "-d") == 0)
            *background = true;
        else if (ours && !*file && is_file(argv[i], n == 1))
            *file = argv[i];
        else
            argv[n++] = argv[i];
    }
    argv[n] = NULL;
    return n;
}

/* As open_store(), but makes the store where there is none. */
static struct store *make_store(const struct globals *globals, int *status_out)
{
    hone_error err = {0};
    char *url = default_store_url(globals);
    struct store *store = url ? store_open(url, true, &err) : NULL;
    if (!store)
        *status_out = fail(EXIT_SYSTEM, "%s", url ? err.text : "out of memory");
    mem_free(url);
    return store;
}

int cmd_run(int argc, char **argv, const struct globals *globals)
{
    bool background = false;
    const char *file = NULL;
    struct problems problems = {0};
    argc = take_own(argc, argv, &background, &file);
    if (!file && argc == 1 && access("study.yaml", F_OK) == 0)
        file = "study.yaml";
    if (!file && argc == 1)
        return usage_error("run", "no study.yaml here: name a study file, or give options");
    struct spec *spec = file && argc == 1 ? spec_read_file(file, &problems)
                        : file            ? spec_read_file_flags(file, argc, argv, &problems)
                                          : spec_read_flags(argc, argv, &problems);
    problems_print(&problems, file, stderr);
    problems_release(&problems);
    if (!spec)
        return EXIT_USAGE;
    int status = background ? background_begin() : -1;
    if (status >= 0) { /* the parent has done its part */
        spec_free(spec);
        return status;
    }
    struct store *store = make_store(globals, &status);
    if (!store) {
        spec_free(spec);
        return status;
    }
    status = study_run(store, spec, globals);
    store_close(store);
    return status;
}
