/* slots.c: the machine's book of slots; slots.h says how it works. */
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

enum { MEMORY_PARTS = 64 };
static const double GIB = 1024.0 * 1024.0 * 1024.0;

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
static int slot_open(int book, const char *name)
{
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

/* Take slot number i of a kind; -1 when somebody has it. */
static int slot_take(int book, const char *kind, size_t i)
{
    char name[40];
    snprintf(name, sizeof name, "%s-%zu", kind, i);
    int fd = slot_open(book, name);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    close(fd);
    return -1;
}

static size_t take_cpus(int book, size_t most, int *fds_out)
{
    cpu_set_t ours;
    size_t n = 0;
    if (sched_getaffinity(0, sizeof ours, &ours) != 0)
        return 0;
    for (size_t cpu = 0; cpu < CPU_SETSIZE && n < most; cpu++) {
        int fd = CPU_ISSET(cpu, &ours) ? slot_take(book, "cpu", cpu) : -1;
        if (fd >= 0)
            fds_out[n++] = fd;
    }
    return n;
}

static size_t take_memory(int book, size_t most, int *fds_out)
{
    size_t n = 0;
    for (size_t i = 0; i < MEMORY_PARTS && n < most; i++) {
        int fd = slot_take(book, "memory", i);
        if (fd >= 0)
            fds_out[n++] = fd;
    }
    return n;
}

size_t slots_total_cpus(void)
{
    cpu_set_t ours;
    return sched_getaffinity(0, sizeof ours, &ours) == 0 ? (size_t)CPU_COUNT(&ours) : 1;
}

static uint64_t total_memory(void)
{
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Move descriptors above n + 2. */
static bool lift(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int fd = fcntl(fds[i], F_DUPFD_CLOEXEC, (int)n + 3);
        if (fd < 0)
            return false;
        close(fds[i]);
        fds[i] = fd;
    }
    return true;
}

hone_status slots_take(const struct slots *wanted, int *fds_out, size_t *n_out, hone_error *err)
{
    size_t cpus = wanted->cpus, parts = 0;
    *n_out = 0;
    if (cpus == 0 && wanted->memory_bytes == 0)
        return HONE_OK;
    if (cpus > slots_total_cpus() || cpus > SLOTS_MAX - MEMORY_PARTS)
        return error_set(err, HONE_EINVAL, "slots: a trial takes %zu CPUs, the machine has %zu",
                         cpus, slots_total_cpus());
    if (wanted->memory_bytes > total_memory())
        return error_set(err, HONE_EINVAL,
                         "slots: a trial takes %.1f GiB of memory, the machine has %.1f",
                         (double)wanted->memory_bytes / GIB, (double)total_memory() / GIB);
    if (wanted->memory_bytes > 0) {
        uint64_t part = total_memory() / MEMORY_PARTS;
        parts = (size_t)((wanted->memory_bytes + part - 1) / part);
        parts = parts > MEMORY_PARTS ? MEMORY_PARTS : parts;
    }
    int book = book_open(err);
    if (book < 0)
        return HONE_EIO;
    hone_status status = HONE_OK;
    size_t n = take_cpus(book, cpus, fds_out);
    if (n == cpus)
        n += take_memory(book, parts, fds_out + n);
    close(book);
    if (n < cpus + parts)
        status = error_set(err, HONE_ESTATE, "slots: not enough is free now");
    else if (!lift(fds_out, n))
        status = error_errno(err, HONE_EIO, "slots: %zu descriptors", n);
    if (status == HONE_OK)
        *n_out = n;
    else
        slots_close(fds_out, n);
    return status;
}

void slots_close(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
}
