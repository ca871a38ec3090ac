/* test_stop.c: the stopping rules on curves made by hand. */
#include "near.h"

#include <string.h>

#include "base/numeric.h"
#include "stop/hyperband.h"
#include "study/optimizer.h"

static hone_optimizer *make(hone_options options)
{
    hone_space *space = hone_space_new();
    hone_error err = {0};
    if (options.strategy == NULL)
        options.strategy = "random";
    assert_int_equal(hone_space_add_float(space, "x", 0, 1, HONE_LINEAR, &err), HONE_OK);
    hone_optimizer *opt = hone_optimizer_new(space, &options, &err);
    if (opt == NULL)
        fail_msg("%s", err.text);
    hone_space_free(space);
    return opt;
}

static uint64_t ask(hone_optimizer *opt)
{
    hone_error err = {0};
    const hone_trial *trial = hone_ask(opt, &err);
    assert_non_null(trial);
    return hone_trial_id(trial);
}

/* Whether the report stops the trial. */
static bool report(hone_optimizer *opt, uint64_t id, double step, double value)
{
    bool stop = false;
    hone_error err = {0};
    if (hone_report(opt, id, step, value, &stop, &err) != HONE_OK)
        fail_msg("%s", err.text);
    return stop;
}

static void tell(hone_optimizer *opt, uint64_t id, double value)
{
    assert_int_equal(hone_tell(opt, id, &value, 1, NULL), HONE_OK);
}

/* A trial of one value that reports at `first`, `first` + `gap`, ... up to `end`: the step at which
 * it is stopped, or 0 when it completes. */
static double run(hone_optimizer *opt, double value, double first, double gap, double end)
{
    uint64_t id = ask(opt);
    for (double step = first; step <= end; step += gap)
        if (report(opt, id, step, value)) {
            assert_int_equal(hone_tell_stopped(opt, id, NULL), HONE_OK);
            return step;
        }
    tell(opt, id, value);
    return 0.0;
}

static const char *reason(const hone_optimizer *opt, uint64_t id)
{
    return hone_trial_reason(hone_find(opt, id));
}

/* ---- asha ---- */

/* R = 9, eta = 3: rungs 1 and 3. Which of the values so far are among the best third at each rung,
 * or the best two where few came, is worked out by hand. */
static void asha_lets_the_best_third_of_each_rung_go_on(void **state)
{
    (void)state;
    hone_optimizer *opt =
        make((hone_options){.stopping = "asha", .max_resource = 9, .min_resource = 1});
    static const struct {
        double value, stopped_at;
    } trials[] = {
        {5, 0},   /* alone at each rung */
        {6, 0},   /* 2 of 2 */
        {4, 0},   /* the best */
        {7, 1},   /* 4 of 4 */
        {5, 0},   /* 2 of 5, two go on: as good as the first trial; 2 of 4 at step 3 */
        {4.5, 0}, /* 2 of 6; 2 of 5 */
        {5.5, 1}, /* 5 of 7 */
        {5, 1},   /* 3 of 8, two go on */
        {5, 3},   /* 3 of 9, three go on; 3 of 6 at step 3 */
        {3, 0},
    };
    for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++)
        assert_true(run(opt, trials[i].value, 1, 1, 9) == trials[i].stopped_at);
    assert_string_equal(reason(opt, 8), "value 5 at step 3 is number 3 of 6 trials at the rung of "
                                        "step 3, of which the best 2 go on");
    hone_optimizer_free(opt);
}

