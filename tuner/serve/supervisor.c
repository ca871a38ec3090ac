/*
 * supervisor.c: each study is driven by a process of its own, `hone resume NAME -d`, which outlives
 * this service. Whether it lives is in the store: the lease. A start that fails is tried again
 * after a while, twice as long each time.
 */
#include "serve/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/time.h"
#include "loop/lease.h"

enum { STARTS_MAX = 64, FIRST_PAUSE_MS = 2000, LONGEST_PAUSE_MS = 60000 };

/* A tuner that is being started, or whose start failed. */
static struct start {
    int64_t study; /* 0: free */
    pid_t pid;     /* of `hone resume -d`, which ends when the tuner is at work; 0: it has ended */
    int64_t pause_ms, not_before_ms;
} starts[STARTS_MAX];

extern char **environ;

/* The program hone: `hone serve` says where it is. */
static const char *program(void)
{
    const char *given = getenv("HONE_PROGRAM");
    return given == NULL ? "hone" : given;
}

/* Start one, as a person's shell would: trials inherit what it is given. */
static pid_t spawn(struct serve *serve, const char *name)
{
    pid_t pid = 0;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    char resume[] = "resume", detached[] = "-d", quiet[] = "--quiet", store[] = "--store";
    char *program_name = mem_text(program()), *study = mem_text(name),
         *url = mem_text(serve->place.store_url);
    char *argv[] = {program_name, resume, study, detached, quiet, store, url, NULL};
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (program_name == NULL || study == NULL || url == NULL ||
        posix_spawnp(&pid, program_name, &actions, &attributes, argv, environ) != 0)
        pid = 0;
    if (pid != 0 && serve->descriptors.rlim_max != 0)
        prlimit(pid, RLIMIT_NOFILE, &serve->descriptors, NULL);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    mem_free(program_name);
    mem_free(study);
    mem_free(url);
    return pid;
}

static void reap(void)
{
    for (size_t i = 0; i < STARTS_MAX; i++) {
        struct start *start = &starts[i];
        int how;
        if (start->pid == 0 || waitpid(start->pid, &how, WNOHANG) != start->pid)
            continue;
        start->pid = 0;
        if (WIFEXITED(how) && WEXITSTATUS(how) == 0) {
            start->pause_ms = FIRST_PAUSE_MS;
        } else {
            start->pause_ms = start->pause_ms * 2;
            if (start->pause_ms > LONGEST_PAUSE_MS)
                start->pause_ms = LONGEST_PAUSE_MS;
        }
        start->not_before_ms = time_monotonic_ms() + start->pause_ms;
    }
}

static struct start *start_of(int64_t study)
{
    struct start *unused = NULL;
    for (size_t i = 0; i < STARTS_MAX; i++) {
        if (starts[i].study == study)
            return &starts[i];
        bool over = starts[i].pid == 0 && starts[i].not_before_ms < time_monotonic_ms();
        if (starts[i].study == 0 || (over && unused == NULL))
            unused = &starts[i];
    }
    return unused;
}

static hone_status look_at(void *context, const struct study_row *row, hone_error *err)
{
    (void)err;
    struct serve *serve = context;
    if (!row->by_service || !row->wanted || row->state != STUDY_RUNNING ||
        lease_is_held(row, time_now_ms()))
        return HONE_OK;
    struct start *start = start_of(row->id);
    if (start == NULL || (start->study == row->id &&
                          (start->pid != 0 || start->not_before_ms > time_monotonic_ms())))
        return HONE_OK;
    if (start->study != row->id)
        *start = (struct start){.study = row->id, .pause_ms = FIRST_PAUSE_MS};
    start->pid = spawn(serve, row->name);
    if (start->pid != 0)
        atomic_fetch_add(&serve->tuners_started, 1);
    else
        start->not_before_ms = time_monotonic_ms() + start->pause_ms;
    return HONE_OK;
}

void supervisor_pass(struct serve *serve)
{
    hone_error err = {0};
    reap();
    struct store *store = serve_store_take(serve, &err);
    if (store == NULL)
        return;
    /* What fails now is tried again in a second. */
    hone_status ignored = store_studies(store, look_at, serve, &err);
    (void)ignored;
    serve_store_give(serve, store);
}

void supervisor_end(void)
{
    reap();
    memset(starts, 0, sizeof starts);
}
