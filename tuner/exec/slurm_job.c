/*
 * slurm_job.c: one attempt as a batch script, and its way to the controller.
 *
 * The script reads the trial's variables from a file beside it, which only its owner can read: the
 * controller keeps scripts and environments, so neither has them (--export=NIL). Then it becomes
 * hone-shim. What Slurm sets on the node (SLURM_*, CUDA_VISIBLE_DEVICES) stays as it is.
 */
#include "exec/slurm_int.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "io/command.h"
#include "io/file.h"

extern char **environ;

enum { SCRIPT_MAX = 3 << 20 }; /* Slurm takes 4 MB */

/* As one word of a shell. */
static void quote(struct buf *b, const char *text)
{
    buf_char(b, '\'');
    for (; *text != '\0'; text++)
        if (*text == '\'')
            buf_text(b, "'\\''");
        else
            buf_char(b, *text);
    buf_char(b, '\'');
}

/* Whether a variable is one that belongs to the node that the trial comes to. */
static bool is_of_node(const char *line)
{
    static const char *const prefixes[] = {"SLURM",
                                           "SBATCH_",
                                           "CUDA_VISIBLE_DEVICES=",
                                           "SM_NUM_GPUS=",
                                           "HOSTNAME=",
                                           "TMPDIR=",
                                           "PWD=",
                                           "OLDPWD=",
                                           "SHLVL=",
                                           "_="};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(line, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

/* A shell can set no other names. */
static bool is_name(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)line[i]) && line[i] != '_')
            return false;
    return len > 0 && !isdigit((unsigned char)line[0]);
}

static hone_status write_environment(const struct attempt_job *job, hone_error *err)
{
    struct buf text;
    buf_init(&text, 64u << 20);
    for (size_t i = 0; job->envp[i] != NULL; i++) {
        const char *line = job->envp[i];
        size_t len = strcspn(line, "=");
        if (line[len] == '\0' || is_of_node(line) || !is_name(line, len))
            continue;
        buf_printf(&text, "export %.*s=", (int)len, line);
        quote(&text, line + len + 1);
        buf_char(&text, '\n');
    }
    char *path = path_join(job->folder, "environment");
    hone_status status = path == NULL || text.failed
                             ? error_memory(err)
                             : file_write(path, text.data, text.len, false, err);
    mem_free(path);
    buf_release(&text);
    return status;
}

static void add_limit(struct buf *b, const char *name, double value)
{
    if (value > 0)
        buf_printf(b, " %s %.0f", name, value);
}

static hone_status write_script(const struct attempt_job *job, const char *path, hone_error *err)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"--id", job->id},
                 {"--folder", job->folder},
                 {"--alive", job->alive},
                 {"--workdir", job->workdir}};
    struct buf b;
    buf_init(&b, SCRIPT_MAX);
    buf_text(&b, "#!/bin/sh\n. ");
    quote(&b, job->folder);
    buf_text(&b,
             "/environment\n"
             "SM_NUM_GPUS=$(printf %s \"${CUDA_VISIBLE_DEVICES:-}\" | tr ',' '\\n' | grep -c .)\n"
             "export SM_NUM_GPUS\nexec ");
    quote(&b, shim_path());
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        buf_printf(&b, " %s ", texts[i].name);
        quote(&b, texts[i].text);
    }
    buf_text(&b, " --node \"${SLURMD_NODENAME:-$(uname -n)}\""
                 " --boot-id \"$(cat /proc/sys/kernel/random/boot_id)\"");
    buf_text(&b, " --in-job 1");
    add_limit(&b, "--time", job->trial_time_s * 1000);
    add_limit(&b, "--silence", job->silence_s * 1000);
    add_limit(&b, "--grace", job->grace_s * 1000);
    add_limit(&b, "--orphan", job->orphan_s * 1000);
    add_limit(&b, "--memory", (double)job->memory_bytes);
    buf_text(&b, " --");
    for (size_t i = 0; job->argv[i] != NULL; i++) {
        buf_char(&b, ' ');
        quote(&b, job->argv[i]);
    }
    buf_char(&b, '\n');
    hone_status status =
        b.failed ? error_set(err, HONE_EINVAL, "the command is longer than %d MB", SCRIPT_MAX >> 20)
                 : file_write(path, b.data, b.len, false, err);
    buf_release(&b);
    return status;
}

/* sbatch's words, each ended by a NUL, then the list of them. */
struct words {
    struct buf text;
    size_t n;
};

static void word(struct words *w, const char *option, const char *value)
{
    if (value == NULL)
        return;
    buf_printf(&w->text, "%s%s%c", option, value, 0);
    w->n++;
}

