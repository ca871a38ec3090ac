/* test_pareto.c: fronts and crowding against pymoo, and the laws that define them. */
#include "near.h"

#include <string.h>

#include "base/rng.h"
#include "search/pareto.h"

#define MAX_N 60
#define MAX_M 5
#define INF   ((double)INFINITY)

struct front_row {
    size_t n, m, fronts;
    size_t rank[MAX_N];
    double crowding[MAX_N];
};

/* Made by tests/data/pareto_reference.py. */
/* clang-format off */
/* pymoo 0.6.2 */
static const struct front_row front_rows[] = {
    {20, 2, 4,
     {0, 0, 2, 2, 1, 0, 1, 0, 3, 1, 0, 1, 1, 2, 1, 0, 0, 0, 2, 1},
          {0.565584180510167, 0.504076534798017, 1.56919367188614, INF, INF, 0.447773884550784,
      INF, 0.714912533022503, INF, 0.348297638428286, INF, 1.04183337632058, 0.627106310417736,
      INF, 0.609868985251137, 0.450208492578698, INF, 0.586246303317349, 0.767312504470383,
      0.393830122681704}},
    {60, 2, 5,
          {0, 1, 2, 3, 3, 0, 1, 1, 3, 2, 0, 1, 2, 3, 2, 0, 1, 1, 3, 2, 0, 1, 2, 3, 4, 0, 1, 2, 1,
      3, 0, 1, 2, 2, 4, 0, 0, 2, 2, 3, 0, 1, 2, 3, 4, 0, 1, 2, 2, 4, 0, 1, 2, 3, 4, 0, 1, 0, 2,
      4},
          {0.380547836542016, 0.431971418332073, 0.20647106062037, 0.230325104091359, INF,
      0.20676300625514, 0.325344039382365, 0.349290344070864, 0.309460832470953,
      0.260871463663033, 0.277538709604617, 0.242989938546133, 0.219906822678035, INF,
      0.362306768205567, 0.373002368218678, 0.421791375411539, 0.541535084333979,
      0.298524855648008, 0.122119820234627, 0.33564915422659, 0.180438206613912,
      0.351311369065763, 0.375360374764747, 0.355448963077539, 0.153997103856591,
      0.358908818213712, 0.0176921156911853, INF, 0.977361287130092, 0.169023052938325,
      0.249442378985342, 0.374098418828287, INF, 0.443025067342196, 0.328574917125327,
      0.372962542109354, 0.289758160153093, 0.2633416185398, 0.401849647026387, INF,
      0.2842901380709, 0.397372662180504, 0.185882589435274, INF, 0.361814725560122,
      0.0848707189983502, INF, 0.195987215269627, 1.20507035091447, 0.393457612216149, INF,
      0.175403140088994, 0.348048760008475, INF, 0.398301858728288, 0.321081562089918, INF,
      0.439714331414747, 0.558872874566667}},
    {60, 3, 4,
          {0, 0, 2, 2, 1, 0, 0, 1, 2, 2, 0, 0, 2, 1, 2, 0, 1, 1, 1, 2, 0, 1, 1, 1, 3, 0, 1, 1, 1,
      2, 0, 1, 1, 0, 3, 0, 0, 1, 2, 2, 0, 1, 1, 3, 3, 0, 1, 1, 2, 3, 0, 1, 1, 3, 2, 0, 1, 0, 2,
      2},
          {0.408941337673478, 0.177164298784051, 0.737629249789107, 0.547544718112292, INF,
      0.200406886075005, 0.226302212527462, 0.339817856538508, 0.559454102112188, INF,
      0.575972475746554, INF, 0.398562089608994, 0.18658774164768, INF, 0.400979821797331,
      0.929144815006555, 0.307820023562559, 0.137674167306102, 0.162663024425215,
      0.270421721085754, 0.751580933133953, 0.256433150170434, 0.176191785045034,
      1.25678423219265, 0.239808727807193, 0.302826050371346, 0.0784019459251295, INF,
      0.230212891708092, 0.192046916452374, 0.212605742106421, 0.238581661277325, INF,
      0.933276611155678, 0.299904035199906, INF, 0.122532682308824, 0.507992905769236,
      0.506538600563523, INF, 0.166365808458129, 0.32417824087712, INF, INF, 0.428297214991032,
      0.139278711684031, INF, 0.262654132766835, INF, 0.797042129283139, INF, INF, INF, INF,
      0.380294474503416, 0.185507308507431, INF, 0.789017691535159, INF}},
    {60, 5, 2,
          {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0,
      0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      0},
          {0.154754348834978, 0.107076099862544, 0.175368087360775, 0.095060061182499, INF,
      0.0990800227534732, 0.22908325630907, 0.106914943271034, INF, 1.39597660251942,
      0.137745896202392, 0.138254802394283, 0.311217421391531, 0.233063723332897,
      0.212067552280691, 0.124104381183658, INF, INF, 0.0995819766948211, INF, 0.144942591282168,
      INF, 0.150204223414409, INF, 0.399836769997577, 0.194001387454873, 0.208508687060369,
      0.118662195879545, INF, 0.287350217586051, INF, 0.125237337613471, 0.129468607095112, INF,
      INF, 0.0923306519265636, 0.199739381870765, 0.126808876427789, 0.300638547185106,
      0.139082173498522, INF, 0.150528996491151, 0.209489371975392, 0.160772494455555, INF,
      0.0882317837219064, 0.24695725518003, 0.0753473109661691, INF, INF, 0.268739081860014,
      0.0926256087059501, 0.135594749883155, 0.146701415587209, 0.176282250913606,
      0.219719980488738, 0.0462633484819739, 0.281295761414023, 0.172923368495743,
      0.231357668662185}},
};
/* clang-format on */

