/*
 * local.c: attempts on this machine, each under a hone-shim of its own. README.md has the rules of
 * an attempt's life; the truth is in its folder (record.h).
 *
 * We are the parent of the shims that we launched. A pid of theirs cannot be reused before we have
 * waited for it, and their exit status tells of a failure before the claim, so we keep a list of
 * them. Shims of an earlier tuner are known by (pid, start time, boot id) alone.
 *
 * Threads: call from one thread.
 */
#include "exec/executor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "exec/paths.h"
#include "exec/record.h"
#include "exec/slots.h"
#include "io/file.h"
#include "io/process.h"
#include "io/time.h"

/* An environment is at most a quarter of the stack limit, usually 2 MB; more is cut. */
static const size_t ENVIRON_MAX = 8u << 20;

/* ---- The shims that we launched ----------------------------------------------------------------
 */

static struct launched {
    char *folder;
    char *id;
    pid_t pid;
    bool gone;  /* waited for: the pid means nothing any more */
    int reason; /* then its exit status: 0 or an errno; -1 when it was killed */
    bool final; /* nobody will ask again */
} * launched;
static size_t n_launched, cap_launched;

static struct launched *launched_find(const char *folder)
{
    for (size_t i = 0; i < n_launched; i++)
        if (strcmp(launched[i].folder, folder) == 0)
            return &launched[i];
    return NULL;
}

static void launched_wait(struct launched *l)
{
    int how;
    if (l->gone || waitpid(l->pid, &how, WNOHANG) != l->pid)
        return;
    l->gone = true;
    l->reason = WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}

/* Forget the final ones; their shims exit right after the record. */
static void launched_sift(void)
{
    size_t kept = 0;
    for (size_t i = 0; i < n_launched; i++) {
        if (launched[i].final)
            launched_wait(&launched[i]);
        if (launched[i].final && launched[i].gone) {
            mem_free(launched[i].folder);
            mem_free(launched[i].id);
        } else {
            launched[kept++] = launched[i];
        }
    }
    n_launched = kept;
}

/* Make room for one more, so that nothing can fail once the process is there. */
static bool launched_reserve(void)
{
    if (n_launched < cap_launched)
        return true;
    size_t cap = cap_launched == 0 ? 16 : 2 * cap_launched;
    struct launched *grown = mem_resize(launched, cap, sizeof *launched);
    if (grown == NULL)
        return false;
    launched = grown;
    cap_launched = cap;
    return true;
}

/* ---- Starting --------------------------------------------------------------------------------
 */

static bool shim_at(char *out, size_t size, const char *folder, size_t len, const char *rest)
{
    int n = snprintf(out, size, "%.*s%s", (int)len, folder, rest);
    return n > 0 && (size_t)n < size && access(out, X_OK) == 0;
}

/* The program: $HONE_SHIM, beside ours, in the build tree, or where it is installed. */
const char *shim_path(void)
{
    static char path[4096];
    const char *given = getenv("HONE_SHIM");
    if (given != NULL && *given != '\0')
        return given;
    if (path[0] != '\0')
        return path;
    char own[4000];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    own[n > 0 ? n : 0] = '\0';
    char *end = strrchr(own, '/');
    size_t len = end == NULL ? 0 : (size_t)(end - own);
    static const char *const beside[] = {"/hone-shim", "/../exec/hone-shim",
                                         "/../libexec/hone/hone-shim"};
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++)
        if (shim_at(path, sizeof path, own, len, beside[i]))
            return path;
    if (!shim_at(path, sizeof path, HONE_LIBEXECDIR, strlen(HONE_LIBEXECDIR), "/hone-shim"))
        path[0] = '\0';
    return path[0] == '\0' ? "hone-shim" : path;
}

/* What the child of vfork() does: system calls only. The slots' locks become descriptors 3, 4, ...
 */
