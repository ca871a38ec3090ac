/* process.c: knowing a process again, from /proc. */
#include "io/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A small file of /proc, cut to the buffer; false when it cannot be read. */
static bool read_small(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, out, size - 1);
    close(fd);
    if (n < 0)
        return false;
    out[n] = '\0';
    return true;
}

const char *process_boot_id(void)
{
    static char id[64]; /* does not change while we run */
    const char *test = getenv("HONE_TEST_BOOT_ID");
    if (test != NULL && *test != '\0')
        return test;
    if (id[0] == '\0') {
        if (!read_small("/proc/sys/kernel/random/boot_id", id, sizeof id))
            snprintf(id, sizeof id, "unknown");
        id[strcspn(id, "\n")] = '\0';
    }
    return id;
}

const char *process_host(void)
{
    static char host[256];
    if (host[0] == '\0' && (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0'))
        snprintf(host, sizeof host, "localhost");
    return host;
}

int64_t process_start(int64_t pid)
{
    char path[48], stat[1024];
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    if (pid <= 0 || !read_small(path, stat, sizeof stat))
        return 0;
    /* "PID (name) S ...": the name may hold blanks and brackets, so fields count from the last ')',
     * where field 3, the state, follows. The start time is field 22. */
    char *field = strrchr(stat, ')');
    if (field == NULL || field[1] != ' ' || field[2] == 'Z' || field[2] == 'X')
        return 0;
    field += 2;
    for (int i = 3; i < 22; i++) {
        field = strchr(field, ' ');
        if (field == NULL)
            return 0;
        field++;
    }
    return strtoll(field, NULL, 10);
}

bool process_lives(int64_t pid, int64_t start, const char *boot_id)
{
    return start > 0 && boot_id != NULL && strcmp(boot_id, process_boot_id()) == 0 &&
           process_start(pid) == start;
}
