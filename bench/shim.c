/*
 * shim.c: what starting and ending attempts costs: N no-op trials, J at a time, through local.c and
 * hone-shim, without store and search. Usage: shim [N [J]] in a folder on the disk to be measured.
 * Compare: seq N | xargs -P J -I{} sh -c 'echo m=0.5' > log
 */
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/executor.h"
#include "io/file.h"
#include "io/time.h"

extern char **environ;

static double cpu_s(int who)
{
    struct rusage use;
    getrusage(who, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    enum { J_MAX = 64 };
    static char sh[] = "sh", c[] = "-c", script[] = "echo m=0.5";
    char *const command[] = {sh, c, script, NULL};
    long n = argc > 1 ? strtol(argv[1], NULL, 10) : 1000, started = 0, ended = 0;
    long j = argc > 2 ? strtol(argv[2], NULL, 10) : 2;
    char here[PATH_MAX - 64], folder[J_MAX][PATH_MAX];
    struct pollfd shims[J_MAX];
    hone_error err;
    if (j < 1 || j > J_MAX || getcwd(here, sizeof here) == NULL)
        return 2;
    for (long i = 0; i < j; i++)
        shims[i] = (struct pollfd){.fd = -1, .events = POLLIN};

    double began = (double)time_monotonic_ms();
    while (ended < n) {
        for (long i = 0; i < j; i++) {
            if (shims[i].fd >= 0 || started == n)
                continue;
            snprintf(folder[i], sizeof folder[i], "%s/trial-%04ld", here, started++);
            mkdir(folder[i], 0700);
            struct attempt_job job = {
                .id = folder[i],
                .folder = folder[i],
                .alive = "/dev/null",
                .argv = command,
                .envp = environ,
                .workdir = here,
                .grace_s = 120,
                .orphan_s = 86400,
            };
            if (local_start(&job, &err) != HONE_OK) {
                fprintf(stderr, "%s\n", err.text);
                return 1;
            }
            shims[i].fd = local_watch(folder[i]);
        }
        poll(shims, (nfds_t)j, -1);
        for (long i = 0; i < j; i++) {
            struct attempt_status status;
            if (shims[i].fd < 0 || shims[i].revents == 0)
                continue;
            if (local_poll(folder[i], &status, &err) != HONE_OK || status.phase != PHASE_ENDED ||
                status.exit_code != 0)
                return 1;
            close(shims[i].fd);
            shims[i].fd = -1;
            ended++;
        }
    }
    double took = ((double)time_monotonic_ms() - began) / 1000.0;
    printf(
        "%ld trials, %ld at a time: %.0f/s, CPU a trial: tuner %.2f ms, shim and trial %.2f ms\n",
        n, j, (double)n / took, 1e3 * cpu_s(RUSAGE_SELF) / (double)n,
        1e3 * cpu_s(RUSAGE_CHILDREN) / (double)n);
    return 0;
}
