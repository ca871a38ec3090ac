/*
 * hone-container JOB.json [ignored]: stands for the training container of one attempt (job.h).
 * Started by the shim as any trial; knows the attempt by HONE_PARAMS, HONE_TRIAL,
 * HONE_CHECKPOINT_DIR and SM_MODEL_DIR. What it prints goes to the trial's log: never a value of
 * the job.
 */
#include "container/container.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "container/bundle.h"
#include "container/argv.h"
#include "container/objects.h"
#include "io/file.h"
#include "io/json.h"
#include "io/time.h"
#include "s3/s3.h"

enum { FILE_BYTES = 16 << 20, REASON_BYTES = 1024, EXIT_CLIENT = 1, EXIT_USAGE = 2 };

const char *container_internal(const struct container *c, const char *name)
{
    return json_string_value(json_object_get(c->internal, name));
}

bool container_is_told(struct container *c)
{
    sigset_t pending;
    return c->told || (sigpending(&pending) == 0 && sigismember(&pending, SIGTERM) == 1);
}

/* Replace a small JSON file of the attempt; takes the value. */
static void leave(const struct container *c, const char *name, json_t *value)
{
    hone_error err = {0};
    char *path = path_join(c->attempt, name), *text = value ? json_write(value) : NULL;
    if (!path || !text || file_write(path, text, strlen(text), false, &err))
        fprintf(stderr, "hone-container: %s: %s\n", name, err.text);
    mem_free(path);
    mem_free(text);
    json_decref(value);
}

static void enter_stage(const struct container *c, json_t *stages, const char *stage)
{
    json_array_append_new(stages,
                          json_pack("{s:s, s:I}", "stage", stage, "at", (json_int_t)time_now_ms()));
    leave(c, "stages.json",
          json_pack("{s:s, s:O}", "training_job", c->job.training, "stages", stages));
}

/* The end of a file, whole characters only; empty when there is none. */
static void read_end(const char *folder, const char *name, size_t most, struct buf *out)
{
    char *path = path_join(folder, name);
    FILE *file = path ? fopen(path, "rbe") : NULL;
    char *block = mem_array(most, 1);
    if (file && block) {
        if (fseek(file, -(long)most, SEEK_END) != 0)
            rewind(file);
        size_t n = fread(block, 1, most, file), start = 0;
        while (start < n && ((unsigned char)block[start] & 0xC0) == 0x80)
            start++;
        while (n > start && (block[n - 1] == '\n' || block[n - 1] == ' '))
            n--;
        for (size_t i = start; i < n; i++)
            buf_char(out, block[i] ? block[i] : ' ');
    }
    if (file)
        fclose(file);
    mem_free(block);
    mem_free(path);
}

/* FailureReason: the beginning of the failure file, else the end of the log. */
static void leave_failure(const struct container *c, const char *kind, const char *why, int code)
{
    struct buf reason, tail;
    char end[96];
    buf_init(&reason, 4 * REASON_BYTES);
    buf_init(&tail, 1 << 20);
    snprintf(end, sizeof end, ", exit code: %d%s", code, code == 137 ? " (killed: SIGKILL)" : "");
    if (why) {
        buf_printf(&reason, "%s: %.900s", kind, why);
    } else {
        size_t room = REASON_BYTES - strlen(end) - strlen(kind) - 2;
        read_end(c->ml, "output/failure", 65536, &tail);
        if (tail.len == 0)
            read_end(c->attempt, "log", room, &tail);
        size_t n = tail.len < room ? tail.len : room;
        while (n > 0 && n < tail.len && ((unsigned char)tail.data[n] & 0xC0) == 0x80)
            n--;
        buf_printf(&reason, "%s: ", kind);
        buf_add(&reason, tail.data, n);
        buf_text(&reason, end);
    }
    struct buf quoted; /* makes of any bytes UTF-8 */
    buf_init(&quoted, 16 * REASON_BYTES);
    buf_json(&quoted, reason.data);
    json_t *text = json_loadb(quoted.data, quoted.len, JSON_DECODE_ANY, NULL);
    leave(c, "failure.json",
          json_pack("{s:o, s:i}", "reason", text ? text : json_string(kind), "exit", code));
    buf_release(&quoted);
    buf_release(&reason);
    buf_release(&tail);
}

static bool is_empty(const char *folder)
{
    return rmdir(folder) == 0 && file_make_folder(folder, NULL) == HONE_OK;
}

static hone_status upload(const struct container *c, const char *below, const char *name,
                          hone_error *err)
{
    const json_t *output = json_object_get(c->job.definition, "OutputDataConfig");
    const char *base = json_string_value(json_object_get(output, "S3OutputPath"));
    struct buf uri;
    char *folder = path_join(c->ml, below), *packed = path_join(c->attempt, name);
    hone_status status = folder && packed ? HONE_OK : error_memory(err);
    buf_init(&uri, 8192);
    size_t n = base ? strlen(base) : 0;
    while (n > 5 && base[n - 1] == '/')
        n--;
    buf_printf(&uri, "%.*s/%s/output/%s", (int)n, base ? base : "", c->job.training, name);
    if (!status && base && !is_empty(folder)) {
        status = bundle_pack(folder, packed, err);
        if (!status)
            status = objects_put(c->s3, packed, uri.data, err);
        unlink(packed);
    }
    buf_release(&uri);
    mem_free(folder);
    mem_free(packed);
    return status;
}

