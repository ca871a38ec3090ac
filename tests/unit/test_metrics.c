/* test_metrics.c: values out of logs: whole lines, once each, whatever the bytes. */
#include <fcntl.h>
#include <math.h>
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

#include "base/mem.h"
#include "exec/metrics.h"
#include "io/file.h"

enum { SEEN_MAX = 64 };

/* A folder with a log, and what was read of it. */
struct scene {
    char folder[64];
    struct metric_reader *reader;
    struct metric_cursor *cursor;
    size_t n, fail_at; /* fail_at: the visitor refuses the value after so many */
    struct metric_value seen[SEEN_MAX];
};

static int set_up(void **state)
{
    struct scene *s = mem_array(1, sizeof *s);
    snprintf(s->folder, sizeof s->folder, "metrics-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    s->fail_at = SIZE_MAX;
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    metric_cursor_free(s->cursor);
    metric_reader_free(s->reader);
    assert_int_equal(file_remove_tree(s->folder, NULL), HONE_OK);
    mem_free(s);
    return 0;
}

static hone_status see(void *context, const struct metric_value *value, hone_error *err)
{
    struct scene *s = context;
    (void)err;
    if (s->n == s->fail_at)
        return HONE_EIO;
    if (s->n < SEEN_MAX)
        s->seen[s->n] = *value;
    s->n++;
    return HONE_OK;
}

static void look_for(struct scene *s, const struct metric_pattern *patterns, size_t n,
                     const char *step_pattern, const char *step_metric)
{
    hone_error err;
    s->reader = metric_reader_new(patterns, n, step_pattern, step_metric, &err);
    assert_non_null(s->reader);
    s->cursor = metric_cursor_new(s->reader, NULL, NULL, &err);
    assert_non_null(s->cursor);
}

static void look_for_val(struct scene *s, const char *pattern)
{
    look_for(s, &(struct metric_pattern){.name = "val", .pattern = pattern}, 1, NULL, NULL);
}

static void append(struct scene *s, const char *name, const void *data, size_t n)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write_all(fd, data, n));
    close(fd);
}

static void log_text(struct scene *s, const char *text)
{
    append(s, "log", text, strlen(text));
}

static void read_log(struct scene *s, bool ended)
{
    hone_error err;
    bool more;
    assert_int_equal(
        metric_read(s->reader, s->cursor, s->folder, ended, SIZE_MAX / 2, see, s, &more, &err),
        HONE_OK);
    assert_false(more);
}

/* Go on from the stored text, as the next tuner does. */
static void next_tuner(struct scene *s)
{
    char *text = metric_cursor_text(s->cursor);
    assert_non_null(text);
    metric_cursor_free(s->cursor);
    s->cursor = metric_cursor_new(s->reader, text, NULL, NULL);
    assert_non_null(s->cursor);
    char *again = metric_cursor_text(s->cursor);
    assert_string_equal(again, text);
    mem_free(again);
    mem_free(text);
}

static void assert_seen(const struct scene *s, size_t n, const double *values)
{
    assert_int_equal(s->n, n);
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            assert_true(isnan(s->seen[i].value));
        else
            assert_true(s->seen[i].value == values[i]);
    }
}
#define ASSERT_SEEN(s, ...)                                                                        \
    assert_seen(s, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]){__VA_ARGS__})

static void assert_warning(const struct scene *s, size_t which, const char *text)
{
    const char *const *warnings;
    assert_true(metric_cursor_warnings(s->cursor, &warnings) > which);
    assert_string_equal(warnings[which], text);
}

static size_t count_warnings(const struct scene *s)
{
    const char *const *warnings;
    return metric_cursor_warnings(s->cursor, &warnings);
}

