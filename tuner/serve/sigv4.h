/*
 * sigv4.h: whether a request was signed by somebody who knows the secret of its access key: AWS
 * Signature Version 4 in a header or in the address, and Version 2 in the address, which clients
 * still write in the oldest regions.
 */
#ifndef HONE_SERVE_SIGV4_H
#define HONE_SERVE_SIGV4_H

#include <stdint.h>

#include "s3/digest.h"
#include "serve/request.h"

#define SIGV4_SKEW_MS    ((int64_t)15 * 60 * 1000)
#define SIGV4_EXPIRE_MAX (7 * 24 * 3600) /* seconds that a presigned address may be good for */

#define PAYLOAD_UNSIGNED  "UNSIGNED-PAYLOAD"
#define PAYLOAD_STREAMING "STREAMING-"

enum sigv4_problem {
    SIGV4_GOOD,
    SIGV4_ABSENT,    /* no signature at all */
    SIGV4_MALFORMED, /* not in its form, or lacking a part */
    SIGV4_MISMATCH,  /* another secret, or something was changed on the way */
    SIGV4_SKEW,      /* dated too far from now */
    SIGV4_EXPIRED    /* a presigned address whose time is over */
};

struct sigv4 {
    bool presigned, version_2;
    char key[129];
    char date[9], region[65], service[65]; /* the scope */
    char time[17];                         /* 20261124T100000Z */
    char signature[65];
    char *signed_headers; /* "host;x-amz-date" */
    const char *payload;  /* what the request says is the hash of its body; or NULL */
    int64_t signed_at_ms; /* of version 2: 0 */
    int64_t expires_s;    /* presigned: seconds from then; of version 2: since 1970 */
};

/** Take the signature out of a request. Release it in any case. `why` says what is malformed. */
enum sigv4_problem sigv4_read(const struct request *request, struct sigv4 *out, char why[128]);
/**
 * Check it.
 * @param resource  what is signed in version 2: "/bucket/key" as sent; other versions: unused
 * @param payload   the hash of the body in hexadecimal, or what stands for it; NULL: as the request
 *                  says
 * @param twice     escape the path once more, as all services but S3 do
 */
enum sigv4_problem sigv4_check(const struct request *request, const struct sigv4 *sig,
                               const char *secret, const char *resource, const char *payload,
                               bool twice, int64_t now_ms);
/** The key that signs what is in its scope. False: libcrypto failed. */
bool sigv4_key(const struct sigv4 *sig, const char *secret, unsigned char out[DIGEST_MAX]);
/** "20261124T100000Z" as milliseconds since 1970, or -1. */
int64_t sigv4_time(const char *text);
void sigv4_release(struct sigv4 *sig);

#endif
