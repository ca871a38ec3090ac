/* test_auto.c: which algorithm is at work, and that its memory is its own. */
#include "near.h"

#include <stdio.h>
#include <string.h>

#include "hone.h"

static hone_space *make_space(void)
{
    hone_value letters[] = {HONE_TEXT("p"), HONE_TEXT("q")};
    hone_space *s = hone_space_new();
    assert_int_equal(hone_space_add_float(s, "x", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(s, "c", 2, letters, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(s, "one", 3, 3, HONE_LINEAR, NULL), HONE_OK);
    return s;
}

static hone_optimizer *make(const char *strategy, uint64_t budget, size_t n_objectives)
{
    hone_space *space = make_space();
    hone_error err = {0};
    hone_optimizer *opt = hone_optimizer_new(
        space,
        &(hone_options){
            .strategy = strategy, .budget = budget, .n_objectives = n_objectives, .seed = 4},
        &err);
    if (opt == NULL)
        fail_msg("%s", err.text);
    hone_space_free(space);
    return opt;
}

static const hone_trial *ask_and_tell(hone_optimizer *opt, size_t n_values)
{
    hone_error err = {0};
    const hone_trial *trial = hone_ask(opt, &err);
    if (trial == NULL)
        fail_msg("%s", err.text);
    double x = hone_trial_number(trial, "x"), values[] = {(x - 0.3) * (x - 0.3), 1.0 - x};
    assert_int_equal(hone_tell(opt, hone_trial_id(trial), values, n_values, &err), HONE_OK);
    return trial;
}

static void assert_by(const hone_trial *trial, const char *name)
{
    if (strncmp(hone_trial_why(trial), name, strlen(name)) != 0 ||
        hone_trial_why(trial)[strlen(name)] != ':')
        fail_msg("trial %d is not by %s: %s", (int)hone_trial_id(trial), name,
                 hone_trial_why(trial));
}

static void an_ordinary_study_is_the_model_s_to_the_last_bit(void **state)
{
    (void)state;
    hone_optimizer *opt = make(NULL, 0, 1), *model = make("bayesian", 0, 1);
    for (int i = 0; i < 20; i++) {
        const hone_trial *a = ask_and_tell(opt, 1), *b = ask_and_tell(model, 1);
        assert_by(a, "bayesian");
        assert_true(hone_trial_number(a, "x") == hone_trial_number(b, "x"));
        assert_string_equal(hone_trial_why(a) + strlen("bayesian: "), hone_trial_why(b));
        double gain = hone_expected_gain(opt), other = hone_expected_gain(model);
        assert_true(gain == other || (isnan(gain) && isnan(other)));
    }
    assert_true(hone_expected_gain(opt) >= 0.0);
    hone_optimizer_free(opt);
    hone_optimizer_free(model);
}

static void thousands_of_trials_are_handed_over(void **state)
{
    (void)state;
    enum { FIRST = 100 + 20 * 2 }; /* one of the three parameters has one value */
    hone_optimizer *opt = make("auto", 2001, 1), *twin = make("auto", 2001, 1);
    hone_error err = {0};
    for (int i = 0; i < FIRST + 3; i++) {
        const hone_trial *trial = ask_and_tell(opt, 1);
        assert_by(trial, i < FIRST ? "bayesian" : "tpe");
        /* The twin is played back; it goes on with the same bits from the other's memo. */
        size_t size, n, n_values;
        const void *memo = hone_memo(opt, &size);
        const hone_setting *settings = hone_trial_settings(trial, &n);
        double value = hone_trial_values(trial, &n_values)[0];
        uint64_t id;
        assert_int_equal(
            hone_restore(twin, settings, n, hone_trial_why(trial), memo, size, &id, &err), HONE_OK);
        assert_int_equal(hone_tell(twin, id, &value, 1, &err), HONE_OK);
    }
    assert_true(isnan(hone_expected_gain(opt)));
    const hone_trial *a = hone_ask(opt, &err), *b = hone_ask(twin, &err);
    assert_true(hone_trial_number(a, "x") == hone_trial_number(b, "x"));
    hone_optimizer_free(opt);
    hone_optimizer_free(twin);
}

static void a_budget_of_2000_is_not_too_many(void **state)
{
    (void)state;
    hone_optimizer *opt = make("auto", 2000, 1);
    hone_error err = {0};
    for (int i = 0; i < 141; i++) {
        const hone_trial *trial = hone_ask(opt, &err);
        assert_by(trial, "bayesian");
        assert_int_equal(hone_tell_failed(opt, hone_trial_id(trial), &err), HONE_OK);
    }
    hone_optimizer_free(opt);
}

static void several_objectives_are_served(void **state)
{
    (void)state;
    uint64_t budgets[] = {0, 500, 501};
    for (size_t k = 0; k < 3; k++) {
        hone_optimizer *opt = make("auto", budgets[k], 2);
        for (int i = 0; i < 15; i++)
            ask_and_tell(opt, 2);
        hone_optimizer_free(opt);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_study_is_the_model_s_to_the_last_bit),
        cmocka_unit_test(thousands_of_trials_are_handed_over),
        cmocka_unit_test(a_budget_of_2000_is_not_too_many),
        cmocka_unit_test(several_objectives_are_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
