/*
 * job.c: reading job.json, and what the values of one trial make of it (job.h has the form).
 *
 * Numbers that were tuned become text that Python's float() and int() read back exactly. Choices
 * are passed on byte for byte: the SDK sends and expects them with quotes of JSON.
 */
#include "container/job.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "io/json.h"

void training_job_name(const char *tuning_job, int64_t trial, char out[TRAINING_JOB_NAME_MAX])
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *p = tuning_job; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    for (int shift = 0; shift < 64; shift += 8)
        hash = (hash ^ (uint32_t)(((uint64_t)trial >> shift) & 0xff)) * 16777619u;
    snprintf(out, TRAINING_JOB_NAME_MAX, "%.32s-%03lld-%08x", tuning_job, (long long)trial + 1,
             hash);
}

static hone_status read_text(const json_t *json, const char *key, const char *fallback,
                             const char **out, hone_error *err)
{
    const json_t *value = json_object_get(json, key);
    *out = value ? json_string_value(value) : fallback;
    if (!*out)
        return error_set(err, HONE_EINVAL, "job.json: \"%s\" must be a text", key);
    return HONE_OK;
}

static json_t *text_of(const json_t *value)
{
    if (json_is_string(value))
        return json_string(json_string_value(value));
    struct buf b;
    buf_init(&b, 64);
    if (json_is_integer(value))
        buf_printf(&b, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        buf_double(&b, json_real_value(value));
    json_t *text = b.failed || b.len == 0 ? NULL : json_string(b.data);
    buf_release(&b);
    return text;
}

static hone_status choose(struct job *job, json_t *params, hone_error *err)
{
    json_t *definition = json_object_get(job->json, "definition");
    if (json_is_object(definition)) {
        job->definition = definition;
        return HONE_OK;
    }
    const char *choose = json_string_value(json_object_get(job->json, "choose"));
    const char *wanted = choose ? json_string_value(json_object_get(params, choose)) : NULL;
    size_t i;
    json_t *one;
    json_array_foreach(definition, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "DefinitionName"));
        if (json_is_object(one) && name && wanted && strcmp(name, wanted) == 0) {
            job->definition = one;
            return HONE_OK;
        }
    }
    return error_set(err, HONE_EINVAL, "job.json: no training job definition \"%s\"",
                     wanted ? wanted : "");
}

/* "lr", or with several definitions "NAME:lr" of the chosen one; NULL: another's. */
static const char *name_of(const struct job *job, const char *key)
{
    if (json_is_object(json_object_get(job->json, "definition")))
        return key;
    const char *name = json_string_value(json_object_get(job->definition, "DefinitionName"));
    size_t n = strlen(name);
    return strncmp(key, name, n) == 0 && key[n] == ':' ? key + n + 1 : NULL;
}

static hone_status gather(struct job *job, json_t *params, hone_error *err)
{
    static const char *const sources[] = {"StaticHyperParameters", "HyperParameters"};
    const char *key;
    json_t *value;
    job->hyperparameters = json_object();
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        json_object_foreach(json_object_get(job->definition, sources[i]), key, value)
        {
            if (!json_is_string(value))
                return error_set(err, HONE_EINVAL, "hyperparameter \"%s\" must be a text", key);
            json_object_set(job->hyperparameters, key, value);
        }
    }
    json_object_foreach(params, key, value)
    {
        const char *name = name_of(job, key);
        json_t *text = name ? text_of(value) : NULL;
        if (name && !text)
            return error_set(err, HONE_EINVAL, "parameter \"%s\": neither number nor text", name);
        if (name)
            json_object_set_new(job->hyperparameters, name, text);
    }
    const char *objective = json_string_value(json_object_get(job->json, "objective"));
    if (job->tuning && objective)
        json_object_set_new(job->hyperparameters, "_tuning_objective_metric",
                            json_string(objective));
    return HONE_OK;
}

hone_status job_read(struct job *job, const char *text, size_t len, json_t *params, int64_t trial,
                     hone_error *err)
{
    memset(job, 0, sizeof *job);
    job->json = json_read(text, len, err);
    if (!job->json)
        return HONE_EINVAL;
    hone_status status = HONE_EINVAL;
    const char *kind = NULL;
    const json_t *stop = json_object_get(job->json, "stop_s");
    if (!json_is_object(job->json)) {
        error_set(err, HONE_EINVAL, "job.json must be an object");
        goto out;
    }
    if (json_object_get(job->json, "s3_endpoint")) {
        error_set(err, HONE_EINVAL, "job.json: s3_endpoint is not offered; give s3_root");
        goto out;
    }
    if (read_text(job->json, "job", NULL, &job->name, err) ||
        read_text(job->json, "kind", "tuning", &kind, err) ||
        read_text(job->json, "s3_root", NULL, &job->s3_root, err) ||
        read_text(job->json, "region", "us-east-1", &job->region, err) ||
        read_text(job->json, "account", "000000000000", &job->account, err))
        goto out;
    job->cache = json_string_value(json_object_get(job->json, "cache"));
    job->tuning = strcmp(kind, "training") != 0;
    job->stop_s = json_is_number(stop) ? json_number_value(stop) : 120.0;
    if (job->tuning)
        training_job_name(job->name, trial, job->training);
    else
        snprintf(job->training, sizeof job->training, "%s", job->name);
    status = choose(job, params, err);
    if (!status)
        status = gather(job, params, err);
out:
    if (status)
        job_release(job);
    return status;
}

void job_release(struct job *job)
{
    json_decref(job->hyperparameters);
    json_decref(job->json);
    memset(job, 0, sizeof *job);
}

/* Images that the SDK names for its frameworks: they hold Python and what scripts import. */
static const char *const framework_images[] = {"*pytorch-training*",       "*tensorflow-training*",
                                               "*tensorflow-scriptmode*",  "*mxnet-training*",
                                               "*sagemaker-scikit-learn*", "*sagemaker-xgboost*",
                                               "*sagemaker-base-python*"};

json_t *job_interpreter(const struct job *job, hone_error *err)
{
    const json_t *algorithm = json_object_get(job->definition, "AlgorithmSpecification");
    const char *image = json_string_value(json_object_get(algorithm, "TrainingImage"));
    if (!image) {
        error_set(err, HONE_EINVAL,
                  "AlgorithmSpecification has no TrainingImage: hone runs images "
                  "that its image map names, no AlgorithmName");
        return NULL;
    }
    const char *pattern;
    json_t *command;
    json_object_foreach(json_object_get(job->json, "images"), pattern, command)
    {
        if (fnmatch(pattern, image, 0) != 0)
            continue;
        if (json_is_string(command))
            return json_pack("[O]", command);
        if (json_is_array(command) && json_array_size(command) > 0)
            return json_incref(command);
        error_set(err, HONE_EINVAL, "images: \"%s\" must be a text or a list of words", pattern);
        return NULL;
    }
    for (size_t i = 0; i < sizeof framework_images / sizeof framework_images[0]; i++)
        if (fnmatch(framework_images[i], image, 0) == 0)
            return json_pack("[s]", "python3");
    error_set(err, HONE_EINVAL,
              "no command for the image %s: add {\"%s\": \"python3\"} to the image map of the "
              "service",
              image, image);
    return NULL;
}
