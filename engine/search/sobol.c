/*
 * sobol.c: scrambled Sobol' points.
 *
 * Coordinate j of point i is the exclusive or of the direction numbers v_jk over the set bits k of
 * i's Gray code (Antonov & Saleev 1979): the first 2^m points then are the same set as in natural
 * order. The direction numbers come from a primitive polynomial over GF(2) and odd m_1 .. m_s by
 *     m_k = 2 a_1 m_(k-1) ^ 4 a_2 m_(k-2) ^ ... ^ 2^s m_(k-s) ^ m_(k-s),    v_k = m_k 2^(32-k).
 * The table is the start of new-joe-kuo-6, whose two-dimensional projections are good (Joe & Kuo,
 * "Constructing Sobol sequences with better two-dimensional projections", SIAM J. Sci. Comput. 30,
 * 2008).
 *
 * Scrambling: each coordinate's bits are multiplied by a random lower triangular matrix with ones
 * on its diagonal, then a random word is added (Matousek, "On the L2-discrepancy for anchored
 * boxes", J. Complexity 14, 1998). Every elementary interval keeps its share of the points, and
 * point 0 no longer is the corner. The matrix is applied to the direction numbers, so a point costs
 * the same.
 */
#include "search/sobol.h"

#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "search/registry.h"

struct joe_kuo {
    unsigned polynomial; /* all coefficients, the leading one first */
    unsigned m[9];       /* as many as the polynomial's degree */
};

/* clang-format off */
static const struct joe_kuo table[SOBOL_DIMENSIONS] = {
    {1, {1}}, {3, {1}}, {7, {1, 3}}, {11, {1, 3, 1}}, {13, {1, 1, 1}}, {19, {1, 1, 3, 3}},
    {25, {1, 3, 5, 13}}, {37, {1, 1, 5, 5, 17}}, {41, {1, 1, 5, 5, 5}}, {47, {1, 1, 7, 11, 19}},
    {55, {1, 1, 5, 1, 1}}, {59, {1, 1, 1, 3, 11}}, {61, {1, 3, 5, 5, 31}},
    {67, {1, 3, 3, 9, 7, 49}}, {91, {1, 1, 1, 15, 21, 21}}, {97, {1, 3, 1, 13, 27, 49}},
    {103, {1, 1, 1, 15, 7, 5}}, {109, {1, 3, 1, 15, 13, 25}}, {115, {1, 1, 5, 5, 19, 61}},
    {131, {1, 3, 7, 11, 23, 15, 103}}, {137, {1, 3, 7, 13, 13, 15, 69}},
    {143, {1, 1, 3, 13, 7, 35, 63}}, {145, {1, 3, 5, 9, 1, 25, 53}},
    {157, {1, 3, 1, 13, 9, 35, 107}}, {167, {1, 3, 1, 5, 27, 61, 31}},
    {171, {1, 1, 5, 11, 19, 41, 61}}, {185, {1, 3, 5, 3, 3, 13, 69}},
    {191, {1, 1, 7, 13, 1, 19, 1}}, {193, {1, 3, 7, 5, 13, 19, 59}},
    {203, {1, 1, 3, 9, 25, 29, 41}}, {211, {1, 3, 5, 13, 23, 1, 55}},
    {213, {1, 3, 7, 3, 13, 59, 17}}, {229, {1, 3, 1, 3, 5, 53, 69}},
    {239, {1, 1, 5, 5, 23, 33, 13}}, {241, {1, 1, 7, 7, 1, 61, 123}},
    {247, {1, 1, 7, 9, 13, 61, 49}}, {253, {1, 3, 3, 5, 3, 55, 33}},
    {285, {1, 3, 1, 15, 31, 13, 49, 245}}, {299, {1, 3, 5, 15, 31, 59, 63, 97}},
    {301, {1, 3, 1, 11, 11, 11, 77, 249}}, {333, {1, 3, 1, 11, 27, 43, 71, 9}},
    {351, {1, 1, 7, 15, 21, 11, 81, 45}}, {355, {1, 3, 7, 3, 25, 31, 65, 79}},
    {357, {1, 3, 1, 1, 19, 11, 3, 205}}, {361, {1, 1, 5, 9, 19, 21, 29, 157}},
    {369, {1, 3, 7, 11, 1, 33, 89, 185}}, {391, {1, 3, 3, 3, 15, 9, 79, 71}},
    {397, {1, 3, 7, 11, 15, 39, 119, 27}}, {425, {1, 1, 3, 1, 11, 31, 97, 225}},
    {451, {1, 1, 1, 3, 23, 43, 57, 177}}, {463, {1, 3, 7, 7, 17, 17, 37, 71}},
    {487, {1, 3, 1, 5, 27, 63, 123, 213}}, {501, {1, 1, 3, 5, 11, 43, 53, 133}},
    {529, {1, 3, 5, 5, 29, 17, 47, 173, 479}}, {539, {1, 3, 3, 11, 3, 1, 109, 9, 69}},
    {545, {1, 1, 1, 5, 17, 39, 23, 5, 343}}, {557, {1, 3, 1, 5, 25, 15, 31, 103, 499}},
    {563, {1, 1, 1, 11, 11, 17, 63, 105, 183}}, {601, {1, 1, 5, 11, 9, 29, 97, 231, 363}},
    {607, {1, 1, 5, 15, 19, 45, 41, 7, 383}}, {617, {1, 3, 7, 7, 31, 19, 83, 137, 221}},
    {623, {1, 1, 1, 3, 23, 15, 111, 223, 83}}, {631, {1, 1, 5, 13, 31, 15, 55, 25, 161}},
    {637, {1, 1, 3, 13, 25, 47, 39, 87, 257}},
};
/* clang-format on */