static void become_shim(const char *path, char **argv, char *const *envp, const int *locks,
                        size_t n_locks)
{
    for (size_t i = 0; i < n_locks; i++)
        if (dup2(locks[i], (int)i + 3) < 0)
            return;
    /* What we ignore, exec() would leave ignored in the trial. */
    for (int number = 1; number < SIGRTMIN; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            sigaction(number, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    }
    if (setsid() >= 0)
        execve(path, argv, envp);
}

/*
 * Returns 0 or the errno. By vfork(): posix_spawn() makes a stack each time and sets every signal.
 * All are blocked until exec() and in the shim, so that no handler of ours runs in the child.
 */
static int spawn_shim(pid_t *pid_out, const char *path, char **argv, char *const *envp,
                      const int *locks, size_t n_locks)
{
    static volatile int reason; /* the child shares our memory */
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    reason = 0;
    pid_t child = vfork();
    if (child == 0) {
        become_shim(path, argv, envp, locks, n_locks);
        reason = errno;
        _exit(127);
    }
    if (child < 0)
        reason = errno;
    else if (reason != 0)
        (void)waitpid(child, NULL, 0);
    *pid_out = child;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return reason;
}

/* The shim's options, each word ended by a NUL. */
static void write_options(struct buf *b, const struct attempt_job *job, size_t n_locks)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"--id", job->id},          {"--folder", job->folder},
                 {"--alive", job->alive},    {"--workdir", job->workdir},
                 {"--node", process_host()}, {"--boot-id", process_boot_id()}};
    const struct {
        const char *name;
        uint64_t value; /* 0 = none */
    } numbers[] = {{"--time", (uint64_t)(job->trial_time_s * 1000.0)},
                   {"--silence", (uint64_t)(job->silence_s * 1000.0)},
                   {"--grace", (uint64_t)(job->grace_s * 1000.0)},
                   {"--orphan", (uint64_t)(job->orphan_s * 1000.0)},
                   {"--memory", job->memory_bytes},
                   {"--slots", n_locks}};
    buf_printf(b, "hone-shim%c", 0);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        buf_printf(b, "%s%c%s%c", texts[i].name, 0, texts[i].text, 0);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i].value > 0)
            buf_printf(b, "%s%c%llu%c", numbers[i].name, 0, (unsigned long long)numbers[i].value,
                       0);
    buf_printf(b, "--%c", 0);
}

/* The shim's whole command, in one list that points into `options` and the job; NULL: no memory. */
static char **make_command(const struct attempt_job *job, size_t n_locks, struct buf *options)
{
    size_t n = 0, n_words = 0;
    write_options(options, job, n_locks);
    for (size_t i = 0; i < options->len; i++)
        n += options->data[i] == '\0';
    while (job->argv[n_words] != NULL)
        n_words++;
    char **argv = options->failed ? NULL : mem_array(n + n_words + 1, sizeof *argv);
    if (argv == NULL)
        return NULL;
    char *at = options->data;
    for (size_t i = 0; i < n; i++) {
        argv[i] = at;
        at += strlen(at) + 1;
    }
    memcpy(argv + n, job->argv, n_words * sizeof *argv);
    return argv;
}

static bool is_of_gpus(const char *line)
{
    return strncmp(line, "CUDA_VISIBLE_DEVICES=", 21) == 0 ||
           strncmp(line, "SM_NUM_GPUS=", 12) == 0;
}

/* The environment with the GPUs that the trial got, where it takes any; NULL: no memory. */
static char **give_gpus(char *const *envp, const struct slots_taken *taken, struct buf *text)
{
    size_t n = 0, kept = 0;
    while (envp[n] != NULL)
        n++;
    char **out = mem_array(n + 3, sizeof *out);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (taken->n_gpus == 0 || !is_of_gpus(envp[i]))
            out[kept++] = envp[i];
    if (taken->n_gpus == 0)
        return out;
    buf_printf(text, "SM_NUM_GPUS=%zu%c", taken->n_gpus, 0);
    size_t visible = text->len;
    buf_text(text, "CUDA_VISIBLE_DEVICES=");
    for (size_t i = 0; i < taken->n_gpus; i++)
        buf_printf(text, "%s%s", i > 0 ? "," : "", taken->gpus[i].name);
    if (text->failed) {
        mem_free(out);
        return NULL;
    }
    out[kept++] = text->data;
    out[kept] = text->data + visible;
    return out;
}

