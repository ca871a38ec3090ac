/*
 * store.c: addresses, the words of the store, and the way from store.h to a kind of store.
 */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "store/store_int.h"

/* ---- Words ---- */

static const char *const event_kinds[] = {
#define EVENT_KIND_TEXT(name, text) [EVENT_##name] = (text),
    EVENT_KIND_MAP(EVENT_KIND_TEXT)
#undef EVENT_KIND_TEXT
};

static const char *const study_states[] = {[STUDY_RUNNING] = "running",
                                           [STUDY_FINISHED] = "finished",
                                           [STUDY_STOPPED] = "stopped",
                                           [STUDY_FAILED] = "failed"};

static const char *const trial_states[] = {[HONE_TRIAL_RUNNING] = "running",
                                           [HONE_TRIAL_COMPLETED] = "completed",
                                           [HONE_TRIAL_STOPPED] = "stopped",
                                           [HONE_TRIAL_FAILED] = "failed",
                                           [HONE_TRIAL_CANCELLED] = "cancelled"};

static const char *const attempt_states[] = {
    [ATTEMPT_WAITING] = "waiting",     [ATTEMPT_RUNNING] = "running",
    [ATTEMPT_SUCCEEDED] = "succeeded", [ATTEMPT_FAILED] = "failed",
    [ATTEMPT_PREEMPTED] = "preempted", [ATTEMPT_LOST] = "lost",
    [ATTEMPT_TIMEOUT] = "timeout",     [ATTEMPT_CANCELLED] = "cancelled"};

#define N(array) (sizeof(array) / sizeof(array)[0])

static int word_find(const char *const *words, size_t n, const char *text)
{
    for (size_t i = 0; text != NULL && i < n; i++)
        if (strcmp(words[i], text) == 0)
            return (int)i;
    return -1;
}

const char *event_kind_text(enum event_kind kind)
{
    return event_kinds[kind];
}

const char *study_state_text(enum study_state state)
{
    return study_states[state];
}

const char *trial_state_text(hone_trial_state state)
{
    return trial_states[state];
}

const char *attempt_state_text(enum attempt_state state)
{
    return attempt_states[state];
}

bool trial_is_own(const char *origin)
{
    return strcmp(origin, "imported") != 0 && strcmp(origin, "warm") != 0;
}

void repeat_why(char out[80], int64_t repeat, int64_t of, int64_t trial)
{
    snprintf(out, 80, "repeat %lld of %lld of trial %lld", (long long)repeat, (long long)of,
             (long long)trial);
}

int64_t repeat_of_why(const char *why)
{
    static const char begin[] = "repeat ", before[] = " of trial ";
    int64_t trial;
    const char *at =
        why != NULL && strncmp(why, begin, strlen(begin)) == 0 ? strstr(why, before) : NULL;
    if (at == NULL)
        return -1;
    at += strlen(before);
    return str_int64(at, strlen(at), &trial) ? trial : -1;
}

int64_t trial_repeat_of(const struct trial_row *row)
{
    return strcmp(row->origin, "confirm") == 0 ? repeat_of_why(row->why) : -1;
}

static const char cut_words[] = "the study ended: ";

void cut_reason(char out[600], const char *ending)
{
    snprintf(out, 600, "%s%s", cut_words, ending);
}

bool trial_is_cut(const struct trial_row *row)
{
    return row->state == HONE_TRIAL_STOPPED && row->reason != NULL &&
           strncmp(row->reason, cut_words, strlen(cut_words)) == 0;
}

int event_kind_of(const char *text)
{
    return word_find(event_kinds, N(event_kinds), text);
}

int study_state_of(const char *text)
{
    return word_find(study_states, N(study_states), text);
}

int trial_state_of(const char *text)
{
    return word_find(trial_states, N(trial_states), text);
}

int attempt_state_of(const char *text)
{
    return word_find(attempt_states, N(attempt_states), text);
}

/* ---- Rows ---- */

void study_row_release(struct study_row *row)
{
    mem_free(row->uid);
    mem_free(row->name);
    mem_free(row->spec);
    mem_free(row->reason);
    mem_free(row->stats);
    *row = (struct study_row){0};
}

