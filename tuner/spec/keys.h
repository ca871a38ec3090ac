/*
 * keys.h: the table of study keys (keys.def) as data.
 *
 *   path     "limits.trial_time": the key inside its map
 *   type     how a value is read and written
 *   field    the member of struct spec that holds it
 *   has      a bool member that says whether it was given, or NONE: then zero means "not given"
 *   lo, hi   bounds of a number
 *   initial  the default, as one would write it in the file; NULL: none
 *   words    CHOICE, ENUM, FLAG: "a|b|-c", "-" before what is not available yet;
 *            SECTION: the inner key that a plain value stands for; ALIAS: the other key;
 *            LATER: what there is instead
 *   flags    below
 *   example  a value as one would write it
 *   meaning  for the manual, the help and the schema
 */
#ifndef HONE_SPEC_KEYS_H
#define HONE_SPEC_KEYS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

enum key_type {
    KEY_TEXT,     /* char * */
    KEY_BOOL,     /* bool */
    KEY_INT,      /* int64_t */
    KEY_COUNT,    /* uint64_t or size_t */
    KEY_NUMBER,   /* double */
    KEY_PERCENT,  /* double, a fraction; "1%" or 0.01 */
    KEY_DURATION, /* double, seconds */
    KEY_BYTES,    /* uint64_t */
    KEY_CHOICE,   /* char *, one of words */
    KEY_ENUM,     /* an enum of int's size, the index in words */
    KEY_FLAG,     /* bool, the index in words */
    KEY_SECTION,  /* a map of keys of this table */
    KEY_OWN,      /* read by a function of its own */
    KEY_DOC,      /* inside of what is read by such a function; stands here to be documented */
    KEY_ALIAS,    /* another place for a key */
    KEY_LATER     /* known, and not available yet; a value equal to `initial` is fine */
};

enum {
    KEY_REQUIRED = 1,
    KEY_MAY_CHANGE = 2, /* on resume */
    KEY_FIXED = 4,      /* not even hone edit changes it */
    KEY_SEARCH = 8      /* another one makes it another search */
};

/* The least positive double as a lower bound: "more than 0". */
#define ABOVE_ZERO 4.9406564584124654e-324

/* No upper bound; -NO_BOUND: no lower one. */
#define NO_BOUND ((double)INFINITY)

/* Bounds of durations in seconds: what a clock can tell, and some 30 years. */
#define LEAST_TIME 0.001
#define MOST_TIME  1e9

struct key {
    const char *path;
    enum key_type type;
    size_t field, has;
    double lo, hi;
    const char *initial, *words;
    unsigned flags;
    const char *example, *meaning;
};

extern const struct key keys[];
extern const size_t n_keys;

/** The key with this path, or NULL. */
const struct key *key_find(const char *path);

/** Whether `key` stands directly inside of `section` ("" is the top). */
bool key_is_inside(const struct key *key, const char *section);

/** The last part of a key's path. */
const char *key_leaf(const struct key *key);

/**
 * Walk through a list of words: "a|b|-c".
 * @param cursor     NULL at first
 * @param len_out    length of the word, without "-"
 * @param later_out  true for a word with "-"
 * @return the word, not ended by NUL; NULL at the end
 */
const char *key_next_word(const char *words, const char **cursor, size_t *len_out, bool *later_out);

#endif
