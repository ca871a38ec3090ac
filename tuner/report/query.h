/*
 * query.h: `hone trials --where "lr < 1e-3 and state == 'completed'"`: a small expression over the
 * fields of a trial.
 *
 *     or      := and ("or" and)*
 *     and     := not ("and" not)*
 *     not     := "not" not | sum (COMPARE sum)*        a < b < c means a < b and b < c
 *     sum     := product (("+" | "-") product)*
 *     product := unary (("*" | "/") unary)*
 *     unary   := "-" unary | "(" or ")" | number | 'text' | "text" | name | `name`
 *     COMPARE := == | = | != | < | <= | > | >=
 *
 * A name without a value (an inactive parameter, a failed trial's metric) makes the comparison that
 * it is in false, and so do a text and a number that are compared by anything but !=.
 */
#ifndef HONE_REPORT_QUERY_H
#define HONE_REPORT_QUERY_H

#include <stdbool.h>

#include "base/error.h"

struct query;

enum query_kind { QUERY_MISSING, QUERY_NUMBER, QUERY_TEXT };

struct query_value {
    enum query_kind kind;
    double number;
    const char *text; /* borrowed */
};

/** Say whether there is a field of this name; called once for each name while compiling. */
typedef bool query_knows(void *context, const char *name);
/** The value of a field that is known. */
typedef struct query_value query_lookup(void *context, const char *name);

/** NULL: HONE_EINVAL: the text names the place and what was expected there. */
struct query *query_new(const char *expression, query_knows *knows, void *context, hone_error *err);
void query_free(struct query *query);
bool query_holds(const struct query *query, query_lookup *lookup, void *context);

#endif
