#include "near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/time.h"

static void times_are_rfc_3339_in_utc(void **state)
{
    (void)state;
    /* From date(1): date -u -d @SECONDS. */
    static const struct {
        int64_t ms;
        const char *text;
    } table[] = {{1795514400123, "2026-11-24T10:00:00.123Z"},
                 {951782399999, "2000-02-28T23:59:59.999Z"},
                 {951782400000, "2000-02-29T00:00:00.000Z"},
                 {1, "1970-01-01T00:00:00.001Z"},
                 {-1, "1969-12-31T23:59:59.999Z"},
                 {253402300799999, "9999-12-31T23:59:59.999Z"}};
    setenv("TZ", "Asia/Kathmandu", 1);
    tzset();
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[32];
        int64_t ms;
        time_text(table[i].ms, text);
        assert_string_equal(text, table[i].text);
        assert_true(time_parse(text, &ms));
        assert_int_equal(ms, table[i].ms);
    }
    char text[32];
    time_text(0, text);
    assert_string_equal(text, "");
    time_text(INT64_MAX, text); /* has no year of four digits */
    assert_string_equal(text, "");
}

static void times_of_others_are_read(void **state)
{
    (void)state;
    int64_t ms;
    assert_true(time_parse("2026-11-24T10:00:00Z", &ms) && ms == 1795514400000);
    assert_true(time_parse("2026-11-24 11:30:00.5+01:30", &ms) && ms == 1795514400500);
    assert_true(time_parse("2026-11-24t10:00:00.123456789z", &ms) && ms == 1795514400123);
    static const char *const wrong[] = {"",
                                        "2026-11-24",
                                        "2026-11-24T10:00:00",
                                        "2026-11-24T10:00:00.Z",
                                        "2026-11-24T10:00:00ZZ",
                                        "2026-02-30T10:00:00Z",
                                        "2026-13-01T10:00:00Z",
                                        "2026-11-24T24:00:00Z",
                                        "2026-11-24T10:60:00Z",
                                        "2026-11-24T10:00:00+1:00",
                                        "26-11-24T10:00:00Z",
                                        " 2026-11-24T10:00:00Z"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (time_parse(wrong[i], &ms))
            fail_msg("\"%s\" was read as a time", wrong[i]);
}

static void the_monotonic_clock_goes_forward(void **state)
{
    (void)state;
    int64_t a = time_monotonic_ms(), b = time_monotonic_ms();
    assert_true(b >= a);
    assert_true(time_now_ms() > 1700000000000);
}

static void durations_are_read_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double seconds;
    } table[] = {{"2h", 7200},    {"90s", 90},      {"1h30m", 5400},  {"20m", 1200},
                 {"250ms", 0.25}, {"90", 90},       {"0.5", 0.5},     {"1.5h", 5400},
                 {"1d", 86400},   {"2 h", 7200},    {"1h 30m", 5400}, {"5min", 300},
                 {"1m30s", 90},   {"1s500ms", 1.5}, {"0s", 0},        {"0", 0}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        double seconds = -1;
        if (!duration_parse(table[i].text, &seconds))
            fail_msg("\"%s\" is not read", table[i].text);
        assert_near(seconds, table[i].seconds, 1e-15);
    }
    static const char *const wrong[] = {"",     "h",    "2x",    "-2h", "1m1h", "1h1h",
                                        "1h30", "2 h ", "1..5h", "1e3", "inf",  "nan",
                                        "2hh",  "h2",   " 2h",   "1,5h"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        double seconds = -1;
        if (duration_parse(wrong[i], &seconds))
            fail_msg("\"%s\" was read as %g s", wrong[i], seconds);
        assert_near(seconds, -1.0, 0);
    }
}

static void durations_are_written_for_people(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } table[] = {{3, "3 s"},
                 {0.0012, "1.2 ms"},
                 {7500, "2 h 05 min"},
                 {0, "0 s"},
                 {0.25, "250 ms"},
                 {1.5, "1.5 s"},
                 {59.6, "1 min 00 s"},
                 {90, "1 min 30 s"},
                 {3599.6, "1 h 00 min"},
                 {12, "12 s"},
                 {86400, "24 h 00 min"},
                 {200000, "2 d 08 h"},
                 {0.9996, "1 s"},
                 {-1, "?"},
                 {HUGE_VAL, "?"},
                 {(double)NAN, "?"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[32];
        duration_text(table[i].seconds, text);
        assert_string_equal(text, table[i].text);
    }
}

static void sizes_are_read_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } table[] = {{"8GiB", UINT64_C(8) << 30},
                 {"256M", 256 << 20},
                 {"512kB", 512000},
                 {"1000", 1000},
                 {"1.5GiB", UINT64_C(3) << 29},
                 {"8 GiB", UINT64_C(8) << 30},
                 {"1GB", 1000000000},
                 {"64KiB", 65536},
                 {"64K", 65536},
                 {"64k", 65536},
                 {"12B", 12},
                 {"2TiB", UINT64_C(2) << 40},
                 {"0", 0}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint64_t bytes = 7;
        if (!bytes_parse(table[i].text, &bytes) || bytes != table[i].bytes)
            fail_msg("\"%s\" was read as %llu", table[i].text, (unsigned long long)bytes);
    }
    static const char *const wrong[] = {"",    "GiB",      "8 Gi B", "8XiB", "-1",  "8GiBs",
                                        "1e9", "9999999P", "inf",    "8iB",  "8BB", " 8"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint64_t bytes = 7;
        if (bytes_parse(wrong[i], &bytes))
            fail_msg("\"%s\" was read as %llu", wrong[i], (unsigned long long)bytes);
    }
}

static void sizes_are_written_for_people(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes;
        const char *text;
    } table[] = {{0, "0 B"},
                 {1023, "1023 B"},
                 {1024, "1 KiB"},
                 {UINT64_C(3) << 29, "1.5 GiB"},
                 {(UINT64_C(1) << 30) - 1, "1 GiB"},
                 {UINT64_MAX, "16 EiB"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[32];
        bytes_text(table[i].bytes, text);
        assert_string_equal(text, table[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_rfc_3339_in_utc),
        cmocka_unit_test(times_of_others_are_read),
        cmocka_unit_test(the_monotonic_clock_goes_forward),
        cmocka_unit_test(durations_are_read_as_people_write_them),
        cmocka_unit_test(durations_are_written_for_people),
        cmocka_unit_test(sizes_are_read_as_people_write_them),
        cmocka_unit_test(sizes_are_written_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
