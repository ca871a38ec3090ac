/* confirm.h: the part of confirm.c that others may test. */
#ifndef HONE_ANALYSIS_CONFIRM_H
#define HONE_ANALYSIS_CONFIRM_H

#include "hone.h"

/** The t with P(|T| <= t) = level, for Student's T with v >= 1 degrees of freedom. */
double student_quantile(double level, size_t v);

#endif
