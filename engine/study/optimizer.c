/*
 * optimizer.c: the state of a study: which trials there are, what is known of them, and what the
 * search may see.
 *
 * Failed means unchanged: each function checks, then allocates, then commits, and what commits
 * cannot fail. Bookkeeping is O(1) for a tell and O(log n) for a report or a cancellation; an ask
 * costs what the algorithm costs.
 */
#include "study/optimizer.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/error.h"

/* A memo holds model parameters and a few configurations. */
#define MAX_MEMO ((size_t)16 << 20)

static const char *const state_names[] = {"running", "completed", "stopped", "failed", "cancelled"};

static hone_status check_options(const hone_space *space, const hone_options *options,
                                 hone_error *err)
{
    if (space->n == 0)
        return error_set(err, HONE_EINVAL, "the space has no parameter");
    if (options->seed > INT64_MAX)
        return error_set(err, HONE_EINVAL, "seed must be in [0, 2^63 - 1], got %llu",
                         (unsigned long long)options->seed);
    if (options->n_objectives > HONE_MAX_OBJECTIVES)
        return error_set(err, HONE_EINVAL, "there can be 1 to %d objectives, got %zu",
                         HONE_MAX_OBJECTIVES, options->n_objectives);
    if (options->n_constraints > HONE_MAX_CONSTRAINTS)
        return error_set(err, HONE_EINVAL, "there can be 0 to %d constraints, got %zu",
                         HONE_MAX_CONSTRAINTS, options->n_constraints);
    for (size_t i = 0; i < options->n_constraints; i++)
        if (!isfinite(options->constraints[i].limit))
            return error_set(err, HONE_EINVAL, "constraint %zu: the limit must be finite, got %g",
                             i + 1, options->constraints[i].limit);
    size_t m = options->n_objectives > 0 ? options->n_objectives : 1;
    for (size_t i = 0; options->has_reference && i < m; i++)
        if (!isfinite(options->reference[i]))
            return error_set(err, HONE_EINVAL,
                             "objective %zu: the reference must be finite, got %g", i + 1,
                             options->reference[i]);
    return HONE_OK;
}

static hone_status choose(const hone_options *options, const struct search_algorithm **algorithm,
                          const struct stop_rule **rule, hone_error *err)
{
    struct buf names;
    buf_init(&names, 400);
    hone_status status = HONE_OK;
    *algorithm = search_find(options->strategy);
    *rule = stop_find(options->stopping);
    if (*algorithm == NULL) {
        search_names(&names);
        status = error_set(err, HONE_EINVAL, "unknown strategy \"%.60s\"; there are %s",
                           options->strategy, names.data);
    } else if (*rule == NULL) {
        stop_names(&names);
        status = error_set(err, HONE_EINVAL, "unknown stopping rule \"%.60s\"; there are auto, %s",
                           options->stopping, names.data);
    } else if ((*algorithm)->stopping != NULL) {
        const char *own = (*algorithm)->stopping;
        if (*rule != stop_find(NULL) && *rule != stop_find(own))
            status = error_set(err, HONE_EINVAL,
                               "the strategy \"%s\" has its own stopping rule \"%s\", not \"%s\"",
                               (*algorithm)->name, own, (*rule)->name);
        *rule = stop_find(own);
    }
    buf_release(&names);
    return status;
}

/* A study whose `where` nothing satisfies is a mistake that is better told now. */
static hone_status check_where(struct hone_optimizer *opt, hone_error *err)
{
    if (opt->space->n_where == 0)
        return HONE_OK;
    double *row = arena_array(&opt->scratch, opt->space->n, sizeof *row);
    if (row == NULL)
        return error_memory(err);
    struct rng rng;
    rng_init(&rng, opt->options.seed, RNG_RANDOM, 0);
    struct search_view view = optimizer_view(opt);
    hone_status status = search_random_new(&view, &rng, row, err);
    return status == HONE_EEXHAUSTED
               ? error_set(err, HONE_EINVAL, "no configuration that satisfies `where` was found")
               : status;
}

