/*
 * bundle.c: archives, of which those that come in are hostile until shown otherwise.
 *
 * Two walls. Names are checked as text: relative, no "..", and a symbolic link's target, taken
 * from the link's folder, does not climb above the top. Then libarchive writes with
 * SECURE_SYMLINKS and SECURE_NODOTDOT, which refuses to go through a link that is already there: so
 * a chain of links, each harmless as text, leads nowhere either. Sizes are counted as the bytes
 * come, not as the headers promise them.
 */
#include "container/bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

enum { READ_BYTES = 1 << 16 };
#define RATIO_FROM ((uint64_t)64 << 20)

/* How deep a relative path ends below where it begins; false when it climbs above it or is
 * absolute. */
static bool stays_inside(const char *path, long depth)
{
    if (path[0] == '/' || path[0] == '\0')
        return false;
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.')
            depth--;
        else if (n > 0 && !(n == 1 && p[0] == '.'))
            depth++;
        if (depth < 0)
            return false;
        p += n;
        p += *p == '/';
    }
    return true;
}

static bool has_parent_step(const char *path)
{
    for (const char *p = path; (p = strstr(p, "..")) != NULL; p += 2)
        if ((p == path || p[-1] == '/') && (p[2] == '\0' || p[2] == '/'))
            return true;
    return false;
}

static bool is_name(const char *name)
{
    return name && stays_inside(name, 0) && !has_parent_step(name);
}

static long depth_of_folder(const char *name)
{
    long depth = 0, steps = 0;
    for (const char *p = name; *p;) {
        size_t n = strcspn(p, "/");
        steps += n > 0 && !(n == 1 && p[0] == '.');
        p += n;
        p += *p == '/';
    }
    depth = steps > 0 ? steps - 1 : 0;
    return depth;
}

/* Judge an entry by its header, and point its names into the folder. */
static hone_status admit(struct archive_entry *entry, const char *folder, hone_error *err)
{
    const char *name = archive_entry_pathname(entry);
    const char *hard = archive_entry_hardlink(entry), *soft = archive_entry_symlink(entry);
    if (!is_name(name))
        return error_set(err, HONE_EINVAL, "\"%.200s\": the name leads out of the archive",
                         name ? name : "");
    if (hard && !is_name(hard))
        return error_set(err, HONE_EINVAL, "\"%.200s\": a link that leads out of the archive",
                         name);
    if (soft && !stays_inside(soft, depth_of_folder(name)))
        return error_set(err, HONE_EINVAL, "\"%.200s\": a link that leads out of the archive",
                         name);
    mode_t type = archive_entry_filetype(entry);
    if (!hard && type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK)
        return error_set(err, HONE_EINVAL, "\"%.200s\" is neither file, folder nor link", name);
    struct buf path;
    buf_init(&path, 16384);
    buf_printf(&path, "%s/%s", folder, name);
    bool failed = path.failed;
    archive_entry_set_pathname(entry, path.data);
    if (hard) {
        char *target = mem_text(hard); /* the entry owns `hard` */
        buf_clear(&path);
        buf_printf(&path, "%s/%s", folder, target ? target : "");
        failed = failed || path.failed || !target;
        archive_entry_set_hardlink(entry, path.data);
        mem_free(target);
    }
    buf_release(&path);
    /* Modes without set-user-id; the owner can always read, and go through a folder. */
    mode_t least = type == AE_IFDIR ? 0700 : 0600;
    archive_entry_set_perm(entry, (archive_entry_perm(entry) & 0777) | least);
    return failed ? error_set(err, HONE_EINVAL, "a name is too long") : HONE_OK;
}

static hone_status copy_data(struct archive *in, struct archive *out, struct archive_entry *entry,
                             const struct bundle_limits *limits, uint64_t *bytes, hone_error *err)
{
    const void *block;
    size_t n;
    la_int64_t at;
    int got;
    while ((got = archive_read_data_block(in, &block, &n, &at)) == ARCHIVE_OK) {
        uint64_t packed = (uint64_t)archive_filter_bytes(in, -1);
        *bytes += n;
        if (*bytes > limits->bytes)
            return error_set(err, HONE_EINVAL, "it is larger than %llu bytes unpacked",
                             (unsigned long long)limits->bytes);
        if (*bytes > RATIO_FROM && *bytes / limits->ratio > packed)
            return error_set(err, HONE_EINVAL, "it unpacks to more than %llu times its size",
                             (unsigned long long)limits->ratio);
        /* The place is the archive's word too: a sparse file may claim any. */
        if (at < 0 || (uint64_t)at > limits->bytes)
            return error_set(err, HONE_EINVAL, "it is larger than %llu bytes unpacked",
                             (unsigned long long)limits->bytes);
        if (archive_write_data_block(out, block, n, at) < ARCHIVE_OK)
            return error_set(err, HONE_EIO, "write %.200s: %s", archive_entry_pathname(entry),
                             archive_error_string(out));
    }
    if (got != ARCHIVE_EOF)
        return error_set(err, HONE_EINVAL, "%s", archive_error_string(in));
    return HONE_OK;
}

