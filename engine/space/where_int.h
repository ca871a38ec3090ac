/* where_int.h: the compiled form of an expression: a tree in an array. */
#ifndef HONE_SPACE_WHERE_INT_H
#define HONE_SPACE_WHERE_INT_H

#include "space/where.h"

enum where_op {
    OP_NUMBER,
    OP_TEXT,
    OP_PARAM,
    OP_OR,
    OP_AND,
    OP_NOT,
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_IN, /* left: what is looked for; first: the list's first element */
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_MOD,
    OP_POW,
    OP_MINUS,
    OP_MIN, /* first: the first argument */
    OP_MAX,
    OP_ABS
};

/* No such node. */
#define NO_NODE ((size_t)-1)

struct where_node {
    enum where_op op;
    size_t left, right; /* operands */
    size_t first, next; /* first element of this one's list; the sibling in the list it is in */
    size_t column;      /* where it is written, from 1 */
    double number;
    const char *text; /* in where->texts */
    size_t param;
};

struct where {
    char *expression;
    char *texts; /* all text constants, each ended by NUL */
    struct where_node *nodes;
    size_t n, room, root;
};

#endif