hone_status local_start(const struct attempt_job *job, hone_error *err)
{
    struct slots_taken taken = {.n_fds = 0};
    struct launched new = {0};
    struct launched *before = launched_find(job->folder);
    if (before != NULL && !before->gone)
        return HONE_OK;
    if (before != NULL)
        before->final = true;
    launched_sift();

    struct buf options, variables;
    buf_init(&options, 1u << 16);
    buf_init(&variables, 1u << 16);
    char **argv = NULL, **envp = NULL;
    hone_status status = slots_take(&job->slots, &taken, err);
    if (status != HONE_OK)
        goto out;
    argv = make_command(job, taken.n_fds, &options);
    envp = give_gpus(job->envp, &taken, &variables);
    new.folder = mem_text(job->folder);
    new.id = mem_text(job->id);
    if (argv == NULL || envp == NULL || new.folder == NULL || new.id == NULL ||
        !launched_reserve()) {
        status = error_memory(err);
        goto out;
    }
    const char *path = shim_path();
    int reason = spawn_shim(&new.pid, path, argv, envp, taken.fds, taken.n_fds);
    if (reason != 0) {
        errno = reason;
        status = error_errno(err, HONE_EIO, "start %s", path);
        goto out;
    }
    launched[n_launched++] = new;
    new = (struct launched){0};
out:
    slots_close(&taken); /* the shim has its own */
    mem_free(new.folder);
    mem_free(new.id);
    mem_free(envp);
    mem_free(argv);
    buf_release(&variables);
    buf_release(&options);
    return status;
}

/* ---- Looking ---------------------------------------------------------------------------------
 */

static hone_status folder_open(const char *folder, int *fd_out, hone_error *err)
{
    *fd_out = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd_out >= 0)
        return HONE_OK;
    return error_errno(err, errno == ENOENT ? HONE_ENOTFOUND : HONE_EIO, "open %s", folder);
}

/*
 * Claim an attempt that no shim has, and end it at once. HONE_ESTATE: somebody was faster.
 */
static hone_status end_unclaimed(int dir, const char *folder, struct attempt_status *out,
                                 hone_error *err)
{
    struct launched *l = launched_find(folder);
    const char *id = l == NULL ? "" : l->id;
    record_identify(out, process_boot_id(), process_host());
    out->exit_code = -1;
    if (!record_claim(dir, id, out))
        return errno == EEXIST ? error_set(err, HONE_ESTATE, "attempt %s is claimed", folder)
                               : error_errno(err, HONE_EIO, "write %s/claim", folder);
    out->ended_at = time_now_ms();
    if (!record_write(dir, "exit", id, out, true))
        return error_errno(err, HONE_EIO, "write %s/exit", folder);
    out->phase = PHASE_ENDED;
    return HONE_OK;
}

static hone_status look(int dir, const char *folder, struct attempt_status *out, hone_error *err)
{
    hone_status status = HONE_OK;
    struct launched *l = launched_find(folder);
    if (l != NULL)
        launched_wait(l); /* first: if it is gone, its records are all there */
    if (record_read_end(dir, out)) {
        out->phase = PHASE_ENDED;
    } else if (record_read(dir, "claim", out)) {
        (void)record_read(dir, "pid", out);
        out->phase = PHASE_RUNNING;
        if (!process_lives(out->shim_pid, out->shim_start, out->boot_id))
            out->phase = record_read_end(dir, out) ? PHASE_ENDED : PHASE_LOST;
    } else if (l != NULL && l->gone) {
        out->cause = END_NOT_STARTED;
        snprintf(out->problem, sizeof out->problem, "hone-shim: %s",
                 l->reason > 0 ? strerror(l->reason) : "killed");
        status = end_unclaimed(dir, folder, out, err);
    }
    if (l != NULL)
        l->final = out->phase == PHASE_ENDED || out->phase == PHASE_LOST;
    return status;
}

hone_status local_poll(const char *folder, struct attempt_status *out, hone_error *err)
{
    struct attempt_status now = {.phase = PHASE_ABSENT, .exit_code = -1};
    int dir;
    hone_status status = folder_open(folder, &dir, err);
    if (status != HONE_OK)
        return status;
    status = look(dir, folder, &now, err);
    close(dir);
    if (status == HONE_OK)
        *out = now;
    return status;
}

/* A pidfd of exactly that process, or -1: checked after opening, so that a reused pid can't slip
 * in. */
