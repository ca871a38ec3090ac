/*
 * kernel.c: how alike are two configurations?
 *
 *     k(x, x') = s2 ((1 - w) m(r) + w/d sum_j 1/(1 + q_j)),
 *     q_j = D_j(x, x') / l_j^2,  r^2 = sum_j q_j,  m(r) = (1 + a + a^2/3) e^-a,  a = sqrt(5) r,
 * with D_j = (u - u')^2 for numbers and [c != c'] for choices: one length scale a parameter, so
 * that many categories don't count as many dimensions. The first part, Matern's with nu = 5/2, can
 * become any function but knows it only near the points that were tried; the second, a sum of
 * functions of one parameter each, learns from all of them. How much of the second there is, w, is
 * fitted with the rest. Its 1/(1 + q), Cauchy's, is as positive definite and needs no exp.
 *
 * A number that can be inactive is a point (cos u, sin u) of an arc of one radian, or the arc's
 * centre when it is inactive: D = 2 - 2 cos(u - u') when both are active, 1 when one is, 0 when
 * none is. Distances between such points are Euclidean, so k stays positive definite.
 *
 * Sources: Matern's family and length scale per parameter, Rasmussen & Williams (2006), sections
 *     4.2 and 5.1; additive parts: Duvenaud, Nickisch & Rasmussen, NeurIPS 24 (2011); the arc:
 *     Hutter & Osborne, "A kernel for hierarchical parameter spaces" (2013).
 * The table of priors of ln l was learnt from tuning tasks, see docs/algorithms/bayesian.md.
 */
#include "search/gp/gp.h"

#include <math.h>

#include "base/numeric.h"
#include "base/vector.h"

#define DEPENDENCE 7.0 /* the number of dimensions for which the table was learnt */

struct prior {
    double centre, sd;
};

static struct prior prior_of(const struct param *p)
{
    switch (p->kind) {
    case PARAM_INT:
        return (struct prior){0.21, 0.76};
    case PARAM_ORDINAL:
        return (struct prior){-0.21, 0.76};
    case PARAM_CHOICE:
        return (struct prior){2.12, 1.17};
    case PARAM_FLOAT:
    default:
        break;
    }
    if (p->scale == HONE_LOG || p->scale == HONE_REVERSE_LOG)
        return (struct prior){-0.60, 0.76};
    return (struct prior){0.42, 0.76};
}

/* Parameters with one value say nothing and are left out. */
static bool is_modelled(const struct param *p)
{
    return p->n_cells != 1 && !(p->kind == PARAM_FLOAT && p->lo == p->hi);
}

static enum gp_metric metric_of(const struct param *p)
{
    if (p->kind == PARAM_CHOICE)
        return GP_CODE;
    return p->n_conditions > 0 ? GP_CHORD : GP_SQUARE;
}

static void add_dim(struct gp_space *gs, size_t param, enum gp_metric metric)
{
    const struct param *p = &gs->space->params[param];
    struct prior prior = prior_of(p);
    gs->dims[gs->d] = (struct gp_dim){
        .param = param,
        .metric = metric,
        .feature = gs->n_features,
        .centre = prior.centre,
        .sd = prior.sd,
        .continuous = p->kind == PARAM_FLOAT && p->n_cells == 0,
    };
    gs->dim_of[gs->n_features++] = gs->d;
    if (metric == GP_CHORD)
        gs->dim_of[gs->n_features++] = gs->d;
    gs->d++;
}

bool gp_space_init(struct gp_space *gs, const struct hone_space *space, struct arena *arena)
{
    *gs = (struct gp_space){.space = space};
    gs->dims = arena_array(arena, space->n, sizeof *gs->dims);
    gs->dim_of = arena_array(arena, 2 * space->n, sizeof *gs->dim_of);
    if (gs->dims == NULL || gs->dim_of == NULL)
        return false;
    for (enum gp_metric metric = GP_SQUARE; metric <= GP_CODE; metric++) {
        for (size_t j = 0; j < space->n; j++)
            if (is_modelled(&space->params[j]) && metric_of(&space->params[j]) == metric)
                add_dim(gs, j, metric);
        if (metric == GP_SQUARE)
            gs->n_square = gs->n_features;
        else if (metric == GP_CHORD)
            gs->n_metric = gs->n_features;
    }
    for (size_t j = 0; j < gs->d; j++)
        gs->dims[j].centre += 0.5 * num_log((double)gs->d / DEPENDENCE);
    return true;
}

