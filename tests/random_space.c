/* random_space.c: search spaces of every kind. A refused declaration is a bug of this file. */
#include "random_space.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void must(hone_status status, const hone_error *err)
{
    if (status == HONE_OK)
        return;
    fprintf(stderr, "random_space: %s\n", err->text);
    abort();
}

static void add_float(hone_space *space, struct rng *rng, const char *name, bool finite)
{
    hone_error err;
    hone_scale scale = (hone_scale)rng_below(rng, 4);
    double min, max;
    if (scale == HONE_REVERSE_LOG) {
        min = rng_below(rng, 2) == 0 ? 0.0 : 0.5 * rng_uniform(rng);
        max = 0.6 + 0.3999 * rng_uniform(rng);
    } else if (scale == HONE_LOG || scale == HONE_AUTO) {
        min = pow(10.0, -6.0 + 6.0 * rng_uniform(rng));
        max = min * (1.5 + pow(10.0, 5.0 * rng_uniform(rng)));
    } else {
        min = -5.0 + 10.0 * rng_uniform(rng);
        max = min + 0.01 + 10.0 * rng_uniform(rng);
    }
    must(hone_space_add_float(space, name, min, max, scale, &err), &err);
    if (finite || rng_below(rng, 3) == 0)
        must(hone_space_set_step(space, name, (max - min) / (1.0 + 4.0 * rng_uniform(rng)), &err),
             &err);
}

static void add_int(hone_space *space, struct rng *rng, const char *name, bool finite)
{
    hone_error err;
    bool is_log = rng_below(rng, 2) == 0;
    int64_t min = is_log ? 1 + (int64_t)rng_below(rng, 3) : (int64_t)rng_below(rng, 9) - 4;
    int64_t max = min + (int64_t)rng_below(rng, finite ? 5 : 2000);
    must(hone_space_add_int(space, name, min, max, is_log ? HONE_LOG : HONE_LINEAR, &err), &err);
    if (max - min >= 3 && rng_below(rng, 3) == 0)
        must(hone_space_set_step(space, name, 1.0 + (double)rng_below(rng, 3), &err), &err);
}

static void add_listed(hone_space *space, struct rng *rng, const char *name)
{
    static const char *const texts[] = {"a", "b", "c", "d", "e"};
    hone_error err;
    hone_value values[5];
    size_t n = 1 + (size_t)rng_below(rng, 5);
    bool numbers = rng_below(rng, 2) == 0;
    double x = rng_uniform(rng);
    for (size_t i = 0; i < n; i++) {
        x += pow(10.0, 2.0 * rng_uniform(rng));
        values[i] = numbers ? HONE_NUMBER(x) : HONE_TEXT(texts[i]);
    }
    must(rng_below(rng, 2) == 0 ? hone_space_add_ordinal(space, name, n, values, &err)
                                : hone_space_add_choice(space, name, n, values, &err),
         &err);
}

/* Some of the values of a parent with cells. */
static void add_condition(hone_space *space, struct rng *rng, size_t child)
{
    hone_error err;
    hone_value values[3];
    size_t parent = (size_t)rng_below(rng, child);
    const struct param *p = &space->params[parent];
    if (p->n_cells == 0)
        return;
    uint64_t first = rng_below(rng, p->n_cells);
    size_t n = 0;
    for (; n < 3 && n < p->n_cells; n++)
        values[n] = space_decode(p, space_cell(p, (first + n) % p->n_cells));
    must(hone_space_add_condition(space, space->params[child].name, p->name, n, values, &err),
         &err);
}

/* A bound that a good part of the space keeps. */
static void add_where(hone_space *space, struct rng *rng)
{
    hone_error err;
    char text[128];
    const struct param *p = &space->params[rng_below(rng, space->n)];
    hone_value middle = space_decode(p, space_spread(p, 0.6));
    if (middle.kind == HONE_VALUE_TEXT)
        snprintf(text, sizeof text, "%s == '%s' or %s != '%s'", p->name, middle.text, p->name,
                 space_decode(p, space_spread(p, 0.0)).text);
    else if (p->kind != PARAM_CHOICE)
        snprintf(text, sizeof text, "%s <= %.17g", p->name, middle.number);
    else
        snprintf(text, sizeof text, "%s in [%.17g]", p->name, middle.number);
    must(hone_space_add_where(space, text, &err), &err);
}

hone_space *random_space(struct rng *rng, bool finite)
{
    static const char *const names[] = {"p0", "p1", "p2", "p3", "p4", "p5"};
    hone_space *space = hone_space_new();
    size_t n = 1 + (size_t)rng_below(rng, 6);
    for (size_t j = 0; j < n; j++) {
        switch (rng_below(rng, 3)) {
        case 0:
            add_float(space, rng, names[j], finite);
            break;
        case 1:
            add_int(space, rng, names[j], finite);
            break;
        default:
            add_listed(space, rng, names[j]);
            break;
        }
        if (j > 0 && rng_below(rng, 3) == 0)
            add_condition(space, rng, j);
    }
    if (rng_below(rng, 3) == 0)
        add_where(space, rng);
    return space;
}

uint64_t random_seed(void)
{
    const char *text = getenv("HONE_TEST_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 1;
    fprintf(stderr, "HONE_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}
