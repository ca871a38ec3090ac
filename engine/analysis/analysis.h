/*
 * analysis.h: what the analyses share: the trials that have ended, as the search sees them.
 *
 * An analysis reads an optimizer and changes nothing; no proposal depends on it. Its result is a
 * function of the space, the seed and the ended trials.
 */
#ifndef HONE_ANALYSIS_ANALYSIS_H
#define HONE_ANALYSIS_ANALYSIS_H

#include "search/search.h"
#include "study/optimizer.h"

/** Ended trials: the optimizer's view without the running ones. */
bool evidence_view(const struct hone_optimizer *opt, struct arena *arena, struct search_view *out);

/** Whether a trial can be among the best: it is completed and keeps all constraints. */
bool evidence_counts(const struct search_view *view, const struct search_trial *trial);

/**
 * The view with each configuration once: runs that repeat another one are evidence for its value,
 * not for where good values are.
 * @param unique     out: the first trial of each configuration, in order
 * @param value_out  out: for each the mean, minimised, of those of its trials that count; infinite
 *                   where none does
 */
bool evidence_unique(const struct search_view *view, size_t objective, struct search_view *unique,
                     double **value_out);

/** The share of the view's trials in which a parameter is active. */
double evidence_active(const struct search_view *view, size_t param);

/** Whether a parameter can have more than one value. */
bool param_varies(const struct param *p);

/** The p-quantile of n >= 1 numbers in rising order, linear between them. */
double sorted_quantile(const double *x, size_t n, double p);

/*
 * Each method fills in one effect a parameter, in declaration order (names and active shares are
 * there), and may set `fit` and `enough`. HONE_ESTATE: too little to say anything.
 */
typedef hone_status importance_method(const struct search_view *view, size_t objective,
                                      hone_effect *effects, hone_effects *out, hone_error *err);
importance_method importance_ped_anova, importance_sobol, importance_fanova;

#endif
