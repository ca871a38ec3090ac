/* test_text.c: nothing that others wrote reaches a terminal as a command to it; tables align. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/plot.h"
#include "report/table.h"
#include "report/text.h"

static void control_characters_become_visible(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
        int width;
    } cases[] = {
        {"plain", "plain", 5},
        {"\x1b[31mred", "\\x1b[31mred", 11},
        {"a\nb\tc\r", "a\\nb\\tc\\r", 9},
        {"\x7f\x01", "\\x7f\\x01", 8},
        {"\xc2\x9b"
         "31m",
         "\\x9b31m", 7}, /* CSI in one character */
        {"\xe2\x80\xae"
         "abc",
         "\\u202eabc", 9},                                           /* right to left from here */
        {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd", 2},                 /* no UTF-8 */
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", 2},                 /* an overlong form */
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 3}, /* a surrogate */
        {"f\xc3\xbcnf", "f\xc3\xbcnf", 4},
        {"\xe6\x9d\xb1\xe4\xba\xac", "\xe6\x9d\xb1\xe4\xba\xac", 4}, /* two wide characters */
        {"e\xcc\x81", "e\xcc\x81", 1},                               /* a combining accent */
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd", 2},                 /* cut in the middle */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out;
        buf_init(&out, 1000);
        text_add(&out, cases[i].text, 100);
        assert_string_equal(out.data, cases[i].shown);
        assert_int_equal(text_width(cases[i].text), cases[i].width);
        buf_release(&out);
    }
}

static void a_long_text_ends_in_an_ellipsis(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    text_add(&out, "abcdef", 6);
    assert_string_equal(out.data, "abcdef");
    buf_clear(&out);
    text_add(&out, "abcdef", 5);
    assert_string_equal(out.data, "abcd…");
    buf_clear(&out);
    text_add(&out, "\xe6\x9d\xb1\xe4\xba\xac", 3); /* never half a wide character */
    assert_string_equal(out.data, "\xe6\x9d\xb1…");
    buf_release(&out);
}

static void numbers_have_five_digits(void **state)
{
    (void)state;
    static const struct {
        double x;
        const char *text;
    } cases[] = {{0.912345678, "0.91235"},
                 {0.000234, "0.000234"},
                 {123456, "123456"},
                 {-3, "-3"},
                 {-0.0, "0"},
                 {1e300, "1e+300"},
                 {1.0 / 3, "0.33333"},
                 {12345.678, "12346"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        text_number(text, cases[i].x);
        assert_string_equal(text, cases[i].text);
    }
}

/** What a table prints; free(). */
static char *printed(struct table *table, int columns)
{
    char *data = NULL;
    size_t size;
    FILE *out = open_memstream(&data, &size);
    assert_non_null(out);
    assert_true(table_print(table, out, columns, false));
    fclose(out);
    return data;
}

static struct table *example(void)
{
    struct table *table = table_new(
        3, (struct table_column[]){{"N", true, 0}, {"NAME", false, 0}, {"NOTE", false, 1}});
    table_cell(table, "1");
    table_cell(table, "f\xc3\xbcnf");
    table_cell(table, "a rather long note");
    table_cell(table, "10");
    table_cell(table, "six");
    table_cell(table, NULL);
    return table;
}

static void a_table_aligns(void **state)
{
    (void)state;
    struct table *table = example();
    char *text = printed(table, 0);
    assert_string_equal(text, " N  NAME  NOTE\n"
                              " 1  f\xc3\xbcnf  a rather long note\n"
                              "10  six\n");
    free(text);
    table_free(table);
}

static void a_table_fits(void **state)
{
    (void)state;
    struct table *table = example();
    char *text = printed(table, 22);
    assert_string_equal(text, " N  NAME  NOTE\n"
                              " 1  f\xc3\xbcnf  a rather lo…\n"
                              "10  six\n");
    free(text);
    table_free(table);
    table = example();
    text = printed(table, 12);
    assert_string_equal(text, " N  NAME\n"
                              " 1  f\xc3\xbcnf\n"
                              "10  six\n"
                              "not shown\nfor want of\nwidth: NOTE\n");
    free(text);
    table_free(table);
}

static void a_curve_rises_from_left_to_right(void **state)
{
    (void)state;
    char *data = NULL;
    size_t size;
    FILE *out = open_memstream(&data, &size);
    plot_curve(out, (double[]){1, 2, 3, 4}, (double[]){0, 1, 2, 3}, 4, 4, 2);
    fclose(out);
    assert_string_equal(data, "  3 ┤  ⡠⠊\n"
                              "  0 ┤⡠⠊\n"
                              "     1  4\n");
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_characters_become_visible),
        cmocka_unit_test(a_long_text_ends_in_an_ellipsis),
        cmocka_unit_test(numbers_have_five_digits),
        cmocka_unit_test(a_table_aligns),
        cmocka_unit_test(a_table_fits),
        cmocka_unit_test(a_curve_rises_from_left_to_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
