/* folder.c: the root, its buckets, and the little that is done to folders. */
#include "s3/s3_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/json.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)

int64_t stat_ms(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

int folder_make_at(int folder, const char *name)
{
    if (mkdirat(folder, name, 0700) != 0 && errno != EEXIST)
        return -1;
    return openat(folder, name, FOLDER_FLAGS);
}

struct s3 *s3_open(const char *root, hone_error *err)
{
    static const char *const ours[] = {"tmp", "meta", "uploads"};
    if (file_make_folder(root, err) != HONE_OK)
        return NULL;
    struct s3 *s3 = mem_array(1, sizeof *s3);
    if (s3 == NULL) {
        error_memory(err);
        return NULL;
    }
    s3->root_fd = s3->own_fd = -1;
    s3->root = mem_text(root);
    s3->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s3->root_fd >= 0)
        s3->own_fd = folder_make_at(s3->root_fd, S3_OWN);
    bool made = s3->root != NULL && s3->own_fd >= 0;
    for (size_t i = 0; made && i < sizeof ours / sizeof ours[0]; i++)
        made = mkdirat(s3->own_fd, ours[i], 0700) == 0 || errno == EEXIST;
    if (!made) {
        error_errno(err, HONE_EIO, "open the object folder %s", root);
        s3_close(s3);
        return NULL;
    }
    return s3;
}

void s3_close(struct s3 *s3)
{
    if (s3 == NULL)
        return;
    if (s3->own_fd >= 0)
        close(s3->own_fd);
    if (s3->root_fd >= 0)
        close(s3->root_fd);
    mem_free(s3->root);
    mem_free(s3);
}

