/*
 * maximise.c: where is the acquisition highest, in a space of numbers, choices and conditions?
 *
 * Candidates are spread points (scrambled Sobol'), neighbours of the best told rows at three
 * distances, and the local optima of the last ask. The best of them that are not too near to each
 * other are climbed from (climb.c).
 */
#include "search/gp/gp.h"

#include <math.h>
#include <string.h>

#include "base/numeric.h"
#include "search/sobol.h"

#define SPREAD        512
#define NEIGHBOURS    16   /* of each told row at each distance */
#define MIN_DISTANCE  0.15 /* between starts, in length scales */
#define MIN_PERTURBED 0.3
#define PERTURBED     4.0 /* numbers perturbed on average */
#define N_DISTANCES   3

static const double distances[N_DISTANCES] = {0.2, 0.05, 0.01};

/* ---- Candidates ------------------------------------------------------------------------------ */

struct candidates {
    const struct search_view *view;
    const struct gp_space *gs;
    struct rng rng;
    double *rows;
    size_t n, width;
    size_t n_choices;
};

static void keep_if_allowed(struct candidates *c)
{
    double *row = c->rows + c->n * c->width;
    space_complete(c->view->space, row, &c->rng);
    if (space_satisfies(c->view->space, row))
        c->n++;
}

static double reflect(double u)
{
    u = fabs(u);
    u = u - 2.0 * floor(0.5 * u);
    return u > 1.0 ? 2.0 - u : u;
}

/* Change one active entry; a number by about sd, a discrete one by a cell at least. */
static void perturb_entry(struct candidates *c, double *row, const struct gp_dim *dim, double sd)
{
    const struct param *p = &c->view->space->params[dim->param];
    double *u = &row[dim->param];
    if (p->kind == PARAM_CHOICE) {
        *u = space_cell(p, rng_below(&c->rng, p->n_cells));
        return;
    }
    double shift = sd * rng_normal(&c->rng), moved = reflect(*u + shift);
    if (p->n_cells > 0) {
        uint64_t cell = space_cell_of(p, *u);
        moved = space_round(p, moved);
        if (space_cell_of(p, moved) == cell) {
            bool up = (shift > 0.0 && cell + 1 < p->n_cells) || cell == 0;
            moved = space_cell(p, up ? cell + 1 : cell - 1);
        }
    }
    *u = moved;
}

static void add_neighbour(struct candidates *c, const double *told, double sd)
{
    const struct gp_space *gs = c->gs;
    double *row = c->rows + c->n * c->width;
    memcpy(row, told, c->width * sizeof *row);
    double share = fmax(MIN_PERTURBED, fmin(1.0, PERTURBED / (double)gs->d));
    double redraw = 1.0 / (1.0 + (double)c->n_choices);
    size_t n_active = 0;
    bool changed = false;
    for (size_t j = 0; j < gs->d; j++) {
        const struct gp_dim *dim = &gs->dims[j];
        if (row[dim->param] < 0.0)
            continue;
        n_active++;
        if (rng_uniform(&c->rng) < (dim->metric == GP_CODE ? redraw : share)) {
            perturb_entry(c, row, dim, sd);
            changed = true;
        }
    }
    if (!changed && n_active > 0) {
        uint64_t pick = rng_below(&c->rng, n_active);
        for (size_t j = 0; j < gs->d; j++)
            if (row[gs->dims[j].param] >= 0.0 && pick-- == 0) {
                perturb_entry(c, row, &gs->dims[j], sd);
                break;
            }
    }
    keep_if_allowed(c);
}

static bool fill_candidates(struct candidates *c, const struct gp_hints *hints)
{
    const struct search_view *view = c->view;
    struct sobol *sobol = arena_array(view->scratch, 1, sizeof *sobol);
    double *u = arena_array(view->scratch, c->width, sizeof *u);
    if (sobol == NULL || u == NULL)
        return false;
    sobol_init(sobol, view->options->seed, 1 + view->next_id, c->width);
    for (uint64_t i = 0; i < SPREAD; i++) {
        sobol_at(sobol, i, u);
        if (space_from_unit(view->space, u, c->rows + c->n * c->width, &c->rng))
            c->n++;
    }
    for (size_t i = 0; i < hints->n_told; i++)
        for (size_t s = 0; s < N_DISTANCES; s++)
            for (size_t k = 0; k < NEIGHBOURS; k++)
                add_neighbour(c, hints->told[i], distances[s]);
    for (size_t i = 0; i < hints->n_optima; i++) {
        memcpy(c->rows + c->n * c->width, hints->optima + i * c->width, c->width * sizeof(double));
        keep_if_allowed(c);
    }
    return true;
}

