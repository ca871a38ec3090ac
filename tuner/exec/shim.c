/*
 * hone-shim: the parent of one attempt of a trial. Small, libc only, started once an attempt.
 *
 * It outlives the tuner. What it knows is in the attempt's folder (record.h), so that any tuner can
 * go on watching, and what it is asked comes as a signal: SIGTERM = end the trial cleanly.
 *
 *     WATCHING --- a limit, SIGTERM ---------> ENDING   (SIGTERM to all of it, then the grace)
 *        |                                        |
 *        | the main process has exited            | the grace is over
 *        v                                        v
 *     LINGERING --- LINGER_S are over -------> KILLING  (SIGKILL to all of it, again and again)
 *               (through ENDING, STRAGGLER_GRACE_S)
 *
 * and from everywhere to the exit record as soon as waitpid() says that no child is left: we are a
 * subreaper, so whatever the trial started, in whatever group or session, becomes our child at the
 * latest when its own parents have gone. Should we be killed ourselves, the trial's main process
 * dies with us (PDEATHSIG), and the next tuner sweeps up the rest by HONE_ATTEMPT_ID.
 *
 * Intervals are measured on the monotonic clock, which stands still while the machine sleeps.
 * Before the claim is ours we can tell nobody in the folder: then our exit status is the errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "exec/record.h"
#include "exec/tree.h"

/* A main process that has exited may leave a `tee` or an uploader that is about to end. */
static const double LINGER_S = 0.2, STRAGGLER_GRACE_S = 2.0;
static const double MEMORY_PERIOD_S = 0.2;
static const double MEMORY_SHARE = 50.0; /* looking may cost one part in so many */
static const double GIVE_UP_S = 60.0;    /* a process that SIGKILL doesn't end (disk wait) */
static const double CHEAP_S = 1.0;
static const double LONGEST_WAIT_S = 3600.0;
enum {
    TREE_MAX = 4096,
    AT_ONCE_MS = 50,
    CLOSE_ON_EXEC = 1 << 2 /* CLOSE_RANGE_CLOEXEC of linux/close_range.h */
};

enum stage { WATCHING, LINGERING, ENDING, KILLING };

/* Something that should go on changing, and when it was last seen to. */
struct pulse {
    double changed, looked; /* monotonic */
    int64_t value;
};

struct shim {
    unsigned n_slots; /* descriptors 3, 4, ...: locks of slots.h that are ours while we live */
    const char *folder_path, *id, *alive_path, *workdir, *node, *boot_id;
    double time_s, silence_s, grace_s, orphan_s;
    uint64_t memory_bytes;
    bool in_job; /* of a cluster */
    char **argv;

    int folder, log;
    struct attempt_status status;
    bool child_gone;
    enum stage stage;
    double act_at, give_up_at; /* when the stage is over */
    double started, memory_at, beat_at, kill_pause;
    struct pulse output, tuner;
};

static double now_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- Starting --------------------------------------------------------------------------------
 */

static bool read_arguments(struct shim *s, int argc, char **argv)
{
    const struct {
        const char *name;
        const char **text;
        double *number;
    } options[] = {
        {"--id", &s->id, NULL},
        {"--folder", &s->folder_path, NULL},
        {"--alive", &s->alive_path, NULL},
        {"--workdir", &s->workdir, NULL},
        {"--node", &s->node, NULL},
        {"--boot-id", &s->boot_id, NULL},
        {"--time", NULL, &s->time_s},
        {"--silence", NULL, &s->silence_s},
        {"--grace", NULL, &s->grace_s},
        {"--orphan", NULL, &s->orphan_s},
    };
    enum { N = sizeof options / sizeof options[0] };
    int i = 1;
    for (; i + 1 < argc && strcmp(argv[i], "--") != 0; i += 2) {
        int k = 0;
        while (k < N && strcmp(argv[i], options[k].name) != 0)
            k++;
        if (k < N && options[k].text != NULL)
            *options[k].text = argv[i + 1];
        else if (k < N) /* milliseconds, so that no locale can matter */
            *options[k].number = (double)strtoll(argv[i + 1], NULL, 10) / 1000.0;
        else if (strcmp(argv[i], "--memory") == 0)
            s->memory_bytes = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--slots") == 0)
            s->n_slots = (unsigned)strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--in-job") == 0)
            s->in_job = argv[i + 1][0] == '1';
        else
            return false;
    }
    if (i + 1 >= argc || s->id == NULL || s->folder_path == NULL || s->alive_path == NULL ||
        s->workdir == NULL || s->node == NULL || s->boot_id == NULL)
        return false;
    s->argv = argv + i + 1;
    return true;
}

