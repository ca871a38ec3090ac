/* sql.c: see sql.h. */
#include "store/sql.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

hone_status text_own(char **text, hone_error *err)
{
    if (*text == NULL)
        return HONE_OK;
    *text = mem_text(*text);
    return *text == NULL ? error_memory(err) : HONE_OK;
}

hone_status study_row_own(struct study_row *row, hone_error *err)
{
    char **texts[] = {&row->uid, &row->name, &row->spec, &row->reason, &row->stats};
    hone_status status = HONE_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (status == HONE_OK)
            status = text_own(texts[i], err);
        else
            *texts[i] = NULL;
    }
    if (status != HONE_OK)
        study_row_release(row);
    return status;
}

hone_status study_not_found(const char *name, const char *where, const char *const *names, size_t n,
                            hone_error *err)
{
    const char *near = str_nearest(name, names, n);
    if (near != NULL)
        return error_set(err, HONE_ENOTFOUND, "no study \"%s\" in %s: did you mean \"%s\"?", name,
                         where, near);
    return error_set(err, HONE_ENOTFOUND, "no study \"%s\" in %s: %s", name, where,
                     n == 0 ? "it holds none" : "see hone list");
}

void metric_names_clear(struct metric_names *m)
{
    for (size_t i = 0; i < m->n; i++)
        mem_free(m->names[i]);
    mem_free(m->names);
    *m = (struct metric_names){0};
}

hone_status metric_names_add(struct metric_names *m, const char *name, hone_error *err)
{
    char **names = m->names;
    if (m->n % 16 == 0) /* grow by 16 */
        names = mem_resize(m->names, m->n + 16, sizeof *names);
    if (names == NULL)
        return error_memory(err);
    m->names = names;
    names[m->n] = mem_text(name);
    if (names[m->n] == NULL)
        return error_memory(err);
    m->n++;
    return HONE_OK;
}

size_t metric_names_find(const struct metric_names *m, const char *name)
{
    size_t i = 0;
    while (i < m->n && strcmp(m->names[i], name) != 0)
        i++;
    return i;
}
