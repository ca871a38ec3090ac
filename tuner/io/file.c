/*
 * file.c: files and folders, written so that a crash or a power cut leaves the old or the new.
 *
 * Network file systems are told by the number that statfs() gives for their kind. FUSE has one
 * number for all its kinds, so there the mount table says which.
 */
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/mem.h"

bool write_all(int fd, const void *data, size_t n)
{
    const char *p = data;
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

hone_status file_make_folder(const char *path, hone_error *err)
{
    hone_status status = HONE_OK;
    struct stat st;
    if (path[0] == '\0')
        return error_set(err, HONE_EINVAL, "a folder without a name");
    if (mkdir(path, 0700) == 0) /* as a rule its parents are there */
        return HONE_OK;
    char *copy = mem_text(path);
    if (copy == NULL)
        return error_memory(err);
    for (char *p = copy + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char end = *p;
        *p = '\0';
        if (mkdir(copy, 0700) != 0) {
            int reason = errno; /* that it is there is not always EEXIST: automounts, read-only */
            if (stat(copy, &st) != 0) {
                errno = reason;
                status = error_errno(err, HONE_EIO, "make folder %s", copy);
                break;
            }
        }
        if (end == '\0')
            break;
        *p = end;
    }
    if (status == HONE_OK && stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        status =
            error_set(err, HONE_EIO, "make folder %s: a file of that name is in the way", path);
    mem_free(copy);
    return status;
}

hone_status file_read(const char *path, struct buf *out, hone_error *err)
{
    hone_status status = HONE_OK;
    char block[16384];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, errno == ENOENT ? HONE_ENOTFOUND : HONE_EIO, "open %s", path);
    for (;;) {
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            status = error_errno(err, HONE_EIO, "read %s", path);
        if (n <= 0)
            break;
        if (out->limit - out->len < (size_t)n) {
            status = error_set(err, HONE_EIO, "read %s: larger than %zu bytes", path, out->limit);
            break;
        }
        buf_add(out, block, (size_t)n);
        if (out->failed) {
            status = error_memory(err);
            break;
        }
    }
    close(fd);
    return status;
}

/* Sync the folder that holds `path`, so that a rename in it lasts. */
static bool sync_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL   ? mem_text(".")
                   : slash == path ? mem_text("/")
                                   : mem_text_n(path, (size_t)(slash - path));
    if (folder == NULL) {
        errno = ENOMEM;
        return false;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mem_free(folder);
    if (fd < 0)
        return false;
    bool ok = fsync(fd) == 0;
    close(fd);
    return ok;
}

hone_status file_write(const char *path, const void *data, size_t n, bool durable, hone_error *err)
{
    hone_status status = HONE_OK;
    struct buf temporary;
    int fd = -1;

    buf_init(&temporary, strlen(path) + 16);
    buf_printf(&temporary, "%s.XXXXXX", path);
    if (temporary.failed) {
        status = error_memory(err);
        goto out;
    }
    fd = mkostemp(temporary.data, O_CLOEXEC); /* 0600 */
    if (fd < 0) {
        status = error_errno(err, HONE_EIO, "create %s", path);
        goto out;
    }
    bool written = write_all(fd, data, n) && (!durable || fsync(fd) == 0);
    int reason = errno;
    if (close(fd) != 0 && written) {
        written = false;
        reason = errno;
    }
    if (written && rename(temporary.data, path) != 0) {
        written = false;
        reason = errno;
    }
    if (!written) {
        unlink(temporary.data);
        errno = reason;
        status = error_errno(err, HONE_EIO, "write %s", path);
        goto out;
    }
    if (durable && !sync_parent(path))
        status = error_errno(err, HONE_EIO, "sync the folder of %s", path);
out:
    buf_release(&temporary);
    return status;
}

/* Empties and removes `name` in the folder `at`; errno and false at the first thing that stays. */
static bool remove_at(int at, const char *name)
{
    if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
        return true;
    if (errno != EISDIR && errno != EPERM)
        return false;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == EACCES && fchmodat(at, name, 0700, 0) == 0)
        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    /* A trial may have made folders that even their owner may not write. */
    (void)fchmod(fd, 0700);
    DIR *folder = fdopendir(fd);
    if (folder == NULL) {
        close(fd);
        return false;
    }
    bool ok = true;
    struct dirent *entry;
    while (ok && (entry = readdir(folder)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            ok = remove_at(fd, entry->d_name);
    int reason = errno;
    closedir(folder);
    errno = reason;
    return ok && (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT);
}

hone_status file_remove_tree(const char *path, hone_error *err)
{
    if (!remove_at(AT_FDCWD, path))
        return error_errno(err, HONE_EIO, "remove %s", path);
    return HONE_OK;
}

char *path_join(const char *dir, const char *name)
{
    size_t n = strlen(dir);
    const char *slash = n > 0 && dir[n - 1] == '/' ? "" : "/";
    struct buf b;
    buf_init(&b, n + strlen(name) + 2);
    buf_printf(&b, "%s%s%s", dir, slash, name);
    char *path = buf_take(&b);
    buf_release(&b);
    return path;
}

char *path_absolute(const char *path)
{
    char cwd[4096] = "";
    struct buf b;
    if (path[0] != '/' && getcwd(cwd, sizeof cwd) == NULL)
        return NULL;
    buf_init(&b, strlen(cwd) + strlen(path) + 2);
    const char *parts[2] = {cwd, path};
    for (int i = 0; i < 2; i++) {
        for (const char *p = parts[i]; *p != '\0';) {
            size_t n = strcspn(p, "/");
            if (n == 2 && p[0] == '.' && p[1] == '.') {
                while (b.len > 0 && b.data[--b.len] != '/')
                    ;
                if (b.len < b.cap)
                    b.data[b.len] = '\0';
            } else if (n > 0 && !(n == 1 && p[0] == '.')) {
                buf_char(&b, '/');
                buf_add(&b, p, n);
            }
            p += n;
            p += strspn(p, "/");
        }
    }
    if (b.len == 0)
        buf_char(&b, '/');
    char *absolute = buf_take(&b);
    buf_release(&b);
    return absolute;
}

/* The kinds of FUSE whose files live on another machine. */
static const char *fuse_network(dev_t device)
{
    static const char *const kinds[] = {
        "fuse.sshfs",   "fuse.glusterfs", "fuse.s3fs",    "fuse.ceph-fuse", "fuse.ceph",
        "fuse.rclone",  "fuse.gcsfuse",   "fuse.juicefs", "fuse.curlftpfs", "fuse.mfs",
        "fuse.moosefs", "fuse.seaweedfs", "fuse.cvmfs",   "fuse.davfs",     "fuse.beegfs"};
    const char *found = NULL;
    char wanted[32], line[8192];
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    if (mounts == NULL)
        return NULL;
    snprintf(wanted, sizeof wanted, " %u:%u ", major(device), minor(device));
    while (found == NULL && fgets(line, sizeof line, mounts) != NULL) {
        /* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAGS] - TYPE SOURCE ..." */
        const char *type = strstr(line, " - ");
        const char *number = strstr(line, wanted);
        if (type == NULL || number == NULL || number > type)
            continue;
        size_t n = strcspn(type + 3, " ");
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
            if (strlen(kinds[i]) == n && strncmp(kinds[i], type + 3, n) == 0)
                found = kinds[i];
    }
    fclose(mounts);
    return found;
}

static const char *magic_network(unsigned long magic)
{
    static const struct {
        unsigned long magic; /* linux/magic.h, and each project's own headers for the rest */
        const char *name;
    } kinds[] = {{0x6969, "nfs"},         {0x517B, "smb"},        {0xFF534D42, "cifs"},
                 {0xFE534D42, "smb2"},    {0x0BD00BD0, "lustre"}, {0x47504653, "gpfs"},
                 {0x19830326, "beegfs"},  {0x00C36400, "ceph"},   {0x5346414F, "afs"},
                 {0x6B414653, "afs"},     {0x01021997, "9p"},     {0x73757245, "coda"},
                 {0x20030528, "orangefs"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].magic == magic)
            return kinds[i].name;
    return NULL;
}

/* HONE_TEST_NETWORK_FS=PREFIX makes everything below PREFIX count as on "nfs". */
static bool test_network(const char *absolute)
{
    const char *prefix = getenv("HONE_TEST_NETWORK_FS");
    if (prefix == NULL || *prefix == '\0')
        return false;
    size_t n = strlen(prefix);
    while (n > 1 && prefix[n - 1] == '/')
        n--;
    return strncmp(absolute, prefix, n) == 0 && (absolute[n] == '/' || absolute[n] == '\0');
}

const char *file_network(const char *path)
{
    static const unsigned long FUSE_MAGIC = 0x65735546;
    const char *name = NULL;
    struct statfs fs;
    struct stat st;
    char *absolute = path_absolute(path);
    if (absolute == NULL)
        return NULL;
    if (test_network(absolute)) {
        name = "nfs";
        goto out;
    }
    while (statfs(absolute, &fs) != 0) {
        char *slash = strrchr(absolute, '/');
        if ((errno != ENOENT && errno != ENOTDIR) || absolute[1] == '\0')
            goto out;
        slash[slash == absolute] = '\0'; /* the parent of "/x" is "/" */
    }
    unsigned long magic = (unsigned long)fs.f_type & 0xFFFFFFFFUL;
    if (magic != FUSE_MAGIC)
        name = magic_network(magic);
    else if (stat(absolute, &st) == 0)
        name = fuse_network(st.st_dev);
out:
    mem_free(absolute);
    return name;
}
