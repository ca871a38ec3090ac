/*
 * executor.h: what starts, watches and ends attempts. local.c runs them on this machine under
 * hone-shim. The truth about an attempt is in its folder (claim, pid, log, exit), so that any later
 * tuner can go on watching it; only those of a simulated executor exist in its memory alone.
 */
#ifndef HONE_EXEC_EXECUTOR_H
#define HONE_EXEC_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exec/metrics.h"
#include "exec/slots.h"
#include "hone.h"

/** What to run. All paths absolute. */
struct attempt_job {
    const char *id;     /* HONE_ATTEMPT_ID: "UID-TRIAL-ATTEMPT", unique in the world */
    const char *folder; /* .../trial-0007/attempt-1, exists */
    const char *alive;  /* file whose mtime says that a tuner lives */
    char *const *argv;  /* ends in NULL */
    char *const *envp;  /* ends in NULL; the whole environment */
    const char *workdir;
    double trial_time_s, silence_s; /* 0 = none */
    double grace_s, orphan_s;
    uint64_t memory_bytes; /* 0 = none */
    struct slots slots;    /* what it takes of the machine */
    bool spot;             /* on a machine that may be taken away */
    const char *params;    /* JSON object: the active parameters */
};

enum attempt_phase {
    PHASE_ABSENT,  /* nothing has claimed it: it was never started, or the shim has not come up yet
                    */
    PHASE_RUNNING, /* claimed, and the shim lives */
    PHASE_ENDED,   /* an exit record is there: final */
    PHASE_LOST     /* claimed, but neither a living shim nor an exit record */
};

/** Why the shim ended a trial. */
enum end_cause {
    END_BY_ITSELF,
    END_TIME,
    END_SILENCE,
    END_MEMORY,
    END_ORPHAN,
    END_ASKED,
    END_NOT_STARTED,
    END_PREEMPTED, /* by the cluster; `problem` says how it puts it */
    END_CANCELLED  /* by somebody at the cluster */
};

struct attempt_status {
    enum attempt_phase phase;
    int64_t shim_pid, shim_start; /* as in /proc/PID/stat */
    int64_t child_pid;            /* the trial's first process and its group; 0 = not known */
    char boot_id[64];
    char node[256];
    int64_t started_at, ended_at; /* ms since 1970; 0 = not known */
    /* PHASE_ENDED: */
    enum end_cause cause;
    int exit_code;       /* -1 when ended by a signal */
    int exit_signal;     /* 0 when it exited */
    bool killed;         /* SIGTERM was not enough: SIGKILL after the grace */
    bool was_stopped;    /* it was in state T (SIGSTOP) when its limit came */
    int64_t stragglers;  /* processes that outlived the main one and were ended */
    int64_t peak_memory; /* bytes, 0 = not known */
    int64_t log_bytes;   /* the whole log's */
    bool disk_full;      /* so that this record had to wait: the log may lack what was printed */
    char problem[256];   /* END_NOT_STARTED: "exec train.py: No such file or directory"; what the
                          * cluster says of an end that was its own */
};

/** The plug: where attempts run. Each function as the one of local.c that is described below. */
struct executor {
    hone_status (*start)(struct executor *self, const struct attempt_job *job, hone_error *err);
    hone_status (*poll)(struct executor *self, const char *folder, struct attempt_status *out,
                        hone_error *err);
    hone_status (*stop)(struct executor *self, const char *folder, hone_error *err);
    hone_status (*sweep)(struct executor *self, const char *folder, const char *id,
                         int64_t *ended_out, hone_error *err);
    int (*watch)(struct executor *self, const char *folder);
    /**
     * Simulated: nothing of an attempt is on disk, and its job has params and limits but no argv
     * and no envp. Visits the values that are new since the last call. NULL: FOLDER/log has them.
     */
    hone_status (*read)(struct executor *self, const char *folder, metric_visitor *visit,
                        void *context, hone_error *err);
};

/** The one of this machine; the same for all. */
struct executor *local_executor(void);

/** Where hone-shim is: $HONE_SHIM, beside ours, in the build tree, or installed. A static text. */
const char *shim_path(void);

/**
 * Start an attempt: returns when the shim was launched. Idempotent: the shim that creates
 * FOLDER/claim first runs the trial, any other leaves at once, so a tuner that died in between may
 * simply start it again.
 *
 * @return HONE_OK; HONE_ESTATE: its slots are not free now, nothing was done; HONE_EINVAL: there
 * are not so many slots; HONE_EIO: hone-shim cannot be started
 */
HONE_NODISCARD hone_status local_start(const struct attempt_job *job, hone_error *err);

/**
 * Look at an attempt's folder and processes. Cheap: no scan of /proc while the shim lives.
 * HONE_ENOTFOUND: there is no such folder.
 */
HONE_NODISCARD hone_status local_poll(const char *folder, struct attempt_status *out,
                                      hone_error *err);

/**
 * Ask for a clean end: SIGTERM to the whole group, after the job's grace SIGKILL to all of it.
 * Returns at once; the exit record follows. Repeating it does nothing more. An attempt that was
 * never claimed is claimed here, and then has ended (END_ASKED, exit_code -1), so that no shim that
 * is still coming up can start it.
 */
HONE_NODISCARD hone_status local_stop(const char *folder, hone_error *err);

/**
 * For PHASE_LOST: end everything that carries the attempt's id (cgroup where there is one, else the
 * environment in /proc/PID/environ) and count what was ended. Afterwards no process of it is alive.
 */
HONE_NODISCARD hone_status local_sweep(const char *folder, const char *id, int64_t *ended_out,
                                       hone_error *err);

/**
 * A descriptor that becomes readable when the attempt's shim has gone (a pidfd), or -1 when there
 * is none. The caller closes it.
 */
int local_watch(const char *folder);

#endif
