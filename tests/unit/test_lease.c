/* Who may drive a study: the table of lease.c, row by row; and what a trial's seed is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/process.h"
#include "loop/lease.h"
#include "loop/loop.h"

enum { NOW = 1000000 };

/* A study whose driver is our parent, alive on this machine; the lease lasts. */
static struct study_row driven(void)
{
    struct study_row study = {.name = (char[]){"s"}, .lease_until = NOW + 1};
    owner_self(&study.owner);
    study.owner.pid = getppid();
    study.owner.pid_start = process_start(getppid());
    return study;
}

static void a_living_driver_holds_its_study(void **state)
{
    (void)state;
    struct study_row study = driven();
    assert_true(lease_is_held(&study, NOW));
}

static void a_study_without_a_driver_is_free(void **state)
{
    (void)state;
    struct study_row study = driven();
    study.owner = (struct owner){0};
    assert_false(lease_is_held(&study, NOW));
}

static void a_lease_that_ran_out_holds_nothing(void **state)
{
    (void)state;
    struct study_row study = driven();
    assert_false(lease_is_held(&study, NOW + 1));
    snprintf(study.owner.host, sizeof study.owner.host, "elsewhere");
    assert_false(lease_is_held(&study, NOW + 1));
}

static void a_dead_driver_of_this_machine_holds_nothing(void **state)
{
    (void)state;
    struct study_row reused = driven(), rebooted = driven();
    reused.owner.pid_start++;
    assert_false(lease_is_held(&reused, NOW));
    snprintf(rebooted.owner.boot_id, sizeof rebooted.owner.boot_id, "another boot");
    assert_false(lease_is_held(&rebooted, NOW));
}

static void of_another_machine_only_the_lease_is_known(void **state)
{
    (void)state;
    struct study_row study = driven();
    snprintf(study.owner.host, sizeof study.owner.host, "elsewhere");
    study.owner.pid_start++;
    assert_true(lease_is_held(&study, NOW));
}

static void a_held_study_cannot_be_taken_and_the_text_names_its_driver(void **state)
{
    (void)state;
    struct study_row study = driven();
    uint64_t epoch = 0;
    hone_error err = {0};
    char pid[32];
    assert_int_equal(lease_take(NULL, &study, NOW, 60000, &epoch, &err), HONE_ESTATE);
    snprintf(pid, sizeof pid, "pid %d", (int)getppid());
    assert_non_null(strstr(err.text, pid));
    assert_non_null(strstr(err.text, process_host()));
}

static void a_trials_seed_is_a_function_of_the_studys(void **state)
{
    (void)state;
    /* Scripts of stored studies were given these: a resume must give them again. */
    assert_int_equal(trial_seed(7, 0), 719847958);
    assert_int_equal(trial_seed(7, 1), 707142063);
    assert_int_not_equal(trial_seed(7, 0), trial_seed(8, 0));
    for (int64_t trial = 0; trial < 1000; trial++)
        assert_true(trial_seed(UINT64_MAX >> 1, trial) < UINT32_C(1) << 31);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_living_driver_holds_its_study),
        cmocka_unit_test(a_study_without_a_driver_is_free),
        cmocka_unit_test(a_lease_that_ran_out_holds_nothing),
        cmocka_unit_test(a_dead_driver_of_this_machine_holds_nothing),
        cmocka_unit_test(of_another_machine_only_the_lease_is_known),
        cmocka_unit_test(a_held_study_cannot_be_taken_and_the_text_names_its_driver),
        cmocka_unit_test(a_trials_seed_is_a_function_of_the_studys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
