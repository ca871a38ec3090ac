/*
 * lbfgs.c: limited-memory BFGS with projection on a box.
 *
 * The direction is the two-loop recursion's over the free variables; one at its bound whose
 * gradient points outward is frozen for the step. Armijo's rule along the projected path, halving.
 * Source: Nocedal & Wright, Numerical Optimization (2006), algorithm 7.4; projected line search
 * after Bertsekas, SIAM J. Control and Optimization 20 (1982) 221-246.
 * Departures: a pair enters the memory only if s.y > 1e-10; no Wolfe condition.
 */
#include "search/gp/lbfgs.h"

#include <math.h>
#include <string.h>

#include "base/linalg.h"

#define ARMIJO       1e-4
#define MAX_HALVINGS 12
#define MIN_CURVE    1e-10

bool lbfgs_init(struct lbfgs *l, size_t n, struct arena *arena)
{
    *l = (struct lbfgs){.n = n, .first_step = 1.0, .done = true};
    double *memory = arena_array(arena, (4 + 2 * LBFGS_MEMORY) * n, sizeof *memory);
    if (memory == NULL)
        return false;
    l->trial = memory;
    l->x = memory + n;
    l->gradient = memory + 2 * n;
    l->direction = memory + 3 * n;
    for (size_t i = 0; i < LBFGS_MEMORY; i++) {
        l->s[i] = memory + (4 + 2 * i) * n;
        l->y[i] = memory + (5 + 2 * i) * n;
    }
    return true;
}

static double clip(const struct lbfgs *l, size_t i, double x)
{
    return x < l->low[i] ? l->low[i] : x > l->high[i] ? l->high[i] : x;
}

void lbfgs_start(struct lbfgs *l, const double *x)
{
    for (size_t i = 0; i < l->n; i++)
        l->trial[i] = clip(l, i, x[i]);
    l->pairs = 0;
    l->started = false;
    l->done = l->evaluations_left == 0 || l->n == 0;
    l->f = (double)INFINITY;
    memcpy(l->x, l->trial, l->n * sizeof *l->x);
}

static bool is_frozen(const struct lbfgs *l, size_t i)
{
    return (l->x[i] <= l->low[i] && l->gradient[i] > 0.0) ||
           (l->x[i] >= l->high[i] && l->gradient[i] < 0.0);
}

static double largest_free_gradient(const struct lbfgs *l)
{
    double largest = 0.0;
    for (size_t i = 0; i < l->n; i++)
        if (!is_frozen(l, i))
            largest = fmax(largest, fabs(l->gradient[i]));
    return largest;
}

static void freeze(struct lbfgs *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (is_frozen(l, i))
            l->direction[i] = 0.0;
}

/* direction = -H gradient, with H from the remembered pairs. */
static void set_direction(struct lbfgs *l)
{
    double *q = l->direction, a[LBFGS_MEMORY];
    for (size_t i = 0; i < l->n; i++)
        q[i] = -l->gradient[i];
    freeze(l);
    for (size_t k = 0; k < l->pairs; k++) { /* newest first */
        size_t m = (l->newest + LBFGS_MEMORY - k) % LBFGS_MEMORY;
        a[m] = l->rho[m] * linalg_dot(l->s[m], q, l->n);
        for (size_t i = 0; i < l->n; i++)
            q[i] -= a[m] * l->y[m][i];
    }
    if (l->pairs > 0) {
        const double *y = l->y[l->newest];
        double scale = 1.0 / (l->rho[l->newest] * linalg_dot(y, y, l->n));
        for (size_t i = 0; i < l->n; i++)
            q[i] *= scale;
    }
    for (size_t k = l->pairs; k-- > 0;) {
        size_t m = (l->newest + LBFGS_MEMORY - k) % LBFGS_MEMORY;
        double b = l->rho[m] * linalg_dot(l->y[m], q, l->n);
        for (size_t i = 0; i < l->n; i++)
            q[i] += (a[m] - b) * l->s[m][i];
    }
    freeze(l);
    if (l->pairs > 0 && !(linalg_dot(q, l->gradient, l->n) < 0.0)) {
        l->pairs = 0;
        set_direction(l);
    }
}

static void set_trial(struct lbfgs *l)
{
    for (size_t i = 0; i < l->n; i++)
        l->trial[i] = clip(l, i, l->x[i] + l->step * l->direction[i]);
}

static void accept(struct lbfgs *l, double f, const double *gradient)
{
    if (l->started) {
        size_t m = l->pairs == 0 ? 0 : (l->newest + 1) % LBFGS_MEMORY;
        for (size_t i = 0; i < l->n; i++) {
            l->s[m][i] = l->trial[i] - l->x[i];
            l->y[m][i] = gradient[i] - l->gradient[i];
        }
        double curve = linalg_dot(l->s[m], l->y[m], l->n);
        if (curve > MIN_CURVE) {
            l->rho[m] = 1.0 / curve;
            l->newest = m;
            l->pairs += l->pairs < LBFGS_MEMORY;
        }
    }
    memcpy(l->x, l->trial, l->n * sizeof *l->x);
    memcpy(l->gradient, gradient, l->n * sizeof *gradient);
    l->f = f;
}

/* Armijo's rule: did f fall by a share of what the gradient promised? */
static bool fell_enough(const struct lbfgs *l, double f)
{
    double promised = 0.0;
    for (size_t i = 0; i < l->n; i++)
        promised += l->gradient[i] * (l->trial[i] - l->x[i]);
    return isfinite(f) && f <= l->f + ARMIJO * promised;
}

bool lbfgs_next(struct lbfgs *l, double f, const double *gradient)
{
    if (l->done)
        return false;
    l->evaluations_left--;
    if (!l->started && !isfinite(f)) {
        l->done = true;
        return false;
    }
    if (!l->started || fell_enough(l, f)) {
        double fall = l->f - f;
        bool flat = l->started && fall < l->decrease_tolerance * fmax(1.0, fabs(f));
        accept(l, f, gradient);
        l->started = true;
        double largest = largest_free_gradient(l);
        l->done = flat || !(largest >= l->gradient_tolerance) || l->evaluations_left == 0;
        if (l->done)
            return false;
        set_direction(l);
        l->step = l->pairs > 0 ? 1.0 : fmin(1.0, l->first_step / largest);
        l->halvings = 0;
    } else {
        l->step *= 0.5;
        l->done = ++l->halvings > MAX_HALVINGS || l->evaluations_left == 0;
        if (l->done)
            return false;
    }
    set_trial(l);
    return true;
}
