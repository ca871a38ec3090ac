/* folders.c: <ml>, as a container finds /opt/ml: code, channels, checkpoints, input/config. */
#include "container/container.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "container/bundle.h"
#include "container/objects.h"
#include "io/file.h"
#include "io/json.h"

enum { PATH_BYTES = 16384 };

static const struct bundle_limits code_limits = {
    .bytes = (uint64_t)8 << 30, .entries = 200000, .ratio = 200};

static hone_status link_to(const char *target, const char *folder, const char *name,
                           hone_error *err)
{
    char *path = path_join(folder, name);
    hone_status status = HONE_OK;
    if (!path)
        return error_memory(err);
    rmdir(path); /* the shim made an empty one */
    unlink(path);
    if (symlink(target, path) != 0)
        status = error_errno(err, HONE_EIO, "link %s", path);
    mem_free(path);
    return status;
}

hone_status folders_make(struct container *c, hone_error *err)
{
    static const char *const folders[] = {"code",  "input/config", "input/data",
                                          "model", "output/data",  "output/intermediate"};
    hone_status status = HONE_OK;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && !status; i++) {
        char *path = path_join(c->ml, folders[i]);
        status = path ? file_make_folder(path, err) : error_memory(err);
        mem_free(path);
    }
    if (!status)
        status = link_to("ml/model", c->attempt, "model", err);
    if (!status)
        status = link_to("ml/output/data", c->attempt, "output", err);
    if (!status)
        status = file_make_folder(c->checkpoints, err);
    if (!status)
        status = link_to(c->checkpoints, c->ml, "checkpoints", err);
    return status;
}

json_t *folders_resources(const struct container *c)
{
    static const char *const keys[] = {"ResourceConfig", "HyperParameterTuningResourceConfig"};
    const char *type = NULL;
    for (size_t i = 0; i < 2 && !type; i++) {
        const json_t *config = json_object_get(c->job.definition, keys[i]);
        type = json_string_value(json_object_get(config, "InstanceType"));
        if (!type)
            type = json_string_value(json_object_get(
                json_array_get(json_object_get(config, "InstanceConfigs"), 0), "InstanceType"));
    }
    type = type ? type : "local";
    return json_pack("{s:s, s:[s], s:s, s:s, s:[{s:s, s:s, s:[s]}], s:s}", "current_host", "algo-1",
                     "hosts", "algo-1", "current_instance_type", type, "current_group_name",
                     "homogeneousCluster", "instance_groups", "instance_group_name",
                     "homogeneousCluster", "instance_type", type, "hosts", "algo-1",
                     "network_interface_name", "eth0");
}

static const char *text_or(const json_t *object, const char *key, const char *fallback)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : fallback;
}

json_t *folders_channels(const struct container *c)
{
    json_t *out = json_object(), *channel;
    size_t i;
    json_array_foreach(json_object_get(c->job.definition, "InputDataConfig"), i, channel)
    {
        const json_t *source =
            json_object_get(json_object_get(channel, "DataSource"), "S3DataSource");
        json_t *config =
            json_pack("{s:s, s:s, s:s}", "TrainingInputMode", "File", "S3DistributionType",
                      text_or(source, "S3DataDistributionType", "FullyReplicated"),
                      "RecordWrapperType", text_or(channel, "RecordWrapperType", "None"));
        if (json_object_get(channel, "ContentType"))
            json_object_set(config, "ContentType", json_object_get(channel, "ContentType"));
        json_object_set_new(out, text_or(channel, "ChannelName", ""), config);
    }
    return out;
}

static hone_status write_config(const struct container *c, const char *name, json_t *value,
                                hone_error *err)
{
    struct buf path;
    buf_init(&path, PATH_BYTES);
    buf_printf(&path, "%s/input/config/%s.json", c->ml, name);
    char *text = value ? json_write(value) : NULL;
    hone_status status = text && !path.failed
                             ? file_write(path.data, text, strlen(text), false, err)
                             : error_memory(err);
    buf_release(&path);
    mem_free(text);
    json_decref(value);
    return status;
}

