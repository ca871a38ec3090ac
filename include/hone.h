/*
 * hone.h: hyperparameter tuning as a library. Ask for a configuration, try it, tell the result.
 *
 *     hone_space *space = hone_space_new();
 *     hone_status status = hone_space_add_float(space, "lr", 1e-5, 1e-1, HONE_LOG, &err);
 *     hone_optimizer *opt = hone_optimizer_new(space, &(hone_options){0}, &err);
 *     const hone_trial *trial = hone_ask(opt, &err);
 *     status = hone_tell(opt, hone_trial_id(trial), (double[]){loss}, 1, &err);
 *
 * Everything is in memory: no file, no clock, no thread, no global state. The same space, options
 * and order of calls give the same proposals, bit for bit, on every machine.
 *
 * Numbers are in each parameter's own unit. Texts are UTF-8 and end in a NUL; pointers are not NULL
 * where nothing else is said, but err may always be. Arguments are copied. A handle owns what it
 * gives out. A function that fails says so in its return value, leaves everything as it was, and
 * writes one line to *err; every one may fail with HONE_ENOMEM. One thread at a time per handle;
 * different handles are independent. Nothing here aborts, prints, or touches signals or the locale.
 * All of it is there since 0.1.
 */
#ifndef HONE_H
#define HONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(HONE_BUILD_SHARED) && defined(__GNUC__)
#define HONE_API __attribute__((visibility("default")))
#else
#define HONE_API
#endif
#if defined(__GNUC__)
#define HONE_NODISCARD __attribute__((warn_unused_result))
#else
#define HONE_NODISCARD
#endif

/* One place for code, value and text. */
#define HONE_STATUS_MAP(X)                                                                         \
    X(OK, 0, "success")                                                                            \
    X(EINVAL, -1, "invalid argument")                                                              \
    X(ENOTFOUND, -2, "no such object")                                                             \
    X(ESTATE, -3, "not allowed in this state")                                                     \
    X(ENOMEM, -4, "out of memory")                                                                 \
    X(EIO, -5, "input or output failed")                                                           \
    X(EEXHAUSTED, -6, "no untried configuration is left")

typedef enum hone_status {
#define HONE_STATUS_ENUM(name, value, text) HONE_##name = (value),
    HONE_STATUS_MAP(HONE_STATUS_ENUM)
#undef HONE_STATUS_ENUM
} hone_status;

/** What went wrong, in one line, lower case, naming the thing and its bounds. Lives where you
 * declare it. */
typedef struct hone_error {
    hone_status status;
    char text[500];
} hone_error;

/** The English text of a status; never NULL. */
HONE_API const char *hone_status_text(hone_status status);

/** The library's version, such as "0.1.0". */
HONE_API const char *hone_version(void);

/* ---- Values ------------------------------------------------------------------------------------
 */

typedef enum hone_value_kind { HONE_VALUE_NUMBER, HONE_VALUE_TEXT } hone_value_kind;

/** A value of a parameter: a number, or a text (borrowed by whoever holds it). */
typedef struct hone_value {
    hone_value_kind kind;
    double number;    /* HONE_VALUE_NUMBER */
    const char *text; /* HONE_VALUE_TEXT */
} hone_value;

#define HONE_NUMBER(x) ((hone_value){.kind = HONE_VALUE_NUMBER, .number = (x)})
#define HONE_TEXT(s)   ((hone_value){.kind = HONE_VALUE_TEXT, .text = (s)})

/** A parameter's name and value. */
typedef struct hone_setting {
    const char *name;
    hone_value value;
} hone_setting;

/* ---- Spaces ------------------------------------------------------------------------------------
 */

typedef enum hone_scale { HONE_LINEAR, HONE_LOG, HONE_REVERSE_LOG, HONE_AUTO } hone_scale;

typedef struct hone_space hone_space;

/**
 * Make an empty search space.
 *
 * @return the space, or NULL when memory is out
 * Ownership: the caller's: hone_space_free()
 */
HONE_API hone_space *hone_space_new(void);

/** Free a space; NULL does nothing. Optimizers that were made of it have copies. */
HONE_API void hone_space_free(hone_space *space);

