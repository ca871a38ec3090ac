#include "near.h"

#include "base/mem.h"
#include "search/seen.h"

static hone_space *make_space(void)
{
    hone_space *s = hone_space_new();
    assert_int_equal(hone_space_add_int(s, "n", 1, 4, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(s, "x", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(s, "y", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    return s;
}

static void rows_are_found_to_the_tolerance_also_at_the_edge_of_a_bin(void **state)
{
    (void)state;
    hone_space *s = make_space();
    struct seen seen;
    seen_init(&seen, s);
    double row[3] = {0.125, 0.0, 0.5};
    assert_false(seen_has(&seen, row));
    assert_true(seen_reserve(&seen, 1));
    for (int k = 0; k < 64; k++) { /* bins have their edges at (k + 1/2) / 2^20 */
        row[1] = (k + 0.5) / 1048576.0;
        seen_add(&seen, row);
        for (double offset = -0.9; offset < 0.95; offset += 0.1) {
            double near[3] = {0.125, row[1] + offset * ROW_EPS, 0.5 - offset * ROW_EPS};
            assert_true(seen_has(&seen, near));
        }
        double off[3] = {0.125, row[1] + 2.0 * ROW_EPS, 0.5};
        assert_false(seen_has(&seen, off));
        double other_y[3] = {0.125, row[1], 0.6}, other_n[3] = {0.375, row[1], 0.5};
        assert_false(seen_has(&seen, other_y));
        assert_false(seen_has(&seen, other_n));
        seen_remove(&seen, row);
        assert_false(seen_has(&seen, row));
    }
    seen_release(&seen);
    hone_space_free(s);
}

#define N 3000

/* Added and removed in a random order, checked against a plain list. */
static void it_agrees_with_a_list_whatever_comes_and_goes(void **state)
{
    (void)state;
    hone_space *s = make_space();
    struct seen seen;
    seen_init(&seen, s);
    static double rows[N][3];
    static bool is_in[N];
    struct rng rng;
    rng_init(&rng, 1, RNG_TEST, 0);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < 3; j++) /* x in few places: many rows share a bin */
            rows[i][j] = j == 1 ? (double)rng_below(&rng, 8) / 8.0 : rng_uniform(&rng);
        rows[i][0] = space_round(&s->params[0], rows[i][0]);
    }
    assert_true(seen_reserve(&seen, N));
    size_t n = 0;
    for (int step = 0; step < 20000; step++) {
        size_t i = (size_t)rng_below(&rng, N);
        if (is_in[i])
            seen_remove(&seen, rows[i]);
        else
            seen_add(&seen, rows[i]);
        is_in[i] = !is_in[i];
        n += is_in[i] ? 1 : (size_t)-1;
        size_t k = (size_t)rng_below(&rng, N);
        assert_int_equal(seen_has(&seen, rows[k]), is_in[k]);
    }
    assert_int_equal(seen.n, n);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(seen_has(&seen, rows[i]), is_in[i]);
    seen_release(&seen);
    hone_space_free(s);
}

static void the_same_row_may_be_in_it_twice(void **state)
{
    (void)state;
    hone_space *s = make_space();
    struct seen seen;
    seen_init(&seen, s);
    double one[3] = {0.125, 0.5, 0.5}, two[3] = {0.125, 0.5, 0.5};
    assert_true(seen_reserve(&seen, 2));
    seen_add(&seen, one);
    seen_add(&seen, two);
    seen_remove(&seen, one);
    assert_true(seen_has(&seen, one));
    seen_remove(&seen, two);
    assert_false(seen_has(&seen, one));
    seen_release(&seen);
    hone_space_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_found_to_the_tolerance_also_at_the_edge_of_a_bin),
        cmocka_unit_test(it_agrees_with_a_list_whatever_comes_and_goes),
        cmocka_unit_test(the_same_row_may_be_in_it_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
