/* error.h: filling a caller's hone_error. The texts' rules are in docs/style.md. */
#ifndef HONE_BASE_ERROR_H
#define HONE_BASE_ERROR_H

#include "hone.h"

#if defined(__GNUC__)
#define HONE_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define HONE_PRINTF(fmt, args)
#endif

/** Write a text to *err (which may be NULL) and return `status`, so that a failure is one
 * statement. */
hone_status error_set(hone_error *err, hone_status status, const char *fmt, ...) HONE_PRINTF(3, 4);

/** As error_set(), and end the text by ": " and the operating system's reason for errno. Tuner
 * only. */
hone_status error_errno(hone_error *err, hone_status status, const char *fmt, ...)
    HONE_PRINTF(3, 4);

/** HONE_ENOMEM with its text. */
hone_status error_memory(hone_error *err);

#endif
