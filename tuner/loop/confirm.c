/*
 * confirm.c: the best configurations are run again, with new seeds.
 *
 * The best of many noisy trials is partly the luckiest. When the search is done and nothing runs, a
 * CONFIRM event says which trials are run again; then each of them is asked for `repeats` times,
 * taking turns, as a trial of its own: same settings, another number, and so another HONE_SEED. The
 * repeats are the last of max_trials, which the search leaves to them.
 *
 * A repeat is no proposal: it enters the search's memory as a played-back ask does, with the memo
 * as it was. It is told like any trial, so a search that goes on later learns the noise from it;
 * but it is neither the best trial nor an improvement, and no rule stops it early.
 *
 * A later round, after more trials of the search or with larger numbers, adds to what was repeated
 * before.
 */
#include "loop/loop_int.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "io/json.h"

static bool is_on(const struct tuner *t)
{
    return t->spec->confirm_top > 0;
}

static int64_t n_search(const struct tuner *t)
{
    return t->n_trials - t->n_repeats;
}

/* Repeats that are planned and not yet asked for. */
static int64_t n_left(const struct tuner *t)
{
    int64_t left = 0, room = t->spec->max_trials - t->n_trials;
    for (size_t i = 0; i < t->plan.n; i++)
        if (t->plan.items[i].wanted > t->plan.items[i].asked)
            left += t->plan.items[i].wanted - t->plan.items[i].asked;
    return left < room ? left : room > 0 ? room : 0;
}

/* Whether there is something new since the last plan. */
static bool is_due(const struct tuner *t)
{
    const struct repeat_plan *p = &t->plan;
    return t->best_trial >= 0 && t->n_trials < t->spec->max_trials &&
           (n_search(t) > p->n_search || t->spec->confirm_top > p->top ||
            t->spec->confirm_repeats > p->repeats);
}

bool confirm_search_goes_on(const struct tuner *t)
{
    if (!is_on(t))
        return t->n_trials < t->spec->max_trials;
    int64_t kept = t->spec->confirm_top * t->spec->confirm_repeats;
    return !t->plan.is_made && n_search(t) + t->plan.repeats_before + kept < t->spec->max_trials;
}

bool confirm_is_pending(const struct tuner *t)
{
    return is_on(t) && (n_left(t) > 0 || (!t->plan.is_made && is_due(t)));
}

/* ---- The plan ---- */

static struct repeated *find(struct repeat_plan *plan, int64_t trial)
{
    for (size_t i = 0; i < plan->n; i++)
        if (plan->items[i].trial == trial)
            return &plan->items[i];
    return NULL;
}

static struct repeated *find_or_add(struct repeat_plan *plan, int64_t trial)
{
    struct repeated *item = find(plan, trial);
    if (item)
        return item;
    if (plan->n == plan->cap) {
        size_t cap = plan->cap ? 2 * plan->cap : 8;
        struct repeated *items = mem_resize(plan->items, cap, sizeof *items);
        if (!items)
            return NULL;
        plan->items = items;
        plan->cap = cap;
    }
    plan->items[plan->n] = (struct repeated){.trial = trial};
    return &plan->items[plan->n++];
}

hone_status confirm_play(struct tuner *t, const json_t *body, hone_error *err)
{
    struct repeat_plan *plan = &t->plan;
    const json_t *list = json_object_get(body, "trials");
    plan->top = json_integer_value(json_object_get(body, "top"));
    plan->repeats = json_integer_value(json_object_get(body, "repeats"));
    plan->n_search = n_search(t);
    plan->repeats_before = t->n_repeats;
    for (size_t i = 0; i < plan->n; i++)
        plan->items[i].wanted = plan->items[i].asked;
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct repeated *item = find_or_add(plan, json_integer_value(json_array_get(list, i)));
        if (!item)
            return error_memory(err);
        item->wanted = plan->repeats;
    }
    return HONE_OK;
}

void confirm_count(struct tuner *t, int64_t repeat_of)
{
    struct repeated *item = find(&t->plan, repeat_of);
    t->n_repeats++;
    if (item)
        item->asked++;
}

void confirm_begin(struct tuner *t)
{
    t->plan.is_made = is_on(t) && n_left(t) > 0;
    if (!t->plan.is_made)
        t->plan.repeats_before = t->n_repeats;
}

static bool same_settings(const hone_trial *a, const hone_trial *b)
{
    size_t n, m;
    const hone_setting *x = hone_trial_settings(a, &n), *y = hone_trial_settings(b, &m);
    if (n != m)
        return false;
    for (size_t i = 0; i < n; i++) {
        const hone_value *v = &x[i].value, *w = &y[i].value;
        if (strcmp(x[i].name, y[i].name) != 0 || v->kind != w->kind ||
            (v->kind == HONE_VALUE_NUMBER ? v->number != w->number : strcmp(v->text, w->text) != 0))
            return false;
    }
    return true;
}

