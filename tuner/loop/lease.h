/*
 * lease.h: who may drive a study, and where its files are.
 */
#ifndef HONE_LOOP_LEASE_H
#define HONE_LOOP_LEASE_H

#include "store/store.h"

/** Fill in this process: host, pid, its start time, the boot's id. */
void owner_self(struct owner *out);

/**
 * Whether a living tuner holds the study: another process that has not let its lease run out and,
 * if it was started on this machine, still runs. A study whose state is "running" and that nobody
 * holds is `interrupted`.
 */
bool lease_is_held(const struct study_row *study, int64_t now);

/**
 * Take a study up for this process.
 *
 * @param epoch_out  the new epoch, to be named in every transaction
 * @return HONE_OK; HONE_ESTATE: another tuner holds it or was faster; the text names its host and
 *         pid
 */
HONE_NODISCARD hone_status lease_take(struct store *store, const struct study_row *study,
                                      int64_t now, int64_t lease_ms, uint64_t *epoch_out,
                                      hone_error *err);

/**
 * For a command that changes a study once: take it up, such that the transaction that follows lets
 * it go again. study->epoch is the one to name in store_begin().
 */
HONE_NODISCARD hone_status lease_take_once(struct store *store, struct study_row *study,
                                           int64_t now, int64_t lease_ms, hone_error *err);

/** End that transaction: commit with the study's row, or undo it when `status` is a failure. */
HONE_NODISCARD hone_status lease_end_once(struct store *store, const struct study_row *study,
                                          hone_status status, hone_error *err);

/**
 * The folder of a study's trials, absolute: studies/NAME beside the store when that lies in a
 * folder of its own choosing or in .hone; .hone/studies/NAME of the working folder when the store
 * had to go to a local disk (see default_store_url()). A study of a server has it where its study
 * file was, or where it was copied from.
 *
 * Ownership: mem_free(); NULL when memory is out.
 */
char *study_folder(const struct store *store, const struct study_row *study);

/**
 * The folder that a study's relative paths start from: where its study file was. It is kept
 * relative to the folder that holds the store where it can be, so that both may move together.
 *
 * Ownership: mem_free(); NULL when memory is out.
 */
char *study_anchor(const struct store *store, const struct study_row *study);

/** The settings of a study as the store has them; NULL: HONE_EIO. spec_free(). */
struct spec;
struct spec *study_spec(const struct store *store, const struct study_row *study, hone_error *err);

/** What study_anchor() needs to be kept: `folder` relative to the store's; mem_free(). */
char *anchor_text(const struct store *store, const char *folder);

#endif
