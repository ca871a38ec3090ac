/*
 * read_int.h: how the parts of the reader work together. Each part reads the node of one key into
 * the spec, puts its canonical form into r->canonical, and notes what is wrong; nothing stops at
 * the first problem.
 */
#ifndef HONE_SPEC_READ_INT_H
#define HONE_SPEC_READ_INT_H

#include <jansson.h>

#include "io/yaml.h"
#include "spec/keys.h"
#include "spec/spec.h"

/* A problem or warning that waits to be sorted. */
struct note {
    struct note *next;
    int line;
    bool warning;
    char *text;
};

struct reader {
    const char *path; /* of the file, for messages; NULL: flags only */
    struct spec *spec;
    struct arena scratch; /* nodes, notes and what else is not needed afterwards */
    const struct node *root;
    struct note *first, *last;
    size_t n_notes, n_problems;
    json_t *canonical; /* one member a key that was given or has a default */
    bool no_memory;
};

/**
 * Note a problem. The line begins with the node's place: "study.yaml:12: " or "--max-trials: ".
 * @param at       NULL: the root
 * @param subject  what it is about, such as "limits.grace" or "parameter \"lr\""; left out where
 *                 the flag says the same; may be NULL
 */
void problem(struct reader *r, const struct node *at, const char *subject, const char *fmt, ...)
    HONE_PRINTF(4, 5);
void warning(struct reader *r, const struct node *at, const char *subject, const char *fmt, ...)
    HONE_PRINTF(4, 5);

/** Memory that lives as long as the spec; NULL notes that memory is out. */
void *keep(struct reader *r, size_t n, size_t size);
char *keep_text(struct reader *r, const char *text);

/** A text in quotes, without control characters, shortened: for messages. Never NULL. */
const char *quoted(struct reader *r, const char *text);
/** "got \"x\"", "got a list", "got nothing": what stands there instead. Never NULL. */
const char *got(struct reader *r, const struct node *node);
/** printf into scratch memory: for subjects. Never NULL. */
const char *phrase(struct reader *r, const char *fmt, ...) HONE_PRINTF(2, 3);
/** "; did you mean \"x\"?" or "". */
const char *hint(struct reader *r, const char *word, const char *const *known, size_t n);

/** Read one key of the table into its field; `subject` is its name in messages. */
void read_key(struct reader *r, const struct key *key, const struct node *node);
/** Check the keys of a map: unknown and repeated ones are problems. */
void check_keys(struct reader *r, const struct node *map, const char *subject,
                const char *const *known, size_t n);
/** A scalar as the person wrote it, else a problem that says what is needed. */
const char *read_text(struct reader *r, const struct node *node, const char *subject,
                      const char *needed);
/** A finite number, else a problem. */
bool read_number(struct reader *r, const struct node *node, const char *subject, double *out);
/** A value of a choice: a number, or a text (true and false are the texts that were written). */
bool read_value(struct reader *r, const struct node *node, const char *subject, hone_value *out);
/** Which of "a|b|-c" a node says, or -1 with a problem. */
int read_word(struct reader *r, const struct node *node, const char *subject, const char *words);
/** The path of a file, absolute, relative to the study's folder. */
char *keep_path(struct reader *r, const char *path);
/** Put a member into the canonical object; takes the reference. */
void canonical_set(struct reader *r, const char *key, json_t *value);

/* The keys of type OWN. command.c */
void read_command(struct reader *r, const struct node *node);
void check_command(struct reader *r, const struct node *node);
/* objectives.c */
void read_objective(struct reader *r, const struct node *node);
void read_metrics(struct reader *r, const struct node *node);
void read_constraints(struct reader *r, const struct node *node);
void read_step(struct reader *r, const struct node *node);
/** After those: metrics that are used and not listed, and the patterns. */
void complete_metrics(struct reader *r, const struct node *metrics, const struct node *step);
/* parameters.c */
void read_parameters(struct reader *r, const struct node *node);
void read_where(struct reader *r, const struct node *node);
/** After the space is made. */
void read_start(struct reader *r, const struct node *node);
/* executor.c */
void read_executor(struct reader *r, const struct node *node);
/* warm_start.c */
void read_warm_start(struct reader *r, const struct node *node);

/* read.c: the common end of all ways in. flags.c builds `root` from words. */
struct spec *read_root(struct reader *r, struct node *root, struct problems *problems);
bool reader_open(struct reader *r, const char *path, struct problems *problems);
struct spec *reader_fail(struct reader *r, struct problems *problems);
/** Parse a file's text into r->scratch; a problem and NULL when it cannot. */
struct node *read_file_root(struct reader *r);
struct node *read_text_root(struct reader *r, const char *text, size_t len);

#endif
