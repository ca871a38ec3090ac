/*
 * s3_service.c: which S3 operation a request is, who may, and where its body goes.
 *
 * The signature is checked before the body is read: it covers the body's hash as the request claims
 * it, and the body is compared with that claim at its end, before it becomes an object.
 */
#include "serve/s3_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "s3/digest.h"

/* An operation: method, where (0 all buckets, 1 a bucket, 2 an object), the query parameter that
 * makes it what it is (or NULL), and whether its body is an object's bytes. */
static const struct operation {
    const char *name, *method;
    int where;
    const char *parameter;
    void (*answer)(struct exchange *x);
    bool takes_bytes, reads;
} operations[] = {
    {"ListBuckets", "GET", 0, NULL, s3_list_buckets, false, true},
    {"GetBucketLocation", "GET", 1, "location", s3_bucket_location, false, true},
    {"GetBucketVersioning", "GET", 1, "versioning", s3_bucket_versioning, false, true},
    {"ListMultipartUploads", "GET", 1, "uploads", s3_list_uploads, false, true},
    {"ListObjectsV2", "GET", 1, "list-type", s3_list_objects_2, false, true},
    {"ListObjects", "GET", 1, NULL, s3_list_objects, false, true},
    {"HeadBucket", "HEAD", 1, NULL, s3_head_bucket, false, true},
    {"CreateBucket", "PUT", 1, NULL, s3_create_bucket, false, false},
    {"DeleteBucket", "DELETE", 1, NULL, s3_delete_bucket, false, false},
    {"DeleteObjects", "POST", 1, "delete", s3_delete_objects, false, false},
    {"ListParts", "GET", 2, "uploadId", s3_list_parts, false, true},
    {"GetObject", "GET", 2, NULL, s3_get_object, false, true},
    {"HeadObject", "HEAD", 2, NULL, s3_get_object, false, true},
    {"UploadPart", "PUT", 2, "partNumber", s3_put_part, true, false},
    {"PutObject", "PUT", 2, NULL, s3_put_object, true, false},
    {"AbortMultipartUpload", "DELETE", 2, "uploadId", s3_abort_upload, false, false},
    {"DeleteObject", "DELETE", 2, NULL, s3_delete_object, false, false},
    {"CreateMultipartUpload", "POST", 2, "uploads", s3_create_upload, false, false},
    {"CompleteMultipartUpload", "POST", 2, "uploadId", s3_complete_upload, false, false},
};

/* What S3 has and we do not: a request with one of these is not what it would be without it. */
static const char *const not_offered[] = {"accelerate",
                                          "acl",
                                          "analytics",
                                          "attributes",
                                          "cors",
                                          "encryption",
                                          "inventory",
                                          "legal-hold",
                                          "lifecycle",
                                          "logging",
                                          "metrics",
                                          "notification",
                                          "object-lock",
                                          "ownershipControls",
                                          "policy",
                                          "policyStatus",
                                          "publicAccessBlock",
                                          "replication",
                                          "requestPayment",
                                          "restore",
                                          "retention",
                                          "select",
                                          "tagging",
                                          "torrent",
                                          "versionId",
                                          "versions",
                                          "website"};

void s3_service_free(struct s3_exchange *s3)
{
    if (s3 == NULL)
        return;
    s3_write_abandon(s3->write);
    chunked_free(s3->chunked);
    digest_free(s3->sha256);
    for (int i = 0; i < CHECKSUM_KINDS; i++)
        checksum_free(s3->checksums[i]);
    mem_free(s3->key);
    mem_free(s3->resource);
    mem_free(s3);
}

/* Bucket and key out of the path, or out of the host and the path. */
static bool read_place(struct exchange *x, const char *virtual_bucket)
{
    struct s3_exchange *s3 = x->s3;
    struct buf decoded, resource;
    const char *path = x->request.path;
    buf_init(&decoded, 8192);
    buf_init(&resource, 1 << 17);
    if (virtual_bucket[0] != '\0')
        buf_printf(&resource, "/%s", virtual_bucket);
    buf_text(&resource, path);
    bool ok = uri_decode(path + 1, strlen(path + 1), false, &decoded);
    if (ok && virtual_bucket[0] != '\0') {
        snprintf(s3->bucket, sizeof s3->bucket, "%s", virtual_bucket);
        s3->key = decoded.len == 0 ? NULL : buf_take(&decoded);
    } else if (ok) {
        size_t n = strcspn(decoded.data, "/");
        ok = n < sizeof s3->bucket;
        if (ok) {
            memcpy(s3->bucket, decoded.data, n);
            s3->bucket[n] = '\0';
        }
        if (ok && decoded.data[n] == '/' && decoded.data[n + 1] != '\0')
            s3->key = mem_text(decoded.data + n + 1);
    }
    s3->resource = buf_take(&resource);
    buf_release(&decoded);
    buf_release(&resource);
    return ok && s3->resource != NULL;
}

