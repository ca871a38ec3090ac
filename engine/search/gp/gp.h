/*
 * gp.h: the Gaussian process of the strategy "bayesian", and the search for the best next point.
 *
 * Notation, as in docs/algorithms/bayesian.md: n rows have been told, d dimensions are modelled,
 * t are warped values (small is good), theta = (ln l_1 .. ln l_d, ln s2, ln noise, logit w), w the
 * additive share of the kernel, K the covariance of the rows with noise, K = R' R,
 * alpha = K^-1 t; mu and sd are the posterior's mean and standard deviation. All memory is the
 * caller's arena; functions that return bool give false when it is out.
 */
#ifndef HONE_SEARCH_GP_H
#define HONE_SEARCH_GP_H

#include "search/search.h"

/* ---- Distances (kernel.c) -------------------------------------------------------------------- */

/*
 * A row of the space is modelled through features, each compared by itself: most by squared
 * difference, choices by equality. A number that can be inactive has two, see kernel.c.
 */
enum gp_metric { GP_SQUARE, GP_CHORD, GP_CODE };

struct gp_dim {
    size_t param; /* index in the space */
    enum gp_metric metric;
    size_t feature;    /* its first feature */
    double centre, sd; /* of ln l a priori */
    bool continuous;   /* may be climbed along */
};

struct gp_space {
    const struct hone_space *space;
    size_t d;
    struct gp_dim *dims;
    /* Features in order: those of GP_SQUARE, the pairs of GP_CHORD, those of GP_CODE. */
    size_t n_square; /* of GP_SQUARE */
    size_t n_metric; /* and of GP_CHORD */
    size_t n_features;
    size_t *dim_of; /* the dimension of each feature */
};

/* Entries of theta after the d length scales. */
enum gp_extra { GP_SIGNAL, GP_NOISE, GP_SHARE, GP_EXTRA };

bool gp_space_init(struct gp_space *gs, const struct hone_space *space, struct arena *arena);

/** Write the features of a row to out[0], out[step], out[2 step], ... */
void gp_features(const struct gp_space *gs, const double *row, double *out, size_t step);

/** theta in the form that the kernel uses. */
struct gp_kernel {
    double *inverse; /* n_features: 1 / l */
    double s2, noise, share;
};

bool gp_kernel_init(struct gp_kernel *kernel, const struct gp_space *gs, const double *theta,
                    struct arena *arena);
void gp_kernel_set(struct gp_kernel *kernel, const struct gp_space *gs, const double *theta);

/** Squared features of n columns in units of their length scales, codes as they are; out may be
 * the features. */
void gp_scale(const struct gp_space *gs, const struct gp_kernel *kernel, const double *features,
              size_t step, size_t n, double *out);

/** Scaled features, a column each. */
struct gp_columns {
    const double *features;
    size_t step; /* doubles a feature */
};

/**
 * Covariances of the points of a with the points [from, to) of b, multiples of 8.
 * @param n  points of a
 * @param k  out: n x row_step; columns [from, to) are written
 * @param g  -2 dk/d(r^2) of the part that depends on r, as k; or NULL
 */
void gp_covariances(const struct gp_space *gs, const struct gp_kernel *kernel, struct gp_columns a,
                    size_t n, struct gp_columns b, size_t from, size_t to, double *k, double *g,
                    size_t row_step);

/* ---- Values (warp.c) ------------------------------------------------------------------------- */

/** A rising map from values to the scale on which they look normal. */
struct gp_warp {
    double cut, spread; /* above cut, values grow only logarithmically; spread 0: no cut */
    double mean, sd;    /* before the power */
    double lambda;
    double mean_after, sd_after;
};

/** Fit the map to n >= 1 finite values; `work` has room for 2 n. Depends on the values' multiset
 * only. */
void gp_warp_fit(struct gp_warp *warp, const double *y, size_t n, double *work);
double gp_warp(const struct gp_warp *warp, double y);
/** The value of t; values beyond the range of the power are those at its edge. */
double gp_unwarp(const struct gp_warp *warp, double t);

/* ---- What the trials say (rows.c) --------------------------------------------------------------
 */

/** The view, sorted by what each trial tells. Rows are borrowed from it. */
struct gp_rows {
    size_t n; /* with a value; equal rows are one, with the mean */
    const double **row;
    double *y;
    double *weight;  /* 1 / number of equal rows */
    double *extra_y; /* variance of an imputed value */
    double *extra_t; /* the same, where only a guess on the warped scale is known */
    size_t n_pending, n_failed, n_ended;
    const double **pending, **failed;
};

/**
 * Collect what the trials say of an outcome.
 * @param outcome  an objective, or n_objectives + a constraint: then values are by how much it is
 *                 broken. Reports are of the first objective: of the other outcomes a stopped trial
 *                 has no value.
 */
bool gp_rows_collect(struct gp_rows *rows, const struct search_view *view, size_t outcome);

