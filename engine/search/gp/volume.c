/*
 * volume.c: how much a point is expected to add to the volume that a front dominates, for two or
 * three objectives with independent posteriors.
 *
 * What no point p of the front dominates and lies below the reference r is cut into disjoint boxes
 * [l, u). An outcome z adds the part of each box that is above z, so that with
 *     Psi_j(t) = E max(0, t - z_j) = sd_j h((t - mu_j) / sd_j)
 * the expected gain is the sum over boxes of prod_j (Psi_j(u_j) - Psi_j(l_j)), Psi(-inf) = 0.
 * Every edge of a box is a coordinate of p or of r: Psi is computed once for each of these, as
 *     rho_j(t) = Psi_j(t) / Psi_j(r_j) <= 1,
 * and the logarithm of the gain is sum_j ln Psi_j(r_j) + ln sum_boxes prod_j (rho_j(u_j) -
 * rho_j(l_j)), which has slopes where the gain itself would be zero in double precision.
 *
 * The cut: strips [left, right) x (-inf, top) between the stairs of the front in the first two
 * objectives. A point takes what is above it from the strips that it meets. With a third objective
 * the points come in its rising order, and a strip that is changed becomes a box that ends there:
 * at most 2 p + 1 boxes for p points.
 *
 * Sources: Emmerich, Deutz & Klinkenberg, "Hypervolume-based expected improvement", IEEE CEC (2011)
 *     2147-2154; the number of boxes: Yang, Emmerich, Deutz & Back, "Efficient computation of
 *     expected hypervolume improvement using box decomposition", J. Global Optimization 75 (2019)
 *     3-34; the logarithm: Ament et al., NeurIPS 36 (2023).
 */
#include "search/gp/gp.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/numeric.h"

#define LEAST_SHARE 1e-290 /* of prod Psi(r); below, only Psi(r) has a slope */

struct strip {
    double left, right, top, start; /* start: in the third objective */
};

struct sweep {
    struct strip *strips;
    size_t n_strips, m, n;
    double (*low)[GP_TERM_OUTCOMES], (*high)[GP_TERM_OUTCOMES]; /* n boxes so far */
};

static void close_strip(struct sweep *s, const struct strip *strip, double level)
{
    if (!(strip->left < strip->right) || (s->m == 3 && !(strip->start < level)))
        return;
    double *low = s->low[s->n], *high = s->high[s->n];
    s->n++;
    low[0] = strip->left;
    high[0] = strip->right;
    low[1] = -(double)INFINITY;
    high[1] = strip->top;
    low[2] = strip->start;
    high[2] = level;
}

/* Take what is above a point from the strips. */
static void cut(struct sweep *s, const double *p)
{
    double level = s->m == 3 ? p[2] : 0.0;
    size_t first = 0, end;
    while (first < s->n_strips && s->strips[first].right <= p[0])
        first++;
    for (end = first; end < s->n_strips && s->strips[end].top > p[1]; end++)
        if (s->m == 3)
            close_strip(s, &s->strips[end], level);
    if (first == end)
        return;
    struct strip fresh[2], *last = fresh;
    if (s->strips[first].left < p[0]) {
        *last = s->strips[first];
        last->right = p[0];
        (last++)->start = level;
    }
    *last++ = (struct strip){p[0], s->strips[end - 1].right, p[1], level};
    size_t n_fresh = (size_t)(last - fresh), behind = s->n_strips - end;
    memmove(s->strips + first + n_fresh, s->strips + end, behind * sizeof *s->strips);
    memcpy(s->strips + first, fresh, n_fresh * sizeof *fresh);
    s->n_strips = first + n_fresh + behind;
}

/* The distinct numbers among n, rising; returns how many. */
static size_t distinct(double *x, size_t n)
{
    num_sort(x, n);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || x[i] > x[kept - 1])
            x[kept++] = x[i];
    return kept;
}

static uint16_t place(const double *x, size_t n, double value)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (x[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint16_t)low;
}

