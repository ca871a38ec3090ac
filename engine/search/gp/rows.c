/*
 * rows.c: what the trials say: values, values that must be guessed, failures, pending rows; and
 * which of very many rows the model keeps.
 *
 * A trial that was stopped early at step r with value v would have ended near v + D, with D the
 * median of (final - value at r) over the completed trials, but not better than the best of them;
 * the spread of these differences is the guess's variance. With fewer than three completed trials
 * v itself is taken, with a wide variance.
 * Equal rows are one row with their mean and a share of the noise.
 */
#include "search/gp/gp.h"

#include <math.h>
#include <string.h>

#include "base/numeric.h"

#define MIN_FINALS  3
#define GUESS_EXTRA 0.25 /* variance of t, of a value that could not be imputed */

static bool is_completed(const struct search_trial *trial)
{
    return trial->state == HONE_TRIAL_COMPLETED && isfinite(trial->values[0]);
}

static double value_of(const struct search_view *view, const struct search_trial *trial,
                       size_t outcome)
{
    size_t m = view->options->n_objectives;
    return outcome < m ? trial->values[outcome] : trial->violations[outcome - m];
}

struct imputed {
    double y, extra_y, extra_t;
};

/* `work` has room for one number a trial. */
static struct imputed impute(const struct search_view *view, const struct search_trial *stopped,
                             size_t outcome, double best, double *work)
{
    const struct series *series = &stopped->series[outcome];
    const struct report *last = &series->reports[series->n - 1];
    struct search_gain gain = search_gain_after(view, outcome, last->step, work);
    if (gain.n < MIN_FINALS)
        return (struct imputed){.y = last->value, .extra_t = GUESS_EXTRA};
    return (struct imputed){.y = fmax(last->value + gain.median, best),
                            .extra_y = gain.sd * gain.sd};
}

/* ---- Equal rows ------------------------------------------------------------------------------ */

static uint64_t hash(const double *row, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t j = 0; j < n; j++) {
        uint64_t bits;
        double entry = row[j] + 0.0; /* -0 is 0 */
        memcpy(&bits, &entry, sizeof bits);
        h = (h ^ bits) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
    }
    return h;
}

/* Open addressing: index + 1 of the rows met so far; size is a power of two. */
struct table {
    size_t *slot, size;
};

/* The index of an equal row among those added, or n after adding it as number n. */
static size_t find_or_add(struct table *table, const struct gp_rows *rows, const double *row,
                          size_t width)
{
    for (uint64_t h = hash(row, width);; h++) {
        size_t *slot = &table->slot[h & (table->size - 1)];
        if (*slot == 0) {
            *slot = rows->n + 1;
            return rows->n;
        }
        if (row_equal(rows->row[*slot - 1], row, width))
            return *slot - 1;
    }
}

static void add_value(struct gp_rows *rows, struct table *table, size_t width, const double *row,
                      struct imputed value)
{
    size_t i = find_or_add(table, rows, row, width);
    if (i == rows->n) {
        rows->row[i] = row;
        rows->y[i] = value.y;
        rows->weight[i] = 1.0;
        rows->extra_y[i] = value.extra_y;
        rows->extra_t[i] = value.extra_t;
        rows->n++;
        return;
    }
    double k = 1.0 / rows->weight[i]; /* values so far */
    rows->y[i] += (value.y - rows->y[i]) / (k + 1.0);
    rows->weight[i] = 1.0 / (k + 1.0);
    double old = k / (k + 1.0), fresh = 1.0 / (k + 1.0); /* variance of the mean */
    rows->extra_y[i] = old * old * rows->extra_y[i] + fresh * fresh * value.extra_y;
    rows->extra_t[i] = old * old * rows->extra_t[i] + fresh * fresh * value.extra_t;
}

