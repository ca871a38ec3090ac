/*
 * key.c: where a key is kept. A key is any text, a file's name is not: so each component between
 * slashes is escaped, in a way that leaves ordinary names as they are.
 *
 *     byte below 32, 127 or "%"       %XX
 *     "." and ".." as a whole         %2E, %2E%2E
 *     nothing, as in "a//b", "a/"     %_
 *     longer than a name may be       240 bytes and "%+": a folder, the rest of it inside
 *
 * No component is ever "..", "." or empty, or holds a slash: no key leads out of its bucket.
 */
#include "s3/s3_int.h"

#include <string.h>

#include "s3/digest.h"

bool s3_key_ok(const char *key)
{
    size_t len = strlen(key);
    if (len == 0 || len > S3_KEY_MAX)
        return false;
    const unsigned char *p = (const unsigned char *)key;
    while (*p != '\0') {
        size_t n = *p < 128 ? 1 : buf_utf8_length(p);
        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

static bool is_escaped(unsigned char c)
{
    return c < 32 || c == 127 || c == '%';
}

/* One component, at most NAME_PLAIN_MAX bytes a name. */
static void add_component(struct buf *out, const char *text, size_t n)
{
    size_t room = NAME_PLAIN_MAX;
    bool dots = (n == 1 && text[0] == '.') || (n == 2 && text[0] == '.' && text[1] == '.');
    if (n == 0)
        buf_text(out, NAME_EMPTY);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        size_t need = dots || is_escaped(c) ? 3 : 1;
        if (need > room) {
            buf_text(out, NAME_GOES_ON "/");
            room = NAME_PLAIN_MAX;
        }
        room -= need;
        if (need == 3)
            buf_printf(out, "%%%02X", c);
        else
            buf_char(out, (char)c);
    }
}

bool key_path(const char *key, struct buf *out)
{
    for (;;) {
        size_t n = strcspn(key, "/");
        add_component(out, key, n);
        if (key[n] == '\0')
            break;
        buf_char(out, '/');
        key += n + 1;
    }
    return !out->failed;
}

static bool take_ending(const char *name, size_t *len, const char *ending)
{
    size_t n = strlen(ending);
    if (*len <= n || memcmp(name + *len - n, ending, n) != 0)
        return false;
    *len -= n;
    return true;
}

bool key_of_name(const char *name, struct buf *out, bool *goes_on, bool *beside)
{
    size_t len = strlen(name), start = out->len;
    *goes_on = take_ending(name, &len, NAME_GOES_ON);
    *beside = !*goes_on && take_ending(name, &len, NAME_BESIDE);
    if (len == 2 && memcmp(name, NAME_EMPTY, 2) == 0)
        return true;
    for (size_t i = 0; i < len; i++) {
        char digits[3] = {0};
        unsigned char byte;
        if (name[i] != '%') {
            buf_char(out, name[i]);
            continue;
        }
        if (len - i < 3)
            return false;
        memcpy(digits, name + i + 1, 2);
        if (!hex_read(digits, 1, &byte) || byte == 0 || byte == '/')
            return false;
        buf_char(out, (char)byte);
        i += 2;
    }
    /* A name that we would not have given is no key: "a%41" would be found as "aA" and not read. */
    struct buf again;
    buf_init(&again, PATH_LIMIT);
    add_component(&again, out->data + start, out->len - start);
    bool same = !again.failed && again.len == len && memcmp(again.data, name, len) == 0;
    buf_release(&again);
    return same && !out->failed;
}
