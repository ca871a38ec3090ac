/*
 * corners.h: the ends of a search space: each minimum, each maximum, each choice, in as few
 * configurations as it takes.
 */
#ifndef HONE_CLI_CORNERS_H
#define HONE_CLI_CORNERS_H

#include "hone.h"

struct corners {
    size_t n, n_params;
    double *rows;    /* n x n_params: see space/space.h */
    size_t n_missed; /* ends that no configuration has that satisfies `where` */
    char **missed;   /* "lr=0.1" */
};

/**
 * Find configurations in which every parameter has each of its ends once: the smallest and the
 * largest value of a number or ordinal, every value of a choice. A parameter's ends are tried with
 * other parameters' ends where conditions and `where` allow, so that their number is near that of
 * the longest list of choices.
 *
 * Ownership: corners_release(), also after a failure.
 */
HONE_NODISCARD hone_status corners_find(const hone_space *space, struct corners *out,
                                        hone_error *err);
void corners_release(struct corners *corners);

#endif
