/*
 * environment.h: starting an attempt of a trial: folders, command and variables, as study.yaml(5)
 * says under "What a trial sees". Needs no tuner, so that `hone check` shows a script the same.
 */
#ifndef HONE_LOOP_ENVIRONMENT_H
#define HONE_LOOP_ENVIRONMENT_H

#include "exec/executor.h"
#include "spec/spec.h"

struct attempt_place {
    const struct spec *spec;
    const char *study; /* its name */
    uint64_t seed;     /* the study's */
    int64_t trial, number;
    const char *id;     /* "UID-TRIAL-ATTEMPT" */
    const char *folder; /* .../trial-0007/attempt-1, absolute */
    const char *alive;
    const char *params; /* the settings as a JSON object */
    const hone_setting *settings;
    size_t n_settings;
    bool spot; /* on a machine that may be taken away */
    struct executor *executor;
};

/**
 * Make the folders of an attempt, and start it. Idempotent.
 * @return HONE_OK; HONE_ESTATE: its slots are not free now; HONE_EIO
 */
HONE_NODISCARD hone_status attempt_start(const struct attempt_place *place, hone_error *err);

#endif
