/* test_query.c: the expressions of `hone trials --where`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/query.h"

/* lr = 0.01, n = 3, kind = 'a b', `val:x` = 7; gone has no value. */
static bool knows(void *context, const char *name)
{
    (void)context;
    return strstr(" lr n kind gone val:x ", name) != NULL;
}

static struct query_value lookup(void *context, const char *name)
{
    (void)context;
    if (strcmp(name, "kind") == 0)
        return (struct query_value){.kind = QUERY_TEXT, .text = "a b"};
    if (strcmp(name, "gone") == 0)
        return (struct query_value){.kind = QUERY_MISSING};
    double number = strcmp(name, "lr") == 0 ? 0.01 : strcmp(name, "n") == 0 ? 3 : 7;
    return (struct query_value){.kind = QUERY_NUMBER, .number = number};
}

static void expressions_hold_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool holds;
    } cases[] = {
        {"lr < 1e-1", true},
        {"lr < 1e-3", false},
        {"n == 3 and kind == 'a b'", true},
        {"n = 3 and kind != \"a b\"", false},
        {"n == 4 or n == 3", true},
        {"not n == 3", false},
        {"not (n == 3 and lr > 1)", true},
        {"1 < n < 4", true},
        {"1 < n < 3", false},
        {"(n + 1) * 2 == 8", true},
        {"n - -1 == 4 and -n == -3", true},
        {"n / 2 >= 1.5", true},
        {"`val:x` == 7", true},
        {"n == 'three'", false},
        {"n != 'three'", true},
        {"kind < 3", false},
        {"gone == 1", false},
        {"gone != 1", false},
        {"not gone == 1", true},
        {"n == 1 or n == 2 or n == 3", true},
        {"n == 3 or n == 1 and n == 2", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hone_error err = {0};
        struct query *query = query_new(cases[i].text, knows, NULL, &err);
        if (query == NULL)
            fail_msg("%s: %s", cases[i].text, err.text);
        if (query_holds(query, lookup, NULL) != cases[i].holds)
            fail_msg("%s", cases[i].text);
        query_free(query);
    }
}

static void a_wrong_expression_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"", "a name, number or text is missing at the end of \"\""},
        {"n ==", "a name, number or text is missing at the end of \"n ==\""},
        {"n", "a comparison, such as < or ==, is missing at the end of \"n\""},
        {"n == 3 and 4",
         "a comparison, such as < or ==, is missing at the end of \"n == 3 and 4\""},
        {"(n == 3", "\")\" is missing at the end of \"(n == 3\""},
        {"n == 3 3", "the end expected at \"3\""},
        {"nn == 3", "no field \"nn\" (a text stands in quotes: 'nn')"},
        {"`x:y` == 3", "no field \"x:y\""},
        {"kind == 'a", "no closing ' after 'a"},
        {"n == 1.2.3", "a number expected at \"1.2.3\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hone_error err = {0};
        assert_null(query_new(cases[i].text, knows, NULL, &err));
        assert_string_equal(err.text, cases[i].error);
    }
}

static void depth_and_size_are_limited(void **state)
{
    (void)state;
    char deep[4001];
    memset(deep, '(', 4000);
    deep[4000] = '\0';
    hone_error err = {0};
    assert_null(query_new(deep, knows, NULL, &err));
    memset(deep, '-', 4000);
    assert_null(query_new(deep, knows, NULL, &err));
    for (size_t i = 0; i < 1000; i++)
        memcpy(deep + 4 * i, "not ", 4);
    assert_null(query_new(deep, knows, NULL, &err));
    for (size_t i = 0; i < 1000; i++)
        memcpy(deep + 4 * i, i % 2 == 0 ? "n + " : "1 + ", 4);
    assert_null(query_new(deep, knows, NULL, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_hold_or_not),
        cmocka_unit_test(a_wrong_expression_is_refused_with_its_place),
        cmocka_unit_test(depth_and_size_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
