/* buf.h: a growing text or byte buffer with a limit. Always ends in a NUL that is not counted. */
#ifndef HONE_BASE_BUF_H
#define HONE_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct buf {
    char *data; /* never NULL after buf_init(): an empty buffer points to "" */
    size_t len; /* bytes, without the final NUL */
    size_t cap;
    size_t limit; /* most bytes it may hold */
    bool failed;  /* an append failed (memory or limit); later appends do nothing. Check once at the
                     end. */
};

/** Start empty with a limit in bytes. No allocation. */
void buf_init(struct buf *b, size_t limit);
void buf_release(struct buf *b);
/** Empty it and keep its memory; also clears `failed`. */
void buf_clear(struct buf *b);
void buf_add(struct buf *b, const void *data, size_t n);
void buf_text(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) HONE_PRINTF(2, 3);
/** A double in the shortest form that reads back as the same bits ("0.1", "1e-05", "3").
 * Locale-free. */
void buf_double(struct buf *b, double x);
/** A JSON string with quotes, control characters and invalid UTF-8 escaped (U+FFFD). */
void buf_json(struct buf *b, const char *text);
/** Length (2 to 4) of the well-formed UTF-8 sequence of a character beyond ASCII at p, else 0. The
 * NUL that ends a text stops every sequence. */
size_t buf_utf8_length(const unsigned char *p);
/** Give the text away (caller: mem_free) and start empty; NULL when an append failed. */
char *buf_take(struct buf *b);

#endif
