/*
 * climb.c: make good rows better, several at a time.
 *
 * In turns: (a) L-BFGS over the continuous dimensions, in units of their length scales, all rows
 * together so that the triangular solves share their work; (b) every change of one discrete
 * parameter, the best of which is taken, as long as one helps.
 */
#include "search/gp/gp.h"

#include <math.h>
#include <string.h>

#include "base/numeric.h"
#include "base/vector.h"
#include "search/gp/lbfgs.h"

#define ROUNDS         3
#define EVALUATIONS    16 /* of L-BFGS, a round */
#define SWEEPS         12
#define MIN_MOVE_GAIN  1e-9
#define MIN_ROUND_GAIN 1e-6
#define ALL_VALUES     16 /* numbers with so many values try them all */
#define ALL_CATEGORIES 32
#define RANDOM_VALUES  3
#define PARENT_DRAWS   3 /* of the parameters that a change makes active */
#define MIN_SCALE      0.02
#define MAX_SCALE      2.0

struct climb {
    struct gp_judge *judge;
    const struct gp_space *gs;
    const struct hone_space *space;
    struct rng *rng;
    size_t n, width;
    double *rows, *value; /* the climbing rows */
    double *scale;        /* d */
    struct lbfgs lbfgs[GP_STARTS];
    size_t *active[GP_STARTS]; /* dimension of each variable */
    double *low, *high[GP_STARTS];
    double *trial, *gradient, *work; /* of up to 8 rows */
    double *moves, *move_value;      /* discrete changes */
    size_t *owner, n_moves;
};

/* More than the changes that moves_of() can make of one row. */
static size_t most_moves(const struct gp_space *gs)
{
    size_t total = 0;
    for (size_t j = 0; j < gs->d; j++) {
        const struct param *p = &gs->space->params[gs->dims[j].param];
        if (!gs->dims[j].continuous)
            total += (size_t)(p->kind == PARAM_CHOICE ? ALL_CATEGORIES : ALL_VALUES) *
                     (size_t)(p->is_parent ? PARENT_DRAWS : 1);
    }
    return total;
}

static bool climb_init(struct climb *c, struct arena *arena)
{
    size_t d = c->gs->d, most = c->n * most_moves(c->gs);
    c->scale = arena_array(arena, d, sizeof(double));
    c->low = arena_array(arena, d, sizeof(double));
    c->trial = arena_array(arena, LANES * c->width, sizeof(double));
    c->gradient = arena_array(arena, (LANES + 1) * d, sizeof(double));
    c->work = arena_array(arena, d * LANES, sizeof(double));
    c->moves = arena_array(arena, most * c->width, sizeof(double));
    c->move_value = arena_array(arena, most, sizeof(double));
    c->owner = arena_array(arena, most, sizeof(size_t));
    if (c->scale == NULL || c->low == NULL || c->trial == NULL || c->gradient == NULL ||
        c->work == NULL || c->moves == NULL || c->move_value == NULL || c->owner == NULL)
        return false;
    for (size_t s = 0; s < c->n; s++) {
        c->active[s] = arena_array(arena, d, sizeof(size_t));
        c->high[s] = arena_array(arena, d, sizeof(double));
        if (c->active[s] == NULL || c->high[s] == NULL || !lbfgs_init(&c->lbfgs[s], d, arena))
            return false;
    }
    for (size_t j = 0; j < d; j++) {
        double length = 1.0 / c->judge->inverse[c->gs->dims[j].feature];
        c->scale[j] = fmin(MAX_SCALE, fmax(MIN_SCALE, length));
    }
    return true;
}

/* Set up the search of row s over its active continuous dimensions. */
static void start_floats(struct climb *c, size_t s, double *z)
{
    struct lbfgs *l = &c->lbfgs[s];
    const double *row = c->rows + s * c->width;
    l->n = 0;
    for (size_t j = 0; j < c->gs->d; j++) {
        const struct gp_dim *dim = &c->gs->dims[j];
        if (!dim->continuous || row[dim->param] < 0.0)
            continue;
        z[l->n] = row[dim->param] / c->scale[j];
        c->high[s][l->n] = 1.0 / c->scale[j];
        c->active[s][l->n++] = j;
    }
    l->low = c->low;
    l->high = c->high[s];
    l->first_step = 0.3;
    l->gradient_tolerance = 1e-4;
    l->decrease_tolerance = 0.0;
    l->evaluations_left = EVALUATIONS;
    lbfgs_start(l, z);
}

static void put_floats(const struct climb *c, size_t s, const double *z, double *row)
{
    for (size_t i = 0; i < c->lbfgs[s].n; i++) {
        size_t j = c->active[s][i];
        row[c->gs->dims[j].param] = fmin(1.0, fmax(0.0, z[i] * c->scale[j]));
    }
}

