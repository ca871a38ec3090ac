/* registry.c: the search algorithms by name. */
#include "search/registry.h"

#include <string.h>

#include "search/bayesian.h"

/* The first is the default. */
static const struct search_algorithm *const algorithms[] = {
    /* clang-format off */
    &search_auto,
    &search_bayesian,
    &search_tpe,
    &search_random,
    &search_grid,
    &search_sobol,
    &search_cmaes,
    &search_nsga2,
    &search_hyperband,
    /* clang-format on */
};

#define N_ALGORITHMS (sizeof algorithms / sizeof algorithms[0])

const struct search_algorithm *search_at(size_t i)
{
    return i < N_ALGORITHMS ? algorithms[i] : NULL;
}

const struct search_algorithm *search_find(const char *name)
{
    if (name == NULL)
        return algorithms[0];
    for (size_t i = 0; i < N_ALGORITHMS; i++)
        if (strcmp(algorithms[i]->name, name) == 0)
            return algorithms[i];
    return NULL;
}

void search_names(struct buf *out)
{
    for (size_t i = 0; i < N_ALGORITHMS; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", algorithms[i]->name);
}