void request_row_release(struct request_row *row)
{
    mem_free(row->kind);
    mem_free(row->body);
    mem_free(row->answer);
    *row = (struct request_row){0};
}

/* ---- Addresses ---- */

/* FNV-1a, 64 bits: a name for a path; nothing depends on its being hard to invert. */
static uint64_t path_hash(const char *path)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (; *path != '\0'; path++)
        hash = (hash ^ (unsigned char)*path) * 0x100000001b3;
    return hash;
}

/* Whether a folder in a place where everybody may write is, or will be, ours alone. */
static bool is_private(const char *folder)
{
    struct stat st;
    if (lstat(folder, &st) != 0)
        return errno == ENOENT;
    return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 022) == 0;
}

char *store_local_folder(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    struct buf b;
    buf_init(&b, 8192);
    if (state != NULL && state[0] == '/')
        buf_printf(&b, "%s/hone", state);
    else if (home != NULL && home[0] == '/')
        buf_printf(&b, "%s/.local/state/hone", home);
    if (b.len == 0 || file_network(b.data) != NULL) {
        /* A home that is on the network too: what survives a reboot and is on a disk here. */
        char fallback[64];
        snprintf(fallback, sizeof fallback, "/var/tmp/hone-%llu", (unsigned long long)geteuid());
        if (b.len == 0 || (file_network(fallback) == NULL && is_private(fallback))) {
            buf_clear(&b);
            buf_text(&b, fallback);
        }
    }
    char *folder = buf_take(&b);
    buf_release(&b);
    return folder;
}

bool store_is_local(const char *path)
{
    char *local = store_local_folder();
    size_t n = local == NULL ? 0 : strlen(local);
    bool in_it = n > 0 && strncmp(path, local, n) == 0 && path[n] == '/';
    mem_free(local);
    return in_it;
}

char *store_local_path(const char *path)
{
    char name[32];
    char *absolute = path_absolute(path), *folder = store_local_folder(), *local = NULL;
    if (absolute != NULL && folder != NULL) {
        snprintf(name, sizeof name, "%016llx.db", (unsigned long long)path_hash(absolute));
        local = path_join(folder, name);
    }
    mem_free(folder);
    mem_free(absolute);
    return local;
}

struct store *store_open(const char *url, bool create, hone_error *err)
{
    static const char scheme[] = "sqlite:";
    const char *path = url;
    if (strncmp(url, "postgresql:", 11) == 0 || strncmp(url, "postgres:", 9) == 0)
        return postgres_open(url, create, err);
    if (strncmp(url, scheme, sizeof scheme - 1) == 0)
        path = url + sizeof scheme - 1;
    if (*path == '\0') {
        error_set(err, HONE_EINVAL, "store \"%s\": a path is missing, as in sqlite:PATH", url);
        return NULL;
    }
    return sqlite_open(url, path, create, err);
}

const char *store_url(const struct store *store)
{
    return store->url;
}

/* ---- To the kind of store ---- */

void store_close(struct store *store)
{
    if (store != NULL)
        store->ops->close(store);
}

void store_set_patience(struct store *store, int64_t ms)
{
    store->ops->set_patience(store, ms);
}

bool store_is_server(const struct store *store)
{
    return store->is_server;
}

bool store_is_away(const struct store *store)
{
    return store->ops->is_away != NULL && store->ops->is_away(store);
}

hone_status store_settle(struct store *store, bool *kept_out, hone_error *err)
{
    *kept_out = false;
    return store->ops->settle == NULL ? HONE_OK : store->ops->settle(store, kept_out, err);
}

hone_status store_study_create(struct store *store, struct study_row *row, hone_error *err)
{
    assert(row->uid != NULL && row->name != NULL && row->spec != NULL);
    return store->ops->study_create(store, row, err);
}

hone_status store_study_find(struct store *store, const char *name, struct study_row *out,
                             hone_error *err)
{
    return store->ops->study_find(store, name, out, err);
}

hone_status store_studies(struct store *store, study_visitor *visit, void *context, hone_error *err)
{
    return store->ops->studies(store, visit, context, err);
}

