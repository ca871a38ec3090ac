/* confirmed.c: see confirmed.h. */
#include "report/confirmed.h"

#include <math.h>

#include "base/buf.h"
#include "report/study_view.h"
#include "report/text.h"

static struct confirmed_trial *find_or_add(struct confirmed *c, int64_t number)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->trials[i].number == number)
            return &c->trials[i];
    if (c->n == c->room) {
        size_t room = c->room > 0 ? 2 * c->room : 8;
        struct confirmed_trial *trials = c->trials != NULL
                                             ? mem_resize(c->trials, room, sizeof *trials)
                                             : mem_array(room, sizeof *trials);
        if (trials == NULL)
            return NULL;
        c->trials = trials;
        c->room = room;
    }
    c->trials[c->n] = (struct confirmed_trial){.number = number};
    return &c->trials[c->n++];
}

static hone_status add_repeat(void *context, const struct trial_row *row, hone_error *err)
{
    struct confirmed *c = context;
    double values[HONE_MAX_OUTCOMES];
    int64_t number = trial_repeat_of(row);
    if (number < 0)
        return HONE_OK;
    struct confirmed_trial *trial = find_or_add(c, number);
    if (trial == NULL)
        return error_memory(err);
    trial->n_failed += row->state == HONE_TRIAL_FAILED;
    trial->n_running += row->state == HONE_TRIAL_RUNNING;
    if (row->state != HONE_TRIAL_COMPLETED || values_read(row->values, values) == 0)
        return HONE_OK;
    double *runs = trial->runs != NULL ? mem_resize(trial->runs, trial->n_runs + 1, sizeof *runs)
                                       : mem_array(1, sizeof *runs);
    if (runs == NULL)
        return error_memory(err);
    runs[trial->n_runs++] = values[0];
    trial->runs = runs;
    return HONE_OK;
}

static hone_status add_original(void *context, const struct trial_row *row, hone_error *err)
{
    struct confirmed *c = context;
    for (size_t i = 0; i < c->n; i++) {
        if (c->trials[i].number != row->number ||
            values_read(row->values, c->trials[i].values) == 0)
            continue;
        c->trials[i].ended_at = row->ended_at;
        c->trials[i].params = mem_text(row->params);
        if (c->trials[i].params == NULL)
            return error_memory(err);
    }
    return HONE_OK;
}

static void trial_release(struct confirmed_trial *trial)
{
    mem_free(trial->params);
    mem_free(trial->runs);
}

/* Drop those of which no repeat has completed. */
static void keep_repeated(struct confirmed *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (c->trials[i].n_runs > 0 && c->trials[i].params != NULL)
            c->trials[kept++] = c->trials[i];
        else
            trial_release(&c->trials[i]);
    }
    c->n = kept;
}

static hone_status compare(struct confirmed *c, const struct spec *spec, hone_error *err)
{
    hone_status status = HONE_OK;
    hone_repeats *repeats = mem_array(c->n, sizeof *repeats);
    hone_confirmed *results = mem_array(c->n, sizeof *results);
    if (repeats == NULL || results == NULL)
        status = error_memory(err);
    for (size_t i = 0; i < c->n && status == HONE_OK; i++)
        repeats[i] = (hone_repeats){c->trials[i].runs, c->trials[i].n_runs};
    if (status == HONE_OK)
        status = hone_confirm(c->n, repeats, spec->objectives[0].maximize, results, err);
    for (size_t i = 0; i < c->n && status == HONE_OK; i++)
        c->trials[i].result = results[i];
    for (size_t i = 1; i < c->n && status == HONE_OK; i++) {
        struct confirmed_trial trial = c->trials[i];
        size_t k = i;
        for (; k > 0 && objective_better(spec, 0, trial.result.mean, c->trials[k - 1].result.mean);
             k--)
            c->trials[k] = c->trials[k - 1];
        c->trials[k] = trial;
    }
    mem_free(repeats);
    mem_free(results);
    return status;
}

hone_status confirmed_read(struct store *store, const struct study_row *study,
                           const struct spec *spec, struct confirmed *out, hone_error *err)
{
    *out = (struct confirmed){0};
    hone_status status = store_trials(store, study->id, -1, add_repeat, out, err);
    if (status == HONE_OK && out->n > 0)
        status = store_trials(store, study->id, -1, add_original, out, err);
    if (status == HONE_OK)
        keep_repeated(out);
    if (status == HONE_OK && out->n > 0)
        status = compare(out, spec, err);
    if (status != HONE_OK)
        confirmed_release(out);
    return status;
}

void confirmed_release(struct confirmed *confirmed)
{
    for (size_t i = 0; i < confirmed->n; i++)
        trial_release(&confirmed->trials[i]);
    mem_free(confirmed->trials);
    *confirmed = (struct confirmed){0};
}

void confirmed_text(const struct confirmed *confirmed, size_t i, struct buf *out)
{
    const struct confirmed_trial *trial = &confirmed->trials[i];
    char mean[32], low[32], high[32];
    text_number(mean, trial->result.mean);
    text_number(low, trial->result.low);
    text_number(high, trial->result.high);
    buf_printf(out, "mean %s of %zu repeat%s", mean, trial->n_runs, trial->n_runs == 1 ? "" : "s");
    if (isfinite(trial->result.low))
        buf_printf(out, ", 95 %% interval %s to %s", low, high);
    if (trial->n_failed > 0)
        buf_printf(out, ", %zu failed", trial->n_failed);
    if (trial->n_running > 0)
        buf_printf(out, ", %zu running", trial->n_running);
    if (confirmed->n > 1)
        buf_printf(out, ", best of the %zu with probability %.2f", confirmed->n,
                   trial->result.probability);
}