static void asha_learns_the_end_from_completed_trials(void **state)
{
    (void)state;
    hone_optimizer *opt = make((hone_options){.stopping = "asha"});
    uint64_t first = ask(opt), second = ask(opt);
    for (int step = 1; step <= 270; step++) {
        assert_false(report(opt, first, step, 1.0));
        assert_false(report(opt, second, step, 2.0)); /* where trials end is not known yet */
    }
    tell(opt, first, 1.0);
    assert_int_equal(hone_tell_stopped(opt, second, NULL), HONE_OK);
    /* R = 270: rungs 10, 30, 90 */
    assert_true(run(opt, 3.0, 1, 1, 270) == 10.0);
    uint64_t id = ask(opt);
    assert_false(report(opt, id, 9, 3.0));
    assert_true(report(opt, id, 35, 3.0)); /* between two rungs: the lower one was passed */
    assert_non_null(strstr(reason(opt, id), "at step 35 is number 3 of 3 trials at the rung of "
                                            "step 30"));
    hone_optimizer_free(opt);
}

/* What a step counts is no matter: epochs from 0, iterations in hundreds, shares of an epoch. */
static void asha_takes_steps_of_any_size(void **state)
{
    (void)state;
    static const double first[] = {1, 0, 100, 0.1, 1e12}, gap[] = {1, 1, 100, 0.1, 1e12};
    for (size_t i = 0; i < 5; i++) {
        hone_optimizer *opt = make((hone_options){.stopping = "asha", .maximize = {true}});
        double end = first[i] + 80.5 * gap[i];
        assert_true(run(opt, 3.0, first[i], gap[i], end) == 0.0);
        assert_true(run(opt, 4.0, first[i], gap[i], end) == 0.0);
        double stopped = run(opt, 2.0, first[i], gap[i], end);
        assert_true(stopped >= first[i] && stopped <= first[i] + 4.5 * gap[i]);
        hone_optimizer_free(opt);
    }
}

static void a_rung_is_judged_once_and_again_only_with_another_value(void **state)
{
    (void)state;
    hone_optimizer *opt =
        make((hone_options){.stopping = "asha", .min_resource = 3, .max_resource = 27});
    uint64_t id = ask(opt), other = ask(opt), third = ask(opt);
    assert_false(report(opt, third, 9, 1.2));
    assert_false(report(opt, other, 3, 2.0));
    assert_false(report(opt, other, 4, 2.0));
    assert_false(report(opt, id, 3, 1.0));
    assert_false(report(opt, other, 5, 9.0)); /* no rung */
    assert_false(report(opt, other, 2, 9.0)); /* an old step */
    assert_false(report(opt, other, 9, 1.5)); /* the second at its rung */
    assert_false(report(opt, id, 9, 1.0));
    assert_false(report(opt, other, 9, 0.5));
    assert_true(report(opt, other, 9, 1.5)); /* the value of this step was another */
    hone_optimizer_free(opt);
}

static void an_end_that_no_rung_precedes_stops_nothing(void **state)
{
    (void)state;
    hone_optimizer *opt = make((hone_options){.stopping = "asha", .max_resource = 1});
    for (int i = 0; i < 5; i++)
        assert_true(run(opt, i, 1, 1, 5) == 0.0);
    hone_optimizer_free(opt);
    opt = make((hone_options){.stopping = "asha", .max_resource = 27, .warmup = 8});
    assert_true(run(opt, 0.0, 1, 1, 27) == 0.0);
    assert_true(run(opt, 1.0, 1, 1, 27) == 0.0);
    assert_true(run(opt, 2.0, 1, 1, 27) == 9.0); /* rungs 1 and 3 are in the warm-up */
    hone_optimizer_free(opt);
}

/* ---- hyperband ---- */

/* Table 1 of Li et al. (2018): R = 81, eta = 3. */
static void brackets_are_those_of_the_published_table(void **state)
{
    (void)state;
    static const double n[] = {5, 8, 15, 34, 81}, first[] = {81, 27, 9, 3, 1};
    struct bracket brackets[MAX_BRACKETS];
    assert_int_equal(hyperband_brackets(81, 1, 3, brackets), 5);
    for (size_t s = 0; s < 5; s++) {
        assert_true(brackets[s].n == n[s]);
        assert_true(brackets[s].first == first[s]);
    }
    assert_int_equal(hyperband_brackets(100, 100.0 / 9.0, 3, brackets), 3); /* rounding */
    assert_int_equal(hyperband_brackets(80, 1, 3, brackets), 4);
    assert_int_equal(hyperband_brackets(3, 5, 3, brackets), 0);
    assert_int_equal(hyperband_brackets(1e300, 1e-300, 1.5, brackets), MAX_BRACKETS);
}

