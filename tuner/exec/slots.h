/*
 * slots.h: the machine's book of CPU slots, shared by all users, studies and stores: a file for
 * each CPU in /dev/shm/hone-slots, and who holds its lock has the CPU.
 *
 * A tuner takes a trial's locks and hands them to the shim as open descriptors. A flock() belongs
 * to the open file, so it passes to the shim without a gap, and the kernel ends it with the shim,
 * however that ends: nothing can leak, and nobody must clean up. The trial itself does not inherit
 * them. Slots are counted, the trial is not pinned to the CPUs whose numbers it holds.
 */
#ifndef HONE_EXEC_SLOTS_H
#define HONE_EXEC_SLOTS_H

#include <stddef.h>

#include "hone.h"

enum { SLOTS_MAX = 1024 };

/** The CPUs that we may use at all. */
size_t slots_total(void);

/**
 * How many of them nobody holds now. Looks at each; another tuner may be faster before they are
 * taken. HONE_EIO: the book cannot be opened.
 */
HONE_NODISCARD hone_status slots_free(size_t *out, hone_error *err);

/**
 * Take n slots, all or none.
 *
 * @param fds_out  n descriptors, close-on-exec, that hold them until closed everywhere; all above
 *                 n + 2, so that a child can get them as 3, 4, ...
 * @return HONE_OK; HONE_ESTATE: not so many are free now; HONE_EINVAL: there are not so many
 */
HONE_NODISCARD hone_status slots_take(size_t n, int *fds_out, hone_error *err);

void slots_close(const int *fds, size_t n);

#endif
