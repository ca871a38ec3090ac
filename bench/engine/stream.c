/*
 * stream.c: the random numbers of tasks.py, so that noise and times are the same in both drivers.
 *
 * A stream is a text's SHA-256 (FIPS 180-4), whose first 8 bytes seed numpy's default_rng: an
 * O'Neill seed sequence fills the state of PCG64 (XSL-RR 128/64; O'Neill 2014). Normal deviates
 * come from the ziggurat with 256 layers (Marsaglia & Tsang 2000, J. Stat. Software 5), whose
 * tables are computed here: the last bit of a deviate may differ from numpy's, which engines don't
 * see (they are told eight digits).
 */
#include "stream.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

/* ---- SHA-256 ----------------------------------------------------------------------------------
 */

#define WORDS 64

/* The first 32 bits of the fractional part of x. */
static uint32_t fraction_bits(long double x)
{
    return (uint32_t)ldexpl(x - floorl(x), 32);
}

/* Square roots of the first 8 primes start the hash, cube roots of the first 64 are its constants.
 */
static void sha256_constants(uint32_t start[8], uint32_t k[WORDS])
{
    unsigned n = 0;
    for (unsigned p = 2; n < WORDS; p++) {
        bool is_prime = true;
        for (unsigned q = 2; q * q <= p; q++)
            is_prime = is_prime && p % q != 0;
        if (!is_prime)
            continue;
        if (n < 8)
            start[n] = fraction_bits(sqrtl((long double)p));
        k[n++] = fraction_bits(cbrtl((long double)p));
    }
}

static uint32_t rotate32(uint32_t x, unsigned by)
{
    return x >> by | x << (32 - by);
}

