/*
 * cmaes.c: CMA-ES, the evolution strategy that learns the shape of the landscape.
 *
 * Trials are samples of a normal distribution over the coordinates of cma/coordinates.c; each
 * generation of lambda trials moves it (cma/distribution.c), discrete values stay within reach
 * (cma/margin.c). When it has converged or stands on flat ground it begins again, in turns with a
 * population twice as large or with a small one anywhere (BIPOP).
 *
 * A generation is the next lambda trials, by id, from the end of the last one on, whoever proposed
 * them; it counts when all of them have ended. Asks that run ahead sample what there is. A trial
 * that runs on while 2 lambda behind its generation's start have ended is left out. A trial that
 * this distribution would not have given (enqueued, added, of an earlier generation) counts with a
 * step of limited length. What was known before the first ask only sets the first mean. Cancelled
 * trials are no part of it.
 *
 * The memo has the distribution and the count of runs; the samples themselves are drawn again from
 * each trial's stream when its generation is complete.
 *
 * Sources: see cma/; restarts: Hansen, "Benchmarking a BI-Population CMA-ES on the BBOB-2009
 *     Function Testbed", GECCO Companion (2009) 2389-2396.
 * Departures: docs/algorithms/cmaes.md.
 */
#include "search/search.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/linalg.h"
#include "base/numeric.h"
#include "search/cma/cma.h"
#include "search/registry.h"

#define SIGMA           0.25 /* of the first run, in units of a parameter's range */
#define MAX_COORDINATES 1000
#define MAX_DOUBLINGS   9
#define MAX_TRIES       100   /* samples that are drawn for one trial */
#define FLAT            1e-12 /* differences of values that are none */
#define NARROW          1e-9  /* a standard deviation that rows cannot tell from 0: ROW_EPS */

/* ---- Memo ------------------------------------------------------------------------------------ */

/* Followed by m, A, p_sigma, p_c and the upper triangle, or diagonal, of C. */
struct memo {
    uint64_t version, d;
    uint64_t first; /* the id from which on trials belong to this generation */
    uint64_t lambda, generation;
    uint64_t run, doublings; /* restarts so far; of those with a doubled population */
    uint64_t is_large;       /* whether this run is one of them */
    uint64_t spent[2];       /* trials of the small runs before this one, and of the large ones */
    uint64_t starved;        /* trials of this generation for which no new sample was found */
    uint64_t n_flat;         /* generations whose best value did not differ from `flat` */
    double flat, sigma, sigma_start;
};
#define MEMO_VERSION 1

struct state {
    const struct search_view *view;
    struct cma_space cs;
    struct memo head;
    struct cma cma;
    double *x, *y, *row, *work; /* d, d, space->n, d: scratch */
};

static size_t covariances(const struct cma *cma)
{
    return cma->full ? cma->d * (cma->d + 1) / 2 : cma->d;
}

/* Whether the memo held a distribution. */
static bool state_read(struct state *s, const struct buf *memo)
{
    struct cma *cma = &s->cma;
    size_t d = cma->d, numbers = 4 * d + covariances(cma);
    struct memo head;
    if (memo->len != sizeof head + numbers * sizeof(double))
        return false;
    memcpy(&head, memo->data, sizeof head);
    if (head.version != MEMO_VERSION || head.d != d)
        return false;
    s->head = head;
    const char *at = memo->data + sizeof head;
    memcpy(cma->m, at, 4 * d * sizeof(double));
    at += 4 * d * sizeof(double);
    for (size_t i = 0; i < d; i++) {
        size_t n = cma->full ? d - i : 1;
        memcpy(cma_covariance(cma, i, i), at, n * sizeof(double));
        at += n * sizeof(double);
    }
    cma->sigma = head.sigma;
    cma->generation = head.generation;
    return true;
}

static hone_status state_write(struct state *s, struct buf *memo, hone_error *err)
{
    const struct cma *cma = &s->cma;
    s->head.sigma = cma->sigma;
    s->head.generation = cma->generation;
    buf_clear(memo);
    buf_add(memo, &s->head, sizeof s->head);
    buf_add(memo, cma->m, 4 * cma->d * sizeof(double));
    for (size_t i = 0; i < cma->d; i++)
        buf_add(memo, cma_covariance(cma, i, i), (cma->full ? cma->d - i : 1) * sizeof(double));
    return memo->failed ? error_memory(err) : HONE_OK;
}

