/*
 * test_importance.c: hone_importance(). Reference values are those of Optuna on the same trials,
 * made by tests/data/importance_reference.py, which has the same formulas.
 */
#include "near.h"

#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "hone.h"

#define GOLDEN 0.6180339887498949
#define N      200

struct expected {
    const char *name;
    double share;
};

/* Optuna 5.0.0, scikit-learn 1.9.1, NumPy 2.4.6 */
static const struct expected ped_anova[] = {
    {"x", 0.4611129897555232},         {"lr", 0.21098369531462832},
    {"layers", 0.13416744532523928},   {"units", 0.06709496053513238},
    {"width", 0.039150271860230026},   {"optimizer", 0.007100658755624495},
    {"momentum", 0.08038997845362218},
};

static const struct expected fanova[] = {
    {"a", 0.5147483295960158},     {"b", 0.17947962540589116},      {"c", 0.015465966110918643},
    {"d", 0.0022950428194328833},  {"e", 0.00334160113292563},      {"f", 0.0014268929109854753},
    {"kind", 0.02767086983821713}, {"count", 0.011056814413704527},
};

static const char *const optimizers[] = {"sgd", "adam", "rmsprop", "lion"};

static double unit(size_t i, size_t j)
{
    return fmod((double)(i + 1) * (double)(j + 1) * GOLDEN + 0.1 * (double)j, 1.0);
}

