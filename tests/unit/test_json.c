/* test_json.c: what is refused, and numbers that come back as the same bits. */
#include "io/json.h"

#include <string.h>

#include "base/mem.h"
#include "near.h"

static void read_and_write(const char *text, const char *expected)
{
    hone_error err = {0};
    json_t *json = json_read(text, strlen(text), &err);
    assert_string_equal(err.text, "");
    assert_non_null(json);
    char *written = json_write(json);
    assert_non_null(written);
    assert_string_equal(written, expected);
    mem_free(written);
    json_decref(json);
}

static void refused(const char *text, const char *part_of_error)
{
    hone_error err = {0};
    assert_null(json_read(text, strlen(text), &err));
    assert_int_equal(err.status, HONE_EINVAL);
    assert_non_null(strstr(err.text, part_of_error));
}

static void texts_come_back_in_their_order_and_compact(void **state)
{
    (void)state;
    read_and_write("{ \"b\": 1, \"a\": [true, false, null, \"x\\n\\u00e9\"] }",
                   "{\"b\":1,\"a\":[true,false,null,\"x\\n\xC3\xA9\"]}");
    read_and_write("[]", "[]");
    read_and_write("{}", "{}");
}

static void numbers_are_shortest_and_whole_ones_have_no_point(void **state)
{
    (void)state;
    read_and_write("[0.1, 1e-5, 2.0, -3, 1e300, 9007199254740993, 0.30000000000000004]",
                   "[0.1,1e-05,2,-3,1e+300,9007199254740993,0.30000000000000004]");
    read_and_write("[-0.0]", "[-0.0]");
}

static void numbers_that_json_lacks_are_strings(void **state)
{
    (void)state;
    hone_setting settings[] = {{"nan", HONE_NUMBER((double)NAN)},
                               {"up", HONE_NUMBER((double)INFINITY)},
                               {"down", HONE_NUMBER(-(double)INFINITY)},
                               {"n", HONE_NUMBER(4)},
                               {"x", HONE_NUMBER(0.25)},
                               {"t", HONE_TEXT("\"q\"")}};
    json_t *json = json_of_settings(settings, sizeof settings / sizeof settings[0]);
    char *text = json_write(json);
    assert_string_equal(text, "{\"nan\":\"NaN\",\"up\":\"Infinity\",\"down\":\"-Infinity\",\"n\":4,"
                              "\"x\":0.25,\"t\":\"\\\"q\\\"\"}");
    mem_free(text);
    json_decref(json);
}

static void settings_come_back_as_they_were(void **state)
{
    (void)state;
    hone_error err = {0};
    const char *text = "{\"lr\":0.000234,\"opt\":\"sgd\",\"n\":12}";
    json_t *json = json_read(text, strlen(text), &err);
    size_t n = 0;
    hone_setting *settings = json_to_settings(json, &n, &err);
    assert_int_equal(n, 3);
    assert_string_equal(settings[0].name, "lr");
    assert_true(settings[0].value.kind == HONE_VALUE_NUMBER);
    assert_true(settings[0].value.number == 0.000234);
    assert_string_equal(settings[1].value.text, "sgd");
    assert_true(settings[2].value.number == 12);
    mem_free(settings);
    json_decref(json);
}

static void settings_of_other_types_are_refused_by_name(void **state)
{
    (void)state;
    hone_error err = {0};
    json_t *json = json_read("{\"a\":1,\"b\":[1]}", 15, &err);
    size_t n = 7;
    assert_null(json_to_settings(json, &n, &err));
    assert_int_equal(n, 0);
    assert_string_equal(err.text, "the value of \"b\" is neither a number nor a string");
    json_decref(json);
    json = json_read("[1]", 3, &err);
    assert_null(json_to_settings(json, &n, &err));
    json_decref(json);
}

static void what_is_no_json_is_refused_with_its_place(void **state)
{
    (void)state;
    refused("{\"a\": 1,\n \"b\": }", "line 2, column");
    refused("{\"a\": 1, \"a\": 2}", "duplicate");
    refused("{\"a\": NaN}", "line 1");
    refused("{} {}", "line 1");
    refused("1", "line 1");
    refused("", "line 1");
    refused("{\"a\": \"\\u0000\"}", "line 1");
    refused("[1e999]", "line 1");
}

static void deep_nesting_is_refused_but_not_brackets_in_strings(void **state)
{
    (void)state;
    char deep[400] = "";
    memset(deep, '[', 65);
    refused(deep, "deeper than 64");
    char flat[400] = "[\"\\\"";
    memset(flat + strlen(flat), '[', 200);
    hone_error err = {0};
    memcpy(flat + strlen(flat), "\"]", 3);
    json_t *json = json_read(flat, strlen(flat), &err);
    assert_non_null(json);
    json_decref(json);
}

static void no_memory_is_an_error_not_a_crash(void **state)
{
    (void)state;
    hone_error err = {0};
    json_t *json = json_read("{\"a\":1}", 7, &err);
    size_t n;
    mem_fail_at(1, 0);
    assert_null(json_to_settings(json, &n, &err));
    assert_int_equal(err.status, HONE_ENOMEM);
    mem_fail_at(1, 0);
    assert_null(json_write(json));
    mem_fail_at(0, 0);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_come_back_in_their_order_and_compact),
        cmocka_unit_test(numbers_are_shortest_and_whole_ones_have_no_point),
        cmocka_unit_test(numbers_that_json_lacks_are_strings),
        cmocka_unit_test(settings_come_back_as_they_were),
        cmocka_unit_test(settings_of_other_types_are_refused_by_name),
        cmocka_unit_test(what_is_no_json_is_refused_with_its_place),
        cmocka_unit_test(deep_nesting_is_refused_but_not_brackets_in_strings),
        cmocka_unit_test(no_memory_is_an_error_not_a_crash),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
