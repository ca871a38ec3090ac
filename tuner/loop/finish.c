/*
 * finish.c: when a study ends, and why, in words.
 *
 *     condition           new trials   trials that run
 *     max_trials          none         finish
 *     no_improvement      none         finish: they may be the improvement
 *     expected_gain       none         finish
 *     target, cost, time  none         are ended: nothing that they could bring is wanted
 *     used-up space       none         finish; one that is cancelled gives its configuration back
 *     silent objective    none         are ended: the study can bring no result at all
 *
 * Where the best are to be confirmed, that follows the end of the search: but for cost and time,
 * which are spent, and silence.
 */
#include "loop/loop_int.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "io/time.h"
#include "report/study_view.h"

enum { LOW_GAINS = 3 };

int64_t finish_active_ms(const struct tuner *t)
{
    return t->active_before + (t->now - t->active_from);
}

double finish_cost(const struct tuner *t)
{
    struct ledger_terms terms = spec_terms(t->spec);
    int64_t running_ms[2] = {0}; /* on demand, spot */
    if (!t->spec->has_price)
        return 0;
    for (size_t i = 0; i < t->n_running; i++) {
        const struct attempt_row *a = &t->running[i]->attempt;
        running_ms[a->spot] += attempt_ms(a, t->now);
    }
    return ledger_spent(&t->ledger, &terms, running_ms[0], running_ms[1]);
}

int64_t finish_due_ms(const struct tuner *t)
{
    const struct spec *spec = t->spec;
    double rate = 0, left_ms = (double)INFINITY;
    for (size_t i = 0; i < t->n_running; i++) {
        const struct attempt_row *a = &t->running[i]->attempt;
        if (a->state == ATTEMPT_RUNNING)
            rate += a->spot ? spec->price_spot : spec->price_on_demand;
    }
    if (spec->stop_cost > 0 && rate > 0)
        left_ms = (spec->stop_cost - finish_cost(t)) / rate * 3.6e6;
    if (spec->stop_time_s > 0)
        left_ms = fmin(left_ms, spec->stop_time_s * 1000 - (double)finish_active_ms(t));
    return left_ms < 1e15 ? (int64_t)ceil(fmax(left_ms, 0)) : INT64_MAX;
}