void gp_features(const struct gp_space *gs, const double *row, double *out, size_t step)
{
    for (size_t j = 0; j < gs->d; j++) {
        const struct gp_dim *dim = &gs->dims[j];
        double u = row[dim->param], *feature = out + dim->feature * step;
        if (dim->metric != GP_CHORD) {
            feature[0] = u;
            continue;
        }
        bool active = u >= 0.0;
        feature[0] = active ? num_cos(u) : 0.0;
        feature[step] = active ? num_sin(u) : 0.0;
    }
}

bool gp_kernel_init(struct gp_kernel *kernel, const struct gp_space *gs, const double *theta,
                    struct arena *arena)
{
    kernel->inverse = arena_array(arena, gs->n_features, sizeof *kernel->inverse);
    if (kernel->inverse == NULL)
        return false;
    if (theta != NULL)
        gp_kernel_set(kernel, gs, theta);
    return true;
}

void gp_kernel_set(struct gp_kernel *kernel, const struct gp_space *gs, const double *theta)
{
    for (size_t f = 0; f < gs->n_features; f++)
        kernel->inverse[f] = num_exp(-theta[gs->dim_of[f]]);
    kernel->s2 = num_exp(theta[gs->d + GP_SIGNAL]);
    kernel->noise = num_exp(theta[gs->d + GP_NOISE]);
    kernel->share = 1.0 / (1.0 + num_exp(-theta[gs->d + GP_SHARE]));
}

void gp_scale(const struct gp_space *gs, const struct gp_kernel *kernel, const double *features,
              size_t step, size_t n, double *out)
{
    for (size_t f = 0; f < gs->n_features; f++)
        for (size_t i = 0; i < n; i++)
            out[f * step + i] =
                features[f * step + i] * (f < gs->n_metric ? kernel->inverse[f] : 1.0);
}

/* A running sum of fractions 1 / p as one fraction: a division is dearer than multiplications. */
struct fraction {
    v8 over, under, sum;
    unsigned terms;
};

#define MAX_TERMS 8 /* before `under` could overflow */

HONE_INLINE void fraction_add(struct fraction *s, const v8 *p)
{
    if (s->terms == MAX_TERMS) {
        s->sum += s->over / s->under;
        s->terms = 0;
    }
    if (s->terms++ == 0) {
        v8_set(&s->over, 1.0);
        s->under = *p;
        return;
    }
    s->over = s->over * *p + s->under;
    s->under = s->under * *p;
}

HONE_CLONES void gp_covariances(const struct gp_space *gs, const struct gp_kernel *kernel,
                                struct gp_columns a, size_t n, struct gp_columns b, size_t from,
                                size_t to, double *k, double *g, size_t row_step)
{
    const double root5 = 2.2360679774997896964;
    const double near = kernel->s2 * (1.0 - kernel->share);
    const double each = kernel->s2 * kernel->share / (double)gs->d;
    for (size_t i = 0; i < n; i++)
        for (size_t c = from; c < to; c += LANES) {
            const double *x = a.features + i, *y = b.features + c;
            struct fraction additive = {.terms = 0};
            v8 r2 = {0}, p;
            size_t f = 0;
            for (; f < gs->n_square; f++, x += a.step, y += b.step) {
                v8 difference = v8_load(y) - *x;
                v8 q = difference * difference;
                r2 += q;
                p = q + 1.0;
                fraction_add(&additive, &p);
            }
            for (; f < gs->n_metric; f += 2, x += 2 * a.step, y += 2 * b.step) {
                v8 first = v8_load(y) - x[0], second = v8_load(y + b.step) - x[a.step];
                v8 q = first * first + second * second;
                r2 += q;
                p = q + 1.0;
                fraction_add(&additive, &p);
            }
            for (; f < gs->n_features; f++, x += a.step, y += b.step) {
                v8 q;
                v8_set(&q, kernel->inverse[f] * kernel->inverse[f]);
                v8i differs = v8_load(y) != *x;
                q = (v8)((v8i)q & differs);
                r2 += q;
                p = q + 1.0;
                fraction_add(&additive, &p);
            }
            v8 root = r2;
            v8_sqrt(&root);
            root = root * root5;
            v8 decay = -root;
            v8_exp(&decay);
            decay = decay * near;
            v8 sum = additive.sum + additive.over / additive.under;
            v8_store(k + i * row_step + c, (1.0 + root + r2 * (5.0 / 3.0)) * decay + sum * each);
            if (g != NULL)
                v8_store(g + i * row_step + c, (1.0 + root) * decay * (5.0 / 3.0));
        }
}
