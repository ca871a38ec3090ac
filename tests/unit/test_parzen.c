/* test_parzen.c: kernels against Optuna's, many points against one, draws against their density. */
#include "near.h"

#include "base/mem.h"
#include "base/numeric.h"
#include "search/mixture.h"

/* n rows, number of the point, ln of the density: tests/data/parzen_reference.py. */
struct mixture_row {
    size_t n, point;
    double log_density;
};
static const struct mixture_row mixture_rows[] = {
    {0, 0, -16.737753106864673}, {0, 1, -19.035940883424775},  {0, 2, -21.95224827567894},
    {0, 3, -16.764873223497588}, {1, 0, -17.412641256434203},  {1, 1, -19.383045576469026},
    {1, 2, -22.002005779615594}, {1, 3, -17.449090359231583},  {4, 0, -17.268743475611149},
    {4, 1, -20.620579983054668}, {4, 2, -23.539597807951132},  {4, 3, -17.107992792728801},
    {40, 0, -20.45127813545356}, {40, 1, -22.749512883992647}, {40, 2, -17.064035138407831},
    {40, 3, -20.47844529020167},
};

static double fraction(double x)
{
    return x - floor(x);
}

/* Every kind of axis: two lines, narrow, wide and logarithmic cells, codes. */
static hone_space *make_space(void)
{
    hone_space *s = hone_space_new();
    hone_value letters[] = {HONE_TEXT("a"), HONE_TEXT("b"), HONE_TEXT("c")};
    assert_int_equal(hone_space_add_float(s, "x", -2, 3, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(s, "lr", 1e-5, 1e-1, HONE_LOG, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(s, "n", 1, 9, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(s, "m", 1, 1000, HONE_LOG, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(s, "k", 1, 100000, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(s, "c", 3, letters, NULL), HONE_OK);
    return s;
}

#define D      6
#define MOST   40
#define POINTS 8

static void fill_row(const hone_space *s, double *row, double step, double shift)
{
    for (size_t j = 0; j < D; j++) {
        const struct param *p = &s->params[j];
        double u = fraction(step * (shift == 0.1 ? (double)(j + 1) : 1.0) + shift * (double)j);
        row[j] = p->kind == PARAM_CHOICE ? floor(u * 3.0) : space_round(p, u);
    }
}

struct fixture {
    hone_space *space;
    struct arena arena;
    double numbers[MOST][D], weight[MOST];
    const double *rows[MOST];
    struct mixture mixture;
};

static void fixture_init(struct fixture *f, size_t n)
{
    *f = (struct fixture){.space = make_space()};
    for (size_t i = 0; i < n; i++) {
        fill_row(f->space, f->numbers[i], (double)(i + 1) * 0.6180339887498949, 0.1);
        f->rows[i] = f->numbers[i];
        f->weight[i] = 1.0;
    }
    assert_true(mixture_init(&f->mixture, f->space, f->rows, f->weight, n, &f->arena));
}

static void fixture_release(struct fixture *f)
{
    arena_release(&f->arena);
    hone_space_free(f->space);
}

static void densities_are_those_of_optuna(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof mixture_rows / sizeof mixture_rows[0]; r++) {
        struct fixture f;
        fixture_init(&f, mixture_rows[r].n);
        double point[D], x[D * POINTS], out[POINTS];
        fill_row(f.space, point, (double)(mixture_rows[r].point + 1) * 0.377, 0.21);
        for (size_t j = 0; j < D; j++)
            for (size_t c = 0; c < POINTS; c++)
                x[j * POINTS + c] = c == 3 ? point[j] : INACTIVE;
        assert_true(mixture_log(&f.mixture, x, POINTS, out, &f.arena));
        assert_near_relative(out[3], mixture_rows[r].log_density, 1e-9);
        assert_near(out[0], 0.0, 1e-12); /* a point without coordinates */
        fixture_release(&f);
    }
}

static void many_points_are_as_one(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, MOST);
    for (size_t j = 0; j < D; j++) {
        const struct parzen *p = &f.mixture.parts[j];
        double x[POINTS], *out = arena_array(&f.arena, p->n * POINTS, sizeof *out);
        for (size_t c = 0; c < POINTS; c++)
            x[c] = p->axis.kind == PARZEN_CODES
                       ? (double)(c % 3)
                       : space_round(p->axis.param, (double)c / (POINTS - 1.0));
        assert_true(parzen_add_logs(p, x, POINTS, out, &f.arena));
        for (size_t i = 0; i < p->n; i++)
            for (size_t c = 0; c < POINTS; c++)
                assert_near(out[i * POINTS + c], parzen_log_kernel(p, i, x[c]), 1e-11);
    }
    fixture_release(&f);
}

/* Cells of a parameter, or equal ones of a line. */
static void masses_sum_to_one(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, 4);
    double lone = 0.93, wide = 0.01;
    struct parzen grid = {{PARZEN_CELLS, 50, NULL}, 1, &lone, &wide, 0.0};
    const struct parzen *parts[] = {&f.mixture.parts[2], &f.mixture.parts[3], &f.mixture.parts[4],
                                    &f.mixture.parts[5], &grid};
    for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
        for (size_t i = 0; i < parts[k]->n; i++) {
            double sum = 0.0;
            for (uint64_t cell = 0; cell < parts[k]->axis.n_cells; cell++) {
                double x = parts[k]->axis.param != NULL ? space_cell(parts[k]->axis.param, cell)
                                                        : ((double)cell + 0.5) / 50.0;
                sum += num_exp(parzen_log_kernel(parts[k], i, x));
            }
            assert_near(sum, 1.0, 1e-9);
        }
    fixture_release(&f);
}

static void what_is_drawn_follows_the_kernel(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, 4);
    struct rng rng;
    rng_init(&rng, 5, RNG_TEST, 0);
    enum { DRAWS = 20000 };
    for (size_t i = 0; i < 5; i++) { /* the last is the prior */
        const struct parzen *cells = &f.mixture.parts[2], *line = &f.mixture.parts[0];
        double count[9] = {0}, below = 0.0;
        for (int k = 0; k < DRAWS; k++) {
            count[space_cell_of(cells->axis.param, parzen_draw(cells, i, &rng))] += 1.0 / DRAWS;
            below += (parzen_draw(line, i, &rng) < 0.4) / (double)DRAWS;
        }
        for (uint64_t cell = 0; cell < 9; cell++)
            assert_near(count[cell],
                        num_exp(parzen_log_kernel(cells, i, space_cell(cells->axis.param, cell))),
                        0.02);
        double mass = 0.0; /* of [0, 0.4], by the middle of 400 cells */
        for (int k = 0; k < 400; k++)
            mass += 0.001 * num_exp(parzen_log_kernel(line, i, 0.001 * (k + 0.5)));
        assert_near(below, mass, 0.02);
    }
    fixture_release(&f);
}

/* A branch that only one row took: the others' kernels there are the prior. */
static void a_branch_sums_to_one_with_the_rest(void **state)
{
    (void)state;
    hone_space *s = hone_space_new();
    hone_value letters[] = {HONE_TEXT("a"), HONE_TEXT("b")};
    assert_int_equal(hone_space_add_choice(s, "c", 2, letters, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(s, "n", 1, 5, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(s, "n", "c", 1, letters, NULL), HONE_OK);
    double in[] = {0.0, 0.3}, out[] = {1.0, INACTIVE}, weight[] = {1.0, 1.0, 0.5};
    const double *rows[] = {in, out, out};
    struct arena arena = {0};
    struct mixture mixture;
    assert_true(mixture_init(&mixture, s, rows, weight, 3, &arena));
    double x[2 * POINTS], log_density[POINTS], sum = 0.0;
    for (size_t c = 0; c < POINTS; c++) {
        x[c] = c < 5 ? 0.0 : 1.0;
        x[POINTS + c] = c < 5 ? space_cell(&s->params[1], c) : INACTIVE;
    }
    assert_true(mixture_log(&mixture, x, POINTS, log_density, &arena));
    for (size_t c = 0; c < 6; c++)
        sum += num_exp(log_density[c]);
    assert_near(sum, 1.0, 1e-12);
    struct rng rng;
    rng_init(&rng, 6, RNG_TEST, 0);
    double taken = 0.0;
    for (int k = 0; k < 10000; k++) {
        double row[2];
        mixture_draw(&mixture, row, &rng);
        assert_true(row[0] == 0.0 ? row[1] >= 0.0 : row[1] == INACTIVE);
        taken += (row[0] == 1.0) / 10000.0;
    }
    assert_near(taken, num_exp(log_density[5]), 0.02);
    arena_release(&arena);
    hone_space_free(s);
}

static void widths_narrow_with_neighbours_on_a_line_only(void **state)
{
    (void)state;
    struct arena arena = {0};
    double mu[] = {0.5, 0.52, 0.9, INACTIVE}, sigma[4], rule = 0.2 * pow(3.0, -0.2);
    struct parzen_axis line = {PARZEN_LINE, 0, NULL}, cells = {PARZEN_CELLS, 50, NULL};
    assert_true(parzen_widths(cells, mu, 4, 1, sigma, &arena));
    for (size_t i = 0; i < 3; i++)
        assert_near_relative(sigma[i], fmax(rule, 0.2), 1e-14); /* 1 / (3 + 2) */
    assert_true(sigma[3] == 1.0);
    double many[102];
    double widths[102];
    for (size_t i = 0; i < 102; i++)
        many[i] = 0.3 + 0.005 * (double)i * (double)(i % 2);
    assert_true(parzen_widths(line, many, 102, 1, widths, &arena));
    assert_near_relative(widths[0], 0.01, 1e-14);   /* equal neighbours: the least */
    assert_near_relative(widths[101], 0.01, 1e-13); /* 0.005 * 2 */
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(densities_are_those_of_optuna),
        cmocka_unit_test(many_points_are_as_one),
        cmocka_unit_test(masses_sum_to_one),
        cmocka_unit_test(what_is_drawn_follows_the_kernel),
        cmocka_unit_test(a_branch_sums_to_one_with_the_rest),
        cmocka_unit_test(widths_narrow_with_neighbours_on_a_line_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
