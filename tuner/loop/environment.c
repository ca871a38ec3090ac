/*
 * environment.c: what a trial sees: folders, arguments, variables (study.yaml(5), "What a trial
 * sees").
 */
#include "loop/environment.h"
#include "loop/loop_int.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/rng.h"
#include "io/file.h"
#include "io/json.h"
#include "io/time.h"

extern char **environ;

enum { MOST_VARIABLES = 100000, MOST_BYTES = 64 << 20 };

uint32_t trial_seed(uint64_t study_seed, int64_t trial)
{
    struct rng rng;
    rng_init(&rng, study_seed, RNG_SCRIPT, (uint64_t)trial);
    return rng_u32(&rng) >> 1; /* scripts put it into 32 bits with a sign */
}

uint64_t tuner_new_seed(void)
{
    uint32_t seed = 0;
    FILE *random = fopen("/dev/urandom", "re");
    if (!random || fread(&seed, sizeof seed, 1, random) != 1)
        seed = (uint32_t)time_now_ms();
    if (random)
        fclose(random);
    return seed;
}

void attempt_id(const struct tuner *t, const struct running *r, char out[160])
{
    snprintf(out, 160, "%s-%lld-%lld", t->study.uid, (long long)r->row.number,
             (long long)r->attempt.number);
}

/* Variables as "NAME=VALUE\0" one after the other; a later one of the same name wins. */
struct variables {
    struct buf text;
    size_t *starts;
    size_t n, cap;
    bool failed;
};

static void set_line(struct variables *v, const char *name, const char *value)
{
    if (v->n == v->cap) {
        size_t cap = v->cap ? v->cap * 2 : 128;
        size_t *starts = cap < MOST_VARIABLES ? mem_resize(v->starts, cap, sizeof *starts) : NULL;
        if (!starts) {
            v->failed = true;
            return;
        }
        v->starts = starts;
        v->cap = cap;
    }
    size_t start = v->text.len;
    buf_text(&v->text, name);
    if (value) {
        buf_char(&v->text, '=');
        buf_text(&v->text, value);
    }
    buf_char(&v->text, '\0');
    if (v->text.failed)
        return;
    const char *line = v->text.data + start;
    size_t until = strcspn(line, "=") + 1;
    size_t i = 0;
    while (i < v->n && strncmp(v->text.data + v->starts[i], line, until) != 0)
        i++;
    v->starts[i] = start;
    v->n += i == v->n;
}

static void set_upper(struct variables *v, const char *prefix, const char *name, const char *value)
{
    struct buf b;
    buf_init(&b, 4096);
    buf_text(&b, prefix);
    for (; *name; name++)
        buf_char(&b, isalnum((unsigned char)*name) ? (char)toupper((unsigned char)*name) : '_');
    if (b.failed)
        v->failed = true;
    else
        set_line(v, b.data, value);
    buf_release(&b);
}

static void set_number(struct variables *v, const char *name, long long value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", value);
    set_line(v, name, text);
}

/* How many GPUs the trial may see: what hone itself was given. */
static long long count_gpus(void)
{
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    if (!visible || !visible[0] || strcmp(visible, "-1") == 0)
        return 0;
    long long n = 1;
    for (const char *p = visible; *p; p++)
        n += *p == ',';
    return n;
}

static void set_trial(struct variables *v, const struct attempt_place *p, const char *trial_folder)
{
    struct buf path;
    buf_init(&path, 16384);
    static const struct {
        const char *name, *of_attempt, *of_trial;
    } paths[] = {{"SM_MODEL_DIR", "model", NULL},
                 {"SM_OUTPUT_DATA_DIR", "output", NULL},
                 {"HONE_CHECKPOINT_DIR", NULL, "checkpoints"},
                 {"HONE_PARAMS", NULL, "params.json"}};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        buf_clear(&path);
        buf_printf(&path, "%s/%s", paths[i].of_attempt ? p->folder : trial_folder,
                   paths[i].of_attempt ? paths[i].of_attempt : paths[i].of_trial);
        set_line(v, paths[i].name, path.data);
    }
    v->failed = v->failed || path.failed;
    buf_release(&path);
    set_line(v, "HONE_STUDY", p->study);
    set_number(v, "HONE_TRIAL", p->trial);
    set_number(v, "HONE_ATTEMPT", p->number);
    set_number(v, "HONE_SEED", trial_seed(p->seed, p->trial));
    set_number(v, "SM_NUM_GPUS", count_gpus());
}

/* A value as the command line has it. */
static void set_setting(struct variables *v, const hone_setting *s)
{
    struct buf number;
    if (s->value.kind == HONE_VALUE_TEXT) {
        set_upper(v, "SM_HP_", s->name, s->value.text);
        return;
    }
    buf_init(&number, 64);
    buf_double(&number, s->value.number);
    set_upper(v, "SM_HP_", s->name, number.data);
    v->failed = v->failed || number.failed;
    buf_release(&number);
}

