/* evidence.c: see analysis.h. */
#include "analysis/analysis.h"

#include <math.h>

bool evidence_view(const struct hone_optimizer *opt, struct arena *arena, struct search_view *out)
{
    struct search_trial *ended = arena_array(arena, opt->n_view, sizeof *ended);
    if (ended == NULL)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < opt->n_view; i++)
        if (opt->view[i].state != HONE_TRIAL_RUNNING)
            ended[n++] = opt->view[i];
    *out = (struct search_view){.space = opt->space,
                                .options = &opt->options,
                                .trials = ended,
                                .n_trials = n,
                                .next_id = n, /* picks random streams: running trials must not */
                                .scratch = arena};
    return true;
}

bool evidence_counts(const struct search_view *view, const struct search_trial *trial)
{
    if (trial->state != HONE_TRIAL_COMPLETED)
        return false;
    for (size_t k = 0; trial->violations != NULL && k < view->options->n_constraints; k++)
        if (trial->violations[k] > 0.0)
            return false;
    return true;
}

/* Where among the first n of the unique trials an equal row is, or n. */
static size_t find_equal(const struct search_trial *trials, size_t n, const double *row,
                         size_t width)
{
    size_t i = 0;
    while (i < n && !row_equal(trials[i].row, row, width))
        i++;
    return i;
}

bool evidence_unique(const struct search_view *view, size_t objective, struct search_view *unique,
                     double **value_out)
{
    size_t n = 0;
    struct search_trial *trials = arena_array(view->scratch, view->n_trials, sizeof *trials);
    double *value = arena_array(view->scratch, view->n_trials, sizeof *value);
    double *runs = arena_array(view->scratch, view->n_trials, sizeof *runs);
    if (trials == NULL || value == NULL || runs == NULL)
        return false;
    for (size_t i = 0; i < view->n_trials; i++) {
        const struct search_trial *trial = &view->trials[i];
        size_t k = find_equal(trials, n, trial->row, view->space->n);
        if (k == n)
            trials[n++] = *trial;
        if (!evidence_counts(view, trial))
            continue;
        runs[k] += 1.0;
        value[k] += (trial->values[objective] - value[k]) / runs[k];
    }
    for (size_t k = 0; k < n; k++)
        if (!(runs[k] > 0.0))
            value[k] = (double)INFINITY;
    *unique = *view;
    unique->trials = trials;
    unique->n_trials = n;
    *value_out = value;
    return true;
}

double evidence_active(const struct search_view *view, size_t param)
{
    size_t n = 0;
    for (size_t i = 0; i < view->n_trials; i++)
        n += view->trials[i].row[param] >= 0.0;
    return view->n_trials > 0 ? (double)n / (double)view->n_trials : 0.0;
}

bool param_varies(const struct param *p)
{
    return p->n_cells != 1 &&
           (p->kind == PARAM_ORDINAL || p->kind == PARAM_CHOICE || p->lo < p->hi);
}

double sorted_quantile(const double *x, size_t n, double p)
{
    double at = p * (double)(n - 1);
    size_t i = (size_t)at;
    return i + 1 < n ? x[i] + (at - (double)i) * (x[i + 1] - x[i]) : x[n - 1];
}
