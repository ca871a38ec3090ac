/* plot.c: see plot.h. */
#include "report/plot.h"

#include "report/figure.h"
#include "report/text.h"

#include <math.h>
#include <stdbool.h>

struct range {
    double low, high;
};

static struct range range_of(const double *v, const double *other, size_t n)
{
    struct range r = {(double)INFINITY, -(double)INFINITY};
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(v[i]) || !isfinite(other[i]))
            continue;
        r.low = v[i] < r.low ? v[i] : r.low;
        r.high = v[i] > r.high ? v[i] : r.high;
    }
    return r;
}

static double share(double v, struct range r)
{
    return r.high > r.low ? (v - r.low) / (r.high - r.low) : 0.5;
}

static const char *number(struct figure *figure, double x)
{
    char text[32];
    text_number(text, x);
    return figure_text(figure, "%s", text);
}

void plot_curve(FILE *out, const double *x, const double *y, size_t n, int columns, int rows)
{
    struct range xs = range_of(x, y, n), ys = range_of(y, x, n);
    struct figure figure;
    if (!(xs.high > xs.low))
        return;
    figure_init(&figure, 1, 0);
    struct panel *panel = figure_panel(&figure, "");
    struct stroke *line = figure_stroke(&figure, panel, n, true, TONE_PLAIN);
    for (size_t i = 0; line != NULL && i < n; i++) {
        line->x[i] = share(x[i], xs);
        line->y[i] = share(y[i], ys);
    }
    if (line != NULL) {
        panel->left = number(&figure, xs.low);
        panel->right = number(&figure, xs.high);
        panel->low = number(&figure, ys.low);
        panel->high = number(&figure, ys.high);
        figure_print_panels(&figure, out, columns, rows, false);
    }
    figure_release(&figure);
}
