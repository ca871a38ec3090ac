/*
 * objects.c: what a training job reads from S3 and leaves there. A key is a path below a folder
 * only when it stays there: one with "..", with "//" or of another odd form is refused by its name.
 */
#include "container/objects.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/json.h"
#include "s3/s3.h"

enum { PATH_BYTES = 16384, COPY_BYTES = 1 << 16, PAGE = 1000, MANIFEST_BYTES = 16 << 20 };

/* s3://BUCKET/KEY; the key may be empty. */
static hone_status split_uri(const char *uri, char bucket[64], const char **key_out,
                             hone_error *err)
{
    size_t n = strncmp(uri, "s3://", 5) == 0 ? strcspn(uri + 5, "/") : 0;
    if (n == 0 || n >= 64)
        return error_set(err, HONE_EINVAL, "\"%.200s\" is not s3://BUCKET/KEY", uri);
    memcpy(bucket, uri + 5, n);
    bucket[n] = '\0';
    *key_out = uri[5 + n] == '/' ? uri + 5 + n + 1 : "";
    return HONE_OK;
}

static bool is_inside(const char *path)
{
    for (const char *p = path;;) {
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        p += n;
        if (*p == '\0')
            return true;
        p++;
    }
}

static hone_status copy_out(int fd, const char *path, hone_error *err)
{
    static char block[COPY_BYTES];
    ssize_t n = 0;
    char *folder = mem_text_n(path, (size_t)(strrchr(path, '/') - path));
    hone_status status = folder ? file_make_folder(folder, err) : error_memory(err);
    mem_free(folder);
    if (status)
        return status;
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (out < 0)
        return error_errno(err, HONE_EIO, "create %s", path);
    while (!status && (n = read(fd, block, sizeof block)) > 0)
        if (!write_all(out, block, (size_t)n))
            status = error_errno(err, HONE_EIO, "write %s", path);
    if (n < 0)
        status = error_errno(err, HONE_EIO, "read the object of %s", path);
    if (close(out) != 0 && !status)
        status = error_errno(err, HONE_EIO, "write %s", path);
    return status;
}

static hone_status get_key(struct s3 *s3, const char *bucket, const char *key, const char *path,
                           hone_error *err)
{
    int fd = -1;
    hone_status status = s3_get(s3, bucket, key, &fd, NULL, err);
    if (status == HONE_ENOTFOUND)
        return error_set(err, status, "no object s3://%s/%s", bucket, key);
    if (status)
        return status;
    status = copy_out(fd, path, err);
    close(fd);
    return status;
}

hone_status objects_get(struct s3 *s3, const char *uri, const char *path, hone_error *err)
{
    char bucket[64];
    const char *key;
    hone_status status = split_uri(uri, bucket, &key, err);
    return status ? status : get_key(s3, bucket, key, path, err);
}

hone_status objects_put(struct s3 *s3, const char *path, const char *uri, hone_error *err)
{
    char bucket[64];
    const char *key;
    hone_status status = split_uri(uri, bucket, &key, err);
    if (status)
        return status;
    if (!s3_bucket_exists(s3, bucket)) {
        status = s3_bucket_create(s3, bucket, err);
        if (status && status != HONE_ESTATE) /* another trial may have made it */
            return status;
    }
    return s3_put_file(s3, bucket, key, path, err);
}

/* One page of keys, gathered before any is copied: s3_list() is not told what we do. */
struct page {
    char *keys[PAGE];
    size_t n;
};

static hone_status add_key(void *context, const char *key, const struct s3_object *object,
                           hone_error *err)
{
    struct page *page = context;
    if (!object)
        return HONE_OK;
    page->keys[page->n] = mem_text(key);
    return page->keys[page->n++] ? HONE_OK : error_memory(err);
}

/* Where a key goes below the folder; NULL: it is the mark of a folder, or not below the prefix. */
static const char *place_of(const char *key, const char *prefix)
{
    size_t n = strlen(prefix), len = strlen(key);
    if (len == 0 || key[len - 1] == '/')
        return NULL;
    if (strcmp(key, prefix) == 0) {
        const char *slash = strrchr(key, '/');
        return slash ? slash + 1 : key;
    }
    if (n == 0 || prefix[n - 1] == '/')
        return key + n;
    if (key[n] == '/')
        return key + n + 1;
    /* "data/tr" begins "data/train/x" too: from the prefix's own folder on. */
    const char *slash = strrchr(prefix, '/');
    return slash ? key + (slash - prefix) + 1 : key;
}

