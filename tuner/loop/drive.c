/*
 * drive.c: pass after pass, asleep in between.
 *
 * What wakes us: a shim that has gone (its pidfd), a signal (through a pipe, so that handlers do
 * nothing but write a byte), a server that tells of a request, and the clock: logs are read four to
 * ten times a second, requests and the lease are seen to each second. With nothing but long, silent
 * trials that is four wake-ups a second.
 */
#include "loop/loop_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "io/file.h"
#include "io/time.h"
#include "report/live.h"

enum {
    QUICK_MS = 100, /* between two looks at logs that grow */
    SLOW_MS = 250,  /* ... that don't */
    DRAW_MS = 200   /* between two pictures */
};

/* The one thing that a signal handler can reach; -1 outside of tuner_drive(). */
static volatile int signal_pipe = -1;

static void on_signal(int number)
{
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    if (signal_pipe >= 0) {
        /* A full pipe holds more wake-ups than anybody needs. */
        ssize_t ignored = write(signal_pipe, &byte, 1);
        (void)ignored;
    }
    errno = saved;
}

static const int handled[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGWINCH};
enum { N_HANDLED = sizeof handled / sizeof handled[0] };

struct signals {
    int read_end, write_end;
    struct sigaction before[N_HANDLED];
};

static hone_status signals_begin(struct signals *s, hone_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return error_errno(err, HONE_EIO, "make a pipe");
    s->read_end = ends[0];
    s->write_end = signal_pipe = ends[1];
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < N_HANDLED; i++) {
        sigaction(handled[i], NULL, &s->before[i]);
        /* nohup and background shells have their reasons to ignore these. */
        bool ignored =
            s->before[i].sa_handler == SIG_IGN && (handled[i] == SIGHUP || handled[i] == SIGINT);
        if (!ignored)
            sigaction(handled[i], &action, NULL);
    }
    return HONE_OK;
}

static void signals_end(struct signals *s)
{
    for (size_t i = 0; i < N_HANDLED; i++)
        sigaction(handled[i], &s->before[i], NULL);
    signal_pipe = -1;
    close(s->read_end);
    close(s->write_end);
}

struct drive {
    struct tuner *t;
    struct live *live;
    struct signals signals;
    bool interrupted;
    struct pollfd *fds;
    size_t cap;
    int64_t drawn_at;
};

static void on_interrupt(struct drive *d)
{
    enum stop_level level = d->t->stop;
    d->interrupted = true;
    tuner_stop(d->t, level < STOP_LEAVE ? level + 1 : STOP_LEAVE, "Ctrl-C");
}

/* The terminal has gone, the study goes on; what it says goes to a file. */
static void leave_terminal(struct drive *d)
{
    char *log = path_join(d->t->folder, "tuner.log");
    int fd = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    live_end(d->live);
    if (fd >= 0) {
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        close(fd);
    }
    mem_free(log);
}

static void take_signals(struct drive *d)
{
    unsigned char bytes[64];
    ssize_t n;
    while ((n = read(d->signals.read_end, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            switch (bytes[i]) {
            case SIGINT:
                on_interrupt(d);
                break;
            case SIGTERM:
                d->interrupted = true;
                tuner_stop(d->t, STOP_LEAVE, "SIGTERM");
                break;
            case SIGHUP:
                leave_terminal(d);
                break;
            case SIGUSR1:
                d->t->requests_at = 0;
                d->t->more = true;
                break;
            case SIGWINCH:
                live_resized(d->live);
                d->drawn_at = 0;
                break;
            default:
                break;
            }
        }
    }
}

/* ---- Showing ---- */

static void show(struct drive *d)
{
    struct tuner *t = d->t;
    struct live_view view;
    int64_t now = time_monotonic_ms();
    bool block = live_has_block(d->live);
    if (!d->live)
        return;
    if (t->warning[0])
        live_note(d->live, t->warning);
    if (t->n_ended || (block && (now - d->drawn_at >= DRAW_MS || t->warning[0] || t->over))) {
        tuner_view(t, &view);
        for (size_t i = 0; i < t->n_ended; i++)
            live_trial_ended(d->live, &view, &t->ended[i]);
        if (block && (now - d->drawn_at >= DRAW_MS || t->warning[0] || t->over)) {
            live_draw(d->live, &view);
            d->drawn_at = now;
        }
    }
    t->warning[0] = '\0';
}

/* ---- Sleeping ---- */

static int wait_ms(const struct drive *d)
{
    const struct tuner *t = d->t;
    bool coming = false;
    if (t->away_at)
        return QUICK_MS;
    int64_t due_ms = tuner_due_ms(t);
    if (due_ms <= 0)
        return t->more ? 0 : 1;
    for (size_t i = 0; i < t->n_running; i++) {
        const struct running *r = t->running[i];
        /* With a watch its end wakes us, so that only its coming up is waited for. */
        coming = coming || (r->attempt.state == ATTEMPT_WAITING && r->launched);
    }
    int ms = t->n_new_values ? QUICK_MS : SLOW_MS;
    if (coming && ms > COMING_MS)
        ms = COMING_MS;
    return due_ms < ms ? (int)due_ms : ms; /* a limit is met, not passed */
}

static hone_status sleep_until_needed(struct drive *d, hone_error *err)
{
    struct tuner *t = d->t;
    size_t n = 2;
    if (d->cap < t->n_running + 2) {
        size_t cap = t->n_running * 2 + 8;
        struct pollfd *fds = mem_resize(d->fds, cap, sizeof *fds);
        if (!fds)
            return error_memory(err);
        d->fds = fds;
        d->cap = cap;
    }
    d->fds[0] = (struct pollfd){.fd = d->signals.read_end, .events = POLLIN};
    d->fds[1] = (struct pollfd){.fd = t->away_at ? -1 : store_ear(t->store), .events = POLLIN};
    for (size_t i = 0; i < t->n_running; i++) /* poll() passes over -1 and over what has gone */
        d->fds[n++] = (struct pollfd){.fd = t->running[i]->gone ? -1 : t->running[i]->watch,
                                      .events = POLLIN};
    int ready = poll(d->fds, n, wait_ms(d));
    if (ready < 0 && errno != EINTR)
        return error_errno(err, HONE_EIO, "wait for trials");
    for (size_t i = 0; ready > 0 && i < t->n_running; i++)
        if (d->fds[i + 2].revents)
            t->running[i]->gone = true;
    take_signals(d);
    return HONE_OK;
}

enum drive_end tuner_drive(struct tuner *t, struct live *live, bool *interrupted, hone_error *err)
{
    struct drive d = {.t = t, .live = live};
    enum drive_end end = DRIVE_FAILED;
    hone_status status = signals_begin(&d.signals, err);
    if (status)
        return DRIVE_FAILED;
    t->wants_ranks = live_has_block(live);
    while (!status) {
        if (t->stop == STOP_LEAVE) {
            end = DRIVE_LEFT;
            break;
        }
        status = tuner_pass(t, err);
        if (status)
            break;
        show(&d);
        if (tuner_is_over(t)) {
            end = DRIVE_OVER;
            break;
        }
        status = sleep_until_needed(&d, err);
    }
    live_end(live);
    signals_end(&d.signals);
    mem_free(d.fds);
    *interrupted = d.interrupted;
    return end;
}