static struct arena arena;

static void point(size_t i, size_t m, double *out)
{
    double size = 0.0;
    for (size_t j = 0; j < m; j++) {
        out[j] = 0.01 + fmod((double)(i + 1) * sqrt((double)j + 2.0), 1.0);
        size += out[j];
    }
    for (size_t j = 0; j < m; j++)
        out[j] = out[j] / size * (1.0 + 0.1 * (double)(i % 5));
}

static void fronts_and_crowding_are_those_of_pymoo(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof front_rows / sizeof front_rows[0]; r++) {
        const struct front_row *row = &front_rows[r];
        double values[MAX_N * MAX_M], crowding[MAX_N];
        size_t rank[MAX_N];
        for (size_t i = 0; i < row->n; i++)
            point(i, row->m, values + i * row->m);
        assert_int_equal(pareto_ranks(values, NULL, row->n, row->m, &arena, rank), row->fronts);
        assert_true(pareto_crowding(values, row->n, row->m, rank, row->fronts, &arena, crowding));
        for (size_t i = 0; i < row->n; i++) {
            assert_int_equal(rank[i], row->rank[i]);
            assert_near(crowding[i], row->crowding[i], 1e-12);
        }
        arena_reset(&arena);
    }
}

/* The definition: the front of a point is one behind the last front with a point that dominates it;
 * coarse values, so that many are equal. */
static void a_front_is_one_behind_those_who_dominate_it(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 5, RNG_TEST, 0);
    for (size_t round = 0; round < 300; round++) {
        double values[MAX_N * MAX_M];
        size_t rank[MAX_N], n = 1 + rng_below(&rng, MAX_N), m = 1 + rng_below(&rng, MAX_M);
        for (size_t i = 0; i < n * m; i++)
            values[i] = (double)rng_below(&rng, 6);
        size_t fronts = pareto_ranks(values, NULL, n, m, &arena, rank), last = 0;
        for (size_t i = 0; i < n; i++) {
            size_t expected = 0;
            for (size_t k = 0; k < n; k++)
                if (pareto_dominates(values + k * m, values + i * m, m) && rank[k] >= expected)
                    expected = rank[k] + 1;
            assert_int_equal(rank[i], expected);
            last = rank[i] > last ? rank[i] : last;
        }
        assert_int_equal(fronts, last + 1);
        arena_reset(&arena);
    }
}

static void points_that_break_a_constraint_follow_by_how_much(void **state)
{
    (void)state;
    const double values[] = {1, 2, 2, 1, 3, 3, 0, 0, 0, 1, 9, 9};
    const double violation[] = {0, -1, 0, 0.5, 2, 0.5};
    size_t rank[6];
    assert_int_equal(pareto_ranks(values, violation, 6, 2, &arena, rank), 4);
    const size_t expected[] = {0, 0, 1, 2, 3, 2};
    assert_memory_equal(rank, expected, sizeof rank);
    arena_reset(&arena);
}

static void of_equal_points_one_is_counted(void **state)
{
    (void)state;
    const double values[] = {0, 4, 1, 3, 1, 3, 3, 1, 4, 0, 4, 0};
    const size_t rank[6] = {0};
    double crowding[6];
    assert_true(pareto_crowding(values, 6, 2, rank, 1, &arena, crowding));
    const double expected[] = {INF, 1.5, 0, 1.5, INF, 0};
    for (size_t i = 0; i < 6; i++)
        assert_near(crowding[i], expected[i], 0);
    arena_reset(&arena);
}

static void no_point_and_one_point_are_no_trouble(void **state)
{
    (void)state;
    size_t rank = 7;
    double crowding = 0, value[2] = {INF, -INF};
    assert_int_equal(pareto_ranks(value, NULL, 0, 2, &arena, &rank), 0);
    assert_int_equal(pareto_ranks(value, NULL, 1, 2, &arena, &rank), 1);
    assert_int_equal(rank, 0);
    assert_true(pareto_crowding(value, 1, 2, &rank, 1, &arena, &crowding));
    assert_true(isinf(crowding));
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fronts_and_crowding_are_those_of_pymoo),
        cmocka_unit_test(a_front_is_one_behind_those_who_dominate_it),
        cmocka_unit_test(points_that_break_a_constraint_follow_by_how_much),
        cmocka_unit_test(of_equal_points_one_is_counted),
        cmocka_unit_test(no_point_and_one_point_are_no_trouble),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}
