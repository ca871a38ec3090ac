/*
 * table.h: rows of text in columns that align, in any script, and fit the terminal.
 *
 * Cells are given row by row, from left to right. What is too wide is shortened first, column by
 * column; then columns are left out, those of the highest rank first, and named below the table.
 */
#ifndef HONE_REPORT_TABLE_H
#define HONE_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table;

/** How a row is painted, where colours are wanted. */
enum table_paint { PAINT_PLAIN, PAINT_DIM, PAINT_RED, PAINT_GREEN, PAINT_CYAN };

struct table_column {
    const char *title; /* copied */
    bool right;        /* numbers */
    int rank;          /* 0: never left out */
};

/** NULL when memory is out. */
struct table *table_new(size_t n_columns, const struct table_column *columns);
void table_free(struct table *table);
/** The next cell; NULL is an empty one. Escaped when printed. */
void table_cell(struct table *table, const char *text);
void table_number(struct table *table, double x);
/** Paint the row whose cells come next. */
void table_paint(struct table *table, enum table_paint paint);
/**
 * @param columns  width of the terminal; 0: not limited
 * @return false when memory was out
 */
bool table_print(struct table *table, FILE *out, int columns, bool color);

/** The escape codes of a paint, and what ends it; "" without colour. */
const char *paint_begin(enum table_paint paint, bool color);
const char *paint_end(enum table_paint paint, bool color);

#endif
