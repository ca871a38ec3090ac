/* hyperband.h: the brackets of the rule, for its tests. */
#ifndef HONE_STOP_HYPERBAND_H
#define HONE_STOP_HYPERBAND_H

#include "stop/stop.h"

#define MAX_BRACKETS 32

struct bracket {
    double first; /* the first rung, a step */
    double n;     /* trials in one round of Hyperband: the bracket's share */
};

/**
 * Bracket s = 0, 1, ... of R, the first rung r and eta.
 * @param out  MAX_BRACKETS of them
 * @return s_max + 1; 0 when r is above R
 */
size_t hyperband_brackets(double R, double r, double eta, struct bracket *out);

/** The bracket of a trial; 0 while R is not known. */
size_t hyperband_bracket_of(const struct search_view *view, uint64_t id);

#endif
