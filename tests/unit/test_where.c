#include "near.h"

#include <string.h>

#include "base/mem.h"
#include "space/where.h"

static hone_space *make_space(void)
{
    hone_space *space = hone_space_new();
    hone_value texts[] = {HONE_TEXT("l1"), HONE_TEXT("l2"), HONE_TEXT("it's")};
    hone_value mixed[] = {HONE_NUMBER(1), HONE_TEXT("one")};
    hone_value widths[] = {HONE_NUMBER(64), HONE_NUMBER(128), HONE_NUMBER(256)};
    assert_int_equal(hone_space_add_int(space, "depth", 1, 12, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_ordinal(space, "width", 3, widths, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(space, "lr-max", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(space, "penalty", 3, texts, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(space, "mixed", 2, mixed, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(space, "child", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(space, "child", "penalty", 1, texts, NULL), HONE_OK);
    return space;
}

/* The row of depth 3, width 128, lr-max 0.5, penalty l2, mixed "one"; child is inactive. */
static void make_row(const hone_space *space, double row[6])
{
    const hone_setting settings[] = {
        {"depth", HONE_NUMBER(3)},    {"width", HONE_NUMBER(128)}, {"lr-max", HONE_NUMBER(0.5)},
        {"penalty", HONE_TEXT("l2")}, {"mixed", HONE_TEXT("one")},
    };
    assert_int_equal(space_row_of(space, settings, 5, row, NULL), HONE_OK);
}

static void expressions_have_pythons_value(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool holds;
    } cases[] = {
        {"depth * width <= 384", true},
        {"depth * width < 384", false},
        {"1 + 2 * 3 == 7", true},
        {"(1 + 2) * 3 == 9", true},
        {"10 - 2 - 3 == 5", true},
        {"16 / 4 / 2 == 2", true},
        {"2 ** 3 ** 2 == 512", true},
        {"-2 ** 2 == -4", true},
        {"2 ** -1 == 0.5", true},
        {"--1 == +1", true},
        {"-7 % 3 == 2 and 7 % -3 == -2 and 7.5 % 2 == 1.5", true},
        {"1/0 > 1e308", true},
        {"0/0 == 0/0", false},
        {"min(depth, 2, 5) == 2 and max(1, width) == 128 and abs(depth - 10) == 7", true},
        {"`lr-max` == .5", true},
        {"penalty == 'l2'", true},
        {"penalty != \"l1\"", true},
        {"penalty == \"it's\"", false},
        {"penalty in ['l1', 'l2']", true},
        {"penalty not in ['l1', 'l2']", false},
        {"not penalty in ['l1']", true},
        {"width in [depth, 2 * 64]", true},
        {"mixed == 'one'", true},
        {"mixed == 1", false},
        {"mixed in [1, 'one']", true},
        {"not (penalty == 'l2' and depth == 3)", false},
        {"not penalty == 'l1' and depth == 3", true},
        {"depth == 3 or depth == 4 and penalty == 'l1'", true},
        {"depth==1 or depth==2 or depth==3", true},
        {"child > 2", true}, /* inactive */
        {"depth == 99 and child == 1", true},
    };
    hone_space *space = make_space();
    double row[6];
    make_row(space, row);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct where *where;
        hone_error err;
        if (where_compile(space, cases[i].text, &where, &err) != HONE_OK)
            fail_msg("%s", err.text);
        if (where_holds(where, space, row) != cases[i].holds)
            fail_msg("%s should be %d", cases[i].text, cases[i].holds);
        assert_string_equal(where_text(where), cases[i].text);
        where_free(where);
    }
    hone_space_free(space);
}

static void every_mistake_is_named_with_its_column(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"", "column 1: a value is expected at the end"},
        {"depth", "column 1: the expression is a number, not a condition"},
        {"penalty", "column 1: the expression is a text, not a condition"},
        {"detph < 3", "column 1: \"detph\" is no parameter"},
        {"lr-max < 1", "column 1: \"lr\" is no parameter; a name with - . or : is written in back "
                       "quotes"},
        {"depth = 3", "column 7: equality is written =="},
        {"depth < ", "column 9: a value is expected at the end"},
        {"depth < 3 < 4", "column 11: comparisons don't chain: write a < b and b < c"},
        {"depth == 'a'", "column 10: a number can't be compared with a text"},
        {"penalty == 'l3'",
         "column 12: parameter \"penalty\": \"l3\" is not one of \"l1\", \"l2\", "
         "\"it's\""},
        {"penalty in ['l1', 'l4']", "column 19: parameter \"penalty\": \"l4\" is not one of "},
        {"penalty < 'l2'", "column 1: < needs a number, not a text"},
        {"mixed + 1 > 2", "column 1: + needs a number, not a value that may be a text"},
        {"depth + (depth < 3) > 2", "column 16: + needs a number, not a condition"},
        {"(depth < 3) == (depth < 4)", "column 23: a condition can't be compared with a condition"},
        {"depth and depth < 3", "column 1: and needs a condition, not a number"},
        {"not depth", "column 5: not needs a condition, not a number"},
        {"depth < 3)", "column 10: an operator is expected, got \")\""},
        {"(depth < 3", "column 11: \")\" is expected at the end"},
        {"depth in 3", "column 10: \"[\" is expected, got \"3\""},
        {"depth in []", "column 11: a value is expected, got \"]\""},
        {"depth in [1 2]", "column 13: \",\" or \"]\" is expected, got \"2\""},
        {"depth in ['x']", "column 11: a number can't be compared with a text"},
        {"depth not 3", "column 11: \"in\" is expected, got \"3\""},
        {"penalty == 'l2", "column 12: the quote ' is not closed"},
        {"'", "column 1: the quote ' is not closed"},
        {"`x", "column 1: the quote ` is not closed"},
        {"sqrt(depth) < 2", "column 1: \"sqrt\" is no function; there are min, max and abs"},
        {"abs(1, 2) < 2", "column 1: abs takes one argument, got 2"},
        {"min() < 2", "column 5: a value is expected, got \")\""},
        {"max('a') < 2", "column 5: max needs a number, not a text"},
        {"1.2.3 < 2", "column 1: a number is expected, got \"1.2.3\""},
        {"3x < 2", "column 1: a number is expected, got \"3x\""},
        {"depth < 3 and", "column 14: a value is expected at the end"},
        {"or depth < 3", "column 1: a value is expected, got \"or\""},
        {"depth & 3", "column 7: an operator is expected, got \"&\""},
        {"-penalty == 1", "column 2: - needs a number, not a text"},
        {"penalty ** 2 == 1", "column 1: ** needs a number, not a text"},
    };
    hone_space *space = make_space();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hone_error err = {0};
        assert_int_equal(hone_space_add_where(space, cases[i].text, &err), HONE_EINVAL);
        if (strstr(err.text, cases[i].error) == NULL)
            fail_msg("got:      %s\nexpected: %s", err.text, cases[i].error);
        if (strncmp(err.text, "where \"", 7) != 0)
            fail_msg("%s does not begin with the expression", err.text);
    }
    assert_int_equal(space->n_where, 0);
    hone_space_free(space);
}

static void no_text_exhausts_the_stack(void **state)
{
    (void)state;
    hone_space *space = make_space();
    char text[5001];
    static const char *const units[] = {"(", "not ", "-", "2**", "abs(", "depth in [", "1+"};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t n = strlen(units[i]);
        for (size_t k = 0; k + n <= 4000; k += n)
            memcpy(text + k, units[i], n + 1);
        hone_error err;
        assert_int_equal(hone_space_add_where(space, text, &err), HONE_EINVAL);
    }
    memset(text, ' ', 5000);
    text[5000] = '\0';
    assert_int_equal(hone_space_add_where(space, text, NULL), HONE_EINVAL);

    /* Long but flat is fine. */
    memcpy(text, "depth", 6);
    for (size_t k = 5; k + 5 < 4000; k += 2)
        memcpy(text + k, "+1", 3);
    memcpy(text + strlen(text), " > 0", 5);
    assert_int_equal(hone_space_add_where(space, text, NULL), HONE_OK);
    double row[6];
    make_row(space, row);
    assert_true(space_satisfies(space, row));
    hone_space_free(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_have_pythons_value),
        cmocka_unit_test(every_mistake_is_named_with_its_column),
        cmocka_unit_test(no_text_exhausts_the_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
