/* importance.h: which parameters matter, for people and for programs. */
#ifndef HONE_REPORT_IMPORTANCE_H
#define HONE_REPORT_IMPORTANCE_H

#include "io/json.h"
#include "spec/spec.h"

/** What is shown, and of what. */
struct importance {
    const char *study;
    const char *metric; /* the objective's */
    const hone_effects *effects;
};

/** Bars with the largest share first. @param columns  of the terminal; 0: not limited */
void importance_print(const struct importance *importance, FILE *out, int columns, bool color);

/** The object of `hone importance --json`; NULL when memory is out. */
json_t *importance_json(const struct importance *importance);

#endif
