/* prop_space.c: laws of spaces, over random ones. */
#include "near.h"

#include <string.h>

#include "base/mem.h"
#include "random_space.h"

#define N_SPACES 300
#define MAX_D    6

static uint64_t seed;

static void each_space(bool finite, void (*law)(const hone_space *, struct rng *))
{
    for (uint64_t i = 0; i < N_SPACES; i++) {
        struct rng rng;
        rng_init(&rng, seed, RNG_TEST, i);
        hone_space *space = random_space(&rng, finite);
        law(space, &rng);
        hone_space_free(space);
    }
}

static double recode(const struct param *p, double coordinate)
{
    double again;
    hone_error err;
    if (space_encode(p, space_decode(p, coordinate), &again, &err) != HONE_OK)
        fail_msg("%s", err.text);
    return again;
}

static void cells_come_back(const hone_space *space, struct rng *rng)
{
    for (size_t j = 0; j < space->n; j++) {
        const struct param *p = &space->params[j];
        for (uint64_t i = 0; i < p->n_cells; i++) {
            double c = space_cell(p, i);
            assert_true(recode(p, c) == c);
            assert_int_equal(space_cell_of(p, c), i);
            assert_true(space_round(p, c) == c);
            assert_true(p->kind == PARAM_CHOICE || (c >= 0.0 && c <= 1.0));
            assert_true(i == 0 || c > space_cell(p, i - 1));
        }
        for (int k = 0; k < 20 && p->n_cells == 0; k++) {
            double x = p->lo + rng_uniform(rng) * (p->hi - p->lo), u;
            assert_int_equal(space_encode(p, HONE_NUMBER(x), &u, NULL), HONE_OK);
            double y = space_decode(p, u).number;
            assert_true(y >= p->lo && y <= p->hi);
            assert_near(y, x, 1e-11);
            assert_near(recode(p, u), u, 1e-12);
        }
    }
}

static void decoding_and_encoding_are_inverse(void **state)
{
    (void)state;
    each_space(false, cells_come_back);
    each_space(true, cells_come_back);
}

static void edges_are_between(const hone_space *space, struct rng *rng)
{
    (void)rng;
    for (size_t j = 0; j < space->n; j++) {
        const struct param *p = &space->params[j];
        for (uint64_t i = 0; i + 1 < p->n_cells && i < 50 && p->kind != PARAM_CHOICE; i++) {
            double low, high, next;
            space_cell_edges(p, i, &low, &high);
            assert_int_equal(space_cell_of(p, high - 1e-9), i);
            assert_int_equal(space_cell_of(p, high + 1e-9), i + 1);
            space_cell_edges(p, i + 1, &next, &low);
            assert_near(next, high, 1e-12);
        }
    }
}

static void an_edge_is_between_two_cells(void **state)
{
    (void)state;
    each_space(false, edges_are_between);
    each_space(true, edges_are_between);
}

static void check_row(const hone_space *space, const double *row)
{
    for (size_t j = 0; j < space->n; j++) {
        if (!space_is_active(space, j, row))
            assert_true(row[j] == INACTIVE);
        else
            assert_true(row[j] == space_round(&space->params[j], row[j]));
    }
    hone_setting settings[MAX_D];
    double again[MAX_D];
    hone_error err;
    size_t n = space_settings_of(space, row, settings);
    if (space_row_of(space, settings, n, again, &err) != HONE_OK)
        fail_msg("%s", err.text);
    assert_true(row_equal(row, again, space->n));
}

static void rows_are_legal(const hone_space *space, struct rng *rng)
{
    double row[MAX_D], u[MAX_D];
    for (int k = 0; k < 10; k++) {
        if (space_random(space, row, rng)) {
            check_row(space, row);
            assert_true(space_satisfies(space, row));
        }
        for (size_t j = 0; j < space->n; j++)
            u[j] = rng_uniform(rng);
        if (space_from_unit(space, u, row, rng)) {
            check_row(space, row);
            assert_true(space_satisfies(space, row));
        }
        for (size_t j = 0; j < space->n; j++) /* whatever stands there */
            row[j] = rng_below(rng, 4) == 0 ? INACTIVE : 3.0 * rng_uniform(rng);
        space_complete(space, row, rng);
        check_row(space, row);
    }
}

static void every_way_of_making_a_row_makes_a_legal_one(void **state)
{
    (void)state;
    each_space(false, rows_are_legal);
    each_space(true, rows_are_legal);
}

static void enumeration_agrees(const hone_space *space, struct rng *rng)
{
    (void)rng;
    double row[MAX_D];
    uint64_t n = 0, size;
    assert_true(space_is_finite(space));
    space_first(space, row);
    do {
        check_row(space, row);
        n += space_satisfies(space, row);
    } while (space_next(space, row));
    assert_int_equal(hone_space_size(space, &size, NULL), HONE_OK);
    assert_int_equal(n, size);
}

static void counting_and_enumerating_agree(void **state)
{
    (void)state;
    each_space(true, enumeration_agrees);
}

/* Chi-squared of N draws over K equal cells. With 300 tests and K up to 60, above K + 6 sqrt(2 K) +
 * 10 the cells are not equal. */
static void cells_have_equal_mass(const hone_space *space, struct rng *rng)
{
    for (size_t j = 0; j < space->n; j++) {
        const struct param *p = &space->params[j];
        bool on_log_scale =
            (p->kind == PARAM_INT || p->kind == PARAM_FLOAT) && p->scale != HONE_LINEAR;
        if (p->n_cells < 2 || p->n_cells > 60 || on_log_scale)
            continue;
        double k = (double)p->n_cells, chi2 = 0.0, expected = 50.0;
        unsigned counts[60] = {0};
        for (int i = 0; i < (int)(k * expected); i++)
            counts[space_cell_of(p, space_spread(p, rng_uniform(rng)))]++;
        for (uint64_t i = 0; i < p->n_cells; i++)
            chi2 += (counts[i] - expected) * (counts[i] - expected) / expected;
        assert_true(chi2 < k + 6.0 * sqrt(2.0 * k) + 10.0);
    }
}

static void equal_cells_have_equal_mass(void **state)
{
    (void)state;
    each_space(true, cells_have_equal_mass);
}

static void a_copy_agrees(const hone_space *space, struct rng *rng)
{
    struct hone_space *copy = space_dup(space);
    double row[MAX_D];
    for (int k = 0; k < 5; k++) {
        for (size_t j = 0; j < space->n; j++)
            row[j] = INACTIVE;
        space_complete(space, row, rng);
        check_row(copy, row);
        assert_int_equal(space_satisfies(space, row), space_satisfies(copy, row));
    }
    hone_space_free(copy);
}

static void a_copy_is_the_same_space(void **state)
{
    (void)state;
    each_space(false, a_copy_agrees);
}

int main(void)
{
    seed = random_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding_and_encoding_are_inverse),
        cmocka_unit_test(an_edge_is_between_two_cells),
        cmocka_unit_test(every_way_of_making_a_row_makes_a_legal_one),
        cmocka_unit_test(counting_and_enumerating_agree),
        cmocka_unit_test(equal_cells_have_equal_mass),
        cmocka_unit_test(a_copy_is_the_same_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
