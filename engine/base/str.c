/*
 * str.c: numbers and names in text, without a locale.
 *
 * C's strtod and printf are correctly rounded in glibc and musl, but write the decimal point of the
 * locale. Reading: the text is checked here and handed to strtod with the locale's own point.
 * Writing: only the digits and the exponent of "%e" are used.
 */
#include "base/str.h"

#include <errno.h>
#include <float.h>

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No double needs more: its exact decimal value has at most 767 significant digits. */
#define NUMBER_MAX 1100

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex_digit(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool same_letters(const char *text, size_t len, const char *lower)
{
    if (len != strlen(lower))
        return false;
    for (size_t i = 0; i < len; i++)
        if ((text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]) != lower[i])
            return false;
    return true;
}

/* Whether text is [+-] digits [. digits] [exponent], or the same in hexadecimal; *point_out is
 * where the point is, len without one. */
static bool is_number(const char *text, size_t len, size_t *point_out)
{
    size_t i = 0, digits = 0;
    if (i < len && (text[i] == '+' || text[i] == '-'))
        i++;
    bool hex = i + 1 < len && text[i] == '0' && (text[i + 1] == 'x' || text[i + 1] == 'X');
    if (hex)
        i += 2;
    *point_out = len;
    for (; i < len; i++) {
        if (hex ? is_hex_digit(text[i]) : is_digit(text[i]))
            digits++;
        else if (text[i] == '.' && *point_out == len)
            *point_out = i;
        else
            break;
    }
    if (digits == 0)
        return false;
    if (i == len)
        return true;
    if (hex ? text[i] != 'p' && text[i] != 'P' : text[i] != 'e' && text[i] != 'E')
        return false;
    i++;
    if (i < len && (text[i] == '+' || text[i] == '-'))
        i++;
    size_t first = i;
    while (i < len && is_digit(text[i]))
        i++;
    return i > first && i == len;
}