static const struct operation *find_operation(const struct exchange *x)
{
    const struct request *request = &x->request;
    int where = x->s3->bucket[0] == '\0' ? 0 : x->s3->key == NULL ? 1 : 2;
    for (size_t i = 0; i < sizeof not_offered / sizeof not_offered[0]; i++)
        if (request_query(request, not_offered[i]) != NULL)
            return NULL;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        const struct operation *o = &operations[i];
        if (o->where == where && strcmp(o->method, request->method) == 0 &&
            (o->parameter == NULL || request_query(request, o->parameter) != NULL))
            return o;
    }
    return NULL;
}

/* The checksums that the request names, in a header or for its trailer. */
static bool begin_checksums(struct exchange *x)
{
    const char *trailer = request_header(&x->request, "x-amz-trailer");
    for (int i = 0; i < CHECKSUM_KINDS; i++) {
        bool named = request_header(&x->request, checksum_headers[i]) != NULL ||
                     (trailer != NULL && strcmp(trailer, checksum_headers[i]) == 0);
        if (named && (x->s3->checksums[i] = checksum_new((enum checksum_kind)i)) == NULL)
            return false;
    }
    return true;
}

static bool sink(void *context, const void *data, size_t n)
{
    struct exchange *x = context;
    struct s3_exchange *s3 = x->s3;
    for (int i = 0; i < CHECKSUM_KINDS; i++)
        if (s3->checksums[i] != NULL)
            checksum_add(s3->checksums[i], data, n);
    if (s3->write == NULL) {
        buf_add(&x->body, data, n);
        return !x->body.failed;
    }
    return s3_write_size(s3->write) + n <= S3_OBJECT_MAX &&
           s3_write_add(s3->write, data, n, &s3->err) == HONE_OK;
}

/* Make ready for the body. */
static bool begin_body(struct exchange *x, const struct operation *operation)
{
    struct s3_exchange *s3 = x->s3;
    const char *payload = x->sig.payload;
    unsigned char bytes[DIGEST_MAX];
    if (operation->takes_bytes && (s3->write = s3_write_begin(x->serve->s3, &s3->err)) == NULL)
        return false;
    if (!begin_checksums(x))
        return false;
    bool streaming = strncmp(payload, PAYLOAD_STREAMING, sizeof PAYLOAD_STREAMING - 1) == 0;
    if (streaming) {
        bool is_signed = strncmp(payload, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", 34) == 0;
        s3->chunked = chunked_new(is_signed ? &x->sig : NULL, x->who.secret, sink, x);
        return s3->chunked != NULL;
    }
    if (strlen(payload) == 64 && hex_read(payload, DIGEST_MAX, bytes))
        return (s3->sha256 = digest_new(DIGEST_SHA256)) != NULL;
    return true;
}

static bool payload_is_known(const char *payload)
{
    static const char *const known[] = {PAYLOAD_UNSIGNED, "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                                        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                                        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"};
    unsigned char bytes[DIGEST_MAX];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(payload, known[i]) == 0)
            return true;
    return strlen(payload) == 64 && hex_read(payload, DIGEST_MAX, bytes);
}

static bool owner_is_ours(const struct exchange *x)
{
    const char *owner = request_header(&x->request, "x-amz-expected-bucket-owner");
    return owner == NULL || strcmp(owner, x->serve->place.account) == 0;
}

