/*
 * anchor.c: where a study's relative paths start from.
 *
 * The study's text keeps paths as they were written. Their anchor, the study file's folder, is kept
 * in the row's figures, relative to the folder above .hone: a project that is moved or mounted
 * elsewhere goes on working. In a server's store it is absolute. Figures that were copied from
 * another store name the folder of the trials too, where it is not the usual one.
 */
#include "loop/lease.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/json.h"
#include "spec/spec.h"

/* The folder where a store keeps what belongs to its studies: that of its file, or .hone of the
 * working folder when the file had to go to a local disk. */
static char *home_of(const struct store *store)
{
    const char *url = store_url(store);
    if (strncmp(url, "sqlite:", 7) == 0)
        url += 7;
    char *path = path_absolute(url);
    if (!path)
        return NULL;
    bool moved = store_is_local(path); /* the trials stay where the person works */
    char *slash = strrchr(path, '/');
    if (slash)
        slash[slash == path] = '\0';
    if (moved) {
        mem_free(path);
        path = path_absolute(".hone");
    }
    return path;
}

/* The folder above .hone. */
static char *base_of(const struct store *store)
{
    char *home = home_of(store);
    char *up = home ? path_join(home, "..") : NULL;
    char *base = up ? path_absolute(up) : NULL;
    mem_free(up);
    mem_free(home);
    return base;
}

static json_t *stats_of(const struct study_row *study)
{
    return study->stats ? json_read(study->stats, strlen(study->stats), NULL) : NULL;
}

char *anchor_text(const struct store *store, const char *folder)
{
    if (store_is_server(store)) /* which lies in no folder */
        return path_absolute(folder);
    char *base = base_of(store);
    if (!base)
        return NULL;
    size_t n = strlen(base);
    char *text;
    if (strcmp(base, folder) == 0)
        text = mem_text(".");
    else if (strncmp(base, folder, n) == 0 && folder[n] == '/')
        text = mem_text(folder + n + 1);
    else
        text = mem_text(folder);
    mem_free(base);
    return text;
}

char *study_anchor(const struct store *store, const struct study_row *study)
{
    json_t *stats = stats_of(study);
    const char *kept = json_string_value(json_object_get(stats, "folder"));
    char *anchor = NULL;
    if (kept && kept[0] == '/') {
        anchor = mem_text(kept);
    } else {
        char *base = store_is_server(store) ? path_absolute(".") : base_of(store);
        char *joined = base && kept ? path_join(base, kept) : NULL;
        anchor = joined ? path_absolute(joined) : base ? mem_text(base) : NULL;
        mem_free(joined);
        mem_free(base);
    }
    json_decref(stats);
    return anchor;
}

char *study_folder(const struct store *store, const struct study_row *study)
{
    json_t *stats = stats_of(study);
    const char *kept = json_string_value(json_object_get(stats, "trials"));
    char *folder = kept ? mem_text(kept) : NULL, *studies = NULL, *home = NULL;
    if (!kept && store_is_server(store)) {
        char *anchor = study_anchor(store, study);
        home = anchor ? path_join(anchor, ".hone") : NULL;
        mem_free(anchor);
    } else if (!kept) {
        home = home_of(store);
    }
    if (home)
        studies = path_join(home, "studies");
    if (studies)
        folder = path_join(studies, study->name);
    mem_free(studies);
    mem_free(home);
    json_decref(stats);
    return folder;
}

struct spec *study_spec(const struct store *store, const struct study_row *study, hone_error *err)
{
    struct problems problems = {0};
    char *anchor = study_anchor(store, study);
    if (!anchor) {
        error_memory(err);
        return NULL;
    }
    struct spec *spec = spec_read_text(study->spec, strlen(study->spec), anchor, &problems);
    if (!spec)
        error_set(err, HONE_EIO, "study \"%s\" was stored by another version of hone: %s",
                  study->name, problems.n ? problems.lines[0] : "it cannot be read");
    problems_release(&problems);
    mem_free(anchor);
    return spec;
}