/*
 * Start the trial. By vfork(): it costs half of fork(), and as we share memory until exec, the
 * child leaves its errno where we read it. The child calls nothing but system calls and execvp().
 */
static bool start_child(struct shim *s)
{
    static char mark[300]; /* what a sweep knows the trial's processes by; environ points to it */
    static const char *volatile failed;
    static volatile int reason;
    snprintf(mark, sizeof mark, "HONE_ATTEMPT_ID=%s", s->id);
    putenv(mark);
    pid_t parent = getpid();
    sigset_t none;
    sigemptyset(&none);

    pid_t child = vfork();
    if (child == 0) {
        failed = "prepare";
        if (setsid() >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
            dup2(s->log, STDOUT_FILENO) >= 0 && dup2(s->log, STDERR_FILENO) >= 0) {
            failed = "enter";
            if (chdir(s->workdir) == 0) {
                failed = "exec";
                sigprocmask(SIG_SETMASK, &none, NULL);
                execvp(s->argv[0], s->argv);
            }
        }
        reason = errno;
        _exit(127);
    }
    if (child < 0) {
        failed = "fork for";
        reason = errno;
    } else if (reason == 0) {
        s->status.child_pid = child;
        return true;
    } else {
        waitpid(child, NULL, 0);
    }
    const char *what = strcmp(failed, "enter") == 0 ? s->workdir : s->argv[0];
    char text[100]; /* the reason must survive a long path */
    snprintf(text, sizeof text, "%s", strerror(reason));
    snprintf(s->status.problem, sizeof s->status.problem, "%s %.*s: %s", failed, 150, what, text);
    return false;
}

/* ---- Watching --------------------------------------------------------------------------------
 */

/*
 * Seconds since a pulse last changed. `wall` (when its file says that it changed) makes that exact
 * although we look rarely, but is trusted only within the time since our last look: the wall clock
 * may jump.
 */
static double pulse_age(struct pulse *p, double now, int64_t value, double wall)
{
    if (value != p->value) {
        double ago = fmin(fmax(now_s(CLOCK_REALTIME) - wall, 0.0), now - p->looked);
        p->value = value;
        p->changed = now - ago;
    }
    p->looked = now;
    return now - p->changed;
}

static double mtime_s(const struct stat *st)
{
    return (double)st->st_mtim.tv_sec + (double)st->st_mtim.tv_nsec / 1e9;
}

static double silent_s(struct shim *s, double now)
{
    struct stat st;
    if (fstat(s->log, &st) != 0)
        return 0.0;
    return pulse_age(&s->output, now, st.st_size, mtime_s(&st));
}

/* A file that is gone says nothing new. */
static double alone_s(struct shim *s, double now)
{
    struct stat st;
    if (stat(s->alive_path, &st) != 0)
        return pulse_age(&s->tuner, now, s->tuner.value, 0.0);
    int64_t mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    return pulse_age(&s->tuner, now, mtime_ns, mtime_s(&st));
}

static size_t list_tree(struct tree_process **out)
{
    static struct tree_process list[TREE_MAX];
    *out = list;
    return tree_list(getpid(), list, TREE_MAX);
}

static bool is_over_memory(struct shim *s, double now)
{
    struct tree_process *list;
    size_t n = list_tree(&list);
    uint64_t used = tree_memory(list, n, s->memory_bytes);
    if ((int64_t)used > s->status.peak_memory)
        s->status.peak_memory = (int64_t)used;
    double cost = now_s(CLOCK_MONOTONIC) - now;
    s->memory_at = now + fmax(MEMORY_PERIOD_S, MEMORY_SHARE * cost);
    return used > s->memory_bytes;
}

/* ---- Ending ----------------------------------------------------------------------------------
 */

/* Send a signal to all of the trial; returns how many processes there were. */
static size_t signal_tree(struct shim *s, int signal)
{
    struct tree_process *list;
    size_t n = list_tree(&list);
    bool group = !s->child_gone; /* then its number is certainly not somebody else's */
    if (group)
        kill(-(pid_t)s->status.child_pid, signal);
    for (size_t i = 0; i < n; i++) {
        if (!group || getpgid(list[i].pid) != s->status.child_pid)
            kill(list[i].pid, signal);
        if (list[i].state == 'T' && signal != SIGKILL)
            kill(list[i].pid, SIGCONT); /* a stopped one takes no SIGTERM */
    }
    return n;
}

static void end_trial(struct shim *s, enum end_cause cause, double now)
{
    struct tree_process *list;
    size_t n = list_tree(&list);
    for (size_t i = 0; i < n; i++)
        if (list[i].state == 'T')
            s->status.was_stopped = true;
    s->status.cause = cause;
    s->stage = ENDING;
    s->act_at = now + s->grace_s;
    signal_tree(s, SIGTERM);
}