static unsigned degree_of(unsigned polynomial)
{
    unsigned degree = 0;
    while (polynomial >> (degree + 1) != 0)
        degree++;
    return degree;
}

static void fill_directions(const struct joe_kuo *entry, uint32_t direction[SOBOL_BITS])
{
    unsigned degree = degree_of(entry->polynomial);
    if (degree == 0) { /* the first dimension: all m are 1 */
        for (unsigned k = 0; k < SOBOL_BITS; k++)
            direction[k] = (uint32_t)1 << (31 - k);
        return;
    }
    for (unsigned k = 0; k < degree; k++)
        direction[k] = (uint32_t)entry->m[k] << (31 - k);
    for (unsigned k = degree; k < SOBOL_BITS; k++) {
        direction[k] = direction[k - degree] ^ (direction[k - degree] >> degree);
        for (unsigned i = 1; i < degree; i++)
            if (entry->polynomial >> (degree - i) & 1)
                direction[k] ^= direction[k - i];
    }
}

static unsigned parity(uint32_t x)
{
    x ^= x >> 16;
    x ^= x >> 8;
    x ^= x >> 4;
    return 0x6996u >> (x & 15) & 1;
}

static void scramble(struct rng *rng, uint32_t direction[SOBOL_BITS])
{
    /* Row r (from the most significant bit) of the matrix: random left of the diagonal, which is
     * one. */
    uint32_t row[SOBOL_BITS];
    for (unsigned r = 0; r < SOBOL_BITS; r++) {
        uint32_t diagonal = (uint32_t)1 << (31 - r);
        uint32_t above = ~(diagonal | (diagonal - 1));
        row[r] = (rng_u32(rng) & above) | diagonal;
    }
    for (unsigned k = 0; k < SOBOL_BITS; k++) {
        uint32_t scrambled = 0;
        for (unsigned r = 0; r < SOBOL_BITS; r++)
            scrambled |= (uint32_t)parity(row[r] & direction[k]) << (31 - r);
        direction[k] = scrambled;
    }
}

void sobol_init_plain(struct sobol *sobol, size_t d)
{
    *sobol = (struct sobol){.d = d};
    for (size_t j = 0; j < d && j < SOBOL_DIMENSIONS; j++)
        fill_directions(&table[j], sobol->direction[j]);
}

void sobol_init(struct sobol *sobol, uint64_t seed, uint64_t key, size_t d)
{
    sobol_init_plain(sobol, d);
    sobol->seed = seed;
    sobol->key = key;
    struct rng rng;
    rng_init(&rng, seed, RNG_SCRAMBLE, key);
    for (size_t j = 0; j < d && j < SOBOL_DIMENSIONS; j++) {
        scramble(&rng, sobol->direction[j]);
        sobol->shift[j] = rng_u32(&rng);
    }
}

void sobol_at(const struct sobol *sobol, uint64_t index, double *out)
{
    uint32_t i = (uint32_t)index;
    uint32_t gray = i ^ (i >> 1);
    size_t j = 0;
    for (; j < sobol->d && j < SOBOL_DIMENSIONS; j++) {
        uint32_t x = sobol->shift[j];
        for (unsigned k = 0; gray >> k != 0; k++) {
            if (gray >> k & 1)
                x ^= sobol->direction[j][k];
            if (k == 31)
                break;
        }
        out[j] = x * 0x1p-32;
    }
    if (j < sobol->d) {
        struct rng rng;
        rng_init(&rng, sobol->seed, RNG_DESIGN, (sobol->key << 32) ^ index);
        for (; j < sobol->d; j++)
            out[j] = rng_uniform(&rng);
    }
}

void sobol_point(uint64_t seed, uint64_t index, size_t d, double *out)
{
    struct sobol sobol;
    sobol_init(&sobol, seed, 0, d);
    sobol_at(&sobol, index, out);
}

/*
 * The strategy. Every parameter owns a coordinate; those of inactive ones are not used. A point
 * that was tried or that violates `where` is passed over. The memo is the index of the next point.
 */

/* Points passed over before the search falls back on random ones: the rest of a small space. */
#define MAX_PASSED 1000

static hone_status propose(const struct search_view *view, struct buf *memo, double *row,
                           struct buf *why, hone_error *err)
{
    const struct hone_space *space = view->space;
    uint64_t index = 0;
    if (memo->len == sizeof index)
        memcpy(&index, memo->data, sizeof index);
    struct sobol *sobol = arena_array(view->scratch, 1, sizeof *sobol);
    double *u = arena_array(view->scratch, space->n, sizeof *u);
    if (sobol == NULL || u == NULL)
        return error_memory(err);
    sobol_init(sobol, view->options->seed, 0, space->n);

    struct rng rng;
    rng_init(&rng, view->options->seed, RNG_FILL, view->next_id);
    bool found = false;
    for (int passed = 0; passed < MAX_PASSED && !found; passed++) {
        sobol_at(sobol, index++, u);
        space_of_unit(space, u, row);
        found = space_satisfies(space, row) && search_is_new(view, row);
    }
    if (found)
        buf_printf(why, "Sobol' point %llu", (unsigned long long)(index - 1));
    else
        buf_text(why, "random, the Sobol' points nearby were tried");
    hone_status status = found ? HONE_OK : search_random_new(view, &rng, row, err);
    buf_clear(memo);
    buf_add(memo, &index, sizeof index);
    return status;
}

const struct search_algorithm search_sobol = {
    .name = "sobol",
    .summary = "scrambled Sobol' points: more even than random",
    .propose = propose,
};
