/*
 * container.h: one training job at work, for this folder alone. main.c runs its stages in order:
 *
 *     folders_make -> folders_fill (code, channels, checkpoints, input/config) -> requirements
 *     -> script_run (namespace, variables, arguments) -> uploads, in every case
 */
#ifndef HONE_CONTAINER_CONTAINER_H
#define HONE_CONTAINER_CONTAINER_H

#include <stdbool.h>

#include "container/job.h"

struct s3;

struct container {
    struct job job;
    struct s3 *s3;
    char *attempt;           /* the attempt's folder */
    char *ml;                /* in it: the script's /opt/ml */
    char *checkpoints;       /* the trial's, the same for all attempts */
    char *checkpoint_uri;    /* s3://..., or NULL */
    json_t *seen;            /* of checkpoints: what was copied to S3 */
    json_t *user, *internal; /* hyperparameters, decoded */
    json_t *interpreter;     /* words */
    bool told;               /* SIGTERM came */
};

/** The value of a decoded internal hyperparameter as text; NULL when there is none. */
const char *container_internal(const struct container *c, const char *name);
/** Whether a SIGTERM waits or was seen. */
bool container_is_told(struct container *c);

HONE_NODISCARD hone_status folders_make(struct container *c, hone_error *err);
HONE_NODISCARD hone_status folders_fill(struct container *c, hone_error *err);
/** resourceconfig.json and inputdataconfig.json, as they are on disk and in variables; new. */
json_t *folders_resources(const struct container *c);
json_t *folders_channels(const struct container *c);

/** Install requirements.txt, where there is one, and make its environment the interpreter. */
HONE_NODISCARD hone_status requirements_install(struct container *c, hone_error *err);

/** Set this process's variables to what a script sees whose /opt/ml is `base`. */
void variables_set(const struct container *c, const char *base, json_t *arguments);

/** Make <ml> this process's /opt/ml, in a mount namespace of its own; false: not possible here. */
bool namespace_enter(const char *ml, const char *staging);

/**
 * Run the script to its end.
 * @param exit_out  its status, 128 + N when signal N ended it
 */
HONE_NODISCARD hone_status script_run(struct container *c, int *exit_out, hone_error *err);

/** Copy checkpoints that are new to S3; does nothing without CheckpointConfig. */
HONE_NODISCARD hone_status checkpoints_put(struct container *c, hone_error *err);

#endif