bool str_double(const char *text, size_t len, double *out)
{
    if (len == 0 || len > NUMBER_MAX)
        return false;
    size_t sign = text[0] == '+' || text[0] == '-' ? 1 : 0;
    if (same_letters(text + sign, len - sign, "nan")) {
        *out = (double)NAN;
        return true;
    }
    if (same_letters(text + sign, len - sign, "inf") ||
        same_letters(text + sign, len - sign, "infinity")) {
        *out = text[0] == '-' ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    size_t point;
    if (!is_number(text, len, &point))
        return false;

    char copy[NUMBER_MAX + 32];
    size_t used = point;
    memcpy(copy, text, point);
    if (point < len) {
        const char *locale_point = localeconv()->decimal_point;
        size_t n = strlen(locale_point);
        if (n > 16)
            return false;
        memcpy(copy + used, locale_point, n);
        used += n;
        memcpy(copy + used, text + point + 1, len - point - 1);
        used += len - point - 1;
    }
    copy[used] = '\0';

    int saved = errno;
    char *end;
    double x = strtod(copy, &end);
    errno = saved;
    if (end != copy + used)
        return false;
    *out = x;
    return true;
}

bool str_int64(const char *text, size_t len, int64_t *out)
{
    size_t i = 0;
    bool negative = len > 0 && text[0] == '-';
    if (len > 0 && (text[0] == '-' || text[0] == '+'))
        i++;
    if (i == len)
        return false;
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t x = 0;
    for (; i < len; i++) {
        if (!is_digit(text[i]))
            return false;
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (x > (limit - digit) / 10)
            return false;
        x = 10 * x + digit;
    }
    if (negative)
        *out = x == limit ? INT64_MIN : -(int64_t)x;
    else
        *out = (int64_t)x;
    return true;
}

/* The significant digits of |x| (without the point, trailing zeros cut) and its decimal exponent:
 * |x| = d.ddd * 10^exponent. */
static size_t digits_of(double x, int n_digits, char digits[20], int *exponent_out)
{
    char text[64];
    int len = snprintf(text, sizeof text, "%.*e", n_digits - 1, fabs(x));
    size_t n = 0;
    int i = 0;
    for (; i < len && text[i] != 'e'; i++)
        if (is_digit(text[i]) && n < 20)
            digits[n++] = text[i];
    bool negative = text[i + 1] == '-';
    int exponent = 0;
    for (i += 2; i < len; i++)
        exponent = 10 * exponent + (text[i] - '0');
    *exponent_out = negative ? -exponent : exponent;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    return n;
}

static size_t lay_out(char out[32], bool negative, const char *digits, size_t n, int exponent)
{
    size_t len = 0;
    if (negative)
        out[len++] = '-';
    if (exponent < -4 || exponent >= 17) {
        out[len++] = digits[0];
        if (n > 1)
            out[len++] = '.';
        memcpy(out + len, digits + 1, n - 1);
        len += n - 1;
        return len + (size_t)snprintf(out + len, 32 - len, "e%+03d", exponent);
    }
    if (exponent < 0) {
        out[len++] = '0';
        out[len++] = '.';
        for (int i = -1; i > exponent; i--)
            out[len++] = '0';
    }
    for (size_t i = 0; i < n; i++) {
        out[len++] = digits[i];
        if ((int)i == exponent && i + 1 < n)
            out[len++] = '.';
    }
    for (int i = (int)n; i <= exponent; i++)
        out[len++] = '0';
    out[len] = '\0';
    return len;
}

size_t str_from_double(char out[32], double x)
{
    if (isnan(x)) {
        memcpy(out, "nan", 4);
        return 3;
    }
    if (isinf(x)) {
        memcpy(out, x < 0 ? "-inf" : "inf", x < 0 ? 5 : 4);
        return x < 0 ? 4 : 3;
    }
    /* Any decimal of up to 15 digits survives double and back, so 15 digits with the zeros cut are
     * the shortest form if one that short exists. Below DBL_MIN there are fewer digits to keep. */
    for (int n_digits = fabs(x) < DBL_MIN ? 1 : 15;; n_digits++) {
        char digits[20];
        int exponent;
        size_t n = digits_of(x, n_digits, digits, &exponent);
        size_t len = lay_out(out, signbit(x), digits, n, exponent);
        double back;
        if (n_digits >= 17 || (str_double(out, len, &back) && back == x))
            return len;
    }
}

double str_round(double x, int n)
{
    if (!isfinite(x))
        return x;
    char digits[20], text[32];
    int exponent;
    size_t used = digits_of(x, n, digits, &exponent);
    size_t len = lay_out(text, signbit(x), digits, used, exponent);
    double rounded;
    return str_double(text, len, &rounded) ? rounded : x;
}

bool str_is_name(const char *text)
{
    if (!is_letter(text[0]) && text[0] != '_')
        return false;
    size_t n = 1;
    for (; text[n] != '\0'; n++)
        if (n >= 255 ||
            !(is_letter(text[n]) || is_digit(text[n]) || strchr("_.:-", text[n]) != NULL))
            return false;
    return true;
}

#define WORD_MAX 64

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap neighbours) between words of up to WORD_MAX bytes. */
static size_t edit_distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= nb; j++)
        last[j] = j;
    for (size_t i = 1; i <= na; i++) {
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t replaced = last[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = smaller(smaller(last[j] + 1, row[j - 1] + 1), replaced);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[nb];
}

const char *str_nearest(const char *word, const char *const *candidates, size_t n)
{
    size_t len = strlen(word);
    if (len > WORD_MAX)
        return NULL;
    size_t best = 1 + len / 4;
    const char *nearest = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(candidates[i]);
        if (other > WORD_MAX)
            continue;
        size_t distance = edit_distance(word, len, candidates[i], other);
        if (distance < best || (distance == best && nearest == NULL)) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}
