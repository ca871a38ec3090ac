/* evidence.c: see analysis.h. */
#include "analysis/analysis.h"

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
