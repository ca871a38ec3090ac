/*
 * where.h: expressions that every proposal satisfies, such as "depth * width <= 2048".
 *
 * Grammar, loosest first (as in Python):
 *     or    and    not    == != < <= > >= in, not in    + -    * / %    - (sign)    **
 *     number   'text' "text"   name   `name with - . or :`   (expression)
 *     min(a, b, ...)   max(a, b, ...)   abs(a)   and, right of `in`, [a, b, ...]
 * % takes the sign of its right side. Comparisons don't chain. Types are checked when compiling:
 * numbers are calculated with and ordered, texts only compared for equality, and the whole is a
 * condition. An expression that names an inactive parameter holds.
 */
#ifndef HONE_SPACE_WHERE_H
#define HONE_SPACE_WHERE_H

#include "space/space.h"

struct where;

/**
 * Compile an expression over the parameters declared so far.
 * @return HONE_OK, HONE_ENOMEM, or HONE_EINVAL with a text that names expression and column
 */
hone_status where_compile(const struct hone_space *space, const char *expression,
                          struct where **out, hone_error *err);
void where_free(struct where *where);

/** The expression as it was written. */
const char *where_text(const struct where *where);

/** Whether it names parameter j. */
bool where_names(const struct where *where, size_t j);

/** Whether it holds for a completed row. No allocation. */
bool where_holds(const struct where *where, const struct hone_space *space, const double *row);

#endif