/* ---- The search ------------------------------------------------------------------------------ */

/* Best first; equal values keep the order of the candidates. */
static void order(struct gp_optimum *list, size_t n)
{
    for (size_t gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (size_t i = gap; i < n; i++) {
            struct gp_optimum item = list[i];
            size_t j = i;
            for (;
                 j >= gap && (list[j - gap].value < item.value ||
                              (list[j - gap].value == item.value && list[j - gap].row > item.row));
                 j -= gap)
                list[j] = list[j - gap];
            list[j] = item;
        }
}

static double distance(const struct gp_judge *judge, const double *a, const double *b, double *work)
{
    const struct gp_space *gs = judge->gs;
    double *x = work, *y = work + gs->n_features, r2 = 0.0;
    gp_features(gs, a, x, 1);
    gp_features(gs, b, y, 1);
    for (size_t f = 0; f < gs->n_features; f++) {
        double difference = f < gs->n_metric ? x[f] - y[f] : x[f] != y[f] ? 1.0 : 0.0;
        difference *= judge->inverse[f];
        r2 += difference * difference;
    }
    return sqrt(r2);
}

/* Copy the best candidates that keep their distance; returns their number. */
static size_t choose_starts(const struct gp_judge *judge, const struct gp_optimum *candidates,
                            size_t n, size_t width, double *rows, double *value, double *work)
{
    size_t chosen = 0;
    for (size_t i = 0; i < n && chosen < GP_STARTS; i++) {
        bool apart = true;
        for (size_t s = 0; s < chosen && apart; s++)
            apart = distance(judge, candidates[i].row, rows + s * width, work) > MIN_DISTANCE;
        if (!apart)
            continue;
        memcpy(rows + chosen * width, candidates[i].row, width * sizeof *rows);
        value[chosen++] = candidates[i].value;
    }
    return chosen;
}

bool gp_maximise(struct gp_judge *judge, const struct search_view *view,
                 const struct gp_hints *hints, struct gp_optimum *optima, size_t *n_optima,
                 struct gp_optimum **others, size_t *n_others)
{
    const struct gp_space *gs = judge->gs;
    struct candidates c = {.view = view, .gs = gs, .width = view->space->n};
    rng_init(&c.rng, view->options->seed, RNG_CANDIDATES, view->next_id);
    for (size_t j = 0; j < gs->d; j++)
        c.n_choices += gs->dims[j].metric == GP_CODE;
    size_t most = SPREAD + hints->n_told * N_DISTANCES * NEIGHBOURS + hints->n_optima;
    c.rows = arena_array(view->scratch, most * c.width, sizeof(double));
    double *value = arena_array(view->scratch, most, sizeof *value);
    struct gp_optimum *list = arena_array(view->scratch, most, sizeof *list);
    double *climbing = arena_array(view->scratch, GP_STARTS * c.width, sizeof *climbing);
    double *work = arena_array(view->scratch, 2 * gs->n_features, sizeof *work);
    if (c.rows == NULL || value == NULL || list == NULL || climbing == NULL || work == NULL ||
        !fill_candidates(&c, hints))
        return false;
    gp_judge_rows(judge, c.rows, c.n, value);
    for (size_t i = 0; i < c.n; i++)
        list[i] = (struct gp_optimum){value[i], c.rows + i * c.width};
    order(list, c.n);
    double climbed[GP_STARTS];
    size_t n = choose_starts(judge, list, c.n, c.width, climbing, climbed, work);
    if (!gp_climb(judge, view, climbing, climbed, n, &c.rng))
        return false;
    for (size_t s = 0; s < n; s++) {
        space_complete(view->space, climbing + s * c.width, &c.rng);
        optima[s] = (struct gp_optimum){climbed[s], climbing + s * c.width};
    }
    order(optima, n);
    *n_optima = n;
    *others = list;
    *n_others = c.n;
    return true;
}