static void sha256_block(uint32_t h[8], const uint32_t k[WORDS], const unsigned char block[64])
{
    uint32_t w[WORDS], v[8];
    for (size_t i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (size_t i = 16; i < WORDS; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (rotate32(a, 7) ^ rotate32(a, 18) ^ a >> 3) +
               (rotate32(b, 17) ^ rotate32(b, 19) ^ b >> 10);
    }
    memcpy(v, h, sizeof v);
    for (size_t i = 0; i < WORDS; i++) {
        uint32_t a = v[0], e = v[4];
        uint32_t one = v[7] + (rotate32(e, 6) ^ rotate32(e, 11) ^ rotate32(e, 25)) +
                       ((e & v[5]) ^ (~e & v[6])) + k[i] + w[i];
        uint32_t two = (rotate32(a, 2) ^ rotate32(a, 13) ^ rotate32(a, 22)) +
                       ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += one;
        v[0] = one + two;
    }
    for (size_t i = 0; i < 8; i++)
        h[i] += v[i];
}

/* The first 8 bytes of the hash, as a little-endian number. */
static uint64_t sha256_seed(const char *text)
{
    static uint32_t start[8], k[WORDS];
    if (k[0] == 0)
        sha256_constants(start, k);
    uint32_t h[8];
    memcpy(h, start, sizeof h);
    size_t len = strlen(text), i = 0;
    for (; len - i >= 64; i += 64)
        sha256_block(h, k, (const unsigned char *)text + i);
    unsigned char tail[128] = {0};
    memcpy(tail, text + i, len - i);
    tail[len - i] = 0x80;
    size_t blocks = len - i + 9 > 64 ? 2 : 1;
    for (size_t b = 0; b < 8; b++)
        tail[64 * blocks - 1 - b] = (unsigned char)((uint64_t)len * 8 >> 8 * b);
    for (size_t b = 0; b < blocks; b++)
        sha256_block(h, k, tail + 64 * b);
    uint64_t seed = 0;
    for (size_t b = 0; b < 8; b++)
        seed |= (uint64_t)(h[b / 4] >> (24 - 8 * (b % 4)) & 0xFF) << 8 * b;
    return seed;
}

/* ---- PCG64 ------------------------------------------------------------------------------------
 */

static uint32_t hash_mix(uint32_t value, uint32_t *constant, uint32_t factor)
{
    value ^= *constant;
    *constant *= factor;
    value *= *constant;
    return value ^ value >> 16;
}

/* The seed sequence: 64 bits of entropy to 256 bits of state. */
static void spread_seed(uint64_t seed, uint64_t out[4])
{
    uint32_t pool[4] = {(uint32_t)seed, (uint32_t)(seed >> 32), 0, 0}, constant = 0x43b0d7e5;
    for (size_t i = 0; i < 4; i++)
        pool[i] = hash_mix(pool[i], &constant, 0x931e8875);
    for (size_t from = 0; from < 4; from++)
        for (size_t to = 0; to < 4; to++) {
            if (from == to)
                continue;
            uint32_t x =
                0xca01f9dd * pool[to] - 0x4973f715 * hash_mix(pool[from], &constant, 0x931e8875);
            pool[to] = x ^ x >> 16;
        }
    constant = 0x8b51f9dd;
    for (size_t i = 0; i < 4; i++) {
        uint64_t low = hash_mix(pool[2 * i % 4], &constant, 0x58f38ded);
        uint64_t high = hash_mix(pool[(2 * i + 1) % 4], &constant, 0x58f38ded);
        out[i] = low | high << 32;
    }
}

static uint128 wide(const uint64_t words[2])
{
    return (uint128)words[0] << 64 | words[1];
}

static void pcg_step(struct stream *s)
{
    static const uint64_t factor[2] = {0x2360ed051fc65da4, 0x4385df649fccf645};
    uint128 state = wide(s->state) * wide(factor) + wide(s->step);
    s->state[0] = (uint64_t)(state >> 64);
    s->state[1] = (uint64_t)state;
}

void stream_init(struct stream *s, const char *text)
{
    uint64_t words[4];
    spread_seed(sha256_seed(text), words);
    uint128 step = wide(words + 2) << 1 | 1;
    s->step[0] = (uint64_t)(step >> 64);
    s->step[1] = (uint64_t)step;
    s->state[0] = s->state[1] = 0;
    pcg_step(s);
    uint128 state = wide(s->state) + wide(words);
    s->state[0] = (uint64_t)(state >> 64);
    s->state[1] = (uint64_t)state;
    pcg_step(s);
}

uint64_t stream_next(struct stream *s)
{
    pcg_step(s);
    uint64_t x = s->state[0] ^ s->state[1];
    unsigned by = (unsigned)(s->state[0] >> 58);
    return x >> by | x << (-by & 63);
}

double stream_uniform(struct stream *s)
{
    return (double)(stream_next(s) >> 11) * 0x1p-53;
}

/* ---- Ziggurat ---------------------------------------------------------------------------------
 */

#define LAYERS 256
#define TAIL   3.6541528853610087963519472518L /* where the lowest layer's rectangle ends */

struct layers {
    uint64_t inside[LAYERS]; /* of 2^52: left of it a point is under the curve for certain */
    double width[LAYERS], height[LAYERS];
};

static void build_layers(struct layers *z)
{
    long double x = TAIL, last = TAIL, scale = 0x1p52L;
    long double area = x * expl(-x * x / 2) + sqrtl(acosl(-1.0L) / 2) * erfcl(x / sqrtl(2.0L));
    long double q = area / expl(-x * x / 2);
    z->inside[0] = (uint64_t)(x / q * scale);
    z->inside[1] = 0;
    z->width[0] = (double)(q / scale);
    z->width[LAYERS - 1] = (double)(x / scale);
    z->height[0] = 1.0;
    z->height[LAYERS - 1] = (double)expl(-x * x / 2);
    for (size_t i = LAYERS - 2; i >= 1; i--) {
        x = sqrtl(-2 * logl(area / x + expl(-x * x / 2)));
        z->inside[i + 1] = (uint64_t)(x / last * scale);
        last = x;
        z->height[i] = (double)expl(-x * x / 2);
        z->width[i] = (double)(x / scale);
    }
}

static double normal_tail(struct stream *s, bool is_negative)
{
    for (;;) {
        double x = -log1p(-stream_uniform(s)) / (double)TAIL, y = -log1p(-stream_uniform(s));
        if (y + y > x * x)
            return is_negative ? -((double)TAIL + x) : (double)TAIL + x;
    }
}

double stream_normal(struct stream *s)
{
    static struct layers z;
    if (z.width[0] == 0.0)
        build_layers(&z);
    for (;;) {
        uint64_t bits = stream_next(s);
        size_t i = bits & 0xFF;
        uint64_t size = bits >> 9 & 0x000fffffffffffff;
        double x = (double)size * z.width[i];
        if (bits >> 8 & 1)
            x = -x;
        if (size < z.inside[i])
            return x;
        if (i == 0)
            return normal_tail(s, (size >> 8 & 1) != 0);
        if ((z.height[i - 1] - z.height[i]) * stream_uniform(s) + z.height[i] < exp(-0.5 * x * x))
            return x;
    }
}
