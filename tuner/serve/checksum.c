/*
 * checksum.c: cyclic redundancy checks, bit-reflected, from tables of 256 entries that the first
 * use makes; and the digests that clients may send instead.
 *
 * Polynomials, reflected: CRC-32 of IEEE 802.3, CRC-32C of Castagnoli, CRC-64/NVME of the NVM
 * Express specification.
 */
#include "serve/checksum.h"

#include <pthread.h>
#include <stdint.h>

#include "base/mem.h"
#include "s3/digest.h"

const char *const checksum_headers[CHECKSUM_KINDS] = {
    "x-amz-checksum-crc32", "x-amz-checksum-crc32c", "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",  "x-amz-checksum-sha256", "content-md5"};

enum { CRCS = 3 };
static const uint64_t polynomials[CRCS] = {0xedb88320u, 0x82f63b78u, 0x9a6c9329ac4bc9b5u};
static const int bytes_of[CRCS] = {4, 4, 8};
static uint64_t tables[CRCS][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

struct checksum {
    enum checksum_kind kind;
    uint64_t crc;
    struct digest *digest;
};

static void make_tables(void)
{
    for (int k = 0; k < CRCS; k++)
        for (uint64_t i = 0; i < 256; i++) {
            uint64_t c = i;
            for (int bit = 0; bit < 8; bit++)
                c = (c & 1) != 0 ? c >> 1 ^ polynomials[k] : c >> 1;
            tables[k][i] = c;
        }
}

struct checksum *checksum_new(enum checksum_kind kind)
{
    struct checksum *checksum = mem_array(1, sizeof *checksum);
    if (checksum == NULL)
        return NULL;
    pthread_once(&tables_once, make_tables);
    checksum->kind = kind;
    checksum->crc = kind == CHECKSUM_CRC64NVME ? UINT64_MAX : UINT32_MAX;
    if ((int)kind >= CRCS) {
        checksum->digest = digest_new(kind == CHECKSUM_SHA1  ? DIGEST_SHA1
                                      : kind == CHECKSUM_MD5 ? DIGEST_MD5
                                                             : DIGEST_SHA256);
        if (checksum->digest == NULL) {
            mem_free(checksum);
            return NULL;
        }
    }
    return checksum;
}

void checksum_add(struct checksum *checksum, const void *data, size_t n)
{
    const unsigned char *bytes = data;
    if (checksum->digest != NULL) {
        digest_add(checksum->digest, data, n);
        return;
    }
    const uint64_t *table = tables[checksum->kind];
    uint64_t c = checksum->crc;
    for (size_t i = 0; i < n; i++)
        c = c >> 8 ^ table[(c ^ bytes[i]) & 255];
    checksum->crc = c;
}

void checksum_text(struct checksum *checksum, char out[48])
{
    unsigned char bytes[DIGEST_MAX];
    size_t n;
    if (checksum->digest != NULL) {
        n = digest_take(checksum->digest, bytes);
    } else {
        n = (size_t)bytes_of[checksum->kind];
        uint64_t value = ~checksum->crc;
        for (size_t i = 0; i < n; i++)
            bytes[i] = (unsigned char)(value >> 8 * (n - 1 - i));
    }
    base64_write(bytes, n, out);
}

void checksum_free(struct checksum *checksum)
{
    if (checksum == NULL)
        return;
    digest_free(checksum->digest);
    mem_free(checksum);
}
