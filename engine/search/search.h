/*
 * search.h: what a search algorithm is: a struct of functions and one line in registry.c.
 *
 * An algorithm is a pure function: a proposal depends on the view (space, options, the trials so
 * far) and on its memo, a flat block of bytes that the optimizer keeps from one ask to the next and
 * that is stored with each ask. No pointers in a memo. Everything is minimised; rows are as in
 * space.h.
 */
#ifndef HONE_SEARCH_SEARCH_H
#define HONE_SEARCH_SEARCH_H

#include "base/buf.h"
#include "base/mem.h"
#include "space/space.h"

/** A report: an objective, minimised, at a step; and the sum of it and all before it. */
struct report {
    double step, value, sum;
};

/** What a trial reported of one objective, at rising steps. */
struct series {
    struct report *reports;
    size_t n, room;
};

/** A trial as an algorithm sees it. */
struct search_trial {
    uint64_t id;
    hone_trial_state state;      /* CANCELLED ones are left out of the view */
    const double *row;           /* space->n */
    const double *values;        /* n_objectives, minimised; only COMPLETED */
    const double *violations;    /* n_constraints, finite, <= 0 where kept; only COMPLETED */
    const struct series *series; /* n_objectives: what it reported of each */
};

/** An earlier study of a related task, on rows of this study's space; its values are on a scale of
 * their own. */
struct search_parent {
    size_t n;
    double *rows;   /* n x space->n, best first */
    double *values; /* minimised, rising */
};

/** All that a proposal may depend on. Trials are in the order of their ids. */
struct search_view {
    const struct hone_space *space;
    const hone_options *options; /* defaults filled in */
    const struct search_trial *trials;
    size_t n_trials;
    uint64_t next_id;      /* the id of the trial that is being proposed; picks its random stream */
    struct arena *scratch; /* reset after the proposal */
    const struct seen *seen; /* the rows of the trials, indexed; NULL: they are looked through */
    const struct search_parent *parents;
    size_t n_parents;
};

/** How many of the reports have a step up to s. O(log n). */
size_t search_reports_until(const struct series *series, double s);

/** Whether it is completed and keeps all constraints. */
bool search_is_feasible(const struct search_view *view, const struct search_trial *trial);

/** What completed trials still gained of an objective after a step: final value minus the last one
 * until then. */
struct search_gain {
    size_t n; /* trials that had reported by then */
    double median;
    double sd; /* as num_centre() has it */
};

/** @param work  room for one number a trial; without a trial only n is set */
struct search_gain search_gain_after(const struct search_view *view, size_t objective, double s,
                                     double *work);

/** Whether no trial of the view has this row (always true when repeats are allowed). O(1). */
bool search_is_new(const struct search_view *view, const double *row);

/**
 * Fill a row with a random configuration that is new; HONE_EEXHAUSTED when a finite space is used
 * up (after random tries it is enumerated, so that the last free configuration is found too).
 */
hone_status search_random_new(const struct search_view *view, struct rng *rng, double *row,
                              hone_error *err);

struct search_algorithm {
    const char *name;
    const char *summary;  /* one line for help */
    const char *stopping; /* the stopping rule that belongs to it; NULL: any */
    bool transfers;       /* learns from the view's parents */

    /** Refuse a space or options that it cannot serve, with a text; NULL: serves all. */
    hone_status (*check)(const struct hone_space *space, const hone_options *options,
                         hone_error *err);

    /**
     * Propose a row that is new and satisfies `where`.
     * @param memo  in: from the last ask (empty at first); out: to be kept
     * @param why   out: the reason in words
     */
    hone_status (*propose)(const struct search_view *view, struct buf *memo, double *row,
                           struct buf *why, hone_error *err);

    /** What hone_expected_gain() says after the ask that wrote this memo; NULL: never known. */
    double (*expected_gain)(const void *memo, size_t size);
};

/** The algorithm of that name, or NULL; NULL gives the default. */
const struct search_algorithm *search_find(const char *name);

/** "auto, bayesian, random", and so on, for error texts. */
void search_names(struct buf *out);

#endif
