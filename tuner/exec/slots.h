/*
 * slots.h: the machine's book of slots, shared by all users, studies and stores: a file for each
 * CPU, each 60th of a GPU and each 64th of the memory in /dev/shm/hone-slots, and who holds its
 * lock has that part.
 *
 * A tuner takes a trial's locks and hands them to the shim as open descriptors. A flock() belongs
 * to the open file, so it passes to the shim without a gap, and the kernel ends it with the shim,
 * however that ends: nothing can leak, and nobody must clean up. The trial itself does not inherit
 * them. Inside a Slurm job what it was given of the machine is counted too, in slots of that job.
 * Slots are counted: the trial is not pinned to the CPUs whose numbers it holds, and
 * `limits.memory` is what watches its memory.
 */
#ifndef HONE_EXEC_SLOTS_H
#define HONE_EXEC_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "exec/gpus.h"
#include "hone.h"

enum { SLOTS_MAX = 4096 };

/** Most trials that share a GPU, and most GPUs of one trial. */
enum { SLOTS_PER_GPU_MAX = 8, SLOTS_GPUS_MAX = 16 };

/** What one trial takes of the machine; 0 = not counted. */
struct slots {
    size_t cpus;
    size_t gpus;    /* at most SLOTS_GPUS_MAX */
    size_t per_gpu; /* trials that share each of them, at most SLOTS_PER_GPU_MAX; 0 = 1 */
    uint64_t memory_bytes;
};

/** What it got. */
struct slots_taken {
    int fds[SLOTS_MAX]; /* close-on-exec; they hold the slots until closed everywhere. All are above
                           n_fds + 2, so that a child can get them as 3, 4, ... */
    size_t n_fds;
    struct gpu gpus[SLOTS_GPUS_MAX];
    size_t n_gpus;
};

/** The CPUs that we may use at all: of the machine, or of the Slurm job that we are in. */
size_t slots_total_cpus(void);

/**
 * Take a trial's slots, all or none. Of the GPUs with room those that are used least.
 *
 * @return HONE_OK; HONE_ESTATE: not so many are free now; HONE_EINVAL: there are not so many;
 *         HONE_EIO: the book or the inventory of GPUs cannot be read
 */
HONE_NODISCARD hone_status slots_take(const struct slots *wanted, struct slots_taken *out,
                                      hone_error *err);

void slots_close(const struct slots_taken *taken);

#endif
