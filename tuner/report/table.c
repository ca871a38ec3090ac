/* table.c: see table.h. All cells lie one after another in one buffer, each ended by a NUL. */
#include "report/table.h"

#include "base/buf.h"
#include "base/mem.h"
#include "report/text.h"

#include <string.h>

enum { GAP = 2, SHORTEST = 12, TABLE_MAX = 256 << 20 };

struct column {
    char *title;
    bool right, filled; /* filled: some cell is not empty */
    bool left_out;
    int rank;
    int width; /* of its widest cell; then as printed */
};

struct table {
    size_t n_columns;
    struct column *columns;
    struct buf cells; /* a row: its paint as a byte, then its cells */
    size_t next;      /* column of the next cell */
    enum table_paint paint;
    struct buf line;
};

const char *paint_begin(enum table_paint paint, bool color)
{
    static const char *const codes[] = {
        [PAINT_PLAIN] = "",         [PAINT_DIM] = "\x1b[2m",   [PAINT_RED] = "\x1b[31m",
        [PAINT_GREEN] = "\x1b[32m", [PAINT_CYAN] = "\x1b[36m",
    };
    return color ? codes[paint] : "";
}

const char *paint_end(enum table_paint paint, bool color)
{
    return color && paint != PAINT_PLAIN ? "\x1b[0m" : "";
}

struct table *table_new(size_t n_columns, const struct table_column *columns)
{
    struct table *table = mem_array(1, sizeof *table);
    if (table == NULL)
        return NULL;
    buf_init(&table->cells, TABLE_MAX);
    buf_init(&table->line, 1 << 20);
    table->columns = mem_array(n_columns, sizeof *table->columns);
    if (table->columns == NULL)
        goto failed;
    table->n_columns = n_columns;
    for (size_t i = 0; i < n_columns; i++) {
        struct column *c = &table->columns[i];
        *c = (struct column){.title = mem_text(columns[i].title),
                             .right = columns[i].right,
                             .rank = columns[i].rank,
                             .width = text_width(columns[i].title)};
        if (c->title == NULL)
            goto failed;
    }
    return table;
failed:
    table_free(table);
    return NULL;
}

void table_free(struct table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->n_columns; i++)
        mem_free(table->columns[i].title);
    mem_free(table->columns);
    buf_release(&table->cells);
    buf_release(&table->line);
    mem_free(table);
}

void table_paint(struct table *table, enum table_paint paint)
{
    table->paint = paint;
}

void table_cell(struct table *table, const char *text)
{
    struct column *c = &table->columns[table->next];
    if (table->next == 0) {
        buf_char(&table->cells, (char)(1 + table->paint));
        table->paint = PAINT_PLAIN;
    }
    if (text == NULL)
        text = "";
    buf_add(&table->cells, text, strlen(text) + 1);
    int width = text_width(text);
    if (width > c->width)
        c->width = width;
    c->filled = c->filled || width > 0;
    table->next = (table->next + 1) % table->n_columns;
}

void table_number(struct table *table, double x)
{
    char text[32];
    text_number(text, x);
    table_cell(table, text);
}

static bool is_shown(const struct column *c)
{
    return !c->left_out && (c->filled || c->rank == 0);
}

static int total_width(const struct table *table)
{
    int total = -GAP;
    for (size_t i = 0; i < table->n_columns; i++)
        if (is_shown(&table->columns[i]))
            total += table->columns[i].width + GAP;
    return total;
}

/** The widest column of texts that may become narrower, or NULL. */
static struct column *widest_text(struct table *table)
{
    struct column *widest = NULL;
    for (size_t i = 0; i < table->n_columns; i++) {
        struct column *c = &table->columns[i];
        if (is_shown(c) && !c->right && c->width > SHORTEST && text_width(c->title) < c->width &&
            (widest == NULL || c->width > widest->width))
            widest = c;
    }
    return widest;
}

/** The column to be left out next, or NULL. Of equal rank the last. */
static struct column *least_needed(struct table *table)
{
    struct column *least = NULL;
    for (size_t i = 0; i < table->n_columns; i++) {
        struct column *c = &table->columns[i];
        if (is_shown(c) && c->rank > 0 && (least == NULL || c->rank >= least->rank))
            least = c;
    }
    return least;
}

static void fit(struct table *table, int columns)
{
    for (int total; (total = total_width(table)) > columns;) {
        struct column *c = widest_text(table);
        if (c != NULL) {
            c->width--;
            continue;
        }
        c = least_needed(table);
        if (c == NULL)
            return;
        c->left_out = true;
    }
}

static void add_cell(struct table *table, const struct column *c, const char *text)
{
    size_t start = table->line.len;
    text_add(&table->line, text, c->width);
    int pad = c->width - text_width(table->line.data + start);
    if (!c->right) {
        buf_printf(&table->line, "%*s", pad, "");
        return;
    }
    table->line.len = start;
    buf_printf(&table->line, "%*s", pad, "");
    text_add(&table->line, text, c->width);
}

/** Print one row; returns where the next one begins. NULL prints the titles. */
static const char *print_row(struct table *table, FILE *out, const char *cells)
{
    struct buf *line = &table->line;
    buf_clear(line);
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct column *c = &table->columns[i];
        if (is_shown(c)) {
            if (line->len > 0)
                buf_printf(line, "%*s", GAP, "");
            add_cell(table, c, cells != NULL ? cells : c->title);
        }
        if (cells != NULL)
            cells += strlen(cells) + 1;
    }
    while (line->len > 0 && line->data[line->len - 1] == ' ')
        line->len--;
    fwrite(line->data, 1, line->len, out);
    return cells;
}

static void print_left_out(struct table *table, FILE *out, int columns, bool color)
{
    struct buf *line = &table->line;
    bool any = false;
    buf_clear(line);
    for (size_t i = 0; i < table->n_columns; i++) {
        if (!table->columns[i].left_out)
            continue;
        buf_text(line, any ? ", " : "not shown for want of width: ");
        text_add(line, table->columns[i].title, columns);
        any = true;
    }
    if (!any)
        return;
    fputs(paint_begin(PAINT_DIM, color), out);
    text_wrap(out, line->data, 0, columns);
    fputs(paint_end(PAINT_DIM, color), out);
}

bool table_print(struct table *table, FILE *out, int columns, bool color)
{
    if (table->cells.failed)
        return false;
    if (columns > 0)
        fit(table, columns);
    fputs(paint_begin(PAINT_DIM, color), out);
    print_row(table, out, NULL);
    fprintf(out, "%s\n", paint_end(PAINT_DIM, color));
    const char *end = table->cells.data + table->cells.len;
    for (const char *row = table->cells.data; row < end;) {
        enum table_paint paint = (enum table_paint)(*row - 1);
        fputs(paint_begin(paint, color), out);
        row = print_row(table, out, row + 1);
        fprintf(out, "%s\n", paint_end(paint, color));
    }
    print_left_out(table, out, columns, color);
    return !table->line.failed;
}
