#include "near.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "hone.h"

/* Ask until there is no more, and write the settings as "a1 b2 ". */
static size_t ask_all(const hone_space *space, const hone_options *options, char *out, size_t room)
{
    hone_error err;
    hone_optimizer *opt = hone_optimizer_new(space, options, &err);
    if (opt == NULL)
        fail_msg("%s", err.text);
    const hone_trial *trial;
    size_t n = 0, len = 0;
    while ((trial = hone_ask(opt, &err)) != NULL) {
        size_t n_settings;
        const hone_setting *settings = hone_trial_settings(trial, &n_settings);
        for (size_t i = 0; i < n_settings && out != NULL; i++) {
            assert_true(len + 20 < room);
            len += settings[i].value.kind == HONE_VALUE_TEXT
                       ? (size_t)snprintf(out + len, room - len, "%s", settings[i].value.text)
                       : (size_t)snprintf(out + len, room - len, "%g", settings[i].value.number);
        }
        if (out != NULL)
            len += (size_t)snprintf(out + len, room - len, " ");
        n++;
    }
    assert_int_equal(err.status, HONE_EEXHAUSTED);
    hone_optimizer_free(opt);
    return n;
}

static hone_space *make_space(void)
{
    hone_space *s = hone_space_new();
    hone_value letters[] = {HONE_TEXT("a"), HONE_TEXT("b")};
    assert_int_equal(hone_space_add_choice(s, "c", 2, letters, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(s, "n", 1, 3, HONE_LINEAR, NULL), HONE_OK);
    return s;
}

static void the_last_parameter_is_the_fastest(void **state)
{
    (void)state;
    hone_space *s = make_space();
    char text[200];
    assert_int_equal(ask_all(s, &(hone_options){.strategy = "grid"}, text, sizeof text), 6);
    assert_string_equal(text, "a1 a2 a3 b1 b2 b3 ");
    hone_space_free(s);
}

static void only_active_combinations_that_satisfy_where_are_met(void **state)
{
    (void)state;
    hone_space *s = make_space();
    hone_value b = HONE_TEXT("b");
    assert_int_equal(hone_space_add_int(s, "m", 7, 8, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(s, "m", "c", 1, &b, NULL), HONE_OK);
    assert_int_equal(hone_space_add_where(s, "n != 2", NULL), HONE_OK);
    char text[200];
    assert_int_equal(ask_all(s, &(hone_options){.strategy = "grid"}, text, sizeof text), 6);
    assert_string_equal(text, "a1 a3 b17 b18 b37 b38 ");
    hone_space_free(s);
}

static void points_are_the_middles_of_equal_parts(void **state)
{
    (void)state;
    hone_space *s = hone_space_new();
    char text[200];
    assert_int_equal(hone_space_add_float(s, "x", 0, 10, HONE_LINEAR, NULL), HONE_OK);
    hone_options options = {.strategy = "grid", .grid_points = 5};
    assert_int_equal(ask_all(s, &options, text, sizeof text), 5);
    assert_string_equal(text, "1 3 5 7 9 ");
    hone_space_free(s);
}

static void a_shuffle_meets_each_once_in_an_order_of_the_seed(void **state)
{
    (void)state;
    hone_space *s = make_space();
    assert_int_equal(hone_space_add_int(s, "k", 0, 99, HONE_LINEAR, NULL), HONE_OK);
    static char orders[3][8000];
    for (uint64_t i = 0; i < 3; i++) {
        hone_options options = {.strategy = "grid", .shuffle = true, .seed = i / 2};
        assert_int_equal(ask_all(s, &options, orders[i], sizeof orders[i]), 600);
    }
    assert_string_equal(orders[0], orders[1]);
    assert_string_not_equal(orders[0], orders[2]);
    assert_int_equal(strlen(orders[0]), strlen(orders[2]));
    hone_space_free(s);
}

static void too_many_combinations_are_refused(void **state)
{
    (void)state;
    hone_space *s = make_space();
    hone_error err;
    assert_int_equal(hone_space_add_int(s, "k", 1, 200000, HONE_LINEAR, NULL), HONE_OK);
    assert_null(hone_optimizer_new(s, &(hone_options){.strategy = "grid"}, &err));
    assert_string_equal(err.text, "strategy grid: more than 1000000 combinations");
    hone_space_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_parameter_is_the_fastest),
        cmocka_unit_test(only_active_combinations_that_satisfy_where_are_met),
        cmocka_unit_test(points_are_the_middles_of_equal_parts),
        cmocka_unit_test(a_shuffle_meets_each_once_in_an_order_of_the_seed),
        cmocka_unit_test(too_many_combinations_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
