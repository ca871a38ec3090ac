/* refine.h: what became of each range, for people and for programs. */
#ifndef HONE_REPORT_REFINE_H
#define HONE_REPORT_REFINE_H

#include "io/json.h"
#include "spec/spec.h"

/** A table of the ranges before and after. HONE_ENOMEM. */
HONE_NODISCARD hone_status refine_print(const struct spec *spec, const hone_refinement *refinement,
                                        FILE *out, int columns, hone_error *err);

/** The object of `hone refine --json`; NULL when memory is out. */
json_t *refine_json(const struct spec *spec, const hone_refinement *refinement);

#endif
