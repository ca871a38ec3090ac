/* bayesian.h: the strategy "bayesian". */
#ifndef HONE_SEARCH_BAYESIAN_H
#define HONE_SEARCH_BAYESIAN_H

#include "search/search.h"

extern const struct search_algorithm search_bayesian;

#endif
