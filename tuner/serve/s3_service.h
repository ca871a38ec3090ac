/* s3_service.h: what the files of the S3 service share. */
#ifndef HONE_SERVE_S3_SERVICE_H
#define HONE_SERVE_S3_SERVICE_H

#include "serve/checksum.h"
#include "serve/chunked.h"
#include "serve/exchange.h"

#define S3_OBJECT_MAX ((uint64_t)5 << 30) /* bytes of one PUT, as at AWS */

enum { S3_LIST_MAX = 1000, S3_META_MAX = 2048 };

struct s3_exchange {
    char bucket[256];
    char *key;      /* decoded; NULL: the request is for a bucket, or for all */
    char *resource; /* "/bucket/key" as sent, for version 2 signatures */
    void (*answer)(struct exchange *x);
    /* A body that becomes an object or a part: */
    struct s3_write *write;
    struct chunked *chunked;
    struct digest *sha256; /* where the request says which it must be */
    struct checksum *checksums[CHECKSUM_KINDS];
    enum chunked_problem problem;
    hone_error err;
};

/** Answer by what went wrong in the folder. */
void s3_failure(struct exchange *x, hone_status status, const hone_error *err);
/** Answer NoSuchBucket, and return true, when the bucket is not there. */
bool s3_bucket_is_missing(struct exchange *x);
void s3_begin_xml(struct exchange *x);
/** "2026-11-24T10:00:00.000Z" and "Tue, 24 Nov 2026 10:00:00 GMT". */
void s3_time(int64_t ms, char out[32]);
void s3_http_time(int64_t ms, char out[40]);
/** An ETag of a header, without its quotes; false when it is too long. */
bool s3_etag_read(const char *text, char out[S3_ETAG_MAX]);
/** Quoted, as it is sent. */
void s3_etag_header(struct exchange *x, const char *etag);
/** What the request's headers say of the object. json_decref(out->meta). */
void s3_put_read(const struct request *request, struct s3_put *out, json_t **meta_out,
                 char match[S3_ETAG_MAX]);
/** Whether there is not too much of it; else it is answered. */
bool s3_meta_fits(struct exchange *x, json_t *meta);

/** Finish the body: whole, and what its checksums and its signature say. Else it is answered. */
bool s3_body_is_good(struct exchange *x);

void s3_list_buckets(struct exchange *x);
void s3_head_bucket(struct exchange *x);
void s3_create_bucket(struct exchange *x);
void s3_delete_bucket(struct exchange *x);
void s3_bucket_location(struct exchange *x);
void s3_bucket_versioning(struct exchange *x);
void s3_list_objects(struct exchange *x);
void s3_list_objects_2(struct exchange *x);
void s3_list_uploads(struct exchange *x);
void s3_delete_objects(struct exchange *x);
void s3_get_object(struct exchange *x); /* and HEAD */
void s3_put_object(struct exchange *x);
void s3_copy_object(struct exchange *x); /* or a part */
void s3_delete_object(struct exchange *x);
void s3_create_upload(struct exchange *x);
void s3_put_part(struct exchange *x);
void s3_list_parts(struct exchange *x);
void s3_complete_upload(struct exchange *x);
void s3_abort_upload(struct exchange *x);

#endif
