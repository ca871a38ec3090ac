/* command.h: running a short program and reading what it prints. */
#ifndef HONE_IO_COMMAND_H
#define HONE_IO_COMMAND_H

#include "base/buf.h"
#include "hone.h"

/**
 * Run a program of the PATH and wait for it. Its stdin is /dev/null.
 *
 * @param argv      ends in NULL
 * @param limit_s   after so many seconds it is killed
 * @param out       what it prints, added; NULL: dropped
 * @param problem   what it prints to stderr, added; NULL: dropped
 * @param exit_out  its exit status; -1 when a signal or the limit ended it
 * @return HONE_OK; HONE_ENOTFOUND: there is no such program; HONE_EIO
 */
HONE_NODISCARD hone_status command_run(const char *const *argv, double limit_s, struct buf *out,
                                       struct buf *problem, int *exit_out, hone_error *err);

#endif
