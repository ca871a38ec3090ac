/*
 * aim.c: what an ask is after.
 *
 * One objective: its expected improvement. Two or three: the expected gain of the volume that the
 * front dominates (volume.c), and in every fourth ask the improvement of one objective alone, each
 * in turn, which finds the ends of the front. More: the improvement of a mixture
 *     max_j (t_j - r_j) / (w_j s_j)
 * of the warped values t, with w drawn for each ask uniformly from the positive part of the sphere,
 * r the reference and s the extent of the front: its mean over w is the volume.
 * Constraints multiply this by the probability that they are kept, ln Phi((limit - mu) / sd) each.
 * As long as no trial keeps them all, this probability alone is sought.
 *
 * The reference is the worst value in the front, and a tenth of its extent (at least of one
 * standard deviation of all values) beyond it. Pending trials belong to the front at what the
 * models believe of them.
 *
 * Sources: constraints: Gardner, Kusner, Xu, Weinberger & Cunningham, ICML (2014); mixtures:
 *     Golovin & Zhang, "Random hypervolume scalarizations for provable multi-objective black box
 *     optimization", ICML (2020). Ours: the turns, the reference.
 */
#include "search/gp/aim.h"

#include <math.h>
#include <string.h>

#include "base/numeric.h"
#include "base/vector.h"
#include "search/hypervolume.h"
#include "search/pareto.h"

#define MAX_VOLUME  3    /* objectives */
#define ONE_EVERY   4    /* with several objectives, every fourth trial is after one */
#define BOUND_EVERY 4    /* with one, every fourth trial takes the lower bound */
#define MARGIN      0.1  /* of the front's extent, from its worst values to the reference */
#define MIN_EXTENT  1.0  /* in t */
#define MIN_BROKEN  1e-9 /* a broken constraint is never 0 */
#define BEST_ROWS   5    /* trials around which candidates are drawn */

size_t gp_aim_outcomes(const hone_options *options)
{
    size_t m = options->n_objectives;
    return m + options->n_constraints + (m > MAX_VOLUME);
}

/* ---- What the trials say --------------------------------------------------------------------- */

static struct gp_model *limit_model(struct gp_aim *aim, size_t i)
{
    return &aim->models[aim->m + i];
}

/* A constraint is kept up to here, on the warped scale of its model. */
static double limit_of(const struct gp_model *model)
{
    return gp_warp(&model->warp, 0.0);
}

static double told_broken(struct gp_aim *aim, const struct search_trial *trial)
{
    double sum = 0.0;
    for (size_t i = 0; i < aim->k; i++) {
        const struct gp_model *model = limit_model(aim, i);
        double over = trial->violations[i];
        if (over > 0.0)
            sum += fmax(MIN_BROKEN, gp_warp(&model->warp, over) - limit_of(model));
    }
    return sum;
}

static double believed_broken(struct gp_aim *aim, size_t pending)
{
    double sum = 0.0;
    for (size_t i = 0; i < aim->k; i++) {
        const struct gp_model *model = limit_model(aim, i);
        if (aim->modelled[aim->m + i])
            sum += fmax(0.0, gp_model_believed(model, pending) - limit_of(model));
        else if (model->rows.n > 0 && model->rows.y[0] > 0.0)
            sum += MIN_BROKEN; /* as all others, so far */
    }
    return sum;
}

/* The outcome that column c of `known` is of. */
static size_t outcome_of(const struct gp_aim *aim, size_t c)
{
    return aim->kind == GP_AIM_VOLUME ? c : aim->target;
}

static double told_t(const struct gp_aim *aim, size_t trial, size_t outcome)
{
    const double *values = aim->view->trials[trial].values;
    double y = outcome < aim->m ? values[outcome] : aim->mixture.trials[trial].values[0];
    return gp_warp(&aim->models[outcome].warp, y);
}

/* Whether b goes before a: by rank, then by the first column, then by number. */
static bool is_behind(const struct gp_known *a, const struct gp_known *b)
{
    if (a->rank != b->rank)
        return a->rank > b->rank;
    return a->t[0] != b->t[0] ? a->t[0] > b->t[0] : a->id > b->id;
}