/**
 * Add a real parameter in [min, max]. One with min = max has that value in every configuration.
 *
 * @param name   [A-Za-z_][A-Za-z0-9_.:-]*, at most 255 bytes, not used before
 * @param min    finite, at most max
 * @param max    finite
 * @param scale  HONE_LOG needs min > 0; HONE_REVERSE_LOG needs 0 <= min < max < 1;
 *               HONE_AUTO is log when min > 0 and max/min >= 1000, else linear
 * @return HONE_OK; HONE_EINVAL: bad name, bounds or scale
 */
HONE_NODISCARD HONE_API hone_status hone_space_add_float(hone_space *space, const char *name,
                                                         double min, double max, hone_scale scale,
                                                         hone_error *err);

/**
 * Add an integer parameter in [min, max].
 *
 * @param name   as in hone_space_add_float()
 * @param min    at least -2^53, at most max
 * @param max    at most 2^53
 * @param scale  HONE_LOG needs min >= 1; HONE_REVERSE_LOG is not for integers
 * @return HONE_OK; HONE_EINVAL: bad name, bounds or scale
 */
HONE_NODISCARD HONE_API hone_status hone_space_add_int(hone_space *space, const char *name,
                                                       int64_t min, int64_t max, hone_scale scale,
                                                       hone_error *err);

/**
 * Add a parameter with ordered values: the search takes neighbours as alike. Numbers are placed by
 * value (by logarithm when all are above 0 and the last is 100 times the first), texts evenly.
 *
 * @param n       how many values, [1, 10000]
 * @param values  all numbers, rising, or all texts, in their order; no two alike
 * @return HONE_OK; HONE_EINVAL: bad name or values
 */
HONE_NODISCARD HONE_API hone_status hone_space_add_ordinal(hone_space *space, const char *name,
                                                           size_t n, const hone_value *values,
                                                           hone_error *err);

/**
 * Add a parameter with unordered values.
 *
 * @param n       how many values, [1, 10000]
 * @param values  numbers and texts, no two alike
 * @return HONE_OK; HONE_EINVAL: bad name or values
 */
HONE_NODISCARD HONE_API hone_status hone_space_add_choice(hone_space *space, const char *name,
                                                          size_t n, const hone_value *values,
                                                          hone_error *err);

/**
 * Allow only min, min + step, min + 2 step, ... for a float or an int.
 *
 * @param step  (0, max - min]; whole for an int
 * @return HONE_OK; HONE_ENOTFOUND: no such parameter; HONE_EINVAL: bad step, a listed parameter, or
 *         a default that no step reaches; HONE_ESTATE: conditions depend on the parameter already
 */
HONE_NODISCARD HONE_API hone_status hone_space_set_step(hone_space *space, const char *name,
                                                        double step, hone_error *err);

/**
 * Give a value that is tried first: the first ask of an optimizer has all defaults that can be
 * active together, and the strategy fills in the rest.
 *
 * @param value  one that the parameter can have
 * @return HONE_OK; HONE_ENOTFOUND: no such parameter; HONE_EINVAL: not one of its values
 */
HONE_NODISCARD HONE_API hone_status hone_space_set_default(hone_space *space, const char *name,
                                                           hone_value value, hone_error *err);

/**
 * Say where good values of a number or ordinal are expected: about `at`, with a normal density over
 * the parameter's scale. The strategy "bayesian" starts there and looks there first, and trusts the
 * results more, the more there are; nothing is excluded.
 *
 * @param at  one of its values
 * @param sd  as a share of the range on its scale, [0.01, 1]
 * @return HONE_OK; HONE_ENOTFOUND: no such parameter; HONE_EINVAL: a choice, not one of its values,
 *         or a bad sd
 */
HONE_NODISCARD HONE_API hone_status hone_space_set_prior(hone_space *space, const char *name,
                                                         hone_value at, double sd, hone_error *err);

/**
 * The same for a choice: how much is expected of each value.
 *
 * @param n        the number of its values
 * @param weights  one for each value, [0, 1e9], some above 0
 * @return HONE_OK; HONE_ENOTFOUND: no such parameter; HONE_EINVAL: no choice, wrong n or weights
 */
HONE_NODISCARD HONE_API hone_status hone_space_set_weights(hone_space *space, const char *name,
                                                           size_t n, const double *weights,
                                                           hone_error *err);