/* The stage has lasted as long as it may. */
static void stage_over(struct shim *s, double now)
{
    switch (s->stage) {
    case WATCHING:
        break;
    case LINGERING:
        s->status.stragglers = (int64_t)signal_tree(s, SIGTERM);
        s->stage = ENDING;
        s->act_at = now + fmin(s->grace_s, STRAGGLER_GRACE_S);
        break;
    case ENDING:
        s->kill_pause = 0.01;
        s->give_up_at = now + GIVE_UP_S;
        s->stage = KILLING;
        /* fall through */
    case KILLING: {
        size_t n = signal_tree(s, SIGKILL);
        if (s->status.cause != END_BY_ITSELF && n > 0)
            s->status.killed = true;
        s->act_at = now + s->kill_pause;
        s->kill_pause = fmin(2.0 * s->kill_pause, 1.0);
        break;
    }
    }
}

/* Collect what has exited. False when no child is left: then nothing of the trial is. */
static bool reap(struct shim *s)
{
    int how;
    struct rusage use;
    pid_t pid;
    while ((pid = wait4(-1, &how, WNOHANG, &use)) > 0) {
        if (use.ru_maxrss * 1024 > s->status.peak_memory)
            s->status.peak_memory = use.ru_maxrss * 1024;
        if (pid != s->status.child_pid || s->child_gone)
            continue;
        s->child_gone = true;
        s->status.exit_code = WIFEXITED(how) ? WEXITSTATUS(how) : -1;
        s->status.exit_signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
    }
    return pid == 0;
}

/* See whether a limit is passed, and return when to look again. */
static double check_limits(struct shim *s, double now)
{
    double next = now + LONGEST_WAIT_S;
    double left = s->orphan_s - alone_s(s, now);
    if (s->orphan_s > 0.0 && left <= 0.0)
        end_trial(s, END_ORPHAN, now);
    else if (s->orphan_s > 0.0)
        next = fmin(next, now + left);
    if (s->time_s > 0.0 && s->stage == WATCHING) {
        if (now >= s->started + s->time_s)
            end_trial(s, END_TIME, now);
        next = fmin(next, s->started + s->time_s);
    }
    if (s->silence_s > 0.0 && s->stage == WATCHING) {
        left = s->silence_s - silent_s(s, now);
        if (left <= 0.0)
            end_trial(s, END_SILENCE, now);
        next = fmin(next, now + left);
    }
    if (s->memory_bytes > 0 && s->stage == WATCHING) {
        if (now >= s->memory_at && is_over_memory(s, now))
            end_trial(s, END_MEMORY, now);
        next = fmin(next, s->memory_at);
    }
    return s->stage == WATCHING ? next : s->act_at;
}

/* A busy machine needs longer than a test can tell. */
static double linger_s(void)
{
    const char *test = getenv("HONE_TEST_LINGER_S");
    return test != NULL ? (double)strtol(test, NULL, 10) : LINGER_S;
}

/*
 * A cluster gives notice to every process of a job at once, and a script may be quicker to exit
 * than we to look. So an end is its own only if no SIGTERM comes along with it.
 */
static void note_notice(struct shim *s)
{
    sigset_t notice;
    sigemptyset(&notice);
    sigaddset(&notice, SIGTERM);
    const struct timespec t = {.tv_nsec = (long)(LINGER_S * 1e9)};
    if (s->in_job && sigtimedwait(&notice, NULL, &t) == SIGTERM)
        s->status.cause = END_ASKED;
}

/*
 * In a cluster's job: say that we live, to a tuner whose controller may have forgotten us, and look
 * for the word with which it asks for our end when no signal can be sent.
 */
static void beat(struct shim *s, double now)
{
    s->beat_at = now + RECORD_BEAT_S;
    (void)utimensat(s->folder, "claim", NULL, 0);
    if (s->stage == WATCHING && faccessat(s->folder, "stop", F_OK, 0) == 0)
        end_trial(s, END_ASKED, now);
}

