/*
 * text.h: text for people. Names, log lines and script output are somebody else's bytes: on their
 * way to a terminal control characters become visible (\x1b), and broken UTF-8 becomes U+FFFD, so
 * that nothing that a script prints can move the cursor, change colours or send keys.
 */
#ifndef HONE_REPORT_TEXT_H
#define HONE_REPORT_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

/**
 * Read one character of UTF-8.
 * @param len  bytes there are, >= 1
 * @param out  the code point; U+FFFD for a byte that begins no valid character
 * @return bytes it takes, >= 1
 */
size_t text_decode(const char *text, size_t len, uint32_t *out);

/** Columns that a terminal gives to a text after escaping. */
int text_width(const char *text);

/** Append with control characters escaped, and at most `columns` wide: a longer text ends in "…".
 */
void text_add(struct buf *out, const char *text, int columns);

/** Print a text, escaped. */
void text_print(FILE *out, const char *text);

/** Print bytes of a log, escaped, but for newlines and tabs. A carriage return ends a line. */
void text_print_log(FILE *out, const char *data, size_t len);

/** Print words in lines of at most `width` columns; lines after the first are indented. Ends with a
 * newline. */
void text_wrap(FILE *out, const char *text, int indent, int width);

/** A label of at most 9 columns, and what it is about in as many lines as that takes. */
void text_labelled(FILE *out, const char *label, const char *text, int columns);

/** A number in at most 5 significant digits: for people; whole numbers in full. */
void text_number(char out[32], double x);

/** "2026-11-24 10:00:05", UTC; "" for 0. */
void text_time(char out[32], int64_t ms);

/** The width of the terminal on stdout, else of $COLUMNS, else 0: not limited. */
int text_columns(void);

#endif
