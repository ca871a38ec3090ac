/*
 * background.c: hone run -d.
 *
 * The child is the tuner. It keeps the terminal until the study has started, so that every error of
 * the start is seen where the command was given; then its output goes to a file and it tells the
 * parent by one byte in a pipe. A child that ends without it passes its exit status on.
 */
#include "cli/study_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int started_pipe = -1; /* the child's end; -1 in the foreground */

static int wait_for_start(int pipe_end, pid_t child)
{
    char byte;
    ssize_t n;
    int how;
    do
        n = read(pipe_end, &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n == 1)
        return EXIT_DONE;
    while (waitpid(child, &how, 0) < 0)
        if (errno != EINTR)
            return EXIT_SYSTEM;
    return WIFEXITED(how) ? WEXITSTATUS(how)
                          : fail(EXIT_SYSTEM, "the tuner in the background was killed by signal %d",
                                 WTERMSIG(how));
}

int background_begin(void)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(EXIT_SYSTEM, "make a pipe: %s", strerror(errno));
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        return fail(EXIT_SYSTEM, "go to the background: %s", strerror(errno));
    if (child == 0) {
        close(ends[0]);
        started_pipe = ends[1];
        setsid();
        return -1;
    }
    close(ends[1]);
    return wait_for_start(ends[0], child);
}

bool in_background(void)
{
    return started_pipe >= 0;
}

void background_started(const char *log)
{
    if (started_pipe < 0)
        return;
    fflush(stdout);
    fflush(stderr);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (out < 0)
        out = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nothing >= 0)
        dup2(nothing, STDIN_FILENO);
    if (out >= 0) {
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
    }
    if (nothing > STDERR_FILENO)
        close(nothing);
    if (out > STDERR_FILENO)
        close(out);
    signal(SIGHUP, SIG_IGN);
    /* When the parent has gone already there is nobody to tell. */
    ssize_t ignored = write(started_pipe, "", 1);
    (void)ignored;
    close(started_pipe);
    started_pipe = -1;
}
