/* uri.h: the percent encoding of addresses, and what stands behind their question mark. */
#ifndef HONE_SERVE_URI_H
#define HONE_SERVE_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum { URI_PAIRS_MAX = 200 };

/** Append the decoded text. False: a "%" without two digits, or a NUL; `plus`: "+" is a blank. */
bool uri_decode(const char *text, size_t n, bool plus, struct buf *out);
/** Append the text with everything escaped but A-Z a-z 0-9 - . _ ~ and, with `slash`, "/". */
void uri_encode(const char *text, size_t n, bool slash, struct buf *out);

/** "a=1&b" as decoded pairs. */
struct pairs {
    struct pair {
        char *name, *value;
    } * all;
    size_t n;
};
/** Read them; at most URI_PAIRS_MAX. False: malformed or too many; `out` is then empty. */
bool pairs_read(const char *text, size_t len, bool plus, struct pairs *out);
/** The value of the first of this name, or NULL. */
const char *pairs_find(const struct pairs *pairs, const char *name);
void pairs_release(struct pairs *pairs);

#endif
