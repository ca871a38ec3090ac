#include "near.h"

#include <float.h>
#include <string.h>

#include "base/mem.h"
#include "space/space.h"

static const struct param *last(const hone_space *space)
{
    return &space->params[space->n - 1];
}

static double code(const hone_space *space, double value)
{
    double u;
    hone_error err;
    if (space_encode(last(space), HONE_NUMBER(value), &u, &err) != HONE_OK)
        fail_msg("%s", err.text);
    return u;
}

static void scales_are_the_tables(void **state)
{
    (void)state;
    hone_space *s = hone_space_new();
    assert_int_equal(hone_space_add_float(s, "a", -1, 3, HONE_LINEAR, NULL), HONE_OK);
    assert_near(code(s, 0), 0.25, 1e-15);
    assert_int_equal(hone_space_add_float(s, "b", 1e-5, 1e-1, HONE_LOG, NULL), HONE_OK);
    assert_near(code(s, 1e-3), 0.5, 1e-14);
    assert_near(space_decode(last(s), 0.25).number, 1e-4, 1e-17);
    assert_int_equal(hone_space_add_float(s, "c", 0, 0.99, HONE_REVERSE_LOG, NULL), HONE_OK);
    assert_near(code(s, 0.9), 0.5, 1e-14);
    assert_near(code(s, 0), 0.0, 1e-15);
    assert_near(code(s, 0.99), 1.0, 1e-15);
    assert_int_equal(hone_space_add_int(s, "d", 1, 4, HONE_LINEAR, NULL), HONE_OK);
    assert_near(code(s, 2), 0.375, 0);
    assert_int_equal(hone_space_add_int(s, "e", 1, 100, HONE_LOG, NULL), HONE_OK);
    /* (ln 10 - ln 0.5) / (ln 100.5 - ln 0.5) */
    assert_near(code(s, 10), 0.56488026343754, 1e-13);
    assert_int_equal(hone_space_add_float(s, "f", 0.1, 0.5, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_set_step(s, "f", 0.1, NULL), HONE_OK);
    assert_int_equal(last(s)->n_cells, 5);
    assert_near(code(s, 0.3), 0.5, 0);
    hone_value widths[] = {HONE_NUMBER(1), HONE_NUMBER(10), HONE_NUMBER(100)};
    assert_int_equal(hone_space_add_ordinal(s, "g", 3, widths, NULL), HONE_OK);
    assert_near(code(s, 10), 0.5, 1e-14); /* logarithmic from a ratio of 100 on */
    hone_value narrow[] = {HONE_NUMBER(1), HONE_NUMBER(2), HONE_NUMBER(5)};
    assert_int_equal(hone_space_add_ordinal(s, "h", 3, narrow, NULL), HONE_OK);
    assert_near(code(s, 2), 0.25, 1e-15);
    hone_value names[] = {HONE_TEXT("lo"), HONE_TEXT("hi")};
    assert_int_equal(hone_space_add_ordinal(s, "i", 2, names, NULL), HONE_OK);
    assert_near(space_cell(last(s), 1), 0.75, 0);
    assert_int_equal(hone_space_add_float(s, "j", 1, 1000, HONE_AUTO, NULL), HONE_OK);
    assert_int_equal(last(s)->scale, HONE_LOG);
    assert_int_equal(hone_space_add_float(s, "k", 1, 999, HONE_AUTO, NULL), HONE_OK);
    assert_int_equal(last(s)->scale, HONE_LINEAR);
    hone_space_free(s);
}

static void steps_give_the_decimal_numbers_that_people_mean(void **state)
{
    (void)state;
    hone_space *s = hone_space_new();
    assert_int_equal(hone_space_add_float(s, "x", 0.05, 0.95, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_set_step(s, "x", 0.1, NULL), HONE_OK);
    static const double expected[] = {0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95};
    assert_int_equal(last(s)->n_cells, 10);
    for (uint64_t i = 0; i < 10; i++)
        assert_true(space_decode(last(s), space_cell(last(s), i)).number == expected[i]);
    hone_space_free(s);
}

static void an_end_that_no_step_reaches_is_not_a_value(void **state)
{
    (void)state;
    hone_space *s = hone_space_new();
    assert_int_equal(hone_space_add_int(s, "x", 1, 10, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_set_step(s, "x", 4, NULL), HONE_OK);
    assert_int_equal(last(s)->n_cells, 3);
    assert_true(space_decode(last(s), 1.0).number == 9.0);
    double u;
    hone_error err;
    assert_int_equal(space_encode(last(s), HONE_NUMBER(10), &u, &err), HONE_EINVAL);
    assert_string_equal(err.text, "parameter \"x\": 10 is not 1 plus a whole number of steps of 4");
    hone_space_free(s);
}

static hone_space *shared; /* for the table of mistakes */

#define FLOAT(...) hone_space_add_float(shared, __VA_ARGS__, &err)
#define INT(...)   hone_space_add_int(shared, __VA_ARGS__, &err)
#define EXPECT(call, status, message)                                                              \
    do {                                                                                           \
        hone_error err = {0};                                                                      \
        assert_int_equal((call), (status));                                                        \
        assert_string_equal(err.text, (message));                                                  \
    } while (0)

static void every_bad_declaration_has_its_text(void **state)
{
    (void)state;
    shared = hone_space_new();
    hone_value ab[] = {HONE_TEXT("a"), HONE_TEXT("b")}, aa[] = {HONE_TEXT("a"), HONE_TEXT("a")};
    hone_value falling[] = {HONE_NUMBER(2), HONE_NUMBER(1)};
    hone_value twice[] = {HONE_NUMBER(2), HONE_NUMBER(2)};
    hone_value both[] = {HONE_NUMBER(2), HONE_TEXT("a")};
    hone_value infinite[] = {HONE_NUMBER((double)INFINITY)};
    assert_int_equal(hone_space_add_choice(shared, "opt", 2, ab, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(shared, "ok", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    EXPECT(FLOAT("1x", 0, 1, HONE_LINEAR), HONE_EINVAL,
           "parameter \"1x\": a name is a letter or _, then letters, digits, _ . : -, at most 255");
    EXPECT(FLOAT("ok", 0, 1, HONE_LINEAR), HONE_EINVAL, "parameter \"ok\" is declared twice");
    EXPECT(FLOAT("x", 0, (double)NAN, HONE_LINEAR), HONE_EINVAL,
           "parameter \"x\": bounds must be finite, got [0, nan]");
    EXPECT(FLOAT("x", 2, 1, HONE_LINEAR), HONE_EINVAL, "parameter \"x\": min 2 is above max 1");
    EXPECT(FLOAT("x", -1e308, 1e308, HONE_LINEAR), HONE_EINVAL,
           "parameter \"x\": the range [-1e+308, 1e+308] is too wide");
    EXPECT(FLOAT("lr", 0, 1, HONE_LOG), HONE_EINVAL,
           "parameter \"lr\": log scale needs min > 0, got 0");
    EXPECT(FLOAT("x", 0.5, 1, HONE_REVERSE_LOG), HONE_EINVAL,
           "parameter \"x\": reverse-log scale needs 0 <= min < max < 1, got [0.5, 1]");
    int unknown = 9;
    EXPECT(FLOAT("x", 0, 1, (hone_scale)unknown), HONE_EINVAL, "parameter \"x\": unknown scale 9");
    EXPECT(INT("x", 0, 10, HONE_LOG), HONE_EINVAL,
           "parameter \"x\": log scale of an int needs min >= 1, got 0");
    EXPECT(INT("x", 0, 10, HONE_REVERSE_LOG), HONE_EINVAL,
           "parameter \"x\": an int can't have reverse-log scale");
    EXPECT(INT("x", 0, (INT64_C(1) << 53) + 1, HONE_LINEAR), HONE_EINVAL,
           "parameter \"x\": bounds of an int must be within -2^53 and 2^53");
    EXPECT(INT("x", 0, INT64_MAX, HONE_LINEAR), HONE_EINVAL,
           "parameter \"x\": bounds of an int must be within -2^53 and 2^53");
    EXPECT(hone_space_add_choice(shared, "x", 0, ab, &err), HONE_EINVAL,
           "parameter \"x\": needs at least one value");
    EXPECT(hone_space_add_choice(shared, "x", 2, aa, &err), HONE_EINVAL,
           "parameter \"x\": value a is given twice");
    EXPECT(hone_space_add_ordinal(shared, "x", 2, falling, &err), HONE_EINVAL,
           "parameter \"x\": ordered numbers must rise");
    EXPECT(hone_space_add_ordinal(shared, "x", 2, twice, &err), HONE_EINVAL,
           "parameter \"x\": value 2 is given twice");
    EXPECT(hone_space_add_ordinal(shared, "x", 2, both, &err), HONE_EINVAL,
           "parameter \"x\": ordered values must be all numbers or all texts");
    EXPECT(hone_space_add_choice(shared, "x", 1, infinite, &err), HONE_EINVAL,
           "parameter \"x\": value 1 is not finite");
    EXPECT(hone_space_set_step(shared, "opt", 1, &err), HONE_EINVAL,
           "parameter \"opt\": only a float or an int has a step");
    EXPECT(hone_space_set_step(shared, "ok", 2, &err), HONE_EINVAL,
           "parameter \"ok\": step must be above 0 and at most max - min = 1, got 2");
    EXPECT(hone_space_set_step(shared, "none", 1, &err), HONE_ENOTFOUND,
           "parameter \"none\" is not declared");
    EXPECT(hone_space_set_default(shared, "ok", HONE_NUMBER(2), &err), HONE_EINVAL,
           "parameter \"ok\": 2 is not in [0, 1]");
    EXPECT(hone_space_set_default(shared, "ok", HONE_TEXT("a"), &err), HONE_EINVAL,
           "parameter \"ok\": \"a\" is not a number");
    EXPECT(hone_space_set_default(shared, "opt", HONE_TEXT("c"), &err), HONE_EINVAL,
           "parameter \"opt\": \"c\" is not one of \"a\", \"b\"");
    EXPECT(hone_space_add_condition(shared, "opt", "ok", 1, ab, &err), HONE_EINVAL,
           "parameter \"opt\": its parent \"ok\" must be declared earlier");
    EXPECT(hone_space_add_condition(shared, "ok", "opt", 1, both, &err), HONE_EINVAL,
           "condition of \"ok\": parameter \"opt\": 2 is not one of \"a\", \"b\"");
    EXPECT(hone_space_add_condition(shared, "ok", "opt", 0, ab, &err), HONE_EINVAL,
           "parameter \"ok\": its condition on \"opt\" has no value");
    EXPECT(hone_space_add_condition(shared, "ok", "none", 1, ab, &err), HONE_ENOTFOUND,
           "parameter \"ok\": its parent \"none\" is not declared");
    assert_int_equal(hone_space_add_float(shared, "later", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    EXPECT(hone_space_add_condition(shared, "later", "ok", 1, twice, &err), HONE_EINVAL,
           "parameter \"later\": its parent \"ok\" is continuous; only one with listed values, an "
           "int or a step can be a parent");
    assert_int_equal(shared->n, 3);
    hone_space_free(shared);
}

/* opt in {sgd, adam}; momentum (5 values) if sgd; nesterov (2 values) if momentum > 0. */
static hone_space *conditional(void)
{
    hone_space *s = hone_space_new();
    hone_value opts[] = {HONE_TEXT("sgd"), HONE_TEXT("adam")};
    hone_value some[] = {HONE_NUMBER(1), HONE_NUMBER(2), HONE_NUMBER(3), HONE_NUMBER(4)};
    assert_int_equal(hone_space_add_choice(s, "opt", 2, opts, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(s, "momentum", 0, 4, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(s, "nesterov", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(s, "momentum", "opt", 1, opts, NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(s, "nesterov", "momentum", 4, some, NULL), HONE_OK);
    return s;
}

static uint64_t size_of(const hone_space *s)
{
    uint64_t size;
    assert_int_equal(hone_space_size(s, &size, NULL), HONE_OK);
    return size;
}

static void sizes_count_active_configurations(void **state)
{
    (void)state;
    hone_space *s = conditional();
    assert_int_equal(size_of(s), 1 + 1 + 4 * 2);
    assert_int_equal(hone_space_add_int(s, "free", 1, 1000000, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(size_of(s), 10000000);
    assert_int_equal(hone_space_add_where(s, "momentum != 2", NULL), HONE_OK);
    assert_int_equal(size_of(s), 8000000);
    assert_int_equal(hone_space_add_float(s, "x", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(size_of(s), 0);
    hone_space_free(s);

    s = hone_space_new();
    for (int i = 0; i < 5; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        assert_int_equal(hone_space_add_int(s, name, 1, 100000, HONE_LINEAR, NULL), HONE_OK);
    }
    assert_int_equal(size_of(s), 0); /* 10^25 does not fit 64 bits */
    hone_space_free(s);

    s = hone_space_new();
    assert_int_equal(size_of(s), 1);
    assert_int_equal(hone_space_add_float(s, "one", 3, 3, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(size_of(s), 1);
    assert_int_equal(hone_space_add_int(s, "n", 1, 1000001, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(size_of(s), 1000001);
    assert_int_equal(hone_space_add_where(s, "n > 0", NULL), HONE_OK);
    assert_int_equal(size_of(s), 0); /* too many steps */
    hone_space_free(s);
}

static void enumeration_meets_each_configuration_once(void **state)
{
    (void)state;
    hone_space *s = conditional();
    double rows[20][3];
    size_t n = 1;
    space_first(s, rows[0]);
    for (;;) {
        memcpy(rows[n], rows[n - 1], sizeof rows[0]);
        if (!space_next(s, rows[n]))
            break;
        for (size_t i = 0; i < n; i++)
            assert_false(row_equal(rows[i], rows[n], 3));
        n++;
        assert_true(n < 20);
    }
    assert_int_equal(n, 10);
    assert_true(space_is_finite(s));
    hone_space_free(s);
}

static void rows_need_exactly_the_active_settings(void **state)
{
    (void)state;
    hone_space *s = conditional();
    double row[3];
    hone_error err;
    hone_setting adam[] = {{"opt", HONE_TEXT("adam")}, {"momentum", HONE_NUMBER(1)}};
    assert_int_equal(space_row_of(s, adam, 1, row, &err), HONE_OK);
    assert_true(row[1] == INACTIVE && row[2] == INACTIVE);
    assert_int_equal(space_row_of(s, adam, 2, row, &err), HONE_EINVAL);
    assert_string_equal(err.text, "parameter \"momentum\" is inactive in this configuration");
    hone_setting sgd[] = {{"opt", HONE_TEXT("sgd")},
                          {"momentum", HONE_NUMBER(0)},
                          {"opt", HONE_TEXT("sgd")},
                          {"lr", HONE_NUMBER(0)}};
    assert_int_equal(space_row_of(s, sgd, 1, row, &err), HONE_EINVAL);
    assert_string_equal(err.text, "parameter \"momentum\" is missing");
    assert_int_equal(space_row_of(s, sgd, 2, row, &err), HONE_OK);
    assert_int_equal(space_row_of(s, sgd, 3, row, &err), HONE_EINVAL);
    assert_string_equal(err.text, "parameter \"opt\" is given twice");
    assert_int_equal(space_row_of(s, sgd + 3, 1, row, &err), HONE_EINVAL);
    assert_string_equal(err.text, "parameter \"lr\" is not in the space");
    hone_setting out[3];
    assert_int_equal(space_row_of(s, sgd, 2, row, &err), HONE_OK);
    assert_int_equal(space_settings_of(s, row, out), 2);
    assert_string_equal(out[0].value.text, "sgd");
    assert_string_equal(out[1].name, "momentum");
    hone_space_free(s);
}

static void completing_draws_what_became_active_and_rounds_the_rest(void **state)
{
    (void)state;
    hone_space *s = conditional();
    struct rng rng;
    rng_init(&rng, 1, RNG_TEST, 0);
    double row[3] = {0.0, INACTIVE, 0.9};
    space_complete(s, row, &rng);
    assert_true(row[1] >= 0.0);
    assert_true(row[1] == space_round(&s->params[1], row[1]));
    double off[3] = {1.0, 0.3, 0.3};
    space_complete(s, off, &rng);
    assert_true(off[1] == INACTIVE && off[2] == INACTIVE);
    double near[3] = {0.2, 0.51, 0.2};
    space_complete(s, near, &rng);
    assert_true(near[0] == 0.0 && near[1] == 0.5 && near[2] == 0.25);
    hone_space_free(s);
}

static void a_copy_is_independent_and_equal(void **state)
{
    (void)state;
    hone_space *s = conditional();
    hone_value names[] = {HONE_TEXT("s"), HONE_TEXT("m")};
    assert_int_equal(hone_space_add_ordinal(s, "size", 2, names, NULL), HONE_OK);
    assert_int_equal(hone_space_add_where(s, "size == 'm' or opt == 'sgd'", NULL), HONE_OK);
    struct hone_space *copy = space_dup(s);
    uint64_t size = size_of(s);
    hone_space_free(s);
    assert_int_equal(size_of(copy), size);
    hone_space_free(copy);
    hone_space_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales_are_the_tables),
        cmocka_unit_test(steps_give_the_decimal_numbers_that_people_mean),
        cmocka_unit_test(an_end_that_no_step_reaches_is_not_a_value),
        cmocka_unit_test(every_bad_declaration_has_its_text),
        cmocka_unit_test(sizes_count_active_configurations),
        cmocka_unit_test(enumeration_meets_each_configuration_once),
        cmocka_unit_test(rows_need_exactly_the_active_settings),
        cmocka_unit_test(completing_draws_what_became_active_and_rounds_the_rest),
        cmocka_unit_test(a_copy_is_independent_and_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
