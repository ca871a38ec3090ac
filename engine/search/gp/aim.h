/*
 * aim.h: what an ask is after: which outcomes of the trials are modelled for it, what makes a row
 * good, and in which words it is told.
 */
#ifndef HONE_SEARCH_GP_AIM_H
#define HONE_SEARCH_GP_AIM_H

#include "search/gp/model.h"

#define GP_MAX_OUTCOMES (HONE_MAX_OUTCOMES + 1)

enum gp_aim_kind {
    GP_AIM_ONE,    /* one objective gets better */
    GP_AIM_VOLUME, /* the front dominates more */
    GP_AIM_WEIGHTS /* a drawn mixture of the objectives gets better */
};

/** What a model knows from earlier asks; in the memo. */
struct gp_memory {
    struct gp_progress progress;
    double *theta; /* d + GP_EXTRA */
};

/** A completed or pending trial as the aim sees it. */
struct gp_known {
    const double *row;
    double t[GP_TERM_OUTCOMES]; /* of the objectives that are aimed at; pending: believed */
    double broken;              /* by how much it breaks constraints, in sum; 0: keeps all */
    uint64_t id;
    size_t rank; /* 0: the best, the front */
};

struct gp_aim {
    enum gp_aim_kind kind;
    const struct search_view *view;
    const struct gp_space *gs;
    size_t m, k;   /* objectives and constraints of the study */
    size_t target; /* ONE and WEIGHTS: the outcome that gets better */
    /* Of the objectives, then the constraints, then the mixture. */
    struct gp_model models[GP_MAX_OUTCOMES];
    bool modelled[GP_MAX_OUTCOMES];
    struct search_view mixture; /* the trials with the mixture as their only value */
    bool any_kept;              /* some trial, told or believed, keeps all constraints */
    double best;                /* ONE and WEIGHTS: t of the best that does */

    /* Only with several objectives or constraints: */
    struct gp_known *known; /* by rank, then by t[0] */
    size_t n_known;
    /* VOLUME: */
    double *front; /* n_front x m; the rows are the first of `known` */
    size_t n_front;
    double reference[GP_TERM_OUTCOMES], volume; /* volume: what the front dominates */
    struct gp_boxes boxes;

    struct gp_posterior success;
    struct gp_data success_data;
    struct gp_judge judge;
};

/** Outcomes that a study can have a model of: its share of the memo. */
size_t gp_aim_outcomes(const hone_options *options);

/** See what the trials say and choose the aim; false when memory is out. */
bool gp_aim_init(struct gp_aim *aim, const struct search_view *view, const struct gp_space *gs);

/** Trials that ended or run, and whether their values are enough for a model. */
size_t gp_aim_trials(const struct gp_aim *aim);
bool gp_aim_has_values(const struct gp_aim *aim);

/**
 * Fit the models that the aim needs and set up the judge.
 * @param memory  one an outcome, in/out
 * @return HONE_ENOMEM, or HONE_EINVAL when a model can't be fitted
 */
hone_status gp_aim_fit(struct gp_aim *aim, struct gp_memory *memory);

#define GP_AIM_BEST 8

/** The best rows, around which candidates are drawn; `out` has room for GP_AIM_BEST. Returns how
 * many. */
size_t gp_aim_best(const struct gp_aim *aim, const double **out);

/** What is expected of a row. */
struct gp_prospect {
    double mu, sd; /* ONE and WEIGHTS */
    double gain;   /* in t, or of volume */
    double chance; /* that it keeps the constraints */
};

/** What is expected of up to GP_STARTS rows. */
void gp_aim_foresee(struct gp_aim *aim, const struct gp_optimum *rows, size_t n,
                    struct gp_prospect *out);

/** A gain as a share of what there is: of the best value, of the volume; NaN where that is not
 * known. */
double gp_aim_share(const struct gp_aim *aim, double gain);

/** Say in words why a row with this prospect is proposed. */
void gp_aim_explain(const struct gp_aim *aim, const struct gp_prospect *prospect, struct buf *why);

#endif
