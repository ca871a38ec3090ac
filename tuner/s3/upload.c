/*
 * upload.c: objects that come in parts, in any order and several at a time.
 *
 * .hone/uploads/BUCKET/ID/ has `info.json`, which says what the object will be, and a file for each
 * part, NUMBER-MD5. A part that comes again takes the place of the earlier one. The object's ETag
 * is the MD5 of the parts' MD5s, then "-" and how many there were.
 */
#include "s3/s3_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/json.h"
#include "io/time.h"
#include "s3/digest.h"

enum { PART_NAME = 5 + 1 + 32 + 1, ID_BYTES = 16 };

static int open_below(int folder, const char *name)
{
    return openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* The folder of a bucket's uploads, or -1. */
static int uploads_open(struct s3 *s3, const char *bucket, bool make)
{
    if (!s3_bucket_name_ok(bucket)) {
        errno = ENOENT;
        return -1;
    }
    int all = open_below(s3->own_fd, "uploads");
    if (all < 0)
        return -1;
    int fd = make ? folder_make_at(all, bucket) : open_below(all, bucket);
    int reason = errno;
    close(all);
    errno = reason;
    return fd;
}

static int upload_open(struct s3 *s3, const char *bucket, const char *id)
{
    unsigned char bytes[ID_BYTES];
    if (strlen(id) != S3_UPLOAD_ID_MAX - 1 || !hex_read(id, ID_BYTES, bytes)) {
        errno = ENOENT;
        return -1;
    }
    int all = uploads_open(s3, bucket, false);
    if (all < 0)
        return -1;
    int fd = open_below(all, id);
    int reason = errno;
    close(all);
    errno = reason;
    return fd;
}

static hone_status no_such_upload(const char *id, hone_error *err)
{
    return error_errno(err, errno == ENOENT || errno == ENOTDIR ? HONE_ENOTFOUND : HONE_EIO,
                       "open upload %.40s", id);
}

static bool write_info(int folder, const char *key, const struct s3_put *put)
{
    json_t *json = json_pack("{s:s, s:I}", "key", key, "begun", (json_int_t)time_now_ms());
    if (json != NULL && put != NULL && put->type != NULL)
        json_object_set_new(json, "type", json_string(put->type));
    if (json != NULL && put != NULL && put->meta != NULL)
        json_object_set_new(json, "meta", json_deep_copy(put->meta));
    char *text = json == NULL ? NULL : json_write(json);
    json_decref(json);
    int fd = text == NULL ? -1
                          : openat(folder, "info.json",
                                   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = fd >= 0 && write_all(fd, text, strlen(text)) && fsync(fd) == 0;
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    mem_free(text);
    return ok;
}

hone_status s3_upload_begin(struct s3 *s3, const char *bucket, const char *key,
                            const struct s3_put *put, char id[S3_UPLOAD_ID_MAX], hone_error *err)
{
    unsigned char bytes[ID_BYTES];
    if (!s3_key_ok(key))
        return error_set(err, HONE_EINVAL, "a key has 1 to %d bytes of UTF-8", S3_KEY_MAX);
    if (!s3_bucket_exists(s3, bucket))
        return error_set(err, HONE_ENOTFOUND, "no bucket %.80s", bucket);
    if (!random_bytes(bytes, sizeof bytes))
        return error_set(err, HONE_EIO, "the system has no randomness");
    hex_write(bytes, sizeof bytes, id);
    int all = uploads_open(s3, bucket, true);
    int fd = all < 0 ? -1 : folder_make_at(all, id);
    bool ok = fd >= 0 && write_info(fd, key, put);
    int reason = errno;
    if (fd >= 0)
        close(fd);
    if (all >= 0)
        close(all);
    errno = reason;
    return ok ? HONE_OK : error_errno(err, HONE_EIO, "begin an upload to %s/%s", bucket, key);
}

bool s3_upload_exists(struct s3 *s3, const char *bucket, const char *key, const char *id)
{
    int fd = upload_open(s3, bucket, id);
    json_t *info = fd < 0 ? NULL : json_read_at(fd, "info.json");
    const char *kept = json_string_value(json_object_get(info, "key"));
    bool exists = kept != NULL && strcmp(kept, key) == 0;
    json_decref(info);
    if (fd >= 0)
        close(fd);
    return exists;
}

/* A part's file by its name. */
static bool part_read(int folder, const char *name, struct s3_part *out)
{
    struct stat st;
    unsigned char bytes[DIGEST_MAX];
    if (strlen(name) != PART_NAME - 1 || name[5] != '-' || strspn(name, "0123456789") != 5 ||
        !hex_read(name + 6, 16, bytes) || fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode))
        return false;
    *out = (struct s3_part){.number = (int)strtol(name, NULL, 10),
                            .size = (uint64_t)st.st_size,
                            .modified_ms = stat_ms(&st)};
    snprintf(out->etag, sizeof out->etag, "%s", name + 6);
    return true;
}

/* Delete the files of a part that are not `keep`. */
static void drop_others(int folder, const char *keep)
{
    char **names;
    size_t n;
    if (!folder_names(folder, &names, &n))
        return;
    for (size_t i = 0; i < n; i++)
        if (strncmp(names[i], keep, 6) == 0 && strcmp(names[i], keep) != 0)
            unlinkat(folder, names[i], 0);
    names_free(names, n);
}

hone_status s3_upload_part(struct s3_write *write, const char *bucket, const char *id, int number,
                           struct s3_part *out, hone_error *err)
{
    unsigned char bytes[DIGEST_MAX];
    char name[PART_NAME + 8], from[40], etag[S3_ETAG_MAX];
    hone_status status = HONE_OK;
    struct s3 *s3 = write->s3;
    int lock = s3_lock(s3);
    int folder = upload_open(s3, bucket, id);
    hex_write(bytes, digest_take(write->md5, bytes), etag);
    snprintf(name, sizeof name, "%05d-%.32s", number, etag);
    snprintf(from, sizeof from, "tmp/%s", write->name);
    if (lock < 0 || folder < 0) {
        status = no_such_upload(id, err);
    } else if (number < 1 || number > S3_PARTS_MAX) {
        status = error_set(err, HONE_EINVAL, "part number %d is not within [1, %d]", number,
                           S3_PARTS_MAX);
    } else if (fsync(write->fd) != 0 || renameat(s3->own_fd, from, folder, name) != 0) {
        status = error_errno(err, HONE_EIO, "write part %d", number);
    } else {
        drop_others(folder, name);
        if (!part_read(folder, name, out))
            status = error_errno(err, HONE_EIO, "write part %d", number);
    }
    if (folder >= 0)
        close(folder);
    if (lock >= 0)
        close(lock);
    s3_write_abandon(write);
    return status;
}

hone_status s3_upload_parts(struct s3 *s3, const char *bucket, const char *id,
                            s3_part_visitor *visit, void *context, hone_error *err)
{
    hone_status status = HONE_OK;
    char **names;
    size_t n;
    int folder = upload_open(s3, bucket, id);
    if (folder < 0)
        return no_such_upload(id, err);
    if (!folder_names(folder, &names, &n)) {
        close(folder);
        return error_memory(err);
    }
    for (size_t i = 0; i < n && status == HONE_OK; i++) {
        struct s3_part part;
        if (part_read(folder, names[i], &part))
            status = visit(context, &part, err);
    }
    names_free(names, n);
    close(folder);
    return status;
}

/* Append the parts to the write, and work out the ETag. */
static hone_status join(struct s3_write *write, int folder, const struct s3_part *parts, size_t n,
                        char etag[S3_ETAG_MAX], hone_error *err)
{
    hone_status status = HONE_OK;
    unsigned char bytes[DIGEST_MAX];
    struct digest *all = digest_new(DIGEST_MD5);
    if (all == NULL)
        return error_memory(err);
    for (size_t i = 0; i < n && status == HONE_OK; i++) {
        char name[PART_NAME + 8];
        struct stat st;
        snprintf(name, sizeof name, "%05d-%.32s", parts[i].number, parts[i].etag);
        int fd = hex_read(parts[i].etag, 16, bytes)
                     ? openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
                     : -1;
        if (fd < 0 || fstat(fd, &st) != 0)
            status = error_set(err, HONE_EINVAL, "part %d is not there, or is another one",
                               parts[i].number);
        else if (i + 1 < n && (uint64_t)st.st_size < S3_PART_MIN_BYTES)
            status = error_set(err, HONE_ESTATE, "part %d has fewer than %llu bytes",
                               parts[i].number, (unsigned long long)S3_PART_MIN_BYTES);
        else
            status = s3_write_file(write, fd, err);
        digest_add(all, bytes, 16);
        if (fd >= 0)
            close(fd);
    }
    char hex[33];
    digest_take(all, bytes);
    hex_write(bytes, 16, hex);
    snprintf(etag, S3_ETAG_MAX, "%s-%zu", hex, n);
    digest_free(all);
    return status;
}

hone_status s3_upload_complete(struct s3 *s3, const char *bucket, const char *key, const char *id,
                               const struct s3_part *parts, size_t n, struct s3_object *object,
                               hone_error *err)
{
    char etag[S3_ETAG_MAX];
    int folder = upload_open(s3, bucket, id);
    if (folder < 0)
        return no_such_upload(id, err);
    json_t *info = json_read_at(folder, "info.json");
    struct s3_write *write = s3_write_begin(s3, err);
    hone_status status = write == NULL ? HONE_EIO : join(write, folder, parts, n, etag, err);
    close(folder);
    if (status == HONE_OK) {
        struct s3_put put = {.type = json_string_value(json_object_get(info, "type")),
                             .meta = json_object_get(info, "meta")};
        status = object_commit(write, bucket, key, &put, etag, object, err);
        write = NULL;
    }
    s3_write_abandon(write);
    json_decref(info);
    if (status == HONE_OK && s3_upload_abort(s3, bucket, id, NULL) != HONE_OK)
        return HONE_OK; /* the object is there; what is left of the upload only takes room */
    return status;
}

hone_status s3_upload_abort(struct s3 *s3, const char *bucket, const char *id, hone_error *err)
{
    int folder = upload_open(s3, bucket, id);
    if (folder < 0)
        return no_such_upload(id, err);
    close(folder);
    int all = uploads_open(s3, bucket, false);
    bool ok = all >= 0 && remove_tree_at(all, id);
    if (all >= 0)
        close(all);
    return ok ? HONE_OK : error_errno(err, HONE_EIO, "delete upload %s", id);
}

hone_status s3_uploads(struct s3 *s3, const char *bucket, s3_upload_visitor *visit, void *context,
                       hone_error *err)
{
    hone_status status = HONE_OK;
    char **names;
    size_t n;
    int all = uploads_open(s3, bucket, false);
    if (all < 0)
        return HONE_OK; /* there was never one */
    if (!folder_names(all, &names, &n)) {
        close(all);
        return error_memory(err);
    }
    for (size_t i = 0; i < n && status == HONE_OK; i++) {
        int folder = open_below(all, names[i]);
        json_t *info = folder < 0 ? NULL : json_read_at(folder, "info.json");
        const char *key = json_string_value(json_object_get(info, "key"));
        if (key != NULL)
            status = visit(context, key, names[i],
                           json_integer_value(json_object_get(info, "begun")), err);
        json_decref(info);
        if (folder >= 0)
            close(folder);
    }
    names_free(names, n);
    close(all);
    return status;
}
