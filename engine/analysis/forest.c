/*
 * forest.c: see forest.h.
 *
 * A tree may ask for a conditional parameter only where its questions so far have made it active;
 * where such a question would be the best one, it first asks the one that makes it possible. So
 * every leaf is a box, and no value has to be made up for an inactive parameter.
 *
 * Each tree is grown on a bootstrap sample until the values in a leaf are equal, each split being
 * the one that leaves the least squares, between two values of a number or around one category;
 * ties go to the parameter that comes first in an order drawn for the node. The rows that are not
 * in the sample go down as well and say how well the forest predicts.
 *
 * Source: Breiman, "Random forests", Machine Learning 45 (2001) 5-32.
 */
#include "analysis/forest.h"

#include <math.h>
#include <string.h>

#include "analysis/analysis.h"
#include "analysis/surrogate.h"
#include "base/numeric.h"

#define MAX_DEPTH      64
#define LEAVES_PER_ROW 3    /* some leaves have no row: they are apart for a condition's sake */
#define STREAM         1000 /* of random numbers: those of the trees follow */

/* ---- Places ---------------------------------------------------------------------------------- */

/* Ordinals are spread evenly: the search space is, whatever distance the values have. */
static double place_of_cell(const struct param *p, uint64_t i)
{
    return p->kind == PARAM_ORDINAL ? ((double)i + 0.5) / (double)p->n_cells : space_cell(p, i);
}

static double place_of(const struct param *p, double entry)
{
    if (!(entry >= 0.0) || p->kind != PARAM_ORDINAL)
        return entry;
    return place_of_cell(p, space_cell_of(p, entry));
}

