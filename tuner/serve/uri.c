/* uri.c: RFC 3986's percent encoding, strictly: what does not decode is refused, never passed on.
 */
#include "serve/uri.h"

#include <string.h>

#include "base/mem.h"
#include "s3/digest.h"

bool uri_decode(const char *text, size_t n, bool plus, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        char digits[3] = {0};
        unsigned char byte;
        if (text[i] == '+' && plus) {
            buf_char(out, ' ');
        } else if (text[i] != '%') {
            buf_char(out, text[i]);
        } else {
            if (n - i < 3)
                return false;
            memcpy(digits, text + i + 1, 2);
            if (!hex_read(digits, 1, &byte) || byte == 0)
                return false;
            buf_char(out, (char)byte);
            i += 2;
        }
    }
    return !out->failed;
}

void uri_encode(const char *text, size_t n, bool slash, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~' || (c == '/' && slash);
        if (plain)
            buf_char(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
    }
}

static char *decoded(const char *text, size_t n, bool plus)
{
    struct buf out;
    char *result = NULL;
    buf_init(&out, n + 1);
    if (uri_decode(text, n, plus, &out))
        result = buf_take(&out);
    buf_release(&out);
    return result;
}

bool pairs_read(const char *text, size_t len, bool plus, struct pairs *out)
{
    *out = (struct pairs){0};
    size_t most = 1;
    for (size_t i = 0; i < len; i++)
        most += text[i] == '&';
    if (most > URI_PAIRS_MAX)
        return false;
    out->all = mem_array(most, sizeof *out->all);
    if (out->all == NULL)
        return false;
    const char *end = text + len;
    while (text < end) {
        const char *stop = memchr(text, '&', (size_t)(end - text));
        stop = stop == NULL ? end : stop;
        const char *equals = memchr(text, '=', (size_t)(stop - text));
        const char *name_end = equals == NULL ? stop : equals;
        if (stop > text) {
            struct pair *pair = &out->all[out->n++];
            pair->name = decoded(text, (size_t)(name_end - text), plus);
            pair->value = equals == NULL ? mem_text("")
                                         : decoded(equals + 1, (size_t)(stop - equals - 1), plus);
            if (pair->name == NULL || pair->value == NULL) {
                pairs_release(out);
                return false;
            }
        }
        text = stop + 1;
    }
    return true;
}

const char *pairs_find(const struct pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->n; i++)
        if (strcmp(pairs->all[i].name, name) == 0)
            return pairs->all[i].value;
    return NULL;
}

void pairs_release(struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->n; i++) {
        mem_free(pairs->all[i].name);
        mem_free(pairs->all[i].value);
    }
    mem_free(pairs->all);
    *pairs = (struct pairs){0};
}
