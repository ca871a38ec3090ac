/* registry.c: the stopping rules by name. */
#include "stop/stop.h"

#include <string.h>

static bool never(const struct search_view *view, size_t trial, struct buf *reason)
{
    (void)view, (void)trial, (void)reason;
    return false;
}

static const struct stop_rule stop_none = {
    .name = "none",
    .summary = "every trial runs to its end",
    .stops = never,
};

static const struct stop_rule *const rules[] = {&stop_none, &stop_median, &stop_asha,
                                                &stop_hyperband, &stop_curve};

#define N_RULES (sizeof rules / sizeof rules[0])

const struct stop_rule *stop_at(size_t i)
{
    return i < N_RULES ? rules[i] : NULL;
}

const struct stop_rule *stop_find(const char *name)
{
    if (name == NULL)
        return &stop_none;
    if (strcmp(name, "auto") == 0)
        return &stop_median;
    for (size_t i = 0; i < N_RULES; i++)
        if (strcmp(rules[i]->name, name) == 0)
            return rules[i];
    return NULL;
}

void stop_names(struct buf *out)
{
    for (size_t i = 0; i < N_RULES; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", rules[i]->name);
}
