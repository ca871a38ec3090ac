/* optimizer.h: a study from inside: the optimizer, its trials and its queue. */
#ifndef HONE_STUDY_OPTIMIZER_H
#define HONE_STUDY_OPTIMIZER_H

#include "search/search.h"
#include "search/seen.h"
#include "stop/stop.h"

/** One block of memory, with row, values and settings behind the struct. */
struct hone_trial {
    uint64_t id;
    hone_trial_state state;
    size_t n_settings, n_values; /* n_values: objectives and constraints; 0 unless completed */
    bool feasible;
    double *row;
    double *values;    /* in their own units */
    double *minimised; /* the same, as the search sees them: objectives, then violations */
    hone_setting *settings;
    char *why, *reason; /* reason: NULL unless the stopping rule ended it */
    size_t n_series;
    struct series *series; /* one an objective */
};

/** A configuration that waits to be tried: what was given of it. Texts are the space's. */
struct queued {
    const char *why; /* of the trial that it becomes: "enqueued", "default values" */
    hone_setting *settings;
    size_t n;
};

/** The best trials, see hone_front(). */
struct front {
    const struct hone_trial **trials;
    size_t n;
};

/*
 * trials: all, by id. view: the same as the search sees them, without the cancelled ones, in the
 * order of ids; seen: their rows. These and the front have room for n_trials, so that a change of
 * state allocates nothing.
 */
struct hone_optimizer {
    struct hone_space *space;
    hone_options options;
    const struct search_algorithm *algorithm;
    const struct stop_rule *rule;

    struct hone_trial **trials;
    struct search_trial *view;
    size_t n_trials, room, n_view;
    struct seen seen;
    struct front front;

    struct queued *queue;
    size_t n_queued, queue_room;

    struct search_parent parents[HONE_MAX_PARENTS];
    size_t n_parents;

    struct buf memo;
    struct arena scratch;
};

/**
 * Make a running trial, not yet one of the optimizer's, from a legal row.
 * @param given  values that are kept to the last bit instead of being decoded; may be NULL
 */
struct hone_trial *trial_new(const struct hone_optimizer *opt, const double *row,
                             const hone_setting *given, size_t n_given, const char *why,
                             hone_error *err);
/** One of another space, of which only the number is kept. */
struct hone_trial *trial_new_skipped(const struct hone_optimizer *opt, hone_error *err);
void trial_free(struct hone_trial *trial);

/** Insert a report; a step seen before is replaced. The step is >= 0, the value finite. */
hone_status series_add(struct series *series, double step, double value, hone_error *err);

/** Take note of a trial that has completed; the front has room for it. */
void front_add(struct front *front, const struct hone_trial *trial, size_t n_objectives);

/** What the search sees. */
struct search_view optimizer_view(struct hone_optimizer *opt);

/**
 * Take the next queued configuration that is new and legal, filled in by the strategy.
 * @param memo, row, why  as in search.h
 * @param used_out   queue entries that are used up when the proposal is taken
 * @param given_out  the entry that the row comes from, or NULL: none was left
 */
hone_status queue_propose(struct hone_optimizer *opt, struct buf *memo, double *row,
                          struct buf *why, size_t *used_out, const struct queued **given_out,
                          hone_error *err);

/** Take n entries off the front. */
void queue_drop(struct hone_optimizer *opt, size_t n);

/** Take entries off the back until n are left. */
void queue_cut(struct hone_optimizer *opt, size_t n);

/** Take off what a recorded ask took: all up to the first entry of this kind that these settings
 * agree with; nothing when the trial did not come from the queue. */
void queue_replay(struct hone_optimizer *opt, const char *why, const hone_setting *settings,
                  size_t n);

/** Put the default values that a space has at the front of an empty queue. */
hone_status queue_defaults(struct hone_optimizer *opt, hone_error *err);

void queue_release(struct hone_optimizer *opt);

/** Free what hone_transfer() has kept. */
void transfer_release(struct hone_optimizer *opt);

#endif
