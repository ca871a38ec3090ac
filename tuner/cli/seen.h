/* seen.h: what in a log looks like a metric, for a person whose pattern found nothing. */
#ifndef HONE_CLI_SEEN_H
#define HONE_CLI_SEEN_H

#include <stddef.h>

enum { SEEN_MAX = 32 };

struct seen {
    size_t n;
    struct {
        char name[64];
        char text[96]; /* the last "name=0.5" or "name: 0.5", as it stands in the log */
    } at[SEEN_MAX];
};

/** Find names with a number behind "=" or ":". Each name once, with its last number. */
void seen_read(const char *log, size_t len, struct seen *out);

/** The index of the name nearest to `metric`, or out->n. */
size_t seen_nearest(const struct seen *seen, const char *metric);

#endif
