/* stop.h: what a rule is that ends trials early: a struct of functions and one line in registry.c.
 */
#ifndef HONE_STOP_STOP_H
#define HONE_STOP_STOP_H

#include "search/search.h"

struct stop_rule {
    const char *name;
    const char *summary;

    /**
     * Decide about a running trial that has just reported. It is never the best so far (the caller
     * sees to it).
     * @param view    as in search.h
     * @param trial   index into view->trials
     * @param reason  out, when it stops: in words with numbers
     */
    bool (*stops)(const struct search_view *view, size_t trial, struct buf *reason);
};

extern const struct stop_rule stop_median;

/** The rule of that name or NULL; "auto" is median, "none" and NULL give the rule that never stops.
 */
const struct stop_rule *stop_find(const char *name);
void stop_names(struct buf *out);

#endif
