/*
 * figure.h: a drawing of panels with points and lines, for the terminal (the dots of Braille
 * characters, 2 x 4 a cell) and as SVG.
 */
#ifndef HONE_REPORT_FIGURE_H
#define HONE_REPORT_FIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/mem.h"

enum tone { TONE_FAINT, TONE_PLAIN, TONE_STRONG };

/** Points, or a line through them. Coordinates are in [0, 1], y upwards; a NaN breaks a line. */
struct stroke {
    size_t n;
    double *x, *y;
    bool joined;
    enum tone tone;
    double width; /* of a line, in pixels of SVG; 0: thin */
};

/** Strokes in a frame, with the texts at the ends of its axes. */
struct panel {
    const char *title, *left, *right, *low, *high;
    size_t n, room;
    struct stroke *strokes;
};

struct figure {
    struct arena arena; /* holds the texts and coordinates */
    const char *title;
    size_t n, room;
    struct panel *panels;
    int across;  /* panels side by side in SVG */
    int height;  /* of a panel, in pixels of SVG; in the terminal a line of text for 24 */
    bool failed; /* memory was out; nothing more is added. Look once, at the end. */
};

void figure_init(struct figure *figure, int across, int height);
void figure_release(struct figure *figure);

/** Copy a text into the figure; "" when memory is out. */
const char *figure_text(struct figure *figure, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/** Add a panel without strokes and texts; valid until the next one is added. NULL: memory. */
struct panel *figure_panel(struct figure *figure, const char *title);

/** Add a stroke of n points, all zero; valid until the panel's next one. NULL: memory. */
struct stroke *figure_stroke(struct figure *figure, struct panel *panel, size_t n, bool joined,
                             enum tone tone);

/** @param columns  of the terminal; 0: 80 */
void figure_print(const struct figure *figure, FILE *out, int columns, bool color);

/** The panels alone, each of this size without its labels. */
void figure_print_panels(const struct figure *figure, FILE *out, int columns, int rows, bool color);

void figure_svg(const struct figure *figure, FILE *out);

#endif