/* All of them are tried, the first failure is told. */
static hone_status upload_all(struct container *c, hone_error *err)
{
    hone_error others[2];
    hone_status a = upload(c, "model", "model.tar.gz", err);
    hone_status b = upload(c, "output/data", "output.tar.gz", a ? &others[0] : err);
    hone_status d = checkpoints_put(c, a || b ? &others[1] : err);
    return a ? a : b ? b : d;
}

static hone_status prepare(struct container *c, hone_error *err)
{
    const json_t *config = json_object_get(c->job.definition, "CheckpointConfig");
    const char *uri = json_string_value(json_object_get(config, "S3Uri"));
    c->user = argv_decode(c->job.hyperparameters, false);
    c->internal = argv_decode(c->job.hyperparameters, true);
    c->seen = json_object();
    if (uri) {
        size_t n = strlen(uri);
        while (n > 5 && uri[n - 1] == '/')
            n--;
        char *base = mem_text_n(uri, n);
        c->checkpoint_uri = base && c->job.tuning ? path_join(base, c->job.training) : base;
        if (c->checkpoint_uri != base)
            mem_free(base);
        if (!c->checkpoint_uri)
            return error_memory(err);
    }
    c->interpreter = job_interpreter(&c->job, err);
    c->s3 = c->interpreter ? s3_open(c->job.s3_root, err) : NULL;
    return c->s3 ? HONE_OK : HONE_EINVAL;
}

/* Returns the exit status. */
static int run(struct container *c)
{
    hone_error err = {0};
    json_t *stages = json_array();
    int code = EXIT_CLIENT;
    hone_status status = prepare(c, &err);
    enter_stage(c, stages, "Downloading");
    if (!status)
        status = folders_make(c, &err);
    if (!status)
        status = folders_fill(c, &err);
    if (!status && !container_is_told(c))
        status = requirements_install(c, &err);
    if (!status && container_is_told(c)) {
        json_decref(stages);
        return 128 + SIGTERM; /* nothing has begun, nothing is to be uploaded */
    }
    enter_stage(c, stages, "Training");
    if (!status)
        status = script_run(c, &code, &err);
    if (status) {
        fprintf(stderr, "hone-container: %s\n", err.text);
        leave_failure(c, "ClientError", err.text, EXIT_CLIENT);
        json_decref(stages);
        return EXIT_CLIENT;
    }
    if (code != 0 && !c->told)
        leave_failure(c, "AlgorithmError", NULL, code);
    enter_stage(c, stages, "Uploading");
    if (upload_all(c, &err)) {
        fprintf(stderr, "hone-container: upload: %s\n", err.text);
        if (code == 0) {
            leave_failure(c, "ClientError", err.text, EXIT_CLIENT);
            code = EXIT_CLIENT;
        }
    }
    json_decref(stages);
    return code;
}

/* What the tuner says of the attempt. */
static hone_status look_around(struct container *c, const char *path, hone_error *err)
{
    const char *model = getenv("SM_MODEL_DIR"), *checkpoints = getenv("HONE_CHECKPOINT_DIR");
    const char *params_path = getenv("HONE_PARAMS"), *number = getenv("HONE_TRIAL");
    int64_t trial = 0;
    if (!model || !strrchr(model, '/') || !checkpoints || !params_path || !number ||
        !str_int64(number, strlen(number), &trial))
        return error_set(err, HONE_EINVAL,
                         "HONE_PARAMS, HONE_TRIAL, HONE_CHECKPOINT_DIR and "
                         "SM_MODEL_DIR are not set: start it by a study");
    struct buf text, values;
    buf_init(&text, FILE_BYTES);
    buf_init(&values, FILE_BYTES);
    json_t *params = NULL;
    hone_status status = file_read(path, &text, err);
    if (!status)
        status = file_read(params_path, &values, err);
    if (!status) {
        params = json_read(values.data, values.len, err);
        status = params ? job_read(&c->job, text.data, text.len, params, trial, err) : HONE_EINVAL;
    }
    if (!status) {
        char *folder = mem_text_n(model, (size_t)(strrchr(model, '/') - model));
        c->attempt = folder ? path_absolute(folder) : NULL;
        c->ml = c->attempt ? path_join(c->attempt, "ml") : NULL;
        c->checkpoints = path_absolute(checkpoints);
        status = c->ml && c->checkpoints ? HONE_OK : error_memory(err);
        mem_free(folder);
    }
    json_decref(params);
    buf_release(&text);
    buf_release(&values);
    return status;
}

static void container_release(struct container *c)
{
    s3_close(c->s3);
    json_decref(c->user);
    json_decref(c->internal);
    json_decref(c->interpreter);
    json_decref(c->seen);
    mem_free(c->attempt);
    mem_free(c->ml);
    mem_free(c->checkpoints);
    mem_free(c->checkpoint_uri);
    job_release(&c->job);
}

int main(int argc, char **argv)
{
    struct container c = {0};
    hone_error err = {0};
    sigset_t signals;
    if (argc < 2) { /* a study adds --NAME VALUE for each parameter: HONE_PARAMS has them too */
        fprintf(stderr, "usage: hone-container JOB.json\n");
        return EXIT_USAGE;
    }
    /* Only waited for, never handled: blocked from the first moment on. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    if (look_around(&c, argv[1], &err)) {
        fprintf(stderr, "hone-container: %s\n", err.text);
        container_release(&c);
        return EXIT_USAGE;
    }
    int code = run(&c);
    container_release(&c);
    return code;
}