static void watch(struct shim *s, const sigset_t *signals)
{
    double now = now_s(CLOCK_MONOTONIC);
    s->started = now;
    s->output = s->tuner = (struct pulse){.changed = now, .looked = now};
    while (reap(s)) {
        now = now_s(CLOCK_MONOTONIC);
        if (s->child_gone && s->stage == WATCHING) {
            s->stage = LINGERING;
            s->act_at = now + linger_s();
        }
        if (s->stage == KILLING && now >= s->give_up_at)
            break;
        if (s->in_job && now >= s->beat_at)
            beat(s, now);
        if (s->stage != WATCHING && now >= s->act_at)
            stage_over(s, now);
        double next = s->stage == WATCHING ? check_limits(s, now) : s->act_at;
        if (s->in_job)
            next = fmin(next, s->beat_at);
        double wait = fmin(fmax(next - now, 0.0), LONGEST_WAIT_S);
        struct timespec t = {.tv_sec = (time_t)wait};
        t.tv_nsec = (long)((wait - (double)t.tv_sec) * 1e9);
        /* Only one SIGTERM counts, and none after the trial's own end. */
        if (sigtimedwait(signals, NULL, &t) != SIGTERM || s->stage != WATCHING)
            continue;
        if (s->in_job || (reap(s) && !s->child_gone))
            end_trial(s, END_ASKED, now_s(CLOCK_MONOTONIC));
    }
    if (s->status.cause == END_BY_ITSELF)
        note_notice(s);
}

/* Deleted, moved, or on a disk that was taken away. */
static bool folder_is_gone(const struct shim *s)
{
    struct stat named, ours;
    if (stat(s->folder_path, &named) != 0)
        return errno == ENOENT;
    return fstat(s->folder, &ours) == 0 &&
           (named.st_ino != ours.st_ino || named.st_dev != ours.st_dev);
}

/*
 * The log reaches the disk before the record that says it is complete, and the record before we
 * go. A trial shorter than CHEAP_S costs less to repeat than to secure: should the power fail right
 * after it, its record is missing, or longer than its log, and it is lost. The end is told whatever
 * happens: while the disk is full we wait for space, and say so then. Where the folder is gone, or
 * its disk, there is nobody to tell.
 */
static void write_exit(struct shim *s)
{
    struct stat st;
    s->status.ended_at = now_ms();
    s->status.log_bytes = s->log >= 0 && fstat(s->log, &st) == 0 ? st.st_size : 0;
    bool durable = s->status.ended_at - s->status.started_at >= (int64_t)(CHEAP_S * 1e3);
    if (durable && s->log >= 0)
        (void)fdatasync(s->log); /* a failure is the disk's, and shows in the next write */
    while (!record_write(s->folder, "exit", s->id, &s->status, durable) && errno != ENOENT) {
        s->status.disk_full = s->status.disk_full || errno == ENOSPC || errno == EDQUOT;
        if (folder_is_gone(s))
            break;
        poll(NULL, 0, 1000);
    }
}

/* By number: not every C library has the call. */
static void close_from(unsigned first, unsigned flags)
{
    (void)syscall(SYS_close_range, first, ~0U, flags);
}

static bool make_folder(const struct shim *s, const char *name)
{
    return mkdirat(s->folder, name, 0700) == 0 || errno == EEXIST;
}

/* A trial that is over before anybody can look needs no file that says where it runs. */
static bool ends_at_once(const struct shim *s)
{
    sigset_t child;
    siginfo_t info = {0};
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    (void)sigtimedwait(&child, NULL, &(struct timespec){.tv_nsec = AT_ONCE_MS * 1000000L});
    return waitid(P_PID, (id_t)s->status.child_pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid != 0;
}

int main(int argc, char **argv)
{
    struct shim s = {.log = -1, .status = {.exit_code = -1}};
    sigset_t all, signals;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGCHLD);

    if (!read_arguments(&s, argc, argv))
        return EINVAL;
    /* Nothing of the tuner's stays open in the trial, and no terminal or pipe in us. */
    close_from(3 + s.n_slots, 0);
    close_from(3, CLOSE_ON_EXEC);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        return errno;
    s.folder = open(s.folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s.folder < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        return errno;

    record_identify(&s.status, s.boot_id, s.node);
    if (!record_claim(s.folder, s.id, &s.status))
        return errno == EEXIST ? 0 : errno; /* another shim runs it: well */

    s.status.started_at = now_ms();
    s.log = openat(s.folder, "log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (s.log < 0)
        snprintf(s.status.problem, sizeof s.status.problem, "open the log: %s", strerror(errno));
    else if (!make_folder(&s, "model") || !make_folder(&s, "output"))
        snprintf(s.status.problem, sizeof s.status.problem, "make the trial's folders: %s",
                 strerror(errno));
    if (s.status.problem[0] != '\0' || !start_child(&s)) {
        s.status.cause = END_NOT_STARTED;
    } else {
        /* For people and for `hone show`: all that a tuner must know is in the claim. */
        if (!ends_at_once(&s))
            (void)record_write(s.folder, "pid", s.id, &s.status, false);
        watch(&s, &signals);
    }
    write_exit(&s);
    return 0;
}
