/*
 * copy.c: hone copy STUDY --to URL [--move].
 *
 * The rows go over as they are, in one transaction: events with their epochs, metrics in their
 * order, observations bit for bit. The folders of the trials stay where they are, and the copy
 * knows them. Requests stay behind: they are questions to a tuner, not the study's history.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "io/json.h"
#include "io/time.h"
#include "loop/lease.h"

static hone_status put_trial(void *to, const struct trial_row *row, hone_error *err)
{
    return store_put_trial(to, row, err);
}

static hone_status put_attempt(void *to, const struct attempt_row *row, hone_error *err)
{
    return store_put_attempt(to, row, err);
}

static hone_status put_metric(void *to, const char *name, hone_error *err)
{
    return store_put_metric(to, name, err);
}

static hone_status put_observation(void *to, const struct observation *row, hone_error *err)
{
    return store_put_observations(to, row, 1, err);
}

static hone_status put_event(void *to, const struct event *event, hone_error *err)
{
    return store_put_event(to, event, err);
}

/* The figures of the row, with the folders as the other store names them; mem_free. */
static char *stats_there(const struct store *from, const struct study_row *row,
                         const struct store *to)
{
    json_t *stats = row->stats ? json_read(row->stats, strlen(row->stats), NULL) : json_object();
    char *anchor = study_anchor(from, row), *trials = study_folder(from, row), *usual = NULL;
    char *folder = anchor ? anchor_text(to, anchor) : NULL, *text = NULL;
    struct study_row there = {.name = row->name};
    if (!stats || !trials || !folder)
        goto out;
    json_object_set_new(stats, "folder", json_string(folder));
    json_object_del(stats, "trials");
    there.stats = json_write(stats);
    usual = there.stats ? study_folder(to, &there) : NULL;
    if (usual && strcmp(usual, trials) != 0)
        json_object_set_new(stats, "trials", json_string(trials));
    if (usual)
        text = json_write(stats);
out:
    mem_free(there.stats);
    mem_free(usual);
    mem_free(folder);
    mem_free(trials);
    mem_free(anchor);
    json_decref(stats);
    return text;
}

/* Somebody may have asked for something that no tuner was there to do. */
static void note_requests(struct store *from, const struct study_row *row)
{
    struct request_row request = {0};
    if (store_next_request(from, row->id, &request, NULL) != HONE_OK)
        return;
    fprintf(stderr,
            "hone: warning: what was asked of %s and not yet done (%s) is not copied; ask again\n",
            row->name, request.kind);
    request_row_release(&request);
}

/* A tuner that took it up while we read would make the copy a mixture. */
static hone_status check_untouched(struct store *from, const struct study_row *row, hone_error *err)
{
    struct study_row now = {0};
    hone_status status = store_study_find(from, row->name, &now, err);
    if (status)
        return status;
    if (now.id != row->id || now.epoch != row->epoch)
        status = error_set(err, HONE_ESTATE,
                           "study \"%s\" was taken up meanwhile: nothing is copied", row->name);
    study_row_release(&now);
    return status;
}

static hone_status copy_rows(struct store *from, const struct study_row *row, struct store *to,
                             hone_error *err)
{
    hone_status status = store_trials(from, row->id, -1, put_trial, to, err);
    if (!status)
        status = store_attempts(from, row->id, -1, put_attempt, to, err);
    if (!status)
        status = store_metrics(from, row->id, put_metric, to, err);
    if (!status)
        status = store_observations(from, row->id, -1, NULL, put_observation, to, err);
    if (!status)
        status = store_events(from, row->id, 0, put_event, to, err);
    if (!status)
        status = check_untouched(from, row, err);
    return status;
}

static hone_status copy_study(struct store *from, const struct study_row *row, struct store *to,
                              hone_error *err)
{
    struct study_row copy = *row;
    copy.owner = (struct owner){0};
    copy.lease_until = 0;
    copy.stats = stats_there(from, row, to);
    if (!copy.stats)
        return error_memory(err);
    hone_status status = store_begin_copy(to, &copy, err);
    if (!status) {
        status = copy_rows(from, row, to, err);
        if (status)
            store_rollback(to);
        else
            status = store_commit(to, err);
    }
    mem_free(copy.stats);
    return status;
}

static int copy(struct store *from, const struct study_row *row, const char *url, bool move,
                const struct globals *globals)
{
    hone_error err = {0};
    if (lease_is_held(row, time_now_ms()))
        return fail(EXIT_SYSTEM,
                    "study \"%s\" is driven by a tuner (host %s, pid %lld); stop it first: hone "
                    "stop %s",
                    row->name, row->owner.host, (long long)row->owner.pid, row->name);
    struct store *to = store_open(url, true, &err);
    hone_status status = to ? copy_study(from, row, to, &err) : err.status;
    if (!status)
        note_requests(from, row);
    if (!status && move)
        status = store_study_delete(from, row->id, &err);
    if (!status && !globals->quiet) {
        printf("study %s is %s %s\n", row->name, move ? "moved to" : "copied to", store_url(to));
    }
    store_close(to);
    return status ? fail(status == HONE_EINVAL ? EXIT_USAGE : EXIT_SYSTEM, "%s", err.text)
                  : EXIT_DONE;
}

int cmd_copy(int argc, char **argv, const struct globals *globals)
{
    const char *name = NULL, *url = NULL;
    bool move = false;
    struct study_row row = {0};
    const struct flag flags[] = {{"--to", NULL, &url}, {"--move", &move, NULL}};
    int status = args_read(argc, argv, flags, 2, &name, 1, 1, NULL);
    if (status != EXIT_DONE)
        return status;
    if (!url)
        return usage_error("copy", "needs --to URL: the store that it goes to");
    struct store *from = open_study(globals, name, &row, &status);
    if (!from)
        return status;
    status = copy(from, &row, url, move, globals);
    study_row_release(&row);
    store_close(from);
    return status;
}