/**
 * Make a parameter active only while its parent is active and has one of these values. Inactive
 * parameters have no value. Several conditions on one parameter must all hold.
 *
 * @param parent  declared before `name`; an int, a listed parameter, or a float with a step
 * @param n       how many values, at least 1
 * @param values  of the parent
 * @return HONE_OK; HONE_ENOTFOUND: no such parameter or parent; HONE_EINVAL: a parent that can't be
 *         one, or a value that it can't have
 */
HONE_NODISCARD HONE_API hone_status hone_space_add_condition(hone_space *space, const char *name,
                                                             const char *parent, size_t n,
                                                             const hone_value *values,
                                                             hone_error *err);

/**
 * Demand that every proposal satisfies an expression over parameters, such as
 *
 *     depth * width <= 2048
 *     not (penalty == 'l1' and loss == 'hinge')
 *
 * As in Python: or, and, not, == != < <= > >=, in [...], + - * / % **, min, max, abs, numbers,
 * quoted texts. Names with '-', '.' or ':' are back-quoted. An expression that names an inactive
 * parameter holds.
 *
 * @param expression  at most 4096 bytes; its parameters are declared
 * @return HONE_OK; HONE_EINVAL: the text has the column and what is wrong there
 */
HONE_NODISCARD HONE_API hone_status hone_space_add_where(hone_space *space, const char *expression,
                                                         hone_error *err);

/**
 * Count the distinct configurations.
 *
 * @param size_out  their number; 0 when it is not finite, does not fit 64 bits, or when counting
 *                  would need more than 10^6 steps
 * @return HONE_OK; HONE_ENOMEM
 * Cost: one step for each combination of the parameters that conditions and expressions name
 */
HONE_NODISCARD HONE_API hone_status hone_space_size(const hone_space *space, uint64_t *size_out,
                                                    hone_error *err);

/* ---- Optimizers --------------------------------------------------------------------------------
 */

typedef struct hone_optimizer hone_optimizer;
typedef struct hone_trial hone_trial;

#define HONE_MAX_OBJECTIVES  8
#define HONE_MAX_CONSTRAINTS 8
#define HONE_MAX_OUTCOMES    (HONE_MAX_OBJECTIVES + HONE_MAX_CONSTRAINTS) /* of a trial */

/** A limit on a metric that is told with the objectives: kept when the value is <= limit. */
typedef struct hone_constraint {
    double limit;
    bool at_least; /* kept when the value is >= limit */
} hone_constraint;

/** What a study wants; zero everywhere is a good choice. */
typedef struct hone_options {
    const char *strategy; /* "bayesian" (NULL and "auto" too), "tpe", "random", "grid", "sobol",
                             "cmaes", "nsga2", "hyperband" (bayesian,
                             with the stopping rule of that name) */
    uint64_t seed;        /* 0 ... 2^63 - 1 */
    uint64_t budget;      /* planned number of trials; 0 = unknown; a hint */
    uint64_t parallel;    /* planned trials at a time; 0 = 1; a hint */
    size_t n_objectives;  /* 0 = 1; more than one: all but "bayesian", "cmaes" */
    bool maximize[HONE_MAX_OBJECTIVES];
    bool repeats;         /* allow the same configuration again */
    const char *stopping; /* "none" (NULL too), "median" ("auto" too), "asha", "hyperband",
                             "curve" */
    uint64_t warmup;      /* no trial is stopped up to this step; 0 = the rule's own */
    double min_resource;  /* asha, hyperband: the first step at which trials are stopped; 0 = by the
                             rule */
    double max_resource;  /* asha, hyperband, curve: the step at which trials end; above
                             min_resource; 0 = the largest that a completed trial has reported */
    double eta;           /* asha, hyperband: one trial in eta goes on, [1.5, 100]; 0 = 3 */
    uint64_t grid_points; /* "grid": points of a parameter that has more values; 0 = all values */
    bool shuffle;         /* "grid": in a random order, by the seed */
    size_t n_constraints;
    hone_constraint constraints[HONE_MAX_CONSTRAINTS];
    bool has_reference;                    /* the search cares for values better than these: */
    double reference[HONE_MAX_OBJECTIVES]; /* one an objective, in its own unit */
} hone_options;

