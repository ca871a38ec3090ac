/*
 * object.c: putting, getting and deleting one object.
 *
 * What is said of an object (ETag, type, further headers) is in .hone/meta/BUCKET/HASH.json, HASH
 * being that of the key. It names the inode, size and time of the file that it speaks of: for any
 * other file it does not hold, and the ETag is worked out from the bytes. So a crash between the
 * two renames, or a person who copies a file into the folder, leaves nothing that is untrue.
 *
 * Both "x" and "x/y" can be keys, where a file and a folder cannot have one name. Then the object x
 * is kept as "x%=": a put that meets the folder goes there, and one that needs the folder moves the
 * object aside. Readers look under the plain name first, the only order in which they miss nothing.
 */
#include "s3/s3_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/json.h"
#include "s3/digest.h"

enum { BLOCK = 64 * 1024 };

void s3_object_release(struct s3_object *object)
{
    mem_free(object->type);
    json_decref(object->meta);
    *object = (struct s3_object){0};
}

static int folder_open_at(int folder, const char *name)
{
    return openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* ---- What is said of an object ---- */

/* The folder of these sayings and the file's name in it. */
static int meta_folder(struct s3 *s3, const char *bucket, const char *key, bool make,
                       char name[DIGEST_HEX_MAX + 8])
{
    char hex[DIGEST_HEX_MAX];
    digest_hex(DIGEST_SHA256, key, strlen(key), hex);
    snprintf(name, DIGEST_HEX_MAX + 8, "%s.json", hex + 2);
    hex[2] = '\0';
    int all = folder_open_at(s3->own_fd, "meta");
    int fd = all;
    const char *const below[] = {bucket, hex};
    for (int i = 0; i < 2 && fd >= 0; i++) {
        int next = make ? folder_make_at(fd, below[i]) : folder_open_at(fd, below[i]);
        close(fd);
        fd = next;
    }
    return fd;
}

/* A new file in .hone/tmp. */
static int temporary(struct s3 *s3, char name[32])
{
    unsigned char bytes[8];
    char hex[17], path[40];
    if (!random_bytes(bytes, sizeof bytes)) {
        errno = EIO;
        return -1;
    }
    hex_write(bytes, sizeof bytes, hex);
    snprintf(name, 32, "%s", hex);
    snprintf(path, sizeof path, "tmp/%s", name);
    return openat(s3->own_fd, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* Best effort: without it the ETag is worked out again. */
static void meta_write(struct s3 *s3, const char *bucket, const char *key, const struct stat *st,
                       const struct s3_object *object)
{
    char name[DIGEST_HEX_MAX + 8], temp[32], path[40];
    json_t *json =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s*, s:O*}", "key", key, "etag", object->etag,
                  "inode", (json_int_t)st->st_ino, "size", (json_int_t)st->st_size, "seconds",
                  (json_int_t)st->st_mtim.tv_sec, "nanoseconds", (json_int_t)st->st_mtim.tv_nsec,
                  "type", object->type, "meta", object->meta);
    char *text = json == NULL ? NULL : json_write(json);
    json_decref(json);
    int folder = text == NULL ? -1 : meta_folder(s3, bucket, key, true, name);
    int fd = folder < 0 ? -1 : temporary(s3, temp);
    if (fd >= 0) {
        snprintf(path, sizeof path, "tmp/%s", temp);
        bool ok = write_all(fd, text, strlen(text));
        if (close(fd) != 0 || !ok || renameat(s3->own_fd, path, folder, name) != 0)
            unlinkat(s3->own_fd, path, 0);
    }
    if (folder >= 0)
        close(folder);
    mem_free(text);
}

static json_t *meta_json(struct s3 *s3, const char *bucket, const char *key)
{
    char name[DIGEST_HEX_MAX + 8];
    int folder = meta_folder(s3, bucket, key, false, name);
    if (folder < 0)
        return NULL;
    json_t *json = json_read_at(folder, name);
    close(folder);
    return json;
}

static int64_t number_of(const json_t *json, const char *key)
{
    return json_integer_value(json_object_get(json, key));
}

/* Whether it was said of this very file. */
static bool meta_read(struct s3 *s3, const char *bucket, const char *key, const struct stat *st,
                      struct s3_object *object)
{
    json_t *json = meta_json(s3, bucket, key);
    const char *etag = json_string_value(json_object_get(json, "etag"));
    const char *type = json_string_value(json_object_get(json, "type"));
    bool holds = etag != NULL && strlen(etag) < S3_ETAG_MAX &&
                 number_of(json, "inode") == (int64_t)st->st_ino &&
                 number_of(json, "size") == (int64_t)st->st_size &&
                 number_of(json, "seconds") == (int64_t)st->st_mtim.tv_sec &&
                 number_of(json, "nanoseconds") == (int64_t)st->st_mtim.tv_nsec;
    if (holds) {
        snprintf(object->etag, sizeof object->etag, "%s", etag);
        object->type = type == NULL ? NULL : mem_text(type);
        object->meta = json_incref(json_object_get(json, "meta"));
    }
    json_decref(json);
    return holds;
}

static void meta_delete(struct s3 *s3, const char *bucket, const char *key)
{
    char name[DIGEST_HEX_MAX + 8];
    int folder = meta_folder(s3, bucket, key, false, name);
    if (folder < 0)
        return;
    unlinkat(folder, name, 0);
    close(folder);
}

static hone_status md5_of_file(int fd, char out[S3_ETAG_MAX], hone_error *err)
{
    hone_status status = HONE_OK;
    unsigned char bytes[DIGEST_MAX], *block = mem_array(BLOCK, 1);
    struct digest *md5 = digest_new(DIGEST_MD5);
    if (md5 == NULL || block == NULL) {
        status = error_memory(err);
    } else {
        ssize_t n;
        off_t at = 0;
        while ((n = pread(fd, block, BLOCK, at)) > 0) {
            digest_add(md5, block, (size_t)n);
            at += n;
        }
        if (n < 0)
            status = error_errno(err, HONE_EIO, "read an object");
        hex_write(bytes, digest_take(md5, bytes), out);
    }
    digest_free(md5);
    mem_free(block);
    return status;
}

/* Keep what was worked out of a file, if it is still the object: another that came meanwhile has
 * its own sayings, which must stay. Where the lock is held, perhaps by our caller, it is worked out
 * again next time. */
static void meta_keep(struct s3 *s3, const char *bucket, const char *key, const struct stat *st,
                      const struct s3_object *object)
{
    struct stat now;
    struct buf path;
    int lock = s3_lock_if_free(s3), bucket_fd = bucket_open(s3, bucket), fd = -1;
    buf_init(&path, PATH_LIMIT);
    if (lock >= 0 && bucket_fd >= 0 && key_path(key, &path))
        fd = object_open(bucket_fd, path.data);
    if (fd >= 0 && fstat(fd, &now) == 0 && now.st_ino == st->st_ino && now.st_dev == st->st_dev)
        meta_write(s3, bucket, key, st, object);
    buf_release(&path);
    if (fd >= 0)
        close(fd);
    if (bucket_fd >= 0)
        close(bucket_fd);
    if (lock >= 0)
        close(lock);
}

hone_status object_describe(struct s3 *s3, const char *bucket, const char *key, int fd,
                            struct s3_object *object, hone_error *err)
{
    struct stat st;
    *object = (struct s3_object){0};
    if (fstat(fd, &st) != 0)
        return error_errno(err, HONE_EIO, "look at %s/%s", bucket, key);
    object->size = (uint64_t)st.st_size;
    object->modified_ms = stat_ms(&st);
    if (meta_read(s3, bucket, key, &st, object))
        return HONE_OK;
    hone_status status = md5_of_file(fd, object->etag, err);
    if (status == HONE_OK)
        meta_keep(s3, bucket, key, &st, object);
    return status;
}

/* ---- Getting ---- */

static int open_regular(int folder, const char *name)
{
    struct stat st;
    int fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    errno = ENOENT;
    return -1;
}

/* The folder that holds the last name of a path, which is put into `name`. -1: there is none. With
 * `make`, folders are made, and an object in the way of one is moved aside. */
static int parent_open(int bucket_fd, const char *path, bool make, char name[NAME_PLAIN_MAX + 8])
{
    int fd = openat(bucket_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (;;) {
        size_t n = strcspn(path, "/");
        memcpy(name, path, n);
        name[n] = '\0';
        if (path[n] == '\0' || fd < 0)
            return fd;
        int next = folder_open_at(fd, name);
        if (next < 0 && make) {
            char aside[NAME_PLAIN_MAX + 16];
            snprintf(aside, sizeof aside, "%.*s%s", (int)n, name, NAME_BESIDE);
            if (errno == ENOTDIR)
                renameat(fd, name, fd, aside);
            next = folder_make_at(fd, name);
        }
        close(fd);
        fd = next;
        path += n + 1;
    }
}

static void beside(char out[NAME_PLAIN_MAX + 16], const char *name)
{
    snprintf(out, NAME_PLAIN_MAX + 16, "%s%s", name, NAME_BESIDE);
}

int object_open(int bucket_fd, const char *path)
{
    char name[NAME_PLAIN_MAX + 8], aside[NAME_PLAIN_MAX + 16];
    int folder = parent_open(bucket_fd, path, false, name);
    if (folder < 0)
        return -1;
    int fd = open_regular(folder, name);
    if (fd < 0) {
        beside(aside, name);
        fd = open_regular(folder, aside);
    }
    int reason = errno;
    close(folder);
    errno = reason;
    return fd;
}

static hone_status no_such_key(const char *bucket, const char *key, hone_error *err)
{
    bool absent = errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EISDIR;
    return error_errno(err, absent ? HONE_ENOTFOUND : HONE_EIO, "open %s/%s", bucket, key);
}

hone_status s3_get(struct s3 *s3, const char *bucket, const char *key, int *fd_out,
                   struct s3_object *object, hone_error *err)
{
    hone_status status = HONE_OK;
    struct buf path;
    if (!s3_key_ok(key))
        return error_set(err, HONE_ENOTFOUND, "no such key");
    int bucket_fd = bucket_open(s3, bucket);
    if (bucket_fd < 0)
        return no_such_key(bucket, key, err);
    buf_init(&path, PATH_LIMIT);
    int fd = key_path(key, &path) ? object_open(bucket_fd, path.data) : -1;
    if (path.failed)
        status = error_memory(err);
    else if (fd < 0)
        status = no_such_key(bucket, key, err);
    else if (object != NULL)
        status = object_describe(s3, bucket, key, fd, object, err);
    buf_release(&path);
    close(bucket_fd);
    if (status == HONE_OK)
        *fd_out = fd;
    else if (fd >= 0)
        close(fd);
    return status;
}

hone_status s3_head(struct s3 *s3, const char *bucket, const char *key, struct s3_object *object,
                    hone_error *err)
{
    int fd = -1;
    hone_status status = s3_get(s3, bucket, key, &fd, object, err);
    if (fd >= 0)
        close(fd);
    return status;
}

/* ---- Putting ---- */

struct s3_write *s3_write_begin(struct s3 *s3, hone_error *err)
{
    struct s3_write *write = mem_array(1, sizeof *write);
    if (write == NULL) {
        error_memory(err);
        return NULL;
    }
    write->s3 = s3;
    write->md5 = digest_new(DIGEST_MD5);
    write->fd = temporary(s3, write->name);
    if (write->fd < 0 || write->md5 == NULL) {
        error_errno(err, HONE_EIO, "create a file in %s/" S3_OWN "/tmp", s3->root);
        s3_write_abandon(write);
        return NULL;
    }
    return write;
}

void s3_write_abandon(struct s3_write *write)
{
    char path[40];
    if (write == NULL)
        return;
    snprintf(path, sizeof path, "tmp/%s", write->name);
    if (write->fd >= 0) {
        close(write->fd);
        unlinkat(write->s3->own_fd, path, 0); /* where it was committed, nothing has this name */
    }
    digest_free(write->md5);
    mem_free(write);
}

uint64_t s3_write_size(const struct s3_write *write)
{
    return write->size;
}

hone_status s3_write_add(struct s3_write *write, const void *data, size_t n, hone_error *err)
{
    if (!write_all(write->fd, data, n))
        return error_errno(err, HONE_EIO, "write to %s/" S3_OWN "/tmp", write->s3->root);
    digest_add(write->md5, data, n);
    write->size += n;
    return HONE_OK;
}

hone_status s3_write_file(struct s3_write *write, int fd, hone_error *err)
{
    hone_status status = HONE_OK;
    char *block = mem_array(BLOCK, 1);
    if (block == NULL)
        return error_memory(err);
    for (;;) {
        ssize_t n = read(fd, block, BLOCK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            status = error_errno(err, HONE_EIO, "read what is to be an object");
        if (n <= 0)
            break;
        status = s3_write_add(write, block, (size_t)n, err);
        if (status != HONE_OK)
            break;
    }
    mem_free(block);
    return status;
}

/* Whether the object that is there now is as `put` demands. */
static hone_status check_conditions(struct s3 *s3, int bucket_fd, const char *bucket,
                                    const char *key, const char *path, const struct s3_put *put,
                                    hone_error *err)
{
    struct s3_object now;
    if (put == NULL || (!put->if_none && put->if_match == NULL))
        return HONE_OK;
    int fd = object_open(bucket_fd, path);
    if (fd < 0)
        return put->if_match == NULL
                   ? HONE_OK
                   : error_set(err, HONE_ESTATE, "%s/%s: no such key", bucket, key);
    hone_status status = object_describe(s3, bucket, key, fd, &now, err);
    close(fd);
    if (status == HONE_OK && put->if_none)
        status = error_set(err, HONE_ESTATE, "%s/%s: it exists", bucket, key);
    else if (status == HONE_OK && strcmp(put->if_match, now.etag) != 0)
        status = error_set(err, HONE_ESTATE, "%s/%s: it is another one now", bucket, key);
    s3_object_release(&now);
    return status;
}

/* Rename the file to its place. The lock is held. */
static bool put_in_place(struct s3_write *write, int bucket_fd, const char *path)
{
    char from[40], name[NAME_PLAIN_MAX + 8], aside[NAME_PLAIN_MAX + 16];
    int folder = parent_open(bucket_fd, path, true, name);
    if (folder < 0)
        return false;
    snprintf(from, sizeof from, "tmp/%s", write->name);
    beside(aside, name);
    bool ok = renameat(write->s3->own_fd, from, folder, name) == 0;
    if (ok)
        unlinkat(folder, aside, 0);
    else if (errno == EISDIR || errno == ENOTEMPTY || errno == EEXIST)
        ok = renameat(write->s3->own_fd, from, folder, aside) == 0;
    ok = ok && fsync(folder) == 0;
    int reason = errno;
    close(folder);
    errno = reason;
    return ok;
}

hone_status object_commit(struct s3_write *write, const char *bucket, const char *key,
                          const struct s3_put *put, const char *etag, struct s3_object *object,
                          hone_error *err)
{
    struct s3 *s3 = write->s3;
    struct s3_object said = {.size = write->size};
    unsigned char bytes[DIGEST_MAX];
    struct stat st;
    struct buf path;
    int bucket_fd = -1, lock = -1;
    hone_status status = HONE_OK;

    buf_init(&path, PATH_LIMIT);
    if (!s3_key_ok(key)) {
        status = error_set(err, HONE_EINVAL, "a key has 1 to %d bytes of UTF-8", S3_KEY_MAX);
        goto out;
    }
    hex_write(bytes, digest_take(write->md5, bytes), said.etag);
    if (etag != NULL)
        snprintf(said.etag, sizeof said.etag, "%s", etag);
    if (!key_path(key, &path)) {
        status = error_memory(err);
        goto out;
    }
    if (fsync(write->fd) != 0 || fstat(write->fd, &st) != 0) {
        status = error_errno(err, HONE_EIO, "write %s/%s", bucket, key);
        goto out;
    }
    said.modified_ms = stat_ms(&st);
    lock = s3_lock(s3);
    bucket_fd = bucket_open(s3, bucket);
    if (lock < 0 || bucket_fd < 0) {
        status = no_such_key(bucket, key, err);
        goto out;
    }
    status = check_conditions(s3, bucket_fd, bucket, key, path.data, put, err);
    if (status != HONE_OK)
        goto out;
    if (put != NULL) {
        said.type = put->type == NULL ? NULL : mem_text(put->type);
        said.meta = put->meta == NULL ? NULL : json_deep_copy(put->meta);
    }
    meta_write(s3, bucket, key, &st, &said);
    if (!put_in_place(write, bucket_fd, path.data))
        status = error_errno(err, HONE_EIO, "write %s/%s", bucket, key);
out:
    if (bucket_fd >= 0)
        close(bucket_fd);
    if (lock >= 0)
        close(lock);
    if (status == HONE_OK && object != NULL)
        *object = said;
    else
        s3_object_release(&said);
    buf_release(&path);
    s3_write_abandon(write);
    return status;
}

hone_status s3_write_commit(struct s3_write *write, const char *bucket, const char *key,
                            const struct s3_put *put, struct s3_object *object, hone_error *err)
{
    return object_commit(write, bucket, key, put, NULL, object, err);
}

hone_status s3_put_file(struct s3 *s3, const char *bucket, const char *key, const char *path,
                        hone_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, HONE_EIO, "open %s", path);
    struct s3_write *write = s3_write_begin(s3, err);
    hone_status status = write == NULL ? HONE_EIO : s3_write_file(write, fd, err);
    close(fd);
    if (status == HONE_OK)
        return s3_write_commit(write, bucket, key, NULL, NULL, err);
    s3_write_abandon(write);
    return status;
}

/* ---- Deleting ---- */

/* Delete the object, then the folders above it that hold nothing any more. The lock is held. */
static bool unlink_object(int bucket_fd, char *path)
{
    char name[NAME_PLAIN_MAX + 8], aside[NAME_PLAIN_MAX + 16];
    int folder = parent_open(bucket_fd, path, false, name);
    if (folder < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
    beside(aside, name);
    bool ok = unlinkat(folder, name, 0) == 0 || errno == ENOENT || errno == EISDIR;
    ok = (unlinkat(folder, aside, 0) == 0 || errno == ENOENT) && ok;
    close(folder);
    for (char *slash; ok && (slash = strrchr(path, '/')) != NULL;) {
        *slash = '\0';
        folder = parent_open(bucket_fd, path, false, name);
        bool gone = folder >= 0 && unlinkat(folder, name, AT_REMOVEDIR) == 0;
        if (folder >= 0)
            close(folder);
        if (!gone)
            break;
    }
    return ok;
}

hone_status s3_delete(struct s3 *s3, const char *bucket, const char *key, hone_error *err)
{
    hone_status status = HONE_OK;
    struct buf path;
    if (!s3_key_ok(key))
        return HONE_OK;
    int lock = s3_lock(s3);
    int bucket_fd = bucket_open(s3, bucket);
    buf_init(&path, PATH_LIMIT);
    if (lock < 0 || bucket_fd < 0)
        status = no_such_key(bucket, key, err);
    else if (!key_path(key, &path))
        status = error_memory(err);
    else if (!unlink_object(bucket_fd, path.data))
        status = error_errno(err, HONE_EIO, "delete %s/%s", bucket, key);
    if (status == HONE_OK)
        meta_delete(s3, bucket, key);
    buf_release(&path);
    if (bucket_fd >= 0)
        close(bucket_fd);
    if (lock >= 0)
        close(lock);
    return status;
}
