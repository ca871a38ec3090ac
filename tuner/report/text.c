/* text.c: see text.h. Display widths are those of the wide ranges of Unicode's EastAsianWidth. */
#include "report/text.h"

#include "base/str.h"
#include "io/time.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

size_t text_decode(const char *text, size_t len, uint32_t *out)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    uint32_t c = n == 1 ? s[0] : n == 2 ? s[0] & 0x1fU : n == 3 ? s[0] & 0xfU : s[0] & 0x7U;
    bool good = n == 1 || (s[0] >= 0xc2 && s[0] < 0xf5 && n <= len);
    for (size_t i = 1; good && i < n; i++) {
        good = (s[i] & 0xc0) == 0x80;
        c = c << 6 | (s[i] & 0x3fU);
    }
    /* Overlong forms, surrogates and what lies past the end of Unicode are no characters. */
    if (!good || (n == 3 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) ||
        (n == 4 && (c < 0x10000 || c > 0x10ffff))) {
        *out = 0xfffd;
        return 1;
    }
    *out = c;
    return n;
}

/* C0, DEL, C1; and the marks that reorder text or break lines. */
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

static bool is_wide(uint32_t c)
{
    return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0x303e) ||
           (c >= 0x3041 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) ||
           (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) ||
           (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
}

static bool is_combining(uint32_t c)
{
    return (c >= 0x300 && c <= 0x36f) || (c >= 0x1ab0 && c <= 0x1aff) ||
           (c >= 0x20d0 && c <= 0x20ff) || (c >= 0xfe00 && c <= 0xfe0f);
}

/** One character as it is shown; returns the columns it takes. */
static int show(const char *text, size_t n, uint32_t c, char out[16])
{
    if (c == '\n' || c == '\t' || c == '\r')
        return snprintf(out, 16, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
    if (is_control(c))
        return snprintf(out, 16, c < 0x100 ? "\\x%02x" : "\\u%04x", c);
    if (c == 0xfffd) {
        snprintf(out, 16, "\xef\xbf\xbd");
        return 1;
    }
    memcpy(out, text, n);
    out[n] = '\0';
    return is_combining(c) ? 0 : is_wide(c) ? 2 : 1;
}

int text_width(const char *text)
{
    char shown[16];
    int width = 0;
    size_t len = strlen(text);
    for (size_t i = 0, n; i < len; i += n) {
        uint32_t c;
        n = text_decode(text + i, len - i, &c);
        width += show(text + i, n, c, shown);
    }
    return width;
}

void text_add(struct buf *out, const char *text, int columns)
{
    char shown[16];
    int left = columns;
    size_t len = strlen(text);
    bool cut = text_width(text) > columns;
    for (size_t i = 0, n; i < len; i += n) {
        uint32_t c;
        n = text_decode(text + i, len - i, &c);
        left -= show(text + i, n, c, shown);
        if (cut && left < 1)
            break;
        buf_text(out, shown);
    }
    if (cut)
        buf_text(out, "…");
}

void text_print(FILE *out, const char *text)
{
    char shown[16];
    size_t len = strlen(text);
    for (size_t i = 0, n; i < len; i += n) {
        uint32_t c;
        n = text_decode(text + i, len - i, &c);
        show(text + i, n, c, shown);
        fputs(shown, out);
    }
}

void text_print_log(FILE *out, const char *data, size_t len)
{
    char shown[16];
    for (size_t i = 0, n; i < len; i += n) {
        uint32_t c;
        n = text_decode(data + i, len - i, &c);
        if (c == '\n' || c == '\t') {
            fputc((int)c, out);
        } else if (c == '\r') {
            /* "\r\n" is one end of a line; a lone one is a progress bar's next state. */
            if (i + 1 >= len || data[i + 1] != '\n')
                fputc('\n', out);
        } else {
            show(data + i, n, c, shown);
            fputs(shown, out);
        }
    }
}

void text_wrap(FILE *out, const char *text, int indent, int width)
{
    int column = indent;
    const char *word = text;
    while (*word != '\0') {
        int len = (int)strcspn(word, " ");
        int columns = 0;
        for (int i = 0; i < len; i++)
            columns += ((unsigned char)word[i] & 0xc0) != 0x80;
        if (column > indent && column + 1 + columns > width) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fwrite(word, 1, (size_t)len, out);
        column += columns;
        word += len;
        word += strspn(word, " ");
    }
    fputc('\n', out);
}

void text_labelled(FILE *out, const char *label, const char *text, int columns)
{
    enum { LABEL = 10, MOST = 1 << 16 };
    struct buf line;
    buf_init(&line, MOST);
    text_add(&line, text, MOST);
    fprintf(out, "%-*s", LABEL, label);
    text_wrap(out, line.len > 0 ? line.data : "", LABEL, columns > 3 * LABEL ? columns : MOST);
    buf_release(&line);
}

void text_number(char out[32], double x)
{
    if (isnan(x))
        snprintf(out, 32, "nan");
    else if (isinf(x))
        snprintf(out, 32, x > 0 ? "inf" : "-inf");
    else if (x == floor(x) && fabs(x) < 1e9)
        snprintf(out, 32, "%.0f", x + 0.0);
    else
        snprintf(out, 32, "%.5g", x);
}

void text_time(char out[32], int64_t ms)
{
    time_text(ms, out); /* "2026-11-24T10:00:05.123Z" */
    if (out[0] == '\0')
        return;
    out[10] = ' ';
    out[19] = '\0';
}

int text_columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    int64_t n;
    if (columns != NULL && str_int64(columns, strlen(columns), &n) && n > 0 && n < INT_MAX)
        return (int)n;
    return 0;
}
