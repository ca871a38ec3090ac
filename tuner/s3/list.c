/*
 * list.c: keys in the order of their bytes, out of folders that are walked in that order.
 *
 * Among a folder's entries, a folder counts as its name with the slash: all keys in it begin so,
 * and no other name lies between. Folders that hold the rest of a long name are read together with
 * the one they are in, since their keys may fall between its others. A folder is not entered when
 * no key in it can have the prefix or come after `after`, nor once its keys count as one.
 */
#include "s3/s3_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

struct entry {
    char *text; /* what keys have here: the component, a folder's with its slash */
    char *path; /* below the bucket's folder */
    bool folder;
};

struct entries {
    struct entry *all;
    size_t n, room;
};

struct walk {
    struct s3 *s3;
    const char *bucket;
    const struct s3_query *query;
    int bucket_fd;
    s3_key_visitor *visit;
    void *context;
    hone_error *err;
    struct buf group; /* the last text that several keys have in common, or empty */
    size_t given;
    bool more;
};

/* Ends the walk. */
#define WALK_OVER HONE_EEXHAUSTED

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool entries_add(struct entries *entries, char *text, char *path, bool folder)
{
    if (entries->n == entries->room) {
        size_t room = 2 * entries->room + 64;
        struct entry *more = mem_resize(entries->all, room, sizeof *more);
        if (more == NULL)
            return false;
        entries->all = more;
        entries->room = room;
    }
    entries->all[entries->n++] = (struct entry){text, path, folder};
    return true;
}

static void entries_release(struct entries *entries)
{
    for (size_t i = 0; i < entries->n; i++) {
        mem_free(entries->all[i].text);
        mem_free(entries->all[i].path);
    }
    mem_free(entries->all);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->text, ((const struct entry *)b)->text);
}

/* A path below the bucket, component by component: no link is followed. */
static int folder_at(int bucket_fd, const char *path)
{
    char name[NAME_PLAIN_MAX + 16];
    int fd = openat(bucket_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && *path != '\0') {
        size_t n = strcspn(path, "/");
        if (n >= sizeof name) {
            close(fd);
            return -1;
        }
        memcpy(name, path, n);
        name[n] = '\0';
        int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        close(fd);
        fd = next;
        path += path[n] == '/' ? n + 1 : n;
    }
    return fd;
}

static hone_status read_entries(struct walk *walk, const char *path, const char *start,
                                struct entries *out, int depth);

/* One name of a folder. */
static hone_status read_name(struct walk *walk, int fd, const char *path, const char *start,
                             const char *name, struct entries *out, int depth)
{
    struct stat st;
    struct buf text, below;
    bool goes_on, beside;
    hone_status status = HONE_OK;
    buf_init(&text, PATH_LIMIT);
    buf_init(&below, PATH_LIMIT);
    buf_text(&text, start);
    buf_printf(&below, "%s%s%s", path, path[0] == '\0' ? "" : "/", name);
    bool usable = key_of_name(name, &text, &goes_on, &beside) &&
                  fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                  (S_ISDIR(st.st_mode) ? !beside : S_ISREG(st.st_mode) && !goes_on);
    if (usable && goes_on) {
        status = read_entries(walk, below.data, text.data, out, depth + 1);
    } else if (usable) {
        bool folder = S_ISDIR(st.st_mode);
        if (folder)
            buf_char(&text, '/');
        char *key = buf_take(&text), *where = buf_take(&below);
        if (key == NULL || where == NULL || !entries_add(out, key, where, folder)) {
            mem_free(key);
            mem_free(where);
            status = error_memory(walk->err);
        }
    }
    buf_release(&text);
    buf_release(&below);
    return status;
}

/* All entries of a folder; `start` is what their component begins with. */
static hone_status read_entries(struct walk *walk, const char *path, const char *start,
                                struct entries *out, int depth)
{
    hone_status status = HONE_OK;
    char **names;
    size_t n;
    if (depth > S3_KEY_MAX)
        return HONE_OK;
    int fd = folder_at(walk->bucket_fd, path);
    if (fd < 0)
        return HONE_OK; /* it has gone meanwhile */
    if (!folder_names(fd, &names, &n)) {
        close(fd);
        return error_errno(walk->err, HONE_EIO, "read a folder of bucket %s", walk->bucket);
    }
    for (size_t i = 0; i < n && status == HONE_OK; i++)
        status = read_name(walk, fd, path, start, names[i], out, depth);
    names_free(names, n);
    close(fd);
    return status;
}

