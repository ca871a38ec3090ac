/*
 * namespace.c: a place /opt/ml for each script, as many as run at once: a mount namespace of its
 * own, with root's rights or, where the system lets anybody have one, inside a user namespace that
 * maps only ourselves.
 *
 * /opt/ml is seldom there, and making it is not ours to do. So a tmpfs takes the place of /opt:
 * what is in /opt is bound into it, then ml. Only this process and its children see any of it.
 */
#include "container/container.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/file.h"

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write_all(fd, text, strlen(text));
    if (fd >= 0)
        close(fd);
    return done;
}

static bool unshare_mounts(void)
{
    char map[64];
    unsigned uid = (unsigned)geteuid(), gid = (unsigned)getegid();
    if (unshare(CLONE_NEWNS) == 0)
        return true;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    /* We stay who we are: files keep their owner. */
    snprintf(map, sizeof map, "%u %u 1\n", uid, uid);
    if (!write_text("/proc/self/uid_map", map) || !write_text("/proc/self/setgroups", "deny"))
        return false;
    snprintf(map, sizeof map, "%u %u 1\n", gid, gid);
    return write_text("/proc/self/gid_map", map);
}

/* One entry of /opt in its copy. */
static bool bind_entry(const char *from, const char *to)
{
    struct stat st;
    char target[4096];
    if (lstat(from, &st) != 0)
        return false;
    if (S_ISLNK(st.st_mode)) {
        ssize_t n = readlink(from, target, sizeof target - 1);
        if (n < 0)
            return false;
        target[n] = '\0';
        return symlink(target, to) == 0;
    }
    if (S_ISDIR(st.st_mode)) {
        if (mkdir(to, 0755) != 0)
            return false;
    } else {
        int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
            return false;
        close(fd);
    }
    return mount(from, to, NULL, MS_BIND | MS_REC, NULL) == 0;
}

static bool copy_opt(const char *staging)
{
    bool done = true;
    DIR *opt = opendir("/opt");
    struct dirent *entry;
    while (opt && done && (entry = readdir(opt)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        char *from = path_join("/opt", name), *to = path_join(staging, name);
        done = from && to && bind_entry(from, to);
        mem_free(from);
        mem_free(to);
    }
    if (opt)
        closedir(opt);
    return opt && done;
}

bool namespace_enter(const char *ml, const char *staging)
{
    if (!unshare_mounts() || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return false;
    if (mount(ml, "/opt/ml", NULL, MS_BIND | MS_REC, NULL) == 0)
        return true;
    char *place = path_join(staging, "ml");
    bool done = place && mkdir(staging, 0700) == 0 &&
                mount("tmpfs", staging, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") == 0 &&
                copy_opt(staging) && mkdir(place, 0755) == 0 &&
                mount(ml, place, NULL, MS_BIND | MS_REC, NULL) == 0 &&
                mount(staging, "/opt", NULL, MS_BIND | MS_REC, NULL) == 0;
    mem_free(place);
    return done;
}