static void word_number(struct words *w, const char *option, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.0f", value);
    word(w, option, value > 0 ? text : NULL);
}

/* Inside a job ourselves: what Slurm has set for us would be asked for again, and reach the trial.
 */
static void drop_own_job(struct words *w)
{
    bool any = false;
    for (char **e = environ; *e != NULL; e++) {
        size_t len = strcspn(*e, "=");
        char name[200];
        if ((strncmp(*e, "SLURM_", 6) != 0 && strncmp(*e, "SBATCH_", 7) != 0) ||
            strncmp(*e, "SLURM_CONF=", 11) == 0 || len >= sizeof name)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)len, *e);
        if (!any)
            word(w, "env", "");
        any = true;
        word(w, "--unset=", name);
    }
}

static void say_words(struct words *w, const struct slurm_options *o, const struct attempt_job *job,
                      const char *name, const char *script)
{
    const char *partition =
        job->spot && o->spot_partition != NULL ? o->spot_partition : o->partition;
    char *output = path_join(job->folder, "slurm.out");
    drop_own_job(w);
    word(w, "sbatch", "");
    word(w, "--parsable", "");
    word(w, "--no-requeue", "");
    word(w, "--export=NIL", "");
    word(w, "--open-mode=append", "");
    word(w, "--job-name=", name);
    word(w, "--output=", output);
    word(w, "--chdir=", job->folder);
    word(w, "--partition=", partition);
    word(w, "--account=", o->account);
    word_number(w, "--cpus-per-task=", (double)job->slots.cpus);
    word_number(w, "--mem=", ceil((double)job->slots.memory_bytes / 1048576));
    if (o->gres != NULL)
        word(w, "--gres=", o->gres);
    else
        word_number(w, "--gres=gpu:", (double)job->slots.gpus);
    if (o->time != NULL)
        word(w, "--time=", o->time);
    else if (job->trial_time_s > 0) /* minutes; the shim's limit comes first */
        word_number(w, "--time=", ceil((job->trial_time_s + job->grace_s) / 60) + 1);
    for (size_t i = 0; i < o->n_extra; i++)
        word(w, o->extra[i], "");
    word(w, script, "");
    w->text.failed |= output == NULL;
    mem_free(output);
}

/* Whether it is the controller that has nothing to say, and not a job that it refuses. */
static bool is_away(const char *text)
{
    static const char *const signs[] = {
        "Unable to contact",      "Socket timed out",         "Connection refused",
        "Connection timed out",   "Transport endpoint",       "temporarily unable",
        "Zero Bytes were",        "Communication connection", "Protocol authentication error",
        "Slurm backup controller"};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strstr(text, signs[i]) != NULL)
            return true;
    return text[0] == '\0';
}

static hone_status call_sbatch(const char *const *argv, int64_t *id_out, hone_error *err)
{
    struct buf out, problem;
    int code = -1;
    buf_init(&out, 1u << 16);
    buf_init(&problem, 1u << 16);
    hone_status status = command_run(argv, SLURM_CALL_S, &out, &problem, &code, err);
    char *end = out.data;
    int64_t id = status == HONE_OK && code == 0 ? strtoll(out.data, &end, 10) : 0;
    const char *said = problem.len > 0 ? problem.data : "";
    if (status == HONE_OK && id <= 0 && (code < 0 || is_away(said)))
        status = error_set(err, HONE_ESTATE, "sbatch: the controller does not answer");
    else if (status == HONE_OK && id <= 0)
        status = error_set(err, HONE_EINVAL, "%.*s", (int)strcspn(said, "\n"), said);
    else
        *id_out = id;
    buf_release(&problem);
    buf_release(&out);
    return status;
}

hone_status slurm_submit(const struct slurm_options *options, const struct attempt_job *job,
                         const char *name, int64_t *id_out, hone_error *err)
{
    struct words words = {.n = 0};
    const char **argv = NULL;
    char *script = path_join(job->folder, "job.sh");
    buf_init(&words.text, 1u << 20);
    hone_status status = script != NULL ? write_environment(job, err) : error_memory(err);
    if (status == HONE_OK)
        status = write_script(job, script, err);
    if (status != HONE_OK)
        goto out;
    say_words(&words, options, job, name, script);
    argv = words.text.failed ? NULL : mem_array(words.n + 1, sizeof *argv);
    if (argv == NULL) {
        status = error_memory(err);
        goto out;
    }
    const char *at = words.text.data;
    for (size_t i = 0; i < words.n; i++) {
        argv[i] = at;
        at += strlen(at) + 1;
    }
    status = call_sbatch(argv, id_out, err);
out:
    mem_free(argv);
    mem_free(script);
    buf_release(&words.text);
    return status;
}
