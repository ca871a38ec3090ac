#include "near.h"

#include <float.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static void numbers_read_and_non_numbers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {
        {"0", 0.0},          {"-3", -3.0},
        {"+2.5", 2.5},       {".5", 0.5},
        {"5.", 5.0},         {"1e-5", 1e-5},
        {"1E+3", 1000.0},    {"0x1p-3", 0.125},
        {"inf", INFINITY},   {"-Infinity", -INFINITY},
        {"1e400", INFINITY}, {"5e-324", 5e-324},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        double x;
        assert_true(str_double(good[i].text, strlen(good[i].text), &x));
        assert_true(x == good[i].value);
    }
    double x = 1.0;
    assert_true(str_double("nan", 3, &x) && isnan(x));
    static const char *const bad[] = {"",       " 1", "1 ",   "0,5",  "1,234.5", "1.2.3",
                                      "e5",     "1e", "1e+",  "0x",   "--1",     "1f",
                                      "nan(3)", ".",  "infi", "1_000"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (str_double(bad[i], strlen(bad[i]), &x))
            fail_msg("\"%s\" was read as %g", bad[i], x);
}

static void only_len_bytes_are_read(void **state)
{
    (void)state;
    double x;
    int64_t i;
    assert_true(str_double("12345", 2, &x) && x == 12.0);
    assert_true(str_int64("12345", 2, &i) && i == 12);
}

static void integers_read_up_to_the_bounds(void **state)
{
    (void)state;
    int64_t x;
    assert_true(str_int64("9223372036854775807", 19, &x) && x == INT64_MAX);
    assert_true(str_int64("-9223372036854775808", 20, &x) && x == INT64_MIN);
    assert_false(str_int64("9223372036854775808", 19, &x));
    assert_false(str_int64("-9223372036854775809", 20, &x));
    assert_false(str_int64("1.0", 3, &x));
    assert_false(str_int64("-", 1, &x));
    assert_false(str_int64("", 0, &x));
}

static void doubles_are_written_shortest(void **state)
{
    (void)state;
    static const struct {
        double x;
        const char *text;
    } cases[] = {
        {0.1, "0.1"},
        {3.0, "3"},
        {1e-5, "1e-05"},
        {0.0001, "0.0001"},
        {-2.5, "-2.5"},
        {1e16, "10000000000000000"},
        {1e17, "1e+17"},
        {1e300, "1e+300"},
        {0.0, "0"},
        {-0.0, "-0"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {1.0 / 3.0, "0.3333333333333333"},
        {100.0, "100"},
        {123456.789, "123456.789"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {9007199254740993.0, "9007199254740992"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        size_t len = str_from_double(text, cases[i].x);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(len, strlen(text));
    }
}

static void rounding_is_to_decimal_digits(void **state)
{
    (void)state;
    assert_true(str_round(0.0010000000000000002, 10) == 0.001);
    assert_true(str_round(-123456.789, 4) == -123500.0);
    assert_true(str_round(0.0, 3) == 0.0);
    assert_true(isinf(str_round(-INFINITY, 3)));
}

static void writing_and_reading_gives_the_same_bits(void **state)
{
    (void)state;
    uint64_t bits = 88172645463325252u; /* xorshift: any spread of bit patterns will do */
    for (int i = 0; i < 20000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        double x, back;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x))
            continue;
        char text[32];
        size_t len = str_from_double(text, x);
        assert_true(len < 32);
        assert_true(str_double(text, len, &back));
        assert_memory_equal(&x, &back, sizeof x);
    }
}

static void the_locale_does_not_matter(void **state)
{
    (void)state;
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL &&
        setlocale(LC_NUMERIC, "fr_FR.UTF-8") == NULL)
        return; /* no such locale on this machine */
    double x;
    char text[32];
    assert_true(str_double("1.5", 3, &x) && x == 1.5);
    assert_false(str_double("1,5", 3, &x));
    str_from_double(text, 1.5);
    assert_string_equal(text, "1.5");
    setlocale(LC_NUMERIC, "C");
}

static void names_follow_their_pattern(void **state)
{
    (void)state;
    char longest[257];
    memset(longest, 'a', 256);
    longest[256] = '\0';
    assert_false(str_is_name(longest));
    longest[255] = '\0';
    assert_true(str_is_name(longest));
    static const char *const good[] = {"a", "_x", "lr", "model.depth", "a:b", "x-1"};
    static const char *const bad[] = {"", "1a", "-a", "a b", "\xC3\xA9", "a/b", "a\n"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(str_is_name(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(str_is_name(bad[i]));
}

static void the_nearest_word_is_found_within_its_distance(void **state)
{
    (void)state;
    static const char *const keys[] = {"max_trials", "max_parallel", "metrics", "seed"};
    assert_string_equal(str_nearest("max_trails", keys, 4), "max_trials");
    assert_string_equal(str_nearest("metric", keys, 4), "metrics");
    assert_string_equal(str_nearest("sede", keys, 4), "seed");
    assert_null(str_nearest("strategy", keys, 4));
    assert_null(str_nearest("x", keys, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_read_and_non_numbers_are_refused),
        cmocka_unit_test(only_len_bytes_are_read),
        cmocka_unit_test(integers_read_up_to_the_bounds),
        cmocka_unit_test(doubles_are_written_shortest),
        cmocka_unit_test(rounding_is_to_decimal_digits),
        cmocka_unit_test(writing_and_reading_gives_the_same_bits),
        cmocka_unit_test(the_locale_does_not_matter),
        cmocka_unit_test(names_follow_their_pattern),
        cmocka_unit_test(the_nearest_word_is_found_within_its_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
