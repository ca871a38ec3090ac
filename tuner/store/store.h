/*
 * store.h: what a store is: a struct of functions, implemented by sqlite.c (and postgres.c), all
 * passing tests/contract/store_contract.c.
 *
 * A study's decisions are an append-only history of events; observations are a second one; trials,
 * attempts and the study's row are the state derived from them, written in the same transaction.
 * Only the tuner that holds the study's lease writes: every transaction names its epoch and is
 * refused when the lease has passed on.
 *
 * Failures: a call that fails changed nothing, and the handle stays usable. HONE_EIO for a full
 * disk, a lock that another program holds, missing rights or a file system that went read-only may
 * pass: undo by store_rollback() and try the whole transaction again. A damaged file does not heal:
 * every call says so. HONE_ESTATE from store_begin() is final for this tuner.
 *
 * A handle belongs to the process that opened it: a fork()ed child must not use it. Its descriptors
 * close on exec. One thread at a time per handle.
 *
 * Times are milliseconds since 1970, UTC. Texts in a row that is read belong to that row:
 * row_release(). Any text may be NULL where it says "or NULL". Bodies and params are JSON objects.
 */
#ifndef HONE_STORE_STORE_H
#define HONE_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hone.h"

struct store;

/** Who drives a study: enough to know a process again after a reboot or when its pid is reused. */
struct owner {
    char host[256];
    int64_t pid;
    int64_t pid_start; /* clock ticks since boot, /proc/PID/stat field 22 */
    char boot_id[64];
};

enum study_state { STUDY_RUNNING, STUDY_FINISHED, STUDY_STOPPED, STUDY_FAILED };

struct study_row {
    int64_t id;
    char *uid, *name, *spec; /* spec: canonical JSON of spec->text */
    uint64_t seed;
    enum study_state state;
    char *reason; /* why it ended, or NULL */
    bool wanted;  /* somebody wants it to run */
    bool by_service;
    int64_t created_at, started_at, ended_at; /* 0 = not yet */
    int64_t active_ms;                        /* summed over its runs: time with a living tuner */
    uint64_t epoch;                           /* 0 = never taken */
    struct owner owner;                       /* pid 0 = nobody */
    int64_t lease_until;
    char *stats; /* JSON of figures that are shown and not derived: ask times; or NULL */
};

/* kind, text in the store */
#define EVENT_KIND_MAP(X)                                                                          \
    X(CREATED, "created")       /* {spec} */                                                       \
    X(TAKEN, "taken")           /* a tuner took the study up: {host, pid} */                       \
    X(CHANGED, "changed")       /* other limits or budget on resume: {lines, spec} */              \
    X(EDITED, "edited")         /* other settings: {spec, lines, search, trials, fit} */           \
    X(ASK, "ask")               /* {params, why, memo (base64), origin; confirm: repeat_of} */     \
    X(ADD, "add")               /* imported or warm: {params, values or (stopped) last} */         \
    X(TRANSFER, "transfer")     /* what an earlier study found: {study, results} */                \
    X(CONFIRM, "confirm")       /* which trials are run again: {trials, top, repeats} */           \
    X(ENQUEUE, "enqueue")       /* {params} */                                                     \
    X(STOP_TRIAL, "stop_trial") /* decided to end it: {cause, reason} */                           \
    X(TELL, "tell")             /* {state, values, attempt} */                                     \
    X(RETRY, "retry")           /* next attempt: {attempt, cause} */                               \
    X(REOPEN, "reopen")         /* a final trial runs again: {attempt, was; repeat_of} */          \
    X(STOP_STUDY, "stop_study") /* asked to stop: {now} */                                         \
    X(ENDED, "ended")           /* {state, reason} */

enum event_kind {
#define EVENT_KIND_ENUM(name, text) EVENT_##name,
    EVENT_KIND_MAP(EVENT_KIND_ENUM)
#undef EVENT_KIND_ENUM
};
const char *event_kind_text(enum event_kind kind);

struct event {
    int64_t seq; /* given by the store: 1, 2, 3 ... in each study */
    int64_t at;
    uint64_t epoch;
    enum event_kind kind;
    int64_t trial; /* or -1 */
    char *body;    /* JSON object, or NULL */
};

struct trial_row {
    int64_t number;
    char *origin; /* search, enqueued, start, confirm; imported, warm: not run by this study */
    hone_trial_state state;
    char *params;   /* JSON object: active parameters in declaration order */
    char *values;   /* JSON array, or NULL */
    char *why;      /* or NULL */
    char *reason;   /* why it was stopped or failed, in words; or NULL */
    char *log_tail; /* last lines of a failed trial's log, or NULL */
    int64_t started_at, ended_at;
};

/** Whether a trial was run by this study: then it is one of max_trials, and its time is paid for.
 */
bool trial_is_own(const char *origin);

/** Why a repeat is run, in words, and the number of the trial that such words name: -1 where a
 * trial is no repeat. */
void repeat_why(char out[80], int64_t repeat, int64_t of, int64_t trial);
int64_t repeat_of_why(const char *why);
int64_t trial_repeat_of(const struct trial_row *row);

