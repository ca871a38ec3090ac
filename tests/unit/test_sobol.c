#include "near.h"

#include <string.h>

#include "search/sobol.h"

/* From scipy.stats.qmc.Sobol(64, scramble=False, bits=32), times 2^32. */
static const struct {
    uint64_t index;
    uint32_t bits[64];
} reference[] = {
    {1023,
     {
         4194304u,    3233808384u, 2629828608u, 624951296u,  801112064u,  1883242496u, 599785472u,
         2654994432u, 1480589312u, 3653238784u, 2915041280u, 155189248u,  557842432u,  2856321024u,
         1556086784u, 1992294400u, 1346371584u, 3762290688u, 2512388096u, 1371537408u, 3720347648u,
         79691776u,   3409969152u, 843055104u,  1027604480u, 1614807040u, 2185232384u, 3267362816u,
         3611295744u, 1866465280u, 3988783104u, 2638217216u, 1941962752u, 3753902080u, 1430257664u,
         3711959040u, 4047503360u, 4240441344u, 3871342592u, 2998927360u, 2713714688u, 4181721088u,
         3988783104u, 465567744u,  2134900736u, 1337982976u, 4148166656u, 3275751424u, 3619684352u,
         3535798272u, 1111490560u, 742391808u,  2831155200u, 1749024768u, 3896508416u, 473956352u,
         3426746368u, 3695181824u, 3124756480u, 1514143744u, 440401920u,  843055104u,  3393191936u,
         171966464u,
     }},
    {12345,
     {
         2752774144u, 3493593088u, 688652288u,  2262564864u, 3816030208u, 252968960u,  546570240u,
         486801408u,  3443785728u, 1845231616u, 319029248u,  2571894784u, 3998482432u, 4045144064u,
         148111360u,  2752249856u, 268697600u,  218890240u,  1371799552u, 1475084288u, 855900160u,
         348913664u,  2607022080u, 3705405440u, 1895563264u, 1270087680u, 1572077568u, 2070151168u,
         376700928u,  1737228288u, 1232338944u, 2843475968u, 2158755840u, 2840330240u, 817102848u,
         3910926336u, 11272192u,   1384382464u, 4122738688u, 4072407040u, 925630464u,  3438018560u,
         3273392128u, 2458648576u, 1240727552u, 2049179648u, 4217110528u, 1029963776u, 2848194560u,
         2632187904u, 3313238016u, 1947467776u, 38010880u,   2644770816u, 3720085504u, 2366898176u,
         1916010496u, 4177264640u, 1985216512u, 4164681728u, 464257024u,  2695626752u, 4165730304u,
         1999896576u,
     }},
};

static void plain_points_have_the_published_bits(void **state)
{
    (void)state;
    static struct sobol sobol;
    sobol_init_plain(&sobol, 64);
    for (size_t i = 0; i < sizeof reference / sizeof reference[0]; i++) {
        double u[64];
        sobol_at(&sobol, reference[i].index, u);
        for (size_t j = 0; j < 64; j++)
            assert_true(u[j] == reference[i].bits[j] * 0x1p-32);
    }
}

/* Each interval [k, k + 1) / 1024 of each coordinate holds one of the first 1024 points; the first
 * two coordinates are a (0, 10, 2)-net: also each box of 2^-a x 2^-(10-a) holds one. */
static void every_elementary_interval_holds_its_share(void **state)
{
    (void)state;
    static struct sobol sobol;
    static double u[1024][64];
    for (uint64_t seed = 0; seed < 3; seed++) {
        sobol_init(&sobol, seed, 0, 64);
        for (size_t i = 0; i < 1024; i++)
            sobol_at(&sobol, i, u[i]);
        for (size_t j = 0; j < 64; j++) {
            unsigned char seen[1024] = {0};
            for (size_t i = 0; i < 1024; i++)
                seen[(size_t)(u[i][j] * 1024)]++;
            for (size_t k = 0; k < 1024; k++)
                assert_int_equal(seen[k], 1);
        }
        for (unsigned a = 1; a < 10; a++) {
            unsigned char seen[1024] = {0};
            for (size_t i = 0; i < 1024; i++) {
                size_t x = (size_t)(u[i][0] * (1u << a)), y = (size_t)(u[i][1] * (1024u >> a));
                seen[(x << (10 - a)) + y]++;
            }
            for (size_t k = 0; k < 1024; k++)
                assert_int_equal(seen[k], 1);
        }
    }
}

static void seed_and_key_choose_the_scrambling(void **state)
{
    (void)state;
    static struct sobol a, b;
    double u[3], v[3];
    sobol_init(&a, 7, 0, 3);
    sobol_at(&a, 5, u);
    sobol_point(7, 5, 3, v);
    assert_memory_equal(u, v, sizeof u);
    sobol_point(8, 5, 3, v);
    assert_memory_not_equal(u, v, sizeof u);
    sobol_init(&b, 7, 1, 3);
    sobol_at(&b, 5, v);
    assert_memory_not_equal(u, v, sizeof u);
}

static void dimensions_beyond_the_table_are_in_range_and_differ(void **state)
{
    (void)state;
    double u[100], v[100];
    sobol_point(1, 0, 100, u);
    sobol_point(1, 1, 100, v);
    for (size_t j = 0; j < 100; j++) {
        assert_true(u[j] >= 0.0 && u[j] < 1.0);
        assert_true(u[j] != v[j]);
    }
    sobol_point(1, UINT64_MAX, 2, u);
    assert_true(u[0] >= 0.0 && u[0] < 1.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_points_have_the_published_bits),
        cmocka_unit_test(every_elementary_interval_holds_its_share),
        cmocka_unit_test(seed_and_key_choose_the_scrambling),
        cmocka_unit_test(dimensions_beyond_the_table_are_in_range_and_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
