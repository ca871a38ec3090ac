/* figure.c: see figure.h. */
#include "report/figure.h"

#include "base/buf.h"
#include "report/table.h"
#include "report/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_COLUMNS = 80, MOST_COLUMNS = 100, LEAST_COLUMNS = 20, LINE_PIXELS = 24 };
enum { WIDTH = 900, MARGIN = 56, GAP = 34, HEAD = 40 }; /* of SVG */

void figure_init(struct figure *figure, int across, int height)
{
    *figure = (struct figure){.title = "", .across = across, .height = height};
}

void figure_release(struct figure *figure)
{
    for (size_t i = 0; i < figure->n; i++)
        mem_free(figure->panels[i].strokes);
    mem_free(figure->panels);
    arena_release(&figure->arena);
    *figure = (struct figure){0};
}

const char *figure_text(struct figure *figure, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    char *copy = arena_array(&figure->arena, strlen(text) + 1, 1);
    if (copy == NULL) {
        figure->failed = true;
        return "";
    }
    memcpy(copy, text, strlen(text));
    return copy;
}

/* Room for one more in an array of `n` items. */
static bool grow(void *array, size_t n, size_t *room, size_t size)
{
    void **block = array;
    if (n < *room)
        return true;
    size_t more = *room > 0 ? 2 * *room : 8;
    void *grown = *block != NULL ? mem_resize(*block, more, size) : mem_array(more, size);
    if (grown == NULL)
        return false;
    *block = grown;
    *room = more;
    return true;
}

struct panel *figure_panel(struct figure *figure, const char *title)
{
    if (figure->failed || !grow(&figure->panels, figure->n, &figure->room, sizeof(struct panel))) {
        figure->failed = true;
        return NULL;
    }
    struct panel *panel = &figure->panels[figure->n++];
    *panel = (struct panel){.title = title, .left = "", .right = "", .low = "", .high = ""};
    return panel;
}

struct stroke *figure_stroke(struct figure *figure, struct panel *panel, size_t n, bool joined,
                             enum tone tone)
{
    double *numbers = panel != NULL ? arena_array(&figure->arena, 2 * n, sizeof *numbers) : NULL;
    if (numbers == NULL || !grow(&panel->strokes, panel->n, &panel->room, sizeof(struct stroke))) {
        figure->failed = true;
        return NULL;
    }
    struct stroke *stroke = &panel->strokes[panel->n++];
    *stroke =
        (struct stroke){.n = n, .x = numbers, .y = numbers + n, .joined = joined, .tone = tone};
    return stroke;
}

/* ---- The terminal ---------------------------------------------------------------------------- */

struct canvas {
    int columns, rows;
    unsigned char *dots;  /* a byte a cell: the eight dots of a Braille character */
    unsigned char *tones; /* 1 + the strongest tone of a cell */
};

/* Unicode numbers the dots down the left column, then the right; the fourth row came later. */
static void set_dot(struct canvas *c, int x, int y, enum tone tone)
{
    static const unsigned char bits[4][2] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    size_t cell = (size_t)(y / 4) * (size_t)c->columns + (size_t)(x / 2);
    c->dots[cell] |= bits[y % 4][x % 2];
    if (c->tones[cell] < 1 + (unsigned char)tone)
        c->tones[cell] = (unsigned char)(1 + (unsigned char)tone);
}

static void draw_line(struct canvas *c, const int from[2], const int to[2], enum tone tone)
{
    int dx = to[0] - from[0], dy = to[1] - from[1];
    int steps = abs(dx) > abs(dy) ? abs(dx) : abs(dy);
    for (int i = 0; i <= steps; i++) {
        double t = steps > 0 ? (double)i / steps : 0;
        set_dot(c, from[0] + (int)lround(t * dx), from[1] + (int)lround(t * dy), tone);
    }
}