/** The reason of a trial that is stopped because its study ends, and whether a trial has such a
 * one: then no stopping rule has ended it. */
void cut_reason(char out[600], const char *ending);
bool trial_is_cut(const struct trial_row *row);

enum attempt_state {
    ATTEMPT_WAITING,
    ATTEMPT_RUNNING,
    ATTEMPT_SUCCEEDED,
    ATTEMPT_FAILED,
    ATTEMPT_PREEMPTED,
    ATTEMPT_LOST,
    ATTEMPT_TIMEOUT,
    ATTEMPT_CANCELLED
};
const char *attempt_state_text(enum attempt_state state);
const char *trial_state_text(hone_trial_state state);
const char *study_state_text(enum study_state state);

struct attempt_row {
    int64_t trial, number; /* number from 1 */
    enum attempt_state state;
    char *node;  /* host, or NULL */
    int64_t pid; /* shim's; 0 = not known */
    int64_t pid_start;
    char *boot_id; /* or NULL */
    int64_t started_at, ended_at;
    int exit_code;   /* -1 = none */
    int exit_signal; /* 0 = none */
    bool spot;
    char *reason; /* or NULL */
    char *cursor; /* the log reader's place, JSON: commits with the observations; or NULL */
};

struct observation {
    int64_t trial, attempt;
    const char *metric;
    int64_t seq; /* 0, 1, 2 ... of this metric in this attempt */
    double step;
    int64_t at;
    double value; /* may be NaN or infinite */
};

struct request_row {
    int64_t id, at;
    char *kind;   /* stop, stop_trial, ... */
    char *body;   /* JSON */
    char *answer; /* or NULL while open; JSON {ok} or {error} */
};

/**
 * Open "sqlite:PATH" or a plain path, ":memory:" (which ends with the handle), or
 * "postgresql://...". Creates the file and its folder (0600,
 * 0700), or the tables, when `create`; migrates an old schema. A file on a network file system is
 * refused, naming a local one.
 * @return NULL: HONE_ENOTFOUND: no such store and not create; HONE_EIO: damaged, read-only, disk
 * full, newer schema: the text names the file and what to do
 */
struct store *store_open(const char *url, bool create, hone_error *err);
void store_close(struct store *store);
/** The address as the user would write it, without a password. */
const char *store_url(const struct store *store);
/** Whether it is a server's: used by several machines, and in no folder of this one. */
bool store_is_server(const struct store *store);
/** Whether the last failure was the server or the way to it, so that the same may work later. */
bool store_is_away(const struct store *store);
/** How long a call waits while another program holds the store's lock; 10 s at first. */
void store_set_patience(struct store *store, int64_t ms);
/**
 * Where this machine keeps the stores of folders on network file systems: $XDG_STATE_HOME/hone
 * (~/.local/state/hone); /var/tmp/hone-UID when that is on one too. mem_free; NULL when memory is
 * out.
 */
char *store_local_folder(void);
/** Whether a file lies in that folder. */
bool store_is_local(const char *path);
/** The file in it, HASH.db, that stands for a store at `path`. mem_free; NULL when memory is out.
 */
char *store_local_path(const char *path);

/* ---- Studies ---- */
/** Insert; fills row->id. HONE_ESTATE when the name is taken. Writes the CREATED event in the same
 * transaction. */
HONE_NODISCARD hone_status store_study_create(struct store *store, struct study_row *row,
                                              hone_error *err);
/** HONE_ENOTFOUND with the nearest name as a hint. */
HONE_NODISCARD hone_status store_study_find(struct store *store, const char *name,
                                            struct study_row *out, hone_error *err);
typedef hone_status study_visitor(void *context, const struct study_row *row, hone_error *err);
HONE_NODISCARD hone_status store_studies(struct store *store, study_visitor *visit, void *context,
                                         hone_error *err);
HONE_NODISCARD hone_status store_study_delete(struct store *store, int64_t study, hone_error *err);
void study_row_release(struct study_row *row);

/* ---- The lease ---- */
/**
 * Take a study up: epoch + 1, owner, lease_until = now + lease. The caller has decided that it may
 * (see loop/lease.c); the change is refused with HONE_ESTATE when the row's epoch is no longer
 * `seen_epoch` (somebody was faster).
 */
HONE_NODISCARD hone_status store_lease_take(struct store *store, int64_t study, uint64_t seen_epoch,
                                            const struct owner *owner, int64_t now,
                                            int64_t lease_ms, uint64_t *epoch_out, hone_error *err);

/* ---- One transaction of the tuner ---- */
/** HONE_ESTATE: the lease has passed to another tuner; nothing may be written. */
HONE_NODISCARD hone_status store_begin(struct store *store, int64_t study, uint64_t epoch,
                                       hone_error *err);
/** As store_begin(), for a study that is not there yet: the row is put in as it is, its events, all
 * of them, keep their epochs. Fills row->id. HONE_ESTATE: the name or the uid is taken. */
HONE_NODISCARD hone_status store_begin_copy(struct store *store, struct study_row *row,
                                            hone_error *err);
