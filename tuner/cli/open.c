/* open.c: which store, and which study in it, a command means. */
#include "cli/cli.h"

#include "base/mem.h"
#include "io/file.h"
#include "spec/spec.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *default_store_url(const struct globals *globals)
{
    if (globals->store_url != NULL)
        return mem_text(globals->store_url);
    /* SQLite's locks cannot be trusted on a network file system. */
    if (file_network(".hone") != NULL)
        return store_local_path(".hone/hone.db");
    return mem_text(".hone/hone.db");
}

bool is_study_file(const char *study)
{
    size_t len = strlen(study);
    return strchr(study, '/') != NULL || (len > 5 && strcmp(study + len - 5, ".yaml") == 0) ||
           (len > 4 && strcmp(study + len - 4, ".yml") == 0);
}

/** The name of a study that is given by name or file; mem_free. NULL after an error is printed. */
static char *study_name(const char *study)
{
    if (!is_study_file(study))
        return mem_text(study);
    if (access(study, F_OK) != 0) {
        fail(EXIT_USAGE, "no study file %s", study);
        return NULL;
    }
    struct problems problems = {0};
    struct spec *spec = spec_read_file(study, &problems);
    char *name = spec != NULL ? mem_text(spec->name) : NULL;
    if (spec == NULL)
        problems_print(&problems, study, stderr);
    spec_free(spec);
    problems_release(&problems);
    return name;
}

struct store *open_store(const struct globals *globals, int *status_out)
{
    hone_error err = {0};
    char *url = default_store_url(globals);
    struct store *store = url != NULL ? store_open(url, false, &err) : NULL;
    *status_out = EXIT_DONE;
    if (store == NULL && url == NULL)
        *status_out = fail(EXIT_SYSTEM, "out of memory");
    else if (store == NULL && err.status == HONE_ENOTFOUND)
        *status_out = fail(EXIT_USAGE, "%s%s", err.text,
                           globals->store_url != NULL || store_is_local(url)
                               ? ""
                               : ": go to the folder where the study was started, or name its "
                                 "store by --store or HONE_STORE");
    else if (store == NULL)
        *status_out = fail(EXIT_SYSTEM, "%s", err.text);
    mem_free(url);
    return store;
}

struct store *open_study(const struct globals *globals, const char *study,
                         struct study_row *row_out, int *status_out)
{
    hone_error err = {0};
    struct store *store = NULL;
    char *name = study_name(study);
    *status_out = EXIT_USAGE;
    if (name == NULL)
        return NULL;
    store = open_store(globals, status_out);
    if (store != NULL && store_study_find(store, name, row_out, &err) != HONE_OK) {
        *status_out = fail(err.status == HONE_ENOTFOUND ? EXIT_USAGE : EXIT_SYSTEM, "%s", err.text);
        store_close(store);
        store = NULL;
    }
    mem_free(name);
    return store;
}