/* ---- Order ----------------------------------------------------------------------------------- */

/* Better ones first: of two classes the lower, within one the lower key. */
enum standing { KEPT, VIOLATING, STOPPED, FAILED };

/* By value, by how much the constraints are violated, by the last report, all alike. */
static enum standing standing_of(const struct search_view *view, const struct search_trial *trial,
                                 double *key)
{
    *key = 0.0;
    if (trial->state == HONE_TRIAL_STOPPED && trial->series->n > 0) {
        *key = trial->series->reports[trial->series->n - 1].value;
        return STOPPED;
    }
    if (trial->state != HONE_TRIAL_COMPLETED)
        return FAILED;
    for (size_t c = 0; c < view->options->n_constraints; c++)
        *key += fmax(trial->violations[c], 0.0);
    if (*key > 0.0)
        return VIOLATING;
    *key = trial->values[0];
    return KEPT;
}

static bool is_better(const struct search_view *view, const struct search_trial *a,
                      const struct search_trial *b)
{
    double key_a, key_b;
    enum standing standing_a = standing_of(view, a, &key_a),
                  standing_b = standing_of(view, b, &key_b);
    return standing_a != standing_b ? standing_a < standing_b : key_a < key_b;
}

/* ---- Runs ------------------------------------------------------------------------------------ */

/* The usual population; more where more trials run at a time. */
static uint64_t usual_lambda(const struct state *s)
{
    uint64_t lambda = 4 + (uint64_t)floor(3.0 * num_log((double)s->cs.d));
    return lambda > s->view->options->parallel ? lambda : s->view->options->parallel;
}

static void run_start(struct state *s, const double *m, double sigma)
{
    cma_start(&s->cma, m, sigma);
    cma_margin(&s->cs, &s->cma, (size_t)s->head.lambda);
    s->head.sigma_start = sigma;
    s->head.n_flat = 0;
}

/* The mean of the first run: the best that is known, else defaults and the middle. */
static void first_run(struct state *s)
{
    const struct hone_space *space = s->cs.space;
    const struct search_trial *best = NULL;
    for (size_t i = 0; i < s->view->n_trials; i++) {
        const struct search_trial *trial = &s->view->trials[i];
        if (trial->state == HONE_TRIAL_COMPLETED &&
            (best == NULL || is_better(s->view, trial, best)))
            best = trial;
    }
    for (size_t k = 0; k < s->cs.d; k++)
        s->y[k] = 0.5;
    for (size_t j = 0; j < space->n; j++) {
        const struct param *p = &space->params[j];
        s->row[j] = best != NULL ? best->row[j] : p->has_default ? p->default_coordinate : INACTIVE;
    }
    cma_coordinates(&s->cs, s->row, s->y, SIGMA, s->x);
    s->head = (struct memo){.version = MEMO_VERSION,
                            .d = s->cs.d,
                            .first = s->view->next_id,
                            .lambda = usual_lambda(s)};
    run_start(s, s->x, SIGMA);
}

/* Begin again where chance wants it; large and small populations are given equal shares. */
static void next_run(struct state *s)
{
    struct memo *head = &s->head;
    struct rng rng;
    rng_init(&rng, s->view->options->seed, RNG_CMAES_RUN, ++head->run);
    head->spent[head->is_large] += head->lambda * s->cma.generation;
    head->is_large = head->spent[0] >= head->spent[1];
    double factor = (double)((uint64_t)1 << head->doublings), sigma = SIGMA;
    if (head->is_large) {
        head->doublings += head->doublings < MAX_DOUBLINGS;
        factor = (double)((uint64_t)1 << head->doublings);
    } else {
        double u = rng_uniform(&rng);
        factor = num_pow(factor, u * u);
        sigma *= num_pow(10.0, -2.0 * rng_uniform(&rng));
    }
    head->lambda = (uint64_t)floor((double)usual_lambda(s) * factor);
    for (size_t k = 0; k < s->cs.d; k++)
        s->x[k] = rng_uniform(&rng);
    run_start(s, s->x, sigma);
}

/* ---- Generations ----------------------------------------------------------------------------- */