void s3_service_head(struct exchange *x, const char *virtual_bucket)
{
    char *end;
    x->s3 = mem_array(1, sizeof *x->s3);
    if (x->s3 == NULL || !read_place(x, virtual_bucket)) {
        answer_error(x, 400, "InvalidURI", "the key is malformed");
        return;
    }
    const struct operation *operation = find_operation(x);
    const char *length = request_header(&x->request, "content-length");
    snprintf(x->action, sizeof x->action, "s3.%s", operation == NULL ? "-" : operation->name);
    if (!access_check(x, "s3", x->s3->resource, NULL))
        return;
    if (!payload_is_known(x->sig.payload))
        answer_error(x, 400, "InvalidArgument",
                     "x-amz-content-sha256 must be %s, STREAMING-... or "
                     "a SHA-256 in hexadecimal",
                     PAYLOAD_UNSIGNED);
    else if (operation == NULL)
        answer_error(x, 501, "NotImplemented", "hone serve has no such operation of S3");
    else if (!operation->reads && !x->who.admin)
        answer_refusal(x, REFUSE_RIGHTS, operation->name);
    else if (!owner_is_ours(x))
        answer_error(x, 403, "AccessDenied", "the bucket's owner is account %s",
                     x->serve->place.account);
    else if (length != NULL &&
             (operation->takes_bytes ? strtoull(length, &end, 10) > S3_OBJECT_MAX * 2
                                     : strtoull(length, &end, 10) > SERVE_XML_MAX))
        answer_refusal(x, REFUSE_TOO_LARGE, NULL);
    else if (operation->takes_bytes && s3_bucket_is_missing(x))
        ; /* answered, before the bytes are sent */
    else if (!begin_body(x, operation))
        answer_error(x, 500, "InternalError", "%s",
                     x->s3->err.text[0] == '\0' ? "out of memory" : x->s3->err.text);
    else
        x->s3->answer = operation->answer;
}

void s3_service_body(struct exchange *x, const char *data, size_t n)
{
    struct s3_exchange *s3 = x->s3;
    if (s3->problem != CHUNKED_GOOD)
        return;
    if (s3->sha256 != NULL)
        digest_add(s3->sha256, data, n);
    if (s3->chunked != NULL)
        s3->problem = chunked_feed(s3->chunked, data, n);
    else if (!sink(x, data, n))
        s3->problem = CHUNKED_SINK;
}

/* Whether the checksums are those of the header or the trailer. */
static bool checksums_fit(struct exchange *x)
{
    for (int i = 0; i < CHECKSUM_KINDS; i++) {
        char text[48];
        const char *claimed = request_header(&x->request, checksum_headers[i]);
        if (x->s3->checksums[i] == NULL)
            continue;
        if (claimed == NULL && x->s3->chunked != NULL)
            claimed = chunked_trailer(x->s3->chunked, checksum_headers[i]);
        checksum_text(x->s3->checksums[i], text);
        if (claimed == NULL || strcmp(claimed, text) != 0) {
            answer_error(x, 400, "BadDigest",
                         "the %s that was sent is not that of the bytes that "
                         "came",
                         checksum_headers[i]);
            return false;
        }
    }
    return true;
}

bool s3_body_is_good(struct exchange *x)
{
    struct s3_exchange *s3 = x->s3;
    unsigned char bytes[DIGEST_MAX], claimed[DIGEST_MAX];
    const char *decoded = request_header(&x->request, "x-amz-decoded-content-length");
    int64_t length;
    if (s3->problem == CHUNKED_SINK && s3->err.text[0] != '\0')
        answer_error(x, 500, "InternalError", "%s", s3->err.text);
    else if (s3->problem == CHUNKED_SINK)
        answer_refusal(x, REFUSE_TOO_LARGE, NULL);
    else if (s3->problem == CHUNKED_MISMATCH)
        answer_refusal(x, REFUSE_MISMATCH, "of a chunk");
    else if (s3->problem == CHUNKED_MALFORMED ||
             (s3->chunked != NULL && !chunked_is_whole(s3->chunked)))
        answer_error(x, 400, "IncompleteBody", "the body's chunks are malformed or end too early");
    else if (s3->chunked != NULL && s3->write != NULL && decoded != NULL &&
             (!str_int64(decoded, strlen(decoded), &length) ||
              (uint64_t)length != s3_write_size(s3->write)))
        answer_error(x, 400, "IncompleteBody", "x-amz-decoded-content-length is another length");
    else if (s3->sha256 != NULL && (digest_take(s3->sha256, bytes) == 0 ||
                                    !hex_read(x->sig.payload, DIGEST_MAX, claimed) ||
                                    memcmp(bytes, claimed, DIGEST_MAX) != 0))
        answer_refusal(x, REFUSE_PAYLOAD, NULL);
    else
        return checksums_fit(x);
    return false;
}

void s3_service_end(struct exchange *x)
{
    if (s3_body_is_good(x))
        x->s3->answer(x);
}