/**
 * Make an optimizer over a copy of a space.
 *
 * @param options  NULL: all defaults
 * @return the optimizer, or NULL: HONE_EINVAL: unknown strategy or rule (the text lists what there
 *         is), options out of range, a space that is empty, that the strategy can't search, or
 *         whose `where` nothing satisfies
 * Ownership: the caller's: hone_optimizer_free()
 */
HONE_API hone_optimizer *hone_optimizer_new(const hone_space *space, const hone_options *options,
                                            hone_error *err);

/** Free an optimizer and its trials; NULL does nothing. */
HONE_API void hone_optimizer_free(hone_optimizer *opt);

/**
 * Propose the next configuration and count it as running. No configuration is proposed twice unless
 * it was cancelled (or `repeats` is set). Trials that run are taken into account.
 *
 * @return the trial, or NULL: HONE_EEXHAUSTED: no untried configuration is left; HONE_ENOMEM
 * Ownership: the optimizer's, until it is freed
 * Cost: "bayesian" fits a model first: O(n^3) in the number of ended trials n up to 400, bounded
 *       above; the others O(1)
 */
HONE_API const hone_trial *hone_ask(hone_optimizer *opt, hone_error *err);

/**
 * Record the values of a finished trial.
 *
 * @param trial_id  from hone_trial_id(); the trial is running
 * @param values    n values, each in its own unit: of the objectives in their order, then of the
 *                  metrics of the constraints; one that is not finite means that the configuration
 *                  failed: hone_tell_failed()
 * @param n         the number of objectives and constraints
 * @return HONE_OK; HONE_EINVAL: wrong n; HONE_ENOTFOUND: no such trial; HONE_ESTATE: told before
 * Cost: O(1); the next hone_ask() fits the model
 */
HONE_NODISCARD HONE_API hone_status hone_tell(hone_optimizer *opt, uint64_t trial_id,
                                              const double *values, size_t n, hone_error *err);

/**
 * Record that the configuration failed (crash, NaN, out of memory): a region to avoid.
 *
 * @return HONE_OK; HONE_ENOTFOUND: no such trial; HONE_ESTATE: told before
 */
HONE_NODISCARD HONE_API hone_status hone_tell_failed(hone_optimizer *opt, uint64_t trial_id,
                                                     hone_error *err);

/**
 * Record that the trial ended without information (machine fault, user's wish): its configuration
 * may be proposed again.
 *
 * @return HONE_OK; HONE_ENOTFOUND: no such trial; HONE_ESTATE: told before
 */
HONE_NODISCARD HONE_API hone_status hone_tell_cancelled(hone_optimizer *opt, uint64_t trial_id,
                                                        hone_error *err);

/**
 * Record that the trial was stopped early: its last report counts, with honest uncertainty.
 *
 * @return HONE_OK; HONE_ENOTFOUND: no such trial; HONE_ESTATE: told before
 */
HONE_NODISCARD HONE_API hone_status hone_tell_stopped(hone_optimizer *opt, uint64_t trial_id,
                                                      hone_error *err);

/**
 * Make a cancelled or failed trial running again: it is given another attempt. Its reports stay.
 *
 * @return HONE_OK; HONE_ENOTFOUND: no such trial; HONE_ESTATE: it is neither cancelled nor failed,
 *         or one of hone_skip()
 */
HONE_NODISCARD HONE_API hone_status hone_reopen(hone_optimizer *opt, uint64_t trial_id,
                                                hone_error *err);

/**
 * Report the first objective of a running trial at a step, and learn whether to stop it. The trial
 * goes on running until it is told. Reports of running trials do not influence proposals. A trial
 * is never stopped while it is the best so far: its value is at least as good as that of every
 * completed trial, or, when none is completed, as the latest of every other trial.
 *
 * @param step      finite, >= 0; a step that was reported before is replaced
 * @param value     in the objective's own unit; ignored when it is not finite
 * @param stop_out  whether the stopping rule ends the trial; hone_trial_reason() says why. NULL:
 * the rule is not asked, as when a study is played back
 * @return HONE_OK; HONE_EINVAL: bad step; HONE_ENOTFOUND: no such trial; HONE_ESTATE: told before
 * Cost: O(n log r) for n trials with r reports each
 */
