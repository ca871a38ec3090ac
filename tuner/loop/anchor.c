/*
 * anchor.c: where a study's relative paths start from.
 *
 * The study's text keeps paths as they were written. Their anchor, the study file's folder, is kept
 * in the row's figures, relative to the folder above .hone: a project that is moved or mounted
 * elsewhere goes on working.
 */
#include "loop/lease.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/json.h"
#include "spec/spec.h"

/* The folder above .hone: study_folder() is BASE/.hone/studies/NAME. */
static char *base_of(const struct store *store)
{
    char *folder = study_folder(store, "x");
    char *up = folder ? path_join(folder, "../../..") : NULL;
    char *base = up ? path_absolute(up) : NULL;
    mem_free(up);
    mem_free(folder);
    return base;
}

char *anchor_text(const struct store *store, const char *folder)
{
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
    json_t *stats = study->stats ? json_read(study->stats, strlen(study->stats), NULL) : NULL;
    const char *kept = json_string_value(json_object_get(stats, "folder"));
    char *base = base_of(store), *joined = NULL, *anchor = NULL;
    if (kept && kept[0] == '/')
        anchor = mem_text(kept);
    else if (base && kept) {
        joined = path_join(base, kept);
        anchor = joined ? path_absolute(joined) : NULL;
    } else if (base) {
        anchor = mem_text(base);
    }
    mem_free(joined);
    mem_free(base);
    json_decref(stats);
    return anchor;
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
