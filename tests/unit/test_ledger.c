/* test_ledger.c: time and money of a study, by numbers that can be worked out on paper. */
#include "near.h"

#include "base/mem.h"
#include "study/ledger.h"

#define MINUTE INT64_C(60000)

static hone_error err;

static void end(struct ledger *l, int64_t trial, hone_trial_state state, bool spot, int64_t minutes)
{
    assert_int_equal(ledger_trial(l, trial, HONE_TRIAL_RUNNING, false, &err), HONE_OK);
    ledger_paid(l, trial, spot, minutes * MINUTE);
    assert_int_equal(ledger_trial(l, trial, state, false, &err), HONE_OK);
}

static struct ledger_sums sum(const struct ledger *l, const struct ledger_terms *terms)
{
    struct ledger_sums s;
    assert_int_equal(ledger_sum(l, terms, &s, &err), HONE_OK);
    return s;
}

/* The lab's table: 20 experiments of 30 minutes at 1.41 an hour. */
static const struct ledger_terms lab = {.on_demand = 1.41, .spot = 0.42};

static void twenty_trials_in_full_on_demand_save_nothing(void **state)
{
    (void)state;
    struct ledger l = {0};
    for (int64_t i = 0; i < 20; i++)
        end(&l, i, HONE_TRIAL_COMPLETED, false, 30);
    struct ledger_sums s = sum(&l, &lab);
    assert_near(s.trial_s, 36000.0, 1e-15);
    assert_near(s.spent, 14.10, 1e-12);
    assert_near(s.in_full, 14.10, 1e-12);
    assert_near(s.full_s, 1800.0, 1e-15);
    assert_true(s.saved_stopping + s.saved_spot + s.saved_fraction <= 0);
    ledger_release(&l);
}

static void early_stopping_and_spot_save_82_percent_and_their_savings_add_up(void **state)
{
    (void)state;
    struct ledger l = {0};
    /* 20 trials that together last as long as 12 full ones. */
    for (int64_t i = 0; i < 20; i++)
        end(&l, i, i < 10 ? HONE_TRIAL_COMPLETED : HONE_TRIAL_STOPPED, true, i < 10 ? 30 : 6);
    struct ledger_sums s = sum(&l, &lab);
    assert_near(s.trial_s, 12 * 1800.0, 1e-15);
    assert_near(s.spent, 2.52, 1e-12);
    assert_near(s.saved_stopping, 8 * 0.5 * 1.41, 1e-12);
    assert_near(s.saved_spot, 12 * 0.5 * (1.41 - 0.42), 1e-12);
    assert_near(s.in_full, 14.10, 1e-12);
    assert_near(s.saved_fraction, 1 - 2.52 / 14.10, 1e-12); /* 82.1 % */
    assert_int_equal(s.n_stopped, 10);
    ledger_release(&l);
}

static void each_attempt_has_its_own_price(void **state)
{
    (void)state;
    struct ledger l = {0};
    assert_int_equal(ledger_trial(&l, 0, HONE_TRIAL_RUNNING, false, &err), HONE_OK);
    ledger_paid(&l, 0, true, 20 * MINUTE);
    ledger_running(&l, 0, false, 10 * MINUTE);
    ledger_running(&l, 0, false, 40 * MINUTE); /* later, the same attempt */
    struct ledger_sums s = sum(&l, &lab);
    assert_near(s.spot_s, 1200.0, 1e-15);
    assert_near(s.on_demand_s, 2400.0, 1e-15);
    assert_near(s.spent, 0.42 / 3 + 1.41 * 2 / 3, 1e-12);
    assert_near(s.saved_spot, (1.41 - 0.42) / 3, 1e-12);
    assert_near(ledger_spent(&l, &lab, 40 * MINUTE, 0), s.spent, 1e-12);
    ledger_paid(&l, 0, false, 45 * MINUTE); /* it has ended */
    assert_near(sum(&l, &lab).on_demand_s, 2700.0, 1e-15);
    ledger_release(&l);
}

static void the_full_length_is_the_median_over_all_attempts_of_completed_trials(void **state)
{
    (void)state;
    struct ledger l = {0};
    end(&l, 0, HONE_TRIAL_COMPLETED, false, 30);
    ledger_paid(&l, 0, true, 5 * MINUTE); /* a second attempt */
    assert_int_equal(ledger_ms(&l, 0), 35 * MINUTE);
    end(&l, 1, HONE_TRIAL_COMPLETED, false, 1000);
    end(&l, 2, HONE_TRIAL_COMPLETED, false, 20);
    end(&l, 3, HONE_TRIAL_FAILED, false, 1);
    end(&l, 4, HONE_TRIAL_STOPPED, false, 15);
    end(&l, 5, HONE_TRIAL_STOPPED, false, 50); /* longer than a full one: no saving, no loss */
    struct ledger_sums s = sum(&l, &lab);
    assert_near(s.full_s, 35 * 60.0, 1e-15);
    assert_near(s.saved_stopping, 20.0 / 60 * 1.41, 1e-12);
    end(&l, 6, HONE_TRIAL_COMPLETED, false, 45); /* of four: the mean of the two in the middle */
    assert_near(sum(&l, &lab).full_s, 40 * 60.0, 1e-15);
    ledger_release(&l);
}

