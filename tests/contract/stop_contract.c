/*
 * stop_contract.c: what every stopping rule keeps to, whatever the curves.
 *
 * The best so far is never stopped; a stop has a reason with numbers; the same history gives the
 * same decisions, also after it was played back; and in which order trials reported and ended is
 * no matter. Every rule of the registry is put through it, so a new one needs no line here.
 */
#include "near.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/numeric.h"
#include "random_space.h"
#include "study/optimizer.h"

#define N_STUDIES 8
#define N_TRIALS  30
#define N_WORKERS 4
#define MAX_STEPS 27

static uint64_t seed;

enum curves { ORDINARY, EQUAL, HUGE, NOISE, BROKEN, NONE_COMPLETED, N_CURVES };
static const char *const curves_names[] = {"ordinary", "equal values",  "1e300",
                                           "noise",    "NaN, repeated", "no completed trial"};

static char now[100]; /* what is under test, for messages */

static void must(hone_status status, const hone_error *err)
{
    if (status != HONE_OK)
        fail_msg("%s: %s", now, err->text);
}

/* How a trial goes: its first step, the distance of steps, and values that fall as a power. */
struct course {
    double first, gap, end, start, slope;
    bool fails;
};

static struct course draw_course(struct rng *rng, double unit)
{
    return (struct course){.first = unit * (double)rng_below(rng, 2),
                           .gap = unit,
                           .end = rng_uniform(rng),
                           .start = rng_uniform(rng),
                           .slope = 0.2 + rng_uniform(rng),
                           .fails = rng_uniform(rng) < 0.1};
}

static double value_at(enum curves curves, const struct course *c, int i, struct rng *rng)
{
    double fall = c->end + c->start * num_pow(1.0 + i, -c->slope), u = rng_uniform(rng);
    switch (curves) {
    case EQUAL:
        return 2.0;
    case HUGE:
        return (u < 0.3 ? -1e300 : u < 0.6 ? 1e300 : 1e-300) * (1.0 + fall);
    case NOISE:
        return u;
    case BROKEN:
        return u < 0.1 ? (double)NAN : u < 0.15 ? (double)INFINITY : fall + 0.3 * u;
    case ORDINARY:
    case NONE_COMPLETED:
    case N_CURVES:
        break;
    }
    return fall + 0.02 * u;
}

/* The same study several times: some see everything as it happens, one is played back. */
struct copies {
    hone_optimizer *opt[3];
    size_t n;
};

static bool report(struct copies *c, uint64_t id, double step, double value)
{
    hone_error err = {0};
    bool stop = false;
    for (size_t i = 0; i < c->n; i++) {
        bool again = false;
        must(hone_report(c->opt[i], id, step, value, &again, &err), &err);
        if (i > 0 && again != stop)
            fail_msg("%s: copy %d decides otherwise about trial %d", now, (int)i, (int)id);
        stop = again;
    }
    const char *reason = hone_trial_reason(hone_find(c->opt[0], id));
    assert_true(stop == (reason != NULL));
    for (size_t i = 1; i < c->n && stop; i++)
        assert_string_equal(hone_trial_reason(hone_find(c->opt[i], id)), reason);
    return stop;
}

/* By its own look at all trials: is one of them better? */
static void check_stop(const hone_optimizer *opt, uint64_t id, bool maximize)
{
    const struct hone_trial *self = hone_find(opt, id);
    double value = self->series[0].reports[self->series[0].n - 1].value; /* minimised */
    double best = (double)INFINITY, best_report = (double)INFINITY;
    const hone_trial *other;
    for (uint64_t i = 0; (other = hone_find(opt, i)) != NULL; i++) {
        if (other->state == HONE_TRIAL_COMPLETED)
            best = fmin(best, maximize ? -other->values[0] : other->values[0]);
        if (i != id && other->series[0].n > 0)
            best_report = fmin(best_report, other->series[0].reports[other->series[0].n - 1].value);
    }
    if (!(value > (isinf(best) ? best_report : best)))
        fail_msg("%s: trial %d is the best so far", now, (int)id);
    bool has_digit = false;
    for (const char *p = self->reason; *p != '\0'; p++)
        has_digit = has_digit || isdigit((unsigned char)*p);
    assert_true(has_digit);
}

