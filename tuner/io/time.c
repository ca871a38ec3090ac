/*
 * time.c: the wall clock, durations and byte sizes as people write them.
 *
 * Nothing here depends on the locale or the time zone: digits are scanned here, values are read by
 * str_double(), and texts are put together from integers.
 */
#include "io/time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now = {0};
    clock_gettime(clock, &now); /* cannot fail for the two clocks used here */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t time_now_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t time_monotonic_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

void time_text(int64_t ms, char out[32])
{
    out[0] = '\0';
    if (ms == 0)
        return;
    int64_t rest = ms % 1000;
    if (rest < 0)
        rest += 1000;
    time_t seconds = (time_t)((ms - rest) / 1000);
    struct tm tm;
    /* RFC 3339 has years of four digits; nothing that hone records lies outside. */
    if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
        return;
    size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, 32 - n, ".%03dZ", (int)rest);
}

/* Exactly `n` digits at *text; moves past them. */
static bool digits(const char **text, int n, int *out)
{
    *out = 0;
    for (int i = 0; i < n; i++) {
        char c = **text;
        if (c < '0' || c > '9')
            return false;
        *out = *out * 10 + (c - '0');
        (*text)++;
    }
    return true;
}

static bool take(const char **text, char c)
{
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

/* "Z" or "+HH:MM" to minutes east of UTC. */
static bool offset_parse(const char **text, int *minutes_out)
{
    *minutes_out = 0;
    if (take(text, 'Z') || take(text, 'z'))
        return true;
    int sign = take(text, '+') ? 1 : take(text, '-') ? -1 : 0;
    int hours, minutes;
    if (sign == 0 || !digits(text, 2, &hours) || !take(text, ':') || !digits(text, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *minutes_out = sign * (hours * 60 + minutes);
    return true;
}

bool time_parse(const char *text, int64_t *ms_out)
{
    int year, month, day, hour, minute, second, ms = 0, east;
    if (!digits(&text, 4, &year) || !take(&text, '-') || !digits(&text, 2, &month) ||
        !take(&text, '-') || !digits(&text, 2, &day))
        return false;
    if (!take(&text, 'T') && !take(&text, 't') && !take(&text, ' '))
        return false;
    if (!digits(&text, 2, &hour) || !take(&text, ':') || !digits(&text, 2, &minute) ||
        !take(&text, ':') || !digits(&text, 2, &second))
        return false;
    if (take(&text, '.')) {
        int scale = 100, n = 0, digit;
        for (; digits(&text, 1, &digit); n++, scale /= 10)
            ms += digit * scale; /* what is finer than a millisecond is dropped */
        if (n == 0)
            return false;
    }
    if (!offset_parse(&text, &east) || *text != '\0' || hour > 23 || minute > 59 || second > 60)
        return false;
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute,
                    .tm_sec = second};
    time_t seconds = timegm(&tm);
    /* timegm() normalises: a 30th of February comes back as another day. */
    if (second < 60 && (tm.tm_mon != month - 1 || tm.tm_mday != day))
        return false;
    *ms_out = ((int64_t)seconds - (int64_t)east * 60) * 1000 + ms;
    return true;
}

/* A number without sign or exponent at *text; moves past it. */
static bool number(const char **text, double *out)
{
    size_t n = strspn(*text, "0123456789.");
    if (n == 0 || !str_double(*text, n, out))
        return false;
    *text += n;
    return true;
}

bool duration_parse(const char *text, double *seconds_out)
{
    /* Units come in falling order, each at most once. */
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"ms", 1e-3}, {"m", 60}, {"s", 1}};
    enum { N_UNITS = sizeof units / sizeof units[0] };

    double total = 0, last = HUGE_VAL; /* seconds of the last unit */
    const char *p = text;
    while (*p != '\0') {
        double value;
        if (!number(&p, &value))
            return false;
        if (*p == '\0' && last == HUGE_VAL) { /* a plain number */
            *seconds_out = value;
            return true;
        }
        p += strspn(p, " ");
        size_t u = 0;
        while (u < N_UNITS && strncmp(p, units[u].unit, strlen(units[u].unit)) != 0)
            u++;
        if (u == N_UNITS || units[u].seconds >= last)
            return false;
        last = units[u].seconds;
        total += value * last;
        p += strlen(units[u].unit);
        if (*p == ' ' && p[1] != '\0')
            p++;
    }
    if (last == HUGE_VAL || !isfinite(total))
        return false;
    *seconds_out = total;
    return true;
}

/* "12", or with one digit after the point when that says more: "1.2". */
static int tenths(char out[32], double x, const char *unit)
{
    int64_t n = (int64_t)floor(x * 10 + 0.5);
    if (n >= 100 || n % 10 == 0)
        return snprintf(out, 32, "%lld %s", (long long)((n + 5) / 10), unit);
    return snprintf(out, 32, "%lld.%lld %s", (long long)(n / 10), (long long)(n % 10), unit);
}

void duration_text(double seconds, char out[32])
{
    if (!(seconds >= 0) || seconds > 1e14) {
        snprintf(out, 32, "?");
        return;
    }
    if (seconds == 0 || (seconds >= 0.9995 && seconds < 59.5)) {
        tenths(out, seconds, "s");
        return;
    }
    if (seconds < 1) {
        tenths(out, seconds * 1e3, "ms");
        return;
    }
    long long s = (long long)floor(seconds + 0.5), min = (s + 30) / 60, h = (min + 30) / 60;
    if (s < 3600)
        snprintf(out, 32, "%lld min %02lld s", s / 60, s % 60);
    else if (min < 48 * 60)
        snprintf(out, 32, "%lld h %02lld min", min / 60, min % 60);
    else
        snprintf(out, 32, "%lld d %02lld h", h / 24, h % 24);
}

bool bytes_parse(const char *text, uint64_t *out)
{
    static const char prefixes[] = "kMGTP";
    double value, unit = 1;
    if (!number(&text, &value))
        return false;
    text += strspn(text, " ");
    const char *prefix = *text == 'K' ? prefixes : *text == '\0' ? NULL : strchr(prefixes, *text);
    if (prefix != NULL) {
        text++;
        /* "kB" is the SI unit; "kiB" and the lone letter are the binary one, as in ulimit or dd. */
        double base = strcmp(text, "B") == 0 ? 1000 : 1024;
        for (const char *p = prefixes; p <= prefix; p++)
            unit *= base;
        if (*text == 'i')
            text++;
    }
    if (*text == 'B')
        text++;
    if (*text != '\0' || !(value * unit < 9.0e18)) /* safely below 2^63 */
        return false;
    *out = (uint64_t)floor(value * unit + 0.5);
    return true;
}

void bytes_text(uint64_t bytes, char out[32])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double x = (double)bytes;
    size_t u = 0;
    for (; x >= 1023.95 && u + 1 < sizeof units / sizeof units[0]; u++)
        x /= 1024;
    tenths(out, x, units[u]);
}
