/* design.h: the first trials of a study, before there is anything to learn from. */
#ifndef HONE_SEARCH_DESIGN_H
#define HONE_SEARCH_DESIGN_H

#include "search/search.h"

#define DESIGN_LEADS 3 /* first proposals that come from earlier studies */

/**
 * Propose a point of the design: what was best in earlier studies, the middle of the space
 * (defaults where given), then scrambled Sobol' points, at random where these are used up or
 * violate `where`.
 * @param size  trials in the design, for `why`
 */
hone_status design_propose(const struct search_view *view, size_t size, double *row,
                           struct buf *why, hone_error *err);

#endif
