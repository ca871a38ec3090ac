/*
 * slots.h: the machine's book of slots, shared by all users, studies and stores: a file for each
 * CPU and each 64th of the memory in /dev/shm/hone-slots, and who holds its lock has that part.
 *
 * A tuner takes a trial's locks and hands them to the shim as open descriptors. A flock() belongs
 * to the open file, so it passes to the shim without a gap, and the kernel ends it with the shim,
 * however that ends: nothing can leak, and nobody must clean up. The trial itself does not inherit
 * them. Slots are counted: the trial is not pinned to the CPUs whose numbers it holds, and
 * `limits.memory` is what watches its memory.
 */
#ifndef HONE_EXEC_SLOTS_H
#define HONE_EXEC_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "hone.h"

enum { SLOTS_MAX = 1024 };

/** What one trial takes of the machine; 0 = not counted. */
struct slots {
    size_t cpus;
    uint64_t memory_bytes;
};

/** The CPUs that we may use at all. */
size_t slots_total_cpus(void);

/**
 * Take a trial's slots, all or none.
 *
 * @param fds_out  room for SLOTS_MAX descriptors, close-on-exec, that hold the slots until closed
 *                 everywhere; all above *n_out + 2, so that a child can get them as 3, 4, ...
 * @return HONE_OK; HONE_ESTATE: not so many are free now; HONE_EINVAL: there are not so many;
 *         HONE_EIO: the book cannot be opened
 */
HONE_NODISCARD hone_status slots_take(const struct slots *wanted, int *fds_out, size_t *n_out,
                                      hone_error *err);

void slots_close(const int *fds, size_t n);

#endif
