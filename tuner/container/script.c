/*
 * script.c: the script: its words, its surroundings, its end.
 *
 * SIGTERM reaches the script from the shim, which sends it to all of the trial; we pass on one that
 * came from elsewhere. Then the script has stop_s, is killed with its group, and what it left is
 * still uploaded (main.c).
 */
#include "container/container.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "container/argv.h"
#include "container/spawn.h"
#include "io/file.h"

static const double CHECKPOINT_S = 5.0; /* between two looks for new ones */
enum { EXIT_NOT_RUN = 127, COMMAND_BYTES = 4 << 20 };

void spawn_exec(json_t *words)
{
    size_t n = json_array_size(words);
    const char **argv = mem_array(n + 1, sizeof *argv);
    for (size_t i = 0; argv && i < n; i++)
        argv[i] = json_string_value(json_array_get(words, i));
    if (argv)
        execvp(argv[0], (char *const *)(uintptr_t)argv);
    int why = errno;
    mem_free(argv);
    errno = why;
}

int spawn_status(int how)
{
    return WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
}

static void unblock_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

int spawn_wait(json_t *words)
{
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        unblock_signals();
        spawn_exec(words);
        _exit(EXIT_NOT_RUN);
    }
    int how = 0;
    while (pid > 0 && waitpid(pid, &how, 0) < 0 && errno == EINTR)
        ;
    return pid > 0 ? spawn_status(how) : EXIT_NOT_RUN;
}

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

/* A word for the shell. */
static void add_quoted(struct buf *line, const char *text)
{
    buf_char(line, '\'');
    for (const char *p = text; *p; p++)
        buf_printf(line, *p == '\'' ? "'\\''" : "%c", *p);
    buf_char(line, '\'');
}

/* ./'train.sh' '--lr' '0.1', for /bin/sh -c. */
static json_t *shell_line(const char *program, json_t *arguments)
{
    struct buf line;
    size_t i;
    json_t *word;
    buf_init(&line, COMMAND_BYTES);
    buf_text(&line, "./");
    add_quoted(&line, program);
    json_array_foreach(arguments, i, word)
    {
        buf_char(&line, ' ');
        add_quoted(&line, json_string_value(word));
    }
    json_t *words = line.failed ? NULL : json_pack("[s, s, s]", "/bin/sh", "-c", line.data);
    buf_release(&line);
    return words;
}

static bool has_parent_step(const char *path)
{
    for (const char *p = path; (p = strstr(p, "..")) != NULL; p += 2)
        if ((p == path || p[-1] == '/') && (p[2] == '\0' || p[2] == '/'))
            return true;
    return false;
}

static json_t *program_words(const struct container *c, const char *program, json_t *arguments,
                             hone_error *err)
{
    struct buf path;
    bool is_package = false, there;
    buf_init(&path, 16384);
    buf_printf(&path, "%s/code/setup.py", c->ml);
    is_package = access(path.data, F_OK) == 0;
    buf_clear(&path);
    buf_printf(&path, "%s/code/%s", c->ml, program);
    there = program[0] != '/' && !has_parent_step(program) && access(path.data, F_OK) == 0;
    json_t *words = NULL;
    if (!there) {
        error_set(err, HONE_EINVAL, "the entry point \"%s\" is not in the code archive", program);
    } else if (!ends_in(program, ".py")) {
        chmod(path.data, 0700);
        words = shell_line(program, arguments);
    } else {
        words = json_deep_copy(c->interpreter);
        if (is_package) {
            json_array_append_new(words, json_string("-m"));
            json_array_append_new(words, json_stringn(program, strlen(program) - 3));
        } else {
            json_array_append_new(words, json_string(program));
        }
        json_array_extend(words, arguments);
    }
    buf_release(&path);
    return words;
}

/* What to run; NULL with the reason in err. */
static json_t *words_of(const struct container *c, json_t *arguments, hone_error *err)
{
    const json_t *algorithm = json_object_get(c->job.definition, "AlgorithmSpecification");
    json_t *entrypoint = json_object_get(algorithm, "ContainerEntrypoint");
    const char *program = container_internal(c, "sagemaker_program");
    if (json_array_size(entrypoint) > 0) {
        json_t *words = json_deep_copy(entrypoint);
        json_array_extend(words, json_object_get(algorithm, "ContainerArguments"));
        return words;
    }
    if (program)
        return program_words(c, program, arguments, err);
    if (json_array_size(c->interpreter) > 1) /* the image map's command is the whole of it */
        return json_incref(c->interpreter);
    error_set(err, HONE_EINVAL,
              "neither the hyperparameter sagemaker_program nor a "
              "ContainerEntrypoint says what to run");
    return NULL;
}

/* In the child: never returns. */
static void become(const struct container *c, json_t *words, json_t *arguments)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    char *staging = path_join(c->attempt, "opt"), *code;
    const char *base = c->ml;
    if (staging && namespace_enter(c->ml, staging))
        base = "/opt/ml";
    else
        fprintf(stderr, "hone-container: /opt/ml can't be given to the script here (no mount "
                        "namespace); it must use SM_* variables\n");
    variables_set(c, base, arguments);
    code = path_join(base, "code");
    unblock_signals();
    if (code && chdir(code) == 0) {
        fflush(NULL);
        spawn_exec(words);
    }
    fprintf(stderr, "hone-container: can't run %s: %s\n",
            json_string_value(json_array_get(words, 0)), strerror(errno));
    fflush(NULL);
    _exit(EXIT_NOT_RUN);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int wait_for(struct container *c, pid_t pid)
{
    sigset_t signals;
    double kill_at = 0.0;
    int how;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGCHLD);
    while (waitpid(pid, &how, WNOHANG) == 0) {
        siginfo_t info;
        double wait =
            c->told && kill_at - now_s() < CHECKPOINT_S ? kill_at - now_s() : CHECKPOINT_S;
        wait = wait > 0.0 ? wait : 0.0;
        struct timespec t = {.tv_sec = (time_t)wait};
        t.tv_nsec = (long)((wait - (double)t.tv_sec) * 1e9);
        int got = sigtimedwait(&signals, &info, &t);
        if (got == SIGTERM && !c->told) {
            c->told = true;
            kill_at = now_s() + c->job.stop_s;
            if (info.si_pid != getppid())
                kill(-pid, SIGTERM);
        }
        if (c->told && now_s() >= kill_at) {
            kill(-pid, SIGKILL);
            kill_at = now_s() + 1.0;
        }
        hone_error err = {0};
        if (got < 0 && checkpoints_put(c, &err))
            fprintf(stderr, "hone-container: checkpoints: %s\n", err.text);
    }
    return spawn_status(how);
}

hone_status script_run(struct container *c, int *exit_out, hone_error *err)
{
    json_t *arguments = argv_of(c->user);
    json_t *words = words_of(c, arguments, err);
    hone_status status = words ? HONE_OK : HONE_EINVAL;
    if (!words)
        goto out;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become(c, words, arguments);
    if (pid > 0)
        setpgid(pid, pid); /* by both: a SIGTERM may come before the child has done it */
    if (pid < 0)
        status = error_errno(err, HONE_EIO, "fork");
    else
        *exit_out = wait_for(c, pid);
out:
    json_decref(words);
    json_decref(arguments);
    return status;
}