static hone_status fill_channel(const struct container *c, const json_t *channel, hone_error *err)
{
    const char *name = text_or(channel, "ChannelName", "");
    const json_t *algorithm = json_object_get(c->job.definition, "AlgorithmSpecification");
    const char *mode =
        text_or(channel, "InputMode", text_or(algorithm, "TrainingInputMode", "File"));
    const json_t *source = json_object_get(json_object_get(channel, "DataSource"), "S3DataSource");
    const char *uri = json_string_value(json_object_get(source, "S3Uri"));
    if (!uri)
        return error_set(err, HONE_EINVAL, "channel \"%s\": only an S3DataSource is offered", name);
    if (strcmp(mode, "Pipe") == 0)
        return error_set(err, HONE_EINVAL,
                         "channel \"%s\": input mode Pipe is not offered; use "
                         "File or FastFile",
                         name);
    if (!*name || strchr(name, '/') || name[0] == '.')
        return error_set(err, HONE_EINVAL, "\"%s\" is no name for a channel", name);
    struct buf folder;
    size_t n = 0;
    buf_init(&folder, PATH_BYTES);
    buf_printf(&folder, "%s/input/data/%s", c->ml, name);
    hone_status status = file_make_folder(folder.data, err);
    if (!status && strcmp(text_or(source, "S3DataType", "S3Prefix"), "ManifestFile") == 0)
        status = objects_get_manifest(c->s3, uri, folder.data, &n, err);
    else if (!status)
        status = objects_get_prefix(c->s3, uri, folder.data, false, &n, err);
    if (status == HONE_ENOTFOUND || (!status && n == 0))
        status = error_set(err, HONE_EINVAL, "channel \"%s\": no objects at %.200s", name, uri);
    buf_release(&folder);
    return status;
}

/* sagemaker_submit_directory: an archive in S3, or a folder that a channel filled. */
static hone_status fill_code(const struct container *c, hone_error *err)
{
    const char *uri = container_internal(c, "sagemaker_submit_directory");
    if (!uri || strncmp(uri, "s3://", 5) != 0)
        return HONE_OK;
    char *packed = path_join(c->ml, "input/sourcedir.tar.gz"), *code = path_join(c->ml, "code");
    char *real = code ? path_absolute(code) : NULL;
    hone_status status = packed && real ? objects_get(c->s3, uri, packed, err) : error_memory(err);
    hone_error inner = {0};
    if (!status) {
        status = bundle_unpack(packed, real, &code_limits, &inner);
        if (status)
            error_set(err, status, "the code archive %.150s is refused: %.250s", uri, inner.text);
        unlink(packed);
    }
    mem_free(packed);
    mem_free(code);
    mem_free(real);
    return status;
}

hone_status folders_fill(struct container *c, hone_error *err)
{
    json_t *channel;
    size_t i, n;
    hone_status status =
        write_config(c, "hyperparameters", json_incref(c->job.hyperparameters), err);
    if (!status)
        status = write_config(c, "resourceconfig", folders_resources(c), err);
    if (!status)
        status = write_config(c, "inputdataconfig", folders_channels(c), err);
    if (!status)
        status = fill_code(c, err);
    json_array_foreach(json_object_get(c->job.definition, "InputDataConfig"), i,
                       channel) if (!status && !container_is_told(c)) status =
        fill_channel(c, channel, err);
    /* What an earlier attempt left in the trial's folder is newer than its copy. */
    if (!status && c->checkpoint_uri) {
        char *prefix = path_join(c->checkpoint_uri, "");
        status = prefix ? objects_get_prefix(c->s3, prefix, c->checkpoints, true, &n, err)
                        : error_memory(err);
        if (status == HONE_ENOTFOUND)
            status = HONE_OK;
        mem_free(prefix);
    }
    return status;
}

hone_status checkpoints_put(struct container *c, hone_error *err)
{
    if (!c->checkpoint_uri)
        return HONE_OK;
    return objects_put_folder(c->s3, c->checkpoints, c->checkpoint_uri, c->seen, err);
}