/* Which trials make up the generation; false while it is incomplete. */
static bool find_generation(const struct state *s, const struct search_trial **out)
{
    const struct search_view *view = s->view;
    size_t low = 0, high = view->n_trials, lambda = (size_t)s->head.lambda;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (view->trials[middle].id < s->head.first)
            low = middle + 1;
        else
            high = middle;
    }
    size_t n_ended = 0;
    bool is_waiting = false;
    for (size_t i = low; i < view->n_trials; i++) {
        if (view->trials[i].state == HONE_TRIAL_RUNNING) {
            is_waiting = true;
            continue;
        }
        if (n_ended < lambda)
            out[n_ended] = &view->trials[i];
        n_ended++;
        if (n_ended == (is_waiting ? 2 * lambda : lambda))
            return true;
    }
    return false;
}

/* Insertion: among equals the earlier trial is first. */
static void rank(const struct search_view *view, const struct search_trial **trials, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const struct search_trial *item = trials[i];
        size_t j = i;
        for (; j > 0 && is_better(view, item, trials[j - 1]); j--)
            trials[j] = trials[j - 1];
        trials[j] = item;
    }
}

/*
 * The step that a trial took. Its stream is drawn again: the first sample that gives its row is
 * it. If none does, its coordinates count, as far as they are usual. Inactive coordinates do not
 * move the mean.
 */
static void find_step(struct state *s, const struct search_trial *trial, double *y)
{
    const struct cma_space *cs = &s->cs;
    struct rng rng;
    rng_init(&rng, s->view->options->seed, RNG_CMAES, trial->id);
    bool found = false;
    for (int i = 0; i < MAX_TRIES && !found; i++) {
        cma_sample(&s->cma, &rng, y);
        cma_point(&s->cma, y, s->x);
        found = cma_row(cs, s->x, s->row) && row_equal(s->row, trial->row, cs->space->n);
    }
    if (!found) {
        cma_coordinates(cs, trial->row, s->cma.m, s->cma.sigma, s->x);
        for (size_t k = 0; k < cs->d; k++)
            y[k] = (s->x[k] - s->cma.m[k]) / (s->cma.sigma * s->cma.A[k]);
    }
    for (size_t j = 0; j < cs->space->n; j++)
        for (size_t k = cs->start[j]; k < cs->start[j + 1] && trial->row[j] < 0.0; k++)
            y[k] = 0.0;
    if (!found)
        cma_limit(&s->cma, y, s->work);
}

/* Count the generations that brought nothing; whether this one was flat as well. */
static bool is_flat(struct state *s, const struct search_trial *const *ranked)
{
    double best, worst;
    enum standing best_standing = standing_of(s->view, ranked[0], &best);
    enum standing worst_standing = standing_of(s->view, ranked[s->head.lambda - 1], &worst);
    double value = best_standing == KEPT ? best : (double)INFINITY;
    bool is_same =
        s->cma.generation > 1 && (value == s->head.flat || fabs(value - s->head.flat) <= FLAT);
    s->head.n_flat = is_same ? s->head.n_flat + 1 : 0;
    if (!is_same)
        s->head.flat = value;
    return best_standing == worst_standing && worst - best <= FLAT;
}

static bool is_narrow(const struct cma *cma)
{
    for (size_t j = 0; j < cma->d; j++)
        if (cma->sigma * fmax(fabs(cma->p_c[j]), sqrt(*cma_covariance(cma, j, j))) >= NARROW)
            return false;
    return true;
}

/* Move the distribution by one complete generation, and begin a new run where it is at its end. */
static hone_status advance(struct state *s, const struct search_trial **trials, hone_error *err)
{
    size_t d = s->cs.d, lambda = (size_t)s->head.lambda;
    double *Y = arena_array(s->view->scratch, lambda * d, sizeof *Y);
    if (Y == NULL)
        return error_memory(err);
    s->head.first = trials[lambda - 1]->id + 1;
    rank(s->view, trials, lambda);
    for (size_t i = 0; i < lambda; i++)
        find_step(s, trials[i], Y + i * d);
    if (!cma_update(&s->cma, Y, lambda, s->view->scratch))
        return error_memory(err);
    cma_margin(&s->cs, &s->cma, lambda);
    bool flat = is_flat(s, trials);
    uint64_t patience = 10 + 30 * d / lambda;
    if ((flat && s->head.n_flat >= patience) || is_narrow(&s->cma) ||
        2 * s->head.starved > lambda || !cma_factor(&s->cma))
        next_run(s);
    s->head.starved = 0;
    return cma_factor(&s->cma) ? HONE_OK : error_memory(err);
}