HONE_NODISCARD HONE_API hone_status hone_report(hone_optimizer *opt, uint64_t trial_id, double step,
                                                double value, bool *stop_out, hone_error *err);

/**
 * The same for any objective of several. A stopping rule then looks at the steps at which all
 * objectives were reported, and never stops a trial before a completed one that keeps all
 * constraints is at least as good in every objective and better in one.
 *
 * @param objective  its number, from 0
 * @return as of hone_report(); HONE_EINVAL: no such objective
 */
HONE_NODISCARD HONE_API hone_status hone_report_objective(hone_optimizer *opt, uint64_t trial_id,
                                                          size_t objective, double step,
                                                          double value, bool *stop_out,
                                                          hone_error *err);

/**
 * Add a finished trial that hone did not propose (import, warm start). It may repeat another, and
 * need not satisfy `where`.
 *
 * @param settings  a value for each active parameter, and for no other
 * @param values    n values as of hone_tell(); NULL, or one that is not finite: the configuration
 * failed
 * @param id_out    the new trial's id; may be NULL
 * @return HONE_OK; HONE_EINVAL: wrong n, or settings that are no configuration
 */
HONE_NODISCARD HONE_API hone_status hone_add(hone_optimizer *opt, const hone_setting *settings,
                                             size_t n_settings, const double *values, size_t n,
                                             uint64_t *id_out, hone_error *err);

/**
 * Let a number pass: a trial of another space, of which nothing can be told here, as when a study
 * goes on with other ranges. It is cancelled, and has no settings.
 *
 * @param id_out  the trial's id; may be NULL
 * @return HONE_OK; HONE_ENOMEM
 */
HONE_NODISCARD HONE_API hone_status hone_skip(hone_optimizer *opt, uint64_t *id_out,
                                              hone_error *err);

/** The most earlier studies that an optimizer learns from. */
#define HONE_MAX_PARENTS 5

/** What one configuration of an earlier study gave. */
typedef struct hone_result {
    const hone_setting *settings; /* its active parameters */
    size_t n_settings;
    double value; /* of the first objective, in the direction of this optimizer */
} hone_result;

/**
 * Let the search learn from an earlier study of a related task: where good values lie, not how good
 * they are. Its results are no trials of this study. How much it counts is found out from the
 * values that are told, so that a misleading one does little harm. Each call adds a study.
 *
 * @param results     in any order. A parameter that a result lacks takes its default, else its
 *                    middle; settings of other names are left out; a result with a value that its
 *                    parameter can't have here, or that is not finite, is passed over
 * @param n           how many
 * @param n_used_out  how many were not passed over; may be NULL
 * @return HONE_OK; HONE_EINVAL: a strategy that can't use it ("bayesian" can), several objectives,
 *         or HONE_MAX_PARENTS are there already
 * Cost: O(n log n); a few ms more in the first hone_ask() that fits a model
 */
HONE_NODISCARD HONE_API hone_status hone_transfer(hone_optimizer *opt, const hone_result *results,
                                                  size_t n, size_t *n_used_out, hone_error *err);

/**
 * Let one of the next asks give these settings, first come, first served. What is left out is
 * filled in by the strategy; parents are chosen such that the settings are active. At its turn, a
 * configuration that was tried by then is passed over.
 *
 * @return HONE_OK; HONE_EINVAL: a value that its parameter can't have, settings that can't be
 * active together, or a whole configuration that violates `where`
 */
HONE_NODISCARD HONE_API hone_status hone_enqueue(hone_optimizer *opt, const hone_setting *settings,
                                                 size_t n_settings, hone_error *err);

/**
 * The completed trial that keeps all constraints and has the best value of the objective; among
 * equals the one that was told first. With several objectives the first of hone_front().
 *
 * @return NULL when there is none
 */
HONE_API const hone_trial *hone_best(const hone_optimizer *opt);

/**
 * The completed trials that keep all constraints and that no other such trial equals or beats in
 * every objective, by the first objective, best first. Of trials with equal values it is the one
 * that was told first.
 *
 * @param n_out  how many
 * @return NULL when there is none
 * Ownership: the optimizer's, until the next call that changes it
 */