static double value_of(const struct tuner *t, const hone_trial *trial)
{
    size_t n;
    double value = hone_trial_values(trial, &n)[0];
    return t->spec->objectives[0].maximize ? -value : value;
}

/* Whether a trial may be run again: it has a result that counts, and is no repeat itself. */
static bool is_candidate(const hone_trial *trial)
{
    return hone_trial_state_of(trial) == HONE_TRIAL_COMPLETED && hone_trial_is_feasible(trial) &&
           repeat_of_why(hone_trial_why(trial)) < 0;
}

/* Put a trial into the list of the best, best first; of equal settings the first one stays. */
static size_t insert(const struct tuner *t, const hone_trial **best, size_t n, size_t most,
                     const hone_trial *trial)
{
    for (size_t i = 0; i < n; i++)
        if (same_settings(best[i], trial))
            return n;
    size_t at = n;
    while (at > 0 && value_of(t, trial) < value_of(t, best[at - 1]))
        at--;
    if (at == most)
        return n;
    n += n < most;
    memmove(&best[at + 1], &best[at], (n - 1 - at) * sizeof(hone_trial *));
    best[at] = trial;
    return n;
}

static hone_status make_plan(struct tuner *t, hone_error *err)
{
    size_t most = (size_t)t->spec->confirm_top, n = 0;
    const hone_trial *trial, **best = mem_array(most, sizeof(hone_trial *));
    if (!best)
        return error_memory(err);
    for (uint64_t id = 0; (trial = hone_find(t->opt, id)) != NULL; id++)
        if (is_candidate(trial))
            n = insert(t, best, n, most, trial);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_integer((json_int_t)hone_trial_id(best[i])));
    json_t *body =
        json_pack("{s:o, s:I, s:I}", "trials", list, "top", (json_int_t)t->spec->confirm_top,
                  "repeats", (json_int_t)t->spec->confirm_repeats);
    mem_free(best);
    if (!body)
        return error_memory(err);
    hone_status status = confirm_play(t, body, err);
    t->plan.is_made = true;
    changes_event(&t->changes, EVENT_CONFIRM, -1, body);
    return status;
}

/* ---- Asking ---- */

/* The trial whose turn it is: the one with the fewest repeats, of these the best. */
static struct repeated *next(struct tuner *t)
{
    struct repeated *found = NULL;
    for (size_t i = 0; i < t->plan.n; i++) {
        struct repeated *item = &t->plan.items[i];
        if (item->asked < item->wanted && (!found || item->asked < found->asked))
            found = item;
    }
    return found;
}

static hone_status ask_repeat(struct tuner *t, struct repeated *item, hone_error *err)
{
    char why[80];
    size_t n, size;
    uint64_t id = 0;
    struct running *r;
    const hone_trial *of = hone_find(t->opt, (uint64_t)item->trial);
    if (!of)
        return error_set(err, HONE_EIO, "there is no trial %lld to repeat", (long long)item->trial);
    const hone_setting *settings = hone_trial_settings(of, &n);
    const void *memo = hone_memo(t->opt, &size);
    repeat_why(why, item->asked + 1, item->wanted, item->trial);
    hone_status status = hone_restore(t->opt, settings, n, why, memo, size, &id, err);
    if (status)
        return status;
    const hone_trial *trial = hone_find(t->opt, id);
    json_t *body = ask_body(t, trial, "confirm");
    if (body)
        json_object_set_new(body, "repeat_of", json_integer(item->trial));
    status = tuner_record_ask(t, trial, "confirm", body, &r, err);
    if (status)
        return status;
    r->repeat_of = item->trial;
    confirm_count(t, item->trial);
    return HONE_OK;
}

hone_status confirm_ask(struct tuner *t, hone_error *err)
{
    hone_status status = HONE_OK;
    bool searching = !t->ending && !t->exhausted && confirm_search_goes_on(t);
    if (!is_on(t) || searching || (t->ending && !t->yields))
        return HONE_OK;
    /* The last trials of the search may be among the best. */
    if (!t->plan.is_made && is_due(t) && t->n_running == 0 && tuner_has_place(t))
        status = make_plan(t, err);
    struct repeated *item = next(t);
    for (; !status && item && n_left(t) > 0 && tuner_has_place(t); item = next(t))
        status = ask_repeat(t, item, err);
    return status;
}