/* The whole environment; NULL when memory is out. The pointers go into v->text. */
static char **make_environment(struct variables *v, const struct attempt_place *p,
                               const char *trial_folder)
{
    for (char **e = environ; *e; e++)
        if (strchr(*e, '='))
            set_line(v, *e, NULL);
    for (size_t i = 0; i < p->spec->n_env; i++)
        set_line(v, p->spec->env[i].name, p->spec->env[i].value);
    for (size_t i = 0; i < p->n_settings; i++)
        set_setting(v, &p->settings[i]);
    set_line(v, "SM_HPS", p->params);
    for (size_t i = 0; i < p->spec->n_inputs; i++)
        set_upper(v, "SM_CHANNEL_", p->spec->inputs[i].name, p->spec->inputs[i].value);
    set_trial(v, p, trial_folder);
    if (v->failed || v->text.failed)
        return NULL;
    char **envp = mem_array(v->n + 1, sizeof *envp);
    for (size_t i = 0; envp && i < v->n; i++)
        envp[i] = v->text.data + v->starts[i];
    return envp;
}

/* In place and never empty: it is the same in all attempts, whose processes may be reading it. It
 * is written before each, so that one which a crash left half is made whole. */
static hone_status write_params(const struct attempt_place *p, const char *trial_folder,
                                hone_error *err)
{
    hone_status status = HONE_OK;
    char *path = path_join(trial_folder, "params.json");
    if (!path)
        return error_memory(err);
    size_t n = strlen(p->params);
    errno = ENOSPC; /* what a write that is cut short means */
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, p->params, n) != (ssize_t)n || ftruncate(fd, (off_t)n) != 0)
        status = error_errno(err, HONE_EIO, "write %s", path);
    if (fd >= 0 && close(fd) != 0 && !status)
        status = error_errno(err, HONE_EIO, "write %s", path);
    mem_free(path);
    return status;
}

/* The shim makes what is inside the attempt's own: model/ and output/. */
static hone_status make_folders(const struct attempt_place *p, const char *trial_folder,
                                hone_error *err)
{
    char *checkpoints = path_join(trial_folder, "checkpoints");
    hone_status status = checkpoints ? file_make_folder(trial_folder, err) : error_memory(err);
    if (!status)
        status = file_make_folder(checkpoints, err);
    if (!status)
        status = file_make_folder(p->folder, err);
    mem_free(checkpoints);
    return status ? status : write_params(p, trial_folder, err);
}

static struct attempt_job job_of(const struct attempt_place *place)
{
    const struct spec *spec = place->spec;
    return (struct attempt_job){.id = place->id,
                                .folder = place->folder,
                                .alive = place->alive,
                                .workdir = spec->workdir,
                                .trial_time_s = spec->trial_time_s,
                                .silence_s = spec->silence_s,
                                .grace_s = spec->grace_s,
                                .orphan_s = spec->orphan_s,
                                .memory_bytes = spec->memory_bytes,
                                .slots = {.cpus = spec->slot_cpus,
                                          .gpus = spec->slot_gpus,
                                          .per_gpu = spec->slot_per_gpu,
                                          .memory_bytes = spec->slot_memory_bytes},
                                .params = place->params,
                                .spot = place->spot};
}

hone_status attempt_start(const struct attempt_place *place, hone_error *err)
{
    hone_status status = HONE_OK;
    struct variables v = {0};
    struct attempt_job job = job_of(place);
    char **argv = NULL, **envp = NULL, *trial_folder = NULL;
    buf_init(&v.text, MOST_BYTES);

    trial_folder = mem_text_n(place->folder, (size_t)(strrchr(place->folder, '/') - place->folder));
    argv = spec_command(place->spec, place->settings, place->n_settings);
    if (trial_folder)
        envp = make_environment(&v, place, trial_folder);
    if (!argv || !envp) {
        status = error_memory(err);
        goto out;
    }
    status = make_folders(place, trial_folder, err);
    if (status)
        goto out;
    job.argv = argv;
    job.envp = envp;
    status = place->executor->start(place->executor, &job, err);
out:
    mem_free(envp);
    mem_free(argv);
    mem_free(trial_folder);
    mem_free(v.starts);
    buf_release(&v.text);
    return status;
}

hone_status environment_start(struct tuner *t, struct running *r, hone_error *err)
{
    char id[160];
    attempt_id(t, r, id);
    struct attempt_place place = {.spec = t->spec,
                                  .study = t->study.name,
                                  .seed = t->study.seed,
                                  .trial = r->row.number,
                                  .number = r->attempt.number,
                                  .id = id,
                                  .folder = r->folder,
                                  .alive = t->alive,
                                  .params = r->row.params,
                                  .spot = r->attempt.spot,
                                  .executor = t->executor};
    struct attempt_job job = job_of(&place);
    if (tuner_simulates(t))
        return place.executor->start(place.executor, &job, err);
    /* Of the row: the search may have forgotten a trial that started before an edit. */
    json_t *params = json_read(r->row.params, strlen(r->row.params), err);
    hone_setting *settings = params ? json_to_settings(params, &place.n_settings, err) : NULL;
    place.settings = settings;
    hone_status status = settings ? attempt_start(&place, err) : HONE_EIO;
    mem_free(settings);
    json_decref(params);
    return status;
}
