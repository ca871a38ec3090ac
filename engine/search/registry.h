/* registry.h: every search algorithm there is. A new one is a line here and one in registry.c. */
#ifndef HONE_SEARCH_REGISTRY_H
#define HONE_SEARCH_REGISTRY_H

#include "search/search.h"

extern const struct search_algorithm search_auto;
extern const struct search_algorithm search_cmaes;
extern const struct search_algorithm search_grid;
extern const struct search_algorithm search_hyperband;
extern const struct search_algorithm search_nsga2;
extern const struct search_algorithm search_random;
extern const struct search_algorithm search_sobol;
extern const struct search_algorithm search_tpe;

/** The i-th algorithm, or NULL behind the last. */
const struct search_algorithm *search_at(size_t i);

#endif
