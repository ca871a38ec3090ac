/* limits.h: whether a completed trial keeps the study's constraints, and which it breaks. */
#ifndef HONE_REPORT_LIMITS_H
#define HONE_REPORT_LIMITS_H

#include <stdbool.h>

#include "base/buf.h"
#include "spec/spec.h"

/** @param values  of a completed trial, as values_read() gives them */
bool limits_kept(const struct spec *spec, const double *values);

/** Append "breaks latency <= 30", with all that are broken; nothing when all are kept. */
void limits_text(struct buf *out, const struct spec *spec, const double *values);

#endif