hone_optimizer *hone_optimizer_new(const hone_space *space, const hone_options *options,
                                   hone_error *err)
{
    static const hone_options defaults = {0};
    if (options == NULL)
        options = &defaults;
    const struct search_algorithm *algorithm;
    const struct stop_rule *rule;
    if (check_options(space, options, err) != HONE_OK ||
        choose(options, &algorithm, &rule, err) != HONE_OK ||
        stop_check(rule, options, err) != HONE_OK)
        return NULL;

    hone_optimizer *opt = mem_array(1, sizeof *opt);
    if (opt == NULL) {
        error_memory(err);
        return NULL;
    }
    buf_init(&opt->memo, MAX_MEMO);
    opt->algorithm = algorithm;
    opt->rule = rule;
    opt->options = *options;
    opt->options.strategy = algorithm->name; /* the caller's texts are not kept */
    opt->options.stopping = rule->name;
    if (opt->options.n_objectives == 0)
        opt->options.n_objectives = 1;
    if (opt->options.parallel == 0)
        opt->options.parallel = 1;
    opt->space = space_dup(space);
    if (opt->space == NULL) {
        error_memory(err);
        hone_optimizer_free(opt);
        return NULL;
    }
    seen_init(&opt->seen, opt->space);
    if ((algorithm->check != NULL && algorithm->check(opt->space, &opt->options, err) != HONE_OK) ||
        check_where(opt, err) != HONE_OK || queue_defaults(opt, err) != HONE_OK) {
        hone_optimizer_free(opt);
        return NULL;
    }
    return opt;
}

void hone_optimizer_free(hone_optimizer *opt)
{
    if (opt == NULL)
        return;
    queue_release(opt);
    transfer_release(opt);
    for (size_t i = 0; i < opt->n_trials; i++)
        trial_free(opt->trials[i]);
    mem_free(opt->trials);
    mem_free(opt->view);
    mem_free(opt->front.trials);
    seen_release(&opt->seen);
    buf_release(&opt->memo);
    arena_release(&opt->scratch);
    hone_space_free(opt->space);
    mem_free(opt);
}

struct search_view optimizer_view(struct hone_optimizer *opt)
{
    return (struct search_view){.space = opt->space,
                                .options = &opt->options,
                                .trials = opt->view,
                                .n_trials = opt->n_view,
                                .next_id = opt->n_trials,
                                .scratch = &opt->scratch,
                                .seen = &opt->seen,
                                .parents = opt->parents,
                                .n_parents = opt->n_parents};
}

