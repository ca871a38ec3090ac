/* plot.c: see plot.h. */
#include "report/plot.h"

#include "base/mem.h"
#include "report/text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct canvas {
    int width, height;    /* in dots */
    unsigned char *cells; /* a byte each: the eight dots of a Braille character */
};

/* Unicode numbers the dots down the left column, then the right; the fourth row came later. */
static void set_dot(struct canvas *c, int x, int y)
{
    static const unsigned char bits[4][2] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    c->cells[(size_t)(y / 4) * (size_t)(c->width / 2) + (size_t)(x / 2)] |= bits[y % 4][x % 2];
}

static void draw_line(struct canvas *c, int x0, int y0, int x1, int y1)
{
    int steps = abs(x1 - x0) > abs(y1 - y0) ? abs(x1 - x0) : abs(y1 - y0);
    for (int i = 0; i <= steps; i++) {
        double t = steps > 0 ? (double)i / steps : 0;
        set_dot(c, x0 + (int)lround(t * (x1 - x0)), y0 + (int)lround(t * (y1 - y0)));
    }
}

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

static int dot_of(double v, struct range r, int dots)
{
    double share = r.high > r.low ? (v - r.low) / (r.high - r.low) : 0.5;
    return (int)lround(share * (dots - 1));
}

static void print_canvas(const struct canvas *c, FILE *out, struct range x, struct range y)
{
    char high[32], low[32], left[32], right[32];
    text_number(high, y.high);
    text_number(low, y.low);
    text_number(left, x.low);
    text_number(right, x.high);
    int label = (int)(strlen(high) > strlen(low) ? strlen(high) : strlen(low));
    int columns = c->width / 2, rows = c->height / 4;
    for (int row = 0; row < rows; row++) {
        fprintf(out, "  %*s ", label, row == 0 ? high : row == rows - 1 ? low : "");
        fputs(row == 0 || row == rows - 1 ? "┤" : "│", out);
        const unsigned char *cells = &c->cells[(size_t)row * (size_t)columns];
        int used = columns;
        while (used > 0 && cells[used - 1] == 0)
            used--;
        for (int i = 0; i < used; i++) {
            if (cells[i] == 0)
                fputc(' ', out);
            else /* U+2800 + dots in UTF-8 */
                fprintf(out, "\xe2%c%c", 0xa0 + (cells[i] >> 6), 0x80 + (cells[i] & 0x3f));
        }
        fputc('\n', out);
    }
    fprintf(out, "  %*s  %s%*s\n", label, "", left, columns - (int)strlen(left), right);
}

void plot_curve(FILE *out, const double *x, const double *y, size_t n, int columns, int rows)
{
    struct range xs = range_of(x, y, n), ys = range_of(y, x, n);
    if (!(xs.high > xs.low))
        return;
    struct canvas c = {.width = 2 * columns, .height = 4 * rows};
    c.cells = mem_array((size_t)columns * (size_t)rows, 1);
    if (c.cells == NULL)
        return;
    bool joined = false;
    int px = 0, py = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i])) {
            joined = false;
            continue;
        }
        int dx = dot_of(x[i], xs, c.width), dy = c.height - 1 - dot_of(y[i], ys, c.height);
        draw_line(&c, joined ? px : dx, joined ? py : dy, dx, dy);
        joined = true;
        px = dx;
        py = dy;
    }
    print_canvas(&c, out, xs, ys);
    mem_free(c.cells);
}
