/*
 * model.h: a Gaussian process of one outcome of the trials, from the trials as they are to the
 * posterior: values warped, theta fitted where it is due, rows selected where there are very many,
 * pending trials at the model's mean.
 */
#ifndef HONE_SEARCH_GP_MODEL_H
#define HONE_SEARCH_GP_MODEL_H

#include "search/gp/gp.h"

struct gp_model {
    const struct search_view *view;
    const struct gp_space *gs;
    struct gp_rows rows;
    struct gp_warp warp;
    double *t; /* of all rows with a value */
    /* What earlier studies say of them (transfer.h); NULL: there are none. */
    struct gp_mean *mean;
    const double *prior; /* the prior mean at all rows with a value, then at the pending ones */
    double unit;         /* the spread of what it leaves over, in t; 1 without a mean */
    /* After gp_model_condition(): */
    size_t n_kept; /* rows that the posterior knows, and which */
    size_t *kept;
    struct gp_data data; /* the kept rows, then the pending ones at what is believed of them, less
                            the prior mean */
    struct gp_posterior posterior;
    double best; /* least t of the rows of data: what a proposal has to beat */
};

/** How far the fits are; kept in the memo with theta. */
struct gp_progress {
    uint64_t fits, tells_at_fit;
};

/** Collect and warp what the view says of an outcome, as of gp_rows_collect(). */
bool gp_model_init(struct gp_model *m, const struct search_view *view, const struct gp_space *gs,
                   size_t outcome);

/** Whether there are values enough for a model to say something. */
bool gp_model_has_values(const struct gp_model *m);

/** Fit theta (in/out) when enough was told since the last time. */
bool gp_model_fit(struct gp_model *m, struct gp_progress *progress, double *theta);

/** Condition on the trials with theta: HONE_ENOMEM, or HONE_EINVAL when K can't be factored. */
hone_status gp_model_condition(struct gp_model *m, const double *theta);

/** What is believed of t of a pending row, after gp_model_condition(). */
double gp_model_believed(const struct gp_model *m, size_t pending);

/**
 * The process of successes, 1 or 0 minus their mean, with the objective's length scales.
 * @param data  its rows; the posterior borrows them
 */
hone_status gp_model_success(const struct gp_model *m, const double *theta,
                             struct gp_posterior *success, struct gp_data *data, double *mean);

#endif