static void a_line_is_matched_once_and_when_it_has_ended(void **state)
{
    struct scene *s = *state;
    look_for_val(s, "val=([0-9.]+)");
    static const char *const pieces[] = {"va", "l=0", ".", "25\nval=0.", "5", "\n", "x\n"};
    static const size_t n_after[] = {0, 0, 0, 1, 1, 2, 2};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        log_text(s, pieces[i]);
        read_log(s, false);
        assert_int_equal(s->n, n_after[i]);
        next_tuner(s);
    }
    ASSERT_SEEN(s, 0.25, 0.5);
    assert_int_equal(metric_cursor_lines(s->cursor), 3);
}

static void the_last_line_needs_no_newline_after_the_end(void **state)
{
    struct scene *s = *state;
    look_for_val(s, "val=([0-9.]+)");
    log_text(s, "val=0.4\nval=0.5");
    read_log(s, false);
    ASSERT_SEEN(s, 0.4);
    read_log(s, true);
    read_log(s, true);
    ASSERT_SEEN(s, 0.4, 0.5);
}

static void every_kind_of_line_end_ends_one_line(void **state)
{
    struct scene *s = *state;
    look_for_val(s, "^val=([0-9.]+)$");
    log_text(s, "val=1\r\nval=2\rval=3\nval=4\r");
    read_log(s, false);
    next_tuner(s);
    log_text(s, "\nval=5\r\r\n\nval=6\n");
    read_log(s, false);
    ASSERT_SEEN(s, 1, 2, 3, 4, 5, 6);
    assert_int_equal(metric_cursor_lines(s->cursor), 8); /* two of them empty */
}

static void bytes_that_are_no_text_are_searched(void **state)
{
    static const char bytes[] =
        "\xff\xfe\x80 loss \xc3\x28\n\xed\xa0\x80 val=0.3 \xf0\x9f\na\0b val=0.4\n"
        "\xb5 val=0.5\n";
    struct scene *s = *state;
    look_for_val(s, "val=([0-9.]+)");
    append(s, "log", bytes, sizeof bytes - 1);
    read_log(s, true);
    ASSERT_SEEN(s, 0.3, 0.4, 0.5);
}

static void what_is_no_number_is_no_value_and_warned_of_once(void **state)
{
    struct scene *s = *state;
    look_for_val(s, "val=([^ ]+)");
    log_text(s,
             "val=5e-1 x\nval=+0.5\nval=.5\nval=5.\nval=0x1p-1 x\nval=1,234.5\nval=0,5\nval=nan\n"
             "val=-inf\nval=\x1b[1m\n");
    read_log(s, true);
    next_tuner(s);
    ASSERT_SEEN(s, 0.5, 0.5, 0.5, 5.0, 0.5, (double)NAN, -(double)INFINITY);
    assert_int_equal(count_warnings(s), 1);
    assert_warning(s, 0, "metric \"val\": 3 matches are not numbers: \"1,234.5\", \"0,5\", ...");
}

static void a_line_gives_a_metric_one_value_of_the_first_group_that_matched(void **state)
{
    struct scene *s = *state;
    look_for_val(s, "a=(\\d)|b=(\\d)");
    log_text(s, "b=2 a=1\na=3 a=4\nc=5\n");
    read_log(s, true);
    ASSERT_SEEN(s, 2, 3);
}

static void a_long_line_is_skipped_in_little_memory(void **state)
{
    enum { MB = 1 << 20, N = 5 };
    struct scene *s = *state;
    char *block = mem_array(MB, 1);
    look_for_val(s, "val=([0-9.]+)");
    memset(block, 'x', MB);
    memcpy(block + 100, "val=9", 5);
    for (int i = 0; i < N; i++) {
        append(s, "log", block, MB);
        read_log(s, false);
        next_tuner(s); /* being in the middle of it is part of the cursor */
    }
    log_text(s, "\nval=0.5\n");
    append(s, "log", block, METRIC_LINE_MAX); /* the longest that is read */
    log_text(s, "\n");
    read_log(s, true);
    ASSERT_SEEN(s, 0.5, 9);
    assert_int_equal(metric_cursor_lines(s->cursor), 3);
    assert_warning(s, 0, "a line of 5242880 bytes was skipped: the limit is 65536");
    mem_free(block);
}

