/* trial.c: one trial: making it, its reports, and looking at it through hone.h. */
#include "study/optimizer.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"

/* Digits of a continuous value that was proposed, where so few are as good: people read them. */
#define SHORT_DIGITS 10

/* Continuous values that were given stay as they are, to the last bit. */
static void keep_given(const struct hone_space *space, struct hone_trial *trial,
                       const hone_setting *given, size_t n_given)
{
    for (size_t k = 0; k < trial->n_settings; k++) {
        hone_setting *setting = &trial->settings[k];
        if (space_is_counted(&space->params[space_index(space, setting->name)]))
            continue;
        for (size_t i = 0; i < n_given; i++)
            if (strcmp(given[i].name, setting->name) == 0)
                setting->value.number = given[i].value.number;
    }
}

/* Round continuous values, unless that moves the configuration or breaks `where`. */
static void make_short(const struct hone_space *space, struct hone_trial *trial)
{
    size_t k = 0;
    for (size_t j = 0; j < space->n; j++) {
        double old = trial->row[j];
        if (old < 0.0)
            continue;
        hone_setting *setting = &trial->settings[k++];
        double rounded = str_round(setting->value.number, SHORT_DIGITS);
        if (space->params[j].n_cells > 0 ||
            space_encode(&space->params[j], HONE_NUMBER(rounded), &trial->row[j], NULL) != HONE_OK)
            continue;
        if (fabs(trial->row[j] - old) <= ROW_EPS && space_satisfies(space, trial->row))
            setting->value.number = rounded;
        else
            trial->row[j] = old;
    }
}

/* Without settings and values; NULL when memory is out. */
static struct hone_trial *trial_alloc(const struct hone_optimizer *opt, const char *why,
                                      hone_error *err)
{
    size_t d = opt->space->n, n_series = opt->options.n_objectives;
    size_t m = n_series + opt->options.n_constraints;
    struct hone_trial *trial =
        mem_array(1, sizeof *trial + d * sizeof *trial->settings +
                         n_series * sizeof *trial->series + (d + 2 * m) * sizeof(double));
    char *copy = mem_text(why);
    if (trial == NULL || copy == NULL) {
        mem_free(trial);
        mem_free(copy);
        error_memory(err);
        return NULL;
    }
    trial->settings = (hone_setting *)(trial + 1);
    trial->n_series = n_series;
    trial->series = (struct series *)(trial->settings + d);
    trial->row = (double *)(trial->series + n_series);
    trial->values = trial->row + d;
    trial->minimised = trial->values + m;
    trial->why = copy;
    return trial;
}

struct hone_trial *trial_new(const struct hone_optimizer *opt, const double *row,
                             const hone_setting *given, size_t n_given, const char *why,
                             hone_error *err)
{
    const struct hone_space *space = opt->space;
    struct hone_trial *trial = trial_alloc(opt, why, err);
    if (trial == NULL)
        return NULL;
    memcpy(trial->row, row, space->n * sizeof *row);
    trial->n_settings = space_settings_of(space, row, trial->settings);
    make_short(space, trial);
    keep_given(space, trial, given, n_given);
    /* The row is what encoding the settings gives, bit for bit: a restored trial is made that way,
     * and the search must see the same. */
    if (space_row_of(space, trial->settings, trial->n_settings, trial->row, err) != HONE_OK) {
        trial_free(trial);
        return NULL;
    }
    return trial;
}

struct hone_trial *trial_new_skipped(const struct hone_optimizer *opt, hone_error *err)
{
    struct hone_trial *trial = trial_alloc(opt, "skipped", err);
    if (trial == NULL)
        return NULL;
    trial->state = HONE_TRIAL_CANCELLED;
    for (size_t j = 0; j < opt->space->n; j++)
        trial->row[j] = INACTIVE;
    return trial;
}

void trial_free(struct hone_trial *trial)
{
    if (trial == NULL)
        return;
    mem_free(trial->why);
    mem_free(trial->reason);
    for (size_t j = 0; j < trial->n_series; j++)
        mem_free(trial->series[j].reports);
    mem_free(trial);
}

hone_status series_add(struct series *series, double step, double value, hone_error *err)
{
    size_t at = series->n;
    while (at > 0 && series->reports[at - 1].step >= step)
        at--;
    bool again = at < series->n && series->reports[at].step == step;
    if (!again && series->n == series->room) {
        size_t room = series->room > 0 ? 2 * series->room : 4;
        struct report *grown = mem_resize(series->reports, room, sizeof *grown);
        if (grown == NULL)
            return error_memory(err);
        series->reports = grown;
        series->room = room;
    }
    if (!again) {
        memmove(&series->reports[at + 1], &series->reports[at],
                (series->n - at) * sizeof *series->reports);
        series->n++;
    }
    series->reports[at] = (struct report){.step = step, .value = value};
    /* Sums are always formed in the order of the steps, so that the order of arrival is no matter.
     */
    for (; at < series->n; at++)
        series->reports[at].sum =
            series->reports[at].value + (at > 0 ? series->reports[at - 1].sum : 0.0);
    return HONE_OK;
}

uint64_t hone_trial_id(const hone_trial *trial)
{
    return trial->id;
}

hone_trial_state hone_trial_state_of(const hone_trial *trial)
{
    return trial->state;
}

const hone_setting *hone_trial_settings(const hone_trial *trial, size_t *n_out)
{
    *n_out = trial->n_settings;
    return trial->settings;
}

static const hone_value *find_value(const hone_trial *trial, const char *name, hone_value_kind kind)
{
    for (size_t i = 0; i < trial->n_settings; i++)
        if (strcmp(trial->settings[i].name, name) == 0)
            return trial->settings[i].value.kind == kind ? &trial->settings[i].value : NULL;
    return NULL;
}

double hone_trial_number(const hone_trial *trial, const char *name)
{
    const hone_value *value = find_value(trial, name, HONE_VALUE_NUMBER);
    return value != NULL ? value->number : (double)NAN;
}

const char *hone_trial_text(const hone_trial *trial, const char *name)
{
    const hone_value *value = find_value(trial, name, HONE_VALUE_TEXT);
    return value != NULL ? value->text : NULL;
}

const double *hone_trial_values(const hone_trial *trial, size_t *n_out)
{
    *n_out = trial->n_values;
    return trial->n_values > 0 ? trial->values : NULL;
}

bool hone_trial_is_feasible(const hone_trial *trial)
{
    return trial->feasible;
}

const char *hone_trial_why(const hone_trial *trial)
{
    return trial->why;
}

const char *hone_trial_reason(const hone_trial *trial)
{
    return trial->reason;
}
