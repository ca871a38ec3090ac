/*
 * s3.h: objects in a folder of plain files. ROOT/BUCKET/KEY is the object, readable by any program;
 * what a person puts there is an object too. README.md has the rules.
 *
 * ROOT/.hone holds what is no object: temporary files, uploads in parts, and what was said of an
 * object beside its bytes. An object is replaced by a rename: a reader sees the old or the new one.
 *
 * Several processes may use one folder. Threads: safe, but for the calls on one s3_write, which are
 * for one thread at a time. Failures change nothing.
 */
#ifndef HONE_S3_S3_H
#define HONE_S3_S3_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hone.h"

enum {
    S3_KEY_MAX = 1024, /* bytes of a key */
    S3_ETAG_MAX = 48,  /* 32 digits, "-", the number of parts */
    S3_UPLOAD_ID_MAX = 33,
    S3_PARTS_MAX = 10000
};
#define S3_PART_MIN_BYTES ((uint64_t)5 << 20) /* of all parts but the last */

struct s3;

/** Open the folder, making it where there is none. NULL: HONE_EIO. */
struct s3 *s3_open(const char *root, hone_error *err);
void s3_close(struct s3 *s3);
/** Delete what writes left that were killed: temporary files not touched since `before_ms`. */
void s3_sweep(struct s3 *s3, int64_t before_ms);

/* ---- Buckets ---- */
/** 3 to 63 of a-z, 0-9, "-" and ".", beginning and ending in a letter or digit, without "..". */
bool s3_bucket_name_ok(const char *bucket);
/** HONE_ESTATE: it exists. HONE_EINVAL: the name. */
HONE_NODISCARD hone_status s3_bucket_create(struct s3 *s3, const char *bucket, hone_error *err);
bool s3_bucket_exists(struct s3 *s3, const char *bucket);
/** HONE_ENOTFOUND; HONE_ESTATE: it has objects. */
HONE_NODISCARD hone_status s3_bucket_delete(struct s3 *s3, const char *bucket, hone_error *err);
typedef hone_status s3_bucket_visitor(void *context, const char *bucket, int64_t created_ms,
                                      hone_error *err);
/** In the order of names. */
HONE_NODISCARD hone_status s3_buckets(struct s3 *s3, s3_bucket_visitor *visit, void *context,
                                      hone_error *err);

/* ---- Objects ---- */
/** Whether a text can be a key: 1 to 1024 bytes of UTF-8. Any such key has its place below the
 * bucket's folder; none leads out of it. */
bool s3_key_ok(const char *key);

/** What is known of an object. s3_object_release(). */
struct s3_object {
    uint64_t size;
    int64_t modified_ms;
    char etag[S3_ETAG_MAX]; /* without quotes */
    char *type;             /* Content-Type, or NULL */
    json_t *meta;           /* {"x-amz-meta-NAME" or another header: value}, or NULL */
};
void s3_object_release(struct s3_object *object);

/** Open an object for reading. HONE_ENOTFOUND: no such key or bucket. The descriptor is the
 * caller's; `object` may be NULL. */
HONE_NODISCARD hone_status s3_get(struct s3 *s3, const char *bucket, const char *key, int *fd_out,
                                  struct s3_object *object, hone_error *err);
/** What is known of it only. */
HONE_NODISCARD hone_status s3_head(struct s3 *s3, const char *bucket, const char *key,
                                   struct s3_object *object, hone_error *err);
/** Not an error when there is no such key. */
HONE_NODISCARD hone_status s3_delete(struct s3 *s3, const char *bucket, const char *key,
                                     hone_error *err);

/** Bytes on their way to be an object. NULL: HONE_EIO, HONE_ENOMEM. */
struct s3_write *s3_write_begin(struct s3 *s3, hone_error *err);
HONE_NODISCARD hone_status s3_write_add(struct s3_write *write, const void *data, size_t n,
                                        hone_error *err);
