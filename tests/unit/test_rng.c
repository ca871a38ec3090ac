/* test_rng.c: Philox against the known answers of its authors; laws of the draws. */
#include "near.h"

#include "base/rng.h"

/* kat_vectors of Random123 1.14, philox4x32-10. */
static const struct {
    uint32_t counter[4], key[2], out[4];
} known[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

static void philox_gives_the_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint32_t out[4];
        rng_philox(known[i].key, known[i].counter, out);
        for (int j = 0; j < 4; j++)
            assert_int_equal(out[j], known[i].out[j]);
    }
}

static void streams_differ_by_seed_purpose_and_trial(void **state)
{
    (void)state;
    struct rng a, b;
    rng_init(&a, 1, RNG_DESIGN, 5);
    uint64_t first = rng_u64(&a);
    rng_init(&b, 1, RNG_DESIGN, 5);
    assert_true(first == rng_u64(&b));
    rng_init(&b, 2, RNG_DESIGN, 5);
    assert_true(first != rng_u64(&b));
    rng_init(&b, 1, RNG_FIT, 5);
    assert_true(first != rng_u64(&b));
    rng_init(&b, 1, RNG_DESIGN, UINT64_C(1) << 32 | 5);
    assert_true(first != rng_u64(&b));
}

static void draws_have_the_moments_of_their_distributions(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 42, RNG_TEST, 0);
    const int n = 100000;
    double uniform = 0, normal = 0, square = 0;
    int counts[7] = {0};
    for (int i = 0; i < n; i++) {
        double u = rng_uniform(&rng), z = rng_normal(&rng);
        assert_true(u >= 0 && u < 1);
        uniform += u / n;
        normal += z / n;
        square += z * z / n;
        counts[rng_below(&rng, 7)]++;
    }
    /* Five standard errors. */
    assert_near(uniform, 0.5, 5 * 0.2887 / sqrt(n));
    assert_near(normal, 0.0, 5 / sqrt(n));
    assert_near(square, 1.0, 5 * 1.4143 / sqrt(n));
    for (int i = 0; i < 7; i++)
        assert_near(counts[i] / (double)n, 1.0 / 7, 5 * 0.35 / sqrt(n));
    assert_int_equal(rng_below(&rng, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_known_answers),
        cmocka_unit_test(streams_differ_by_seed_purpose_and_trial),
        cmocka_unit_test(draws_have_the_moments_of_their_distributions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