static void draw_stroke(struct canvas *c, const struct stroke *stroke)
{
    int last[2] = {0, 0};
    bool has_last = false;
    for (size_t i = 0; i < stroke->n; i++) {
        if (!isfinite(stroke->x[i]) || !isfinite(stroke->y[i])) {
            has_last = false;
            continue;
        }
        int at[2] = {(int)lround(stroke->x[i] * (2 * c->columns - 1)),
                     (int)lround((1 - stroke->y[i]) * (4 * c->rows - 1))};
        if (stroke->joined && has_last)
            draw_line(c, last, at, stroke->tone);
        else
            set_dot(c, at[0], at[1], stroke->tone);
        memcpy(last, at, sizeof last);
        has_last = true;
    }
}

static enum table_paint paint_of(unsigned char tone, bool color)
{
    return !color || tone == 1 + TONE_PLAIN ? PAINT_PLAIN
           : tone == 1 + TONE_STRONG        ? PAINT_GREEN
                                            : PAINT_DIM;
}

static void print_row(const struct canvas *c, int row, FILE *out, bool color)
{
    const unsigned char *dots = c->dots + (size_t)row * (size_t)c->columns;
    const unsigned char *tones = c->tones + (size_t)row * (size_t)c->columns;
    int used = c->columns;
    while (used > 0 && dots[used - 1] == 0)
        used--;
    for (int i = 0; i < used; i++) {
        if (dots[i] == 0) {
            fputc(' ', out);
            continue;
        }
        enum table_paint paint = paint_of(tones[i], color);
        /* U+2800 + dots in UTF-8 */
        fprintf(out, "%s\xe2%c%c%s", paint_begin(paint, color), 0xa0 + (dots[i] >> 6),
                0x80 + (dots[i] & 0x3f), paint_end(paint, color));
    }
    fputc('\n', out);
}

static void print_panel(const struct panel *panel, struct canvas *c, int label, FILE *out,
                        bool color)
{
    memset(c->dots, 0, (size_t)c->columns * (size_t)c->rows);
    memset(c->tones, 0, (size_t)c->columns * (size_t)c->rows);
    for (size_t i = 0; i < panel->n; i++)
        draw_stroke(c, &panel->strokes[i]);
    if (panel->title[0] != '\0') {
        fprintf(out, "  %*s  ", label, "");
        text_print(out, panel->title);
        fputc('\n', out);
    }
    for (int row = 0; row < c->rows; row++) {
        bool end = row == 0 || row == c->rows - 1;
        const char *text = row == 0 ? panel->high : row == c->rows - 1 ? panel->low : "";
        struct buf cell;
        buf_init(&cell, 4096);
        text_add(&cell, text, label);
        fprintf(out, "  %*s%s %s", label - text_width(cell.data), "", cell.data, end ? "┤" : "│");
        buf_release(&cell);
        print_row(c, row, out, color);
    }
    int gap = c->columns - text_width(panel->left) - text_width(panel->right);
    fprintf(out, "  %*s  ", label, "");
    text_print(out, panel->left);
    fprintf(out, "%*s", gap > 1 ? gap : 1, "");
    text_print(out, panel->right);
    fputc('\n', out);
}

/* The columns of the longest text at the ends of the upward axis. */
static int label_width(const struct figure *figure)
{
    enum { MOST = 16 };
    int label = 0;
    for (size_t i = 0; i < figure->n; i++) {
        int low = text_width(figure->panels[i].low), high = text_width(figure->panels[i].high);
        label = low > label ? low : label;
        label = high > label ? high : label;
    }
    return label < MOST ? label : MOST;
}

void figure_print_panels(const struct figure *figure, FILE *out, int columns, int rows, bool color)
{
    struct canvas c = {.columns = columns, .rows = rows};
    c.dots = mem_array((size_t)c.columns * (size_t)c.rows, 1);
    c.tones = mem_array((size_t)c.columns * (size_t)c.rows, 1);
    for (size_t i = 0; c.dots != NULL && c.tones != NULL && i < figure->n; i++) {
        if (i > 0)
            fputc('\n', out);
        print_panel(&figure->panels[i], &c, label_width(figure), out, color);
    }
    mem_free(c.dots);
    mem_free(c.tones);
}