static void trials_are_spread_over_brackets_by_their_share(void **state)
{
    (void)state;
    hone_options options = {.seed = 3, .min_resource = 1, .max_resource = 81};
    struct search_view view = {.options = &options};
    static const double share[] = {5.0 / 143, 8.0 / 143, 15.0 / 143, 34.0 / 143, 81.0 / 143};
    enum { N = 20000 };
    double count[5] = {0}, chi2 = 0.0;
    for (uint64_t id = 0; id < N; id++)
        count[hyperband_bracket_of(&view, id)] += 1.0;
    for (size_t s = 0; s < 5; s++)
        chi2 += (count[s] - N * share[s]) * (count[s] - N * share[s]) / (N * share[s]);
    assert_true(chi2 < 18.47); /* 99.9 % of its distribution with 4 degrees of freedom */
}

/* Each trial is worse than all before: it ends at the first rung of its bracket, unless it is among
 * the first two of it to come there. */
static void hyperband_judges_each_bracket_by_itself(void **state)
{
    (void)state;
    hone_optimizer *opt = make(
        (hone_options){.stopping = "hyperband", .seed = 1, .min_resource = 1, .max_resource = 81});
    static const double first[] = {0, 27, 9, 3, 1};
    size_t n[5] = {0};
    for (int i = 0; i < 60; i++) {
        struct search_view view = optimizer_view(opt);
        size_t s = hyperband_bracket_of(&view, (uint64_t)i);
        double stopped_at = run(opt, i, 1, 1, 81);
        assert_true(stopped_at == (n[s]++ < 2 ? 0 : first[s]));
    }
    for (size_t s = 0; s < 5; s++)
        assert_true(n[s] > 0);
    uint64_t last = 59;
    while (reason(opt, last) == NULL)
        last--;
    assert_non_null(strstr(reason(opt, last), " trials of bracket "));
    hone_optimizer_free(opt);
}

/* ---- curve ---- */

/* end + drop x^-power, at steps 1 ... R: the step at which it is stopped, or 0. */
static double run_power(hone_optimizer *opt, double end, double drop, double power, int R)
{
    uint64_t id = ask(opt);
    double value = 0.0;
    for (int step = 1; step <= R; step++) {
        value = end + drop * num_pow(step, -power);
        if (report(opt, id, step, value)) {
            assert_int_equal(hone_tell_stopped(opt, id, NULL), HONE_OK);
            return step;
        }
    }
    tell(opt, id, value);
    return 0.0;
}

static void curve_ends_what_points_above_the_best(void **state)
{
    (void)state;
    hone_optimizer *opt = make((hone_options){.stopping = "curve"});
    for (int i = 0; i < 4; i++) /* too few to compare with */
        assert_true(run_power(opt, 0.1 + 0.01 * i, 1.0, 1.0, 50) == 0.0);
    double stopped = run_power(opt, 1.0, 1.0, 1.0, 50);
    assert_true(stopped >= 4.0 && stopped <= 8.0);
    const char *text = reason(opt, 4);
    assert_non_null(strstr(text, "value 1."));
    assert_non_null(strstr(text, "at step 50: with a chance of "));
    assert_non_null(strstr(text, "better than the best, 0.12"));
    /* The same values so far, but they fall steadily. */
    assert_true(run_power(opt, 0.0, 1.0, 0.7, 50) == 0.0);
    hone_optimizer_free(opt);
}

/* Half of the trials fall at once and stay, half fall steadily: of one of these not much is seen
 * early, but that it goes on. */