static void sort_known(struct gp_known *known, size_t n)
{
    for (size_t gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (size_t i = gap; i < n; i++) {
            struct gp_known item = known[i];
            size_t j = i;
            for (; j >= gap && is_behind(&known[j - gap], &item); j -= gap)
                known[j] = known[j - gap];
            known[j] = item;
        }
}

/* List the trials, best first. */
static bool collect_known(struct gp_aim *aim)
{
    const struct search_view *view = aim->view;
    struct arena *arena = view->scratch;
    size_t n = view->n_trials, columns = aim->kind == GP_AIM_VOLUME ? aim->m : 1, pending = 0;
    aim->known = arena_array(arena, n, sizeof *aim->known);
    double *t = arena_array(arena, n * columns, sizeof *t);
    double *broken = arena_array(arena, n, sizeof *broken);
    size_t *rank = arena_array(arena, n, sizeof *rank);
    if (aim->known == NULL || t == NULL || broken == NULL || rank == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct search_trial *trial = &view->trials[i];
        struct gp_known known = {.row = trial->row, .id = trial->id};
        if (trial->state == HONE_TRIAL_COMPLETED) {
            for (size_t c = 0; c < columns; c++)
                known.t[c] = told_t(aim, i, outcome_of(aim, c));
            known.broken = told_broken(aim, trial);
        } else if (trial->state == HONE_TRIAL_RUNNING) {
            for (size_t c = 0; c < columns; c++)
                known.t[c] = gp_model_believed(&aim->models[outcome_of(aim, c)], pending);
            known.broken = believed_broken(aim, pending++);
        } else {
            continue;
        }
        memcpy(t + aim->n_known * columns, known.t, columns * sizeof *t);
        broken[aim->n_known] = known.broken;
        aim->known[aim->n_known++] = known;
    }
    if (aim->n_known > 0 && pareto_ranks(t, broken, aim->n_known, columns, arena, rank) == 0)
        return false;
    for (size_t i = 0; i < aim->n_known; i++)
        aim->known[i].rank = rank[i];
    sort_known(aim->known, aim->n_known);
    return true;
}

/* ---- The front ------------------------------------------------------------------------------- */

/* From the least and the worst value of a front to where its volume ends. */
static double reference_of(const struct gp_aim *aim, size_t j, double least, double worst)
{
    const hone_options *options = aim->view->options;
    if (options->has_reference) {
        double reference = options->reference[j];
        return gp_warp(&aim->models[j].warp, options->maximize[j] ? -reference : reference);
    }
    return worst + MARGIN * fmax(worst - least, MIN_EXTENT);
}

/* Of a front that is too large, keep the points with the most room around them. */
static bool thin_front(struct gp_aim *aim, struct gp_known *front, size_t *n)
{
    struct arena *arena = aim->view->scratch;
    double *t = arena_array(arena, *n * aim->m, sizeof *t);
    double *crowding = arena_array(arena, *n, sizeof *crowding);
    size_t *rank = arena_array(arena, *n, sizeof *rank);
    if (t == NULL || crowding == NULL || rank == NULL)
        return false;
    for (size_t i = 0; i < *n; i++)
        memcpy(t + i * aim->m, front[i].t, aim->m * sizeof *t);
    if (!pareto_crowding(t, *n, aim->m, rank, 1, arena, crowding))
        return false;
    /* The crowding of the GP_MAX_FRONT-th, from the top. */
    double *sorted = t;
    memcpy(sorted, crowding, *n * sizeof *sorted);
    num_sort(sorted, *n);
    double least = sorted[*n - GP_MAX_FRONT];
    size_t kept = 0;
    for (size_t i = 0; i < *n && kept < GP_MAX_FRONT; i++)
        if (crowding[i] >= least)
            front[kept++] = front[i];
    *n = kept;
    return true;
}

/* The front, the reference, and the boxes between them. */
static bool find_front(struct gp_aim *aim)
{
    size_t n = 0, m = aim->m;
    struct arena *arena = aim->view->scratch;
    while (n < aim->n_known && aim->known[n].rank == 0)
        n++;
    if (n > GP_MAX_FRONT && !thin_front(aim, aim->known, &n))
        return false;
    aim->n_front = n;
    aim->front = arena_array(arena, n * m, sizeof *aim->front);
    if (aim->front == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        memcpy(aim->front + i * m, aim->known[i].t, m * sizeof *aim->front);
    for (size_t j = 0; j < m; j++) {
        double least = (double)INFINITY, worst = -(double)INFINITY;
        for (size_t i = 0; i < n; i++) {
            least = fmin(least, aim->front[i * m + j]);
            worst = fmax(worst, aim->front[i * m + j]);
        }
        aim->reference[j] = reference_of(aim, j, least, worst);
    }
    aim->volume = hypervolume(aim->front, n, m, aim->reference, arena);
    return !isnan(aim->volume) &&
           gp_boxes_init(&aim->boxes, aim->front, n, m, aim->reference, arena);
}

/* ---- The mixture ----------------------------------------------------------------------------- */

/* Weights on the positive part of the sphere. */
static void draw_weights(const struct gp_aim *aim, double *weight)
{
    struct rng rng;
    double square = 0.0;
    rng_init(&rng, aim->view->options->seed, RNG_TIE, aim->view->next_id);
    for (size_t j = 0; j < aim->m; j++) {
        weight[j] = fmax(1e-6, fabs(rng_normal(&rng)));
        square += weight[j] * weight[j];
    }
    for (size_t j = 0; j < aim->m; j++)
        weight[j] /= sqrt(square);
}

/* The least and the worst warped value of each objective in the front; all trials are taken for it
 * when none keeps the constraints. */
static bool front_ends(struct gp_aim *aim, double *least, double *worst)
{
    const struct search_view *view = aim->view;
    size_t m = aim->m, n = 0;
    struct arena *arena = view->scratch;
    double *t = arena_array(arena, view->n_trials * m, sizeof *t);
    double *broken = arena_array(arena, view->n_trials, sizeof *broken);
    size_t *rank = arena_array(arena, view->n_trials, sizeof *rank);
    if (t == NULL || broken == NULL || rank == NULL)
        return false;
    for (size_t i = 0; i < view->n_trials; i++) {
        if (view->trials[i].state != HONE_TRIAL_COMPLETED)
            continue;
        for (size_t j = 0; j < m; j++)
            t[n * m + j] = told_t(aim, i, j);
        broken[n++] = told_broken(aim, &view->trials[i]);
    }
    if (n > 0 && pareto_ranks(t, broken, n, m, arena, rank) == 0)
        return false;
    for (size_t j = 0; j < m; j++) {
        least[j] = (double)INFINITY;
        worst[j] = -(double)INFINITY;
        for (size_t i = 0; i < n; i++)
            if (rank[i] == 0) {
                least[j] = fmin(least[j], t[i * m + j]);
                worst[j] = fmax(worst[j], t[i * m + j]);
            }
    }
    return true;
}

/* Give the trials the mixture as their only value, and model it. */
static bool mix(struct gp_aim *aim)
{
    static const struct series nothing = {0};
    const struct search_view *view = aim->view;
    size_t m = aim->m;
    double weight[HONE_MAX_OBJECTIVES], least[HONE_MAX_OBJECTIVES], worst[HONE_MAX_OBJECTIVES];
    struct search_trial *trials = arena_array(view->scratch, view->n_trials, sizeof *trials);
    double *mixed = arena_array(view->scratch, view->n_trials, sizeof *mixed);
    if (trials == NULL || mixed == NULL || !front_ends(aim, least, worst))
        return false;
    draw_weights(aim, weight);
    for (size_t i = 0; i < view->n_trials; i++) {
        trials[i] = view->trials[i];
        trials[i].series = &nothing; /* the objectives' are not the mixture's */
        if (trials[i].state != HONE_TRIAL_COMPLETED)
            continue;
        mixed[i] = -(double)INFINITY;
        for (size_t j = 0; j < m; j++) {
            double reference = reference_of(aim, j, least[j], worst[j]);
            double extent = fmax(MIN_EXTENT, worst[j] - least[j]);
            double term = (told_t(aim, i, j) - reference) / (weight[j] * extent);
            mixed[i] = fmax(mixed[i], term);
        }
        trials[i].values = &mixed[i];
    }
    aim->mixture = *view;
    aim->mixture.trials = trials;
    aim->target = m + aim->k;
    return gp_model_init(&aim->models[aim->target], &aim->mixture, aim->gs, 0);
}

/* ---- The aim --------------------------------------------------------------------------------- */

static bool aims_at_one(struct gp_aim *aim)
{
    if (aim->m == 1)
        return true;
    uint64_t number = aim->view->next_id;
    aim->target = (size_t)(number / ONE_EVERY % aim->m);
    return number % ONE_EVERY == 0 && gp_model_has_values(&aim->models[aim->target]);
}

bool gp_aim_init(struct gp_aim *aim, const struct search_view *view, const struct gp_space *gs)
{
    const hone_options *options = view->options;
    *aim = (struct gp_aim){
        .view = view, .gs = gs, .m = options->n_objectives, .k = options->n_constraints};
    for (size_t i = 0; i < aim->m + aim->k; i++)
        if (!gp_model_init(&aim->models[i], view, gs, i))
            return false;
    if (aims_at_one(aim))
        return true;
    aim->kind = aim->m <= MAX_VOLUME ? GP_AIM_VOLUME : GP_AIM_WEIGHTS;
    return aim->kind == GP_AIM_VOLUME || mix(aim);
}

size_t gp_aim_trials(const struct gp_aim *aim)
{
    return aim->models[0].rows.n_ended + aim->models[0].rows.n_pending;
}

bool gp_aim_has_values(const struct gp_aim *aim)
{
    if (aim->kind != GP_AIM_VOLUME)
        return gp_model_has_values(&aim->models[aim->target]);
    bool any = false;
    for (size_t j = 0; j < aim->m; j++)
        any |= gp_model_has_values(&aim->models[j]);
    /* a trial that was stopped has a value of the first objective alone */
    return any && aim->models[aim->m - 1].rows.n > 0;
}

static hone_status fit_model(struct gp_aim *aim, size_t outcome, struct gp_memory *memory)
{
    struct gp_model *model = &aim->models[outcome];
    double *theta = memory[outcome].theta;
    aim->modelled[outcome] = true;
    if (gp_model_has_values(model) && !gp_model_fit(model, &memory[outcome].progress, theta))
        return HONE_ENOMEM;
    return gp_model_condition(model, theta);
}

/* The models of what is aimed at and of the constraints that vary. */
static hone_status fit_models(struct gp_aim *aim, struct gp_memory *memory)
{
    hone_status status = HONE_OK;
    if (aim->kind != GP_AIM_VOLUME)
        status = fit_model(aim, aim->target, memory);
    for (size_t j = 0; aim->kind == GP_AIM_VOLUME && j < aim->m && status == HONE_OK; j++)
        status = fit_model(aim, j, memory);
    for (size_t i = aim->m; i < aim->m + aim->k && status == HONE_OK; i++)
        if (gp_model_has_values(&aim->models[i]))
            status = fit_model(aim, i, memory);
    return status;
}

/* What is to beat. */
static hone_status find_incumbent(struct gp_aim *aim)
{
    aim->any_kept = true;
    aim->best = aim->models[aim->target].best;
    if (aim->kind == GP_AIM_ONE && aim->k == 0)
        return HONE_OK;
    if (!collect_known(aim))
        return HONE_ENOMEM;
    for (size_t i = aim->m; i < aim->m + aim->k; i++)
        if (aim->modelled[i])
            aim->any_kept = aim->n_known > 0 && aim->known[0].broken == 0.0;
    if (aim->n_known > 0 && aim->k > 0)
        aim->best = aim->known[0].t[0];
    return aim->kind != GP_AIM_VOLUME || find_front(aim) ? HONE_OK : HONE_ENOMEM;
}

/* What is gained by beating it. */
static struct gp_term gain_of(struct gp_aim *aim)
{
    if (aim->kind != GP_AIM_VOLUME) {
        bool bound = aim->m == 1 && aim->view->next_id % BOUND_EVERY == 0;
        return gp_term_gain(bound ? GP_LOWER_BOUND : GP_IMPROVEMENT,
                            &aim->models[aim->target].posterior, aim->best);
    }
    struct gp_term term = gp_term_volume(&aim->boxes);
    for (size_t j = 0; j < aim->m; j++)
        term.outcomes[j] = &aim->models[j].posterior;
    return term;
}

hone_status gp_aim_fit(struct gp_aim *aim, struct gp_memory *memory)
{
    struct gp_model *first = &aim->models[aim->kind == GP_AIM_VOLUME ? 0 : aim->target];
    double success_mean;
    hone_status status = fit_models(aim, memory);
    if (status == HONE_OK && first->rows.n_failed > 0)
        status = gp_model_success(first, memory[first - aim->models].theta, &aim->success,
                                  &aim->success_data, &success_mean);
    if (status == HONE_OK && !gp_judge_init(&aim->judge, &first->posterior, aim->view->scratch))
        status = HONE_ENOMEM;
    if (status == HONE_OK)
        status = find_incumbent(aim);
    if (status != HONE_OK)
        return status;
    if (aim->any_kept)
        gp_judge_add(&aim->judge, gain_of(aim));
    for (size_t i = 0; i < aim->k; i++)
        if (aim->modelled[aim->m + i]) {
            struct gp_model *model = limit_model(aim, i);
            gp_judge_add(&aim->judge, gp_term_limit(&model->posterior, limit_of(model)));
        }
    if (first->rows.n_failed > 0)
        gp_judge_add(&aim->judge, gp_term_success(&aim->success, success_mean));
    return HONE_OK;
}

/* ---- Where to look, and what is expected ----------------------------------------------------- */

/* The rows with the least t, best first. */
static size_t best_told(const struct gp_model *m, const double **out)
{
    size_t n = 0;
    double t[BEST_ROWS];
    for (size_t i = 0; i < m->rows.n; i++) {
        size_t k = n;
        while (k > 0 && m->t[i] < t[k - 1])
            k--;
        if (k == BEST_ROWS)
            continue;
        n += n < BEST_ROWS;
        for (size_t j = n - 1; j > k; j--) {
            t[j] = t[j - 1];
            out[j] = out[j - 1];
        }
        t[k] = m->t[i];
        out[k] = m->rows.row[i];
    }
    return n;
}

size_t gp_aim_best(const struct gp_aim *aim, const double **out)
{
    if (aim->known == NULL)
        return best_told(&aim->models[aim->target], out);
    if (aim->kind != GP_AIM_VOLUME || aim->n_front <= GP_AIM_BEST) {
        size_t n = aim->kind == GP_AIM_VOLUME ? GP_AIM_BEST : BEST_ROWS;
        for (size_t i = 0; i < n && i < aim->n_known; i++)
            out[i] = aim->known[i].row;
        return n < aim->n_known ? n : aim->n_known;
    }
    /* From all along the front, at other places each time. */
    size_t shift = (size_t)(aim->view->next_id % aim->n_front);
    for (size_t i = 0; i < GP_AIM_BEST; i++)
        out[i] = aim->known[(i * aim->n_front / GP_AIM_BEST + shift) % aim->n_front].row;
    return GP_AIM_BEST;
}

void gp_aim_foresee(struct gp_aim *aim, const struct gp_optimum *rows, size_t n,
                    struct gp_prospect *out)
{
    size_t n_models = aim->kind == GP_AIM_VOLUME ? aim->m : 1;
    double mu[GP_TERM_OUTCOMES][LANES], sd[GP_TERM_OUTCOMES][LANES];
    for (size_t c = 0; c < n; c++)
        gp_features(aim->gs, rows[c].row, aim->judge.x + c, GP_COLUMNS);
    for (size_t o = 0; o < n_models; o++) {
        gp_predict(&aim->models[outcome_of(aim, o)].posterior, aim->judge.x, LANES, mu[o], sd[o]);
        for (size_t c = 0; c < n; c++)
            sd[o][c] = sqrt(sd[o][c]);
    }
    for (size_t c = 0; c < n; c++) {
        double at_mu[GP_TERM_OUTCOMES], at_sd[GP_TERM_OUTCOMES], unused[2][GP_TERM_OUTCOMES];
        for (size_t o = 0; o < n_models; o++) {
            at_mu[o] = mu[o][c];
            at_sd[o] = sd[o][c];
        }
        double gain = aim->kind == GP_AIM_VOLUME
                          ? gp_log_volume_gain(&aim->boxes, at_mu, at_sd, unused[0], unused[1])
                          : gp_log_improvement(at_mu[0], at_sd[0], aim->best).value;
        out[c] = (struct gp_prospect){at_mu[0], at_sd[0], num_exp(gain), 1.0};
    }
    for (size_t i = 0; i < aim->k; i++) {
        struct gp_model *model = limit_model(aim, i);
        if (!aim->modelled[aim->m + i])
            continue;
        gp_predict(&model->posterior, aim->judge.x, LANES, mu[0], sd[0]);
        for (size_t c = 0; c < n; c++)
            out[c].chance *= num_normal_cdf((limit_of(model) - mu[0][c]) / sqrt(sd[0][c]));
    }
}

/* Values of the warped scale near the incumbent, in the objective's own unit. */
static double unit_slope(const struct gp_model *m, double best)
{
    const double h = 0.05;
    return (gp_unwarp(&m->warp, best) - gp_unwarp(&m->warp, best - h)) / h;
}

double gp_aim_share(const struct gp_aim *aim, double gain)
{
    if (!aim->any_kept || (aim->kind == GP_AIM_VOLUME && !(aim->volume > 0.0)) ||
        (aim->kind != GP_AIM_VOLUME && aim->m > 1))
        return (double)NAN;
    if (aim->kind == GP_AIM_VOLUME)
        return gain / aim->volume;
    const struct gp_model *model = &aim->models[aim->target];
    double best = fabs(gp_unwarp(&model->warp, aim->best));
    return gain * unit_slope(model, aim->best) / fmax(best, 1e-300);
}

/* ---- Words ----------------------------------------------------------------------------------- */

/* Three significant digits. */
static void add_number(struct buf *why, double x)
{
    double size = fabs(x);
    if (size > 0.0 && size < 1e15 && size > 1e-15) {
        double power = floor(num_log(size) * 0.43429448190325182765) - 2.0;
        double unit = num_pow(10.0, fabs(power));
        double scaled = power >= 0.0 ? size / unit : size * unit;
        scaled = floor(scaled + 0.5);
        size = power >= 0.0 ? scaled * unit : scaled / unit;
    }
    buf_double(why, x < 0.0 ? -size : size);
}

static void explain_one(const struct gp_aim *aim, const struct gp_prospect *p, struct buf *why)
{
    const struct gp_model *model = &aim->models[aim->target];
    double sign = aim->view->options->maximize[aim->target] ? -1.0 : 1.0;
    double best = gp_unwarp(&model->warp, aim->best);
    if (aim->m > 1)
        buf_printf(why, "objective %zu: ", aim->target + 1);
    if (aim->judge.terms[0].mode == GP_IMPROVEMENT) {
        buf_text(why, "expected improvement ");
        add_number(why, p->gain * unit_slope(model, aim->best));
        buf_text(why, " over the best ");
    } else {
        buf_text(why, "plausibly ");
        add_number(why, sign * gp_unwarp(&model->warp, p->mu - 0.5 * p->sd));
        buf_text(why, ", the best is ");
    }
    add_number(why, sign * best);
}

void gp_aim_explain(const struct gp_aim *aim, const struct gp_prospect *p, struct buf *why)
{
    if (!aim->any_kept) {
        buf_text(why, "no trial keeps the constraints yet, this one does with probability ");
        add_number(why, p->chance);
        return;
    }
    if (aim->kind == GP_AIM_ONE) {
        explain_one(aim, p, why);
    } else if (aim->kind == GP_AIM_WEIGHTS) {
        buf_text(why, "expected improvement of a random mixture of the objectives");
    } else if (aim->volume > 0.0) {
        buf_text(why, "expected to add ");
        add_number(why, 100.0 * gp_aim_share(aim, p->gain));
        buf_text(why, " % to what the front dominates");
    } else {
        buf_text(why, "expected to come nearer to the reference");
    }
    if (aim->k > 0) {
        buf_text(why, "; keeps the constraints with probability ");
        add_number(why, p->chance);
    }
}
