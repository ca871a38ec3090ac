/* digest.c: the digests of libcrypto behind one small interface. */
#include "s3/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#include "base/mem.h"

struct digest {
    EVP_MD_CTX *context;
    const EVP_MD *method;
};

static const EVP_MD *method_of(enum digest_kind kind)
{
    switch (kind) {
    case DIGEST_MD5:
        return EVP_md5();
    case DIGEST_SHA1:
        return EVP_sha1();
    case DIGEST_SHA256:
        break;
    }
    return EVP_sha256();
}

struct digest *digest_new(enum digest_kind kind)
{
    struct digest *digest = mem_array(1, sizeof *digest);
    if (digest == NULL)
        return NULL;
    digest->method = method_of(kind);
    digest->context = EVP_MD_CTX_new();
    if (digest->context == NULL || EVP_DigestInit_ex(digest->context, digest->method, NULL) != 1) {
        digest_free(digest);
        return NULL;
    }
    return digest;
}

void digest_add(struct digest *digest, const void *data, size_t n)
{
    EVP_DigestUpdate(digest->context, data, n);
}

size_t digest_take(struct digest *digest, unsigned char out[DIGEST_MAX])
{
    unsigned n = 0;
    if (EVP_DigestFinal_ex(digest->context, out, &n) != 1 ||
        EVP_DigestInit_ex(digest->context, digest->method, NULL) != 1)
        return 0;
    return n;
}

void digest_free(struct digest *digest)
{
    if (digest == NULL)
        return;
    EVP_MD_CTX_free(digest->context);
    mem_free(digest);
}

size_t digest_of(enum digest_kind kind, const void *data, size_t n, unsigned char out[DIGEST_MAX])
{
    unsigned len = 0;
    return EVP_Digest(data, n, out, &len, method_of(kind), NULL) == 1 ? len : 0;
}

void digest_hex(enum digest_kind kind, const void *data, size_t n, char out[DIGEST_HEX_MAX])
{
    unsigned char bytes[DIGEST_MAX];
    hex_write(bytes, digest_of(kind, data, n, bytes), out);
}

size_t digest_hmac(enum digest_kind kind, const void *key, size_t key_len, const void *data,
                   size_t n, unsigned char out[DIGEST_MAX])
{
    unsigned len = 0;
    if (HMAC(method_of(kind), key, (int)key_len, data, n, out, &len) == NULL)
        return 0;
    return len;
}

void hex_write(const unsigned char *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_read(const char *text, size_t n, unsigned char *out)
{
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(text[2 * i]);
        int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return text[2 * n] == '\0';
}

void base64_write(const unsigned char *bytes, size_t n, char *out)
{
    EVP_EncodeBlock((unsigned char *)out, bytes, (int)n);
}

bool random_bytes(void *out, size_t n)
{
    return RAND_bytes(out, (int)n) == 1;
}

bool secret_equal(const char *a, const char *b)
{
    size_t n = strlen(a);
    return n == strlen(b) && CRYPTO_memcmp(a, b, n) == 0;
}