HONE_API const hone_trial *const *hone_front(const hone_optimizer *opt, size_t *n_out);

/**
 * The volume of what hone_front() dominates, up to options.reference: a product of differences of
 * the objectives, in their own units. It grows as the front gets better.
 *
 * @return >= 0; NaN without a reference, or when memory is out
 * Cost: O(n log n) for n trials in the front and 2 objectives, O(n^2) for 3, steeply more above
 */
HONE_API double hone_hypervolume(const hone_optimizer *opt);

/**
 * How much one more trial is expected to improve on the best value, as a share of its size: 0.01 is
 * one percent. As the model saw it at the last ask.
 * @return >= 0; NaN when the strategy has no model, or none yet
 */
HONE_API double hone_expected_gain(const hone_optimizer *opt);

/**
 * The trial with this id. Ids count from 0 in the order of ask, add and restore.
 *
 * @return NULL when there is none
 */
HONE_API const hone_trial *hone_find(const hone_optimizer *opt, uint64_t trial_id);

/* ---- Analyses ----------------------------------------------------------------------------------
 *
 * They read an optimizer and change nothing: no proposal depends on whether they were called. Equal
 * trials, space and seed give equal results, bit for bit. Running and cancelled trials are left
 * out.
 */

/** What one parameter does to an objective. */
typedef struct hone_effect {
    const char *name; /* the optimizer's */
    double share;     /* [0, 1]: "ped-anova": of what sets the best trials apart, all together 1;
                         else of the variance, by this parameter alone */
    double low, high; /* 90 % interval of the share; NaN: "sobol" has none */
    double total;     /* "sobol": share of the variance in which it has a part; else NaN */
    double active;    /* share of the ended trials in which it was active */
} hone_effect;

/** The effects of all parameters, the largest share first. */
typedef struct hone_effects {
    const char *method;
    size_t n; /* parameters */
    const hone_effect *effects;
    size_t n_trials; /* that have ended */
    double fit;      /* R^2 of the model on trials that it has not seen; NaN for "ped-anova" */
    bool enough;     /* false: too little data to go by: fit < 0.3, or fewer than 20 trials */
} hone_effects;

/**
 * Say which parameters matter for an objective.
 *
 * "ped-anova" compares the densities of the best tenth of the trials (at least 5) and of all of
 * them, one parameter at a time: I = a^2 / b sum_g p(g) (q(g) / p(g) - 1)^2, with a and b the
 * shares of the best and of all trials in which the parameter was active (Watanabe, Bansal & Hutter
 * 2023). Failed and stopped trials, and those that break a constraint, count among all, never among
 * the best. Its intervals are those of 100 bootstrap samples.
 *
 * "sobol" has the indices of first order and in total, S_j = V(E(f | u_j)) / V(f) and T_j =
 * E(V(f | all but u_j)) / V(f), of a Gaussian process that is fitted to the trials, for parameters
 * that are drawn independently and uniformly on their scales; T_j - S_j is what it does together
 * with others (Saltelli et al. 2010; 4,096 points). fit is that of each trial left out.
 *
 * "fanova" has the first-order shares of a forest of 64 trees, exactly, tree by tree (Hutter, Hoos
 * & Leyton-Brown 2014); its intervals are those of the trees. fit is that of the trees which have
 * not seen a trial.
 *
 * The last two know completed trials and, by what they would have ended at, stopped ones; not
 * failures. Values that are worse than the median by more than three times
 * its distance to the best tenth count as that. A conditional parameter's share is that of the
 * whole space, also of the part in which it is inactive.
 *
 * @param method     "ped-anova" (NULL too), "sobol", "fanova"
 * @param objective  number of the objective, from 0
 * @return the effects, or NULL: HONE_EINVAL: unknown method or objective; HONE_ESTATE: fewer than
 *         10 trials have ended ("sobol": 3 configurations with different values), or none of them
 *         with a value
 * Ownership: the caller's: hone_effects_free(). Names live as long as the optimizer.
 * Cost: n trials, d parameters: O(100 n d): 15 ms at n = 1,000 and d = 10; "sobol" a fit and
 *       4,096 (d + 2) predictions, "fanova" O(64 n d log n): below 1 s there
 */
