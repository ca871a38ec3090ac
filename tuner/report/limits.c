/* limits.c: see limits.h. */
#include "report/limits.h"

#include "report/text.h"

static bool is_kept(const struct constraint_spec *c, double value)
{
    return c->is_max ? value <= c->bound : value >= c->bound;
}

bool limits_kept(const struct spec *spec, const double *values)
{
    for (size_t i = 0; i < spec->n_constraints; i++)
        if (!is_kept(&spec->constraints[i], values[spec->n_objectives + i]))
            return false;
    return true;
}

void limits_text(struct buf *out, const struct spec *spec, const double *values)
{
    const char *before = "breaks ";
    for (size_t i = 0; i < spec->n_constraints; i++) {
        const struct constraint_spec *c = &spec->constraints[i];
        char bound[32];
        if (is_kept(c, values[spec->n_objectives + i]))
            continue;
        text_number(bound, c->bound);
        buf_printf(out, "%s%s %s %s", before, c->metric, c->is_max ? "<=" : ">=", bound);
        before = ", ";
    }
}
