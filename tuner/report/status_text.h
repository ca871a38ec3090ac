/* status_text.h: `hone status` and `hone list` for people. */
#ifndef HONE_REPORT_STATUS_TEXT_H
#define HONE_REPORT_STATUS_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "report/study_view.h"
#include "report/table.h"

/** Print what a study has done, what runs, and what can be done next. */
void status_print(const struct study_view *view, FILE *out, int columns, bool color);

/** The table of `hone list`, and one study's row of it. */
struct table *list_table(void);
void list_row(struct table *table, const struct study_view *view);

#endif
