/* variables.c: what a script finds in its environment, as the toolkit of SageMaker's images sets
 * it: texts bare, everything else JSON with sorted keys and no blanks. */
#include "container/container.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "container/argv.h"

extern char **environ;

enum { VALUE_BYTES = 8 << 20 };

static void set_upper(const char *prefix, const char *name, const char *value)
{
    struct buf b;
    buf_init(&b, 4096);
    buf_text(&b, prefix);
    for (; *name; name++)
        buf_char(&b, (char)toupper((unsigned char)*name));
    if (!b.failed)
        setenv(b.data, value, 1); /* fails for a name with "=", which no program could read */
    buf_release(&b);
}

/* Takes the value. */
static void set_json(const char *prefix, const char *name, json_t *value)
{
    struct buf b;
    buf_init(&b, VALUE_BYTES);
    if (json_is_string(value))
        buf_text(&b, json_string_value(value));
    else if (value && !json_is_null(value))
        argv_json(&b, value);
    set_upper(prefix, name, b.data);
    buf_release(&b);
    json_decref(value);
}

/* What the tuner set for any script would contradict what is set here. */
static void clear_ours(void)
{
    for (size_t i = 0; environ[i];) {
        size_t n = strcspn(environ[i], "=");
        char *name = strncmp(environ[i], "SM_", 3) == 0 ? mem_text_n(environ[i], n) : NULL;
        if (!name || unsetenv(name) != 0)
            i++;
        mem_free(name);
    }
}

static void add_path(json_t *all, const char *key, const char *base, const char *below)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", base, below);
    json_object_set_new(all, key, json_string(path));
}

