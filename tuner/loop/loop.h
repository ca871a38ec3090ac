/*
 * loop.h: the tuner: what joins a study, its store and the trials that run.
 *
 * The truth is in the store. tuner_open() takes a study up and rebuilds everything from it;
 * tuner_pass() looks at the running trials, decides, commits once, and only then acts. README.md in
 * this folder has the rules.
 */
#ifndef HONE_LOOP_LOOP_H
#define HONE_LOOP_LOOP_H

#include "spec/spec.h"
#include "store/store.h"

struct tuner;
struct executor;

/** What a tuner acts in: a clock, and where attempts run. */
struct world {
    int64_t (*now_ms)(const struct world *world); /* since 1970 */
    struct executor *executor;
};

/** This machine and its clock. */
const struct world *world_real(void);

/** How much a person has asked to stop. */
enum stop_level {
    STOP_NOT,
    STOP_NEW,  /* no new trials, running ones finish */
    STOP_NOW,  /* running ones are ended, and get another attempt on resume */
    STOP_LEAVE /* leave at once; what runs goes on under its shim */
};

/**
 * Take a study up and rebuild its state.
 *
 * @param study   its row; copied
 * @param spec    what it is to do now; owned by the tuner from here, also on failure
 * @param change  how spec differs from the stored one; recorded, when there is something
 * @return NULL: HONE_ESTATE: another tuner holds it; HONE_EIO
 */
struct tuner *tuner_open(struct store *store, const struct study_row *study, struct spec *spec,
                         const struct spec_change *change, hone_error *err);
/** The same in another world, borrowed until tuner_close(). */
struct tuner *tuner_open_in(const struct world *world, struct store *store,
                            const struct study_row *study, struct spec *spec,
                            const struct spec_change *change, hone_error *err);

/** Let go of the study: the lease is given back where it is still ours. Trials that run go on. */
void tuner_close(struct tuner *tuner);

/**
 * One pass: look, decide, commit, act.
 * @return HONE_OK; HONE_ESTATE: the lease has passed to another tuner; HONE_EIO: the store or a
 *         folder cannot be written. After a failure nothing more may be done but tuner_close().
 */
HONE_NODISCARD hone_status tuner_pass(struct tuner *tuner, hone_error *err);

/** When it wants its next pass at the latest, whatever trials do: ms from now, 0 at once. */
int64_t tuner_due_ms(const struct tuner *tuner);

/** Ask for a stop, as a Ctrl-C does; a lower level than before changes nothing. */
void tuner_stop(struct tuner *tuner, enum stop_level level, const char *who);

/** End one trial for good. HONE_ENOTFOUND: it does not run. */
HONE_NODISCARD hone_status tuner_stop_trial(struct tuner *tuner, int64_t trial, hone_error *err);

/** Give a trial notice: it ends, and gets another attempt. HONE_ENOTFOUND: it does not run. */
HONE_NODISCARD hone_status tuner_preempt(struct tuner *tuner, int64_t trial, hone_error *err);

/**
 * Run ended trials again: each gets its next attempt. All of them or none.
 * @return HONE_OK; as retry_check()
 */
HONE_NODISCARD hone_status tuner_retry(struct tuner *tuner, const int64_t *trials, size_t n,
                                       hone_error *err);

/**
 * Whether a trial can be run again: it is one of the study's own that has failed or was cancelled.
 * @return HONE_OK; HONE_ENOTFOUND: there is no such trial; HONE_ESTATE: the text says what it is
 */
HONE_NODISCARD hone_status retry_check(struct store *store, const struct study_row *study,
                                       int64_t trial, hone_error *err);

/** What an edit would change. */
struct edit {
    struct spec_change change;
    int64_t n_trials, n_fit; /* another search: all trials, and those that it can learn from */
};

/**
 * Look at an edit: what differs, whether it may, and what becomes of the trials.
 *
 * @param stored  the settings of the study
 * @param now     what they are to be
 * @return HONE_OK; HONE_EINVAL: what can never change differs, or no search can work so
 */
HONE_NODISCARD hone_status edit_read(struct edit *edit, struct store *store,
                                     const struct study_row *study, const struct spec *stored,
                                     const struct spec *now, hone_error *err);
void edit_release(struct edit *edit);

/** Record an edit of a study that no tuner holds. `study` is the row as it is then. */
HONE_NODISCARD hone_status study_edit(struct store *store, struct study_row *study,
                                      const struct edit *edit, const struct spec *now,
                                      hone_error *err);

/** Start nothing from here: no trial and no attempt. For commands that settle something and leave.
 */
void tuner_hold(struct tuner *tuner);

/** Whether a trial runs. */
bool tuner_runs(const struct tuner *tuner, int64_t trial);

/** How many trials run. */
size_t tuner_n_running(const struct tuner *tuner);

/** Leave the study as one that a person has stopped, although trials may still run under their
 * shims.
 */
HONE_NODISCARD hone_status tuner_park(struct tuner *tuner, const char *reason, hone_error *err);

/** Whether some trial has completed. */
bool tuner_has_result(const struct tuner *tuner);

/** Whether the study has ended: nothing runs and nothing will be started. */
bool tuner_is_over(const struct tuner *tuner);

/** Fresh figures about the study, for a display. */
struct live_view;
void tuner_view(struct tuner *tuner, struct live_view *out);

struct spec *tuner_spec(const struct tuner *tuner);
const struct study_row *tuner_study(const struct tuner *tuner);
const char *tuner_folder(const struct tuner *tuner);

/** Why a drive ended. */
enum drive_end {
    DRIVE_OVER,   /* the study ended: finished, stopped or failed; see tuner_study() */
    DRIVE_LEFT,   /* the person left; trials may run on */
    DRIVE_FAILED, /* err says why */
};

struct live;
/**
 * Pass after pass, waiting in between for an end, a line of log, a request or a signal, until the
 * study is over. SIGINT stops in three steps, SIGTERM leaves, SIGHUP makes it go on without a
 * terminal.
 *
 * @param live         where it is shown, or NULL
 * @param interrupted  out: a person pressed Ctrl-C or sent SIGTERM
 */
enum drive_end tuner_drive(struct tuner *tuner, struct live *live, bool *interrupted,
                           hone_error *err);

/** Choose a seed where the person gave none: random, short enough to be typed. */
uint64_t tuner_new_seed(void);

/** What a trial's script gets as HONE_SEED: in [0, 2^31), a function of the study's seed. */
uint32_t trial_seed(uint64_t study_seed, int64_t trial);

/**
 * The optimizer of a study as it is now, for those who ask it and go: with all trials, also those
 * that run. Caller: hone_optimizer_free().
 */
hone_optimizer *study_recall(struct store *store, const struct study_row *study,
                             const struct spec *spec, hone_error *err);

/**
 * Make all proposals of a study again and compare them with what was stored.
 *
 * @param trials_out  proposals compared
 * @param text_out    the first difference in words; empty when all are equal
 */
HONE_NODISCARD hone_status replay_study(struct store *store, const struct study_row *study,
                                        const struct spec *spec, int64_t *trials_out,
                                        char text_out[500], hone_error *err);

#endif