static void end_trial(struct copies *c, uint64_t id, bool stopped, const struct course *course,
                      double last, enum curves curves)
{
    hone_error err = {0};
    for (size_t i = 0; i < c->n; i++)
        must(stopped || curves == NONE_COMPLETED ? hone_tell_stopped(c->opt[i], id, &err)
             : course->fails                     ? hone_tell_failed(c->opt[i], id, &err)
                                                 : hone_tell(c->opt[i], id, &last, 1, &err),
             &err);
}

/* What a tuner does that takes a study up: trials, reports without a question, ends. */
static void play_back(hone_optimizer *to, const hone_optimizer *from, bool maximize)
{
    hone_error err = {0};
    size_t n;
    const hone_trial *trial;
    for (uint64_t id = 0; (trial = hone_find(from, id)) != NULL; id++)
        must(hone_restore(to, hone_trial_settings(trial, &n), trial->n_settings, trial->why, "", 0,
                          NULL, &err),
             &err);
    for (uint64_t id = 0; (trial = hone_find(from, id)) != NULL; id++) {
        for (size_t i = trial->series[0].n; i-- > 0;)
            must(hone_report(to, id, trial->series[0].reports[i].step,
                             maximize ? -trial->series[0].reports[i].value
                                      : trial->series[0].reports[i].value,
                             NULL, &err),
                 &err);
        if (trial->state == HONE_TRIAL_COMPLETED)
            must(hone_tell(to, id, trial->values, 1, &err), &err);
        else if (trial->state == HONE_TRIAL_FAILED)
            must(hone_tell_failed(to, id, &err), &err);
        else if (trial->state == HONE_TRIAL_STOPPED)
            must(hone_tell_stopped(to, id, &err), &err);
    }
}

static hone_options draw_options(const struct stop_rule *rule, double unit, struct rng *rng)
{
    hone_options options = {.strategy = "random",
                            .stopping = rule->name,
                            .seed = rng_below(rng, 100),
                            .maximize = {rng_below(rng, 2) == 1}};
    if ((rule->takes & STOP_TAKES_MAX) && rng_below(rng, 2) == 1)
        options.max_resource = unit * MAX_STEPS;
    if ((rule->takes & STOP_TAKES_RUNGS) && rng_below(rng, 2) == 1)
        options.min_resource = unit * (1.0 + (double)rng_below(rng, 4));
    if ((rule->takes & STOP_TAKES_RUNGS) && rng_below(rng, 2) == 1)
        options.eta = 2.0 + (double)rng_below(rng, 3);
    return options;
}

static hone_optimizer *make(const hone_options *options)
{
    hone_space *space = hone_space_new();
    hone_error err = {0};
    must(hone_space_add_float(space, "x", 0, 1, HONE_LINEAR, &err), &err);
    hone_optimizer *opt = hone_optimizer_new(space, options, &err);
    if (opt == NULL)
        fail_msg("%s: %s", now, err.text);
    hone_space_free(space);
    return opt;
}

struct worker {
    uint64_t id;
    struct course course;
    int i, n_steps;
    double last;
};

static void begin(struct copies *c, struct worker *w, double unit, struct rng *rng)
{
    hone_error err = {0};
    *w = (struct worker){.course = draw_course(rng, unit), .n_steps = MAX_STEPS};
    if (rng_uniform(rng) < 0.2)
        w->n_steps = 1 + (int)rng_below(rng, MAX_STEPS);
    for (size_t k = 0; k < c->n; k++) {
        const hone_trial *trial = hone_ask(c->opt[k], &err);
        if (trial == NULL)
            fail_msg("%s: %s", now, err.text);
        w->id = hone_trial_id(trial);
    }
}

/* How many trials the rule stopped. */
static size_t run_study(struct copies *c, const hone_options *options, enum curves curves,
                        double unit, struct rng *rng)
{
    struct worker workers[N_WORKERS];
    size_t n_stopped = 0, n_begun = N_WORKERS;
    for (size_t k = 0; k < N_WORKERS; k++)
        begin(c, &workers[k], unit, rng);
    while (n_begun < N_TRIALS) {
        struct worker *w = &workers[rng_below(rng, N_WORKERS)];
        double value = value_at(curves, &w->course, w->i, rng);
        int i = curves == BROKEN && rng_uniform(rng) < 0.2 ? (int)rng_below(rng, 4) : w->i++;
        bool stop = report(c, w->id, w->course.first + w->course.gap * i,
                           options->maximize[0] ? -value : value);
        if (isfinite(value))
            w->last = options->maximize[0] ? -value : value;
        if (stop) {
            check_stop(c->opt[0], w->id, options->maximize[0]);
            n_stopped++;
        }
        if (!stop && w->i < w->n_steps)
            continue;
        end_trial(c, w->id, stop, &w->course, w->last, curves);
        begin(c, w, unit, rng);
        if (++n_begun == N_TRIALS / 2) {
            play_back(c->opt[2], c->opt[0], options->maximize[0]);
            c->n = 3;
        }
    }
    return n_stopped;
}