bool gp_rows_collect(struct gp_rows *rows, const struct search_view *view, size_t outcome)
{
    struct arena *arena = view->scratch;
    size_t n = view->n_trials;
    struct table table = {.size = 16};
    while (table.size < 2 * n)
        table.size *= 2;
    *rows = (struct gp_rows){0};
    table.slot = arena_array(arena, table.size, sizeof *table.slot);
    rows->row = arena_array(arena, n, sizeof *rows->row);
    rows->pending = arena_array(arena, n, sizeof *rows->pending);
    rows->failed = arena_array(arena, n, sizeof *rows->failed);
    double *numbers = arena_array(arena, 5 * n, sizeof *numbers);
    if (table.slot == NULL || rows->row == NULL || rows->pending == NULL || rows->failed == NULL ||
        numbers == NULL)
        return false;
    rows->y = numbers;
    rows->weight = numbers + n;
    rows->extra_y = numbers + 2 * n;
    rows->extra_t = numbers + 3 * n;
    double best = (double)INFINITY;
    for (size_t i = 0; i < n; i++)
        if (is_completed(&view->trials[i]))
            best = fmin(best, value_of(view, &view->trials[i], outcome));
    if (isinf(best))
        best = -best; /* nothing completed: no bound on what is imputed */
    for (size_t i = 0; i < n; i++) {
        const struct search_trial *trial = &view->trials[i];
        if (trial->state == HONE_TRIAL_RUNNING) {
            rows->pending[rows->n_pending++] = trial->row;
            continue;
        }
        rows->n_ended++;
        if (is_completed(trial))
            add_value(rows, &table, view->space->n, trial->row,
                      (struct imputed){.y = value_of(view, trial, outcome)});
        else if (trial->state == HONE_TRIAL_STOPPED && outcome < view->options->n_objectives &&
                 trial->series[outcome].n > 0)
            add_value(rows, &table, view->space->n, trial->row,
                      impute(view, trial, outcome, best, numbers + 4 * n));
        else if (trial->state == HONE_TRIAL_FAILED)
            rows->failed[rows->n_failed++] = trial->row;
    }
    return true;
}

/* ---- Selection ------------------------------------------------------------------------------- */

/* Take the first `count` of the order that are not taken yet. */
static void take(bool *taken, const size_t *index, size_t n, size_t count)
{
    for (size_t i = 0; i < n && count > 0; i++)
        if (!taken[index[i]]) {
            taken[index[i]] = true;
            count--;
        }
}

/* Squared scaled distances of all rows to row `from`; with `least`, keep the smaller. */
static void distances(const struct gp_space *gs, const struct gp_kernel *kernel,
                      const double *features, size_t step, size_t n, size_t from, bool least,
                      double *out)
{
    for (size_t i = 0; i < n; i++) {
        double r2 = 0.0;
        for (size_t f = 0; f < gs->n_features; f++) {
            const double *feature = features + f * step;
            double difference = f < gs->n_metric              ? feature[i] - feature[from]
                                : feature[i] != feature[from] ? 1.0
                                                              : 0.0;
            difference *= kernel->inverse[f];
            r2 += difference * difference;
        }
        out[i] = least ? fmin(out[i], r2) : r2;
    }
}

bool gp_select(const struct gp_space *gs, const struct gp_kernel *kernel, const double *features,
               size_t step, const double *t, size_t n, struct gp_selection share, size_t *chosen,
               struct arena *arena)
{
    bool *taken = arena_array(arena, n, sizeof *taken);
    size_t *index = arena_array(arena, n, sizeof *index);
    double *key = arena_array(arena, n, sizeof *key);
    if (taken == NULL || index == NULL || key == NULL)
        return false;
    num_order(t, n, index);
    size_t incumbent = index[0];
    take(taken, index, n, share.best);
    distances(gs, kernel, features, step, n, incumbent, false, key);
    num_order(key, n, index);
    take(taken, index, n, share.near);
    /* Farthest points: each the one whose distance to the points so far is largest. */
    size_t last = n;
    for (size_t i = 0; i < n && last == n; i++)
        if (!taken[i])
            last = i;
    for (size_t i = 0; i < n; i++)
        key[i] = (double)INFINITY;
    for (size_t k = 0; k < share.spread; k++) {
        taken[last] = true;
        distances(gs, kernel, features, step, n, last, true, key);
        size_t far = n;
        for (size_t i = 0; i < n; i++)
            if (!taken[i] && (far == n || key[i] > key[far]))
                far = i;
        last = far;
    }
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (taken[i])
            chosen[m++] = i;
    return true;
}
