#include "near.h"

#include <string.h>

#include "search/registry.h"
#include "study/optimizer.h"

static hone_space *make_space(void)
{
    hone_space *s = hone_space_new();
    hone_value opts[] = {HONE_TEXT("sgd"), HONE_TEXT("adam")};
    assert_int_equal(hone_space_add_float(s, "lr", 1e-5, 1e-1, HONE_LOG, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(s, "opt", 2, opts, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(s, "momentum", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(s, "momentum", "opt", 1, opts, NULL), HONE_OK);
    return s;
}

static hone_optimizer *make(const hone_options *options)
{
    hone_space *s = make_space();
    hone_error err;
    hone_optimizer *opt = hone_optimizer_new(s, options, &err);
    if (opt == NULL)
        fail_msg("%s", err.text);
    hone_space_free(s); /* the optimizer has a copy */
    return opt;
}

static uint64_t ask(hone_optimizer *opt)
{
    hone_error err;
    const hone_trial *trial = hone_ask(opt, &err);
    if (trial == NULL)
        fail_msg("%s", err.text);
    return hone_trial_id(trial);
}

static void tell(hone_optimizer *opt, uint64_t id, double value)
{
    assert_int_equal(hone_tell(opt, id, &value, 1, NULL), HONE_OK);
}

static const hone_options random_search = {.strategy = "random", .seed = 3};

static void a_trial_shows_its_settings_and_values(void **state)
{
    (void)state;
    hone_optimizer *opt = make(&random_search);
    for (int i = 0; i < 20; i++) {
        const hone_trial *trial = hone_find(opt, ask(opt));
        size_t n;
        const hone_setting *settings = hone_trial_settings(trial, &n);
        const char *name = hone_trial_text(trial, "opt");
        assert_int_equal(n, strcmp(name, "sgd") == 0 ? 3 : 2);
        assert_string_equal(settings[0].name, "lr");
        assert_true(hone_trial_number(trial, "lr") >= 1e-5);
        assert_int_equal(isnan(hone_trial_number(trial, "momentum")), n == 2);
        assert_true(isnan(hone_trial_number(trial, "opt")));
        assert_true(isnan(hone_trial_number(trial, "none")));
        assert_null(hone_trial_text(trial, "lr"));
        assert_string_equal(hone_trial_why(trial), "random");
        assert_null(hone_trial_values(trial, &n));
        assert_null(hone_trial_reason(trial));
    }
    tell(opt, 4, 0.5);
    size_t n;
    const hone_trial *trial = hone_find(opt, 4);
    assert_true(hone_trial_values(trial, &n)[0] == 0.5);
    assert_int_equal(n, 1);
    assert_int_equal(hone_trial_state_of(trial), HONE_TRIAL_COMPLETED);
    assert_null(hone_find(opt, 20));
    hone_optimizer_free(opt);
}

static void the_best_is_the_first_told_among_equals(void **state)
{
    (void)state;
    hone_options options = random_search;
    options.maximize[0] = true;
    hone_optimizer *opt = make(&options);
    assert_null(hone_best(opt));
    for (int i = 0; i < 5; i++)
        ask(opt);
    tell(opt, 0, 1.0);
    tell(opt, 3, 2.0);
    tell(opt, 1, 2.0);
    assert_int_equal(hone_trial_id(hone_best(opt)), 3);
    assert_int_equal(hone_tell_failed(opt, 2, NULL), HONE_OK);
    assert_int_equal(hone_trial_id(hone_best(opt)), 3);
    hone_optimizer_free(opt);
}

static void a_value_that_is_not_finite_is_a_failure(void **state)
{
    (void)state;
    hone_optimizer *opt = make(&random_search);
    static const double values[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    for (size_t i = 0; i < 3; i++) {
        tell(opt, ask(opt), values[i]);
        assert_int_equal(hone_trial_state_of(hone_find(opt, i)), HONE_TRIAL_FAILED);
    }
    hone_optimizer_free(opt);
}

static void a_skipped_trial_has_a_number_and_nothing_else(void **state)
{
    (void)state;
    hone_optimizer *opt = make(&random_search);
    hone_error err;
    uint64_t id = 0;
    size_t n;
    double value = 1;
    assert_int_equal(hone_skip(opt, &id, &err), HONE_OK);
    assert_int_equal(hone_skip(opt, &id, &err), HONE_OK);
    assert_int_equal(id, 1);
    const hone_trial *skipped = hone_find(opt, 1);
    hone_trial_settings(skipped, &n);
    assert_int_equal(n, 0);
    assert_int_equal(hone_trial_state_of(skipped), HONE_TRIAL_CANCELLED);
    assert_int_equal(hone_tell(opt, 1, &value, 1, &err), HONE_ESTATE);
    assert_int_equal(hone_reopen(opt, 1, &err), HONE_ESTATE);
    assert_string_equal(err.text, "trial 1 was skipped and has no settings");
    assert_int_equal(ask(opt), 2);
    tell(opt, 2, 3);
    assert_int_equal(hone_trial_id(hone_best(opt)), 2);
    hone_optimizer_free(opt);
}

static void a_restored_trial_takes_its_entry_from_the_queue(void **state)
{
    (void)state;
    hone_error err;
    hone_space *space = hone_space_new();
    assert_int_equal(hone_space_add_float(space, "x", 0, 1, HONE_LINEAR, &err), HONE_OK);
    assert_int_equal(hone_space_set_step(space, "x", 0.1, &err), HONE_OK);
    hone_options options = {.strategy = "random", .seed = 3};
    hone_optimizer *opt = hone_optimizer_new(space, &options, &err);
    hone_optimizer *again = hone_optimizer_new(space, &options, &err);
    hone_setting third = {"x", HONE_NUMBER(0.1 + 0.2)}; /* 0.30000000000000004 */
    assert_int_equal(hone_enqueue(opt, &third, 1, &err), HONE_OK);
    assert_int_equal(hone_enqueue(again, &third, 1, &err), HONE_OK);
    const hone_trial *trial = hone_ask(opt, &err);
    size_t n, size;
    const hone_setting *settings = hone_trial_settings(trial, &n);
    assert_string_equal(hone_trial_why(trial), "enqueued");
    const void *memo = hone_memo(opt, &size);
    assert_int_equal(hone_restore(again, settings, n, "enqueued", memo, size, NULL, &err), HONE_OK);
    assert_string_equal(hone_trial_why(hone_ask(again, &err)), hone_trial_why(hone_ask(opt, &err)));
    assert_int_equal(hone_tell_cancelled(opt, 0, &err), HONE_OK);
    assert_int_equal(hone_tell_cancelled(again, 0, &err), HONE_OK);
    /* What waited twice would be proposed now. */
    assert_string_not_equal(hone_trial_why(hone_ask(again, &err)), "enqueued");
    hone_optimizer_free(opt);
    hone_optimizer_free(again);
    hone_space_free(space);
}

static void wrong_calls_are_named_and_change_nothing(void **state)
{
    (void)state;
    hone_optimizer *opt = make(&random_search);
    hone_error err;
    double values[2] = {1, 2};
    bool stop;
    assert_int_equal(hone_tell(opt, 0, values, 1, &err), HONE_ENOTFOUND);
    assert_string_equal(err.text, "there is no trial 0");
    ask(opt);
    assert_int_equal(hone_tell(opt, 0, values, 2, &err), HONE_EINVAL);
    assert_string_equal(err.text, "there are 1 objectives, got 2 values");
    assert_int_equal(hone_reopen(opt, 0, &err), HONE_ESTATE);
    assert_string_equal(err.text, "trial 0 is running, neither cancelled nor failed");
    assert_int_equal(hone_report(opt, 0, -1, 1, &stop, &err), HONE_EINVAL);
    assert_string_equal(err.text, "a step must be 0 or more, got -1");
    tell(opt, 0, 1);
    assert_int_equal(hone_tell(opt, 0, values, 1, &err), HONE_ESTATE);
    assert_string_equal(err.text, "trial 0 is completed, not running");
    assert_int_equal(hone_report(opt, 0, 1, 1, &stop, &err), HONE_ESTATE);
    assert_int_equal(hone_tell_cancelled(opt, 0, &err), HONE_ESTATE);
    assert_int_equal(hone_tell_stopped(opt, 7, &err), HONE_ENOTFOUND);
    assert_true(hone_trial_values(hone_find(opt, 0), &(size_t){0})[0] == 1.0);
    hone_optimizer_free(opt);
}

static void bad_options_are_refused_by_name(void **state)
{
    (void)state;
    hone_space *s = make_space(), *none = hone_space_new();
    hone_error err;
    assert_null(hone_optimizer_new(none, NULL, &err));
    assert_string_equal(err.text, "the space has no parameter");
    assert_null(hone_optimizer_new(s, &(hone_options){.strategy = "tpee"}, &err));
    assert_non_null(strstr(err.text, "unknown strategy \"tpee\"; there are auto, "));
    assert_non_null(strstr(err.text, "random"));
    assert_null(hone_optimizer_new(s, &(hone_options){.stopping = "asa"}, &err));
    assert_string_equal(err.text,
                        "unknown stopping rule \"asa\"; there are auto, none, median, asha, "
                        "hyperband, curve");
    assert_null(hone_optimizer_new(s, &(hone_options){.n_objectives = 9}, &err));
    assert_null(hone_optimizer_new(s, &(hone_options){.seed = UINT64_MAX}, &err));
    assert_null(hone_optimizer_new(s, &(hone_options){.strategy = "grid"}, &err));
    assert_non_null(strstr(err.text, "parameter \"lr\" is continuous"));
    assert_int_equal(hone_space_add_where(s, "lr > 1", NULL), HONE_OK);
    assert_null(hone_optimizer_new(s, &random_search, &err));
    assert_string_equal(err.text, "no configuration that satisfies `where` was found");
    hone_space_free(none);
    hone_space_free(s);
}

static void a_cancelled_configuration_may_come_again_and_no_other(void **state)
{
    (void)state;
    hone_space *s = hone_space_new();
    assert_int_equal(hone_space_add_int(s, "x", 1, 5, HONE_LINEAR, NULL), HONE_OK);
    for (size_t a = 0; search_at(a) != NULL; a++) {
        hone_options options = {.strategy = search_at(a)->name};
        hone_optimizer *opt = hone_optimizer_new(s, &options, NULL);
        hone_error err;
        for (int i = 0; i < 5; i++)
            ask(opt);
        assert_null(hone_ask(opt, &err));
        assert_int_equal(err.status, HONE_EEXHAUSTED);
        assert_int_equal(hone_tell_failed(opt, 1, NULL), HONE_OK);
        assert_null(hone_ask(opt, &err));
        assert_int_equal(hone_tell_cancelled(opt, 2, NULL), HONE_OK);
        uint64_t again = ask(opt);
        assert_int_equal(again, 5);
        assert_true(hone_trial_number(hone_find(opt, 5), "x") ==
                    hone_trial_number(hone_find(opt, 2), "x"));
        assert_null(hone_ask(opt, &err));
        assert_int_equal(hone_reopen(opt, 2, NULL), HONE_OK);
        tell(opt, 2, 1.0);
        hone_optimizer_free(opt);
    }
    hone_space_free(s);
}

static void enqueued_configurations_come_first_and_are_filled_in(void **state)
{
    (void)state;
    hone_optimizer *opt = make(&random_search);
    hone_error err;
    hone_setting lr = {"lr", HONE_NUMBER(0.01)}, momentum = {"momentum", HONE_NUMBER(0.9)};
    hone_setting whole[] = {{"lr", HONE_NUMBER(0.02)}, {"opt", HONE_TEXT("adam")}};
    hone_setting clash[] = {{"momentum", HONE_NUMBER(0.5)}, {"opt", HONE_TEXT("adam")}};
    assert_int_equal(hone_enqueue(opt, &lr, 1, &err), HONE_OK);
    assert_int_equal(hone_enqueue(opt, &momentum, 1, &err), HONE_OK);
    assert_int_equal(hone_enqueue(opt, whole, 2, &err), HONE_OK);
    assert_int_equal(hone_enqueue(opt, whole, 2, &err), HONE_OK);
    assert_int_equal(hone_enqueue(opt, clash, 2, &err), HONE_EINVAL);
    assert_string_equal(err.text, "parameter \"momentum\" is inactive with this value of \"opt\"");
    const hone_trial *trial = hone_find(opt, ask(opt));
    assert_true(hone_trial_number(trial, "lr") == 0.01);
    assert_non_null(hone_trial_text(trial, "opt"));
    assert_string_equal(hone_trial_why(trial), "enqueued");
    trial = hone_find(opt, ask(opt));
    assert_true(hone_trial_number(trial, "momentum") == 0.9);
    assert_string_equal(hone_trial_text(trial, "opt"), "sgd"); /* switched to make it active */
    trial = hone_find(opt, ask(opt));
    assert_true(hone_trial_number(trial, "lr") == 0.02);
    trial = hone_find(opt, ask(opt)); /* the second copy is passed over */
    assert_string_equal(hone_trial_why(trial), "random");
    hone_optimizer_free(opt);
}

static void what_cannot_be_active_together_is_not_enqueued(void **state)
{
    (void)state;
    hone_error err;
    const hone_value p[] = {HONE_NUMBER(1), HONE_NUMBER(2), HONE_NUMBER(3)};
    hone_space *s = hone_space_new();
    assert_int_equal(hone_space_add_choice(s, "p", 3, p, NULL), HONE_OK);
    for (const char *name = "abc"; *name; name++) { /* a if p is 1 or 2, b if 2 or 3 */
        const char own[] = {*name, '\0'};
        assert_int_equal(hone_space_add_float(s, own, 0.0, 1.0, HONE_LINEAR, NULL), HONE_OK);
    }
    assert_int_equal(hone_space_add_condition(s, "a", "p", 2, &p[0], NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(s, "b", "p", 2, &p[1], NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(s, "c", "p", 1, &p[0], NULL), HONE_OK);
    hone_optimizer *opt = hone_optimizer_new(s, &(hone_options){.strategy = "random"}, &err);
    assert_non_null(opt);

    hone_setting ab[] = {{"a", HONE_NUMBER(0.25)}, {"b", HONE_NUMBER(0.5)}};
    hone_setting bc[] = {{"b", HONE_NUMBER(0.5)}, {"c", HONE_NUMBER(0.5)}};
    assert_int_equal(hone_enqueue(opt, bc, 2, &err), HONE_EINVAL);
    assert_string_equal(err.text, "no value of \"p\" makes all given parameters active");
    assert_int_equal(hone_enqueue(opt, ab, 2, &err), HONE_OK);
    const hone_trial *trial = hone_find(opt, ask(opt));
    assert_true(hone_trial_number(trial, "p") == 2.0);
    assert_true(hone_trial_number(trial, "a") == 0.25);
    assert_true(hone_trial_number(trial, "b") == 0.5);
    hone_optimizer_free(opt);
    hone_space_free(s);
}

static void default_values_are_tried_first(void **state)
{
    (void)state;
    hone_space *s = make_space();
    assert_int_equal(hone_space_set_default(s, "lr", HONE_NUMBER(0.003), NULL), HONE_OK);
    assert_int_equal(hone_space_set_default(s, "opt", HONE_TEXT("adam"), NULL), HONE_OK);
    assert_int_equal(hone_space_set_default(s, "momentum", HONE_NUMBER(0.9), NULL), HONE_OK);
    hone_optimizer *opt = hone_optimizer_new(s, &random_search, NULL);
    const hone_trial *trial = hone_find(opt, ask(opt));
    assert_true(hone_trial_number(trial, "lr") == 0.003);
    assert_string_equal(hone_trial_text(trial, "opt"), "adam");
    assert_string_equal(hone_trial_why(trial), "default values");
    assert_string_equal(hone_trial_why(hone_find(opt, ask(opt))), "random");
    hone_optimizer_free(opt);
    hone_space_free(s);
}

static void added_trials_keep_their_numbers_to_the_last_bit(void **state)
{
    (void)state;
    hone_optimizer *opt = make(&random_search);
    hone_error err;
    uint64_t id;
    double value = 0.25;
    hone_setting settings[] = {{"lr", HONE_NUMBER(0.0012345678901234567)},
                               {"opt", HONE_TEXT("adam")}};
    assert_int_equal(hone_add(opt, settings, 2, &value, 1, &id, &err), HONE_OK);
    assert_int_equal(id, 0);
    assert_true(hone_trial_number(hone_find(opt, 0), "lr") == 0.0012345678901234567);
    assert_ptr_equal(hone_best(opt), hone_find(opt, 0));
    assert_int_equal(hone_add(opt, settings, 2, NULL, 0, &id, &err), HONE_OK);
    assert_int_equal(hone_trial_state_of(hone_find(opt, 1)), HONE_TRIAL_FAILED);
    assert_int_equal(hone_add(opt, settings, 1, &value, 1, &id, &err), HONE_EINVAL);
    assert_string_equal(err.text, "parameter \"opt\" is missing");
    assert_int_equal(hone_add(opt, settings, 2, &value, 2, &id, &err), HONE_EINVAL);
    assert_null(hone_find(opt, 2));
    hone_optimizer_free(opt);
}

static void tell_many(hone_optimizer *opt, uint64_t id, const double *values, size_t n)
{
    assert_int_equal(hone_tell(opt, id, values, n, NULL), HONE_OK);
}

static void the_front_is_what_a_look_at_all_pairs_finds(void **state)
{
    (void)state;
    enum { N = 200, M = 3 };
    hone_options options = {.strategy = "random", .n_objectives = M, .maximize = {false, true}};
    hone_optimizer *opt = make(&options);
    struct rng rng;
    rng_init(&rng, 11, RNG_RANDOM, 0);
    double values[N][M];
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < M; j++)
            values[i][j] = (double)rng_below(&rng, 9); /* with equal ones */
        tell_many(opt, ask(opt), values[i], M);
        size_t n, expected = 0;
        const hone_trial *const *front = hone_front(opt, &n);
        for (size_t a = 0; a <= i; a++) {
            bool beaten = false;
            for (size_t b = 0; b <= i && !beaten; b++) {
                bool covers = values[b][0] <= values[a][0] && values[b][1] >= values[a][1] &&
                              values[b][2] <= values[a][2];
                bool same = memcmp(values[a], values[b], sizeof values[a]) == 0;
                beaten = covers && (same ? b < a : true);
            }
            expected += !beaten;
            bool listed = false;
            for (size_t k = 0; k < n; k++)
                listed |= front[k] == hone_find(opt, a);
            assert_int_equal(listed, !beaten);
        }
        assert_int_equal(n, expected);
        assert_ptr_equal(front[0], hone_best(opt));
        for (size_t k = 1; k < n; k++)
            assert_true(values[front[k - 1]->id][0] <= values[front[k]->id][0]);
    }
    hone_optimizer_free(opt);
}

static void what_breaks_a_constraint_is_not_the_best(void **state)
{
    (void)state;
    hone_options options = {.strategy = "random",
                            .n_constraints = 2,
                            .constraints = {{.limit = 30.0}, {.limit = 0.5, .at_least = true}}};
    hone_optimizer *opt = make(&options);
    const double told[][3] = {
        {1.0, 30.5, 0.5}, {2.0, 30.0, 0.25}, {5.0, 30.0, 0.5}, {4.0, -1e308, 1e308}};
    hone_error err;
    size_t n;
    for (uint64_t i = 0; i < 4; i++)
        tell_many(opt, ask(opt), told[i], 3);
    assert_int_equal(hone_tell(opt, ask(opt), told[0], 1, &err), HONE_EINVAL);
    assert_string_equal(err.text, "there are 1 objectives and 2 constraints, got 1 values");
    const double failed[] = {0.0, 1.0, (double)NAN};
    tell_many(opt, 4, failed, 3);
    assert_int_equal(hone_trial_state_of(hone_find(opt, 4)), HONE_TRIAL_FAILED);
    const bool feasible[] = {false, false, true, true, false};
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(hone_trial_is_feasible(hone_find(opt, i)), feasible[i]);
    assert_int_equal(hone_trial_id(hone_best(opt)), 3);
    hone_front(opt, &n);
    assert_int_equal(n, 1);
    assert_true(hone_trial_values(hone_find(opt, 0), &n)[1] == 30.5);
    assert_int_equal(n, 3);
    const struct search_trial *seen = opt->view;
    assert_true(seen[0].violations[0] == 0.5 && seen[0].violations[1] == 0.0);
    assert_true(seen[1].violations[0] == 0.0 && seen[1].violations[1] == 0.25);
    assert_true(isfinite(seen[3].violations[0]) && isfinite(seen[3].violations[1]));
    assert_null(seen[4].violations);
    hone_optimizer_free(opt);
}

static void what_beats_the_best_that_keeps_the_constraints_is_not_stopped(void **state)
{
    (void)state;
    hone_options options = {.strategy = "random", .stopping = "median", .n_constraints = 1};
    hone_optimizer *opt = make(&options);
    bool stop;
    for (int i = 0; i < 5; i++) {
        uint64_t id = ask(opt);
        double level = i;
        assert_int_equal(hone_report(opt, id, 2, level, &stop, NULL), HONE_OK);
        tell_many(opt, id, (double[]){level, i < 4 ? 1.0 : -1.0}, 2);
    }
    assert_int_equal(hone_trial_id(hone_best(opt)), 4);
    uint64_t id = ask(opt); /* those that break it have the median 2 */
    assert_int_equal(hone_report(opt, id, 2, 3.5, &stop, NULL), HONE_OK);
    assert_false(stop);
    assert_int_equal(hone_report(opt, id, 3, 4.5, &stop, NULL), HONE_OK);
    assert_false(stop); /* no other came to step 3 */
    assert_int_equal(hone_report(opt, ask(opt), 2, 4.5, &stop, NULL), HONE_OK);
    assert_true(stop);
    hone_optimizer_free(opt);
}

static void the_volume_of_a_front_is_in_the_units_of_the_objectives(void **state)
{
    (void)state;
    hone_options options = {.strategy = "random",
                            .n_objectives = 2,
                            .maximize = {false, true},
                            .has_reference = true,
                            .reference = {10.0, -1.0}};
    hone_optimizer *opt = make(&options);
    const double told[][2] = {{4.0, 2.0}, {8.0, 5.0}, {9.0, 1.0}, {11.0, 9.0}};
    assert_true(hone_hypervolume(opt) == 0.0);
    for (uint64_t i = 0; i < 4; i++)
        tell_many(opt, ask(opt), told[i], 2);
    assert_near(hone_hypervolume(opt), 6.0 * 3.0 + 2.0 * 3.0, 1e-15);
    hone_optimizer_free(opt);
    options.has_reference = false;
    opt = make(&options);
    assert_true(isnan(hone_hypervolume(opt)));
    hone_optimizer_free(opt);
    options.has_reference = true;
    options.reference[1] = (double)NAN;
    hone_space *s = make_space();
    hone_error err;
    assert_null(hone_optimizer_new(s, &options, &err));
    assert_string_equal(err.text, "objective 2: the reference must be finite, got nan");
    options = (hone_options){.n_constraints = HONE_MAX_CONSTRAINTS + 1};
    assert_null(hone_optimizer_new(s, &options, &err));
    assert_string_equal(err.text, "there can be 0 to 8 constraints, got 9");
    hone_space_free(s);
}

/* A trial that reports 1 .. n_steps, each `level` high, and completes. */
static void run_trial(hone_optimizer *opt, double level, int n_steps)
{
    uint64_t id = ask(opt);
    bool stop;
    for (int step = 1; step <= n_steps; step++)
        assert_int_equal(hone_report(opt, id, step, level, &stop, NULL), HONE_OK);
    tell(opt, id, level);
}

static void median_stops_the_worse_half_with_a_reason(void **state)
{
    (void)state;
    hone_options options = {.strategy = "random", .stopping = "auto"};
    hone_optimizer *opt = make(&options);
    bool stop;
    for (int i = 0; i < 3; i++)
        run_trial(opt, i, 5);
    uint64_t id = ask(opt);
    assert_int_equal(hone_report(opt, id, 3, 9.0, &stop, NULL), HONE_OK);
    assert_false(stop); /* three completed trials are too few */
    run_trial(opt, 3, 5);
    run_trial(opt, 4, 2); /* never came to step 3 */
    assert_int_equal(hone_report(opt, id, 1, 0.5, &stop, NULL), HONE_OK);
    assert_false(stop); /* an old step: it is judged at its latest */
    uint64_t worse = ask(opt);
    assert_int_equal(hone_report(opt, worse, 1, 9.0, &stop, NULL), HONE_OK);
    assert_false(stop); /* step 1 is too early */
    assert_int_equal(hone_report(opt, worse, 2, (double)NAN, &stop, NULL), HONE_OK);
    assert_false(stop);
    /* at step 3 the means are 0, 1, 2, 3 */
    assert_int_equal(hone_report(opt, worse, 3, 1.5, &stop, NULL), HONE_OK);
    assert_false(stop);
    assert_int_equal(hone_report(opt, worse, 3, 1.75, &stop, NULL), HONE_OK);
    assert_true(stop);
    assert_string_equal(
        hone_trial_reason(hone_find(opt, worse)),
        "value 1.75 at step 3 is worse than 1.5, the median of the running means of 4 trials");
    assert_int_equal(hone_tell_stopped(opt, worse, NULL), HONE_OK);
    assert_int_equal(hone_trial_state_of(hone_find(opt, worse)), HONE_TRIAL_STOPPED);
    hone_optimizer_free(opt);
}

static void the_best_trial_and_the_warmup_are_never_stopped(void **state)
{
    (void)state;
    hone_options options = {
        .strategy = "random", .stopping = "median", .warmup = 4, .maximize = {true}};
    hone_optimizer *opt = make(&options);
    bool stop;
    for (int i = 0; i < 4; i++)
        run_trial(opt, 10.0 - i, 6);
    uint64_t id = ask(opt);
    assert_int_equal(hone_report(opt, id, 4, 0.0, &stop, NULL), HONE_OK);
    assert_false(stop);
    assert_int_equal(hone_report(opt, id, 5, 10.0, &stop, NULL), HONE_OK);
    assert_false(stop); /* as good as the best */
    assert_int_equal(hone_report(opt, id, 6, 8.0, &stop, NULL), HONE_OK);
    assert_true(stop); /* the median is 8.5, and more is better */
    hone_optimizer_free(opt);
}

static void asking_is_a_function_of_seed_and_history(void **state)
{
    (void)state;
    for (size_t a = 0; search_at(a) != NULL; a++) {
        hone_options options = {.strategy = search_at(a)->name, .grid_points = 5};
        hone_optimizer *one = make(&options), *two = make(&options);
        for (uint64_t i = 0; i < 12; i++) {
            ask(one);
            ask(two);
            assert_memory_equal(one->trials[i]->row, two->trials[i]->row, 3 * sizeof(double));
            tell(one, i, (double)i);
            tell(two, i, (double)i);
        }
        hone_optimizer_free(one);
        hone_optimizer_free(two);
    }
}

static void ten_thousand_trials_are_quick(void **state)
{
    (void)state;
    hone_space *s = hone_space_new();
    assert_int_equal(hone_space_add_int(s, "x", 1, 10000, HONE_LINEAR, NULL), HONE_OK);
    hone_optimizer *opt = hone_optimizer_new(s, &random_search, NULL);
    static bool met[10001];
    for (int i = 0; i < 10000; i++) {
        const hone_trial *trial = hone_find(opt, ask(opt));
        size_t x = (size_t)hone_trial_number(trial, "x");
        assert_false(met[x]);
        met[x] = true;
    }
    hone_error err;
    assert_null(hone_ask(opt, &err));
    assert_string_equal(err.text, "no untried configuration is left after 10000 trials");
    hone_optimizer_free(opt);
    hone_space_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_shows_its_settings_and_values),
        cmocka_unit_test(the_best_is_the_first_told_among_equals),
        cmocka_unit_test(a_value_that_is_not_finite_is_a_failure),
        cmocka_unit_test(wrong_calls_are_named_and_change_nothing),
        cmocka_unit_test(bad_options_are_refused_by_name),
        cmocka_unit_test(a_cancelled_configuration_may_come_again_and_no_other),
        cmocka_unit_test(enqueued_configurations_come_first_and_are_filled_in),
        cmocka_unit_test(what_cannot_be_active_together_is_not_enqueued),
        cmocka_unit_test(default_values_are_tried_first),
        cmocka_unit_test(added_trials_keep_their_numbers_to_the_last_bit),
        cmocka_unit_test(the_front_is_what_a_look_at_all_pairs_finds),
        cmocka_unit_test(what_breaks_a_constraint_is_not_the_best),
        cmocka_unit_test(what_beats_the_best_that_keeps_the_constraints_is_not_stopped),
        cmocka_unit_test(the_volume_of_a_front_is_in_the_units_of_the_objectives),
        cmocka_unit_test(median_stops_the_worse_half_with_a_reason),
        cmocka_unit_test(a_skipped_trial_has_a_number_and_nothing_else),
        cmocka_unit_test(a_restored_trial_takes_its_entry_from_the_queue),
        cmocka_unit_test(the_best_trial_and_the_warmup_are_never_stopped),
        cmocka_unit_test(asking_is_a_function_of_seed_and_history),
        cmocka_unit_test(ten_thousand_trials_are_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