static void what_the_end_of_the_study_cuts_is_not_saved(void **state)
{
    (void)state;
    struct ledger l = {0};
    end(&l, 0, HONE_TRIAL_COMPLETED, false, 30);
    end(&l, 1, HONE_TRIAL_STOPPED, false, 10);
    assert_int_equal(ledger_trial(&l, 1, HONE_TRIAL_STOPPED, true, &err), HONE_OK);
    struct ledger_sums s = sum(&l, &lab);
    assert_int_equal(s.n_stopped, 0);
    assert_true(s.saved_stopping <= 0);
    ledger_release(&l);
}

static void what_was_run_elsewhere_is_nobodys_money_here(void **state)
{
    (void)state;
    struct ledger l = {0};
    end(&l, 3, HONE_TRIAL_COMPLETED, false, 30); /* 0, 1, 2 were imported */
    ledger_paid(&l, 1, false, 500 * MINUTE);
    ledger_running(&l, 2, false, 500 * MINUTE);
    ledger_paid(&l, 9, false, 500 * MINUTE);
    ledger_paid(&l, -1, false, 500 * MINUTE);
    assert_int_equal(ledger_ms(&l, 1), 0);
    assert_int_equal(ledger_ms(&l, 9), 0);
    struct ledger_sums s = sum(&l, &lab);
    assert_near(s.spent, 0.705, 1e-12);
    assert_near(s.full_s, 1800.0, 1e-15);
    ledger_release(&l);
}

static void the_forecast_counts_the_rest_of_what_runs_and_what_is_to_come(void **state)
{
    (void)state;
    struct ledger l = {0};
    struct ledger_terms terms = {.on_demand = 2, .spot = 1, .to_come = 5};
    assert_true(isnan(sum(&l, &terms).forecast)); /* nothing is known yet */
    end(&l, 0, HONE_TRIAL_COMPLETED, false, 60);
    end(&l, 1, HONE_TRIAL_FAILED, false, 20); /* mean of the ended: 40 minutes */
    for (int64_t i = 2; i < 4; i++)
        assert_int_equal(ledger_trial(&l, i, HONE_TRIAL_RUNNING, false, &err), HONE_OK);
    ledger_running(&l, 2, false, 10 * MINUTE);
    ledger_running(&l, 3, false, 50 * MINUTE); /* longer than the mean: may end at once */
    struct ledger_sums s = sum(&l, &terms);
    assert_near(s.spent, 2 * 140.0 / 60, 1e-12);
    assert_near(s.forecast, 2 * (140.0 + 30 + 5 * 40) / 60, 1e-12);
    terms.spot_next = true;
    assert_near(sum(&l, &terms).forecast, (2 * 140.0 + 30 + 5 * 40) / 60, 1e-12);
    terms.limit = 6;
    assert_near(sum(&l, &terms).forecast, 6.0, 1e-12); /* there the study ends */
    terms.limit = 4;
    assert_near(sum(&l, &terms).forecast, s.spent, 1e-12); /* already above */
    ledger_release(&l);
}

static void an_empty_book_says_what_it_does_not_know(void **state)
{
    (void)state;
    struct ledger l = {0};
    struct ledger_sums s = sum(&l, &lab);
    assert_true(isnan(s.full_s) && isnan(s.forecast) && isnan(s.ended_s));
    assert_true(s.spent <= 0 && s.in_full <= 0 && s.saved_fraction <= 0);
    ledger_release(&l);
}

static void when_memory_is_out_the_book_stays_as_it_was(void **state)
{
    (void)state;
    struct ledger l = {0};
    struct ledger_sums s;
    mem_fail_at(1, 0);
    assert_int_equal(ledger_trial(&l, 0, HONE_TRIAL_RUNNING, false, &err), HONE_ENOMEM);
    mem_fail_at(0, 0);
    assert_int_equal(l.n, 0);
    end(&l, 0, HONE_TRIAL_COMPLETED, false, 30);
    mem_fail_at(1, 0);
    assert_int_equal(ledger_sum(&l, &lab, &s, &err), HONE_ENOMEM);
    mem_fail_at(0, 0);
    assert_near(sum(&l, &lab).spent, 0.705, 1e-12);
    ledger_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twenty_trials_in_full_on_demand_save_nothing),
        cmocka_unit_test(early_stopping_and_spot_save_82_percent_and_their_savings_add_up),
        cmocka_unit_test(each_attempt_has_its_own_price),
        cmocka_unit_test(the_full_length_is_the_median_over_all_attempts_of_completed_trials),
        cmocka_unit_test(what_the_end_of_the_study_cuts_is_not_saved),
        cmocka_unit_test(what_was_run_elsewhere_is_nobodys_money_here),
        cmocka_unit_test(the_forecast_counts_the_rest_of_what_runs_and_what_is_to_come),
        cmocka_unit_test(when_memory_is_out_the_book_stays_as_it_was),
        cmocka_unit_test(an_empty_book_says_what_it_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
