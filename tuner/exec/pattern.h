/*
 * pattern.h: a person's regular expression over a line of bytes, which can neither hang nor take
 * the memory, whatever the two are.
 *
 * PCRE2 counts backtracking steps, the same on every machine, but anew for each byte that a match
 * could start at: (?:\w+ )*(\d+)= takes seconds for 60 kB of letters that end in "=", and never
 * comes to the limit. So long lines are searched some starts at a time, and given up after some
 * processor time, far above what other patterns need. What a pattern cannot match at all, since the
 * line lacks a literal that it needs, costs no step and is not given up: (?:a+)+val=(\d) on a's.
 */
#ifndef HONE_EXEC_PATTERN_H
#define HONE_EXEC_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "hone.h"

struct pattern;

/**
 * Compile PCRE2's syntax, over bytes. It needs a group.
 *
 * @param what  begins the error's text: `metric "loss"`
 * @return NULL: HONE_EINVAL: PCRE2's reason and the offset; HONE_ENOMEM
 */
struct pattern *pattern_new(const char *text, const char *what, hone_error *err);
void pattern_free(struct pattern *pattern);

enum pattern_end {
    PATTERN_NONE,
    PATTERN_FOUND,
    PATTERN_LIMIT /* given up */
};

/**
 * Find the first match in a line, and of it the first group that takes part.
 *
 * @param tight  use far smaller limits: the pattern has come to them often
 * @param at     out: the group's place in the line
 * @param n      out: its length
 */
enum pattern_end pattern_search(struct pattern *pattern, const char *line, size_t len, bool tight,
                                size_t *at, size_t *n);

#endif
