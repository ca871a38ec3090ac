/*
 * postgres_text.c: any bytes in a database of UTF-8.
 *
 * PostgreSQL refuses text that is not well-formed UTF-8; what a script prints may be anything. A
 * byte b (0x80 to 0xff) that is no part of a well-formed character is kept as the private character
 * U+10FF00 + b. So that the way back is always right, those characters themselves are kept as four
 * such bytes.
 */
#include "store/postgres_int.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* U+10FF80 to U+10FFFF: F4 8F BE 80 to F4 8F BF BF. */
static bool is_kept_byte(const unsigned char *p)
{
    return p[0] == 0xf4 && p[1] == 0x8f && (p[2] == 0xbe || p[2] == 0xbf) && (p[3] & 0xc0) == 0x80;
}

/* Length of what may stay as it is; 0: this byte may not. */
static size_t good_length(const unsigned char *p)
{
    if (*p < 0x80)
        return 1;
    size_t n = buf_utf8_length(p);
    return n == 4 && is_kept_byte(p) ? 0 : n;
}

const char *text_to_utf8(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n;
    while (*p != '\0' && (n = good_length(p)) > 0)
        p += n;
    if (*p == '\0')
        return text;
    struct buf b;
    buf_init(&b, 4 * strlen(text) + 1);
    for (p = (const unsigned char *)text; *p != '\0'; p += n) {
        n = good_length(p);
        if (n > 0) {
            buf_add(&b, p, n);
            continue;
        }
        const unsigned char kept[4] = {0xf4, 0x8f, *p < 0xc0 ? 0xbe : 0xbf,
                                       (unsigned char)(0x80 | (*p & 0x3f))};
        buf_add(&b, kept, sizeof kept);
        n = 1;
    }
    char *copy = buf_take(&b);
    buf_release(&b);
    return copy;
}

void text_from_utf8(char *text)
{
    unsigned char *from = (unsigned char *)strstr(text, "\xf4\x8f"), *to = from;
    if (from == NULL)
        return;
    while (*from != '\0') {
        if (is_kept_byte(from)) {
            *to++ = (unsigned char)((from[2] == 0xbe ? 0x80 : 0xc0) | (from[3] & 0x3f));
            from += 4;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}