hone_status store_study_delete(struct store *store, int64_t study, hone_error *err)
{
    return store->ops->study_delete(store, study, err);
}

hone_status store_lease_take(struct store *store, int64_t study, uint64_t seen_epoch,
                             const struct owner *owner, int64_t now, int64_t lease_ms,
                             uint64_t *epoch_out, hone_error *err)
{
    assert(owner->pid > 0);
    return store->ops->lease_take(store, study, seen_epoch, owner, now, lease_ms, epoch_out, err);
}

hone_status store_begin(struct store *store, int64_t study, uint64_t epoch, hone_error *err)
{
    return store->ops->begin(store, study, epoch, err);
}

hone_status store_begin_copy(struct store *store, struct study_row *row, hone_error *err)
{
    return store->ops->begin_copy(store, row, err);
}

hone_status store_put_event(struct store *store, const struct event *event, hone_error *err)
{
    return store->ops->put_event(store, event, err);
}

hone_status store_put_trial(struct store *store, const struct trial_row *row, hone_error *err)
{
    return store->ops->put_trial(store, row, err);
}

hone_status store_put_attempt(struct store *store, const struct attempt_row *row, hone_error *err)
{
    return store->ops->put_attempt(store, row, err);
}

hone_status store_put_metric(struct store *store, const char *name, hone_error *err)
{
    return store->ops->put_metric(store, name, err);
}

hone_status store_put_observations(struct store *store, const struct observation *rows, size_t n,
                                   hone_error *err)
{
    return store->ops->put_observations(store, rows, n, err);
}

hone_status store_put_study(struct store *store, const struct study_row *row, hone_error *err)
{
    return store->ops->put_study(store, row, err);
}

hone_status store_answer_request(struct store *store, int64_t id, const char *answer,
                                 hone_error *err)
{
    return store->ops->answer_request(store, id, answer, err);
}

hone_status store_commit(struct store *store, hone_error *err)
{
    return store->ops->commit(store, err);
}

void store_rollback(struct store *store)
{
    store->ops->rollback(store);
}

hone_status store_events(struct store *store, int64_t study, int64_t after_seq,
                         event_visitor *visit, void *context, hone_error *err)
{
    return store->ops->events(store, study, after_seq, visit, context, err);
}

hone_status store_trials(struct store *store, int64_t study, int64_t number, trial_visitor *visit,
                         void *context, hone_error *err)
{
    return store->ops->trials(store, study, number, visit, context, err);
}

hone_status store_attempts(struct store *store, int64_t study, int64_t trial,
                           attempt_visitor *visit, void *context, hone_error *err)
{
    return store->ops->attempts(store, study, trial, visit, context, err);
}

hone_status store_metrics(struct store *store, int64_t study, name_visitor *visit, void *context,
                          hone_error *err)
{
    return store->ops->metrics(store, study, visit, context, err);
}

hone_status store_observations(struct store *store, int64_t study, int64_t trial,
                               const char *metric, observation_visitor *visit, void *context,
                               hone_error *err)
{
    return store->ops->observations(store, study, trial, metric, visit, context, err);
}

hone_status store_counts(struct store *store, int64_t study, struct study_counts *out,
                         hone_error *err)
{
    return store->ops->counts(store, study, out, err);
}

hone_status store_version(struct store *store, int64_t *out, hone_error *err)
{
    return store->ops->version(store, out, err);
}

hone_status store_request(struct store *store, int64_t study, const char *kind, const char *body,
                          int64_t now, int64_t *id_out, hone_error *err)
{
    return store->ops->request(store, study, kind, body, now, id_out, err);
}

hone_status store_next_request(struct store *store, int64_t study, struct request_row *out,
                               hone_error *err)
{
    return store->ops->next_request(store, study, out, err);
}

hone_status store_request_find(struct store *store, int64_t id, struct request_row *out,
                               hone_error *err)
{
    return store->ops->request_find(store, id, out, err);
}

bool store_heard(struct store *store, int64_t study)
{
    return store->ops->heard != NULL && store->ops->heard(store, study);
}

int store_ear(const struct store *store)
{
    return store->ops->ear == NULL ? -1 : store->ops->ear(store);
}