static void a_budget_of_bytes_cuts_a_read_into_parts(void **state)
{
    struct scene *s = *state;
    bool more = true;
    size_t parts = 0;
    look_for_val(s, "val=([0-9.]+)");
    char *lines = mem_array(300000, 6);
    for (int i = 0; i < 300000; i++)
        memcpy(lines + (size_t)6 * (size_t)i, "val=1\n", 6);
    append(s, "log", lines, 1800000);
    mem_free(lines);
    for (; more; parts++)
        assert_int_equal(
            metric_read(s->reader, s->cursor, s->folder, true, 300000, see, s, &more, NULL),
            HONE_OK);
    assert_int_equal(s->n, 300000);
    assert_in_range(parts, 4, 7);
    assert_int_equal(metric_cursor_lines(s->cursor), 300000);
}

static void a_refused_value_leaves_the_cursor_as_it_was(void **state)
{
    struct scene *s = *state;
    bool more;
    look_for_val(s, "val=([0-9.]+)");
    log_text(s, "val=1\nval=2\nval=x.\nval=3\n");
    char *before = metric_cursor_text(s->cursor);
    s->fail_at = 2;
    assert_int_equal(
        metric_read(s->reader, s->cursor, s->folder, true, SIZE_MAX / 2, see, s, &more, NULL),
        HONE_EIO);
    char *after = metric_cursor_text(s->cursor);
    assert_string_equal(after, before);
    mem_free(before);
    mem_free(after);
    s->n = 0;
    s->fail_at = SIZE_MAX;
    read_log(s, true);
    ASSERT_SEEN(s, 1, 2, 3);
    assert_int_equal(s->seen[2].seq, 2);
}

static void a_pattern_that_runs_away_costs_its_metric_the_line_and_no_more(void **state)
{
    enum { LONG = 50000, LINES = 3000 };
    struct scene *s = *state;
    const struct metric_pattern patterns[] = {{.name = "evil", .pattern = "(?:[a-z]+,?)+(\\d)"},
                                              {.name = "val", .pattern = "val=([0-9.]+)"}};
    char *line = mem_array(LONG + 1, 1);
    look_for(s, patterns, 2, NULL, NULL);
    memset(line, 'a', LONG);
    line[LONG] = '\n';
    for (int i = 0; i < LINES; i++) /* would take years without a limit, minutes with a loose one */
        append(s, "log", line + (i < 3 ? 0 : LONG - 2000), (size_t)(i < 3 ? LONG + 1 : 2001));
    log_text(s, "val=0.5\nabc7\n");
    read_log(s, true);
    ASSERT_SEEN(s, 0.5, 7);
    assert_int_equal(s->seen[1].metric, 0);
    assert_int_equal(count_warnings(s), 1);
    assert_warning(s, 0,
                   "metric \"evil\": the regular expression hit its match limit on 3000 lines");
    mem_free(line);
}

static void a_quadratic_pattern_is_given_up_on_long_lines(void **state)
{
    enum { LONG = 60000, LINES = 100 };
    struct scene *s = *state;
    char *line = mem_array(LONG + 1, 1);
    look_for(s,
             (const struct metric_pattern[]){{.name = "val", .pattern = "(?:\\w+ )*(\\d+)="},
                                             {.name = "loss", .pattern = "loss=(.*?) "}},
             2, NULL, NULL);
    memset(line, 'a', LONG);
    memcpy(line + LONG - 2, "==\n", 3); /* base64, say: seconds a line without a limit */
    for (int i = 0; i < LINES; i++)
        append(s, "log", line, LONG + 1);
    memset(line, ' ', LONG);
    memcpy(line + LONG - 20, "loss=0.5", 8); /* a long line that is no trouble */
    append(s, "log", line, LONG + 1);
    read_log(s, true);
    ASSERT_SEEN(s, 0.5);
    assert_warning(s, 0, "metric \"val\": the regular expression hit its match limit on 100 lines");
    mem_free(line);
}

