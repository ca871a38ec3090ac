/*
 * test_zoo.c: every script of this folder through shim and metric reader, all at once, against
 * expected.tsv. Whether a trial then counts as completed is the loop's to say; here the facts that
 * it goes by must be right. The whole program runs the same in tests/cli/test_zoo.py.
 */
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "exec/executor.h"
#include "exec/metrics.h"
#include "io/file.h"
#include "io/time.h"

extern char **environ;

enum { ANIMALS_MAX = 64, COLUMNS = 8, PATIENCE_MS = 120000, BUDGET = 1 << 20 };
enum { SCRIPT, REGEX, LIMITS, STATE, VALUES, LAST };

struct animal {
    char *column[COLUMNS];
    char folder[300], id[64];
    struct attempt_job job;
    struct attempt_status status;
    struct metric_reader *reader;
    struct metric_cursor *cursor;
    size_t n;
    double last;
    struct buf values; /* as expected.tsv writes them: separated by blanks */
};

static void split(char *line, char *column[COLUMNS])
{
    for (int i = 0; i < COLUMNS; i++) {
        column[i] = line;
        char *tab = strchr(line, '\t');
        if (tab == NULL)
            line += strlen(line);
        else {
            *tab = '\0';
            line = tab + 1;
        }
    }
}

static void set_limits(struct attempt_job *job, const char *text)
{
    char word[64];
    for (int used = 0; sscanf(text, " %63s%n", word, &used) == 1; text += used) {
        char *value = strchr(word, '=');
        if (value == NULL) /* "-": none */
            continue;
        *value++ = '\0';
        if (strcmp(word, "memory") == 0)
            assert_true(bytes_parse(value, &job->memory_bytes));
        else
            assert_true(duration_parse(value, strcmp(word, "time") == 0      ? &job->trial_time_s
                                              : strcmp(word, "silence") == 0 ? &job->silence_s
                                                                             : &job->grace_s));
    }
}

static void let_in(struct animal *a, const char *zoo, const char *home)
{
    char program[300], *words[] = {program, NULL};
    hone_error err;
    snprintf(program, sizeof program, "%.200s/%.60s", zoo, a->column[SCRIPT]);
    snprintf(a->folder, sizeof a->folder, "%.200s/%.60s", home, a->column[SCRIPT]);
    snprintf(a->id, sizeof a->id, "zoo-%d-%.40s", (int)getpid(), a->column[SCRIPT]);
    assert_int_equal(mkdir(a->folder, 0700), 0);
    a->job = (struct attempt_job){.id = a->id,
                                  .folder = a->folder,
                                  .alive = home,
                                  .argv = words,
                                  .envp = environ,
                                  .workdir = a->folder,
                                  .grace_s = 120,
                                  .orphan_s = 86400};
    set_limits(&a->job, a->column[LIMITS]);
    a->reader = metric_reader_new(
        &(struct metric_pattern){.name = "val", .pattern = a->column[REGEX]}, 1, NULL, NULL, &err);
    assert_non_null(a->reader);
    a->cursor = metric_cursor_new(a->reader, NULL, NULL, &err);
    assert_non_null(a->cursor);
    buf_init(&a->values, 1u << 16);
    assert_int_equal(local_start(&a->job, &err), HONE_OK);
}

static hone_status see(void *context, const struct metric_value *value, hone_error *err)
{
    struct animal *a = context;
    (void)err;
    assert_int_equal(value->seq, a->n);
    a->n++;
    a->last = value->value;
    if (a->n <= 16) {
        buf_text(&a->values, a->n > 1 ? " " : "");
        buf_double(&a->values, value->value);
    }
    return HONE_OK;
}

static void read_on(struct animal *a, bool ended)
{
    bool more = true;
    while (more)
        assert_int_equal(
            metric_read(a->reader, a->cursor, a->folder, ended, BUDGET, see, a, &more, NULL),
            HONE_OK);
}

/* Read all logs as they grow until every attempt has ended. */
static void watch(struct animal *zoo, size_t n)
{
    for (int64_t began = time_monotonic_ms(); n > 0; poll(NULL, 0, 50)) {
        size_t n_running = 0;
        assert_true(time_monotonic_ms() - began < PATIENCE_MS);
        for (size_t i = 0; i < n; i++) {
            if (zoo[i].status.phase == PHASE_ENDED)
                continue;
            assert_int_equal(local_poll(zoo[i].folder, &zoo[i].status, NULL), HONE_OK);
            assert_int_not_equal(zoo[i].status.phase, PHASE_LOST);
            read_on(&zoo[i], zoo[i].status.phase == PHASE_ENDED);
            n_running += zoo[i].status.phase != PHASE_ENDED;
        }
        if (n_running == 0)
            return;
    }
}

