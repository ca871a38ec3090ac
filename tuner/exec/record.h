/*
 * record.h: what a shim and a tuner tell each other in an attempt's folder: three small files of
 * KEY=VALUE lines, all of one form, each with what is known when it is written.
 *
 *   claim  who runs the attempt. Made once, whole, where none is: its maker owns the attempt.
 *          In a cluster's job the shim touches it every RECORD_BEAT_S: a sign of life.
 *   pid    the same with the trial's process and its start.
 *   exit   the same with how it ended: final.
 *
 * A record's last line is "whole"; without it (a power cut between a rename and its data) it counts
 * as not there. hone-shim is built from this too: nothing here needs more than the C library.
 */
#ifndef HONE_EXEC_RECORD_H
#define HONE_EXEC_RECORD_H

#include <stdbool.h>

#include "exec/executor.h"

enum { RECORD_BEAT_S = 10 };

/** For people and records: "time", "silence", "asked", ... */
const char *end_cause_text(enum end_cause cause);

/**
 * Fill in who we are: pid, start time, boot id and host. `boot_id` and `node` are what the tuner
 * calls them.
 */
void record_identify(struct attempt_status *status, const char *boot_id, const char *node);

/**
 * Create FOLDER/claim with its content in one step.
 * @return false: errno is EEXIST when somebody else owns the attempt
 */
bool record_claim(int folder, const char *id, const struct attempt_status *status);

/**
 * Write FOLDER/NAME so that a reader finds no record or a whole one; when `durable`, it has also
 * reached the disk. False with errno.
 */
bool record_write(int folder, const char *name, const char *id, const struct attempt_status *status,
                  bool durable);

/** Read FOLDER/NAME over *out, whose phase stays. False when there is no whole record. */
bool record_read(int folder, const char *name, struct attempt_status *out);

/**
 * Read FOLDER/exit, and see that the log that it speaks of is there: a power cut can take part of
 * it, and a network file system may show the record first. False without either.
 */
bool record_read_end(int folder, struct attempt_status *out);

#endif
