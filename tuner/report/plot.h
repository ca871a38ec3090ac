/* plot.h: a curve in a few lines of text, drawn with the dots of Braille characters (2 x 4 a cell).
 */
#ifndef HONE_REPORT_PLOT_H
#define HONE_REPORT_PLOT_H

#include <stddef.h>
#include <stdio.h>

/**
 * Draw n points (x rising) joined by lines, with the ends of both axes. Points that are not finite
 * are left out. Fewer than two finite points draw nothing.
 *
 * @param columns, rows  size of the drawing, without the labels
 */
void plot_curve(FILE *out, const double *x, const double *y, size_t n, int columns, int rows);

#endif