void figure_print(const struct figure *figure, FILE *out, int columns, bool color)
{
    columns = columns <= 0 ? DEFAULT_COLUMNS : columns < MOST_COLUMNS ? columns : MOST_COLUMNS;
    text_wrap(out, figure->title, 0, columns);
    fputc('\n', out);
    columns -= label_width(figure) + 4;
    figure_print_panels(figure, out, columns < LEAST_COLUMNS ? LEAST_COLUMNS : columns,
                        figure->height / LINE_PIXELS, color);
}

/* ---- SVG ------------------------------------------------------------------------------------- */

static const char *const colors[] = {
    [TONE_FAINT] = "#9aa5b1", [TONE_PLAIN] = "#2563a8", [TONE_STRONG] = "#c2410c"};

static void put_text(FILE *out, const char *text)
{
    for (size_t len = strlen(text), i = 0, n; i < len; i += n) {
        uint32_t c;
        n = text_decode(text + i, len - i, &c);
        if (c == '<' || c == '>' || c == '&' || c == '"' || c < 0x20 || c == 0xfffd)
            fprintf(out, "&#%u;", c < 0x20 ? 0xfffdU : (unsigned)c);
        else
            fwrite(text + i, 1, n, out);
    }
}

static void put_label(FILE *out, double x, double y, const char *anchor, const char *text)
{
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    put_text(out, text);
    fputs("</text>\n", out);
}

struct frame {
    double x, y, width, height;
};

static void put_line(FILE *out, const struct stroke *stroke, struct frame f)
{
    bool open = false;
    for (size_t i = 0; i < stroke->n; i++) {
        if (!isfinite(stroke->x[i]) || !isfinite(stroke->y[i])) {
            open = false;
            continue;
        }
        fprintf(out, "%s%.1f %.1f", open ? "L" : "M", f.x + stroke->x[i] * f.width,
                f.y + (1 - stroke->y[i]) * f.height);
        open = true;
    }
}

static void put_stroke(FILE *out, const struct stroke *stroke, struct frame f)
{
    const char *color = colors[stroke->tone];
    if (stroke->joined) {
        fputs("<path d=\"", out);
        put_line(out, stroke, f);
        fprintf(out, "\" fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\"/>\n", color,
                stroke->width > 0             ? stroke->width
                : stroke->tone == TONE_STRONG ? 2.0
                                              : 1.2);
        return;
    }
    for (size_t i = 0; i < stroke->n; i++)
        if (isfinite(stroke->x[i]) && isfinite(stroke->y[i]))
            fprintf(out,
                    "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\" fill-opacity=\"0.7\"/>\n",
                    f.x + stroke->x[i] * f.width, f.y + (1 - stroke->y[i]) * f.height, color);
}

static void put_panel(FILE *out, const struct panel *panel, struct frame f)
{
    fprintf(out,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" "
            "stroke=\"#d0d7de\"/>\n",
            f.x, f.y, f.width, f.height);
    for (size_t i = 0; i < panel->n; i++)
        put_stroke(out, &panel->strokes[i], f);
    put_label(out, f.x + f.width / 2, f.y - 5, "middle", panel->title);
    put_label(out, f.x - 5, f.y + 10, "end", panel->high);
    put_label(out, f.x - 5, f.y + f.height, "end", panel->low);
    put_label(out, f.x, f.y + f.height + 13, "start", panel->left);
    put_label(out, f.x + f.width, f.y + f.height + 13, "end", panel->right);
}

void figure_svg(const struct figure *figure, FILE *out)
{
    int rows = ((int)figure->n + figure->across - 1) / figure->across;
    int height = HEAD + rows * (figure->height + GAP) + 10, step = WIDTH / figure->across;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 "
            "%d %d\" font-family=\"sans-serif\" font-size=\"11\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            WIDTH, height, WIDTH, height);
    put_label(out, 10, 18, "start", figure->title);
    for (size_t i = 0; i < figure->n; i++) {
        int column = (int)i % figure->across, row = (int)i / figure->across;
        put_panel(out, &figure->panels[i],
                  (struct frame){.x = column * step + MARGIN,
                                 .y = HEAD + row * (figure->height + GAP),
                                 .width = step - MARGIN - 14,
                                 .height = figure->height});
    }
    fputs("</svg>\n", out);
}
