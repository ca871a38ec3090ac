#include "near.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static void a_buffer_is_a_text_at_any_time(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    assert_string_equal(b.data, "");
    buf_text(&b, "a=");
    buf_printf(&b, "%d", 42);
    buf_char(&b, ' ');
    buf_double(&b, 0.1);
    assert_string_equal(b.data, "a=42 0.1");
    assert_int_equal(b.len, strlen(b.data));
    buf_clear(&b);
    assert_string_equal(b.data, "");
    buf_release(&b);
    assert_string_equal(b.data, "");
}

static void the_limit_holds_and_a_failure_sticks_until_clear(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    buf_text(&b, "12345");
    assert_false(b.failed);
    buf_char(&b, '6');
    assert_true(b.failed);
    assert_string_equal(b.data, "12345");
    buf_clear(&b);
    buf_printf(&b, "%s", "123456");
    assert_true(b.failed);
    buf_text(&b, "1");
    assert_int_equal(b.len, 0);
    assert_null(buf_take(&b));
    buf_text(&b, "again");
    assert_string_equal(b.data, "again");
    buf_release(&b);
}

static void running_out_of_memory_is_remembered(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    mem_fail_at(1, 0);
    buf_text(&b, "x");
    mem_fail_at(0, 0);
    assert_true(b.failed);
    assert_string_equal(b.data, "");
    buf_release(&b);
}

static void buf_json_escapes_controls_and_bad_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain", "\"plain\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\n\t\x01", "\"\\n\\t\\u0001\""},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""},
        {"\xFF", "\"\xEF\xBF\xBD\""},
        {"\xC3", "\"\xEF\xBF\xBD\""},                                 /* cut short */
        {"\xC0\xAF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},                 /* overlong */
        {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}, /* surrogate */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b;
        buf_init(&b, 1000);
        buf_json(&b, cases[i].in);
        assert_string_equal(b.data, cases[i].out);
        buf_release(&b);
    }
}

static void buf_take_gives_the_text_away(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    buf_text(&b, "mine");
    char *text = buf_take(&b);
    assert_string_equal(text, "mine");
    assert_string_equal(b.data, "");
    mem_free(text);
    text = buf_take(&b);
    assert_string_equal(text, "");
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_is_a_text_at_any_time),
        cmocka_unit_test(the_limit_holds_and_a_failure_sticks_until_clear),
        cmocka_unit_test(running_out_of_memory_is_remembered),
        cmocka_unit_test(buf_json_escapes_controls_and_bad_utf8),
        cmocka_unit_test(buf_take_gives_the_text_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