void s3_sweep(struct s3 *s3, int64_t before_ms)
{
    char **names;
    size_t n;
    int fd = openat(s3->own_fd, "tmp", FOLDER_FLAGS);
    if (fd < 0)
        return;
    if (folder_names(fd, &names, &n)) {
        for (size_t i = 0; i < n; i++) {
            struct stat st;
            if (fstatat(fd, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0 && stat_ms(&st) < before_ms)
                unlinkat(fd, names[i], 0);
        }
        names_free(names, n);
    }
    close(fd);
}

static int lock_root(struct s3 *s3, int how)
{
    int fd = openat(s3->own_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    while (flock(fd, how) != 0)
        if (errno != EINTR) {
            close(fd);
            return -1;
        }
    return fd;
}

int s3_lock(struct s3 *s3)
{
    return lock_root(s3, LOCK_EX);
}

int s3_lock_if_free(struct s3 *s3)
{
    return lock_root(s3, LOCK_EX | LOCK_NB);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void names_free(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mem_free(names[i]);
    mem_free(names);
}

json_t *json_read_at(int folder, const char *name)
{
    struct buf text;
    char block[4096];
    json_t *json = NULL;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return NULL;
    buf_init(&text, META_LIMIT);
    for (ssize_t n; (n = read(fd, block, sizeof block)) > 0;)
        buf_add(&text, block, (size_t)n);
    close(fd);
    if (!text.failed)
        json = json_read(text.data, text.len, NULL);
    buf_release(&text);
    return json;
}

bool folder_names(int folder, char ***names_out, size_t *n_out)
{
    char **names = NULL;
    size_t n = 0, room = 0;
    int fd = openat(folder, ".", FOLDER_FLAGS);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (n == room) {
            char **more = mem_resize(names, room = 2 * room + 64, sizeof *names);
            ok = more != NULL;
            names = ok ? more : names;
        }
        if (ok && (names[n] = mem_text(entry->d_name)) != NULL)
            n++;
        else
            ok = false;
    }
    closedir(dir);
    if (!ok) {
        names_free(names, n);
        errno = ENOMEM;
        return false;
    }
    if (n > 0)
        qsort(names, n, sizeof *names, by_bytes);
    *names_out = names;
    *n_out = n;
    return true;
}

bool remove_tree_at(int folder, const char *name)
{
    char **names;
    size_t n;
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
        return true;
    int fd = openat(folder, name, FOLDER_FLAGS);
    if (fd < 0)
        return false;
    bool ok = folder_names(fd, &names, &n);
    if (ok) {
        for (size_t i = 0; i < n; i++)
            ok = remove_tree_at(fd, names[i]) && ok;
        names_free(names, n);
    }
    close(fd);
    return ok && unlinkat(folder, name, AT_REMOVEDIR) == 0;
}

/* Delete a folder of empty folders. */
static bool remove_empty(int folder, const char *name)
{
    char **names;
    size_t n;
    int fd = openat(folder, name, FOLDER_FLAGS);
    if (fd < 0)
        return false;
    if (folder_names(fd, &names, &n)) {
        for (size_t i = 0; i < n; i++)
            remove_empty(fd, names[i]);
        names_free(names, n);
    }
    close(fd);
    return unlinkat(folder, name, AT_REMOVEDIR) == 0;
}

bool s3_bucket_name_ok(const char *bucket)
{
    size_t n = strlen(bucket);
    if (n < 3 || n > 63 || strstr(bucket, "..") != NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool plain =
            (bucket[i] >= 'a' && bucket[i] <= 'z') || (bucket[i] >= '0' && bucket[i] <= '9');
        bool inside = i > 0 && i + 1 < n && (bucket[i] == '-' || bucket[i] == '.');
        if (!plain && !inside)
            return false;
    }
    return true;
}

int bucket_open(struct s3 *s3, const char *bucket)
{
    if (!s3_bucket_name_ok(bucket)) {
        errno = ENOENT;
        return -1;
    }
    return openat(s3->root_fd, bucket, FOLDER_FLAGS);
}

bool s3_bucket_exists(struct s3 *s3, const char *bucket)
{
    int fd = bucket_open(s3, bucket);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

hone_status s3_bucket_create(struct s3 *s3, const char *bucket, hone_error *err)
{
    if (!s3_bucket_name_ok(bucket))
        return error_set(err, HONE_EINVAL,
                         "bucket \"%.80s\": 3 to 63 of a-z, 0-9, \"-\" and \".\", beginning and "
                         "ending in a letter or digit",
                         bucket);
    if (mkdirat(s3->root_fd, bucket, 0700) == 0)
        return HONE_OK;
    if (errno == EEXIST)
        return error_set(err, HONE_ESTATE, "bucket %s: it exists", bucket);
    return error_errno(err, HONE_EIO, "make bucket %s", bucket);
}

hone_status s3_buckets(struct s3 *s3, s3_bucket_visitor *visit, void *context, hone_error *err)
{
    hone_status status = HONE_OK;
    char **names;
    size_t n;
    if (!folder_names(s3->root_fd, &names, &n))
        return error_errno(err, HONE_EIO, "read %s", s3->root);
    for (size_t i = 0; i < n && status == HONE_OK; i++) {
        struct stat st;
        if (s3_bucket_name_ok(names[i]) &&
            fstatat(s3->root_fd, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
            status = visit(context, names[i], stat_ms(&st), err);
    }
    names_free(names, n);
    return status;
}

static hone_status any_key(void *context, const char *key, const struct s3_object *object,
                           hone_error *err)
{
    (void)key;
    (void)object;
    (void)err;
    *(bool *)context = true;
    return HONE_OK;
}

hone_status s3_bucket_delete(struct s3 *s3, const char *bucket, hone_error *err)
{
    bool any = false, more;
    struct buf path;
    int lock = s3_lock(s3);
    if (lock < 0)
        return error_errno(err, HONE_EIO, "lock %s", s3->root);
    hone_status status =
        s3_list(s3, bucket, &(struct s3_query){.max = 1}, any_key, &any, &more, err);
    if (status == HONE_OK && any)
        status = error_set(err, HONE_ESTATE, "bucket %s has objects", bucket);
    /* What is left are empty folders, and perhaps a person's files that are no objects: they stay.
     */
    if (status == HONE_OK && !remove_empty(s3->root_fd, bucket))
        status = error_set(err, HONE_ESTATE, "bucket %s has files that are no objects", bucket);
    buf_init(&path, 256);
    for (int i = 0; status == HONE_OK && i < 2; i++) {
        buf_clear(&path);
        buf_printf(&path, "%s/%s", i == 0 ? "meta" : "uploads", bucket);
        if (!path.failed)
            remove_tree_at(s3->own_fd, path.data);
    }
    buf_release(&path);
    close(lock);
    return status;
}
