/* test_refine.c: hone_refine(): ranges shrink where there is evidence, and never past the best. */
#include "near.h"

#include <string.h>

#include "base/rng.h"
#include "hone.h"

/* Parameters of every kind; `inner` is active with "fair" only. */
static hone_optimizer *new_optimizer(const char *strategy, uint64_t seed)
{
    hone_space *space = hone_space_new();
    const hone_value texts[] = {HONE_TEXT("good"), HONE_TEXT("fair"), HONE_TEXT("bad"),
                                HONE_TEXT("broken")};
    const hone_value sizes[] = {HONE_NUMBER(16), HONE_NUMBER(32), HONE_NUMBER(64), HONE_NUMBER(128),
                                HONE_NUMBER(256)};
    assert_int_equal(hone_space_add_float(space, "lr", 1e-5, 1e-1, HONE_LOG, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(space, "x", -10, 10, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(space, "idle", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_int(space, "layers", 1, 20, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_ordinal(space, "size", 5, sizes, NULL), HONE_OK);
    assert_int_equal(hone_space_add_choice(space, "kind", 4, texts, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(space, "inner", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_float(space, "fixed", 3, 3, HONE_LINEAR, NULL), HONE_OK);
    assert_int_equal(hone_space_add_condition(space, "inner", "kind", 1, texts + 1, NULL), HONE_OK);
    hone_options options = {.strategy = strategy, .seed = seed, .maximize = {true}};
    hone_optimizer *opt = hone_optimizer_new(space, &options, NULL);
    assert_non_null(opt);
    hone_space_free(space);
    return opt;
}

static double score(const hone_trial *t)
{
    double lr = log10(hone_trial_number(t, "lr")) + 3.0, x = hone_trial_number(t, "x") - 2.0;
    double layers = hone_trial_number(t, "layers") - 6.0;
    double size = log2(hone_trial_number(t, "size")) - 5.0;
    const char *kind = hone_trial_text(t, "kind");
    double y = -0.3 * lr * lr - 0.02 * x * x - 0.005 * layers * layers - 0.1 * size * size;
    return y - (strcmp(kind, "fair") == 0 ? 0.1 : strcmp(kind, "bad") == 0 ? 3.0 : 0.0);
}

static void run(hone_optimizer *opt, size_t n, double noise, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        const hone_trial *t = hone_ask(opt, NULL);
        struct rng rng;
        rng_init(&rng, seed, RNG_TEST, i);
        double value = score(t) + noise * rng_normal(&rng);
        bool broken = strcmp(hone_trial_text(t, "kind"), "broken") == 0;
        assert_int_equal(broken ? hone_tell_failed(opt, hone_trial_id(t), NULL)
                                : hone_tell(opt, hone_trial_id(t), &value, 1, NULL),
                         HONE_OK);
    }
}

static const hone_refined *refined(const hone_refinement *refinement, const char *name)
{
    for (size_t j = 0; j < refinement->n; j++)
        if (strcmp(refinement->params[j].name, name) == 0)
            return &refinement->params[j];
    fail_msg("no parameter %s", name);
    return NULL;
}

static hone_refinement *refine(const hone_optimizer *opt)
{
    hone_error err = {0};
    hone_refinement *refinement = hone_refine(opt, &err);
    if (refinement == NULL)
        fail_msg("%s", err.text);
    return refinement;
}

static void ranges_close_in_on_what_was_good(void **state)
{
    (void)state;
    hone_optimizer *opt = new_optimizer("bayesian", 1);
    run(opt, 80, 0.02, 1);
    hone_refinement *r = refine(opt);
    const hone_refined *lr = refined(r, "lr"), *x = refined(r, "x");
    assert_true(lr->changed && lr->min > 1e-5 && lr->min < 1e-3 && lr->max > 1e-3 && lr->max < 0.1);
    assert_true(x->changed && x->min < 2.0 && x->max > 2.0 && x->max - x->min < 18.0);
    assert_false(refined(r, "idle")->changed);
    assert_false(refined(r, "fixed")->changed);
    assert_string_equal(refined(r, "fixed")->why, "it has one value");
    const hone_refined *kind = refined(r, "kind");
    assert_true(kind->changed && kind->n_values <= 2);
    assert_string_equal(kind->values[0].text, "good");
    assert_non_null(strstr(kind->why, "bad: none of its"));
    assert_non_null(strstr(kind->why, "broken: all "));
    hone_refinement_free(r);
    hone_optimizer_free(opt);
}

static void assert_allows(const hone_refined *p, const hone_trial *best)
{
    double number = hone_trial_number(best, p->name);
    const char *text = hone_trial_text(best, p->name);
    if (!p->changed || (isnan(number) && text == NULL))
        return;
    if (p->n_values == 0) {
        assert_true(number >= p->min && number <= p->max);
        return;
    }
    bool found = false;
    for (size_t v = 0; v < p->n_values; v++)
        found = found || (text != NULL ? strcmp(text, p->values[v].text) == 0
                                       : number == p->values[v].number);
    assert_true(found);
}

static void the_best_is_never_excluded(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++) {
        hone_optimizer *opt = new_optimizer("random", seed);
        run(opt, 30 + 5 * (size_t)seed, 0.1 * (double)(seed % 4), seed);
        hone_refinement *r = refine(opt);
        for (size_t j = 0; j < r->n; j++) {
            assert_allows(&r->params[j], hone_best(opt));
            assert_true(strlen(r->params[j].why) > 5);
        }
        hone_refinement_free(r);
        hone_optimizer_free(opt);
    }
}

static void noise_narrows_little(void **state)
{
    (void)state;
    size_t changed = 0;
    for (uint64_t seed = 0; seed < 5; seed++) {
        hone_optimizer *opt = new_optimizer("random", seed);
        run(opt, 60, 1e6, seed);
        hone_refinement *r = refine(opt);
        for (size_t j = 0; j < r->n; j++)
            changed += r->params[j].changed && strcmp(r->params[j].name, "kind") != 0;
        hone_refinement_free(r);
        hone_optimizer_free(opt);
    }
    assert_true(changed <= 5); /* of 30 */
}

static void what_few_of_the_best_have_stays(void **state)
{
    (void)state;
    hone_optimizer *opt = new_optimizer("random", 2);
    for (size_t i = 0; i < 40; i++) {
        const hone_trial *t = hone_ask(opt, NULL);
        bool fair = strcmp(hone_trial_text(t, "kind"), "fair") == 0;
        double value = fair ? -5.0 : (double)(i % 7);
        assert_int_equal(hone_tell(opt, hone_trial_id(t), &value, 1, NULL), HONE_OK);
    }
    hone_refinement *r = refine(opt);
    assert_false(refined(r, "inner")->changed);
    assert_string_equal(refined(r, "inner")->why, "only 0 of the best 8 trials have it");
    hone_refinement_free(r);
    hone_optimizer_free(opt);
}

static void the_end_of_a_range_is_pointed_at(void **state)
{
    (void)state;
    hone_space *space = hone_space_new();
    assert_int_equal(hone_space_add_float(space, "x", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    hone_optimizer *opt = hone_optimizer_new(space, &(hone_options){.strategy = "sobol"}, NULL);
    for (size_t i = 0; i < 32; i++) {
        const hone_trial *t = hone_ask(opt, NULL);
        double x = hone_trial_number(t, "x"), value = -10.0 * x * x * x;
        assert_int_equal(hone_tell(opt, hone_trial_id(t), &value, 1, NULL), HONE_OK);
    }
    hone_refinement *r = refine(opt);
    assert_true(r->params[0].changed && r->params[0].max == 1.0 && r->params[0].min > 0.05);
    assert_non_null(strstr(r->params[0].why, "at the upper end, so a wider range may be better"));
    hone_refinement_free(r);
    hone_optimizer_free(opt);
    hone_space_free(space);
}

/* The unconstrained best has x = 1; a constraint keeps x below 0.5. */
static void what_breaks_a_constraint_is_not_among_the_best(void **state)
{
    (void)state;
    hone_space *space = hone_space_new();
    assert_int_equal(hone_space_add_float(space, "x", 0, 1, HONE_LINEAR, NULL), HONE_OK);
    hone_options options = {
        .strategy = "sobol", .n_constraints = 1, .constraints = {{.limit = 0.5}}};
    hone_optimizer *opt = hone_optimizer_new(space, &options, NULL);
    assert_non_null(opt);
    for (size_t i = 0; i < 40; i++) {
        const hone_trial *t = hone_ask(opt, NULL);
        double x = hone_trial_number(t, "x"), values[] = {-x, x};
        assert_int_equal(hone_tell(opt, hone_trial_id(t), values, 2, NULL), HONE_OK);
    }
    hone_refinement *r = refine(opt);
    assert_true(r->params[0].changed);
    assert_true(r->params[0].min > 0.1 && r->params[0].min < 0.5);
    hone_refinement_free(r);
    hone_optimizer_free(opt);
    hone_space_free(space);
}

static void there_must_be_something_to_go_by(void **state)
{
    (void)state;
    hone_error err = {0};
    hone_optimizer *opt = new_optimizer("random", 1);
    run(opt, 8, 0.0, 1);
    assert_null(hone_refine(opt, &err));
    assert_int_equal(err.status, HONE_ESTATE);
    assert_non_null(strstr(err.text, "ranges are refined after 10 completed trials, there are "));
    hone_optimizer_free(opt);
    hone_refinement_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_close_in_on_what_was_good),
        cmocka_unit_test(the_best_is_never_excluded),
        cmocka_unit_test(noise_narrows_little),
        cmocka_unit_test(what_few_of_the_best_have_stays),
        cmocka_unit_test(the_end_of_a_range_is_pointed_at),
        cmocka_unit_test(what_breaks_a_constraint_is_not_among_the_best),
        cmocka_unit_test(there_must_be_something_to_go_by),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
