/* buf.c: a growing text with a limit. A failed append is remembered, so that callers check once. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* An empty buffer points here; never written, since cap is 0. */
static char empty[1];

void buf_init(struct buf *b, size_t limit)
{
    *b = (struct buf){.data = empty, .limit = limit};
}

void buf_release(struct buf *b)
{
    if (b->cap > 0)
        mem_free(b->data);
    buf_init(b, b->limit);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->cap > 0)
        b->data[0] = '\0';
}

/* Make room for n more bytes and the final NUL. */
static bool buf_reserve(struct buf *b, size_t n)
{
    if (b->failed)
        return false;
    if (b->len > b->limit || n > b->limit - b->len) {
        b->failed = true;
        return false;
    }
    size_t need = b->len + n + 1;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap > 0 ? 2 * b->cap : 64;
    if (cap < need)
        cap = need;
    char *data = mem_resize(b->cap > 0 ? b->data : NULL, cap, 1);
    if (data == NULL) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

void buf_add(struct buf *b, const void *data, size_t n)
{
    if (n == 0 || !buf_reserve(b, n))
        return;
    memcpy(b->data + b->len, data, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void buf_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0) {
        b->failed = true;
        return;
    }
    if (n == 0 || !buf_reserve(b, (size_t)n))
        return;
    va_start(args, fmt);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, args);
    va_end(args);
    b->len += (size_t)n;
}

void buf_double(struct buf *b, double x)
{
    char text[32];
    size_t n = str_from_double(text, x);
    buf_add(b, text, n);
}

/* Unicode 15, table 3-7. */
size_t buf_utf8_length(const unsigned char *p)
{
    size_t n;
    unsigned char low = 0x80, high = 0xBF;
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        n = 2;
    } else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        n = 3;
        if (p[0] == 0xE0)
            low = 0xA0; /* shorter forms exist below */
        if (p[0] == 0xED)
            high = 0x9F; /* surrogates */
    } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        n = 4;
        if (p[0] == 0xF0)
            low = 0x90;
        if (p[0] == 0xF4)
            high = 0x8F; /* above U+10FFFF */
    } else {
        return 0;
    }
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
    return n;
}

void buf_json(struct buf *b, const char *text)
{
    buf_char(b, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0';) {
        if (*p == '"' || *p == '\\') {
            buf_char(b, '\\');
            buf_char(b, (char)*p++);
        } else if (*p == '\n') {
            buf_text(b, "\\n");
            p++;
        } else if (*p == '\t') {
            buf_text(b, "\\t");
            p++;
        } else if (*p < 0x20 || *p == 0x7F) {
            buf_printf(b, "\\u%04x", (unsigned)*p++);
        } else if (*p < 0x80) {
            buf_char(b, (char)*p++);
        } else {
            size_t n = buf_utf8_length(p);
            if (n > 0)
                buf_add(b, p, n);
            else
                buf_text(b, "\xEF\xBF\xBD");
            p += n > 0 ? n : 1;
        }
    }
    buf_char(b, '"');
}

char *buf_take(struct buf *b)
{
    char *text = NULL;
    if (!b->failed)
        text = b->cap > 0 ? b->data : mem_text("");
    else if (b->cap > 0)
        mem_free(b->data);
    buf_init(b, b->limit);
    return text;
}