static void the_best_is_never_stopped_and_decisions_repeat(void **state)
{
    (void)state;
    static const double units[] = {1, 100, 0.01};
    const struct stop_rule *rule;
    for (size_t r = 0; (rule = stop_at(r)) != NULL; r++)
        for (int curves = 0; curves < N_CURVES; curves++) {
            size_t n_stopped = 0;
            for (uint64_t s = 0; s < N_STUDIES; s++) {
                snprintf(now, sizeof now, "%s, study %d, %s", rule->name, (int)s,
                         curves_names[curves]);
                struct rng rng;
                rng_init(&rng, seed, RNG_TEST, s);
                double unit = units[s % 3];
                hone_options options = draw_options(rule, unit, &rng);
                struct copies c = {{make(&options), make(&options), make(&options)}, 2};
                n_stopped += run_study(&c, &options, (enum curves)curves, unit, &rng);
                for (size_t k = 0; k < 3; k++)
                    hone_optimizer_free(c.opt[k]);
            }
            if (curves == EQUAL)
                assert_int_equal(n_stopped, 0); /* equally good */
            if (curves == ORDINARY && strcmp(rule->name, "none") != 0)
                assert_true(n_stopped > 0);
        }
}

/* ---- The order of reports ---- */

static void shuffle(size_t *index, size_t n, struct rng *rng)
{
    for (size_t i = 0; i < n; i++)
        index[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t j = rng_below(rng, i), item = index[i - 1];
        index[i - 1] = index[j];
        index[j] = item;
    }
}

#define N_OTHERS 12
#define N_LEVELS 3 /* few, so that many values are equal */

/* A study in which these trials reported and ended in this order; then one more reports. */
static bool decision(const hone_options *options, const int *level, const int *n_steps,
                     const size_t *order, double last)
{
    hone_error err = {0};
    hone_optimizer *opt = make(options);
    for (size_t i = 0; i <= N_OTHERS; i++)
        assert_non_null(hone_ask(opt, &err));
    for (int step = 1; step <= MAX_STEPS; step++)
        for (size_t k = 0; k < N_OTHERS; k++) {
            uint64_t id = order[k];
            if (step <= n_steps[id])
                must(hone_report(opt, id, step, level[id] + 1.0 / step, NULL, &err), &err);
        }
    for (size_t k = 0; k < N_OTHERS; k++) {
        uint64_t id = order[k];
        double value = level[id] + 1.0 / MAX_STEPS;
        if (n_steps[id] == MAX_STEPS)
            must(hone_tell(opt, id, &value, 1, &err), &err);
        else if (id % 2 == 0)
            must(hone_tell_stopped(opt, id, &err), &err);
    }
    bool stop = false;
    for (int step = 1; step <= 9 && !stop; step++)
        must(hone_report(opt, N_OTHERS, step, last + 1.0 / step, &stop, &err), &err);
    hone_optimizer_free(opt);
    return stop;
}

static void the_order_of_reports_is_no_matter(void **state)
{
    (void)state;
    const struct stop_rule *rule;
    for (size_t r = 0; (rule = stop_at(r)) != NULL; r++)
        for (uint64_t s = 0; s < 40; s++) {
            snprintf(now, sizeof now, "%s, order %d", rule->name, (int)s);
            struct rng rng;
            rng_init(&rng, seed, RNG_TEST, 1000 + s);
            hone_options options = {.strategy = "random", .stopping = rule->name, .seed = s};
            int level[N_OTHERS], n_steps[N_OTHERS];
            size_t order[N_OTHERS];
            for (size_t i = 0; i < N_OTHERS; i++) {
                level[i] = (int)rng_below(&rng, N_LEVELS);
                n_steps[i] = i < 5 ? MAX_STEPS : 1 + (int)rng_below(&rng, 12);
            }
            double last = (double)rng_below(&rng, N_LEVELS);
            shuffle(order, N_OTHERS, &rng);
            bool first = decision(&options, level, n_steps, order, last);
            for (int again = 0; again < 4; again++) {
                shuffle(order, N_OTHERS, &rng);
                if (decision(&options, level, n_steps, order, last) != first)
                    fail_msg("%s: another order, another decision", now);
            }
        }
}

