/* slots.c: the machine's book of CPU slots; slots.h says how it works. */
#include "exec/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static const char *book_path(void)
{
    const char *test = getenv("HONE_TEST_SLOTS");
    return test != NULL && *test != '\0' ? test : "/dev/shm/hone-slots";
}

/* Open the book; everybody may add to it, nobody may remove what is another's. */
static int book_open(hone_error *err)
{
    const char *path = book_path();
    if (mkdir(path, 0700) == 0)
        (void)chmod(path, 01777); /* the umask would narrow it */
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        error_errno(err, HONE_EIO, "open the slots' book %s", path);
    return fd;
}

/* Reading rights are enough for a lock, so whoever made a slot's file, all can use it. */
static int slot_open(int book, int cpu)
{
    char name[32];
    snprintf(name, sizeof name, "cpu-%d", cpu);
    int fd = openat(book, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    fd = openat(book, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
    if (fd >= 0)
        (void)fchmod(fd, 0444);
    else if (errno == EEXIST) /* made by somebody else in between */
        fd = openat(book, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd;
}

/* Take up to `most` slots and return their number. */
static size_t take_some(int book, size_t most, int *fds_out)
{
    cpu_set_t ours;
    size_t n = 0;
    if (sched_getaffinity(0, sizeof ours, &ours) != 0)
        return 0;
    for (int cpu = 0; cpu < CPU_SETSIZE && n < most; cpu++) {
        if (!CPU_ISSET((size_t)cpu, &ours))
            continue;
        int fd = slot_open(book, cpu);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
            fds_out[n++] = fd;
        else if (fd >= 0)
            close(fd);
    }
    return n;
}

size_t slots_total(void)
{
    cpu_set_t ours;
    return sched_getaffinity(0, sizeof ours, &ours) == 0 ? (size_t)CPU_COUNT(&ours) : 1;
}

hone_status slots_free(size_t *out, hone_error *err)
{
    int fds[SLOTS_MAX];
    int book = book_open(err);
    if (book < 0)
        return HONE_EIO;
    size_t n = take_some(book, SLOTS_MAX, fds);
    slots_close(fds, n);
    close(book);
    *out = n;
    return HONE_OK;
}

hone_status slots_take(size_t n, int *fds_out, hone_error *err)
{
    size_t total = slots_total();
    if (n > total || n > SLOTS_MAX)
        return error_set(err, HONE_EINVAL, "slots: a trial takes %zu CPUs, the machine has %zu", n,
                         total);
    int book = book_open(err);
    if (book < 0)
        return HONE_EIO;
    size_t taken = take_some(book, n, fds_out);
    close(book);
    bool lifted = true;
    for (size_t i = 0; i < taken && lifted; i++) {
        int fd = fcntl(fds_out[i], F_DUPFD_CLOEXEC, (int)n + 3);
        lifted = fd >= 0;
        if (lifted) {
            close(fds_out[i]);
            fds_out[i] = fd;
        }
    }
    if (taken == n && lifted)
        return HONE_OK;
    slots_close(fds_out, taken);
    if (!lifted)
        return error_errno(err, HONE_EIO, "slots: %zu descriptors", n);
    return error_set(err, HONE_ESTATE, "slots: %zu of %zu CPUs are free, a trial takes %zu", taken,
                     total, n);
}

void slots_close(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
}
