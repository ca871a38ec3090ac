/* slots.c: the machine's book of slots; slots.h says how it works. */
#include "exec/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

enum { MEMORY_PARTS = 64, GPU_PARTS = 60, CPUS_MAX = 1024 };
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
    char name[GPU_NAME_MAX + 40];
    snprintf(name, sizeof name, "%s-%zu", kind, i);
    int fd = slot_open(book, name);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    close(fd);
    return -1;
}

static void keep(struct slots_taken *taken, int fd)
{
    taken->fds[taken->n_fds++] = fd;
}

static bool take_cpus(int book, size_t wanted, struct slots_taken *taken)
{
    cpu_set_t ours;
    size_t n = 0;
    if (sched_getaffinity(0, sizeof ours, &ours) != 0)
        return false;
    for (size_t cpu = 0; cpu < CPU_SETSIZE && n < wanted; cpu++) {
        int fd = CPU_ISSET(cpu, &ours) ? slot_take(book, "cpu", cpu) : -1;
        if (fd >= 0) {
            keep(taken, fd);
            n++;
        }
    }
    return n == wanted;
}

/* Take up to `wanted` of n numbered slots; returns how many were to be had. */
static size_t take_some(int book, const char *kind, size_t n, size_t wanted,
                        struct slots_taken *taken)
{
    size_t got = 0;
    for (size_t i = 0; i < n && got < wanted; i++) {
        int fd = slot_take(book, kind, i);
        if (fd >= 0) {
            keep(taken, fd);
            got++;
        }
    }
    return got;
}

static void give_back(struct slots_taken *taken, size_t n_fds)
{
    while (taken->n_fds > n_fds)
        close(taken->fds[--taken->n_fds]);
}

/* How much of a GPU is free now, in parts. */
static size_t free_parts(int book, const char *kind, struct slots_taken *taken)
{
    size_t before = taken->n_fds, n = take_some(book, kind, GPU_PARTS, GPU_PARTS, taken);
    give_back(taken, before);
    return n;
}

static void gpu_kind(const struct gpu *gpu, char out[GPU_NAME_MAX + 8])
{
    snprintf(out, GPU_NAME_MAX + 8, "gpu-%s", gpu->name);
    for (char *c = out; *c != '\0'; c++) /* it becomes a file's name */
        if (*c == '/')
            *c = '_';
}

/* A share of one more GPU, the emptiest; false when none has room. */
static bool take_gpu(int book, const struct gpu *gpus, size_t n, size_t parts,
                     struct slots_taken *taken)
{
    char kind[GPU_NAME_MAX + 8];
    size_t best = n, most = parts - 1;
    for (size_t i = 0; i < n; i++) {
        bool have = false;
        for (size_t k = 0; k < taken->n_gpus; k++)
            have |= strcmp(taken->gpus[k].name, gpus[i].name) == 0;
        gpu_kind(&gpus[i], kind);
        size_t room = have ? 0 : free_parts(book, kind, taken);
        if (room > most) {
            best = i;
            most = room;
        }
    }
    if (best == n)
        return false;
    gpu_kind(&gpus[best], kind);
    if (take_some(book, kind, GPU_PARTS, parts, taken) < parts)
        return false; /* somebody was quicker; all is given back, and tried again later */
    taken->gpus[taken->n_gpus++] = gpus[best];
    return true;
}

/* What the Slurm job that we are in has of this machine; 0 = no job, or not limited. */
struct share {
    unsigned long long job, cpus, memory_bytes;
};

static unsigned long long number_of(const char *variable)
{
    const char *text = getenv(variable);
    return text != NULL ? strtoull(text, NULL, 10) : 0;
}

static struct share share_of_job(void)
{
    struct share s = {.job = number_of("SLURM_JOB_ID")};
    if (s.job == 0)
        return s;
    s.cpus = number_of("SLURM_CPUS_ON_NODE");
    s.memory_bytes = number_of("SLURM_MEM_PER_NODE") << 20; /* both are in MiB */
    if (s.memory_bytes == 0)
        s.memory_bytes = (number_of("SLURM_MEM_PER_CPU") << 20) * s.cpus;
    return s;
}

size_t slots_total_cpus(void)
{
    cpu_set_t ours;
    struct share share = share_of_job();
    size_t n = sched_getaffinity(0, sizeof ours, &ours) == 0 ? (size_t)CPU_COUNT(&ours) : 1;
    return share.cpus > 0 && share.cpus < n ? (size_t)share.cpus : n;
}

static uint64_t total_memory(void)
{
    struct share share = share_of_job();
    uint64_t all = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    return share.memory_bytes > 0 && share.memory_bytes < all ? share.memory_bytes : all;
}