static hone_status unpack_all(struct archive *in, struct archive *out, const char *folder,
                              const struct bundle_limits *limits, hone_error *err)
{
    struct archive_entry *entry;
    uint64_t bytes = 0, entries = 0;
    int got;
    while ((got = archive_read_next_header(in, &entry)) == ARCHIVE_OK) {
        if (++entries > limits->entries)
            return error_set(err, HONE_EINVAL, "it has more than %llu entries",
                             (unsigned long long)limits->entries);
        hone_status status = admit(entry, folder, err);
        if (status)
            return status;
        if (archive_entry_size(entry) > 0 && (uint64_t)archive_entry_size(entry) > limits->bytes)
            return error_set(err, HONE_EINVAL, "it is larger than %llu bytes unpacked",
                             (unsigned long long)limits->bytes);
        if (archive_write_header(out, entry) < ARCHIVE_OK)
            return error_set(err, HONE_EINVAL, "%s", archive_error_string(out));
        status = copy_data(in, out, entry, limits, &bytes, err);
        if (status)
            return status;
        if (archive_write_finish_entry(out) < ARCHIVE_WARN)
            return error_set(err, HONE_EIO, "%s", archive_error_string(out));
    }
    if (got != ARCHIVE_EOF)
        return error_set(err, HONE_EINVAL, "%s", archive_error_string(in));
    return HONE_OK;
}

hone_status bundle_unpack(const char *path, const char *folder, const struct bundle_limits *limits,
                          hone_error *err)
{
    hone_status status = HONE_ENOMEM;
    hone_error inner = {0};
    char real[PATH_MAX];
    struct archive *in = archive_read_new(), *out = archive_write_disk_new();
    if (!in || !out) {
        error_memory(err);
        goto out;
    }
    /* Not all that libarchive knows: some filters start programs of the machine. */
    archive_read_support_filter_gzip(in);
    archive_read_support_filter_bzip2(in);
    archive_read_support_filter_xz(in);
    archive_read_support_filter_zstd(in);
    archive_read_support_format_tar(in);
    /* Above the folder links are the machine's own: it is named by its real path. */
    archive_write_disk_set_options(out, ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_SECURE_SYMLINKS |
                                            ARCHIVE_EXTRACT_SECURE_NODOTDOT);
    if (!realpath(folder, real)) {
        status = error_errno(&inner, HONE_EIO, "open %s", folder);
    } else if (archive_read_open_filename(in, path, READ_BYTES) != ARCHIVE_OK) {
        status = error_set(&inner, HONE_EINVAL, "%s", archive_error_string(in));
    } else {
        status = unpack_all(in, out, real, limits, &inner);
    }
    if (status)
        error_set(err, status, "%.200s", inner.text);
out:
    archive_read_free(in);
    archive_write_free(out);
    return status;
}

static hone_status pack_entry(struct archive *out, struct archive_entry *entry, const char *folder,
                              hone_error *err)
{
    static char block[READ_BYTES];
    const char *name = archive_entry_pathname(entry) + strlen(folder);
    while (*name == '/')
        name++;
    if (*name == '\0')
        return HONE_OK;
    mode_t type = archive_entry_filetype(entry);
    if (type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK)
        return HONE_OK;
    char *source = mem_text(archive_entry_sourcepath(entry)), *inside = mem_text(name);
    hone_status status = HONE_OK;
    if (!source || !inside) {
        status = error_memory(err);
        goto out;
    }
    archive_entry_set_pathname(entry, inside);
    if (archive_write_header(out, entry) < ARCHIVE_WARN) {
        status = error_set(err, HONE_EIO, "%s", archive_error_string(out));
        goto out;
    }
    if (type == AE_IFREG && archive_entry_size(entry) > 0) {
        FILE *file = fopen(source, "rbe");
        size_t n;
        if (!file)
            status = error_errno(err, HONE_EIO, "read %s", source);
        while (file && !status && (n = fread(block, 1, sizeof block, file)) > 0)
            if (archive_write_data(out, block, n) < 0)
                status = error_set(err, HONE_EIO, "%s", archive_error_string(out));
        if (file)
            fclose(file);
    }
out:
    mem_free(source);
    mem_free(inside);
    return status;
}

hone_status bundle_pack(const char *folder, const char *path, hone_error *err)
{
    hone_status status = HONE_OK;
    struct archive *disk = archive_read_disk_new(), *out = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    int got = ARCHIVE_OK;
    if (!disk || !out || !entry) {
        status = error_memory(err);
        goto out;
    }
    archive_write_add_filter_gzip(out);
    archive_write_set_format_pax_restricted(out);
    archive_read_disk_set_symlink_physical(disk);
    if (archive_write_open_filename(out, path) != ARCHIVE_OK) {
        status = error_set(err, HONE_EIO, "%s", archive_error_string(out));
        goto out;
    }
    if (archive_read_disk_open(disk, folder) != ARCHIVE_OK) {
        status = error_set(err, HONE_EIO, "%s", archive_error_string(disk));
        goto out;
    }
    while (!status && (got = archive_read_next_header2(disk, entry)) == ARCHIVE_OK) {
        archive_read_disk_descend(disk);
        status = pack_entry(out, entry, folder, err);
    }
    if (!status && got != ARCHIVE_EOF)
        status = error_set(err, HONE_EIO, "%s", archive_error_string(disk));
    if (archive_write_close(out) != ARCHIVE_OK && !status)
        status = error_set(err, HONE_EIO, "%s", archive_error_string(out));
out:
    archive_entry_free(entry);
    archive_read_free(disk);
    archive_write_free(out);
    return status;
}
