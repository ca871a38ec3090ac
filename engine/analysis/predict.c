/*
 * predict.c: what the model expects of a configuration, in the objective's own unit.
 *
 * The model's belief is normal on its own scale, t; in the objective's unit it is the image of that
 * under the inverse warp. Mean and sd are taken over 64 values of equal probability, which are
 * scaled to variance 1, so that a linear warp gives exactly the normal's. (The exact moments would
 * be those of a lognormal tail where outliers were drawn in: true of the formula, of no use.)
 */
#include <math.h>
#include <string.h>

#include "analysis/analysis.h"
#include "analysis/surrogate.h"
#include "base/error.h"
#include "base/numeric.h"

#define QUANTILES 64

struct hone_model {
    const struct hone_optimizer *opt; /* borrowed */
    struct arena arena;
    struct search_view view;
    struct surrogate surrogate;
    double *row;              /* work */
    double normal[QUANTILES]; /* standard normal values of equal probability */
};

static void fill_quantiles(double *normal)
{
    double square = 0.0;
    for (size_t k = 0; k < QUANTILES; k++) {
        normal[k] = num_normal_quantile(((double)k + 0.5) / QUANTILES);
        square += normal[k] * normal[k] / QUANTILES;
    }
    for (size_t k = 0; k < QUANTILES; k++)
        normal[k] /= sqrt(square);
}

hone_model *hone_model_new(const hone_optimizer *opt, size_t objective, hone_error *err)
{
    if (objective >= opt->options.n_objectives) {
        error_set(err, HONE_EINVAL, "there are %zu objectives, got number %zu",
                  opt->options.n_objectives, objective);
        return NULL;
    }
    hone_model *model = mem_array(1, sizeof *model);
    if (model == NULL) {
        error_memory(err);
        return NULL;
    }
    model->opt = opt;
    fill_quantiles(model->normal);
    hone_status status = HONE_ENOMEM;
    model->row = arena_array(&model->arena, opt->space->n, sizeof(double));
    if (model->row == NULL || !evidence_view(opt, &model->arena, &model->view))
        error_memory(err);
    else
        status = surrogate_init(&model->surrogate, &model->view, objective, err);
    if (status != HONE_OK) {
        hone_model_free(model);
        return NULL;
    }
    return model;
}

void hone_model_free(hone_model *model)
{
    if (model == NULL)
        return;
    arena_release(&model->arena);
    mem_free(model);
}

double hone_model_fit(const hone_model *model)
{
    return model->surrogate.fit;
}

/* Mean and sd of the objective where t is normal. */
static void unwarp_moments(const hone_model *model, double mu, double sd, double *mean_out,
                           double *sd_out)
{
    const struct gp_warp *warp = &model->surrogate.model.warp;
    double values[QUANTILES], mean = 0.0, square = 0.0;
    for (size_t k = 0; k < QUANTILES; k++) {
        values[k] = gp_unwarp(warp, mu + sd * model->normal[k]);
        mean += values[k] / QUANTILES;
    }
    for (size_t k = 0; k < QUANTILES; k++)
        square += (values[k] - mean) * (values[k] - mean) / QUANTILES;
    *mean_out = model->surrogate.sign * mean;
    *sd_out = sqrt(square);
}

static void finish(const hone_model *model, double mu, double var, hone_prediction *out)
{
    double with_noise, noise = model->surrogate.model.posterior.kernel.noise;
    unwarp_moments(model, mu, sqrt(var), &out->mean, &out->sd);
    unwarp_moments(model, mu, sqrt(var + noise), &with_noise, &out->sd_run);
}

hone_status hone_predict(hone_model *model, const hone_setting *settings, size_t n_settings,
                         hone_prediction *out, hone_error *err)
{
    double mu, var;
    hone_status status = space_row_of(model->opt->space, settings, n_settings, model->row, err);
    if (status != HONE_OK)
        return status;
    surrogate_at(&model->surrogate, model->row, 1, &mu, &var);
    finish(model, mu, var, out);
    return HONE_OK;
}

hone_status hone_predict_trial(hone_model *model, uint64_t trial_id, hone_prediction *out,
                               hone_error *err)
{
    const hone_trial *trial = hone_find(model->opt, trial_id);
    if (trial == NULL)
        return error_set(err, HONE_ENOTFOUND, "there is no trial %llu",
                         (unsigned long long)trial_id);
    struct surrogate *s = &model->surrogate;
    size_t width = model->opt->space->n;
    for (size_t i = 0; i < s->model.n_kept; i++)
        if (row_equal(s->model.rows.row[s->model.kept[i]], trial->row, width)) {
            finish(model, s->mu_without[i], s->var_without[i], out);
            return HONE_OK;
        }
    double mu, var;
    surrogate_at(s, trial->row, 1, &mu, &var);
    finish(model, mu, var, out);
    return HONE_OK;
}
