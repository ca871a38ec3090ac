/*
 * lease.c: who may drive a study.
 *
 * A study's row names its driver (host, pid, start time, boot) and until when its lease lasts.
 *
 *     driver                                lease      verdict
 *     nobody                                -          free
 *     this process                          -          free (taking it up again)
 *     of this host, dead or of another boot any        free at once: nothing to wait for
 *     of this host, alive                   lasts      held
 *     of this host, alive                   run out    free: it is stopped or hung
 *     of another host                       lasts      held: nothing more can be known from here
 *     of another host                       run out    free
 *
 * Taking raises the epoch, so that a driver which slept through its lease is refused by
 * store_begin() whatever it tries to write (decision 2).
 */
#include "loop/lease.h"

#include "base/error.h"
#include "io/process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void owner_self(struct owner *out)
{
    *out = (struct owner){.pid = getpid(), .pid_start = process_start(getpid())};
    snprintf(out->host, sizeof out->host, "%s", process_host());
    snprintf(out->boot_id, sizeof out->boot_id, "%s", process_boot_id());
}

static bool owner_is(const struct owner *a, const struct owner *b)
{
    return a->pid == b->pid && a->pid_start == b->pid_start && strcmp(a->host, b->host) == 0 &&
           strcmp(a->boot_id, b->boot_id) == 0;
}

bool lease_is_held(const struct study_row *study, int64_t now)
{
    const struct owner *owner = &study->owner;
    if (owner->pid == 0 || study->lease_until <= now)
        return false;
    if (strcmp(owner->host, process_host()) == 0)
        return process_lives(owner->pid, owner->pid_start, owner->boot_id);
    return true;
}

hone_status lease_take(struct store *store, const struct study_row *study, int64_t now,
                       int64_t lease_ms, uint64_t *epoch_out, hone_error *err)
{
    struct owner self;
    owner_self(&self);
    if (!owner_is(&study->owner, &self) && lease_is_held(study, now))
        return error_set(err, HONE_ESTATE,
                         "study \"%s\" is driven by another tuner: host %s, pid %lld (watch it: "
                         "hone attach %s)",
                         study->name, study->owner.host, (long long)study->owner.pid, study->name);
    hone_status status =
        store_lease_take(store, study->id, study->epoch, &self, now, lease_ms, epoch_out, err);
    if (status == HONE_ESTATE)
        return error_set(err, HONE_ESTATE, "study \"%s\" was just taken up by another tuner",
                         study->name);
    return status;
}

hone_status lease_take_once(struct store *store, struct study_row *study, int64_t now,
                            int64_t lease_ms, hone_error *err)
{
    hone_status status = lease_take(store, study, now, lease_ms, &study->epoch, err);
    if (status != HONE_OK)
        return status;
    study->owner = (struct owner){0};
    study->lease_until = 0;
    return HONE_OK;
}

hone_status lease_end_once(struct store *store, const struct study_row *study, hone_status status,
                           hone_error *err)
{
    if (status == HONE_OK)
        status = store_put_study(store, study, err);
    if (status == HONE_OK)
        return store_commit(store, err);
    store_rollback(store);
    return status;
}
