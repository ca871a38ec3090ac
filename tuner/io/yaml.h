/*
 * yaml.h: a text as a tree of nodes that know where they stand. YAML 1.2, of which JSON is a part.
 * Command-line flags build the same nodes, so that one reader serves them all.
 */
#ifndef HONE_IO_YAML_H
#define HONE_IO_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    bool plain;       /* a scalar without quotes: may mean a number, a boolean or null */
    int line;         /* from 1; of a flag: its place on the command line */
    const char *flag; /* "--max-trials": it came from the command line; else NULL */
    const char *key;  /* of an entry of a map */
    const char *text; /* of a scalar, without quotes; "" otherwise; never holds a NUL */
    size_t n;         /* entries of a list or map, from `first` on */
    struct node *first, *last, *next;
};

/**
 * Read one document.
 * Refused: more than 1 MiB, 20,000 nodes (aliases count as what they stand for), 1,000 keys in a
 * map, nesting deeper than 24, tags, keys that are no scalars, a second document, NUL characters.
 * @param arena     gets the nodes and their texts
 * @param line_out  the line of the failure, from 1
 * @return the root, or NULL
 */
struct node *yaml_read(const char *text, size_t len, struct arena *arena, int *line_out,
                       hone_error *err);

/** An empty node, or NULL when memory is out. */
struct node *node_new(struct arena *arena, enum node_kind kind, int line, const char *flag);
/** A scalar with a copy of n bytes of text, or NULL when memory is out. */
struct node *node_scalar(struct arena *arena, const char *text, size_t n, bool plain, int line,
                         const char *flag);
void node_append(struct node *parent, struct node *child);
/** The entry of a map, or NULL when there is none or when `map` is no map. */
struct node *node_find(const struct node *map, const char *key);
/** Take an entry out of its map; nothing happens when it is not there. */
void node_remove(struct node *map, const struct node *entry);

/** YAML's core schema, for plain scalars: an integer (also 0x1F, 0o17), a real number, .inf, .nan.
 */
bool node_is_number(const struct node *node, double *out);
/** The same, written as a decimal integer. */
bool node_is_integer(const struct node *node);
/** true, True, TRUE, false, False, FALSE. */
bool node_is_boolean(const struct node *node, bool *out);
/** null, Null, NULL, ~ or nothing. */
bool node_is_null(const struct node *node);

#endif