/* As many parts of `all` as hold what is wanted. */
static size_t memory_parts(uint64_t wanted, uint64_t all)
{
    uint64_t part = all / MEMORY_PARTS, parts = (wanted + part - 1) / part;
    return parts > MEMORY_PARTS ? MEMORY_PARTS : (size_t)parts;
}

static bool take_memory(int book, uint64_t wanted, struct slots_taken *taken)
{
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    size_t parts = memory_parts(wanted, machine);
    return take_some(book, "memory", MEMORY_PARTS, parts, taken) == parts;
}

/* The same of the job's share. */
static bool take_share(int book, const struct slots *wanted, struct slots_taken *taken)
{
    struct share share = share_of_job();
    char kind[48];
    if (share.job == 0)
        return true;
    snprintf(kind, sizeof kind, "job-%llu-cpu", share.job);
    if (share.cpus > 0 && share.cpus <= CPUS_MAX &&
        take_some(book, kind, (size_t)share.cpus, wanted->cpus, taken) < wanted->cpus)
        return false;
    if (share.memory_bytes < MEMORY_PARTS)
        return true;
    size_t parts = memory_parts(wanted->memory_bytes, share.memory_bytes);
    snprintf(kind, sizeof kind, "job-%llu-memory", share.job);
    return take_some(book, kind, MEMORY_PARTS, parts, taken) == parts;
}

/* Move descriptors above n + 2. */
static bool lift(struct slots_taken *taken)
{
    for (size_t i = 0; i < taken->n_fds; i++) {
        int fd = fcntl(taken->fds[i], F_DUPFD_CLOEXEC, (int)taken->n_fds + 3);
        if (fd < 0)
            return false;
        close(taken->fds[i]);
        taken->fds[i] = fd;
    }
    return true;
}

/* Whether the machine has what is wanted at all. */
static hone_status check(const struct slots *wanted, size_t n_gpus, hone_error *err)
{
    size_t cpus = slots_total_cpus();
    const char *whole = share_of_job().job > 0 ? "this Slurm job" : "the machine";
    if (wanted->cpus > cpus || wanted->cpus > CPUS_MAX)
        return error_set(err, HONE_EINVAL, "slots: a trial takes %zu CPUs, %s has %zu",
                         wanted->cpus, whole, cpus);
    if (wanted->memory_bytes > total_memory())
        return error_set(err, HONE_EINVAL, "slots: a trial takes %.1f GiB of memory, %s has %.1f",
                         (double)wanted->memory_bytes / GIB, whole, (double)total_memory() / GIB);
    if (wanted->gpus > 0 && n_gpus == 0)
        return error_set(err, HONE_EINVAL,
                         "slots: a trial takes %zu GPU%s, and there is none that we may use: "
                         "nvidia-smi lists none, or CUDA_VISIBLE_DEVICES leaves none",
                         wanted->gpus, wanted->gpus > 1 ? "s" : "");
    if (wanted->gpus > n_gpus || wanted->gpus > SLOTS_GPUS_MAX)
        return error_set(err, HONE_EINVAL, "slots: a trial takes %zu GPUs, we may use %zu",
                         wanted->gpus, n_gpus);
    return HONE_OK;
}

hone_status slots_take(const struct slots *wanted, struct slots_taken *out, hone_error *err)
{
    out->n_fds = out->n_gpus = 0;
    if (wanted->cpus == 0 && wanted->memory_bytes == 0 && wanted->gpus == 0)
        return HONE_OK;
    const struct gpu *gpus = NULL;
    size_t n_gpus = 0;
    hone_status status = wanted->gpus > 0 ? gpus_list(&gpus, &n_gpus, err) : HONE_OK;
    if (status == HONE_OK)
        status = check(wanted, n_gpus, err);
    if (status != HONE_OK)
        return status;
    int book = book_open(err);
    if (book < 0)
        return HONE_EIO;
    bool all = take_cpus(book, wanted->cpus, out) && take_memory(book, wanted->memory_bytes, out) &&
               take_share(book, wanted, out);
    for (size_t i = 0; i < wanted->gpus && all; i++)
        all = take_gpu(book, gpus, n_gpus, GPU_PARTS / (wanted->per_gpu > 0 ? wanted->per_gpu : 1),
                       out);
    close(book);
    if (!all)
        status = error_set(err, HONE_ESTATE, "slots: not enough is free now");
    else if (!lift(out))
        status = error_errno(err, HONE_EIO, "slots: %zu descriptors", out->n_fds);
    if (status != HONE_OK) {
        slots_close(out);
        out->n_fds = out->n_gpus = 0;
    }
    return status;
}

void slots_close(const struct slots_taken *taken)
{
    for (size_t i = 0; i < taken->n_fds; i++)
        close(taken->fds[i]);
}
