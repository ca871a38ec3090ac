#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/process.h"

static void this_process_lives(void **state)
{
    (void)state;
    int64_t start = process_start(getpid());
    assert_true(start > 0);
    assert_true(process_lives(getpid(), start, process_boot_id()));
    assert_true(*process_host() != '\0');
}

static void a_reused_pid_is_another_process(void **state)
{
    (void)state;
    int64_t start = process_start(getpid());
    assert_false(process_lives(getpid(), start + 1, process_boot_id()));
    assert_false(process_lives(getpid(), 0, process_boot_id()));
    assert_false(process_lives(0, start, process_boot_id()));
    assert_false(process_lives(-1, start, process_boot_id()));
}

static void nothing_lives_after_a_reboot(void **state)
{
    (void)state;
    char before[64];
    int64_t start = process_start(getpid());
    snprintf(before, sizeof before, "%s", process_boot_id());
    setenv("HONE_TEST_BOOT_ID", "another boot", 1);
    assert_string_equal(process_boot_id(), "another boot");
    assert_false(process_lives(getpid(), start, before));
    assert_true(process_lives(getpid(), start, "another boot"));
    unsetenv("HONE_TEST_BOOT_ID");
    assert_string_equal(process_boot_id(), before);
    assert_false(process_lives(getpid(), start, NULL));
}

static void a_zombie_is_dead(void **state)
{
    (void)state;
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        char c;
        _exit((int)read(ready[0], &c, 1));
    }
    int64_t start = process_start(child);
    assert_true(process_lives(child, start, process_boot_id()));
    assert_int_equal(write(ready[1], "x", 1), 1);
    siginfo_t info; /* wait for its end without reaping it */
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(process_start(child), 0);
    assert_false(process_lives(child, start, process_boot_id()));
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(process_start(child), 0);
    close(ready[0]);
    close(ready[1]);
}

static void a_name_with_brackets_does_not_confuse(void **state)
{
    (void)state;
    int64_t start = process_start(getpid());
    assert_int_equal(prctl(PR_SET_NAME, ") Z 1 (x"), 0);
    assert_int_equal(process_start(getpid()), start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_process_lives),
        cmocka_unit_test(a_reused_pid_is_another_process),
        cmocka_unit_test(nothing_lives_after_a_reboot),
        cmocka_unit_test(a_zombie_is_dead),
        cmocka_unit_test(a_name_with_brackets_does_not_confuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
