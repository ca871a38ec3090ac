/* error.c: one-line error texts, and what every status and the library itself are called. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *hone_status_text(hone_status status)
{
    switch (status) {
#define STATUS_TEXT(name, value, text)                                                             \
    case HONE_##name:                                                                              \
        return text;
        HONE_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "unknown status";
}

const char *hone_version(void)
{
    return HONE_VERSION;
}

/* A text quotes what a person wrote, so it may hold anything: keep it to one line, and do not end
 * in half a UTF-8 sequence when it was cut. */
static void make_one_line(char *text, bool was_cut)
{
    if (was_cut) {
        size_t len = strlen(text), lead = len;
        while (lead > 0 && ((unsigned char)text[lead - 1] & 0xC0) == 0x80)
            lead--;
        if (lead > 0 && (unsigned char)text[lead - 1] >= 0xC0) {
            unsigned char first = (unsigned char)text[lead - 1];
            size_t need = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
            if (len - (lead - 1) < need)
                text[lead - 1] = '\0';
        }
    }
    for (char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            *p = '?';
}

__attribute__((format(printf, 3, 0))) static void set_text(hone_error *err, hone_status status,
                                                           const char *fmt, va_list args)
{
    err->status = status;
    int len = vsnprintf(err->text, sizeof err->text, fmt, args);
    if (len < 0)
        err->text[0] = '\0';
    make_one_line(err->text, len >= (int)sizeof err->text);
}

hone_status error_set(hone_error *err, hone_status status, const char *fmt, ...)
{
    if (err != NULL) {
        va_list args;
        va_start(args, fmt);
        set_text(err, status, fmt, args);
        va_end(args);
    }
    return status;
}

hone_status error_errno(hone_error *err, hone_status status, const char *fmt, ...)
{
    int cause = errno;
    if (err != NULL) {
        va_list args;
        va_start(args, fmt);
        set_text(err, status, fmt, args);
        va_end(args);
        char reason[128];
        const char *text = strerror_r(cause, reason, sizeof reason);
        size_t len = strlen(err->text);
        int added = snprintf(err->text + len, sizeof err->text - len, ": %s", text);
        make_one_line(err->text, added >= (int)(sizeof err->text - len));
    }
    errno = cause;
    return status;
}

hone_status error_memory(hone_error *err)
{
    return error_set(err, HONE_ENOMEM, "%s", hone_status_text(HONE_ENOMEM));
}
