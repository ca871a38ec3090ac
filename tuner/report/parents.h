/*
 * parents.h: what the studies that `warm_start` names have found, as a study takes it: as trials of
 * its own, or as the search's earlier studies (hone_transfer()).
 */
#ifndef HONE_REPORT_PARENTS_H
#define HONE_REPORT_PARENTS_H

#include "report/import.h"

struct parents {
    struct import import; /* mode identical: trials of the study, origin "warm" */
    json_t *transfer;     /* mode transfer: for each parent {study, results: [{params, value}]} */
    size_t n_trials;      /* taken */
    size_t n_not_fitting; /* ended, and left out */
};

/**
 * Read the parents of a study, in their order. Trials that run, were cancelled, or whose values are
 * none of this study's are left out; so are copies of a trial that came by another way already.
 *
 * @param store  the study's; parents may be in others. NULL: there is none yet
 * @return HONE_EINVAL: a parent that does not exist, or that cannot be identical: the text names
 *         the parameter or objective that differs; HONE_EIO
 */
HONE_NODISCARD hone_status parents_read(struct parents *out, const struct spec *spec,
                                        struct store *store, hone_error *err);
void parents_release(struct parents *parents);

/** Settings of another space as this study has them: the values and the defaults of the parameters
 * that are active here. NULL: one is missing, or cannot be here (whether a value is within its
 * range is the engine's affair). */
json_t *params_fit(const struct spec *spec, const json_t *params);

#endif
