/* digest.h: MD5, SHA-1, SHA-256 and HMAC of libcrypto, with the little that we need of each. */
#ifndef HONE_S3_DIGEST_H
#define HONE_S3_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum digest_kind { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256 };

enum { DIGEST_MAX = 32, DIGEST_HEX_MAX = 2 * DIGEST_MAX + 1 };

/** A running digest. NULL when memory is out. */
struct digest *digest_new(enum digest_kind kind);
void digest_add(struct digest *digest, const void *data, size_t n);
/** The digest so far, and begin anew; returns its length in bytes, 0 when libcrypto failed. */
size_t digest_take(struct digest *digest, unsigned char out[DIGEST_MAX]);
void digest_free(struct digest *digest);

/** The digest of one text. Returns its length, 0 when libcrypto failed. */
size_t digest_of(enum digest_kind kind, const void *data, size_t n, unsigned char out[DIGEST_MAX]);
/** The same in lower-case hexadecimal; "" when libcrypto failed. */
void digest_hex(enum digest_kind kind, const void *data, size_t n, char out[DIGEST_HEX_MAX]);
/** HMAC with that digest. Returns its length, 0 when libcrypto failed. */
size_t digest_hmac(enum digest_kind kind, const void *key, size_t key_len, const void *data,
                   size_t n, unsigned char out[DIGEST_MAX]);

/** n bytes in lower-case hexadecimal; out has 2 n + 1 bytes. */
void hex_write(const unsigned char *bytes, size_t n, char *out);
/** n bytes out of exactly 2 n hexadecimal digits. */
bool hex_read(const char *text, size_t n, unsigned char *out);
/** n bytes in base 64, with padding; out has 4 ((n + 2) / 3) + 1 bytes. */
void base64_write(const unsigned char *bytes, size_t n, char *out);

/** Fill n bytes with what nobody can guess; false when the system has no randomness. */
bool random_bytes(void *out, size_t n);
/** Whether two secrets are equal, in a time that tells nothing of where they differ. */
bool secret_equal(const char *a, const char *b);

#endif