static bool is_completed(const struct animal *a)
{
    return a->status.cause == END_BY_ITSELF && a->status.exit_code == 0 && a->n > 0 &&
           isfinite(a->last);
}

static bool has_warning(const struct animal *a, const char *text)
{
    const char *const *warnings;
    size_t n = metric_cursor_warnings(a->cursor, &warnings);
    return n == 1 && strstr(warnings[0], text) != NULL;
}

/* What `hone show` must be able to tell beyond the table's columns. */
static bool facts_are_known(const struct animal *a)
{
    const struct attempt_status *s = &a->status;
    const char *name = a->column[SCRIPT];
    if (strcmp(name, "exit_1.sh") == 0)
        return s->cause == END_BY_ITSELF && s->exit_code == 1;
    if (strcmp(name, "segfault.sh") == 0)
        return s->cause == END_BY_ITSELF && s->exit_signal == 11;
    if (strcmp(name, "ignores_sigterm.py") == 0)
        return s->cause == END_SILENCE && s->killed && !s->was_stopped;
    if (strcmp(name, "stops_itself.sh") == 0)
        return s->cause == END_SILENCE && s->was_stopped;
    if (strcmp(name, "hangs.sh") == 0)
        return s->cause == END_TIME && !s->killed;
    if (strcmp(name, "saves_on_sigterm.py") == 0)
        return s->cause == END_TIME && !s->killed && s->exit_code == 0;
    if (strcmp(name, "eats_memory.py") == 0)
        return s->cause == END_MEMORY && s->peak_memory > 256 << 20;
    if (strcmp(name, "grandchildren.py") == 0)
        return s->stragglers == 3;
    if (strcmp(name, "long_line.py") == 0)
        return has_warning(a, "a line of 104857600 bytes was skipped");
    if (strcmp(name, "odd_numbers.sh") == 0)
        return has_warning(a, "2 matches are not numbers: \"1,234.5\", \"0,5\"");
    return s->stragglers == 0 && !s->killed;
}

/* Say what is wrong with one; true when nothing is. */
static bool is_as_expected(struct animal *a)
{
    char number[32];
    const char *values = a->column[VALUES];
    bool completed = strcmp(a->column[STATE], "completed") == 0;
    bool ok = is_completed(a) == completed && facts_are_known(a);
    if (values[0] == '#') {
        snprintf(number, sizeof number, "#%zu", a->n);
        ok = ok && strcmp(values, number) == 0;
    } else {
        ok = ok && strcmp(values, a->n == 0 ? "-" : a->values.data) == 0;
    }
    double last = 0.0;
    if (completed)
        ok = ok && str_double(a->column[LAST], strlen(a->column[LAST]), &last) && last == a->last;
    if (!ok)
        print_error("%s: cause %d, exit %d, signal %d, killed %d, stragglers %d, %zu values: %s\n",
                    a->column[SCRIPT], (int)a->status.cause, a->status.exit_code,
                    a->status.exit_signal, a->status.killed, (int)a->status.stragglers, a->n,
                    a->values.data);
    return ok;
}

static void every_script_ends_as_expected(void **state)
{
    (void)state;
    static struct animal zoo[ANIMALS_MAX];
    size_t n = 0, wrong = 0;
    struct buf table;
    char folder[300], path[320], home[256];
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.200s/tests/zoo", getenv("HONE_SOURCE"));
    snprintf(path, sizeof path, "%s/expected.tsv", folder);
    snprintf(home, sizeof home, "%.200s/hone-zoo-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    assert_non_null(mkdtemp(home));
    buf_init(&table, 1u << 20);
    assert_int_equal(file_read(path, &table, NULL), HONE_OK);
    for (char *line = table.data, *next; *line != '\0'; line = next) {
        next = line + strcspn(line, "\n");
        if (*next == '\n')
            *next++ = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        assert_true(n < ANIMALS_MAX);
        split(line, zoo[n].column);
        let_in(&zoo[n], folder, home);
        n++;
    }
    assert_true(n >= 23);
    watch(zoo, n);
    for (size_t i = 0; i < n; i++) {
        int64_t left = -1;
        wrong += !is_as_expected(&zoo[i]);
        assert_int_equal(local_sweep(zoo[i].folder, zoo[i].id, &left, NULL), HONE_OK);
        assert_int_equal(left, 0);
        buf_release(&zoo[i].values);
        metric_cursor_free(zoo[i].cursor);
        metric_reader_free(zoo[i].reader);
    }
    buf_release(&table);
    assert_int_equal(file_remove_tree(home, NULL), HONE_OK);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_script_ends_as_expected)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
