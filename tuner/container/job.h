/*
 * job.h: what hone-container is told, and what it leaves behind. The service writes a job.json for
 * each tuning job; its study has the command `hone-container PATH/job.json`
 * (what the tuner appends to it is ignored: the values are read from HONE_PARAMS).
 *
 *     {
 *       "job": "lab-261124-1000",         the tuning job's name, or the training job's
 *       "kind": "tuning",                 or "training": a job of its own, with no number
 *       "definition": {...},              a TrainingJobDefinition as it was sent (a
 * CreateTrainingJob body serves too); or several, see "choose" "choose": "definition", several
 * definitions: the parameter in HONE_PARAMS whose value is the DefinitionName; "NAME:lr" is then
 * its lr "objective": "val:dice",          optional; for _tuning_objective_metric "s3_root":
 * "/srv/hone/s3",        the folder of objects (s3/s3.h) "region": "us-east-1", "account":
 * "000000000000", "images": {"*mine:*": "/opt/venv/bin/python3"},   optional: pattern (fnmatch) of
 * an image
 *                                         -> the interpreter, a text or a list of words; looked at
 *                                         before the defaults
 *       "cache": "/var/cache/hone",       optional: where environments of requirements.txt are kept
 *       "stop_s": 120                     optional: seconds from SIGTERM to SIGKILL of the script
 *     }
 *
 * The study's `grace` must leave time for the uploads after stop_s: stop_s + 120 is a good one.
 *
 * In the attempt's folder (attempt-N/) it leaves
 *     ml/           what the script sees as /opt/ml; model and output are links into it
 *     stages.json   {"training_job": NAME, "stages": [{"stage": "Downloading", "at": ms}, ...]}:
 *                   Downloading, Training, Uploading; replaced whole
 *     failure.json  {"reason": "AlgorithmError: ..., exit code: 3", "exit": 3}: FailureReason, at
 *                   most 1024 bytes; only when the job failed. "ClientError: ..." is what hone or
 *                   the request's data were to blame for (exit 1).
 * Its exit status is the script's, 128 + N for one that signal N ended.
 */
#ifndef HONE_CONTAINER_JOB_H
#define HONE_CONTAINER_JOB_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "hone.h"

enum { TRAINING_JOB_NAME_MAX = 64 };

/** The name of a trial's training job: that of the tuning job, the trial's number from 1, and eight
 * hexadecimal digits of both: "lab-261124-1000-003-5f1c9a02". The service and hone-container both
 * compute it. */
void training_job_name(const char *tuning_job, int64_t trial, char out[TRAINING_JOB_NAME_MAX]);

struct job {
    json_t *json;
    const char *name, *s3_root, *region, *account, *cache; /* cache may be NULL */
    bool tuning;
    double stop_s;
    json_t *definition;                   /* the chosen one */
    char training[TRAINING_JOB_NAME_MAX]; /* the training job's name */
    json_t *hyperparameters;              /* name -> text: static, tuned and internal ones */
};

/**
 * Read a job and the values of one trial.
 *
 * @param text    of job.json
 * @param params  {"lr": 0.001, ...}: what HONE_PARAMS holds; borrowed
 * @param trial   HONE_TRIAL
 * @return HONE_EINVAL: what is wrong, by its name
 */
HONE_NODISCARD hone_status job_read(struct job *job, const char *text, size_t len, json_t *params,
                                    int64_t trial, hone_error *err);
void job_release(struct job *job);

/**
 * The words that run Python for the job's image: of "images", else of the images that the SDK
 * names for its frameworks, python3.
 *
 * @return a new list of texts; NULL: HONE_EINVAL for an image that nothing says how to run
 */
json_t *job_interpreter(const struct job *job, hone_error *err);

#endif
