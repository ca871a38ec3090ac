/* slurm_int.h: between slurm.c, which knows jobs, and slurm_job.c, which writes and submits one. */
#ifndef HONE_EXEC_SLURM_INT_H
#define HONE_EXEC_SLURM_INT_H

#include "exec/slurm.h"

/** The longest that one call of Slurm's programs may take; they give up themselves before. */
#define SLURM_CALL_S 30.0

/**
 * Write the attempt's job.sh and environment, and submit it as a job of this name.
 *
 * @param id_out  the job's number
 * @return HONE_OK; HONE_ESTATE: the controller does not answer, the job may be there or not;
 *         HONE_EINVAL: Slurm refuses it, and says why; HONE_EIO: the folder cannot be written
 */
HONE_NODISCARD hone_status slurm_submit(const struct slurm_options *options,
                                        const struct attempt_job *job, const char *name,
                                        int64_t *id_out, hone_error *err);

#endif
