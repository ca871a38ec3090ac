/* prop_spec.c: laws of study files over random parameters and commands. */
#include "near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "base/str.h"
#include "spec/spec.h"

#define N_CASES 1000

static uint64_t seed;

static const char head[] = "study: s\ncommand: x\nobjective: {metric: a, goal: minimize}\n";

static struct spec *read_parameter(const char *form)
{
    struct buf text;
    struct problems problems = {0};
    buf_init(&text, 10000);
    buf_printf(&text, "%sparameters: {opt: [sgd, adam, '1', 2], p: %s}\n", head, form);
    struct spec *spec = spec_read_text(text.data, text.len, "/lab/study.yaml", &problems);
    if (spec == NULL)
        fail_msg("%s in %s", problems.n > 0 ? problems.lines[0] : "no memory", form);
    problems_release(&problems);
    buf_release(&text);
    return spec;
}

static struct spec *read_flag(const char *form)
{
    struct problems problems = {0};
    char p[] = "-p", first[] = "run", name[] = "--name", s[] = "s", goal[] = "--minimize",
         a[] = "a", end[] = "--", x[] = "x", opt[] = "opt=sgd,adam,'1',2", flag[1000];
    snprintf(flag, sizeof flag, "p=%s", form);
    char *argv[] = {first, name, s, goal, a, p, opt, p, flag, end, x};
    struct spec *spec = spec_read_flags(sizeof argv / sizeof argv[0], argv, &problems);
    if (spec == NULL)
        fail_msg("%s in %s", problems.n > 0 ? problems.lines[0] : "no memory", form);
    problems_release(&problems);
    return spec;
}

/* A random range in its three forms. */
struct forms {
    char file[300], flag[300], full[300];
};

static void number(struct rng *rng, bool whole, double lo, double hi, char out[40])
{
    double x = lo + (hi - lo) * rng_uniform(rng);
    if (whole) {
        snprintf(out, 40, "%.0f", x);
        return;
    }
    str_from_double(out, x);
    if (strpbrk(out, ".e") == NULL)
        memcpy(out + strlen(out), ".0", 3);
}

static void random_range(struct rng *rng, struct forms *out)
{
    static const char *const scales[] = {"", "log", "auto"};
    static const char *const conditions[][3] = {
        {"", "", ""},
        {" if opt=sgd", " if opt=sgd", ", when: {opt: sgd}"},
        {" if opt=sgd,2", " if opt = sgd, 2", ", when: {opt: [sgd, 2]}"},
        {" if opt='1'", " if opt=1", ", when: {opt: ['1']}"}};
    bool whole = rng_below(rng, 2) == 0;
    const char *scale = scales[rng_below(rng, 3)];
    const char *const *condition = conditions[rng_below(rng, 4)];
    char low[40], high[40], step[40] = "";
    number(rng, whole, 1, 1000, low);
    number(rng, whole, 1001, 1e6, high);
    if (rng_below(rng, 3) == 0)
        number(rng, whole, 1, 2, step);
    snprintf(out->file, sizeof out->file, "\"%s%s%s..%s%s%s%s\"", scale,
             scale[0] != '\0' ? " " : "", low, high, step[0] != '\0' ? " step " : "", step,
             condition[0]);
    snprintf(out->flag, sizeof out->flag, "%s%s%s:%s%s%s%s", scale, scale[0] != '\0' ? ":" : "",
             low, high, step[0] != '\0' ? ":" : "", step, condition[1]);
    snprintf(out->full, sizeof out->full, "{type: %s, min: %s, max: %s, scale: %s%s%s%s}",
             whole ? "int" : "float", low, high, scale[0] != '\0' ? scale : "linear",
             step[0] != '\0' ? ", step: " : "", step, condition[2]);
}

static void short_forms_are_the_long_form(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < N_CASES; i++) {
        struct rng rng;
        struct forms forms;
        rng_init(&rng, seed, RNG_TEST, i);
        random_range(&rng, &forms);
        struct spec *file = read_parameter(forms.file), *full = read_parameter(forms.full);
        struct spec *flag = read_flag(forms.flag);
        assert_string_equal(file->text, full->text);
        assert_string_equal(flag->text, full->text);
        spec_free(file);
        spec_free(full);
        spec_free(flag);
    }
}

/* Any text but a NUL, with a liking for what shells and YAML take for something else. */
static void random_word(struct rng *rng, char out[40])
{
    static const char liked[] = "'\"\\$`|&;<>(){}[]*?~# \t\n=%!,:-ab1";
    size_t n = rng_below(rng, 12);
    for (size_t i = 0; i < n; i++)
        out[i] = liked[rng_below(rng, sizeof liked - 1)];
    out[n] = '\0';
}

static struct spec *read_command(const char *json)
{
    struct buf text;
    struct problems problems = {0};
    buf_init(&text, 100000);
    buf_printf(&text,
               "command: %s\nobjective: {metric: a, goal: minimize}\nparameters: {p: 1..2}\n",
               json);
    struct spec *spec = spec_read_text(text.data, text.len, "/lab/study.yaml", &problems);
    if (spec == NULL)
        fail_msg("%s in %s", problems.n > 0 ? problems.lines[0] : "no memory", text.data);
    problems_release(&problems);
    buf_release(&text);
    return spec;
}

/* The command line that hone shows, split by hone, gives the words that it was made of. */
static void a_command_line_splits_into_its_words(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < N_CASES; i++) {
        struct rng rng;
        struct buf list, line_json;
        buf_init(&list, 100000);
        buf_init(&line_json, 100000);
        rng_init(&rng, seed, RNG_TEST, i);
        buf_text(&list, "[\"run\"");
        for (uint64_t n = rng_below(&rng, 6); n > 0; n--) {
            char word[40];
            random_word(&rng, word);
            buf_text(&list, ", ");
            buf_json(&list, word);
        }
        buf_char(&list, ']');
        struct spec *words = read_command(list.data);
        char *line = spec_command_line(words, NULL, 0);
        buf_json(&line_json, line);
        struct spec *again = read_command(line_json.data);
        assert_int_equal(again->n_command, words->n_command);
        for (size_t k = 0; k < words->n_command; k++)
            assert_string_equal(again->command[k], words->command[k]);
        mem_free(line);
        spec_free(words);
        spec_free(again);
        buf_release(&list);
        buf_release(&line_json);
    }
}

int main(void)
{
    const char *given = getenv("HONE_TEST_SEED");
    seed = given != NULL ? strtoull(given, NULL, 10) : 1;
    print_message("# seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_forms_are_the_long_form),
        cmocka_unit_test(a_command_line_splits_into_its_words),
    };
    return cmocka_run_group_tests_name("prop_spec", tests, NULL, NULL);
}