static void without_a_step_values_count_from_one_and_on_over_attempts(void **state)
{
    struct scene *s = *state;
    look_for_val(s, "val=([0-9.]+)");
    log_text(s, "val=5\nval=6\n");
    read_log(s, true);
    assert_true(s->seen[0].step == 1 && s->seen[1].step == 2);
    assert_int_equal(count_warnings(s), 0);

    char *first = metric_cursor_text(s->cursor);
    metric_cursor_free(s->cursor);
    s->cursor = metric_cursor_new(s->reader, "", first, NULL);
    mem_free(first);
    s->n = 0;
    read_log(s, true);
    next_tuner(s);
    assert_true(s->seen[0].step == 3 && s->seen[1].step == 4);
    assert_int_equal(s->seen[0].seq, 0);
    assert_warning(s, 0,
                   "the step numbers go on from the attempt before: the study names no \"step\"");
}

static void a_step_pattern_counts_in_its_line_and_after(void **state)
{
    struct scene *s = *state;
    look_for(s, &(struct metric_pattern){.name = "val", .pattern = "val=([0-9.]+)"}, 1,
             "epoch ([0-9]+)", NULL);
    log_text(s, "val=1\nepoch 3\nval=2\nval=3 epoch 5/9\nval=4\n");
    read_log(s, false);
    next_tuner(s);
    log_text(s, "val=5\n");
    read_log(s, true);
    static const double steps[] = {0, 3, 5, 5, 5};
    assert_int_equal(s->n, 5);
    for (size_t i = 0; i < 5; i++)
        assert_true(s->seen[i].step == steps[i]);
}

static void a_metric_can_be_the_step_of_values_before_it_in_the_line(void **state)
{
    struct scene *s = *state;
    const struct metric_pattern patterns[] = {{.name = "val", .pattern = "val=([0-9.]+)"},
                                              {.name = "epoch", .pattern = "epoch=([0-9.]+)"}};
    look_for(s, patterns, 2, NULL, "epoch");
    log_text(s, "val=0.5 epoch=7\nval=0.6\n");
    read_log(s, true);
    ASSERT_SEEN(s, 0.5, 7, 0.6);
    assert_true(s->seen[0].step == 7 && s->seen[2].step == 7);
}

static void json_lines_give_members_and_pythons_nan(void **state)
{
    struct scene *s = *state;
    const struct metric_pattern patterns[] = {
        {.name = "loss", .kind = PATTERN_JSON, .pattern = "loss"},
        {.name = "dice", .kind = PATTERN_JSON, .pattern = "val.dice"}};
    look_for(s, patterns, 2, NULL, NULL);
    log_text(s, "{\"loss\": 0.5, \"val\": {\"dice\": 3}}\n"
                "noise {\"loss\": 9}\n"
                "{\"loss\": \"0.25\", \"other\": [1, 2]}\n"
                "  {\"loss\": NaN, \"text\": \"\\\"NaN\", \"val.dice\": -Infinity} \n"
                "{\"loss\": null}\n{\"loss\": \n");
    read_log(s, true);
    ASSERT_SEEN(s, 0.5, 3, 0.25, (double)NAN, -(double)INFINITY);
    assert_warning(s, 0, "metric \"loss\": a match is not a number: \"null\"");
}

