/* importance.c: which parameters matter, by one of several methods: hone_importance(). */
#include "analysis/analysis.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

static const struct method {
    const char *name;
    importance_method *run;
} methods[] = {
    {"ped-anova", importance_ped_anova},
    {"sobol", importance_sobol},
    {"fanova", importance_fanova},
};

#define N_METHODS (sizeof methods / sizeof methods[0])

static const struct method *find_method(const char *name, hone_error *err)
{
    struct buf names;
    if (name == NULL)
        return &methods[0];
    for (size_t i = 0; i < N_METHODS; i++)
        if (strcmp(name, methods[i].name) == 0)
            return &methods[i];
    buf_init(&names, 400);
    for (size_t i = 0; i < N_METHODS; i++)
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", methods[i].name);
    error_set(err, HONE_EINVAL, "unknown method \"%.60s\"; there are %s", name, names.data);
    buf_release(&names);
    return NULL;
}

/* By falling share; equal ones stay in declaration order. */
static void sort_effects(hone_effect *effects, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        hone_effect effect = effects[i];
        size_t k = i;
        for (; k > 0 && effects[k - 1].share < effect.share; k--)
            effects[k] = effects[k - 1];
        effects[k] = effect;
    }
}

hone_effects *hone_importance(const hone_optimizer *opt, const char *name, size_t objective,
                              hone_error *err)
{
    const struct method *method = find_method(name, err);
    if (method == NULL)
        return NULL;
    if (objective >= opt->options.n_objectives) {
        error_set(err, HONE_EINVAL, "there are %zu objectives, got number %zu",
                  opt->options.n_objectives, objective);
        return NULL;
    }
    struct arena arena = {0};
    struct search_view view;
    size_t n = opt->space->n;
    hone_status status = HONE_ENOMEM;
    hone_effects *out = mem_array(1, sizeof *out + n * sizeof(hone_effect));
    if (out == NULL || !evidence_view(opt, &arena, &view)) {
        error_memory(err);
        goto out;
    }
    hone_effect *effects = (hone_effect *)(out + 1);
    *out = (hone_effects){.method = method->name,
                          .effects = effects,
                          .n = n,
                          .n_trials = view.n_trials,
                          .fit = (double)NAN};
    for (size_t j = 0; j < n; j++)
        effects[j] = (hone_effect){.name = opt->space->params[j].name,
                                   .active = evidence_active(&view, j),
                                   .low = (double)NAN,
                                   .high = (double)NAN,
                                   .total = (double)NAN};
    status = method->run(&view, objective, effects, out, err);
    if (status == HONE_OK)
        sort_effects(effects, n);
out:
    arena_release(&arena);
    if (status != HONE_OK) {
        mem_free(out);
        return NULL;
    }
    return out;
}

void hone_effects_free(hone_effects *effects)
{
    mem_free(effects);
}