/* No new trials from here. */
static void end_with(struct tuner *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void end_with(struct tuner *t, const char *fmt, ...)
{
    char text[500];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    t->ending = mem_text(text);
    if (!t->ending)
        t->changes.failed = true;
}

static void stop_running(struct tuner *t)
{
    char reason[600];
    cut_reason(reason, t->ending ? t->ending : "memory is out");
    for (size_t i = 0; i < t->n_running; i++)
        running_stop(t, t->running[i], CAUSE_STUDY, reason);
}

static bool target_reached(const struct tuner *t)
{
    if (!t->spec->has_target || t->best_trial < 0)
        return false;
    return t->spec->objectives[0].maximize ? t->best >= t->spec->stop_target
                                           : t->best <= t->spec->stop_target;
}

/* The first trials ended, and none of them, nor one that runs, has ever printed the objective. */
static bool is_silent(const struct tuner *t)
{
    int64_t first =
        t->spec->max_parallel < t->spec->max_trials ? t->spec->max_parallel : t->spec->max_trials;
    int64_t ended = -t->n_ended_before; /* the script may have been mended since */
    for (int s = HONE_TRIAL_COMPLETED; s <= HONE_TRIAL_CANCELLED; s++)
        ended += t->counts[s];
    return !t->heard && t->n_silent >= first && t->n_silent == ended;
}

static void consider_hard(struct tuner *t)
{
    char text[32];
    const struct spec *spec = t->spec;
    double cost = finish_cost(t);
    if (target_reached(t)) {
        struct buf b;
        buf_init(&b, 200);
        buf_double(&b, t->best);
        end_with(t, "target reached: trial %lld has %s", (long long)t->best_trial, b.data);
        t->yields = true;
        buf_release(&b);
    } else if (spec->stop_time_s > 0 && (double)finish_active_ms(t) >= spec->stop_time_s * 1000) {
        duration_text(spec->stop_time_s, text);
        end_with(t, "time: the study's %s are over", text);
    } else if (spec->stop_cost > 0 && cost >= spec->stop_cost) {
        int digits = spec->stop_cost < 0.095 ? 4 : 2;
        end_with(t, "cost: %.*f of %.*f %s are spent", digits, cost, digits, spec->stop_cost,
                 spec->currency ? spec->currency : "USD");
    } else if (is_silent(t)) {
        end_with(t,
                 "the first %s ended without a result: %s (hone check shows what the script "
                 "prints)",
                 t->n_silent == 1 ? "trial" : "trials", t->silent_reason);
        t->failing = true;
    } else {
        return;
    }
    stop_running(t);
}

/* The search expected little of each of its last few proposals: one alone may be a mistake. */
static bool gain_is_low(const struct tuner *t)
{
    return t->n_low_gain >= LOW_GAINS && t->best_trial >= 0;
}

void finish_note_gain(struct tuner *t)
{
    double gain = hone_expected_gain(t->opt);
    if (t->spec->stop_expected_gain <= 0 || isnan(gain))
        return;
    t->n_low_gain = gain < t->spec->stop_expected_gain ? t->n_low_gain + 1 : 0;
    t->gain = gain;
}

static void consider_soft(struct tuner *t)
{
    const struct spec *spec = t->spec;
    if (spec->stop_no_improvement > 0 && t->best_trial >= 0 &&
        t->since_best >= spec->stop_no_improvement)
        end_with(t, "no improvement in %lld trials since trial %lld", (long long)t->since_best,
                 (long long)t->last_better);
    else if (spec->stop_expected_gain > 0 && gain_is_low(t))
        end_with(t, "expected gain: one more trial promises %.2g%%, less than %.2g%%",
                 t->gain * 100, spec->stop_expected_gain * 100);
    t->yields = t->ending != NULL;
}

void finish_consider(struct tuner *t)
{
    if (t->ending || t->over)
        return;
    consider_hard(t);
    if (!t->ending)
        consider_soft(t);
}

/* Nothing runs and nothing may be started. */
static bool is_over(const struct tuner *t)
{
    if (t->stop == STOP_NOW) {
        for (size_t i = 0; i < t->n_running; i++) {
            const struct running *r = t->running[i];
            if (r->attempt.state != ATTEMPT_WAITING || r->launched || r->loaded || r->wants_stop)
                return false;
        }
        return true;
    }
    if (t->n_running)
        return false;
    if (t->stop == STOP_NEW || (t->ending && !t->yields))
        return true;
    return (t->ending || t->exhausted || !confirm_search_goes_on(t)) && !confirm_is_pending(t);
}

static void name_end(struct tuner *t)
{
    bool all = !confirm_search_goes_on(t) && !confirm_is_pending(t) && t->n_running == 0;
    if (t->ending)
        return;
    if (all && t->n_repeats > 0)
        end_with(t, "all %lld trials are done, %lld of them repeats of the best",
                 (long long)t->n_trials, (long long)t->n_repeats);
    else if (all)
        end_with(t, "%s%lld trial%s done", t->n_trials == 1 ? "" : "all ", (long long)t->n_trials,
                 t->n_trials == 1 ? " is" : "s are");
    else if (t->stop != STOP_NOT)
        end_with(t, "stopped by %s", t->stop_who ? t->stop_who : "a person");
    else
        end_with(t, "the search space is used up: every configuration was tried (%lld trials)",
                 (long long)t->n_trials);
    if (!all && t->stop != STOP_NOT)
        t->study.state = STUDY_STOPPED;
}

void finish_record(struct tuner *t)
{
    if (t->over || !is_over(t))
        return;
    t->study.state = STUDY_FINISHED;
    name_end(t);
    if (t->failing || (t->study.state == STUDY_FINISHED && t->best_trial < 0))
        t->study.state = STUDY_FAILED;
    if (t->study.state == STUDY_FAILED && !t->failing) {
        char text[600];
        snprintf(text, sizeof text, "%s, no trial %s", t->ending ? t->ending : "",
                 t->counts[HONE_TRIAL_COMPLETED] ? "keeps the constraints" : "has a result");
        mem_free(t->ending);
        t->ending = mem_text(text);
    }
    mem_free(t->study.reason);
    t->study.reason = text_dup(t->ending);
    t->study.wanted = false;
    t->study.ended_at = t->now;
    t->study.owner = (struct owner){0};
    t->study.lease_until = 0;
    changes_event(&t->changes, EVENT_ENDED, -1,
                  json_pack("{s:s, s:s}", "state", study_state_text(t->study.state), "reason",
                            t->ending ? t->ending : ""));
    t->changes.study = true;
    t->over = true;
}
