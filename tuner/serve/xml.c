/* xml.c: a reader without DTDs and namespaces: a prefix of a name is cut off. */
#include "serve/xml.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

struct reader {
    const char *at, *end;
    const struct xml_visitor *visitor;
    char path[XML_DEPTH_MAX * (XML_NAME_MAX + 1)];
    size_t ends[XML_DEPTH_MAX]; /* of the path, before each element */
    size_t depth;
    struct buf text; /* of the innermost element since its last child */
};

static bool starts(const struct reader *r, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(r->end - r->at) >= n && memcmp(r->at, word, n) == 0;
}

/* Go behind the next `word`. */
static bool skip_to(struct reader *r, const char *word)
{
    for (; r->at < r->end; r->at++)
        if (starts(r, word)) {
            r->at += strlen(word);
            return true;
        }
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool read_name(struct reader *r, char out[XML_NAME_MAX])
{
    size_t n = 0;
    while (r->at < r->end && !is_blank(*r->at) && *r->at != '>' && *r->at != '/' && *r->at != '<') {
        if (*r->at == ':') /* a namespace's prefix */
            n = 0;
        else if (n + 1 < XML_NAME_MAX)
            out[n++] = *r->at;
        else
            return false;
        if (*r->at == '\0')
            return false;
        r->at++;
    }
    out[n] = '\0';
    return n > 0;
}

/* A code point as UTF-8; false where XML has no such character. */
static bool add_code(struct buf *out, unsigned long code)
{
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ||
        (code < 32 && code != 9 && code != 10 && code != 13))
        return false;
    if (code < 0x80) {
        buf_char(out, (char)code);
    } else if (code < 0x800) {
        buf_char(out, (char)(0xc0 | code >> 6));
        buf_char(out, (char)(0x80 | (code & 63)));
    } else if (code < 0x10000) {
        buf_char(out, (char)(0xe0 | code >> 12));
        buf_char(out, (char)(0x80 | (code >> 6 & 63)));
        buf_char(out, (char)(0x80 | (code & 63)));
    } else {
        buf_char(out, (char)(0xf0 | code >> 18));
        buf_char(out, (char)(0x80 | (code >> 12 & 63)));
        buf_char(out, (char)(0x80 | (code >> 6 & 63)));
        buf_char(out, (char)(0x80 | (code & 63)));
    }
    return true;
}

/* &lt; and the like, &#10; and &#xA; */
static bool read_entity(struct reader *r)
{
    static const struct {
        const char *name;
        char c;
    } known[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (starts(r, known[i].name)) {
            buf_char(&r->text, known[i].c);
            r->at += strlen(known[i].name);
            return true;
        }
    if (!starts(r, "&#"))
        return false;
    r->at += 2;
    unsigned base = r->at < r->end && *r->at == 'x' ? 16 : 10;
    unsigned long code = 0;
    size_t digits = 0;
    for (r->at += base == 16; r->at < r->end && *r->at != ';'; r->at++, digits++) {
        char c = *r->at, low = (char)(c | 32);
        unsigned digit = c >= '0' && c <= '9'                     ? (unsigned)(c - '0')
                         : base == 16 && low >= 'a' && low <= 'f' ? (unsigned)(low - 'a' + 10)
                                                                  : 99;
        if (digit > 15 || digits > 7)
            return false;
        code = code * base + digit;
    }
    return digits > 0 && r->at++ < r->end && add_code(&r->text, code);
}

/* "</name>" or "<name ...>" or "<name ... />", at its "<". */
static bool read_tag(struct reader *r)
{
    char name[XML_NAME_MAX];
    bool closing = starts(r, "</");
    r->at += closing ? 2 : 1;
    if (!read_name(r, name))
        return false;
    if (!closing) {
        size_t len = strlen(r->path);
        if (r->depth == XML_DEPTH_MAX)
            return false;
        r->ends[r->depth++] = len;
        snprintf(r->path + len, sizeof r->path - len, "%s%s", len == 0 ? "" : "/", name);
        buf_clear(&r->text);
        if (!r->visitor->element(r->visitor->context, r->path, NULL))
            return false;
        /* Attributes are skipped; their values may hold ">" in quotes. */
        for (char quote = '\0'; r->at < r->end && (quote != '\0' || *r->at != '>'); r->at++)
            if (quote != '\0' ? *r->at == quote : *r->at == '"' || *r->at == '\'')
                quote = quote != '\0' ? '\0' : *r->at;
        if (r->at == r->end)
            return false;
        closing = r->at[-1] == '/';
    } else {
        const char *open = strrchr(r->path, '/');
        while (r->at < r->end && is_blank(*r->at))
            r->at++;
        if (r->at == r->end || *r->at != '>' || r->depth == 0 ||
            strcmp(open == NULL ? r->path : open + 1, name) != 0)
            return false;
    }
    r->at++;
    if (closing) {
        if (!r->visitor->element(r->visitor->context, r->path, r->text.data))
            return false;
        r->path[r->ends[--r->depth]] = '\0';
        buf_clear(&r->text);
    }
    return true;
}

static bool read_piece(struct reader *r)
{
    if (starts(r, "<!--"))
        return skip_to(r, "-->");
    if (starts(r, "<?"))
        return skip_to(r, "?>");
    if (starts(r, "<![CDATA[") && r->depth > 0) {
        const char *from = r->at + 9;
        if (!skip_to(r, "]]>"))
            return false;
        buf_add(&r->text, from, (size_t)(r->at - 3 - from));
        return true;
    }
    if (starts(r, "<!"))
        return false;
    if (*r->at == '<')
        return read_tag(r);
    if (r->depth == 0) /* outside of all: a byte order mark, blanks */
        return is_blank(*r->at) || (unsigned char)*r->at >= 0x80 ? r->at++ < r->end : false;
    if (*r->at == '&')
        return read_entity(r);
    if (*r->at == '\0')
        return false;
    buf_char(&r->text, *r->at++);
    return true;
}

bool xml_read(const char *data, size_t len, const struct xml_visitor *visitor)
{
    struct reader *r = mem_array(1, sizeof *r);
    bool ok = r != NULL;
    if (!ok)
        return false;
    r->at = data;
    r->end = data + len;
    r->visitor = visitor;
    buf_init(&r->text, XML_TEXT_MAX);
    while (ok && r->at < r->end)
        ok = read_piece(r) && !r->text.failed;
    ok = ok && r->depth == 0;
    buf_release(&r->text);
    mem_free(r);
    return ok;
}

void xml_text(struct buf *out, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0';) {
        size_t n = *p < 0x80 ? 1 : buf_utf8_length(p);
        if (*p == '<')
            buf_text(out, "&lt;");
        else if (*p == '>')
            buf_text(out, "&gt;");
        else if (*p == '&')
            buf_text(out, "&amp;");
        else if (*p == '"')
            buf_text(out, "&quot;");
        else if (*p == '\r')
            buf_text(out, "&#13;");
        else if (n == 0 || (*p < 32 && *p != '\t' && *p != '\n'))
            buf_text(out, "\xef\xbf\xbd");
        else
            buf_add(out, p, n);
        p += n == 0 ? 1 : n;
    }
}

void xml_element(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, "<%s>", name);
    xml_text(out, text);
    buf_printf(out, "</%s>", name);
}