static void curve_lets_a_late_bloomer_bloom(void **state)
{
    (void)state;
    hone_optimizer *opt = make((hone_options){.stopping = "curve"});
    for (int i = 0; i < 8; i++) {
        uint64_t id = ask(opt);
        double value = 0.0, end = 0.4 - 0.01 * i;
        for (int step = 1; step <= 40; step++) {
            value = i % 2 == 0 ? end + 0.5 / step : 1.0 - (1.0 - end) * step / 40.0;
            assert_int_equal(hone_report(opt, id, step, value, NULL, NULL), HONE_OK);
        }
        tell(opt, id, value);
    }
    uint64_t id = ask(opt);
    for (int step = 1; step <= 40; step++)
        assert_false(report(opt, id, step, 1.0 - 0.95 * step / 40.0));
    tell(opt, id, 0.05);
    hone_optimizer_free(opt);
}

/* ---- What completed trials say of the way ---- */

/* R = 9, rungs 1 and 3. Three completed trials gained as much from step 3 on as before: rho is
 * 3/4. A trial that falls fast goes on, one that is level does not, though its value is better. */
static void asha_looks_where_a_curve_points(void **state)
{
    (void)state;
    hone_optimizer *opt =
        make((hone_options){.stopping = "asha", .max_resource = 9, .min_resource = 3});
    static const double way[][3] = {{2, 1.5, 1}, {4, 3.5, 3}, {6, 5.5, 5}}; /* steps 1, 3, 9 */
    for (size_t i = 0; i < 3; i++) {
        uint64_t id = ask(opt);
        for (int k = 0; k < 3; k++)
            assert_int_equal(hone_report(opt, id, (double[]){1, 3, 9}[k], way[i][k], NULL, NULL),
                             HONE_OK);
        tell(opt, id, way[i][2]);
    }
    uint64_t level = ask(opt), falling = ask(opt);
    assert_false(report(opt, level, 1, 3.3));
    assert_true(report(opt, level, 3, 3.3)); /* the others point to 1.125, 3.125 and 5.125 */
    assert_string_equal(reason(opt, level),
                        "value 3.3 at step 3, which points to 3.3, is number 3 of 4 trials at the "
                        "rung of step 3, of which the best 2 go on");
    assert_false(report(opt, falling, 1, 5));
    assert_false(report(opt, falling, 3, 3.6)); /* points to 2.55 */
    hone_optimizer_free(opt);
}

/* ---- Several objectives ---- */

static hone_optimizer *make_two(const char *rule)
{
    return make((hone_options){.stopping = rule,
                               .n_objectives = 2,
                               .maximize = {false, true},
                               .max_resource = strcmp(rule, "asha") == 0 ? 9 : 0,
                               .min_resource = strcmp(rule, "asha") == 0 ? 3 : 0});
}

/* A trial that comes to these values in nine steps; the step at which it is stopped, 0: it
 * completes. */
static double run_two(hone_optimizer *opt, double loss, double gain)
{
    uint64_t id = ask(opt);
    for (int step = 1; step <= 9; step++) {
        bool stop = false;
        double above = 0.1 / step;
        assert_int_equal(hone_report_objective(opt, id, 1, step, gain - above, &stop, NULL),
                         HONE_OK);
        assert_false(stop);
        assert_int_equal(hone_report(opt, id, step, loss + above, &stop, NULL), HONE_OK);
        if (stop) {
            assert_int_equal(hone_tell_stopped(opt, id, NULL), HONE_OK);
            return step;
        }
    }
    assert_int_equal(hone_tell(opt, id, (double[]){loss, gain}, 2, NULL), HONE_OK);
    return 0.0;
}