/* A key that has the prefix and comes after `after`: give it, or what it has in common. */
static hone_status give_key(struct walk *walk, const char *key, const char *path)
{
    const struct s3_query *query = walk->query;
    const char *prefix = query->prefix == NULL ? "" : query->prefix;
    const char *cut = query->delimiter == NULL || query->delimiter[0] == '\0'
                          ? NULL
                          : strstr(key + strlen(prefix), query->delimiter);
    struct s3_object object = {0};
    hone_status status;
    if (cut != NULL) {
        buf_clear(&walk->group);
        buf_add(&walk->group, key, (size_t)(cut - key) + strlen(query->delimiter));
        if (walk->group.failed)
            return error_memory(walk->err);
        if (query->after != NULL && strcmp(walk->group.data, query->after) <= 0)
            return HONE_OK;
    }
    if (walk->given == query->max) {
        walk->more = true;
        return WALK_OVER;
    }
    if (cut != NULL) {
        walk->given++;
        return walk->visit(walk->context, walk->group.data, NULL, walk->err);
    }
    int fd = object_open(walk->bucket_fd, path);
    if (fd < 0)
        return HONE_OK;
    status = object_describe(walk->s3, walk->bucket, key, fd, &object, walk->err);
    close(fd);
    if (status == HONE_OK) {
        walk->given++;
        status = walk->visit(walk->context, key, &object, walk->err);
    }
    s3_object_release(&object);
    return status;
}

/* Whether a folder of keys, or one key, may be given at all. */
static bool is_wanted(const struct walk *walk, const char *key, bool folder)
{
    const struct s3_query *query = walk->query;
    const char *prefix = query->prefix == NULL ? "" : query->prefix;
    const char *after = query->after == NULL ? "" : query->after;
    if (walk->group.len > 0 && begins(key, walk->group.data))
        return false;
    if (folder)
        return (begins(key, prefix) || begins(prefix, key)) &&
               (begins(after, key) || strcmp(key, after) > 0);
    return begins(key, prefix) && strcmp(key, after) > 0;
}

static hone_status walk_folder(struct walk *walk, const char *path, const char *start)
{
    struct entries entries = {0};
    struct buf key;
    hone_status status = read_entries(walk, path, "", &entries, 0);
    if (entries.n > 0)
        qsort(entries.all, entries.n, sizeof *entries.all, by_text);
    buf_init(&key, PATH_LIMIT);
    for (size_t i = 0; i < entries.n && status == HONE_OK; i++) {
        const struct entry *entry = &entries.all[i];
        buf_clear(&key);
        buf_text(&key, start);
        buf_text(&key, entry->text);
        if (key.failed)
            status = error_memory(walk->err);
        else if (key.len > S3_KEY_MAX || !is_wanted(walk, key.data, entry->folder))
            continue;
        else if (entry->folder)
            status = walk_folder(walk, entry->path, key.data);
        else if (i == 0 || strcmp(entry->text, entries.all[i - 1].text) != 0)
            status = s3_key_ok(key.data) ? give_key(walk, key.data, entry->path) : HONE_OK;
    }
    buf_release(&key);
    entries_release(&entries);
    return status;
}

hone_status s3_list(struct s3 *s3, const char *bucket, const struct s3_query *query,
                    s3_key_visitor *visit, void *context, bool *more_out, hone_error *err)
{
    struct walk walk = {
        .s3 = s3, .bucket = bucket, .query = query, .visit = visit, .context = context, .err = err};
    walk.bucket_fd = bucket_open(s3, bucket);
    if (walk.bucket_fd < 0)
        return error_errno(err, errno == ENOENT || errno == ENOTDIR ? HONE_ENOTFOUND : HONE_EIO,
                           "open bucket %s", bucket);
    buf_init(&walk.group, PATH_LIMIT);
    hone_status status = walk_folder(&walk, "", "");
    buf_release(&walk.group);
    close(walk.bucket_fd);
    *more_out = walk.more;
    return status == WALK_OVER ? HONE_OK : status;
}
