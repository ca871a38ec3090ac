/* importance.c: see importance.h. */
#include "report/importance.h"

#include <math.h>
#include <string.h>

#include "report/study_view.h"
#include "report/table.h"
#include "report/text.h"

enum { LONGEST_BAR = 40, SHORTEST_BAR = 8, LONGEST_NAME = 30, DEFAULT_COLUMNS = 80 };

/* What the numbers are, by method. */
static const struct meaning {
    const char *method, *title;
} meanings[] = {
    {"ped-anova", "share of what sets the best trials apart"},
    {"sobol", "share of the variance by a parameter alone, and with others"},
    {"fanova", "share of the variance by a parameter alone"},
};

static const char *title_of(const char *method)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (strcmp(meanings[i].method, method) == 0)
            return meanings[i].title;
    return method;
}

/* Eighths of a character: a bar of `share` of `columns`. */
static void add_bar(struct buf *line, double share, int columns)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int eighths = (int)lround(share * 8.0 * columns), used = 0;
    for (; eighths >= 8; eighths -= 8, used++)
        buf_text(line, "█");
    if (eighths > 0) {
        buf_text(line, parts[eighths]);
        used++;
    }
    for (; used < columns; used++)
        buf_char(line, ' ');
}

static void print_effect(const struct hone_effects *effects, const hone_effect *e, int name_width,
                         int bar, FILE *out, bool color)
{
    struct buf line;
    buf_init(&line, 4096);
    text_add(&line, e->name, name_width);
    for (int w = text_width(line.data); w < name_width; w++)
        buf_char(&line, ' ');
    buf_printf(&line, "  %.2f  ", e->share);
    buf_text(&line, paint_begin(effects->enough ? PAINT_CYAN : PAINT_DIM, color));
    add_bar(&line, e->share, bar);
    buf_text(&line, paint_end(effects->enough ? PAINT_CYAN : PAINT_DIM, color));
    if (isfinite(e->low))
        buf_printf(&line, "  %.2f to %.2f", e->low, e->high);
    if (isfinite(e->total))
        buf_printf(&line, "  %.2f with others", e->total);
    if (e->active < 1.0)
        buf_printf(&line, "  active in %.0f %%", 100.0 * e->active);
    fprintf(out, "  %s\n", line.data);
    buf_release(&line);
}

static void print_note(const hone_effects *effects, FILE *out, int columns)
{
    char note[200];
    if (isfinite(effects->fit))
        snprintf(note, sizeof note,
                 "%sThe model explains %.0f %% of the variance of trials that it has not seen.",
                 effects->enough ? "" : "Too little data: ", 100.0 * fmax(0.0, effects->fit));
    else if (!effects->enough)
        snprintf(note, sizeof note, "Too little data: the shares of %zu trials say little.",
                 effects->n_trials);
    else
        return;
    fputc('\n', out);
    text_wrap(out, note, 0, columns);
}

void importance_print(const struct importance *importance, FILE *out, int columns, bool color)
{
    const hone_effects *effects = importance->effects;
    int name_width = 0, bar, notes = 0;
    struct buf title;
    if (columns <= 0)
        columns = DEFAULT_COLUMNS;
    for (size_t i = 0; i < effects->n; i++) {
        const hone_effect *e = &effects->effects[i];
        int width = text_width(e->name);
        int note = (isfinite(e->low) ? 14 : 0) + (isfinite(e->total) ? 18 : 0) +
                   (e->active < 1.0 ? 16 : 0);
        name_width = width > name_width ? width : name_width;
        notes = note > notes ? note : notes;
    }
    name_width = name_width < LONGEST_NAME ? name_width : LONGEST_NAME;
    bar = columns - name_width - notes - 10;
    bar = bar > LONGEST_BAR ? LONGEST_BAR : bar < SHORTEST_BAR ? SHORTEST_BAR : bar;

    buf_init(&title, 4096);
    buf_printf(&title, "%s, %s: %s (%s, %zu trials)", importance->study, importance->metric,
               title_of(effects->method), effects->method, effects->n_trials);
    text_wrap(out, title.data, 0, columns);
    buf_release(&title);
    fputc('\n', out);
    for (size_t i = 0; i < effects->n; i++)
        print_effect(effects, &effects->effects[i], name_width, bar, out, color);
    print_note(effects, out, columns);
}

json_t *importance_json(const struct importance *importance)
{
    const hone_effects *effects = importance->effects;
    json_t *shares = json_object(), *list = json_array();
    for (size_t i = 0; i < effects->n; i++) {
        const hone_effect *e = &effects->effects[i];
        json_t *interval =
            isfinite(e->low) ? json_pack("[o, o]", json_of_double(e->low), json_of_double(e->high))
                             : json_null();
        json_object_set_new(shares, e->name, json_of_double(e->share));
        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:o, s:o, s:o}", "parameter", e->name, "share",
                                        json_of_double(e->share), "interval", interval, "total",
                                        isfinite(e->total) ? json_of_double(e->total) : json_null(),
                                        "active", json_of_double(e->active)));
    }
    return json_pack("{s:s, s:s, s:s, s:I, s:b, s:o, s:o, s:o}", "study", importance->study,
                     "objective", importance->metric, "method", effects->method, "trials",
                     (json_int_t)effects->n_trials, "enough", effects->enough, "fit",
                     isfinite(effects->fit) ? json_of_double(effects->fit) : json_null(),
                     "importance", shares, "parameters", list);
}
