/* refined.h: the study file that goes on from a study with narrower ranges. */
#ifndef HONE_SPEC_REFINED_H
#define HONE_SPEC_REFINED_H

#include "base/buf.h"
#include "spec/spec.h"

/**
 * Write a study file: the settings of a study, but for its name, its seed and what it began with,
 * with the ranges of a refinement. A comment at each parameter says what became of it and why.
 *
 * @param absolute  write folders in full: the file will lie elsewhere than the study's
 * @return HONE_OK; HONE_EINVAL: what came out is no valid study (an expression of `where` may name
 *         a parameter that no longer can be active); HONE_ENOMEM
 */
HONE_NODISCARD hone_status spec_refined(const struct spec *spec, const hone_refinement *refinement,
                                        bool absolute, struct buf *out, hone_error *err);

/** "0.001 to 0.1" or "sgd, adam": a range as people read it, before or after. */
void range_before(const struct parameter *p, struct buf *out);
void range_after(const struct parameter *p, const hone_refined *refined, struct buf *out);

#endif
