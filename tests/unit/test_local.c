/* test_local.c: attempts under their shims: ends, limits, and what must not survive. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "exec/executor.h"
#include "exec/record.h"
#include "exec/slots.h"
#include "io/file.h"
#include "io/process.h"

extern char **environ;

enum { PATIENCE_MS = 20000 };

struct scene {
    char folder[256], alive[300], id[64];
    struct attempt_job job;
    struct buf text; /* of the last file that was read */
};

static int set_up(void **state)
{
    static int n;
    struct scene *s = mem_array(1, sizeof *s);
    const char *tmp = getenv("TMPDIR");
    buf_init(&s->text, 1 << 20);
    snprintf(s->folder, sizeof s->folder, "%.200s/hone-local-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->alive, sizeof s->alive, "%s/alive", s->folder);
    snprintf(s->id, sizeof s->id, "test%d-%d-1", (int)getpid(), n++);
    assert_int_equal(file_write(s->alive, "", 0, false, NULL), HONE_OK);
    s->job = (struct attempt_job){.id = s->id,
                                  .folder = s->folder,
                                  .alive = s->alive,
                                  .envp = environ,
                                  .workdir = s->folder,
                                  .grace_s = 20,
                                  .orphan_s = 86400};
    *state = s;
    return 0;
}

/* Whatever a test did, no process of its attempt may be left. */
static int tear_down(void **state)
{
    struct scene *s = *state;
    int64_t left = -1;
    assert_int_equal(local_sweep(s->folder, s->id, &left, NULL), HONE_OK);
    assert_int_equal(left, 0);
    assert_int_equal(file_remove_tree(s->folder, NULL), HONE_OK);
    buf_release(&s->text);
    mem_free(s);
    return 0;
}

static void start(struct scene *s, const char *script)
{
    char *words[] = {mem_text("sh"), mem_text("-c"), mem_text(script), NULL};
    hone_error err;
    s->job.argv = words;
    s->job.envp = environ; /* setenv() may have moved it */
    assert_int_equal(local_start(&s->job, &err), HONE_OK);
    s->job.argv = NULL;
    for (size_t i = 0; i < 3; i++)
        mem_free(words[i]);
}

static struct attempt_status look(const struct scene *s)
{
    struct attempt_status status;
    assert_int_equal(local_poll(s->folder, &status, NULL), HONE_OK);
    return status;
}

/* Wait until the shim has gone, and see what it left. */
static struct attempt_status end(const struct scene *s)
{
    struct pollfd shim = {.fd = local_watch(s->folder), .events = POLLIN};
    if (shim.fd >= 0) {
        assert_int_equal(poll(&shim, 1, PATIENCE_MS), 1);
        close(shim.fd);
    }
    struct attempt_status status = look(s);
    assert_int_not_equal(status.phase, PHASE_RUNNING);
    return status;
}

static const char *read_text(struct scene *s, const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    buf_clear(&s->text);
    return file_read(path, &s->text, NULL) == HONE_OK ? s->text.data : "";
}

static void make_file(struct scene *s, const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    assert_int_equal(file_write(path, "", 0, false, NULL), HONE_OK);
}

/* Wait until the script has written a line to a file. */
static void await(struct scene *s, const char *name)
{
    for (int ms = 0; strchr(read_text(s, name), '\n') == NULL; ms += 5) {
        assert_in_range(ms, 0, PATIENCE_MS);
        poll(NULL, 0, 5);
    }
}

static struct attempt_status run(struct scene *s, const char *script)
{
    start(s, script);
    return end(s);
}

static void the_record_tells_how_it_ended(void **state)
{
    struct scene *s = *state;
    struct attempt_status status = run(s, "echo out; echo err >&2; exit 3");
    assert_int_equal(status.phase, PHASE_ENDED);
    assert_int_equal(status.cause, END_BY_ITSELF);
    assert_int_equal(status.exit_code, 3);
    assert_int_equal(status.exit_signal, 0);
    assert_false(status.killed || status.was_stopped);
    assert_int_equal(status.stragglers, 0);
    assert_true(status.peak_memory > 100000);
    assert_true(status.started_at > 0 && status.ended_at >= status.started_at);
    assert_true(status.shim_pid > 1 && status.child_pid > 1 && status.shim_start > 0);
    assert_string_equal(status.boot_id, process_boot_id());
    assert_string_equal(status.node, process_host());
    assert_string_equal(read_text(s, "log"), "out\nerr\n");
    assert_int_equal(local_watch(s->folder), -1);
}

static void a_signal_is_told_from_an_exit(void **state)
{
    struct attempt_status status = run(*state, "kill -SEGV $$");
    assert_int_equal(status.exit_code, -1);
    assert_int_equal(status.exit_signal, SIGSEGV);
    assert_int_equal(status.cause, END_BY_ITSELF);
}

static void what_cannot_start_says_why(void **state)
{
    struct scene *s = *state;
    char word[] = "no-such-program", *words[] = {word, NULL};
    s->job.argv = words;
    assert_int_equal(local_start(&s->job, NULL), HONE_OK);
    struct attempt_status status = end(s);
    assert_int_equal(status.phase, PHASE_ENDED);
    assert_int_equal(status.cause, END_NOT_STARTED);
    assert_int_equal(status.exit_code, -1);
    assert_string_equal(status.problem, "exec no-such-program: No such file or directory");
}

static void a_missing_workdir_is_named(void **state)
{
    struct scene *s = *state;
    s->job.workdir = "/no/such/place";
    struct attempt_status status = run(s, "true");
    assert_int_equal(status.cause, END_NOT_STARTED);
    assert_string_equal(status.problem, "enter /no/such/place: No such file or directory");
}

static void a_shim_that_fails_before_its_claim_is_no_riddle(void **state)
{
    struct scene *s = *state;
    char *shim = mem_text(getenv("HONE_SHIM"));
    setenv("HONE_SHIM", "/bin/false", 1); /* exit status 1 = EPERM */
    struct attempt_status status = run(s, "true");
    setenv("HONE_SHIM", "/no/hone-shim", 1);
    hone_error err;
    char word[] = "true", *words[] = {word, NULL};
    s->job.argv = words;
    s->job.folder = "/nowhere";
    assert_int_equal(local_start(&s->job, &err), HONE_EIO);
    setenv("HONE_SHIM", shim, 1);
    mem_free(shim);
    assert_string_equal(err.text, "start /no/hone-shim: No such file or directory");
    assert_int_equal(status.phase, PHASE_ENDED);
    assert_int_equal(status.cause, END_NOT_STARTED);
    assert_string_equal(status.problem, "hone-shim: Operation not permitted");
}

static void the_script_finds_a_clean_house(void **state)
{
    struct scene *s = *state;
    int leak = open("/dev/null", O_RDONLY);         /* not close-on-exec */
    void (*before)(int) = signal(SIGPIPE, SIG_IGN); /* as the tuner does */
    mode_t mask = umask(027);
    sigset_t blocked, old;
    sigfillset(&blocked);
    sigprocmask(SIG_BLOCK, &blocked, &old);
    start(s, "read x; echo $? $(umask) $HONE_ATTEMPT_ID; grep SigBlk /proc/self/status;"
             "touch made; ls /proc/self/fd | wc -l; [ $(cut -d' ' -f6 /proc/$$/stat) = $$ ] && "
             "echo leads; "
             "kill -PIPE $$; echo lives");
    sigprocmask(SIG_SETMASK, &old, NULL);
    umask(mask);
    signal(SIGPIPE, before);
    close(leak);
    end(s);
    char expected[300];
    snprintf(expected, sizeof expected, "1 0027 %s\nSigBlk:\t0000000000000000\n4\nleads\n", s->id);
    assert_string_equal(read_text(s, "log"), expected);
    struct stat log, made;
    char path[400];
    snprintf(path, sizeof path, "%s/log", s->folder);
    assert_int_equal(stat(path, &log), 0);
    snprintf(path, sizeof path, "%s/made", s->folder);
    assert_int_equal(stat(path, &made), 0);
    assert_int_equal(log.st_mode & 0777, 0600);
    assert_int_equal(made.st_mode & 0777, 0640);
}

static void started_twice_it_runs_once(void **state)
{
    enum { TUNERS = 4 };
    struct scene *s = *state;
    pid_t tuners[TUNERS];
    for (int i = 0; i < TUNERS; i++) {
        tuners[i] = fork();
        if (tuners[i] == 0) {
            start(s, "echo ran >> proof; sleep 0.2");
            start(s, "echo ran >> proof");
            _exit(0);
        }
    }
    for (int i = 0; i < TUNERS; i++)
        assert_int_equal(waitpid(tuners[i], NULL, 0), tuners[i]);
    start(s, "echo ran >> proof");
    await(s, "proof");
    for (int ms = 0; look(s).phase != PHASE_ENDED; ms += 5) {
        assert_in_range(ms, 0, PATIENCE_MS);
        poll(NULL, 0, 5);
    }
    start(s, "echo ran >> proof"); /* and not after its end either */
    assert_int_equal(end(s).phase, PHASE_ENDED);
    assert_string_equal(read_text(s, "proof"), "ran\n");
}

static void stopped_before_its_claim_it_never_runs(void **state)
{
    struct scene *s = *state;
    assert_int_equal(look(s).phase, PHASE_ABSENT);
    assert_int_equal(local_stop(s->folder, NULL), HONE_OK);
    struct attempt_status status = look(s);
    assert_int_equal(status.phase, PHASE_ENDED);
    assert_int_equal(status.cause, END_ASKED);
    assert_int_equal(status.exit_code, -1);
    status = run(s, "echo ran > proof");
    assert_int_equal(status.cause, END_ASKED);
    assert_string_equal(read_text(s, "proof"), "");
}

static void asked_to_end_it_may_save_first(void **state)
{
    struct scene *s = *state;
    start(s, "trap 'echo saved; exit 0' TERM; echo ready; while :; do sleep 0.01; done");
    await(s, "log");
    assert_int_equal(look(s).phase, PHASE_RUNNING);
    assert_int_equal(local_stop(s->folder, NULL), HONE_OK);
    assert_int_equal(local_stop(s->folder, NULL), HONE_OK);
    struct attempt_status status = end(s);
    assert_int_equal(status.cause, END_ASKED);
    assert_int_equal(status.exit_code, 0);
    assert_false(status.killed);
    assert_non_null(strstr(read_text(s, "log"), "saved\n"));
    assert_int_equal(local_stop(s->folder, NULL), HONE_OK);
    assert_int_equal(look(s).cause, END_ASKED);
}

static void a_child_of_the_script_has_the_grace_too(void **state)
{
    struct scene *s = *state;
    start(s, "sh -c \"trap 'sleep 0.2; echo saved > proof; exit' TERM; echo ready;"
             "while :; do sleep 0.01; done\" & wait");
    await(s, "log");
    assert_int_equal(local_stop(s->folder, NULL), HONE_OK);
    struct attempt_status status = end(s); /* the outer shell dies of its SIGTERM at once */
    assert_int_equal(status.exit_signal, SIGTERM);
    assert_false(status.killed);
    assert_string_equal(read_text(s, "proof"), "saved\n");
}

static void who_ignores_sigterm_is_killed_after_the_grace(void **state)
{
    struct scene *s = *state;
    s->job.grace_s = 0.1;
    s->job.trial_time_s = 0.2;
    struct attempt_status status =
        run(s, "trap '' TERM INT HUP; echo up; while :; do sleep 1; done");
    assert_int_equal(status.cause, END_TIME);
    assert_true(status.killed);
    assert_int_equal(status.exit_signal, SIGKILL);
}

static void a_stopped_trial_ends_at_its_limit_and_does_not_go_on(void **state)
{
    struct scene *s = *state;
    s->job.silence_s = 0.3;
    struct attempt_status status = run(s, "echo val=0.5; kill -STOP $$; echo val=0.6");
    assert_int_equal(status.cause, END_SILENCE);
    assert_true(status.was_stopped);
    assert_false(status.killed);
    assert_string_equal(read_text(s, "log"), "val=0.5\n");
}

static void who_writes_is_not_silent(void **state)
{
    struct scene *s = *state;
    s->job.silence_s = 1;
    struct attempt_status status =
        run(s, "i=0; while [ $i -lt 12 ]; do echo $i; i=$((i+1)); sleep 0.1; done");
    assert_int_equal(status.cause, END_BY_ITSELF);
    assert_int_equal(status.exit_code, 0);
}

static void memory_is_counted_over_the_whole_tree(void **state)
{
    struct scene *s = *state;
    s->job.memory_bytes = 100 << 20;
    s->job.grace_s = 1;
    struct attempt_status status =
        run(s, "for i in 1 2 3; do (head -c 60000000 /dev/zero | tail >/dev/null; sleep 30) &"
               "tail /dev/zero & done; wait");
    assert_int_equal(status.cause, END_MEMORY);
    assert_true(status.peak_memory > 100 << 20);
}

static void without_a_tuner_it_ends_as_an_orphan(void **state)
{
    struct scene *s = *state;
    s->job.orphan_s = 0.3;
    struct attempt_status status = run(s, "sleep 60");
    assert_int_equal(status.cause, END_ORPHAN);
    assert_int_equal(status.exit_signal, SIGTERM);
}

static void nothing_survives_the_main_process(void **state)
{
    struct scene *s = *state;
    struct attempt_status status =
        run(s, "sleep 300 & setsid sleep 300 & (setsid sh -c 'sleep 300 & exit' </dev/null "
               ">/dev/null 2>&1 &) ; sleep 0.1; exit 0");
    assert_int_equal(status.cause, END_BY_ITSELF);
    assert_int_equal(status.exit_code, 0);
    assert_int_equal(status.stragglers, 3);
}

static void a_straggler_that_is_about_to_end_is_left_to(void **state)
{
    struct scene *s = *state;
    setenv("HONE_TEST_LINGER_S", "50", 1);
    s->job.envp = environ;
    struct attempt_status status = run(s, "(sleep 0.05; echo last) & exit 0");
    unsetenv("HONE_TEST_LINGER_S");
    assert_int_equal(status.stragglers, 0);
    assert_string_equal(read_text(s, "log"), "last\n");
}

static void a_killed_shim_leaves_a_lost_attempt_to_be_swept(void **state)
{
    struct scene *s = *state;
    start(s, "setsid sh -c 'echo up; trap \"\" TERM; sleep 300 & wait' & wait");
    await(s, "log");
    struct attempt_status status = look(s);
    assert_int_equal(status.phase, PHASE_RUNNING);
    assert_int_equal(kill((pid_t)status.shim_pid, SIGKILL), 0);
    status = end(s);
    assert_int_equal(status.phase, PHASE_LOST);
    int64_t ended = 0;
    assert_int_equal(local_sweep(s->folder, s->id, &ended, NULL), HONE_OK);
    assert_in_range(ended, 2, 3); /* sh and sleep; the main process dies with the shim */
    assert_int_equal(process_start(status.child_pid), 0);
}

static void a_sweep_takes_no_other_attempt(void **state)
{
    struct scene *s = *state;
    char shorter[64];
    int64_t ended = -1;
    snprintf(shorter, sizeof shorter, "%.*s", (int)strlen(s->id) - 1, s->id);
    start(s, "echo up; sleep 60");
    await(s, "log");
    assert_int_equal(local_sweep(s->folder, shorter, &ended, NULL), HONE_OK);
    assert_int_equal(ended, 0);
    assert_int_equal(look(s).phase, PHASE_RUNNING);
    assert_int_equal(local_stop(s->folder, NULL), HONE_OK);
    assert_int_equal(end(s).cause, END_ASKED);
}

/* A record of a process that once had the pid that this test's child has now. */
static void a_reused_pid_is_not_the_shim(void **state)
{
    struct scene *s = *state;
    pid_t other = fork();
    if (other == 0)
        for (;;)
            pause();
    struct attempt_status claim = {.shim_pid = other, .shim_start = process_start(other) - 1};
    snprintf(claim.boot_id, sizeof claim.boot_id, "%s", process_boot_id());
    int dir = open(s->folder, O_RDONLY | O_DIRECTORY);
    assert_true(record_claim(dir, s->id, &claim));
    close(dir);
    assert_int_equal(look(s).phase, PHASE_LOST);
    assert_int_equal(local_watch(s->folder), -1);
    assert_int_equal(local_stop(s->folder, NULL), HONE_OK);
    assert_true(process_start(other) > 0);
    kill(other, SIGKILL);
    int how;
    assert_int_equal(waitpid(other, &how, 0), other);
    assert_int_equal(WTERMSIG(how), SIGKILL); /* ours, not a SIGTERM of local_stop() */
}

static void after_a_reboot_what_ran_is_lost(void **state)
{
    struct scene *s = *state;
    start(s, "echo up; sleep 60");
    await(s, "log");
    setenv("HONE_TEST_BOOT_ID", "another-boot", 1);
    enum attempt_phase phase = look(s).phase;
    hone_status stopped = local_stop(s->folder, NULL);
    unsetenv("HONE_TEST_BOOT_ID");
    assert_int_equal(phase, PHASE_LOST);
    assert_int_equal(stopped, HONE_OK);
    assert_int_equal(look(s).phase, PHASE_RUNNING);
    assert_int_equal(local_stop(s->folder, NULL), HONE_OK);
    assert_int_equal(end(s).cause, END_ASKED);
}

static void slots_are_held_by_the_shim_alone_until_it_ends(void **state)
{
    struct scene *s = *state;
    char book[300];
    size_t all = slots_total_cpus();
    struct slots_taken taken;
    hone_error err;
    snprintf(book, sizeof book, "%s/slots", s->folder);
    setenv("HONE_TEST_SLOTS", book, 1);
    s->job.slots = (struct slots){.cpus = all, .memory_bytes = 1 << 20};
    start(s, "ls /proc/self/fd | wc -l; while [ ! -e go ]; do sleep 0.01; done");
    await(s, "log");
    assert_int_equal(slots_take(&(struct slots){.cpus = 1}, &taken, NULL), HONE_ESTATE);

    char word[] = "true", *words[] = {word, NULL};
    struct attempt_job other = s->job;
    other.folder = "/tmp"; /* it must come to nothing */
    other.argv = words;
    other.slots.cpus = 1;
    assert_int_equal(local_start(&other, &err), HONE_ESTATE);
    other.slots.cpus = all + 1;
    assert_int_equal(local_start(&other, &err), HONE_EINVAL);

    make_file(s, "go");
    assert_int_equal(end(s).exit_code, 0);
    assert_string_equal(read_text(s, "log"), "4\n"); /* 0, 1, 2 and the folder that ls reads */
    const struct slots machine = {.cpus = all, .memory_bytes = UINT64_C(1) << 30};
    assert_int_equal(slots_take(&machine, &taken, NULL), HONE_OK);
    assert_true(taken.n_fds > all);
    slots_close(&taken);
    unsetenv("HONE_TEST_SLOTS");
}

/* A shim that was killed between link() and unlink() leaves claim.PID as a name of the claim. */
static void a_claim_survives_a_shim_of_the_same_pid(void **state)
{
    struct scene *s = *state;
    struct attempt_status first = {.shim_pid = 4242, .shim_start = 1}, second = first, seen = {0};
    second.shim_start = 2;
    int dir = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    assert_true(record_claim(dir, s->id, &first));
    assert_int_equal(linkat(dir, "claim", dir, "claim.4242", 0), 0);
    assert_false(record_claim(dir, s->id, &second));
    assert_true(record_read(dir, "claim", &seen));
    assert_int_equal(seen.shim_start, 1);
    close(dir);
}

static void half_a_record_is_none(void **state)
{
    struct scene *s = *state;
    char path[400];
    struct attempt_status status = run(s, "exit 0");
    size_t len = strlen(read_text(s, "exit"));
    snprintf(path, sizeof path, "%s/exit", s->folder);
    assert_int_equal(truncate(path, (off_t)len - 1), 0);
    status = look(s);
    assert_int_equal(status.phase, PHASE_LOST);
}

/* Start a trial whose end cannot be written, and return its watch. It goes on until its record says
 * where it runs: on a busy machine that is long after its start. */
static int start_walled_in(struct scene *s)
{
    char wall[300], script[700];
    snprintf(script, sizeof script, "while [ -d %s -a ! -s %s/pid ]; do sleep 0.02; done; exit 3",
             s->folder, s->folder);
    snprintf(wall, sizeof wall, "%s/exit.tmp", s->folder);
    assert_int_equal(mkdir(wall, 0700), 0);
    start(s, script);
    int watch = local_watch(s->folder);
    await(s, "pid");
    return watch;
}

static void an_end_that_cannot_be_written_waits(void **state)
{
    struct scene *s = *state;
    char wall[300];
    struct pollfd shim = {.fd = start_walled_in(s), .events = POLLIN};
    while (process_start(look(s).child_pid) > 0)
        poll(NULL, 0, 5);
    assert_int_equal(look(s).phase, PHASE_RUNNING);
    snprintf(wall, sizeof wall, "%s/exit.tmp", s->folder);
    assert_int_equal(rmdir(wall), 0);
    assert_int_equal(poll(&shim, 1, PATIENCE_MS), 1);
    assert_int_equal(look(s).exit_code, 3);
    close(shim.fd);
}

static void where_its_folder_is_gone_a_shim_leaves(void **state)
{
    struct scene *s = *state;
    char moved[300];
    struct pollfd shim = {.fd = start_walled_in(s), .events = POLLIN};
    snprintf(moved, sizeof moved, "%s.moved", s->folder);
    assert_int_equal(rename(s->folder, moved), 0);
    assert_int_equal(poll(&shim, 1, PATIENCE_MS), 1);
    close(shim.fd);
    assert_int_equal(rename(moved, s->folder), 0);
    assert_int_equal(look(s).phase, PHASE_LOST);
}

static void a_record_without_all_of_its_log_is_none(void **state)
{
    struct scene *s = *state;
    char path[400];
    struct attempt_status status = run(s, "echo val=0.5");
    assert_int_equal(status.log_bytes, 8);
    snprintf(path, sizeof path, "%s/log", s->folder);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(look(s).phase, PHASE_LOST);
}

static void a_missing_folder_is_one_clear_line(void **state)
{
    (void)state;
    hone_error err;
    struct attempt_status status;
    assert_int_equal(local_poll("/no/such/attempt", &status, &err), HONE_ENOTFOUND);
    assert_string_equal(err.text, "open /no/such/attempt: No such file or directory");
    assert_int_equal(local_stop("/no/such/attempt", &err), HONE_ENOTFOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_record_tells_how_it_ended),
        TEST(a_signal_is_told_from_an_exit),
        TEST(what_cannot_start_says_why),
        TEST(a_missing_workdir_is_named),
        TEST(a_shim_that_fails_before_its_claim_is_no_riddle),
        TEST(the_script_finds_a_clean_house),
        TEST(started_twice_it_runs_once),
        TEST(stopped_before_its_claim_it_never_runs),
        TEST(asked_to_end_it_may_save_first),
        TEST(a_child_of_the_script_has_the_grace_too),
        TEST(who_ignores_sigterm_is_killed_after_the_grace),
        TEST(a_stopped_trial_ends_at_its_limit_and_does_not_go_on),
        TEST(who_writes_is_not_silent),
        TEST(memory_is_counted_over_the_whole_tree),
        TEST(without_a_tuner_it_ends_as_an_orphan),
        TEST(nothing_survives_the_main_process),
        TEST(a_straggler_that_is_about_to_end_is_left_to),
        TEST(a_killed_shim_leaves_a_lost_attempt_to_be_swept),
        TEST(a_sweep_takes_no_other_attempt),
        TEST(a_reused_pid_is_not_the_shim),
        TEST(after_a_reboot_what_ran_is_lost),
        TEST(slots_are_held_by_the_shim_alone_until_it_ends),
        TEST(a_claim_survives_a_shim_of_the_same_pid),
        TEST(half_a_record_is_none),
        TEST(an_end_that_cannot_be_written_waits),
        TEST(where_its_folder_is_gone_a_shim_leaves),
        TEST(a_record_without_all_of_its_log_is_none),
        TEST(a_missing_folder_is_one_clear_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
