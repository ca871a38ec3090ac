/*
 * test_rows.c: what the trials say to the model: stopped ones by what completed ones gained later,
 * equal ones by their mean. Expected numbers are worked out by hand.
 */
#include "near.h"

#include "base/mem.h"
#include "search/gp/gp.h"

static const double place[6][1] = {{0.1}, {0.2}, {0.3}, {0.4}, {0.5}, {0.6}};

/* Steps, values and their sums. From the report at step 2 on, these four gain -0.1, -0.2, -0.4 and
 * -0.3. */
static struct report curves[4][2] = {{{1, 0.9, 0.9}, {2, 0.6, 1.5}},
                                     {{1, 0.9, 0.9}, {2, 0.8, 1.7}},
                                     {{1, 1.2, 1.2}, {2, 1.1, 2.3}},
                                     {{1, 1.0, 1.0}, {2, 0.9, 1.9}}};
static struct series curve_of[4] = {
    {curves[0], 2, 2}, {curves[1], 2, 2}, {curves[2], 2, 2}, {curves[3], 2, 2}};
static const double finals[4] = {0.5, 0.6, 0.7, 0.6};
static struct report high_reports[2] = {{1, 1.5, 1.5}, {2, 1.3, 2.8}},
                     low_reports[2] = {{1, 0.7, 0.7}, {2, 0.55, 1.25}};
static const struct series high = {high_reports, 2, 2}, low = {low_reports, 2, 2};

static struct gp_rows collect(const struct search_trial *trials, size_t n, struct arena *arena)
{
    struct hone_space space = {.n = 1};
    hone_options options = {.n_objectives = 1};
    struct search_view view = {.space = &space,
                               .options = &options,
                               .trials = trials,
                               .n_trials = n,
                               .next_id = n,
                               .scratch = arena};
    struct gp_rows rows;
    assert_true(gp_rows_collect(&rows, &view, 0));
    return rows;
}

static struct search_trial completed(size_t i)
{
    return (struct search_trial){.id = i,
                                 .state = HONE_TRIAL_COMPLETED,
                                 .row = place[i],
                                 .values = &finals[i],
                                 .series = &curve_of[i]};
}

static struct search_trial stopped(size_t i, const struct series *series)
{
    return (struct search_trial){
        .id = i, .state = HONE_TRIAL_STOPPED, .row = place[i], .series = series};
}

static void a_stopped_trial_gains_the_median_of_what_others_gained(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct search_trial trials[] = {completed(0), completed(1), completed(2), completed(3),
                                    stopped(4, &high)};
    struct gp_rows rows = collect(trials, 5, &arena);
    assert_int_equal(rows.n, 5);
    assert_near_relative(rows.y[4], 1.3 - 0.25, 1e-12);
    /* distances from -0.25: 0.15, 0.05, 0.15, 0.05; their median 0.1 */
    assert_near_relative(rows.extra_y[4], 0.148 * 0.148, 1e-12);
    assert_true(rows.extra_t[4] == 0.0 && rows.extra_y[0] == 0.0);
    arena_release(&arena);
}

static void an_imputed_value_is_never_better_than_the_best_completed(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct search_trial trials[] = {completed(0), completed(1), completed(2), completed(3),
                                    stopped(4, &low)};
    struct gp_rows rows = collect(trials, 5, &arena);
    assert_true(rows.y[4] == 0.5); /* not 0.55 - 0.25 */
    arena_release(&arena);
}

static void with_too_few_completed_the_last_report_counts_with_a_guess_of_its_noise(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct search_trial trials[] = {completed(0), completed(1), stopped(2, &high)};
    struct gp_rows rows = collect(trials, 3, &arena);
    assert_true(rows.y[2] == 1.3 && rows.extra_t[2] == 0.25 && rows.extra_y[2] == 0.0);
    arena_release(&arena);
}

static void equal_rows_are_one_with_their_mean(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct search_trial trials[] = {completed(0), completed(1), completed(2)};
    trials[1].row = trials[2].row = place[0];
    struct gp_rows rows = collect(trials, 3, &arena);
    assert_int_equal(rows.n, 1);
    assert_near_relative(rows.y[0], 0.6, 1e-12);
    assert_near_relative(rows.weight[0], 1.0 / 3.0, 1e-12);
    arena_release(&arena);
}

static void running_and_failed_ones_have_no_value(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct search_trial trials[] = {completed(0), completed(1), completed(2)};
    trials[0].state = HONE_TRIAL_RUNNING;
    trials[1].state = HONE_TRIAL_FAILED;
    struct gp_rows rows = collect(trials, 3, &arena);
    assert_int_equal(rows.n, 1);
    assert_ptr_equal(rows.row[0], place[2]);
    assert_int_equal(rows.n_pending, 1);
    assert_ptr_equal(rows.pending[0], place[0]);
    assert_int_equal(rows.n_failed, 1);
    assert_ptr_equal(rows.failed[0], place[1]);
    assert_int_equal(rows.n_ended, 2);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stopped_trial_gains_the_median_of_what_others_gained),
        cmocka_unit_test(an_imputed_value_is_never_better_than_the_best_completed),
        cmocka_unit_test(with_too_few_completed_the_last_report_counts_with_a_guess_of_its_noise),
        cmocka_unit_test(equal_rows_are_one_with_their_mean),
        cmocka_unit_test(running_and_failed_ones_have_no_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