bool gp_boxes_init(struct gp_boxes *boxes, const double *points, size_t n, size_t m,
                   const double *reference, struct arena *arena)
{
    assert(m == 2 || m == 3);
    assert(n <= GP_MAX_FRONT);
    struct sweep s = {.m = m, .n_strips = 1};
    size_t *order = arena_array(arena, n, sizeof *order), count = 0;
    s.strips = arena_array(arena, n + 2, sizeof *s.strips);
    s.low = arena_array(arena, 2 * n + 1, sizeof *s.low);
    s.high = arena_array(arena, 2 * n + 1, sizeof *s.high);
    *boxes = (struct gp_boxes){.m = m};
    boxes->edge[0] = arena_array(arena, m * (n + 2), sizeof(double));
    boxes->low = arena_array(arena, 2 * n + 1, sizeof *boxes->low);
    boxes->high = arena_array(arena, 2 * n + 1, sizeof *boxes->high);
    if (order == NULL || s.strips == NULL || s.low == NULL || s.high == NULL ||
        boxes->edge[0] == NULL || boxes->low == NULL || boxes->high == NULL)
        return false;

    for (size_t i = 0; i < n; i++) {
        const double *p = points + i * m;
        bool inside = true;
        for (size_t j = 0; j < m; j++)
            inside &= p[j] < reference[j];
        size_t at = count;
        if (!inside)
            continue;
        for (; m == 3 && at > 0 && points[order[at - 1] * m + 2] > p[2]; at--)
            order[at] = order[at - 1];
        order[at] = i;
        count++;
    }
    double bottom = -(double)INFINITY;
    s.strips[0] = (struct strip){bottom, reference[0], reference[1], bottom};
    for (size_t i = 0; i < count; i++)
        cut(&s, points + order[i] * m);
    for (size_t i = 0; i < s.n_strips; i++)
        close_strip(&s, &s.strips[i], m == 3 ? reference[2] : 0.0);

    for (size_t j = 0; j < m; j++) {
        double *edge = boxes->edge[j] = boxes->edge[0] + j * (n + 2);
        edge[0] = bottom;
        edge[1] = reference[j];
        for (size_t i = 0; i < count; i++)
            edge[2 + i] = points[order[i] * m + j];
        boxes->n_edges[j] = distinct(edge, count + 2);
        for (size_t b = 0; b < s.n; b++) {
            boxes->low[b][j] = place(edge, boxes->n_edges[j], s.low[b][j]);
            boxes->high[b][j] = place(edge, boxes->n_edges[j], s.high[b][j]);
        }
    }
    boxes->n = s.n;
    return true;
}

/* rho at each edge of an objective, with its slopes by mu and sd. */
struct shares {
    double rho[GP_MAX_FRONT + 2], d_mu[GP_MAX_FRONT + 2], d_sd[GP_MAX_FRONT + 2];
};

static struct gp_gain fill_shares(const double *edge, size_t n, double mu, double sd,
                                  struct shares *out)
{
    struct gp_gain whole = gp_log_improvement(mu, sd, edge[n - 1]);
    out->rho[0] = out->d_mu[0] = out->d_sd[0] = 0.0;
    for (size_t e = 1; e + 1 < n; e++) {
        struct gp_gain part = gp_log_improvement(mu, sd, edge[e]);
        double rho = num_exp(part.value - whole.value);
        out->rho[e] = rho;
        out->d_mu[e] = rho > 0.0 ? rho * (part.d_mu - whole.d_mu) : 0.0;
        out->d_sd[e] = rho > 0.0 ? rho * (part.d_sd - whole.d_sd) : 0.0;
    }
    out->rho[n - 1] = 1.0;
    out->d_mu[n - 1] = out->d_sd[n - 1] = 0.0;
    return whole;
}

double gp_log_volume_gain(const struct gp_boxes *boxes, const double *mu, const double *sd,
                          double *d_mu, double *d_sd)
{
    size_t m = boxes->m;
    struct shares shares[GP_TERM_OUTCOMES];
    double value = 0.0, sum = 0.0;
    double sum_mu[GP_TERM_OUTCOMES] = {0}, sum_sd[GP_TERM_OUTCOMES] = {0};
    for (size_t j = 0; j < m; j++) {
        struct gp_gain whole =
            fill_shares(boxes->edge[j], boxes->n_edges[j], mu[j], sd[j], &shares[j]);
        value += whole.value;
        d_mu[j] = whole.d_mu;
        d_sd[j] = whole.d_sd;
    }
    for (size_t b = 0; b < boxes->n; b++) {
        const uint16_t *low = boxes->low[b], *high = boxes->high[b];
        double side[GP_TERM_OUTCOMES] = {1.0, 1.0, 1.0};
        for (size_t j = 0; j < m; j++)
            side[j] = shares[j].rho[high[j]] - shares[j].rho[low[j]];
        sum += side[0] * side[1] * side[2];
        for (size_t j = 0; j < m; j++) {
            double others = side[(j + 1) % 3] * side[(j + 2) % 3];
            sum_mu[j] += others * (shares[j].d_mu[high[j]] - shares[j].d_mu[low[j]]);
            sum_sd[j] += others * (shares[j].d_sd[high[j]] - shares[j].d_sd[low[j]]);
        }
    }
    if (!(sum > LEAST_SHARE))
        return value + num_log(LEAST_SHARE);
    for (size_t j = 0; j < m; j++) {
        d_mu[j] += sum_mu[j] / sum;
        d_sd[j] += sum_sd[j] / sum;
    }
    return value + num_log(sum);
}

static double value_of_volume(const struct gp_term *term, const double *mu, const double *sd,
                              double *d_mu, double *d_sd)
{
    return gp_log_volume_gain(term->boxes, mu, sd, d_mu, d_sd);
}

struct gp_term gp_term_volume(const struct gp_boxes *boxes)
{
    return (struct gp_term){.value = value_of_volume, .n_outcomes = boxes->m, .boxes = boxes};
}