static hone_status catch_up(struct state *s, hone_error *err)
{
    hone_status status = HONE_OK;
    while (status == HONE_OK) {
        const struct search_trial **trials =
            arena_array(s->view->scratch, s->head.lambda, sizeof *trials);
        if (trials == NULL)
            return error_memory(err);
        if (!find_generation(s, trials))
            break;
        status = advance(s, trials, err);
    }
    return status;
}

/* ---- The proposal ---------------------------------------------------------------------------- */

static bool is_good(const struct state *s, const double *row)
{
    return space_satisfies(s->cs.space, row) && search_is_new(s->view, row);
}

static bool sample(struct state *s, double *row)
{
    struct rng rng;
    rng_init(&rng, s->view->options->seed, RNG_CMAES, s->view->next_id);
    for (int i = 0; i < MAX_TRIES; i++) {
        cma_sample(&s->cma, &rng, s->y);
        cma_point(&s->cma, s->y, s->x);
        if (cma_row(&s->cs, s->x, row) && is_good(s, row))
            return true;
    }
    cma_clip(&s->cs, s->x);
    return cma_row(&s->cs, s->x, row) && is_good(s, row);
}

static hone_status check(const struct hone_space *space, const hone_options *options,
                         hone_error *err)
{
    if (options->n_objectives > 1)
        return error_set(err, HONE_EINVAL, "strategy \"cmaes\" takes one objective, got %zu",
                         options->n_objectives);
    struct arena arena = {0};
    struct cma_space cs;
    hone_status status = HONE_OK;
    if (!cma_space_init(&cs, space, &arena))
        status = error_memory(err);
    else if (cs.d > MAX_COORDINATES)
        status = error_set(err, HONE_EINVAL,
                           "strategy \"cmaes\" takes at most %d coordinates, got %zu: one for each "
                           "number and for each value of a choice",
                           MAX_COORDINATES, cs.d);
    arena_release(&arena);
    return status;
}

static hone_status propose(const struct search_view *view, struct buf *memo, double *row,
                           struct buf *why, hone_error *err)
{
    struct state s = {.view = view};
    struct rng rng;
    rng_init(&rng, view->options->seed, RNG_FILL, view->next_id);
    if (!cma_space_init(&s.cs, view->space, view->scratch))
        return error_memory(err);
    size_t d = s.cs.d;
    if (d == 0) {
        buf_text(why, "the only configuration");
        return search_random_new(view, &rng, row, err);
    }
    s.x = arena_array(view->scratch, d, sizeof *s.x);
    s.y = arena_array(view->scratch, d, sizeof *s.y);
    s.work = arena_array(view->scratch, linalg_rows(d), sizeof *s.work);
    s.row = arena_array(view->scratch, view->space->n, sizeof *s.row);
    if (s.x == NULL || s.y == NULL || s.work == NULL || s.row == NULL ||
        !cma_init(&s.cma, d, view->scratch))
        return error_memory(err);
    if (!state_read(&s, memo))
        first_run(&s);
    if (!cma_factor(&s.cma))
        return error_memory(err);
    hone_status status = catch_up(&s, err);
    if (status != HONE_OK)
        return status;
    if (sample(&s, row)) {
        buf_printf(why, "sample of generation %llu", (unsigned long long)s.cma.generation + 1);
        if (s.head.run > 0)
            buf_printf(why, " of run %llu", (unsigned long long)s.head.run + 1);
    } else {
        s.head.starved++;
        buf_text(why, "random point; what the distribution gives was tried");
        status = search_random_new(view, &rng, row, err);
    }
    return status == HONE_OK ? state_write(&s, memo, err) : status;
}

const struct search_algorithm search_cmaes = {
    .name = "cmaes",
    .summary = "CMA-ES with margin and restarts; for long studies of numbers",
    .check = check,
    .propose = propose,
};
