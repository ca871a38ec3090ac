/* model.c: from the trials of a view to a posterior of one outcome. Idea and parts: model.h,
 * gp.h.
 */
#include "search/gp/model.h"

#include <math.h>
#include <string.h>

#include "base/numeric.h"

#define MIN_VALUES    3 /* below, no model */
#define MAX_ROWS      400
#define MAX_FAILURES  200 /* in the success model: the latest */
#define REFIT_SHARE   25  /* a fit after every n / 25 tells */
#define CENTRE_EVERY  8   /* tells after which the fit also starts from the prior's centre */
#define FIRST_DRAWS   2
#define SUCCESS_NOISE 0.05

static const struct gp_selection model_share = {120, 200, 80}, fit_share = {77, 128, 51};

bool gp_model_init(struct gp_model *m, const struct search_view *view, const struct gp_space *gs,
                   size_t outcome)
{
    *m = (struct gp_model){.view = view, .gs = gs, .unit = 1.0};
    if (!gp_rows_collect(&m->rows, view, outcome))
        return false;
    size_t n = m->rows.n;
    m->t = arena_array(view->scratch, 3 * n, sizeof(double));
    if (m->t == NULL)
        return false;
    if (n == 0)
        return true;
    gp_warp_fit(&m->warp, m->rows.y, n, m->t + n);
    for (size_t i = 0; i < n; i++)
        m->t[i] = gp_warp(&m->warp, m->rows.y[i]);
    return true;
}

bool gp_model_has_values(const struct gp_model *m)
{
    for (size_t i = 1; m->rows.n >= MIN_VALUES && i < m->rows.n; i++)
        if (m->rows.y[i] != m->rows.y[0])
            return true;
    return false;
}

/* The rows of a share of the data, or all. */
static bool select_rows(const struct gp_model *m, const double *theta, struct gp_selection share,
                        size_t **chosen, size_t *n_chosen)
{
    struct arena *arena = m->view->scratch;
    size_t n = m->rows.n, most = share.best + share.near + share.spread;
    *chosen = arena_array(arena, n, sizeof **chosen);
    if (*chosen == NULL)
        return false;
    if (n <= MAX_ROWS) {
        for (size_t i = 0; i < n; i++)
            (*chosen)[i] = i;
        *n_chosen = n;
        return true;
    }
    struct gp_kernel kernel;
    double *features = arena_array(arena, m->gs->n_features * n, sizeof *features);
    if (features == NULL || !gp_kernel_init(&kernel, m->gs, theta, arena))
        return false;
    for (size_t i = 0; i < n; i++)
        gp_features(m->gs, m->rows.row[i], features + i, n);
    *n_chosen = most;
    return gp_select(m->gs, &kernel, features, n, m->t, n, share, *chosen, arena);
}

/* The prior mean of a told row, or of a pending one. */
static double prior_of(const struct gp_model *m, bool told, size_t k)
{
    return m->mean != NULL ? m->prior[told ? k : m->rows.n + k] : 0.0;
}

/* Copy the chosen rows, and after them the pending ones if wanted. */
static bool fill_data(const struct gp_model *m, const size_t *chosen, size_t n, bool pending,
                      double unit, struct gp_data *data)
{
    size_t n_pending = pending ? m->rows.n_pending : 0;
    if (!gp_data_init(data, m->gs, n + n_pending, m->view->scratch))
        return false;
    for (size_t i = 0; i < n + n_pending; i++) {
        bool told = i < n;
        size_t k = told ? chosen[i] : i - n;
        gp_features(m->gs, told ? m->rows.row[k] : m->rows.pending[k], data->features + i,
                    data->step);
        data->weight[i] = told ? m->rows.weight[k] : 1.0;
        if (!told)
            continue;
        data->t[i] = (m->t[k] - prior_of(m, true, k)) / unit;
        data->extra[i] = m->rows.extra_t[k];
        if (m->warp.sd > 0.0)
            data->extra[i] += m->rows.extra_y[k] / (m->warp.sd * m->warp.sd);
        data->extra[i] /= unit * unit;
    }
    return true;
}

