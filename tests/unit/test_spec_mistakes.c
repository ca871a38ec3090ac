/* test_spec_mistakes.c: each case of tests/data/spec/mistakes.txt as a test. */
#include "spec/spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "io/file.h"
#include "near.h"

#define CASES_MAX 300

static const char head[] = "command: python3 train.py\n"
                           "objective: {metric: acc, goal: maximize}\n"
                           "parameters: {lr: 0.1..1.0, opt: [sgd, adam]}\n";

struct mistake {
    char *name, *text, *expected; /* in the file's text, which was cut up */
};

static struct mistake cases[CASES_MAX];
static struct CMUnitTest tests[CASES_MAX];

/* The lines that came, in the form of the file. */
static void lines_of(const struct problems *problems, struct buf *out)
{
    for (size_t i = 0; i < problems->n_warnings; i++) {
        assert_memory_equal(problems->warnings[i], "study.yaml:", 11);
        buf_printf(out, "warning: %s\n", problems->warnings[i] + 11);
    }
    for (size_t i = 0; i < problems->n; i++) {
        assert_memory_equal(problems->lines[i], "study.yaml:", 11);
        buf_printf(out, "%s\n", problems->lines[i] + 11);
    }
}

static void gets_exactly_its_lines(void **state)
{
    const struct mistake *m = *state;
    struct problems problems = {0};
    struct buf text, lines;
    buf_init(&text, 100000);
    buf_init(&lines, 100000);
    if (strstr(m->name, "(whole)") == NULL)
        buf_text(&text, head);
    buf_text(&text, m->text);
    struct spec *spec = spec_read_text(text.data, text.len, "study.yaml", &problems);
    lines_of(&problems, &lines);
    assert_string_equal(lines.data, m->expected);
    assert_true((spec != NULL) == (problems.n == 0));
    spec_free(spec);
    problems_release(&problems);
    buf_release(&lines);
    buf_release(&text);
}

/* Cut the file up: "=== NAME\n" TEXT "---\n" EXPECTED, with an empty line before the next. */
static size_t read_cases(char *text)
{
    size_t n = 0;
    char *next = strstr(text, "\n=== ");
    while (next != NULL && n < CASES_MAX) {
        struct mistake *m = &cases[n];
        m->name = next + 5;
        next = strstr(m->name, "\n=== ");
        if (next != NULL)
            *next = '\0';
        m->text = strchr(m->name, '\n');
        *m->text++ = '\0';
        /* The last one, since a text may hold "---" itself. */
        for (char *p = m->text; (p = strstr(p, "---\n")) != NULL; p += 4)
            m->expected = p + 4;
        if (m->expected == NULL) {
            print_error("case \"%s\" has no ---\n", m->name);
            exit(1);
        }
        m->expected[-4] = '\0';
        tests[n++] = (struct CMUnitTest){
            .name = m->name, .test_func = gets_exactly_its_lines, .initial_state = m};
    }
    return n;
}

int main(void)
{
    struct buf text;
    hone_error err = {0};
    buf_init(&text, 1 << 20);
    if (file_read(TEST_DATA "/spec/mistakes.txt", &text, &err) != HONE_OK) {
        print_error("%s\n", err.text);
        return 1;
    }
    size_t n = read_cases(text.data);
    /* What cmocka_run_group_tests() calls with the size of an array that it knows. */
    int failed = _cmocka_run_group_tests("spec_mistakes", tests, n, NULL, NULL);
    buf_release(&text);
    return failed;
}