/** A part of n rows that keeps what shapes the acquisition: the best, those near the incumbent, and
 * a few spread over the rest. */
struct gp_selection {
    size_t best, near, spread;
};

/**
 * Select rows.
 * @param features  n_features x step, of all n rows
 * @param chosen    out: room for best + near + spread < n indices, rising
 */
bool gp_select(const struct gp_space *gs, const struct gp_kernel *kernel, const double *features,
               size_t step, const double *t, size_t n, struct gp_selection share, size_t *chosen,
               struct arena *arena);

/* ---- Data and the fit (fit.c) ---------------------------------------------------------------- */

struct gp_data {
    size_t n;
    size_t step;      /* doubles a feature: linalg_stride(n) */
    double *features; /* n_features x step */
    double *t;        /* step; zero past n */
    double *weight;   /* noise of row i is weight[i] * noise + extra[i] */
    double *extra;
};

bool gp_data_init(struct gp_data *data, const struct gp_space *gs, size_t n, struct arena *arena);

/** Memory of a fit, for up to n rows. */
struct gp_work {
    struct gp_kernel kernel;
    size_t stride;
    double *K, *G, *M, *C; /* matrices */
    double *alpha;
    double *scaled; /* n_features x stride */
    double *sums;   /* (n_features + 1) x 8 */
};

bool gp_work_init(struct gp_work *work, const struct gp_space *gs, size_t n, struct arena *arena);

/**
 * Minus the log posterior of theta but for a constant,
 *     L = t' alpha / 2 + sum ln R_ii + sum ((theta - centre) / sd)^2 / 2,
 * and its gradient (NULL: not wanted). Infinite where K can't be factored.
 */
double gp_loss(const struct gp_space *gs, const struct gp_data *data, const double *theta,
               double *gradient, struct gp_work *work);

/** Centre, sd and bounds of each entry of theta; any may be NULL. */
void gp_prior(const struct gp_space *gs, double *centre, double *sd, double *low, double *high);

/** Which points the fit starts from, besides the present theta. */
struct gp_starts {
    bool centre;
    size_t draws; /* from the prior */
};

/** Minimise L from several starts; theta: in/out, changed only where L falls by more than 1e-3. */
bool gp_fit(const struct gp_space *gs, const struct gp_data *data, struct gp_starts starts,
            struct rng *rng, double *theta, struct arena *arena);

/* ---- The posterior (posterior.c) ------------------------------------------------------------- */

#define GP_COLUMNS 64 /* points that are predicted together */

/** What is believed before a study's own values: constant + sum of weight[i] mu_i(x), with mu_i of
 * processes of earlier studies. */
struct gp_mean {
    double constant;
    size_t n;
    struct gp_posterior *parts;
    const double *weight;
};

struct gp_posterior {
    const struct gp_space *gs;
    const struct gp_data *data;
    struct gp_mean *mean; /* of the prior; the data are what is left of the values; NULL: zero */
    struct gp_kernel kernel;
    size_t n, rows, stride;
    double *R, *alpha;
    double *features;  /* scaled: n_features x data->step */
    double *x;         /* work: n_features x GP_COLUMNS, the scaled points */
    double *k, *g, *v; /* work: rows x GP_COLUMNS */
};

/**
 * Condition on the data. The last n_pending rows have no value yet: each gets the mean given those
 * before it (the believer's lie; Ginsbourger, Le Riche & Carraro 2010), written to data->t.
 * @return HONE_ENOMEM, or HONE_EINVAL when K can't be factored
 */
hone_status gp_posterior_init(struct gp_posterior *p, const struct gp_space *gs,
                              struct gp_data *data, size_t n_pending, const double *theta,
                              struct arena *arena);

/** mu and sd^2 at up to GP_COLUMNS points; x: n_features x GP_COLUMNS, `columns` a multiple of 8.
 */
void gp_predict(struct gp_posterior *p, const double *x, size_t columns, double *mu, double *var);

/** Only mu, at a fraction of the cost. */
void gp_predict_mean(struct gp_posterior *p, const double *x, size_t columns, double *mu);

/** The prior mean at up to GP_COLUMNS points, x and columns as above. */
void gp_mean_at(struct gp_mean *mean, const double *x, size_t columns, double *mu);

/**
 * After gp_predict() with 8 columns: prepare gradients of a function of mu and sd at these points.
 * @param d_mu, d_sd  its 8 partial derivatives
 * @param out         out[8 j + c]: its derivative by continuous dimension j at point c
 */
void gp_predict_gradient(struct gp_posterior *p, const double *d_mu, const double *d_sd,
                         const double *sd, double *out);

/* ---- Acquisition (acquisition.c) ------------------------------------------------------------- */

enum gp_mode { GP_IMPROVEMENT, GP_LOWER_BOUND };

/** Value and partial derivatives at a mean and a standard deviation; large is good. */
struct gp_gain {
    double value, d_mu, d_sd;
};