bool gp_model_fit(struct gp_model *m, struct gp_progress *progress, double *theta)
{
    uint64_t told = m->rows.n_ended - m->rows.n_failed, fresh = told - progress->tells_at_fit;
    uint64_t wait = m->rows.n / REFIT_SHARE;
    /* Fewer than at the last fit: trials were taken back. */
    if (progress->fits > 0 && told >= progress->tells_at_fit && fresh < (wait > 1 ? wait : 1))
        return true;
    uint64_t number = progress->fits + 1;
    struct gp_starts starts = {
        .centre = (number & (number - 1)) == 0 ||
                  told / CENTRE_EVERY != progress->tells_at_fit / CENTRE_EVERY,
        .draws = number == 1 ? FIRST_DRAWS : 0,
    };
    /* The first start is the centre already. */
    if (number == 1)
        starts.centre = false;
    size_t *chosen, n;
    struct gp_data data;
    struct rng rng;
    rng_init(&rng, m->view->options->seed, RNG_FIT, m->view->next_id);
    if (!select_rows(m, theta, fit_share, &chosen, &n) ||
        !fill_data(m, chosen, n, false, m->unit, &data) ||
        !gp_fit(m->gs, &data, starts, &rng, theta, m->view->scratch))
        return false;
    progress->fits = number;
    progress->tells_at_fit = told;
    return true;
}

hone_status gp_model_condition(struct gp_model *m, const double *theta)
{
    size_t n_theta = m->gs->d + GP_EXTRA;
    double *own = arena_array(m->view->scratch, n_theta, sizeof *own);
    if (own == NULL || !select_rows(m, theta, model_share, &m->kept, &m->n_kept) ||
        !fill_data(m, m->kept, m->n_kept, true, 1.0, &m->data))
        return HONE_ENOMEM;
    /* theta is of values in the unit, the posterior of values in t. */
    memcpy(own, theta, n_theta * sizeof *own);
    if (m->mean != NULL) {
        own[m->gs->d + GP_SIGNAL] += 2.0 * num_log(m->unit);
        own[m->gs->d + GP_NOISE] += 2.0 * num_log(m->unit);
    }
    hone_status status =
        gp_posterior_init(&m->posterior, m->gs, &m->data, m->rows.n_pending, own, m->view->scratch);
    m->posterior.mean = m->mean;
    m->best = (double)INFINITY;
    for (size_t i = 0; i < m->n_kept; i++)
        m->best = fmin(m->best, m->data.t[i] + prior_of(m, true, m->kept[i]));
    for (size_t i = 0; i < m->rows.n_pending; i++)
        m->best = fmin(m->best, gp_model_believed(m, i));
    return status;
}

double gp_model_believed(const struct gp_model *m, size_t pending)
{
    return m->data.t[m->n_kept + pending] + prior_of(m, false, pending);
}

hone_status gp_model_success(const struct gp_model *m, const double *theta,
                             struct gp_posterior *success, struct gp_data *data, double *mean)
{
    struct arena *arena = m->view->scratch;
    size_t n_failed = m->rows.n_failed < MAX_FAILURES ? m->rows.n_failed : MAX_FAILURES;
    size_t skipped = m->rows.n_failed - n_failed;
    double *own = arena_array(arena, m->gs->d + GP_EXTRA, sizeof *own);
    if (own == NULL || !gp_data_init(data, m->gs, m->n_kept + n_failed, arena))
        return HONE_ENOMEM;
    memcpy(own, theta, (m->gs->d + GP_EXTRA) * sizeof *own);
    own[m->gs->d + GP_SIGNAL] = 0.0;
    own[m->gs->d + GP_NOISE] = num_log(SUCCESS_NOISE);
    *mean = ((double)m->n_kept + 1.0) / ((double)(m->n_kept + n_failed) + 2.0);
    for (size_t i = 0; i < data->n; i++) {
        bool ok = i < m->n_kept;
        gp_features(m->gs, ok ? m->rows.row[m->kept[i]] : m->rows.failed[skipped + i - m->n_kept],
                    data->features + i, data->step);
        data->weight[i] = 1.0;
        data->t[i] = (ok ? 1.0 : 0.0) - *mean;
    }
    return gp_posterior_init(success, m->gs, data, 0, own, arena);
}