static void climb_floats(struct climb *c)
{
    size_t d = c->gs->d, running[GP_STARTS], n = 0;
    double *z = c->gradient + LANES * d, value[LANES];
    for (size_t s = 0; s < c->n; s++) {
        start_floats(c, s, z);
        if (!c->lbfgs[s].done)
            running[n++] = s;
    }
    while (n > 0) {
        for (size_t i = 0; i < n; i++) {
            double *row = c->trial + i * c->width;
            memcpy(row, c->rows + running[i] * c->width, c->width * sizeof *row);
            put_floats(c, running[i], c->lbfgs[running[i]].trial, row);
        }
        gp_judge_climb(c->judge, c->trial, n, value, c->gradient, c->work);
        size_t left = 0;
        for (size_t i = 0; i < n; i++) {
            size_t s = running[i];
            struct lbfgs *l = &c->lbfgs[s];
            for (size_t k = 0; k < l->n; k++) /* minimise, in units of the scale */
                z[k] = -c->gradient[i * d + c->active[s][k]] * c->scale[c->active[s][k]];
            bool allowed = space_satisfies(c->space, c->trial + i * c->width);
            if (lbfgs_next(l, allowed ? -value[i] : (double)INFINITY, z))
                running[left++] = s;
        }
        n = left;
    }
    for (size_t s = 0; s < c->n; s++)
        if (c->lbfgs[s].n > 0 && -c->lbfgs[s].f > c->value[s]) {
            put_floats(c, s, c->lbfgs[s].x, c->rows + s * c->width);
            c->value[s] = -c->lbfgs[s].f;
        }
}

static void add_move(struct climb *c, size_t s, size_t param, double coordinate)
{
    const double *row = c->rows + s * c->width;
    if (fabs(row[param] - coordinate) <= ROW_EPS)
        return;
    size_t draws = c->space->params[param].is_parent ? PARENT_DRAWS : 1;
    for (size_t i = 0; i < draws; i++) {
        double *move = c->moves + c->n_moves * c->width;
        memcpy(move, row, c->width * sizeof *move);
        move[param] = coordinate;
        space_complete(c->space, move, c->rng);
        if (space_satisfies(c->space, move))
            c->owner[c->n_moves++] = s;
    }
}

/* Steps from a cell of many: near, farther, far, anywhere. */
static void add_steps(struct climb *c, size_t s, size_t param)
{
    const struct param *p = &c->space->params[param];
    uint64_t n = p->n_cells, here = space_cell_of(p, c->rows[s * c->width + param]);
    const uint64_t steps[] = {1, 2, n / 8, n / 4};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (here >= steps[i])
            add_move(c, s, param, space_cell(p, here - steps[i]));
        if (here + steps[i] < n)
            add_move(c, s, param, space_cell(p, here + steps[i]));
    }
    for (size_t i = 0; i < RANDOM_VALUES; i++)
        add_move(c, s, param, space_cell(p, rng_below(c->rng, n)));
}

static void add_moves_of(struct climb *c, size_t s)
{
    for (size_t j = 0; j < c->gs->d; j++) {
        size_t param = c->gs->dims[j].param;
        const struct param *p = &c->space->params[param];
        if (c->gs->dims[j].continuous || c->rows[s * c->width + param] < 0.0)
            continue;
        bool choice = p->kind == PARAM_CHOICE;
        if (p->n_cells <= (choice ? ALL_CATEGORIES : ALL_VALUES))
            for (uint64_t i = 0; i < p->n_cells; i++)
                add_move(c, s, param, space_cell(p, i));
        else if (choice)
            for (size_t i = 0; i < ALL_CATEGORIES; i++)
                add_move(c, s, param, space_cell(p, rng_below(c->rng, p->n_cells)));
        else
            add_steps(c, s, param);
    }
}

/* Take each row's best change while one helps; whether any row moved. */
static bool climb_discrete(struct climb *c)
{
    bool may_move[GP_STARTS], any = false, moved = true;
    for (size_t s = 0; s < c->n; s++)
        may_move[s] = true;
    for (size_t sweep = 0; sweep < SWEEPS && moved; sweep++) {
        c->n_moves = 0;
        for (size_t s = 0; s < c->n; s++)
            if (may_move[s])
                add_moves_of(c, s);
        gp_judge_rows(c->judge, c->moves, c->n_moves, c->move_value);
        size_t best[GP_STARTS];
        for (size_t s = 0; s < c->n; s++) {
            best[s] = c->n_moves;
            may_move[s] = false;
        }
        for (size_t m = 0; m < c->n_moves; m++) {
            size_t s = c->owner[m];
            if (best[s] == c->n_moves || c->move_value[m] > c->move_value[best[s]])
                best[s] = m;
        }
        moved = false;
        for (size_t s = 0; s < c->n; s++) {
            if (best[s] == c->n_moves || c->move_value[best[s]] <= c->value[s] + MIN_MOVE_GAIN)
                continue;
            memcpy(c->rows + s * c->width, c->moves + best[s] * c->width,
                   c->width * sizeof(double));
            c->value[s] = c->move_value[best[s]];
            may_move[s] = moved = any = true;
        }
    }
    return any;
}

bool gp_climb(struct gp_judge *judge, const struct search_view *view, double *rows, double *value,
              size_t n, struct rng *rng)
{
    struct climb c = {
        .judge = judge,
        .gs = judge->gs,
        .space = view->space,
        .rng = rng,
        .n = n,
        .width = view->space->n,
        .rows = rows,
        .value = value,
    };
    if (!climb_init(&c, view->scratch))
        return false;
    for (size_t round = 0; round < ROUNDS; round++) {
        double before[GP_STARTS], gain = 0.0;
        memcpy(before, value, n * sizeof *value);
        climb_floats(&c);
        bool moved = climb_discrete(&c);
        for (size_t s = 0; s < n; s++)
            gain = fmax(gain, value[s] - before[s]);
        if (!moved || gain <= MIN_ROUND_GAIN)
            break;
    }
    return true;
}
