/* checksum.h: what clients send along to tell whether the bytes arrived: x-amz-checksum-*. */
#ifndef HONE_SERVE_CHECKSUM_H
#define HONE_SERVE_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>

enum checksum_kind {
    CHECKSUM_CRC32,
    CHECKSUM_CRC32C,
    CHECKSUM_CRC64NVME,
    CHECKSUM_SHA1,
    CHECKSUM_SHA256,
    CHECKSUM_MD5,
    CHECKSUM_KINDS
};

/** "x-amz-checksum-crc32" and so on; of CHECKSUM_MD5 "content-md5". */
extern const char *const checksum_headers[CHECKSUM_KINDS];

struct checksum;

/** NULL when memory is out. */
struct checksum *checksum_new(enum checksum_kind kind);
void checksum_add(struct checksum *checksum, const void *data, size_t n);
/** In base 64, as the header has it; 45 bytes hold any. */
void checksum_text(struct checksum *checksum, char out[48]);
void checksum_free(struct checksum *checksum);

#endif
