/*
 * slurm.h: attempts as jobs of a Slurm cluster. Each is one sbatch, whose script runs hone-shim on
 * a compute node; claim, log and exit record are in the attempt's folder as everywhere, which has
 * to be on a file system that the nodes share. Nothing of hone listens anywhere.
 */
#ifndef HONE_EXEC_SLURM_H
#define HONE_EXEC_SLURM_H

#include "exec/executor.h"

/** What a study asks of the cluster; what is NULL is left to it. */
struct slurm_options {
    const char *partition, *account, *gres, *time;
    const char *spot_partition; /* for attempts at the spot price */
    char *const *extra;         /* further options of sbatch */
    size_t n_extra;
};

/** Borrows what the options point to. NULL: no memory. */
struct executor *slurm_executor_new(const struct slurm_options *options, hone_error *err);
void slurm_executor_free(struct executor *executor);

#endif