/* The toolkit's record of the whole: SM_TRAINING_ENV, and by its members the other variables. */
static json_t *describe(const struct container *c, const char *base, json_t *resources,
                        long long gpus)
{
    json_t *all = json_object(), *channels = folders_channels(c), *dirs = json_object(), *value;
    const char *program = container_internal(c, "sagemaker_program"), *name;
    const char *module = getenv("SAGEMAKER_TRAINING_MODULE");
    size_t n = program ? strlen(program) : 0;
    const json_t *level = json_object_get(c->internal, "sagemaker_container_log_level");
    json_t *framework = json_object();
    json_object_foreach(c->internal, name, value) if (strncmp(name, "sagemaker_", 10) == 0)
        json_object_set(framework, name, value);
    static const char *const toolkit[] = {"sagemaker_program", "sagemaker_submit_directory",
                                          "sagemaker_container_log_level", "sagemaker_job_name",
                                          "sagemaker_region"};
    for (size_t i = 0; i < sizeof toolkit / sizeof toolkit[0]; i++)
        json_object_del(framework, toolkit[i]);
    json_object_foreach(channels, name, value)
    {
        char below[512];
        snprintf(below, sizeof below, "input/data/%s", name);
        add_path(dirs, name, base, below);
    }
    add_path(all, "input_dir", base, "input");
    add_path(all, "input_config_dir", base, "input/config");
    add_path(all, "model_dir", base, "model");
    add_path(all, "output_dir", base, "output");
    add_path(all, "output_data_dir", base, "output/data");
    add_path(all, "output_intermediate_dir", base, "output/intermediate");
    json_object_set_new(all, "additional_framework_parameters", framework);
    json_object_set_new(all, "channel_input_dirs", dirs);
    json_object_set_new(all, "input_data_config", channels);
    json_object_set(all, "resource_config", resources);
    json_object_set(all, "hyperparameters", c->user);
    json_object_set_new(all, "current_host", json_string("algo-1"));
    json_object_set_new(all, "hosts", json_pack("[s]", "algo-1"));
    json_object_set_new(all, "network_interface_name", json_string("eth0"));
    json_object_set_new(all, "is_hetero", json_false());
    json_object_set_new(all, "is_master", json_true());
    json_object_set_new(all, "master_hostname", json_string("algo-1"));
    json_object_set_new(all, "job_name", json_string(c->job.training));
    json_object_set_new(all, "framework_module", module ? json_string(module) : json_null());
    json_object_set_new(all, "log_level", json_integer(level ? json_integer_value(level) : 20));
    json_object_set_new(all, "num_cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
    json_object_set_new(all, "num_gpus", json_integer(gpus));
    json_object_set_new(all, "num_neurons", json_integer(0));
    const char *directory = container_internal(c, "sagemaker_submit_directory");
    json_object_set_new(all, "module_dir", directory ? json_string(directory) : json_null());
    json_object_set_new(all, "user_entry_point", program ? json_string(program) : json_null());
    if (n > 3 && strcmp(program + n - 3, ".py") == 0)
        n -= 3;
    json_object_set_new(all, "module_name", program ? json_stringn(program, n) : json_null());
    return all;
}

static void set_instances(const json_t *resources)
{
    json_t *groups = json_object_get(resources, "instance_groups"), *group;
    json_t *names = json_array(), *map = json_object();
    size_t i;
    json_array_foreach(groups, i, group)
    {
        json_t *name = json_object_get(group, "instance_group_name");
        json_array_append(names, name);
        json_object_set(map, json_string_value(name), group);
    }
    group = json_array_get(groups, 0);
    set_json("SM_", "CURRENT_INSTANCE_TYPE", json_incref(json_object_get(group, "instance_type")));
    set_json("SM_", "CURRENT_INSTANCE_GROUP", json_incref(json_array_get(names, 0)));
    set_json("SM_", "CURRENT_INSTANCE_GROUP_HOSTS", json_incref(json_object_get(group, "hosts")));
    set_json("SM_", "INSTANCE_GROUPS", names);
    set_json("SM_", "INSTANCE_GROUPS_DICT", map);
    setenv("SM_DISTRIBUTION_INSTANCE_GROUPS", "[]", 1);
}

static void set_job(const struct container *c, const char *base)
{
    char arn[256];
    snprintf(arn, sizeof arn, "arn:aws:sagemaker:%s:%s:training-job/%s", c->job.region,
             c->job.account, c->job.training);
    setenv("TRAINING_JOB_NAME", c->job.training, 1);
    setenv("TRAINING_JOB_ARN", arn, 1);
    setenv("SAGEMAKER_JOB_NAME", c->job.training, 1);
    setenv("SAGEMAKER_REGION", c->job.region, 1);
    setenv("AWS_REGION", c->job.region, 1);
    setenv("CURRENT_HOST", "algo-1", 1);
    setenv("SAGEMAKER_BASE_DIR", base, 1);
    setenv("PYTHONUNBUFFERED", "1", 1);
    struct buf path;
    const char *old = getenv("PYTHONPATH");
    buf_init(&path, 1 << 20);
    buf_printf(&path, "%s/code%s%s", base, old && *old ? ":" : "", old ? old : "");
    setenv("PYTHONPATH", path.data, 1);
    buf_release(&path);
}

void variables_set(const struct container *c, const char *base, json_t *arguments)
{
    static const char *const plain[] = {"input_dir",
                                        "input_config_dir",
                                        "model_dir",
                                        "output_dir",
                                        "output_data_dir",
                                        "output_intermediate_dir",
                                        "current_host",
                                        "hosts",
                                        "network_interface_name",
                                        "resource_config",
                                        "input_data_config",
                                        "num_gpus",
                                        "num_cpus",
                                        "num_neurons",
                                        "log_level",
                                        "is_hetero",
                                        "module_dir",
                                        "module_name",
                                        "user_entry_point",
                                        "framework_module"};
    const char *gpus = getenv("SM_NUM_GPUS"), *name;
    long long n_gpus = gpus ? strtoll(gpus, NULL, 10) : 0;
    json_t *resources = folders_resources(c), *value, *channels = json_array();
    json_t *all = describe(c, base, resources, n_gpus);
    clear_ours();
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        set_json("SM_", plain[i], json_incref(json_object_get(all, plain[i])));
    json_object_foreach(json_object_get(all, "channel_input_dirs"), name, value)
    {
        size_t at = 0; /* in the order of names */
        while (at < json_array_size(channels) &&
               strcmp(json_string_value(json_array_get(channels, at)), name) < 0)
            at++;
        json_array_insert_new(channels, at, json_string(name));
        set_json("SM_CHANNEL_", name, json_incref(value));
    }
    set_json("SM_", "CHANNELS", channels);
    json_object_foreach(c->user, name, value) set_json("SM_HP_", name, json_incref(value));
    set_json("SM_", "HPS", json_incref(c->user));
    set_json("SM_", "USER_ARGS", json_incref(arguments));
    set_json("SM_", "FRAMEWORK_PARAMS",
             json_incref(json_object_get(all, "additional_framework_parameters")));
    set_json("SM_", "TRAINING_ENV", json_incref(all));
    set_instances(resources);
    set_job(c, base);
    json_object_foreach(json_object_get(c->job.definition, "Environment"), name,
                        value) if (json_is_string(value)) setenv(name, json_string_value(value), 1);
    json_decref(all);
    json_decref(resources);
}