static void a_file_of_its_own_is_read_as_it_grows_and_anew_when_rewritten(void **state)
{
    struct scene *s = *state;
    char path[128];
    const struct metric_pattern patterns[] = {
        {.name = "score", .kind = PATTERN_FILE, .path = "score.txt"},
        {.name = "dice", .kind = PATTERN_FILE, .path = "more.txt", .pattern = "dice=(\\S+)"}};
    look_for(s, patterns, 2, NULL, NULL);
    log_text(s, "1.0\ndice=1\n");
    read_log(s, false); /* the files are not there yet */
    append(s, "score.txt", " 0.5 \n\n0.6\n", 11);
    append(s, "more.txt", "x dice=0.7", 10);
    read_log(s, false);
    next_tuner(s);
    read_log(s, false);
    ASSERT_SEEN(s, 0.5, 0.6);
    snprintf(path, sizeof path, "%s/score.txt", s->folder);
    assert_int_equal(unlink(path), 0);
    append(s, "score.txt", "0.9", 3);
    read_log(s, true);
    ASSERT_SEEN(s, 0.5, 0.6, 0.9, 0.7);
}

static void a_wrong_pattern_is_named_with_its_reason(void **state)
{
    (void)state;
    hone_error err;
    struct metric_pattern p = {.name = "loss", .pattern = "loss=([0-9.]+"};
    assert_null(metric_reader_new(&p, 1, NULL, NULL, &err));
    assert_int_equal(err.status, HONE_EINVAL);
    assert_string_equal(err.text, "metric \"loss\": missing closing parenthesis at offset 13 of "
                                  "loss=([0-9.]+");
    p.pattern = "loss=[0-9.]+";
    assert_null(metric_reader_new(&p, 1, NULL, NULL, &err));
    assert_string_equal(err.text, "metric \"loss\": no group around the number, as in "
                                  "loss=([0-9.]+), in loss=[0-9.]+");
    p.pattern = "(x)";
    assert_null(metric_reader_new(&p, 1, "(", NULL, &err));
    assert_non_null(strstr(err.text, "step: "));
    assert_null(metric_reader_new(&p, 1, NULL, "epoch", &err));
    assert_string_equal(err.text, "step: no metric \"epoch\"");
}

static void a_damaged_cursor_and_a_missing_folder_are_failures(void **state)
{
    struct scene *s = *state;
    hone_error err;
    bool more;
    look_for_val(s, "val=([0-9.]+)");
    assert_null(metric_cursor_new(s->reader, "{\"lines\":", NULL, &err));
    assert_int_equal(err.status, HONE_EINVAL);
    assert_int_equal(
        metric_read(s->reader, s->cursor, "no/such/folder", true, 1000, see, s, &more, &err),
        HONE_EIO);
    assert_string_equal(err.text, "open no/such/folder: No such file or directory");
    read_log(s, true); /* a folder without a log yet is none */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_line_is_matched_once_and_when_it_has_ended),
        TEST(the_last_line_needs_no_newline_after_the_end),
        TEST(every_kind_of_line_end_ends_one_line),
        TEST(bytes_that_are_no_text_are_searched),
        TEST(what_is_no_number_is_no_value_and_warned_of_once),
        TEST(a_line_gives_a_metric_one_value_of_the_first_group_that_matched),
        TEST(a_long_line_is_skipped_in_little_memory),
        TEST(a_budget_of_bytes_cuts_a_read_into_parts),
        TEST(a_refused_value_leaves_the_cursor_as_it_was),
        TEST(a_pattern_that_runs_away_costs_its_metric_the_line_and_no_more),
        TEST(a_quadratic_pattern_is_given_up_on_long_lines),
        TEST(without_a_step_values_count_from_one_and_on_over_attempts),
        TEST(a_step_pattern_counts_in_its_line_and_after),
        TEST(a_metric_can_be_the_step_of_values_before_it_in_the_line),
        TEST(json_lines_give_members_and_pythons_nan),
        TEST(a_file_of_its_own_is_read_as_it_grows_and_anew_when_rewritten),
        TEST(a_wrong_pattern_is_named_with_its_reason),
        TEST(a_damaged_cursor_and_a_missing_folder_are_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
