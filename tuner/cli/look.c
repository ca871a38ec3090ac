/* look.c: see look.h. */
#include "cli/look.h"

#include <string.h>

#include "cli/args.h"
#include "io/time.h"
#include "loop/lease.h"
#include "report/study_view.h"

int look_open(struct look *look, const struct globals *globals, const char *study)
{
    int status = EXIT_DONE;
    hone_error err = {0};
    *look = (struct look){0};
    look->store = open_study(globals, study, &look->row, &status);
    if (look->store == NULL)
        return status;
    int64_t now = time_now_ms();
    look->now = study_now(&look->row, lease_is_held(&look->row, now), now);
    look->spec = stored_spec(&look->row, &err);
    if (look->spec != NULL)
        return EXIT_DONE;
    look_close(look);
    return fail(EXIT_SYSTEM, "%s", err.text);
}

void look_close(struct look *look)
{
    spec_free(look->spec);
    study_row_release(&look->row);
    store_close(look->store);
    *look = (struct look){0};
}

int look_objective(const struct look *look, const char *command, const char *metric, size_t *out)
{
    const struct spec *spec = look->spec;
    *out = 0;
    while (metric != NULL && *out < spec->n_objectives &&
           strcmp(spec->objectives[*out].metric, metric) != 0)
        (*out)++;
    if (*out < spec->n_objectives)
        return EXIT_DONE;
    return usage_error(command, "\"%s\" is no objective of %s", metric, look->row.name);
}
