/* plots.h: the drawings of a study: what `hone plot` shows. */
#ifndef HONE_REPORT_PLOTS_H
#define HONE_REPORT_PLOTS_H

#include "report/figure.h"
#include "spec/spec.h"
#include "store/store.h"

/** What a drawing is made of. */
struct plot_source {
    struct store *store;
    const struct study_row *study;
    const struct spec *spec;
    size_t objective;
    int64_t now;
    const hone_effects *effects; /* for "importance" only */
};

struct plot_kind {
    const char *name;
    /** HONE_ESTATE: there is nothing to draw, in words. */
    hone_status (*draw)(const struct plot_source *source, struct figure *figure, hone_error *err);
};

/** The kind of this name; NULL: HONE_EINVAL, with all names. */
const struct plot_kind *plot_find(const char *name, hone_error *err);

#endif