/* The number of cells at or below a place. */
static uint64_t cells_to(const struct param *p, double place)
{
    uint64_t low = 0, high = p->n_cells;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (place_of_cell(p, middle) <= place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_allowed(const struct forest *f, size_t j, size_t category)
{
    return f->single[j] == SIZE_MAX ? !f->excluded[j][category] : f->single[j] == category;
}

static bool in_box(const struct forest *f, size_t j, double entry)
{
    const struct param *p = &f->space->params[j];
    if (f->excluded[j] != NULL)
        return is_allowed(f, j, (size_t)space_cell_of(p, entry));
    double place = place_of(p, entry);
    return place > f->low[j] && place <= f->high[j];
}

/* Whether every value of the parent that the box has satisfies the condition. */
static bool is_implied(const struct forest *f, const struct condition *condition)
{
    size_t j = condition->parent;
    const struct param *p = &f->space->params[j];
    uint64_t met = 0;
    for (size_t v = 0; v < condition->n_values; v++)
        met += in_box(f, j, condition->coordinates[v]);
    uint64_t there =
        f->excluded[j] != NULL ? f->n_allowed[j] : cells_to(p, f->high[j]) - cells_to(p, f->low[j]);
    return met == there;
}

/* The first condition that keeps a parameter from being active in the whole box, and whose parent
 * is; NULL: it is active. */
static const struct condition *unmet(const struct forest *f, size_t j)
{
    const struct param *p = &f->space->params[j];
    for (size_t c = 0; c < p->n_conditions; c++) {
        const struct condition *above = unmet(f, p->conditions[c].parent);
        if (above != NULL)
            return above;
        if (!is_implied(f, &p->conditions[c]))
            return &p->conditions[c];
    }
    return NULL;
}

/* ---- Growing --------------------------------------------------------------------------------- */

struct split {
    size_t param;
    double gain;     /* by which the squares fall */
    double at;       /* numbers: places up to here go left */
    size_t category; /* choices: this one goes left */
};

/* A range of the orders, and its sums over the sample. */
struct node {
    size_t begin, end, depth;
    double weight, sum, mean;
};

static double gain_of(const struct node *node, double weight, double sum)
{
    double rest = node->weight - weight, other = node->sum - sum;
    return sum * sum / weight + other * other / rest - node->sum * node->mean;
}

static void try_number(const struct forest *f, const struct node *node, size_t j,
                       struct split *best)
{
    const double *x = f->x + j * f->n;
    const size_t *order = f->order + j * f->n;
    double weight = 0.0, sum = 0.0, last = 0.0;
    for (size_t k = node->begin; k < node->end; k++) {
        size_t i = order[k];
        if (!(f->weight[i] > 0.0))
            continue;
        if (weight > 0.0 && x[i] > last) {
            double gain = gain_of(node, weight, sum);
            if (gain > best->gain)
                *best = (struct split){.param = j, .gain = gain, .at = 0.5 * (last + x[i])};
        }
        weight += f->weight[i];
        sum += f->weight[i] * f->y[i];
        last = x[i];
    }
}

/* Rows of one category stand together in the order. */
static void try_choice(const struct forest *f, const struct node *node, size_t j,
                       struct split *best)
{
    const double *x = f->x + j * f->n;
    const size_t *order = f->order + j * f->n;
    for (size_t k = node->begin; k < node->end;) {
        double category = x[order[k]], weight = 0.0, sum = 0.0;
        for (; k < node->end && x[order[k]] == category; k++) {
            weight += f->weight[order[k]];
            sum += f->weight[order[k]] * f->y[order[k]];
        }
        if (!(weight > 0.0) || weight >= node->weight)
            continue;
        double gain = gain_of(node, weight, sum);
        if (gain > best->gain)
            *best = (struct split){.param = j, .gain = gain, .category = (size_t)category};
    }
}

/* The weight in the sample of a category, among the node's rows. */
static double weight_of(const struct forest *f, const struct node *node, size_t j, double category)
{
    double weight = 0.0;
    for (size_t k = node->begin; k < node->end; k++) {
        size_t i = f->order[k];
        weight += f->x[j * f->n + i] == category ? f->weight[i] : 0.0;
    }
    return weight;
}

/* A split on the way to a condition: around its most frequent category, or at an edge of its
 * values. */
static struct split towards(const struct forest *f, const struct node *node,
                            const struct condition *condition)
{
    size_t j = condition->parent;
    const struct param *p = &f->space->params[j];
    struct split split = {.param = j};
    double most = -1.0;
    for (size_t v = 0; v < condition->n_values; v++) {
        double entry = condition->coordinates[v];
        uint64_t cell = space_cell_of(p, entry);
        if (!in_box(f, j, entry))
            continue;
        if (f->excluded[j] != NULL) {
            double weight = weight_of(f, node, j, (double)cell);
            if (weight > most)
                split.category = (size_t)cell;
            most = fmax(most, weight);
            continue;
        }
        for (int side = -1; side <= 1; side += 2) {
            if ((side < 0 && cell == 0) || (side > 0 && cell + 1 == p->n_cells))
                continue;
            double beside = space_cell(p, side < 0 ? cell - 1 : cell + 1);
            if (!in_box(f, j, beside) || condition_holds(condition, beside))
                continue;
            split.at = 0.5 * (place_of(p, entry) + place_of(p, beside));
            return split;
        }
    }
    return split;
}

/* A parameter that is active in a part of the box: what if that part were apart, and split? */
static void try_conditional(const struct forest *f, const struct node *node, size_t j,
                            const struct condition *condition, struct split *best)
{
    const double *x = f->x + j * f->n;
    const size_t *order = f->order + j * f->n;
    struct node active = *node;
    for (; active.begin < node->end && x[order[active.begin]] < 0.0; active.begin++) {
        active.weight -= f->weight[order[active.begin]];
        active.sum -= f->weight[order[active.begin]] * f->y[order[active.begin]];
    }
    if (!(active.weight > 0.0))
        return;
    double weight = node->weight - active.weight, sum = node->sum - active.sum;
    active.mean = active.sum / active.weight;
    double apart = active.sum * active.mean - node->sum * node->mean;
    if (weight > 0.0)
        apart += sum * sum / weight;
    struct split inner = {.gain = best->gain - apart};
    double least = inner.gain;
    if (f->excluded[j] != NULL)
        try_choice(f, &active, j, &inner);
    else
        try_number(f, &active, j, &inner);
    if (!(inner.gain > least))
        return;
    *best = towards(f, node, condition);
    best->gain = inner.gain + apart;
}

static struct split best_split(struct forest *f, const struct node *node)
{
    struct split best = {0};
    for (size_t k = 0; k < f->d; k++)
        f->turn[k] = k;
    for (size_t k = f->d; k > 1; k--) {
        size_t other = (size_t)rng_below(&f->rng, k), j = f->turn[k - 1];
        f->turn[k - 1] = f->turn[other];
        f->turn[other] = j;
    }
    /* What rounding errors gain is nothing. */
    best.gain = 1e-12 * (1.0 + fabs(node->sum * node->mean));
    double least = best.gain;
    for (size_t k = 0; k < f->d; k++) {
        size_t j = f->turn[k];
        if (!param_varies(&f->space->params[j]))
            continue;
        const struct condition *condition = unmet(f, j);
        if (condition != NULL)
            try_conditional(f, node, j, condition, &best);
        else if (f->excluded[j] != NULL)
            try_choice(f, node, j, &best);
        else
            try_number(f, node, j, &best);
    }
    if (!(best.gain > least))
        best.gain = 0.0;
    return best;
}

/* Put what goes left first, in every order, keeping each order; returns how many go left. */
static size_t partition(struct forest *f, const struct node *node, const struct split *split)
{
    const double *x = f->x + split->param * f->n;
    bool choice = f->excluded[split->param] != NULL;
    size_t n_left = 0;
    for (size_t k = node->begin; k < node->end; k++) {
        size_t i = f->order[k];
        f->left[i] = choice ? (size_t)x[i] == split->category : x[i] <= split->at;
        n_left += f->left[i];
    }
    for (size_t j = 0; j < f->d; j++) {
        size_t *order = f->order + j * f->n, n_right = 0, at = node->begin;
        for (size_t k = node->begin; k < node->end; k++) {
            if (f->left[order[k]])
                order[at++] = order[k];
            else
                f->work[n_right++] = order[k];
        }
        memcpy(order + at, f->work, n_right * sizeof *order);
    }
    return n_left;
}

static double extent(const struct forest *f, size_t j)
{
    if (f->excluded[j] != NULL)
        return (double)f->n_allowed[j] / (double)f->space->params[j].n_cells;
    return f->high[j] - f->low[j];
}

static void add_leaf(struct forest *f, const struct node *node)
{
    size_t leaf = f->n_leaves++;
    double measure = 1.0;
    for (size_t j = 0; j < f->d; j++)
        measure *= extent(f, j);
    f->value[leaf] = node->mean;
    f->measure[leaf] = measure;
    for (size_t j = 0; j < f->d; j++) {
        f->from[leaf * f->d + j] = f->low[j];
        f->to[leaf * f->d + j] = f->high[j];
        for (size_t c = 0; f->excluded[j] != NULL && c < f->space->params[j].n_cells; c++)
            if (is_allowed(f, j, c))
                f->by_category[j][c] += node->mean * measure / extent(f, j);
    }
    for (size_t k = node->begin; k < node->end; k++) {
        size_t i = f->order[k];
        if (f->weight[i] > 0.0)
            continue;
        f->sum_out[i] += node->mean;
        f->n_out[i]++;
    }
}

static void grow(struct forest *f, size_t begin, size_t end, size_t depth, double above);

static void grow_choice(struct forest *f, const struct node *node, size_t middle,
                        const struct split *split)
{
    size_t j = split->param, n_allowed = f->n_allowed[j];
    f->single[j] = split->category;
    f->n_allowed[j] = 1;
    grow(f, node->begin, middle, node->depth + 1, node->mean);
    f->single[j] = SIZE_MAX;
    f->n_allowed[j] = n_allowed - 1;
    f->excluded[j][split->category] = true;
    grow(f, middle, node->end, node->depth + 1, node->mean);
    f->excluded[j][split->category] = false;
    f->n_allowed[j] = n_allowed;
}

static void grow_number(struct forest *f, const struct node *node, size_t middle,
                        const struct split *split)
{
    size_t j = split->param;
    double low = f->low[j], high = f->high[j];
    f->high[j] = split->at;
    grow(f, node->begin, middle, node->depth + 1, node->mean);
    f->high[j] = high;
    f->low[j] = split->at;
    grow(f, middle, node->end, node->depth + 1, node->mean);
    f->low[j] = low;
}

/*
 * Rows [begin, end) of the orders: a leaf, or a split and both sides of it.
 * @param above  the mean of the node above: what is known where the sample has no row
 */
static void grow(struct forest *f, size_t begin, size_t end, size_t depth, double above)
{
    struct node node = {.begin = begin, .end = end, .depth = depth};
    for (size_t k = begin; k < end; k++) {
        size_t i = f->order[k];
        node.weight += f->weight[i];
        node.sum += f->weight[i] * f->y[i];
    }
    node.mean = node.weight > 0.0 ? node.sum / node.weight : above;
    struct split split = {0};
    /* Of each node above one side may still have to be grown: room for these leaves stays. */
    if (depth < MAX_DEPTH && node.weight > 0.0 && f->n_leaves + depth + 2 <= f->room)
        split = best_split(f, &node);
    if (!(split.gain > 0.0)) {
        add_leaf(f, &node);
        return;
    }
    size_t middle = begin + partition(f, &node, &split);
    if (f->excluded[split.param] != NULL)
        grow_choice(f, &node, middle, &split);
    else
        grow_number(f, &node, middle, &split);
}

void forest_plant(struct forest *f, uint64_t seed, size_t tree)
{
    rng_init(&f->rng, seed, RNG_ANALYSIS, STREAM + tree);
    for (size_t i = 0; i < f->n; i++)
        f->weight[i] = 0.0;
    for (size_t i = 0; i < f->n; i++)
        f->weight[rng_below(&f->rng, f->n)] += 1.0;
    memcpy(f->order, f->sorted, f->d * f->n * sizeof *f->order);
    f->n_leaves = 0;
    for (size_t j = 0; j < f->d; j++) {
        size_t n_cells = (size_t)f->space->params[j].n_cells;
        f->low[j] = 0.0;
        f->high[j] = 1.0;
        f->single[j] = SIZE_MAX;
        f->n_allowed[j] = n_cells;
        if (f->excluded[j] != NULL)
            memset(f->by_category[j], 0, n_cells * sizeof(double));
    }
    grow(f, 0, f->n, 0, 0.0);
}

double forest_fit(const struct forest *f)
{
    double n = 0.0, mean = 0.0, left = 0.0, whole = 0.0;
    for (size_t i = 0; i < f->n; i++)
        if (f->n_out[i] > 0) {
            n += 1.0;
            mean += f->y[i];
        }
    mean /= n;
    for (size_t i = 0; i < f->n; i++) {
        if (f->n_out[i] == 0)
            continue;
        double error = f->y[i] - f->sum_out[i] / (double)f->n_out[i];
        left += error * error;
        whole += (f->y[i] - mean) * (f->y[i] - mean);
    }
    return whole > 0.0 ? 1.0 - left / whole : (double)NAN;
}

/* ---- Setting up ------------------------------------------------------------------------------ */

static bool forest_memory(struct forest *f, struct arena *arena)
{
    size_t n = f->n, d = f->d, room = f->room;
    double *numbers =
        arena_array(arena, d * n + 3 * n + 2 * room + 2 * d + 2 * room * d, sizeof *numbers);
    size_t *sizes = arena_array(arena, 2 * d * n + 2 * n + 3 * d, sizeof *sizes);
    f->left = arena_array(arena, n, sizeof(bool));
    f->excluded = arena_array(arena, d, sizeof(bool *));
    f->by_category = arena_array(arena, d, sizeof(double *));
    if (numbers == NULL || sizes == NULL || f->left == NULL || f->excluded == NULL ||
        f->by_category == NULL)
        return false;
    f->x = numbers;
    f->y = f->x + d * n;
    f->weight = f->y + n;
    f->value = f->weight + n;
    f->measure = f->value + room;
    f->sum_out = f->measure + room;
    f->low = f->sum_out + n;
    f->high = f->low + d;
    f->from = f->high + d;
    f->to = f->from + room * d;
    f->sorted = sizes;
    f->order = f->sorted + d * n;
    f->work = f->order + d * n;
    f->n_out = f->work + n;
    f->single = f->n_out + n;
    f->n_allowed = f->single + d;
    f->turn = f->n_allowed + d;
    for (size_t j = 0; j < d; j++) {
        const struct param *p = &f->space->params[j];
        if (p->kind != PARAM_CHOICE)
            continue;
        f->excluded[j] = arena_array(arena, (size_t)p->n_cells, sizeof(bool));
        f->by_category[j] = arena_array(arena, (size_t)p->n_cells, sizeof(double));
        if (f->excluded[j] == NULL || f->by_category[j] == NULL)
            return false;
    }
    return true;
}

bool forest_init(struct forest *f, const struct search_view *view, const struct gp_rows *rows)
{
    struct gp_warp warp;
    *f = (struct forest){.space = view->space,
                         .n = rows->n,
                         .d = view->space->n,
                         .room = LEAVES_PER_ROW * rows->n + MAX_DEPTH};
    double *work = arena_array(view->scratch, 2 * f->n, sizeof *work);
    if (work == NULL || !forest_memory(f, view->scratch))
        return false;
    gp_warp_fit(&warp, rows->y, rows->n, work);
    for (size_t i = 0; i < f->n; i++)
        f->y[i] = value_capped(&warp, rows->y[i]);
    for (size_t j = 0; j < f->d; j++) {
        for (size_t i = 0; i < f->n; i++)
            f->x[j * f->n + i] = place_of(&f->space->params[j], rows->row[i][j]);
        num_order(f->x + j * f->n, f->n, f->sorted + j * f->n);
    }
    return true;
}
