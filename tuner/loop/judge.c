/*
 * judge.c: what the end of an attempt means for its trial, and the words for it.
 *
 * Exit status first: not zero is a failure, whatever was printed before; zero without a value of
 * each objective is one too. What hone itself ended is what hone wanted it to be. Pure: nothing is
 * changed here.
 */
#include "loop/loop_int.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "io/process.h"
#include "io/time.h"

static void say(char out[400], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(char out[400], const char *fmt, ...)
{
    size_t len = strlen(out);
    va_list args;
    va_start(args, fmt);
    vsnprintf(out + len, 400 - len, fmt, args);
    va_end(args);
}

/* "; SIGTERM was ignored, ended by SIGKILL" or how long it took to go. */
static void say_how(char out[400], const struct attempt_status *s, double limit_s)
{
    double over_s =
        s->started_at && s->ended_at ? (double)(s->ended_at - s->started_at) / 1000 - limit_s : 0;
    char text[32];
    if (s->killed)
        say(out, "; SIGTERM was ignored, ended by SIGKILL");
    else if (limit_s > 0 && over_s >= 1) {
        duration_text(floor(over_s + 0.5), text);
        say(out, "; exited by itself %s after SIGTERM", text);
    }
}

/* "no objective value in 214 lines of log"; names the outcome where there are several. */
static void say_none(const struct tuner *t, const struct running *r, size_t i, char out[400])
{
    int64_t lines = metric_cursor_lines(r->cursor);
    if (lines == 0) {
        say(out, "no objective value: the script printed nothing");
        return;
    }
    say(out, "no %s", i < t->spec->n_objectives ? "objective value" : "value of the constraint");
    if (spec_outcomes(t->spec) > 1)
        say(out, " \"%s\"", spec_outcome(t->spec, i));
    say(out, " in %lld %s of log", (long long)lines, lines == 1 ? "line" : "lines");
}

/* Values of a trial that exited with 0; false and a reason when there is no usable result. */
static bool read_values(const struct tuner *t, const struct running *r, struct verdict *out)
{
    const struct spec *spec = t->spec;
    for (size_t i = 0; i < spec_outcomes(spec); i++) {
        const struct tally *tally = &r->tallies[i];
        bool is_objective = i < spec->n_objectives;
        if (tally->n == 0) {
            say_none(t, r, i, out->reason);
            out->silent = true;
            return false;
        }
        if (!isfinite(tally->last)) {
            say(out->reason, "%s was %s", is_objective ? "objective" : spec_outcome(spec, i),
                isnan(tally->last) ? "nan"
                : tally->last > 0  ? "inf"
                                   : "-inf");
            return false;
        }
        out->values[i] = is_objective && spec->objectives[i].use_best ? tally->best : tally->last;
    }
    return true;
}

static void judge_exit(const struct tuner *t, const struct running *r,
                       const struct attempt_status *s, struct verdict *out)
{
    out->attempt = ATTEMPT_FAILED;
    out->trial = HONE_TRIAL_FAILED;
    out->kind = RETRY_FAILED;
    if (s->disk_full) { /* whatever it says of itself: nobody knows what the log lacks */
        say(out->reason, "no space left on the disk of its folder");
    } else if (s->exit_signal) {
        const char *name = sigabbrev_np(s->exit_signal);
        say(out->reason, "signal %d (SIG%s)", s->exit_signal, name ? name : "?");
    } else if (s->exit_code != 0) {
        say(out->reason, "exit %d", s->exit_code);
    } else if (read_values(t, r, out)) {
        out->attempt = ATTEMPT_SUCCEEDED;
        out->trial = HONE_TRIAL_COMPLETED;
    }
}

/* Its machine was wanted back, with notice. */
static void judge_preempted(const char *who, struct verdict *out)
{
    out->attempt = ATTEMPT_PREEMPTED;
    out->kind = RETRY_PREEMPTED;
    say(out->reason, "preempted: notice %s", who);
}

static void judge_asked(const struct tuner *t, const struct running *r,
                        const struct attempt_status *s, struct verdict *out)
{
    out->attempt = ATTEMPT_CANCELLED;
    out->trial = HONE_TRIAL_CANCELLED;
    switch (r->stop) {
    case CAUSE_NONE:
        if (t->stop >= STOP_NOW) { /* the whole study was stopped: it goes on from here on resume */
            out->again = true;
            out->kind = RETRY_CANCELLED;
            say(out->reason, "ended with the study's stop");
        } else {
            judge_preempted("by SIGTERM from outside", out);
        }
        break;
    case CAUSE_PREEMPT:
        judge_preempted("by hone preempt", out);
        break;
    case CAUSE_EARLY:
    case CAUSE_STUDY:
        if (r->tallies[0].n_finite)
            out->trial = HONE_TRIAL_STOPPED;
        say(out->reason, "%s", r->stop_reason ? r->stop_reason : "ended on request");
        break;
    case CAUSE_REQUEST:
        say(out->reason, "%s", r->stop_reason ? r->stop_reason : "ended on request");
        break;
    }
    say_how(out->reason, s, 0);
}

/* The cluster ended it. What we had asked for ourselves is that, whatever the cluster calls it. */
static void judge_cluster(const struct tuner *t, const struct running *r,
                          const struct attempt_status *s, struct verdict *out)
{
    if (r->stop != CAUSE_NONE || t->stop >= STOP_NOW) {
        judge_asked(t, r, s, out);
        return;
    }
    if (s->cause == END_PREEMPTED) {
        out->attempt = ATTEMPT_PREEMPTED;
        out->trial = HONE_TRIAL_CANCELLED;
        out->kind = RETRY_PREEMPTED;
        say(out->reason, "preempted: %s", s->problem);
    } else {
        out->attempt = ATTEMPT_CANCELLED;
        out->trial = HONE_TRIAL_CANCELLED;
        say(out->reason, "cancelled by somebody else: %s", s->problem);
    }
    say_how(out->reason, s, 0);
}

static void judge_timeout(const struct tuner *t, const struct running *r,
                          const struct attempt_status *s, struct verdict *out)
{
    char limit[32];
    bool time = s->cause == END_TIME;
    double limit_s = time ? t->spec->trial_time_s : t->spec->silence_s;
    duration_text(limit_s, limit);
    out->attempt = ATTEMPT_TIMEOUT;
    out->trial = HONE_TRIAL_FAILED;
    out->kind = RETRY_TIMEOUT;
    if (t->spec->on_timeout == TIMEOUT_KEEP && read_values(t, r, out))
        out->trial = HONE_TRIAL_COMPLETED;
    out->reason[0] = '\0';
    out->silent = false;
    if (s->problem[0])
        say(out->reason, "time limit: %s", s->problem);
    else if (time)
        say(out->reason, "time limit %s", limit);
    else
        say(out->reason, "%ssilent for %s", s->was_stopped ? "stopped by SIGSTOP and " : "", limit);
    say_how(out->reason, s, time ? limit_s : 0);
}

static void judge_lost(const struct attempt_status *s, struct verdict *out)
{
    out->attempt = ATTEMPT_LOST;
    out->trial = HONE_TRIAL_CANCELLED;
    out->kind = RETRY_LOST;
    if (s->phase == PHASE_ABSENT)
        say(out->reason, "lost: its folder has vanished");
    else if (s->phase == PHASE_ENDED)
        say(out->reason, "lost: no tuner came back in time, and it was ended");
    else if (s->problem[0])
        say(out->reason, "lost: %s", s->problem);
    else if (s->boot_id[0] && strcmp(s->boot_id, process_boot_id()) != 0)
        say(out->reason, "lost: the machine was restarted");
    else
        say(out->reason, "lost: its supervisor was killed");
}

/* Whether the kind of end leaves the trial another attempt. */
static bool may_retry(const struct tuner *t, const struct running *r, enum retry_kind kind)
{
    int64_t most = 0;
    switch (kind) {
    case RETRY_CANCELLED:
        return true;
    case RETRY_PREEMPTED:
        most = t->spec->retry_preempted;
        break;
    case RETRY_LOST:
        most = t->spec->retry_lost;
        break;
    case RETRY_FAILED:
        most = t->spec->retry_failed;
        break;
    case RETRY_TIMEOUT:
        most = t->spec->retry_timeout;
        break;
    case N_RETRY_KINDS:
        break;
    }
    return r->retries[kind] < most;
}

static void judge_cause(const struct tuner *t, const struct running *r,
                        const struct attempt_status *s, struct verdict *out)
{
    char text[32];
    switch (s->cause) {
    case END_BY_ITSELF:
        judge_exit(t, r, s, out);
        break;
    case END_ASKED:
        judge_asked(t, r, s, out);
        break;
    case END_TIME:
    case END_SILENCE:
        judge_timeout(t, r, s, out);
        break;
    case END_MEMORY:
        bytes_text(t->spec->memory_bytes, text);
        out->attempt = ATTEMPT_FAILED;
        out->trial = HONE_TRIAL_FAILED;
        out->kind = RETRY_FAILED;
        if (s->problem[0])
            say(out->reason, "out of memory: %s", s->problem);
        else
            say(out->reason, "out of memory: over its limit of %s", text);
        break;
    case END_ORPHAN:
        judge_lost(s, out);
        break;
    case END_PREEMPTED:
    case END_CANCELLED:
        judge_cluster(t, r, s, out);
        break;
    case END_NOT_STARTED:
        out->attempt = ATTEMPT_FAILED;
        out->trial = HONE_TRIAL_FAILED;
        out->kind = RETRY_FAILED;
        out->silent = true;
        say(out->reason, "could not be started: %s",
            s->problem[0] ? s->problem : "no reason was given");
        break;
    }
}

void judge_end(const struct tuner *t, const struct running *r, const struct attempt_status *s,
               struct verdict *out)
{
    *out = (struct verdict){0};
    if (s->phase == PHASE_ENDED)
        judge_cause(t, r, s, out);
    else
        judge_lost(s, out);

    /* A trial that somebody wants ended is not tried again, whatever ended it. */
    bool bad = out->trial == HONE_TRIAL_FAILED || out->attempt == ATTEMPT_LOST ||
               out->attempt == ATTEMPT_PREEMPTED;
    if (bad && (r->stop == CAUSE_NONE || r->stop == CAUSE_PREEMPT))
        out->again = may_retry(t, r, out->kind);
    else if (out->attempt == ATTEMPT_LOST && r->stop == CAUSE_EARLY && r->tallies[0].n_finite)
        out->trial = HONE_TRIAL_STOPPED;

    if (s->stragglers > 0)
        say(out->note, "%lld %s left behind and %s ended", (long long)s->stragglers,
            s->stragglers == 1 ? "process was" : "processes were",
            s->stragglers == 1 ? "was" : "were");
    const char *const *warnings = NULL;
    size_t n = metric_cursor_warnings(r->cursor, &warnings);
    for (size_t i = 0; i < n; i++)
        say(out->note, "%s%s", out->note[0] ? "; " : "", warnings[i]);
}
