/* test_draft.c: what hone init sees in a script, and that what it writes is a study. */
#include "spec/draft.h"

#include <string.h>

#include "io/file.h"
#include "near.h"
#include "spec/spec.h"

static void draft(const char *path, const char *text, struct buf *out, size_t *n)
{
    struct arena arena = {0};
    struct script script;
    hone_error err = {0};
    assert_int_equal(script_read(text, strlen(text), &arena, &script, &err), HONE_OK);
    buf_init(out, 100000);
    draft_study(out, path, &script, n);
    assert_false(out->failed);
    arena_release(&arena);
}

static void is_a_study(const char *text)
{
    struct problems problems = {0};
    struct spec *spec = spec_read_text(text, strlen(text), "study.yaml", &problems);
    if (problems.n > 0)
        print_error("%s\n%s\n", problems.lines[0], text);
    assert_non_null(spec);
    assert_int_equal(problems.n_warnings, 0);
    spec_free(spec);
    problems_release(&problems);
}

static void load(const char *path, struct buf *out)
{
    hone_error err = {0};
    buf_init(out, 1 << 20);
    if (file_read(path, out, &err) != HONE_OK)
        fail_msg("%s", err.text);
}

static void options_and_metrics_become_a_study(void **state)
{
    (void)state;
    struct buf script, expected, out;
    size_t n = 0;
    load(TEST_DATA "/init/odd.py", &script);
    load(TEST_DATA "/init/odd.yaml", &expected);
    draft("dir/odd.py", script.data, &out, &n);
    assert_string_equal(out.data, expected.data);
    assert_int_equal(n, 13);
    is_a_study(out.data);
    buf_release(&script);
    buf_release(&expected);
    buf_release(&out);
}

static void without_a_script_it_is_a_study_too(void **state)
{
    (void)state;
    struct buf out;
    size_t n = 7;
    struct script none = {0};
    buf_init(&out, 100000);
    draft_study(&out, NULL, &none, &n);
    assert_int_equal(n, 0);
    is_a_study(out.data);
    buf_release(&out);
}

/* Each "# key: example" is right when the "# " is taken away. */
static void keys_in_comments_may_be_uncommented(void **state)
{
    (void)state;
    struct buf out, text;
    size_t n, tried = 0;
    struct script none = {0};
    buf_init(&out, 100000);
    buf_init(&text, 100000);
    draft_study(&out, NULL, &none, &n);
    char *more = strstr(out.data, "# More keys");
    assert_non_null(more);
    for (char *line = strchr(more, '\n') + 1; *line != '\0'; line = strchr(line, '\n') + 1) {
        int len = (int)strcspn(line, "\n");
        buf_clear(&text);
        buf_printf(&text,
                   "command: x\nobjective: {metric: val:dice, goal: maximize}\n"
                   "parameters: {depth: 1..12, width: 1..4096, lr: log 1e-5..1e-1}\n%.*s\n",
                   len - 2, line + 2);
        if (strncmp(line, "# spot:", 7) == 0)
            buf_text(&text, "price_per_hour: {spot: 1}\n");
        is_a_study(text.data);
        tried++;
    }
    assert_true(tried > 15);
    buf_release(&text);
    buf_release(&out);
}

/* What one call becomes: the line of the parameter. */
static void becomes(const char *call, const char *line)
{
    char text[500];
    struct buf out;
    size_t n;
    snprintf(text, sizeof text, "p.add_argument(%s)\nprint('acc=%%f' %% a)", call);
    draft(NULL, text, &out, &n);
    char *at = strstr(out.data, "parameters:\n");
    assert_non_null(at);
    at += strlen("parameters:\n");
    assert_int_equal(strncmp(at, line, strlen(line)), 0);
    is_a_study(out.data);
    buf_release(&out);
}

static void ranges_fit_names_and_defaults(void **state)
{
    (void)state;
    becomes("'--lr', type=float, default=1e-3", "  lr: log 1e-05..0.1 ");
    becomes("'--learning_rate', type=float", "  learning_rate: log 1e-05..0.1 ");
    becomes("'--base_lr', type=float, default=0.5", "  base_lr: log 0.005..1.0 ");
    becomes("'--beta2', type=float, default=0.999", "  beta2: reverse-log 0.9..0.9999 ");
    becomes("'--x', type=float, default=250.0", "  x: log 25.0..2500.0 ");
    becomes("'--x', type=float", "  x: 0.0..1.0 ");
    becomes("'--batch_size', type=int, default=1", "  batch_size: [1, 2, 4] ");
    becomes("'--n', type=int, default=100", "  n: log 25..400 ");
    becomes("'--n', default=3", "  n: 1..6 ");
    becomes("'--n', default=0.5", "  n: 0.0..1.0 ");
    becomes("'--c', choices=['a', 'yes', '1', 2]", "  c: ['a', 'yes', '1', 2] ");
    becomes("'--c', choices=['a', 'a']", "  # c: ");
    becomes("'--c', choices=[a, b]", "  # c: ");
    becomes("'--x', type=float, default=float('inf')", "  x: 0.0..1.0 ");
    becomes("'--x', type=float, default=1e400", "  # x: ");
    becomes("'--num_workers', type=int, default=4", "  # num_workers: ");
}

static void text_that_is_no_python_does_no_harm(void **state)
{
    (void)state;
    static const char *const texts[] = {"add_argument(",
                                        "add_argument('--x', choices=[1, 2",
                                        "add_argument(]]], '--x'",
                                        "add_argument('--x' type=float default=1)",
                                        "\"\"\"",
                                        "'unclosed\nadd_argument('--x', type=",
                                        "add_argument(((((((",
                                        "add_argument('--x', type=(a, b)[0], default=-)",
                                        "add_argument('--\xFF')",
                                        "add_argument('--x', help='\xFF\x01 it''s', type=float)",
                                        "add_argument(**{'a': 1}, *x)"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct buf out;
        size_t n;
        draft("x y.py", texts[i], &out, &n);
        is_a_study(out.data);
        buf_release(&out);
    }
}

static void no_memory_is_an_error_not_a_crash(void **state)
{
    (void)state;
    struct buf text;
    load(TEST_DATA "/init/odd.py", &text);
    for (size_t n = 1; n < 60; n++) {
        struct arena arena = {0};
        struct script script;
        hone_error err = {0};
        mem_fail_at(n, 1);
        hone_status status = script_read(text.data, text.len, &arena, &script, &err);
        mem_fail_at(0, 0);
        assert_true(status == HONE_OK || status == HONE_ENOMEM);
        assert_true(n > 1 || status == HONE_ENOMEM);
        arena_release(&arena);
    }
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_metrics_become_a_study),
        cmocka_unit_test(without_a_script_it_is_a_study_too),
        cmocka_unit_test(keys_in_comments_may_be_uncommented),
        cmocka_unit_test(ranges_fit_names_and_defaults),
        cmocka_unit_test(text_that_is_no_python_does_no_harm),
        cmocka_unit_test(no_memory_is_an_error_not_a_crash),
    };
    return cmocka_run_group_tests_name("draft", tests, NULL, NULL);
}