/* A space with one parameter of each kind, the last one conditional on the one before. */
static hone_optimizer *new_optimizer(bool maximize)
{
    hone_space *space = hone_space_new();
    const hone_value names[] = {HONE_TEXT("sgd"), HONE_TEXT("adam"), HONE_TEXT("rmsprop"),
                                HONE_TEXT("lion")};
    assert_int_equal(hone_space_add_float(space, "x", -5, 5, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(space, "lr", 1e-5, 1e-1, HONE_LOG, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(space, "layers", 1, 8, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(space, "units", 1, 200, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(space, "width", 1, 1024, HONE_LOG, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(space, "optimizer", 4, names, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(space, "momentum", 0, 0.99, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(space, "momentum", "optimizer", 1, names, NULL),
                     HONE_OK);
    hone_options options = {.strategy = "random", .seed = 3, .maximize = {maximize}};
    hone_optimizer *opt = hone_optimizer_new(space, &options, NULL);
    assert_non_null(opt);
    hone_space_free(space);
    return opt;
}

struct point {
    double x, lr, layers, units, width, momentum;
    size_t optimizer;
};

static struct point point_of(size_t i)
{
    return (struct point){.x = -5.0 + 10.0 * unit(i, 0),
                          .lr = exp(log(1e-5) + unit(i, 1) * log(1e4)),
                          .layers = 1.0 + floor(8.0 * unit(i, 2)),
                          .units = 1.0 + floor(200.0 * unit(i, 3)),
                          .width = floor(pow(2.0, 10.0 * unit(i, 4))),
                          .optimizer = (size_t)(4.0 * unit(i, 5)),
                          .momentum = 0.99 * unit(i, 6)};
}

static double value_of(const struct point *p)
{
    double y = 0.3 * (p->x - 1.0) * (p->x - 1.0) + 0.4 * fabs(log(p->lr) + 7.0) + 0.2 * p->layers;
    y += 0.001 * p->units + 0.1 * fabs(log2(p->width) - 5.0);
    return y + (p->optimizer == 0 ? 0.5 - p->momentum : 0.6);
}

static void add(hone_optimizer *opt, const struct point *p, const double *value)
{
    const hone_setting settings[] = {
        {"x", HONE_NUMBER(p->x)},
        {"lr", HONE_NUMBER(p->lr)},
        {"layers", HONE_NUMBER(p->layers)},
        {"units", HONE_NUMBER(p->units)},
        {"width", HONE_NUMBER(p->width)},
        {"optimizer", HONE_TEXT(optimizers[p->optimizer])},
        {"momentum", HONE_NUMBER(p->momentum)},
    };
    hone_error err = {0};
    if (hone_add(opt, settings, p->optimizer == 0 ? 7 : 6, value, 1, NULL, &err) != HONE_OK)
        fail_msg("%s", err.text);
}

static hone_optimizer *filled(size_t n, bool maximize)
{
    hone_optimizer *opt = new_optimizer(maximize);
    for (size_t i = 0; i < n; i++) {
        struct point p = point_of(i);
        double value = maximize ? -value_of(&p) : value_of(&p);
        add(opt, &p, &value);
    }
    return opt;
}

static const hone_effect *effect_of(const hone_effects *effects, const char *name)
{
    for (size_t j = 0; j < effects->n; j++)
        if (strcmp(effects->effects[j].name, name) == 0)
            return &effects->effects[j];
    fail_msg("no effect of %s", name);
    return NULL;
}

static hone_effects *importance(const hone_optimizer *opt, const char *method)
{
    hone_error err = {0};
    hone_effects *effects = hone_importance(opt, method, 0, &err);
    if (effects == NULL)
        fail_msg("%s", err.text);
    return effects;
}

static void assert_same(const hone_effects *a, const hone_effects *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t j = 0; j < a->n; j++) {
        assert_string_equal(a->effects[j].name, b->effects[j].name);
        assert_true(a->effects[j].share == b->effects[j].share);
        assert_memory_equal(&a->effects[j].low, &b->effects[j].low, sizeof(double));
        assert_memory_equal(&a->effects[j].high, &b->effects[j].high, sizeof(double));
    }
}

static void ped_anova_is_that_of_optuna(void **state)
{
    (void)state;
    for (int maximize = 0; maximize < 2; maximize++) {
        hone_optimizer *opt = filled(N, maximize);
        hone_effects *effects = importance(opt, NULL);
        assert_string_equal(effects->method, "ped-anova");
        assert_int_equal(effects->n, 7);
        assert_int_equal(effects->n_trials, N);
        assert_true(effects->enough);
        for (size_t k = 0; k < 7; k++)
            assert_near(effect_of(effects, ped_anova[k].name)->share, ped_anova[k].share, 1e-6);
        hone_effects_free(effects);
        hone_optimizer_free(opt);
    }
}

static void shares_fall_add_up_to_one_and_lie_in_their_intervals(void **state)
{
    (void)state;
    hone_optimizer *opt = filled(N, false);
    hone_effects *effects = importance(opt, "ped-anova");
    double sum = 0.0;
    for (size_t j = 0; j < effects->n; j++) {
        const hone_effect *e = &effects->effects[j];
        sum += e->share;
        assert_true(j == 0 || e->share <= effects->effects[j - 1].share);
        assert_true(e->low >= 0.0 && e->low < e->high && e->high <= 1.0);
        assert_true(e->share > 0.5 * e->low && e->share < e->high + 0.1);
    }
    assert_near(sum, 1.0, 1e-12);
    assert_true(effect_of(effects, "momentum")->active < 0.3);
    assert_true(effect_of(effects, "x")->active == 1.0);
    hone_effects_free(effects);
    hone_optimizer_free(opt);
}

static void the_same_trials_give_the_same_bits(void **state)
{
    (void)state;
    hone_optimizer *a = filled(60, false), *b = filled(60, false);
    hone_effects *ours = importance(a, NULL), *theirs = importance(b, NULL);
    assert_same(ours, theirs);
    hone_effects_free(theirs);
    /* Trials that run say nothing. */
    for (int i = 0; i < 3; i++)
        assert_non_null(hone_ask(b, NULL));
    theirs = importance(b, NULL);
    assert_same(ours, theirs);
    hone_effects_free(theirs);
    hone_effects_free(ours);
    hone_optimizer_free(a);
    hone_optimizer_free(b);
}

/* All values are alike, but layers > 4 fails. */
static void what_makes_trials_fail_is_important(void **state)
{
    (void)state;
    hone_optimizer *opt = new_optimizer(false);
    for (size_t i = 0; i < 120; i++) {
        struct point p = point_of(i);
        double value = 1.0;
        add(opt, &p, p.layers > 4.0 ? NULL : &value);
    }
    hone_effects *effects = importance(opt, NULL);
    assert_string_equal(effects->effects[0].name, "layers");
    assert_true(effects->effects[0].share > 0.8);
    hone_effects_free(effects);
    hone_optimizer_free(opt);
}

/* Forty runs of one configuration say how good it is, not where good ones are. */
static void repeats_of_the_best_change_little(void **state)
{
    (void)state;
    hone_optimizer *opt = filled(N, false);
    struct point best = point_of(0);
    for (size_t i = 1; i < N; i++) {
        struct point p = point_of(i);
        best = value_of(&p) < value_of(&best) ? p : best;
    }
    double value = value_of(&best);
    for (size_t i = 0; i < 40; i++)
        add(opt, &best, &value);
    hone_effects *with = importance(opt, NULL);
    for (size_t k = 0; k < 7; k++)
        assert_near(effect_of(with, ped_anova[k].name)->share, ped_anova[k].share, 1e-6);
    hone_effects_free(with);
    hone_optimizer_free(opt);
}

static void where_all_are_equal_nothing_is_important(void **state)
{
    (void)state;
    hone_optimizer *opt = new_optimizer(false);
    for (size_t i = 0; i < 40; i++) {
        struct point p = point_of(i);
        add(opt, &p, &(double){2.0});
    }
    hone_effects *effects = importance(opt, NULL);
    for (size_t j = 0; j < effects->n; j++)
        assert_true(effects->effects[j].share == 0.0);
    hone_effects_free(effects);
    hone_optimizer_free(opt);
}

static void too_few_trials_are_refused_and_few_are_marked(void **state)
{
    (void)state;
    hone_error err = {0};
    hone_optimizer *opt = filled(9, false);
    assert_null(hone_importance(opt, NULL, 0, &err));
    assert_int_equal(err.status, HONE_ESTATE);
    assert_string_equal(err.text, "importance needs 10 ended trials, and a value among them; "
                                  "there are 9, and 9 values");
    struct point p = point_of(9);
    add(opt, &p, &(double){1.0});
    hone_effects *effects = importance(opt, NULL);
    assert_false(effects->enough);
    hone_effects_free(effects);
    hone_optimizer_free(opt);
}

/* ---- The methods by a model ------------------------------------------------------------------ */

/* Eight parameters on [0, 1], three choices, 1 to 5; the formulas are those of the reference. */
static hone_optimizer *filled_by_formula(size_t n)
{
    static const double primes[] = {2, 3, 5, 7, 11, 13, 17, 19};
    static const double by_kind[] = {0.0, 0.2, 0.5};
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    const hone_value kinds[] = {HONE_TEXT("one"), HONE_TEXT("two"), HONE_TEXT("three")};
    hone_space *space = hone_space_new();
    for (size_t j = 0; j < 6; j++)
        assert_int_equal(hone_space_add_float(space, names[j], 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(space, "kind", 3, kinds, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(space, "count", 1, 5, HONE_LINEAR, NULL), HONE_OK);
    hone_optimizer *opt = hone_optimizer_new(space, &(hone_options){.strategy = "random"}, NULL);
    hone_space_free(space);
    for (size_t i = 0; i < n; i++) {
        double u[8];
        hone_setting settings[8];
        for (size_t j = 0; j < 8; j++)
            u[j] = fmod((double)(i + 1) * sqrt(primes[j]), 1.0);
        for (size_t j = 0; j < 6; j++)
            settings[j] = (hone_setting){names[j], HONE_NUMBER(u[j])};
        size_t kind = (size_t)(3.0 * u[6]);
        double count = 1.0 + floor(5.0 * u[7]);
        settings[6] = (hone_setting){"kind", kinds[kind]};
        settings[7] = (hone_setting){"count", HONE_NUMBER(count)};
        double y = 6.0 * (u[0] - 0.4) * (u[0] - 0.4) + 1.2 * u[1] + 0.35 * u[2] + 0.2 * u[2] * u[3];
        y += 0.6 * fabs(u[4] - 0.5) + by_kind[kind] + 0.02 * count * count;
        assert_int_equal(hone_add(opt, settings, 8, &y, 1, NULL, NULL), HONE_OK);
    }
    return opt;
}

static size_t rank_of(const struct expected *list, size_t n, double share)
{
    size_t rank = 0;
    for (size_t j = 0; j < n; j++)
        rank += list[j].share > share;
    return rank;
}

static void fanova_ranks_as_optuna_does(void **state)
{
    (void)state;
    hone_optimizer *opt = filled_by_formula(200);
    hone_effects *effects = importance(opt, "fanova");
    double squares = 0.0;
    for (size_t k = 0; k < 8; k++) {
        const hone_effect *e = &effects->effects[k];
        size_t j = 0;
        while (strcmp(fanova[j].name, e->name) != 0)
            j++;
        double difference = (double)rank_of(fanova, 8, fanova[j].share) - (double)k;
        squares += difference * difference;
        assert_near(e->share, fanova[j].share, 0.05);
        assert_true(e->low <= e->share && e->share <= e->high);
    }
    assert_true(1.0 - 6.0 * squares / (8.0 * 63.0) > 0.95); /* Spearman's rank correlation */
    assert_true(effects->fit > 0.5 && effects->enough);
    hone_effects_free(effects);
    hone_optimizer_free(opt);
}

/* Exact shares of the formula, from its variances. */
static void sobol_has_the_shares_of_the_formula(void **state)
{
    (void)state;
    hone_optimizer *opt = filled_by_formula(200);
    hone_effects *effects = importance(opt, "sobol");
    const double a = 36.0 * (0.088 / 5.0 - 0.28 / 3.0 * 0.28 / 3.0), b = 1.44 / 12.0;
    const double c = 0.45 * 0.45 / 12.0, d = 0.01 / 12.0, e = 0.36 / 48.0, cd = 0.04 / 144.0;
    const double kind = 0.29 / 3.0 - 0.49 / 9.0, count = 0.0004 * 74.8;
    const double sum = a + b + c + d + e + cd + kind + count;
    const struct expected exact[] = {{"a", a}, {"b", b},   {"c", c},       {"d", d},
                                     {"e", e}, {"f", 0.0}, {"kind", kind}, {"count", count}};
    assert_true(effects->fit > 0.95 && effects->enough);
    for (size_t k = 0; k < 8; k++) {
        const hone_effect *found = effect_of(effects, exact[k].name);
        assert_near(found->share, exact[k].share / sum, 0.02);
        assert_true(found->total > found->share - 0.02);
        assert_true(isnan(found->low) && isnan(found->high));
    }
    hone_effects_free(effects);
    hone_optimizer_free(opt);
}

/* A switch, a parameter that is active with the first of its values and then says all, and one
 * without effect. */
static hone_optimizer *filled_conditionally(size_t n)
{
    const hone_value kinds[] = {HONE_NUMBER(0), HONE_NUMBER(1)};
    hone_space *space = hone_space_new();
    assert_int_equal(hone_space_add_choice(space, "kind", 2, kinds, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(space, "inner", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(space, "idle", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(space, "inner", "kind", 1, kinds, NULL), HONE_OK);
    hone_optimizer *opt = hone_optimizer_new(space, &(hone_options){.strategy = "random"}, NULL);
    hone_space_free(space);
    for (size_t i = 0; i < n; i++) {
        double kind = floor(2.0 * fmod((double)(i + 1) * sqrt(2.0), 1.0));
        double inner = fmod((double)(i + 1) * sqrt(3.0), 1.0);
        const hone_setting settings[] = {
            {"kind", HONE_NUMBER(kind)},
            {"idle", HONE_NUMBER(fmod((double)(i + 1) * sqrt(5.0), 1.0))},
            {"inner", HONE_NUMBER(inner)}};
        bool active = kind == 0.0;
        double y = active ? 1.0 + 2.0 * inner : 2.0;
        assert_int_equal(hone_add(opt, settings, active ? 3 : 2, &y, 1, NULL, NULL), HONE_OK);
    }
    return opt;
}

/* The mean is 2 in either case, so that the switch has no effect of its own. All of the variance is
 * that of `inner` in half of the space; half of it is left in the mean over the switch. */
static void a_conditional_parameter_has_its_share_of_the_whole_space(void **state)
{
    (void)state;
    static const char *const methods[] = {"sobol", "fanova"};
    hone_optimizer *opt = filled_conditionally(300);
    for (size_t m = 0; m < 2; m++) {
        hone_effects *effects = importance(opt, methods[m]);
        const hone_effect *inner = effect_of(effects, "inner");
        assert_near(inner->share, 0.5, 0.04);
        assert_near(inner->active, 0.5, 0.01);
        assert_true(effect_of(effects, "kind")->share < 0.03);
        assert_true(effect_of(effects, "idle")->share < 0.01);
        if (m == 0) {
            assert_near(inner->total, 1.0, 0.03);
            assert_near(effect_of(effects, "kind")->total, 0.5, 0.06);
            assert_true(effect_of(effects, "idle")->total < 0.02);
        }
        hone_effects_free(effects);
    }
    hone_optimizer_free(opt);
}

static void noise_is_said_to_be_too_little_data(void **state)
{
    (void)state;
    static const char *const methods[] = {"sobol", "fanova"};
    hone_optimizer *opt = filled_by_formula(0);
    for (size_t i = 0; i < 60; i++) {
        const hone_trial *trial = hone_ask(opt, NULL);
        struct rng rng;
        rng_init(&rng, 1, RNG_TEST, i);
        double value = rng_normal(&rng);
        assert_int_equal(hone_tell(opt, hone_trial_id(trial), &value, 1, NULL), HONE_OK);
    }
    for (size_t m = 0; m < 2; m++) {
        hone_effects *effects = importance(opt, methods[m]);
        assert_true(effects->fit < 0.3);
        assert_false(effects->enough);
        hone_effects_free(effects);
    }
    hone_optimizer_free(opt);
}

static void one_outlier_is_not_all_of_the_variance(void **state)
{
    (void)state;
    static const char *const methods[] = {"sobol", "fanova"};
    for (size_t m = 0; m < 2; m++) {
        hone_optimizer *opt = filled_by_formula(200);
        hone_effects *plain = importance(opt, methods[m]);
        const hone_setting settings[] = {{"a", HONE_NUMBER(0.9)},      {"b", HONE_NUMBER(0.9)},
                                         {"c", HONE_NUMBER(0.5)},      {"d", HONE_NUMBER(0.5)},
                                         {"e", HONE_NUMBER(0.5)},      {"f", HONE_NUMBER(0.99)},
                                         {"kind", HONE_TEXT("three")}, {"count", HONE_NUMBER(5)}};
        assert_int_equal(hone_add(opt, settings, 8, &(double){1e9}, 1, NULL, NULL), HONE_OK);
        hone_effects *with = importance(opt, methods[m]);
        for (size_t j = 0; j < 8; j++) {
            const char *name = plain->effects[j].name;
            assert_near(effect_of(with, name)->share, plain->effects[j].share, 0.05);
        }
        hone_effects_free(plain);
        hone_effects_free(with);
        hone_optimizer_free(opt);
    }
}

static void methods_by_a_model_give_the_same_bits(void **state)
{
    (void)state;
    static const char *const methods[] = {"sobol", "fanova"};
    hone_optimizer *a = filled(60, false), *b = filled(60, true);
    assert_non_null(hone_ask(b, NULL));
    for (size_t m = 0; m < 2; m++) {
        hone_effects *ours = importance(a, methods[m]), *theirs = importance(b, methods[m]);
        assert_same(ours, theirs);
        assert_true(ours->fit == theirs->fit);
        hone_effects_free(theirs);
        hone_effects_free(ours);
    }
    hone_optimizer_free(a);
    hone_optimizer_free(b);
}

static void wrong_arguments_are_named(void **state)
{
    (void)state;
    hone_error err = {0};
    hone_optimizer *opt = filled(20, false);
    assert_null(hone_importance(opt, "shap", 0, &err));
    assert_int_equal(err.status, HONE_EINVAL);
    assert_non_null(strstr(err.text, "unknown method \"shap\"; there are ped-anova"));
    assert_null(hone_importance(opt, NULL, 1, &err));
    assert_string_equal(err.text, "there are 1 objectives, got number 1");
    hone_effects_free(NULL);
    hone_optimizer_free(opt);
}

static void a_parameter_with_one_value_has_no_share(void **state)
{
    (void)state;
    hone_space *space = hone_space_new();
    const hone_value one[] = {HONE_TEXT("only")};
    assert_int_equal(hone_space_add_float(space, "x", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(space, "fixed", 2, 2, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(space, "c", 1, one, NULL), HONE_OK);
    hone_optimizer *opt = hone_optimizer_new(space, &(hone_options){.strategy = "random"}, NULL);
    for (size_t i = 0; i < 30; i++) {
        const hone_trial *trial = hone_ask(opt, NULL);
        double value = hone_trial_number(trial, "x");
        assert_int_equal(hone_tell(opt, hone_trial_id(trial), &value, 1, NULL), HONE_OK);
    }
    hone_effects *effects = importance(opt, NULL);
    assert_near(effect_of(effects, "x")->share, 1.0, 1e-12);
    assert_true(effect_of(effects, "fixed")->share == 0.0);
    assert_true(effect_of(effects, "c")->share == 0.0);
    hone_effects_free(effects);
    hone_optimizer_free(opt);
    hone_space_free(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ped_anova_is_that_of_optuna),
        cmocka_unit_test(shares_fall_add_up_to_one_and_lie_in_their_intervals),
        cmocka_unit_test(the_same_trials_give_the_same_bits),
        cmocka_unit_test(what_makes_trials_fail_is_important),
        cmocka_unit_test(repeats_of_the_best_change_little),
        cmocka_unit_test(where_all_are_equal_nothing_is_important),
        cmocka_unit_test(too_few_trials_are_refused_and_few_are_marked),
        cmocka_unit_test(fanova_ranks_as_optuna_does),
        cmocka_unit_test(sobol_has_the_shares_of_the_formula),
        cmocka_unit_test(a_conditional_parameter_has_its_share_of_the_whole_space),
        cmocka_unit_test(noise_is_said_to_be_too_little_data),
        cmocka_unit_test(one_outlier_is_not_all_of_the_variance),
        cmocka_unit_test(methods_by_a_model_give_the_same_bits),
        cmocka_unit_test(wrong_arguments_are_named),
        cmocka_unit_test(a_parameter_with_one_value_has_no_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
