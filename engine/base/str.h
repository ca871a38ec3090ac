/* str.h: numbers and names in text, without a locale. */
#ifndef HONE_BASE_STR_H
#define HONE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Read a whole text as a double: decimal or hexadecimal, nan and inf as C's strtod takes them;
 * "0,5" and "1,234.5" are no numbers. Correctly rounded. Leading and trailing white space is not
 * allowed.
 */
bool str_double(const char *text, size_t len, double *out);

/** Read a whole text as a decimal integer that fits. */
bool str_int64(const char *text, size_t len, int64_t *out);

/** Write the shortest decimal form that reads back as the same double; returns its length (< 32).
 */
size_t str_from_double(char out[32], double x);

/** The double nearest to x written with n significant digits, n in [1, 17]; x when not finite. */
double str_round(double x, int n);

/** Whether a text is a parameter name: [A-Za-z_][A-Za-z0-9_.:-]*, at most 255 bytes. */
bool str_is_name(const char *text);

/** The candidate nearest to `word` (Damerau-Levenshtein distance <= 1 + len/4), or NULL. For "did
 * you mean".
 */
const char *str_nearest(const char *word, const char *const *candidates, size_t n);

#endif