static void what_is_best_in_one_objective_is_not_stopped(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        double stopped_at;
        const char *reason;
    } expected[] = {
        {"asha", 3,
         "values 4.533, 0.4667 at step 3 are dominated by 4 of 6 trials at the rung of step 3, "
         "where fewer than 2 are let pass"},
        {"median", 2,
         "values 4.55, 0.45 at step 2 are dominated by the running means of 4 of 5 trials"},
        {"curve", 4, "values 4.525, 0.475 at step 4 point to about 4.5"},
    };
    for (size_t i = 0; i < 3; i++) {
        hone_optimizer *opt = make_two(expected[i].rule);
        /* The greater the loss, the greater the gain: nobody beats anybody. */
        for (int k = 1; k <= 5; k++)
            assert_true(run_two(opt, k, k) == 0.0);
        double stopped_at = run_two(opt, 4.5, 0.5);
        assert_true(stopped_at == expected[i].stopped_at);
        assert_non_null(strstr(reason(opt, 5), expected[i].reason));
        if (i == 2)
            assert_non_null(strstr(reason(opt, 5), "% dominated by those of trial "));
        assert_true(run_two(opt, 10, 5.5) == 0.0); /* far behind in the first */
        hone_optimizer_free(opt);
    }
}

static void an_objective_has_a_number(void **state)
{
    (void)state;
    hone_optimizer *opt = make_two("median");
    hone_error err = {0};
    uint64_t id = ask(opt);
    assert_int_equal(hone_report_objective(opt, id, 2, 1, 1, NULL, &err), HONE_EINVAL);
    assert_string_equal(err.text, "there are 2 objectives, got number 2");
    hone_optimizer_free(opt);
}

/* ---- Options ---- */

static void resources_are_checked_by_name(void **state)
{
    (void)state;
    static const struct {
        hone_options options;
        const char *text;
    } bad[] = {
        {{.stopping = "median", .eta = 3},
         "the stopping rule \"median\" takes no min_resource or eta"},
        {{.stopping = "curve", .min_resource = 1},
         "the stopping rule \"curve\" takes no min_resource or eta"},
        {{.max_resource = 3}, "the stopping rule \"none\" takes no max_resource"},
        {{.stopping = "asha", .min_resource = -1}, "min_resource must be above 0, got -1"},
        {{.stopping = "asha", .max_resource = (double)INFINITY},
         "max_resource must be above 0, got inf"},
        {{.stopping = "asha", .min_resource = 3, .max_resource = 2},
         "min_resource must be below max_resource 2, got 3"},
        {{.stopping = "asha", .eta = 1}, "eta must be in [1.5, 100], got 1"},
        {{.stopping = "asha", .eta = (double)NAN}, "eta must be in [1.5, 100], got nan"},
    };
    hone_space *space = hone_space_new();
    hone_error err = {0};
    assert_int_equal(hone_space_add_float(space, "x", 0, 1, HONE_LINEAR, &err), HONE_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_null(hone_optimizer_new(space, &bad[i].options, &err));
        assert_int_equal(err.status, HONE_EINVAL);
        assert_string_equal(err.text, bad[i].text);
    }
    hone_space_free(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asha_lets_the_best_third_of_each_rung_go_on),
        cmocka_unit_test(asha_learns_the_end_from_completed_trials),
        cmocka_unit_test(asha_takes_steps_of_any_size),
        cmocka_unit_test(a_rung_is_judged_once_and_again_only_with_another_value),
        cmocka_unit_test(an_end_that_no_rung_precedes_stops_nothing),
        cmocka_unit_test(brackets_are_those_of_the_published_table),
        cmocka_unit_test(trials_are_spread_over_brackets_by_their_share),
        cmocka_unit_test(hyperband_judges_each_bracket_by_itself),
        cmocka_unit_test(curve_ends_what_points_above_the_best),
        cmocka_unit_test(curve_lets_a_late_bloomer_bloom),
        cmocka_unit_test(asha_looks_where_a_curve_points),
        cmocka_unit_test(what_is_best_in_one_objective_is_not_stopped),
        cmocka_unit_test(an_objective_has_a_number),
        cmocka_unit_test(resources_are_checked_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