static int process_open(const struct attempt_status *status)
{
    int fd = pidfd_open((pid_t)status->shim_pid, 0);
    if (fd >= 0 && !process_lives(status->shim_pid, status->shim_start, status->boot_id)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

int local_watch(const char *folder)
{
    struct launched *l = launched_find(folder);
    struct attempt_status status = {0};
    if (l != NULL && !l->gone) /* not waited for: no other process can have its number */
        return pidfd_open(l->pid, 0);
    int dir, fd = -1;
    if (folder_open(folder, &dir, NULL) != HONE_OK)
        return -1;
    if (record_read(dir, "claim", &status))
        fd = process_open(&status);
    close(dir);
    return fd;
}

/* ---- Ending ----------------------------------------------------------------------------------
 */

hone_status local_stop(const char *folder, hone_error *err)
{
    struct attempt_status seen = {0};
    struct attempt_status asked = {.cause = END_ASKED};
    int dir, fd = -1;
    hone_status status = folder_open(folder, &dir, err);
    if (status != HONE_OK)
        return status;
    if (record_read(dir, "exit", &seen))
        goto out;
    if (!record_read(dir, "claim", &seen)) {
        status = end_unclaimed(dir, folder, &asked, err);
        /* A shim came up in between: then it is running, and is asked as any other. */
        if (status != HONE_ESTATE || !record_read(dir, "claim", &seen))
            goto out;
        status = HONE_OK;
    }
    fd = process_open(&seen);
    if (fd >= 0 && pidfd_send_signal(fd, SIGTERM, NULL, 0) != 0 && errno != ESRCH)
        status = error_errno(err, HONE_EIO, "stop %s: signal process %lld", folder,
                             (long long)seen.shim_pid);
out:
    if (fd >= 0)
        close(fd);
    close(dir);
    return status;
}

/* Whether a process has this "NAME=VALUE" in its environment. */
static bool carries(pid_t pid, const char *mark, struct buf *environment)
{
    char path[48];
    size_t len = strlen(mark) + 1; /* with the NUL, so that ...-1 is not ...-12 */
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    buf_clear(environment);
    if (file_read(path, environment, NULL) != HONE_OK)
        return false;
    const char *at = environment->data, *end = at + environment->len;
    while ((at = memmem(at, (size_t)(end - at), mark, len)) != NULL) {
        if (at == environment->data || at[-1] == '\0')
            return true;
        at++;
    }
    return false;
}

/* One pass over all processes; returns how many were sent SIGKILL. */
static int64_t kill_carriers(const char *mark, struct buf *environment)
{
    int64_t n = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *e; proc != NULL && (e = readdir(proc)) != NULL;) {
        pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
        if (pid <= 1 || pid == getpid())
            continue;
        int fd = pidfd_open(pid, 0); /* first, so that it is the process whose mark we read */
        if (fd < 0)
            continue;
        if (process_start(pid) > 0 && carries(pid, mark, environment) &&
            pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0)
            n++;
        close(fd);
    }
    if (proc != NULL)
        closedir(proc);
    return n;
}

hone_status local_sweep(const char *folder, const char *id, int64_t *ended_out, hone_error *err)
{
    enum { PASSES_MAX = 3000 }; /* of 10 ms: a process that SIGKILL doesn't end waits for a disk */
    char mark[300];
    struct buf environment;
    buf_init(&environment, ENVIRON_MAX);
    snprintf(mark, sizeof mark, "HONE_ATTEMPT_ID=%s", id);

    *ended_out = 0;
    int64_t n = 0, most = 0;
    for (int pass = 0; pass < PASSES_MAX; pass++) {
        n = kill_carriers(mark, &environment);
        if (n == 0)
            break;
        if (n > most)
            most = n;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    *ended_out = most;
    buf_release(&environment);
    return n == 0 ? HONE_OK
                  : error_set(err, HONE_EIO, "%s: %lld processes cannot be ended", folder,
                              (long long)n);
}

/* ---- The plug --------------------------------------------------------------------------------
 */

static hone_status start(struct executor *self, const struct attempt_job *job, hone_error *err)
{
    (void)self;
    return local_start(job, err);
}

static hone_status poll_attempt(struct executor *self, const char *folder,
                                struct attempt_status *out, hone_error *err)
{
    (void)self;
    return local_poll(folder, out, err);
}

static hone_status stop(struct executor *self, const char *folder, hone_error *err)
{
    (void)self;
    return local_stop(folder, err);
}

static hone_status sweep(struct executor *self, const char *folder, const char *id,
                         int64_t *ended_out, hone_error *err)
{
    (void)self;
    return local_sweep(folder, id, ended_out, err);
}

static int watch(struct executor *self, const char *folder)
{
    (void)self;
    return local_watch(folder);
}

struct executor *local_executor(void)
{
    static struct executor local = {
        .start = start, .poll = poll_attempt, .stop = stop, .sweep = sweep, .watch = watch};
    return &local;
}