static hone_status get_page(struct s3 *s3, const char *bucket, const char *prefix,
                            const struct page *page, const char *folder, bool missing_only,
                            size_t *n_out, hone_error *err)
{
    hone_status status = HONE_OK;
    for (size_t i = 0; i < page->n && !status; i++) {
        const char *place = place_of(page->keys[i], prefix);
        if (!place)
            continue;
        if (!is_inside(place))
            return error_set(err, HONE_EINVAL, "s3://%s/%s can't be a path below a folder", bucket,
                             page->keys[i]);
        char *path = path_join(folder, place);
        if (!path)
            return error_memory(err);
        struct stat st;
        ++*n_out;
        if (!missing_only || lstat(path, &st) != 0)
            status = get_key(s3, bucket, page->keys[i], path, err);
        mem_free(path);
    }
    return status;
}

hone_status objects_get_prefix(struct s3 *s3, const char *uri, const char *folder,
                               bool missing_only, size_t *n_out, hone_error *err)
{
    char bucket[64], *after = NULL;
    const char *prefix;
    bool more = true;
    *n_out = 0;
    hone_status status = split_uri(uri, bucket, &prefix, err);
    struct page *page = status ? NULL : mem_array(1, sizeof *page);
    if (!page)
        return status ? status : error_memory(err);
    while (more && !status) {
        struct s3_query query = {.prefix = prefix, .after = after, .max = PAGE};
        page->n = 0;
        status = s3_list(s3, bucket, &query, add_key, page, &more, err);
        if (!status)
            status = get_page(s3, bucket, prefix, page, folder, missing_only, n_out, err);
        if (page->n == 0)
            more = false;
        mem_free(after);
        after = page->n > 0 ? page->keys[page->n - 1] : NULL;
        for (size_t i = 0; i + 1 < page->n; i++)
            mem_free(page->keys[i]);
    }
    mem_free(after);
    mem_free(page);
    return status;
}

hone_status manifest_check(const json_t *manifest, const char **prefix_out, hone_error *err)
{
    size_t n = json_array_size(manifest);
    *prefix_out = json_string_value(json_object_get(json_array_get(manifest, 0), "prefix"));
    if (!*prefix_out)
        return error_set(err, HONE_EINVAL, "a manifest is [{\"prefix\": \"s3://...\"}, NAME, ...]");
    for (size_t i = 1; i < n; i++) {
        const char *name = json_string_value(json_array_get(manifest, i));
        if (!name || !is_inside(name))
            return error_set(err, HONE_EINVAL,
                             "manifest: entry %zu (\"%.100s\") is no name below "
                             "the prefix",
                             i, name ? name : "");
    }
    return HONE_OK;
}

hone_status objects_get_manifest(struct s3 *s3, const char *uri, const char *folder, size_t *n_out,
                                 hone_error *err)
{
    json_t *manifest = NULL;
    struct buf text, source;
    const char *prefix;
    buf_init(&text, MANIFEST_BYTES);
    buf_init(&source, PATH_BYTES);
    char *path = path_join(folder, ".manifest");
    hone_status status = path ? objects_get(s3, uri, path, err) : error_memory(err);
    if (!status)
        status = file_read(path, &text, err);
    if (status)
        goto out;
    unlink(path);
    manifest = json_read(text.data, text.len, err);
    status = manifest ? manifest_check(manifest, &prefix, err) : HONE_EINVAL;
    for (size_t i = 1; !status && i < json_array_size(manifest); i++) {
        const char *name = json_string_value(json_array_get(manifest, i));
        buf_clear(&source);
        buf_printf(&source, "%s%s", prefix, name);
        char *to = path_join(folder, name);
        status = to ? objects_get(s3, source.data, to, err) : error_memory(err);
        mem_free(to);
        ++*n_out;
    }
out:
    json_decref(manifest);
    buf_release(&text);
    buf_release(&source);
    mem_free(path);
    return status;
}

static hone_status put_changed(struct s3 *s3, const char *path, const char *uri, json_t *seen,
                               const struct stat *st, hone_error *err)
{
    char mark[64];
    snprintf(mark, sizeof mark, "%lld %lld.%09ld", (long long)st->st_size,
             (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
    const char *old = json_string_value(json_object_get(seen, path));
    if (old && strcmp(old, mark) == 0)
        return HONE_OK;
    hone_status status = objects_put(s3, path, uri, err);
    if (status && access(path, F_OK) != 0)
        return HONE_OK; /* the script took it away meanwhile */
    if (!status)
        json_object_set_new(seen, path, json_string(mark));
    return status;
}

hone_status objects_put_folder(struct s3 *s3, const char *folder, const char *uri, json_t *seen,
                               hone_error *err)
{
    hone_status status = HONE_OK;
    DIR *dir = opendir(folder);
    if (!dir)
        return error_errno(err, HONE_EIO, "open %s", folder);
    struct dirent *entry;
    while (!status && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        char *path = path_join(folder, entry->d_name), *to = path_join(uri, entry->d_name);
        struct stat st;
        if (!path || !to)
            status = error_memory(err);
        else if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
            status = objects_put_folder(s3, path, to, seen, err);
        else if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
            status = put_changed(s3, path, to, seen, &st, err);
        mem_free(path);
        mem_free(to);
    }
    closedir(dir);
    return status;
}