/* The place of a trial in the view, or where it belongs. */
static size_t view_place(const struct hone_optimizer *opt, uint64_t id)
{
    size_t low = 0, high = opt->n_view;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (opt->view[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Show the search what has become of a trial. */
static void view_update(struct hone_optimizer *opt, const struct hone_trial *trial)
{
    size_t at = view_place(opt, trial->id);
    bool shown = at < opt->n_view && opt->view[at].id == trial->id;
    if (trial->state == HONE_TRIAL_CANCELLED) {
        if (!shown)
            return;
        seen_remove(&opt->seen, trial->row);
        opt->n_view--;
        memmove(&opt->view[at], &opt->view[at + 1], (opt->n_view - at) * sizeof *opt->view);
        return;
    }
    if (!shown) {
        memmove(&opt->view[at + 1], &opt->view[at], (opt->n_view - at) * sizeof *opt->view);
        opt->n_view++;
        seen_add(&opt->seen, trial->row);
    }
    size_t m = opt->options.n_objectives;
    opt->view[at] = (struct search_trial){
        .id = trial->id,
        .state = trial->state,
        .row = trial->row,
        .values = trial->n_values > 0 ? trial->minimised : NULL,
        .violations = trial->n_values > m ? trial->minimised + m : NULL,
        .series = trial->series,
    };
}

static hone_status reserve_trial(struct hone_optimizer *opt, hone_error *err)
{
    if (!seen_reserve(&opt->seen, opt->n_trials + 1))
        return error_memory(err);
    if (opt->n_trials < opt->room)
        return HONE_OK;
    size_t room = opt->room > 0 ? 2 * opt->room : 16;
    struct hone_trial **trials = mem_resize(opt->trials, room, sizeof(struct hone_trial *));
    if (trials == NULL)
        return error_memory(err);
    opt->trials = trials;
    struct search_trial *view = mem_resize(opt->view, room, sizeof *view);
    if (view == NULL)
        return error_memory(err);
    opt->view = view;
    const struct hone_trial **front = mem_resize(opt->front.trials, room, sizeof *front);
    if (front == NULL)
        return error_memory(err);
    opt->front.trials = front;
    opt->room = room;
    return HONE_OK;
}

/* Commit a trial for which room was made. */
static void append_trial(struct hone_optimizer *opt, struct hone_trial *trial)
{
    trial->id = opt->n_trials;
    opt->trials[opt->n_trials++] = trial;
    view_update(opt, trial);
}

/* By how much a value breaks a constraint; finite, and <= 0 where it keeps it. */
static double violation(hone_constraint constraint, double value)
{
    double over = constraint.at_least ? constraint.limit - value : value - constraint.limit;
    return fmin(DBL_MAX, fmax(-DBL_MAX, over));
}

static void set_values(struct hone_optimizer *opt, struct hone_trial *trial, const double *values)
{
    const hone_options *options = &opt->options;
    size_t m = options->n_objectives;
    trial->state = HONE_TRIAL_COMPLETED;
    trial->n_values = m + options->n_constraints;
    trial->feasible = true;
    memcpy(trial->values, values, trial->n_values * sizeof *values);
    for (size_t i = 0; i < m; i++)
        trial->minimised[i] = options->maximize[i] ? -values[i] : values[i];
    for (size_t i = m; i < trial->n_values; i++) {
        trial->minimised[i] = violation(options->constraints[i - m], values[i]);
        trial->feasible &= trial->minimised[i] <= 0.0;
    }
    front_add(&opt->front, trial, m);
}

const hone_trial *hone_ask(hone_optimizer *opt, hone_error *err)
{
    struct hone_trial *trial = NULL;
    struct buf memo, why;
    buf_init(&memo, MAX_MEMO);
    buf_init(&why, 400);
    size_t used = 0;
    const struct queued *given = NULL;
    hone_status status = HONE_OK;

    arena_reset(&opt->scratch);
    double *row = arena_array(&opt->scratch, opt->space->n, sizeof *row);
    buf_add(&memo, opt->memo.data, opt->memo.len);
    if (row == NULL || memo.failed) {
        error_memory(err);
        goto out;
    }
    if (opt->n_queued > 0)
        status = queue_propose(opt, &memo, row, &why, &used, &given, err);
    if (status == HONE_OK && given == NULL) {
        buf_clear(&memo); /* an entry that was passed over has left no trace */
        buf_add(&memo, opt->memo.data, opt->memo.len);
        buf_clear(&why);
        struct search_view view = optimizer_view(opt);
        status = opt->algorithm->propose(&view, &memo, row, &why, err);
    }
    if (status != HONE_OK)
        goto out;
    if (memo.failed || why.failed) {
        error_memory(err);
        goto out;
    }
    if (reserve_trial(opt, err) != HONE_OK)
        goto out;
    trial = trial_new(opt, row, given != NULL ? given->settings : NULL,
                      given != NULL ? given->n : 0, why.data, err);
    if (trial == NULL)
        goto out;

    append_trial(opt, trial);
    queue_drop(opt, used);
    struct buf last = opt->memo;
    opt->memo = memo;
    memo = last;
out:
    buf_release(&why);
    buf_release(&memo);
    return trial;
}

double hone_expected_gain(const hone_optimizer *opt)
{
    return opt->algorithm->expected_gain != NULL
               ? opt->algorithm->expected_gain(opt->memo.data, opt->memo.len)
               : (double)NAN;
}

/* The trial, or NULL with the reason in *status. */
static struct hone_trial *find_trial(hone_optimizer *opt, uint64_t id, hone_status *status,
                                     hone_error *err)
{
    if (id < opt->n_trials)
        return opt->trials[id];
    *status = error_set(err, HONE_ENOTFOUND, "there is no trial %llu", (unsigned long long)id);
    return NULL;
}

static struct hone_trial *find_running(hone_optimizer *opt, uint64_t id, hone_status *status,
                                       hone_error *err)
{
    struct hone_trial *trial = find_trial(opt, id, status, err);
    if (trial == NULL || trial->state == HONE_TRIAL_RUNNING)
        return trial;
    *status = error_set(err, HONE_ESTATE, "trial %llu is %s, not running", (unsigned long long)id,
                        state_names[trial->state]);
    return NULL;
}

static hone_status check_count(const hone_optimizer *opt, size_t n, hone_error *err)
{
    size_t m = opt->options.n_objectives, k = opt->options.n_constraints;
    if (n == m + k)
        return HONE_OK;
    if (k == 0)
        return error_set(err, HONE_EINVAL, "there are %zu objectives, got %zu values", m, n);
    return error_set(err, HONE_EINVAL,
                     "there are %zu objectives and %zu constraints, got %zu values", m, k, n);
}

static bool all_finite(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

static void drop_reason(struct hone_trial *trial)
{
    mem_free(trial->reason);
    trial->reason = NULL;
}

hone_status hone_tell(hone_optimizer *opt, uint64_t trial_id, const double *values, size_t n,
                      hone_error *err)
{
    hone_status status = check_count(opt, n, err);
    if (status != HONE_OK)
        return status;
    struct hone_trial *trial = find_running(opt, trial_id, &status, err);
    if (trial == NULL)
        return status;
    drop_reason(trial);
    if (all_finite(values, n))
        set_values(opt, trial, values);
    else
        trial->state = HONE_TRIAL_FAILED;
    view_update(opt, trial);
    return HONE_OK;
}

static hone_status end_without_values(hone_optimizer *opt, uint64_t trial_id,
                                      hone_trial_state state, hone_error *err)
{
    hone_status status = HONE_OK;
    struct hone_trial *trial = find_running(opt, trial_id, &status, err);
    if (trial == NULL)
        return status;
    if (state != HONE_TRIAL_STOPPED)
        drop_reason(trial);
    trial->state = state;
    view_update(opt, trial);
    return HONE_OK;
}

hone_status hone_tell_failed(hone_optimizer *opt, uint64_t trial_id, hone_error *err)
{
    return end_without_values(opt, trial_id, HONE_TRIAL_FAILED, err);
}

hone_status hone_tell_cancelled(hone_optimizer *opt, uint64_t trial_id, hone_error *err)
{
    return end_without_values(opt, trial_id, HONE_TRIAL_CANCELLED, err);
}

hone_status hone_tell_stopped(hone_optimizer *opt, uint64_t trial_id, hone_error *err)
{
    return end_without_values(opt, trial_id, HONE_TRIAL_STOPPED, err);
}

hone_status hone_reopen(hone_optimizer *opt, uint64_t trial_id, hone_error *err)
{
    hone_status status = HONE_OK;
    struct hone_trial *trial = find_trial(opt, trial_id, &status, err);
    if (trial == NULL)
        return status;
    if (trial->state != HONE_TRIAL_CANCELLED && trial->state != HONE_TRIAL_FAILED)
        return error_set(err, HONE_ESTATE, "trial %llu is %s, neither cancelled nor failed",
                         (unsigned long long)trial_id, state_names[trial->state]);
    if (trial->n_settings == 0)
        return error_set(err, HONE_ESTATE, "trial %llu was skipped and has no settings",
                         (unsigned long long)trial_id);
    trial->state = HONE_TRIAL_RUNNING;
    view_update(opt, trial);
    return HONE_OK;
}

/* Ask the rule about a trial that has just reported. Without memory it goes on: not to stop is
 * always allowed. */
static void judge(hone_optimizer *opt, struct hone_trial *trial, double step)
{
    struct buf reason;
    buf_init(&reason, 400);
    arena_reset(&opt->scratch);
    struct search_view view = optimizer_view(opt);
    const struct hone_trial *best = hone_best(opt);
    if (stop_judge(opt->rule, &view, view_place(opt, trial->id), step,
                   best != NULL ? best->minimised : NULL, &reason))
        trial->reason = buf_take(&reason);
    buf_release(&reason);
}

hone_status hone_report(hone_optimizer *opt, uint64_t trial_id, double step, double value,
                        bool *stop_out, hone_error *err)
{
    return hone_report_objective(opt, trial_id, 0, step, value, stop_out, err);
}

hone_status hone_report_objective(hone_optimizer *opt, uint64_t trial_id, size_t objective,
                                  double step, double value, bool *stop_out, hone_error *err)
{
    hone_status status = HONE_OK;
    struct hone_trial *trial = find_running(opt, trial_id, &status, err);
    if (trial == NULL)
        return status;
    if (objective >= opt->options.n_objectives)
        return error_set(err, HONE_EINVAL, "there are %zu objectives, got number %zu",
                         opt->options.n_objectives, objective);
    if (!(step >= 0.0) || !isfinite(step))
        return error_set(err, HONE_EINVAL, "a step must be 0 or more, got %g", step);
    if (isfinite(value)) {
        status = series_add(&trial->series[objective], step,
                            opt->options.maximize[objective] ? -value : value, err);
        if (status != HONE_OK)
            return status;
        view_update(opt, trial);
        if (stop_out != NULL && trial->reason == NULL)
            judge(opt, trial, step);
    }
    if (stop_out != NULL)
        *stop_out = trial->reason != NULL;
    return HONE_OK;
}

hone_status hone_add(hone_optimizer *opt, const hone_setting *settings, size_t n_settings,
                     const double *values, size_t n, uint64_t *id_out, hone_error *err)
{
    hone_status status = values != NULL ? check_count(opt, n, err) : HONE_OK;
    if (status != HONE_OK)
        return status;
    arena_reset(&opt->scratch);
    double *row = arena_array(&opt->scratch, opt->space->n, sizeof *row);
    if (row == NULL)
        return error_memory(err);
    status = space_row_of(opt->space, settings, n_settings, row, err);
    if (status == HONE_OK)
        status = reserve_trial(opt, err);
    if (status != HONE_OK)
        return status;
    struct hone_trial *trial = trial_new(opt, row, settings, n_settings, "added", err);
    if (trial == NULL)
        return HONE_ENOMEM;
    trial->state = HONE_TRIAL_FAILED;
    if (values != NULL && all_finite(values, n))
        set_values(opt, trial, values);
    append_trial(opt, trial);
    if (id_out != NULL)
        *id_out = trial->id;
    return HONE_OK;
}

hone_status hone_skip(hone_optimizer *opt, uint64_t *id_out, hone_error *err)
{
    if (reserve_trial(opt, err) != HONE_OK)
        return HONE_ENOMEM;
    struct hone_trial *trial = trial_new_skipped(opt, err);
    if (trial == NULL)
        return HONE_ENOMEM;
    append_trial(opt, trial);
    if (id_out != NULL)
        *id_out = trial->id;
    return HONE_OK;
}

const hone_trial *hone_find(const hone_optimizer *opt, uint64_t trial_id)
{
    return trial_id < opt->n_trials ? opt->trials[trial_id] : NULL;
}

const void *hone_memo(const hone_optimizer *opt, size_t *size_out)
{
    *size_out = opt->memo.len;
    return opt->memo.data;
}

hone_status hone_restore(hone_optimizer *opt, const hone_setting *settings, size_t n_settings,
                         const char *why, const void *memo, size_t memo_size, uint64_t *id_out,
                         hone_error *err)
{
    arena_reset(&opt->scratch);
    double *row = arena_array(&opt->scratch, opt->space->n, sizeof *row);
    if (row == NULL)
        return error_memory(err);
    hone_status status = space_row_of(opt->space, settings, n_settings, row, err);
    if (status == HONE_OK && memo_size > MAX_MEMO)
        status = error_set(err, HONE_EINVAL, "a memo has at most %zu bytes", MAX_MEMO);
    if (status == HONE_OK)
        status = reserve_trial(opt, err);
    if (status != HONE_OK)
        return status;
    struct buf kept;
    buf_init(&kept, MAX_MEMO);
    buf_add(&kept, memo, memo_size);
    struct hone_trial *trial =
        trial_new(opt, row, settings, n_settings, why != NULL ? why : "", err);
    if (trial == NULL || kept.failed) {
        trial_free(trial);
        buf_release(&kept);
        return error_memory(err);
    }
    append_trial(opt, trial);
    queue_replay(opt, trial->why, settings, n_settings);
    buf_release(&opt->memo);
    opt->memo = kept;
    if (id_out != NULL)
        *id_out = trial->id;
    return HONE_OK;
}
