/* seen.h: a set of rows, to know in O(1) whether a configuration was tried. */
#ifndef HONE_SEARCH_SEEN_H
#define HONE_SEARCH_SEEN_H

#include "space/space.h"

struct seen_slot {
    uint64_t hash;
    const double *row; /* NULL: free */
};

/** Rows are borrowed; the same row may be in it several times. */
struct seen {
    const struct hone_space *space;
    struct seen_slot *slots;
    size_t n, room; /* room: 0 or a power of two, at most half full */
};

void seen_init(struct seen *seen, const struct hone_space *space);
void seen_release(struct seen *seen);

/** Make room for n rows in all; false when memory is out. */
bool seen_reserve(struct seen *seen, size_t n);

/** Add a row for which room was made. */
void seen_add(struct seen *seen, const double *row);

/** Take out the row at this address. */
void seen_remove(struct seen *seen, const double *row);

/** Whether a row equal to ROW_EPS is in it. */
bool seen_has(const struct seen *seen, const double *row);

#endif