HONE_API hone_effects *hone_importance(const hone_optimizer *opt, const char *method,
                                       size_t objective, hone_error *err);

/** NULL does nothing. */
HONE_API void hone_effects_free(hone_effects *effects);

/** What a model of the ended trials expects of a configuration, in the objective's own unit. */
typedef struct hone_prediction {
    double mean;
    double sd;     /* of the mean: what is not known for want of trials */
    double sd_run; /* of a single run: that, and the noise from run to run */
} hone_prediction;

/** A Gaussian process that was fitted to the ended trials of an optimizer. */
typedef struct hone_model hone_model;

/**
 * Fit a model to an objective as it is now. What is told later does not change it.
 *
 * @param objective  number of the objective, from 0
 * @return the model, or NULL: HONE_EINVAL: no such objective; HONE_ESTATE: fewer than 3
 *         configurations with values that differ
 * Ownership: the caller's: hone_model_free(). The optimizer must outlive it.
 * Cost: O(n^3) in the number of ended trials n up to 256 for the fit and 400 for the rest; of more,
 *       a selection is kept
 */
HONE_API hone_model *hone_model_new(const hone_optimizer *opt, size_t objective, hone_error *err);

/** NULL does nothing. */
HONE_API void hone_model_free(hone_model *model);

/** R^2 of its predictions, on its own scale, of each trial when that is left out: 1 is perfect, 0
 * no better than the mean. */
HONE_API double hone_model_fit(const hone_model *model);

/**
 * Predict the objective of a configuration, tried or not.
 *
 * @param settings  a value for each active parameter, and for no other
 * @return HONE_OK; HONE_EINVAL: settings that are no configuration
 * Cost: O(n^2), n <= 400; allocates nothing
 */
HONE_NODISCARD HONE_API hone_status hone_predict(hone_model *model, const hone_setting *settings,
                                                 size_t n_settings, hone_prediction *out,
                                                 hone_error *err);

/**
 * Predict the objective of a trial as if neither it nor another one with its configuration had
 * been run (leave-one-out; the fitted length scales stay).
 *
 * @return HONE_OK; HONE_ENOTFOUND: no such trial
 */
HONE_NODISCARD HONE_API hone_status hone_predict_trial(hone_model *model, uint64_t trial_id,
                                                       hone_prediction *out, hone_error *err);

/** What hone_refine() makes of one parameter. */
typedef struct hone_refined {
    const char *name;         /* the optimizer's */
    bool changed;             /* false: the range stays, and why says why */
    double min, max;          /* float, int: the range from now on, in the parameter's unit */
    size_t n_values;          /* ordinal, choice, changed: the values that stay */
    const hone_value *values; /* texts are the optimizer's */
    const char *why;          /* in words, with numbers */
} hone_refined;

/** Narrower ranges, a parameter each, in declaration order. */
typedef struct hone_refinement {
    size_t n;
    const hone_refined *params;
    size_t n_trials, n_best; /* completed trials, and how many of them count as the best */
    double fit;              /* of the model: hone_model_fit() */
} hone_refinement;

/**
 * Say how ranges could be narrowed for a study that goes on from this one.
 *
 * A number's range becomes that of the best fifth of the completed trials that keep all constraints
 * (at least 5), widened on both sides by half the length scale that a model of the trials has for
 * it, but not beyond where the model is sure, by two standard deviations, that none of the best
 * would stay among them. It stays when more than nine tenths would be left, or fewer than 3 of the
 * best have it. A choice loses a value that was tried 3 times, is not among the best, and of which
 * the model is as sure; or with which at least 5 trials failed and none did not. The best trial is
 * never excluded.
 *
 * @return the ranges, or NULL: HONE_EINVAL: several objectives; HONE_ESTATE: fewer than 10 trials
 *         that are completed and keep the constraints, or values that are all equal
 * Ownership: the caller's: hone_refinement_free(). The optimizer must outlive it.
 * Cost: that of hone_model_new()
 */
HONE_API hone_refinement *hone_refine(const hone_optimizer *opt, hone_error *err);

/** NULL does nothing. */
HONE_API void hone_refinement_free(hone_refinement *refinement);

/** The values of one configuration in further runs, each with a new seed. */
typedef struct hone_repeats {
    const double *values;
    size_t n;
} hone_repeats;

