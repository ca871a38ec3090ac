/* short.h: the short forms of a parameter, in files and in flags. Pure; tested on their own. */
#ifndef HONE_SPEC_SHORT_H
#define HONE_SPEC_SHORT_H

#include <stdbool.h>
#include <stddef.h>

#include "io/yaml.h"

/**
 * Turn a short form into the long form: a map as a study file would hold it.
 *
 *     [SCALE ]LOW..HIGH[ step STEP][ if OTHER=VALUE[,VALUE]]    SCALE: log, reverse-log, auto
 *     [SCALE:]LOW:HIGH[:STEP][ if ...]
 *     a,b,c[ if ...]                                            choice
 *     ordinal:a,b,c[ if ...]
 *
 * A number is int when low, high and step are all written as whole numbers. A value in single
 * quotes is a text. Several conditions: "if A=1 and B=2".
 * @param line, flag  where the nodes of the long form stand
 * @return NULL when it is none of these; the reason is in err
 */
struct node *short_form(struct arena *arena, const char *text, int line, const char *flag,
                        hone_error *err);

#endif