/** ln E max(0, best - f), finite wherever sd > 0. */
struct gp_gain gp_log_improvement(double mu, double sd, double best);
struct gp_gain gp_acquire(enum gp_mode mode, double mu, double sd, double best, double noise);

/* ---- Several objectives (volume.c) ----------------------------------------------------------- */

#define GP_TERM_OUTCOMES 3 /* of a term, at most */
#define GP_MAX_FRONT     GP_COLUMNS

/** Disjoint boxes that fill what no point of a front dominates, up to a reference. */
struct gp_boxes {
    size_t m; /* objectives */
    size_t n; /* boxes */
    size_t n_edges[GP_TERM_OUTCOMES];
    double *edge[GP_TERM_OUTCOMES]; /* rising, from -inf to the reference */
    uint16_t (*low)[GP_TERM_OUTCOMES], (*high)[GP_TERM_OUTCOMES]; /* of each box, in `edge` */
};

/**
 * Cut up what a front leaves.
 * @param points     n x m, minimised, m = 2 or 3, n <= GP_MAX_FRONT; dominated ones change nothing
 * @param reference  m
 */
bool gp_boxes_init(struct gp_boxes *boxes, const double *points, size_t n, size_t m,
                   const double *reference, struct arena *arena);

/** ln of the volume that a point of these means and standard deviations is expected to add, and its
 * slopes by them. */
double gp_log_volume_gain(const struct gp_boxes *boxes, const double *mu, const double *sd,
                          double *d_mu, double *d_sd);

/* ---- How good a row is (judge.c) ------------------------------------------------------------- */

#define GP_MAX_TERMS (2 + HONE_MAX_CONSTRAINTS)

/**
 * A summand of the acquisition: a function of what the models of some outcomes say of a point.
 * gp_term_*() make the kinds that there are.
 */
struct gp_term {
    /** Its value, and its derivatives by the mean and the standard deviation of each outcome. */
    double (*value)(const struct gp_term *term, const double *mu, const double *sd, double *d_mu,
                    double *d_sd);
    size_t n_outcomes;
    struct gp_posterior *outcomes[GP_TERM_OUTCOMES];
    enum gp_mode mode;
    double best, noise; /* incumbent in t; the fitted noise */
    double mean;        /* what the outcome is counted from */
    double limit;       /* up to where it is kept */
    const struct gp_boxes *boxes;
};

/** What is gained in one objective. */
struct gp_term gp_term_gain(enum gp_mode mode, struct gp_posterior *model, double best);

/** What is gained in volume; the caller sets its outcomes. */
struct gp_term gp_term_volume(const struct gp_boxes *boxes);

/** ln of the probability that an outcome is <= limit. */
struct gp_term gp_term_limit(struct gp_posterior *model, double limit);

/** ln of the probability of success; the model is of the probability minus its mean. */
struct gp_term gp_term_success(struct gp_posterior *model, double mean);

/** The sum of terms; all models are of the same space. */
struct gp_judge {
    const struct gp_space *gs;
    const double *inverse; /* n_features: 1 / length scale, for distances between rows */
    size_t n_terms;
    struct gp_term terms[GP_MAX_TERMS];
    double *x;     /* work: n_features x GP_COLUMNS */
    double belief; /* what ln of the space's prior density is multiplied by; 0: not looked at */
};

/** No term yet; false when memory is out. */
bool gp_judge_init(struct gp_judge *judge, const struct gp_posterior *model, struct arena *arena);
void gp_judge_add(struct gp_judge *judge, struct gp_term term);

/** Judge n rows of the space (n x space->n). */
void gp_judge_rows(struct gp_judge *judge, const double *rows, size_t n, double *value);

/** Judge up to 8 rows with gradients by continuous dimension: gradient[c * d + j], 0 elsewhere. */
void gp_judge_climb(struct gp_judge *judge, const double *rows, size_t n, double *value,
                    double *gradient, double *work);

/* ---- Maximisation (maximise.c, climb.c) ------------------------------------------------------ */

#define GP_STARTS 6 /* local searches */

struct gp_optimum {
    double value;
    const double *row;
};

/** What the search for the best point starts from. */
struct gp_hints {
    const double *const *told; /* the best told rows, best first */
    size_t n_told;
    const double *optima; /* of the last ask, n_optima x space->n */
    size_t n_optima;
};

/**
 * Search for the best rows.
 * @param optima    out: local optima, best first, GP_STARTS at most
 * @param others    out: candidates, best first
 */
bool gp_maximise(struct gp_judge *judge, const struct search_view *view,
                 const struct gp_hints *hints, struct gp_optimum *optima, size_t *n_optima,
                 struct gp_optimum **others, size_t *n_others);

/** Improve n <= GP_STARTS rows in place, with their values. */
bool gp_climb(struct gp_judge *judge, const struct search_view *view, double *rows, double *value,
              size_t n, struct rng *rng);

#endif
