/* command.c: a short program, its two outputs read as they come, until it has closed both. */
#include "io/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/time.h"

extern char **environ;

struct output {
    int fd; /* our end, -1 when it is closed */
    struct buf *text;
};

/* Everything that is there now; closes at the end. */
static void take(struct output *o)
{
    char part[4096];
    ssize_t n = read(o->fd, part, sizeof part);
    if (n > 0 && o->text != NULL)
        buf_add(o->text, part, (size_t)n);
    if (n == 0 || (n < 0 && errno != EINTR)) {
        close(o->fd);
        o->fd = -1;
    }
}

static void read_both(struct output *both, int64_t until, pid_t pid)
{
    bool killed = false;
    while (both[0].fd >= 0 || both[1].fd >= 0) {
        struct pollfd fds[2] = {{.fd = both[0].fd, .events = POLLIN},
                                {.fd = both[1].fd, .events = POLLIN}};
        int64_t left = until - time_now_ms();
        if (left <= 0 && killed)
            return; /* a child of its own has the pipe */
        if (left <= 0) {
            kill(pid, SIGKILL);
            killed = true;
            left = 1000;
            until = time_now_ms() + left;
        }
        if (poll(fds, 2, (int)left) <= 0)
            continue;
        for (int i = 0; i < 2; i++)
            if (fds[i].fd >= 0 && fds[i].revents != 0)
                take(&both[i]);
    }
}

static int spawn(const char *const *argv, const int *ends, pid_t *pid)
{
    size_t n = 0;
    while (argv[n] != NULL)
        n++;
    char **words = mem_array(n + 1, sizeof *words);
    if (words == NULL)
        return ENOMEM;
    memcpy(words, argv, n * sizeof *words); /* the C library's argv is not const by its history */
    sigset_t none;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0); /* a Ctrl-C is for us */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    int reason = posix_spawnp(pid, argv[0], &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    mem_free(words);
    return reason;
}

hone_status command_run(const char *const *argv, double limit_s, struct buf *out,
                        struct buf *problem, int *exit_out, hone_error *err)
{
    int pipes[2][2], how = 0;
    pid_t pid = -1;
    if (pipe2(pipes[0], O_CLOEXEC) != 0)
        return error_errno(err, HONE_EIO, "start %s", argv[0]);
    if (pipe2(pipes[1], O_CLOEXEC) != 0) {
        close(pipes[0][0]);
        close(pipes[0][1]);
        return error_errno(err, HONE_EIO, "start %s", argv[0]);
    }
    int ends[2] = {pipes[0][1], pipes[1][1]};
    struct output both[2] = {{pipes[0][0], out}, {pipes[1][0], problem}};
    int reason = spawn(argv, ends, &pid);
    close(ends[0]);
    close(ends[1]);
    if (reason == 0)
        read_both(both, time_now_ms() + (int64_t)(limit_s * 1000), pid);
    for (int i = 0; i < 2; i++)
        if (both[i].fd >= 0)
            close(both[i].fd);
    if (reason != 0) {
        errno = reason;
        return error_errno(err, reason == ENOENT ? HONE_ENOTFOUND : HONE_EIO, "start %s", argv[0]);
    }
    while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
        continue;
    *exit_out = WIFEXITED(how) ? WEXITSTATUS(how) : -1;
    return HONE_OK;
}