/* ---- Several objectives ---- */

/* Whether a completed trial that keeps the constraint dominates these values, which are minimised.
 */
static bool is_beaten(const hone_optimizer *opt, const double *point)
{
    const hone_trial *other;
    for (uint64_t i = 0; (other = hone_find(opt, i)) != NULL; i++)
        if (other->state == HONE_TRIAL_COMPLETED && other->minimised[2] <= 0.0 &&
            other->minimised[0] <= point[0] && other->minimised[1] <= point[1] &&
            (other->minimised[0] < point[0] || other->minimised[1] < point[1]))
            return true;
    return false;
}

/* One trial in two studies that differ in which objective is reported first; the second objective
 * is maximized. Whether it was stopped. */
static bool run_pair(hone_optimizer *const opt[2], struct rng *rng)
{
    hone_error err = {0};
    uint64_t id = hone_trial_id(hone_ask(opt[0], &err));
    assert_true(hone_trial_id(hone_ask(opt[1], &err)) == id);
    struct course course[2] = {draw_course(rng, 1.0), draw_course(rng, 1.0)};
    double point[2] = {0}, told[3] = {0};
    for (int i = 0; i < MAX_STEPS; i++) {
        bool stop[2][2] = {{false}};
        for (size_t j = 0; j < 2; j++)
            point[j] = value_at(ORDINARY, &course[j], i, rng);
        for (size_t k = 0; k < 2; k++)
            for (size_t turn = 0; turn < 2; turn++) {
                size_t j = turn ^ k;
                must(hone_report_objective(opt[k], id, j, i, j == 1 ? -point[1] : point[0],
                                           &stop[k][turn], &err),
                     &err);
            }
        assert_false(stop[0][0]); /* half of a point says nothing */
        assert_false(stop[1][0]);
        assert_true(stop[0][1] == stop[1][1]);
        if (!stop[0][1])
            continue;
        if (!is_beaten(opt[0], point))
            fail_msg("%s: trial %d is dominated by none", now, (int)id);
        for (size_t k = 0; k < 2; k++)
            must(hone_tell_stopped(opt[k], id, &err), &err);
        return true;
    }
    told[0] = point[0];
    told[1] = -point[1];
    told[2] = rng_uniform(rng);
    for (size_t k = 0; k < 2; k++)
        must(hone_tell(opt[k], id, told, 3, &err), &err);
    return false;
}

static void of_several_objectives_only_what_is_dominated_is_stopped(void **state)
{
    (void)state;
    const struct stop_rule *rule;
    for (size_t r = 0; (rule = stop_at(r)) != NULL; r++) {
        size_t n_stopped = 0;
        for (uint64_t s = 0; s < N_STUDIES; s++) {
            snprintf(now, sizeof now, "%s, two objectives, study %d", rule->name, (int)s);
            struct rng rng;
            rng_init(&rng, seed, RNG_TEST, 2000 + s);
            hone_options options = {.strategy = "random",
                                    .stopping = rule->name,
                                    .seed = s,
                                    .n_objectives = 2,
                                    .maximize = {false, true},
                                    .n_constraints = 1,
                                    .constraints = {{.limit = 0.7}}};
            hone_optimizer *opt[2] = {make(&options), make(&options)};
            for (int i = 0; i < N_TRIALS; i++)
                n_stopped += run_pair(opt, &rng);
            for (size_t k = 0; k < 2; k++)
                hone_optimizer_free(opt[k]);
        }
        assert_true((n_stopped > 0) == (strcmp(rule->name, "none") != 0));
    }
}

int main(void)
{
    seed = random_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_is_never_stopped_and_decisions_repeat),
        cmocka_unit_test(the_order_of_reports_is_no_matter),
        cmocka_unit_test(of_several_objectives_only_what_is_dominated_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
