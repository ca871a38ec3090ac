#include "near.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

static void error_set_fills_text_and_returns_status(void **state)
{
    (void)state;
    hone_error err;
    assert_int_equal(error_set(&err, HONE_EINVAL, "parameter \"%s\": %d", "lr", 3), HONE_EINVAL);
    assert_int_equal(err.status, HONE_EINVAL);
    assert_string_equal(err.text, "parameter \"lr\": 3");
    assert_int_equal(error_set(NULL, HONE_EIO, "x"), HONE_EIO);
}

static void a_text_is_one_line_whatever_it_quotes(void **state)
{
    (void)state;
    hone_error err;
    (void)error_set(&err, HONE_EINVAL, "%s", "a\nb\tc\x1b[1m");
    assert_string_equal(err.text, "a?b?c?[1m");
}

static void a_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    hone_error err;
    char text[700];
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xC3\xA9", 3);
    (void)error_set(&err, HONE_EINVAL, "x%s", text);
    assert_int_equal(strlen(err.text), 499);
    (void)error_set(&err, HONE_EINVAL, "xy%s", text);
    assert_int_equal(strlen(err.text), 498);
}

static void error_errno_ends_in_the_reason_and_keeps_errno(void **state)
{
    (void)state;
    hone_error err;
    errno = ENOENT;
    assert_int_equal(error_errno(&err, HONE_EIO, "open %s", "x"), HONE_EIO);
    assert_string_equal(err.text, "open x: No such file or directory");
    assert_int_equal(errno, ENOENT);
}

static void every_status_has_a_text(void **state)
{
    (void)state;
#define CHECK(name, value, text) assert_string_equal(hone_status_text(HONE_##name), text);
    HONE_STATUS_MAP(CHECK)
#undef CHECK
    int unknown = 77;
    assert_string_equal(hone_status_text((hone_status)unknown), "unknown status");
    assert_string_equal(hone_version(), HONE_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_set_fills_text_and_returns_status),
        cmocka_unit_test(a_text_is_one_line_whatever_it_quotes),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
        cmocka_unit_test(error_errno_ends_in_the_reason_and_keeps_errno),
        cmocka_unit_test(every_status_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
