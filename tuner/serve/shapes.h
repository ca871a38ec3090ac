/*
 * shapes.h: what the input of each action must be, as facts of the public service models: which
 * members there are, of which kind, which are required, and their bounds. The table, shapes.c, is
 * made by scripts/aws-shapes.py; validate.c walks a body along it.
 */
#ifndef HONE_SERVE_SHAPES_H
#define HONE_SERVE_SHAPES_H

#include <stdbool.h>
#include <stddef.h>

enum shape_kind {
    SHAPE_STRUCTURE,
    SHAPE_LIST,
    SHAPE_MAP,
    SHAPE_STRING,
    SHAPE_INTEGER,
    SHAPE_NUMBER,
    SHAPE_BOOLEAN,
    SHAPE_TIMESTAMP
};

struct shape {
    enum shape_kind kind;
    double min, max;     /* of a number, of a text's characters, of a list's or map's items */
    const char *pattern; /* of the whole text; or NULL */
    const char *values;  /* "Off, Auto": the only texts; or NULL */
    int first, n;        /* a structure's members: a part of shape_members */
    int key, item;       /* shapes of a map's keys, and of a list's or map's items */
};

struct shape_member {
    const char *name;
    bool required;
    int shape;
};

struct shape_action {
    const char *service, *name; /* as in struct serve_call */
    int shape;
};

extern const struct shape shapes[];
extern const struct shape_member shape_members[];
extern const struct shape_action shape_actions[];
extern const size_t n_shape_actions;

#endif