/** What they say of it. */
typedef struct hone_confirmed {
    double mean;
    double low, high;   /* 95 % interval of the mean; NaN with fewer than 2 runs */
    double probability; /* that its mean is the best of all that were compared */
} hone_confirmed;

/**
 * Compare configurations that were run again. The values by which they were chosen do not belong
 * among the runs: the best of many is partly luck.
 *
 * The interval is Student's, mean +- t s / sqrt(n), from the configuration's own runs. The
 * probability takes the noise to be the same for all: means are normal around what was seen, with
 * the pooled variance and its uncertainty (Gelman et al., Bayesian Data Analysis, section 3.2).
 * Without any spread to go by it is 1 for the best mean.
 *
 * @param n        configurations, at least 1
 * @param repeats  n; each with at least 1 finite value, in the objective's own unit
 * @param out      n
 * @return HONE_OK; HONE_EINVAL: no configuration, no run, or a value that is not finite
 * Cost: 20,000 draws of n values: a few milliseconds
 */
HONE_NODISCARD HONE_API hone_status hone_confirm(size_t n, const hone_repeats *repeats,
                                                 bool maximize, hone_confirmed *out,
                                                 hone_error *err);

/* ---- Continuing a study ------------------------------------------------------------------------
 */

/**
 * What the search needs, besides the trials, to go on exactly. Keep it after each ask; what is in
 * it is the strategy's affair.
 *
 * @param size_out  its length in bytes, at most 16 MiB; may be 0
 * @return never NULL
 * Ownership: the optimizer's, until the next ask
 */
HONE_API const void *hone_memo(const hone_optimizer *opt, size_t *size_out);

/**
 * Play back a recorded ask instead of proposing: the trial gets these settings, the search this
 * memo. A study that is played back in the recorded order (asks by hone_restore, the rest by the
 * ordinary calls) goes on as if it had never been interrupted, bit for bit.
 *
 * @param settings  of hone_trial_settings()
 * @param why       of hone_trial_why()
 * @param memo      of hone_memo() after that ask; memo_size bytes
 * @param id_out    the trial's id; may be NULL
 * @return HONE_OK; HONE_EINVAL: settings that are no configuration, or a memo that is too long
 */
HONE_NODISCARD HONE_API hone_status hone_restore(hone_optimizer *opt, const hone_setting *settings,
                                                 size_t n_settings, const char *why,
                                                 const void *memo, size_t memo_size,
                                                 uint64_t *id_out, hone_error *err);

/* ---- Trials ------------------------------------------------------------------------------------
 */

typedef enum hone_trial_state {
    HONE_TRIAL_RUNNING,
    HONE_TRIAL_COMPLETED,
    HONE_TRIAL_STOPPED,
    HONE_TRIAL_FAILED,
    HONE_TRIAL_CANCELLED
} hone_trial_state;

HONE_API uint64_t hone_trial_id(const hone_trial *trial);
HONE_API hone_trial_state hone_trial_state_of(const hone_trial *trial);

/** The settings: active parameters only, in declaration order. They live as long as the trial. */
HONE_API const hone_setting *hone_trial_settings(const hone_trial *trial, size_t *n_out);

/** The number of an active numeric parameter; NaN when it is inactive, a text, or unknown. */
HONE_API double hone_trial_number(const hone_trial *trial, const char *name);

/** The text of an active choice or ordinal; NULL when it is inactive, a number, or unknown. */
HONE_API const char *hone_trial_text(const hone_trial *trial, const char *name);

/** The values of a completed trial as they were told: of the objectives, then of the constraints'
 * metrics; NULL when there are none. */
HONE_API const double *hone_trial_values(const hone_trial *trial, size_t *n_out);

/** Whether the trial is completed and keeps all constraints. */
HONE_API bool hone_trial_is_feasible(const hone_trial *trial);

/** Why it was proposed, in words, such as "expected improvement". Never NULL. */
HONE_API const char *hone_trial_why(const hone_trial *trial);

/** Why the stopping rule ended it, in words with numbers; NULL when it did not. */
HONE_API const char *hone_trial_reason(const hone_trial *trial);

#ifdef __cplusplus
}
#endif
#endif