/** All of an open file, from its place on. */
HONE_NODISCARD hone_status s3_write_file(struct s3_write *write, int fd, hone_error *err);
uint64_t s3_write_size(const struct s3_write *write);
/** Drop what was not committed; NULL does nothing. */
void s3_write_abandon(struct s3_write *write);

/** What is said of an object when it is put. All may be NULL. */
struct s3_put {
    const char *type;
    const json_t *meta;
    const char *if_match; /* an ETag that the old object must have */
    bool if_none;         /* there must be no object yet */
};
/**
 * Make them the object. Frees the write, also when it fails.
 * @param put     may be NULL
 * @param object  what it is now, or NULL
 * @return HONE_ENOTFOUND: no such bucket; HONE_EINVAL: the key; HONE_ESTATE: a condition of `put`
 */
HONE_NODISCARD hone_status s3_write_commit(struct s3_write *write, const char *bucket,
                                           const char *key, const struct s3_put *put,
                                           struct s3_object *object, hone_error *err);
/** Make an object of a file, in one call. */
HONE_NODISCARD hone_status s3_put_file(struct s3 *s3, const char *bucket, const char *key,
                                       const char *path, hone_error *err);

/* ---- Listing ---- */
struct s3_query {
    const char *prefix;    /* or NULL */
    const char *delimiter; /* or NULL: keys that have it after the prefix count as one, up to it */
    const char *after;     /* only what comes after this, in the order of bytes; or NULL */
    size_t max;            /* at most so many */
};
/** `object` is NULL where `key` is what several keys have in common. */
typedef hone_status s3_key_visitor(void *context, const char *key, const struct s3_object *object,
                                   hone_error *err);
/** In the order of bytes. *more_out: whether there is more than `max`. HONE_ENOTFOUND: no such
 * bucket. */
HONE_NODISCARD hone_status s3_list(struct s3 *s3, const char *bucket, const struct s3_query *query,
                                   s3_key_visitor *visit, void *context, bool *more_out,
                                   hone_error *err);

/* ---- Uploads in parts ---- */
struct s3_part {
    int number; /* 1 to S3_PARTS_MAX */
    uint64_t size;
    int64_t modified_ms;
    char etag[S3_ETAG_MAX];
};
/** Begin one. HONE_ENOTFOUND: no such bucket. */
HONE_NODISCARD hone_status s3_upload_begin(struct s3 *s3, const char *bucket, const char *key,
                                           const struct s3_put *put, char id[S3_UPLOAD_ID_MAX],
                                           hone_error *err);
/** Whether there is such an upload for this key. */
bool s3_upload_exists(struct s3 *s3, const char *bucket, const char *key, const char *id);
/** Make the bytes a part, in place of an earlier one of that number. Frees the write. */
HONE_NODISCARD hone_status s3_upload_part(struct s3_write *write, const char *bucket,
                                          const char *id, int number, struct s3_part *out,
                                          hone_error *err);
typedef hone_status s3_part_visitor(void *context, const struct s3_part *part, hone_error *err);
/** In the order of numbers. */
HONE_NODISCARD hone_status s3_upload_parts(struct s3 *s3, const char *bucket, const char *id,
                                           s3_part_visitor *visit, void *context, hone_error *err);
/**
 * Join the parts into the object.
 * @param parts  number and etag of each, in rising order
 * @return HONE_EINVAL: a part that is not there or has another ETag; HONE_ESTATE: a part other than
 *         the last is smaller than S3_PART_MIN_BYTES
 */
HONE_NODISCARD hone_status s3_upload_complete(struct s3 *s3, const char *bucket, const char *key,
                                              const char *id, const struct s3_part *parts, size_t n,
                                              struct s3_object *object, hone_error *err);
HONE_NODISCARD hone_status s3_upload_abort(struct s3 *s3, const char *bucket, const char *id,
                                           hone_error *err);
typedef hone_status s3_upload_visitor(void *context, const char *key, const char *id,
                                      int64_t begun_ms, hone_error *err);
HONE_NODISCARD hone_status s3_uploads(struct s3 *s3, const char *bucket, s3_upload_visitor *visit,
                                      void *context, hone_error *err);

#endif
