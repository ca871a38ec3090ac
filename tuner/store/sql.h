/* sql.h: what the stores that speak SQL share, whatever the database. */
#ifndef HONE_STORE_SQL_H
#define HONE_STORE_SQL_H

#include "store/store.h"

/* ---- Values of a statement ---- */

/* A value for a statement's next place. */
struct arg {
    enum { ARG_INT, ARG_TEXT, ARG_REAL } kind;
    int64_t i;
    double x;
    const char *text; /* NULL is NULL; must live until the statement is done */
};
#define INT(v)  ((struct arg){.kind = ARG_INT, .i = (int64_t)(v)})
#define TEXT(v) ((struct arg){.kind = ARG_TEXT, .text = (v)})
#define REAL(v) ((struct arg){.kind = ARG_REAL, .x = (v)})
#define ARGS(...)                                                                                  \
    (const struct arg[]){__VA_ARGS__},                                                             \
        sizeof((const struct arg[]){__VA_ARGS__}) / sizeof(struct arg)

/* From a number or -1 for all to the range of a statement. */
#define FROM(number) INT((number) < 0 ? 0 : (number))
#define TO(number)   INT((number) < 0 ? INT64_MAX : (number))

/* ---- Rows that are found, not visited ---- */

/* Puts a copy in the place of a borrowed text. */
hone_status text_own(char **text, hone_error *err);

/* Gives a borrowed row its own texts; on failure it is empty. */
hone_status study_row_own(struct study_row *row, hone_error *err);

/* HONE_ENOTFOUND, with the name among `names` that was perhaps meant. */
hone_status study_not_found(const char *name, const char *where, const char *const *names, size_t n,
                            hone_error *err);

/* ---- Metrics ---- */

/* Numbers of the metric names of a study, in their order. */
struct metric_names {
    int64_t study; /* whose they are; 0: nobody's, they are to be loaded */
    size_t n;
    char **names;
};

void metric_names_clear(struct metric_names *m);
hone_status metric_names_add(struct metric_names *m, const char *name, hone_error *err);
/* The number of a name, or n. */
size_t metric_names_find(const struct metric_names *m, const char *name);

#endif