/* A write that fails may be known at once or by store_commit(). */
HONE_NODISCARD hone_status store_put_event(struct store *store, const struct event *event,
                                           hone_error *err);
HONE_NODISCARD hone_status store_put_trial(struct store *store, const struct trial_row *row,
                                           hone_error *err);
HONE_NODISCARD hone_status store_put_attempt(struct store *store, const struct attempt_row *row,
                                             hone_error *err);
/** Give a metric's name the next number; observations do it by themselves. */
HONE_NODISCARD hone_status store_put_metric(struct store *store, const char *name, hone_error *err);
HONE_NODISCARD hone_status store_put_observations(struct store *store,
                                                  const struct observation *rows, size_t n,
                                                  hone_error *err);
/** state, reason, wanted, times, stats, spec, lease_until and (pid 0) release of the lease; name,
 * uid, seed stay. */
HONE_NODISCARD hone_status store_put_study(struct store *store, const struct study_row *row,
                                           hone_error *err);
HONE_NODISCARD hone_status store_answer_request(struct store *store, int64_t id, const char *answer,
                                                hone_error *err);
/** Durable when it returns HONE_OK. On failure everything since store_begin() is undone; when
 * store_is_away(), perhaps not: its answer may have been lost. */
HONE_NODISCARD hone_status store_commit(struct store *store, hone_error *err);
/** Whether a commit whose answer was lost was kept after all. HONE_EIO: still not known. */
HONE_NODISCARD hone_status store_settle(struct store *store, bool *kept_out, hone_error *err);
void store_rollback(struct store *store);

/* ---- Reading; safe beside a writing tuner; each call sees one consistent state ---- */
/* A visited row and its texts live until the visitor returns. What a visitor returns other than
 * HONE_OK ends the visit and is its result. It may read the same store, not write it. */
typedef hone_status event_visitor(void *context, const struct event *event, hone_error *err);
typedef hone_status trial_visitor(void *context, const struct trial_row *row, hone_error *err);
typedef hone_status attempt_visitor(void *context, const struct attempt_row *row, hone_error *err);
typedef hone_status name_visitor(void *context, const char *name, hone_error *err);
typedef hone_status observation_visitor(void *context, const struct observation *row,
                                        hone_error *err);
HONE_NODISCARD hone_status store_events(struct store *store, int64_t study, int64_t after_seq,
                                        event_visitor *visit, void *context, hone_error *err);
/** In the order of numbers; one trial when number >= 0, all when -1. */
HONE_NODISCARD hone_status store_trials(struct store *store, int64_t study, int64_t number,
                                        trial_visitor *visit, void *context, hone_error *err);
/** By trial, then number; one trial's when trial >= 0. */
HONE_NODISCARD hone_status store_attempts(struct store *store, int64_t study, int64_t trial,
                                          attempt_visitor *visit, void *context, hone_error *err);
/** Names of metrics, in the order in which the study first saw them. */
HONE_NODISCARD hone_status store_metrics(struct store *store, int64_t study, name_visitor *visit,
                                         void *context, hone_error *err);
/** By trial, attempt, metric, seq; all trials when -1, all metrics when NULL, in the order in which
 * the study first saw them. */
HONE_NODISCARD hone_status store_observations(struct store *store, int64_t study, int64_t trial,
                                              const char *metric, observation_visitor *visit,
                                              void *context, hone_error *err);
/** Trials by state, attempts that wait, and the sum of attempts' seconds: what `status` needs,
 * without visiting rows. */
struct study_counts {
    int64_t by_state[5]; /* hone_trial_state; of the study's own trials */
    int64_t imported, warm;
    int64_t waiting;     /* running trials whose last attempt waits */
    int64_t attempts_ms; /* over ended attempts of own trials */
};
HONE_NODISCARD hone_status store_counts(struct store *store, int64_t study,
                                        struct study_counts *out, hone_error *err);
/** Changes whenever somebody committed something to the store: for readers that watch. */
HONE_NODISCARD hone_status store_version(struct store *store, int64_t *out, hone_error *err);

/* ---- Requests to the living tuner ---- */
HONE_NODISCARD hone_status store_request(struct store *store, int64_t study, const char *kind,
                                         const char *body, int64_t now, int64_t *id_out,
                                         hone_error *err);
/** The oldest open request of a study; HONE_ENOTFOUND when there is none. */
HONE_NODISCARD hone_status store_next_request(struct store *store, int64_t study,
                                              struct request_row *out, hone_error *err);
HONE_NODISCARD hone_status store_request_find(struct store *store, int64_t id,
                                              struct request_row *out, hone_error *err);
void request_row_release(struct request_row *row);
/**
 * Whether somebody may have left a request for the study since the last call, where the store tells
 * so by itself; a file does not, then it is false. The first call begins to listen, and is true.
 */
bool store_heard(struct store *store, int64_t study);
/** A descriptor that becomes readable when there is something for store_heard(), or -1: none while
 * nothing is listened to. Not to be kept: it changes with the connection. */
int store_ear(const struct store *store);

#endif
