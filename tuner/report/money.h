/* money.h: a study's time and money, in words that say how each figure was computed. */
#ifndef HONE_REPORT_MONEY_H
#define HONE_REPORT_MONEY_H

#include <stdio.h>

#include "report/study_view.h"

/** Lines with labels: time; where there is a price, cost and what was saved. */
void money_print(const struct study_view *view, FILE *out, int columns);

#endif
