/*
 * gpus.h: which GPUs of this machine a trial may be given.
 *
 * The machine's are those that `nvidia-smi` lists, or the lines of the file that HONE_GPU_INVENTORY
 * names, in the same form: "INDEX, UUID, MEMORY". Of them CUDA_VISIBLE_DEVICES leaves those that we
 * were given ourselves, as in an allocation of Slurm; as CUDA reads it, the first entry that names
 * no GPU ends the list.
 */
#ifndef HONE_EXEC_GPUS_H
#define HONE_EXEC_GPUS_H

#include <stddef.h>

#include "hone.h"

enum { GPUS_MAX = 64, GPU_NAME_MAX = 64 };

/** As CUDA_VISIBLE_DEVICES takes it: the UUID, or the index where no UUID is known. */
struct gpu {
    char name[GPU_NAME_MAX];
};

/**
 * What CUDA_VISIBLE_DEVICES leaves of an inventory.
 * @param visible  NULL: all
 * @param out      room for GPUS_MAX
 * @return their number
 */
size_t gpus_visible(const char *inventory, const char *visible, struct gpu *out);

/**
 * The GPUs that we may use. Asked once; later calls give the same.
 * @param gpus_out  theirs, for as long as the program runs
 * @return HONE_OK, also with none; HONE_EIO: the inventory cannot be read
 */
HONE_NODISCARD hone_status gpus_list(const struct gpu **gpus_out, size_t *n_out, hone_error *err);

#endif
