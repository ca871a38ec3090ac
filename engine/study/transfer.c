/*
 * transfer.c: what earlier studies of related tasks found, as rows of this study's space.
 *
 * A result is taken where its values are values of this study's parameters. A parameter that the
 * earlier study did not have takes its default, else its middle; one that this study does not have
 * is left out, since nothing can be said of it. A value outside of a range leaves the whole result
 * out: moved to the edge it would say of the edge what was seen elsewhere.
 */
#include "study/optimizer.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/numeric.h"

static const hone_setting *find_setting(const hone_result *result, const char *name)
{
    for (size_t i = 0; i < result->n_settings; i++)
        if (strcmp(result->settings[i].name, name) == 0)
            return &result->settings[i];
    return NULL;
}

static bool row_of(const struct hone_space *space, const hone_result *result, double *row)
{
    for (size_t j = 0; j < space->n; j++) {
        const struct param *p = &space->params[j];
        const hone_setting *given = find_setting(result, p->name);
        row[j] = INACTIVE;
        if (!space_is_active(space, j, row))
            continue;
        if (given == NULL)
            row[j] = space_middle(p);
        else if (space_encode(p, given->value, &row[j], NULL) != HONE_OK)
            return false;
    }
    return true;
}

hone_status hone_transfer(hone_optimizer *opt, const hone_result *results, size_t n,
                          size_t *n_used_out, hone_error *err)
{
    size_t width = opt->space->n, used = 0;
    if (!opt->algorithm->transfers)
        return error_set(err, HONE_EINVAL, "strategy \"%s\" cannot use earlier studies",
                         opt->algorithm->name);
    if (opt->options.n_objectives > 1)
        return error_set(err, HONE_EINVAL,
                         "earlier studies can be used with one objective, there are %zu",
                         opt->options.n_objectives);
    if (opt->n_parents == HONE_MAX_PARENTS)
        return error_set(err, HONE_EINVAL, "at most %d earlier studies can be used",
                         HONE_MAX_PARENTS);
    arena_reset(&opt->scratch);
    double *rows = arena_array(&opt->scratch, n * width, sizeof *rows);
    double *value = arena_array(&opt->scratch, n, sizeof *value);
    size_t *index = arena_array(&opt->scratch, n, sizeof *index);
    if (rows == NULL || value == NULL || index == NULL)
        return error_memory(err);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(results[i].value) || !row_of(opt->space, &results[i], rows + used * width))
            continue;
        value[used] = opt->options.maximize[0] ? -results[i].value : results[i].value;
        used++;
    }
    double *block = mem_array(used * (width + 1), sizeof *block);
    if (block == NULL)
        return error_memory(err);
    num_order(value, used, index); /* best first */
    for (size_t i = 0; i < used; i++) {
        memcpy(block + i * width, rows + index[i] * width, width * sizeof *rows);
        block[used * width + i] = value[index[i]];
    }
    opt->parents[opt->n_parents++] =
        (struct search_parent){.n = used, .rows = block, .values = block + used * width};
    if (n_used_out != NULL)
        *n_used_out = used;
    return HONE_OK;
}

void transfer_release(struct hone_optimizer *opt)
{
    for (size_t i = 0; i < opt->n_parents; i++)
        mem_free(opt->parents[i].rows);
}
