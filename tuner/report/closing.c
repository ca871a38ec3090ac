/* closing.c: see closing.h. */
#include "report/closing.h"

#include "report/money.h"
#include "report/text.h"

hone_status closing_print(struct store *store, const struct study_row *row, int64_t now, FILE *out,
                          int columns, int64_t *best_out, hone_error *err)
{
    struct study_view view;
    hone_status status = study_view_read(store, row, false, now, &view, err);
    if (status != HONE_OK)
        return status;
    *best_out = view.best;
    fprintf(out, "study %s: ", row->name);
    text_print(out, row->reason != NULL ? row->reason : study_state_text(row->state));
    fputs("\n\n", out);
    if (view.best >= 0) {
        fputs("best: ", out);
        status = best_print(&view.front, row, view.spec, BEST_TEXT, out, columns, err);
        fputc('\n', out);
    }
    money_print(&view, out, columns);
    study_view_release(&view);
    return status;
}
