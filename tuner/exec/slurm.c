/*
 * slurm.c: attempts as Slurm jobs: what becomes of them.
 *
 * The attempt's folder speaks first: an exit record is final, whatever the controller says. Only
 * for an attempt without one the controller is asked, with one squeue for all of them and not more
 * often than each REFRESH_MS. A controller that doesn't answer means nothing but patience: what is
 * pending stays so, what runs is taken to run on.
 *
 *     folder            the job                      the attempt
 *     exit record       any                          ended as the record says; see below
 *     claim             pending, running, completing runs
 *     claim             over for SETTLE_MS           preempted, cancelled, timeout or lost
 *     claim, touched    failed with its node, or     runs: a controller that lost its state, or a
 *                       forgotten                    node that it cannot reach, ends no shim
 *     nothing           pending, running, completing waits
 *     nothing           over for SETTLE_MS           the same, or could not be started
 *
 * A record says "asked" when SIGTERM came to the shim. Who sent it is in the job's state: Slurm
 * tells of PREEMPTED, CANCELLED and TIMEOUT once it is over.
 *
 * FOLDER/job has the job's number. A tuner that died between sbatch and that file finds the job by
 * its name, hone-UID-TRIAL-ATTEMPT, before it submits another; two that both came through would
 * still be told apart by the claim.
 *
 * Threads: one executor from one thread.
 */
#include "exec/slurm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "exec/record.h"
#include "exec/slurm_int.h"
#include "io/command.h"
#include "io/file.h"
#include "io/process.h"
#include "io/time.h"

enum {
    REFRESH_MS = 2000,
    AWAY_MS = 10000,  /* the pause after a call that was not answered */
    SETTLE_MS = 4000, /* an exit record may need so long through a network file system */
    SILENT_MS = 4 * RECORD_BEAT_S * 1000, /* a claim that no shim has touched for so long */
    LISTING_MAX = 256 << 20,
    NAME_MAX_LEN = 200
};

enum job_state {
    JOB_ALIVE,
    JOB_DONE,
    JOB_PREEMPTED,
    JOB_CANCELLED,
    JOB_TIMEOUT,
    JOB_MEMORY,
    JOB_LOST
};

/* A job of an attempt that has not ended, as far as we know. */
struct job {
    char *folder;
    int64_t id;
    enum job_state state;
    char word[24];             /* Slurm's for it */
    int64_t known_at, over_at; /* since when it is watched; since when it is seen to be over */
    bool seen;                 /* in the last listing */
    struct timespec beat;      /* when its shim says that it lived */
    int64_t beat_at;           /* when we saw that; our clock, as the node's may differ */
};

struct slurm {
    struct executor plug; /* first */
    struct slurm_options options;
    struct job *jobs;
    size_t n_jobs, cap_jobs;
    struct buf listing; /* "ID|NAME|STATE" lines of the last squeue */
    int64_t listed_at, away_until;
    bool listed; /* the listing is whole, and no sbatch has failed since */
};

/* ---- Jobs that we know -------------------------------------------------------------------------
 */

static struct job *job_of(struct slurm *s, const char *folder)
{
    for (size_t i = 0; i < s->n_jobs; i++)
        if (strcmp(s->jobs[i].folder, folder) == 0)
            return &s->jobs[i];
    return NULL;
}

static hone_status job_add(struct slurm *s, const char *folder, int64_t id, struct job **out,
                           hone_error *err)
{
    if (s->n_jobs == s->cap_jobs) {
        size_t cap = s->cap_jobs == 0 ? 64 : 2 * s->cap_jobs;
        struct job *grown = mem_resize(s->jobs, cap, sizeof *grown);
        if (grown == NULL)
            return error_memory(err);
        s->jobs = grown;
        s->cap_jobs = cap;
    }
    char *name = mem_text(folder);
    if (name == NULL)
        return error_memory(err);
    *out = &s->jobs[s->n_jobs++];
    **out = (struct job){.folder = name, .id = id, .state = JOB_ALIVE, .known_at = time_now_ms()};
    return HONE_OK;
}

static void job_forget(struct slurm *s, struct job *job)
{
    mem_free(job->folder);
    *job = s->jobs[--s->n_jobs];
}

/* The number in FOLDER/job, or 0. */
static int64_t read_id(const char *folder)
{
    struct buf text;
    buf_init(&text, 64);
    char *path = path_join(folder, "job");
    int64_t id = 0;
    if (path != NULL && file_read(path, &text, NULL) == HONE_OK)
        id = strtoll(text.data, NULL, 10);
    mem_free(path);
    buf_release(&text);
    return id;
}

static hone_status write_number(const char *folder, const char *name, int64_t id, hone_error *err)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%lld\n", (long long)id);
    char *path = path_join(folder, name);
    hone_status status =
        path != NULL ? file_write(path, text, (size_t)n, false, err) : error_memory(err);
    mem_free(path);
    return status;
}

/* ---- What the controller says ------------------------------------------------------------------
 */

static enum job_state state_of(const char *word, size_t len)
{
    static const struct {
        const char *word;
        enum job_state state;
    } states[] = {{"COMPLETED", JOB_DONE},      {"FAILED", JOB_DONE},
                  {"BOOT_FAIL", JOB_LOST},      {"NODE_FAIL", JOB_LOST},
                  {"REVOKED", JOB_LOST},        {"OUT_OF_MEMORY", JOB_MEMORY},
                  {"PREEMPTED", JOB_PREEMPTED}, {"CANCELLED", JOB_CANCELLED},
                  {"TIMEOUT", JOB_TIMEOUT},     {"DEADLINE", JOB_TIMEOUT}};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strlen(states[i].word) == len && memcmp(states[i].word, word, len) == 0)
            return states[i].state;
    return JOB_ALIVE;
}

static void job_set(struct job *job, const char *word, size_t len, int64_t now)
{
    job->seen = true;
    job->state = state_of(word, len);
    snprintf(job->word, sizeof job->word, "%.*s", (int)len, word);
    if (job->state == JOB_ALIVE)
        job->over_at = 0;
    else if (job->over_at == 0)
        job->over_at = now;
}

/* One line of the listing: its job's number and state; false at the end. */
static bool next_line(const char **at, int64_t *id, const char **name, size_t *name_len,
                      const char **word, size_t *word_len)
{
    while (**at != '\0') {
        const char *line = *at, *end = line + strcspn(line, "\n");
        *at = end + (*end == '\n');
        const char *first = memchr(line, '|', (size_t)(end - line));
        const char *last = memrchr(line, '|', (size_t)(end - line));
        if (first == NULL || last == first)
            continue;
        *id = strtoll(line, NULL, 10);
        *name = first + 1;
        *name_len = (size_t)(last - first - 1);
        *word = last + 1;
        *word_len = (size_t)(end - last - 1);
        return true;
    }
    return false;
}

/* A job that the controller has forgotten: where there is accounting, it still knows the end. */
static void ask_accounting(struct job *job, int64_t now)
{
    char id[32];
    const char *argv[] = {"sacct", "-n", "-X", "-P", "-o", "State", "-j", id, NULL};
    struct buf out;
    int code = -1;
    snprintf(id, sizeof id, "%lld", (long long)job->id);
    buf_init(&out, 4096);
    size_t len = 0;
    if (command_run(argv, SLURM_CALL_S, &out, NULL, &code, NULL) == HONE_OK && code == 0)
        len = strcspn(out.data, " \n"); /* "CANCELLED by 1000" */
    if (len > 0)
        job_set(job, out.data, len, now);
    if (len == 0 || job->state == JOB_ALIVE) {
        job->state = JOB_LOST;
        snprintf(job->word, sizeof job->word, "forgotten");
        job->over_at = job->over_at == 0 ? now : job->over_at;
    }
    buf_release(&out);
}

static void read_listing(struct slurm *s, int64_t began)
{
    const char *at = s->listing.data, *name, *word;
    size_t name_len, word_len;
    int64_t id;
    for (size_t i = 0; i < s->n_jobs; i++)
        s->jobs[i].seen = false;
    while (next_line(&at, &id, &name, &name_len, &word, &word_len))
        for (size_t i = 0; i < s->n_jobs; i++)
            if (s->jobs[i].id == id)
                job_set(&s->jobs[i], word, word_len, began);
    for (size_t i = 0; i < s->n_jobs; i++)
        if (!s->jobs[i].seen && s->jobs[i].known_at < began && s->jobs[i].over_at == 0)
            ask_accounting(&s->jobs[i], began);
}

/* Ask what has become of all jobs, not too often. */
static void refresh(struct slurm *s)
{
    const char *argv[] = {
        "squeue", "--me", "--noheader", "--array", "--states=all", "--format=%i|%j|%T", NULL};
    int code = -1;
    int64_t now = time_now_ms();
    if (now < s->away_until || now - s->listed_at < REFRESH_MS)
        return;
    struct buf out;
    buf_init(&out, LISTING_MAX);
    hone_status status = command_run(argv, SLURM_CALL_S, &out, NULL, &code, NULL);
    buf_char(&out, '\n');
    s->listed = status == HONE_OK && code == 0 && !out.failed;
    s->listed_at = time_now_ms();
    s->away_until = s->listed ? 0 : s->listed_at + AWAY_MS;
    buf_release(&s->listing);
    s->listing = out;
    if (s->listed)
        read_listing(s, now);
}

/* A job of this name in the listing, or 0. */
static int64_t find_name(const struct slurm *s, const char *wanted)
{
    const char *at = s->listing.data, *name, *word;
    size_t name_len, word_len;
    int64_t id;
    while (next_line(&at, &id, &name, &name_len, &word, &word_len))
        if (name_len == strlen(wanted) && memcmp(name, wanted, name_len) == 0)
            return id;
    return 0;
}

/* ---- The plug: starting ------------------------------------------------------------------------
 */

static hone_status start(struct executor *self, const struct attempt_job *job, hone_error *err)
{
    struct slurm *s = (struct slurm *)self;
    char name[NAME_MAX_LEN];
    struct job *known = job_of(s, job->folder);
    int64_t id = known != NULL ? known->id : read_id(job->folder);
    if (known != NULL)
        return HONE_OK;
    if (id > 0)
        return job_add(s, job->folder, id, &known, err);
    if (!s->listed)
        refresh(s);
    if (!s->listed)
        return error_set(err, HONE_ESTATE, "the Slurm controller does not answer");
    snprintf(name, sizeof name, "hone-%s", job->id);
    id = find_name(s, name);
    if (id == 0) {
        hone_status status = slurm_submit(&s->options, job, name, &id, err);
        if (status == HONE_ESTATE) { /* it may have come through: look before the next */
            s->listed = false;
            s->listed_at = 0;
            s->away_until = time_now_ms() + AWAY_MS;
        }
        if (status != HONE_OK)
            return status;
    }
    hone_status status = write_number(job->folder, "job", id, err);
    return status == HONE_OK ? job_add(s, job->folder, id, &known, err) : status;
}

/* ---- The plug: looking -------------------------------------------------------------------------
 */

/* A preempted job whose grace runs out is TIMEOUT in some versions; only the time tells. */
static bool was_preempted(const struct job *job)
{
    char id[32];
    const char *argv[] = {"scontrol", "--oneliner", "show", "job", id, NULL};
    struct buf out;
    int code = -1;
    snprintf(id, sizeof id, "%lld", (long long)job->id);
    buf_init(&out, 1u << 16);
    bool yes = command_run(argv, SLURM_CALL_S, &out, NULL, &code, NULL) == HONE_OK && code == 0 &&
               strstr(out.data, "PreemptTime=2") != NULL;
    buf_release(&out);
    return yes;
}

/* What an end without a record, or one by SIGTERM, was for Slurm. */
static void name_cause(const struct job *job, struct attempt_status *out)
{
    snprintf(out->problem, sizeof out->problem, "Slurm job %lld is %s", (long long)job->id,
             job->word);
    switch (job->state) {
    case JOB_PREEMPTED:
        out->cause = END_PREEMPTED;
        return;
    case JOB_CANCELLED:
        out->cause = END_CANCELLED;
        return;
    case JOB_TIMEOUT:
        out->cause = was_preempted(job) ? END_PREEMPTED : END_TIME;
        return;
    case JOB_MEMORY:
        out->cause = END_MEMORY;
        return;
    case JOB_ALIVE:
    case JOB_DONE:
    case JOB_LOST:
        return;
    }
}

/* The claim was opened just now, which makes a network file system ask for its time anew. */
static void see_beat(struct job *job, int dir, int64_t now)
{
    struct stat st;
    if (fstatat(dir, "claim", &st, 0) != 0 ||
        (st.st_mtim.tv_sec == job->beat.tv_sec && st.st_mtim.tv_nsec == job->beat.tv_nsec))
        return;
    job->beat = st.st_mtim;
    job->beat_at = now;
}

/* A job that the controller has no hold of any more must not start after all: its claim is ours. */
static bool keep_from_starting(int dir)
{
    struct attempt_status ours = {0};
    record_identify(&ours, process_boot_id(), "");
    return record_claim(dir, "", &ours);
}

/* The job is over and left no exit record. */
static void end_without_record(const struct job *job, int dir, bool claimed,
                               struct attempt_status *out)
{
    if (job->state == JOB_LOST && !claimed && !keep_from_starting(dir))
        return; /* it has come up in between, or the folder is full or away */
    name_cause(job, out);
    out->exit_code = -1;
    out->ended_at = job->over_at;
    out->phase = out->cause != END_BY_ITSELF ? PHASE_ENDED : PHASE_LOST;
    if (claimed || job->state != JOB_DONE || out->cause != END_BY_ITSELF)
        return;
    out->phase = PHASE_ENDED;
    out->cause = END_NOT_STARTED;
    snprintf(out->problem, sizeof out->problem,
             "Slurm job %lld is %s before hone-shim came up; slurm.out in the attempt's folder may "
             "say why",
             (long long)job->id, job->word);
}

/* What the folder says, and then the controller. */
static void look(struct slurm *s, struct job *job, int dir, struct attempt_status *out)
{
    int64_t now = time_now_ms();
    bool claimed = record_read(dir, "claim", out);
    if (claimed)
        (void)record_read(dir, "pid", out);
    if (claimed && job != NULL)
        see_beat(job, dir, now);
    bool ended = record_read_end(dir, out);
    out->phase = ended ? PHASE_ENDED : claimed ? PHASE_RUNNING : PHASE_ABSENT;
    if (job == NULL || (ended && out->cause != END_ASKED))
        return;
    refresh(s);
    bool settled = job->over_at > 0 && now - job->over_at >= SETTLE_MS;
    bool beats = claimed && job->state == JOB_LOST && now - job->beat_at < SILENT_MS;
    if (ended && job->state == JOB_ALIVE && s->listed)
        out->phase = PHASE_RUNNING; /* who asked is known when the job is over */
    else if (ended && strcmp(job->word, "NODE_FAIL") == 0) {
        name_cause(job, out);
        out->phase = PHASE_LOST; /* the node's last word was a SIGTERM */
    } else if (ended && job->state != JOB_DONE)
        name_cause(job, out);
    else if (!ended && settled && !beats)
        end_without_record(job, dir, claimed, out);
}

static hone_status poll_attempt(struct executor *self, const char *folder,
                                struct attempt_status *out, hone_error *err)
{
    struct slurm *s = (struct slurm *)self;
    *out = (struct attempt_status){.phase = PHASE_ABSENT, .exit_code = -1};
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return error_errno(err, errno == ENOENT ? HONE_ENOTFOUND : HONE_EIO, "open %s", folder);
    struct job *job = job_of(s, folder);
    int64_t id = job == NULL ? read_id(folder) : 0;
    hone_status status = id > 0 ? job_add(s, folder, id, &job, err) : HONE_OK;
    if (status == HONE_OK)
        look(s, job, dir, out);
    close(dir);
    if (job != NULL && (out->phase == PHASE_ENDED || out->phase == PHASE_LOST))
        job_forget(s, job);
    return status;
}

/* ---- The plug: ending --------------------------------------------------------------------------
 */

/* SIGTERM to the batch script, which is hone-shim; without a claim the job need not start. */
static hone_status stop(struct executor *self, const char *folder, hone_error *err)
{
    struct slurm *s = (struct slurm *)self;
    struct attempt_status seen = {0};
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return error_errno(err, errno == ENOENT ? HONE_ENOTFOUND : HONE_EIO, "open %s", folder);
    bool ended = record_read(dir, "exit", &seen), claimed = record_read(dir, "claim", &seen);
    close(dir);
    if (ended)
        return HONE_OK;
    /* Where there is no claim, this makes one, and no shim can start the trial any more. */
    hone_status status = claimed ? HONE_OK : local_stop(folder, err);
    char id[32];
    const char *argv[] = {"scancel", id, "--batch", "--signal=TERM", NULL};
    int64_t number = read_id(folder);
    int code = -1;
    if (status != HONE_OK || number == 0)
        return status;
    snprintf(id, sizeof id, "%lld", (long long)number);
    if (!claimed)
        argv[2] = NULL;
    /* The controller is away, has forgotten the job, or it is over. The shim looks for this file;
     * and many stops must not wait each for a controller that does not answer. */
    if (time_now_ms() >= s->away_until)
        status = command_run(argv, SLURM_CALL_S, NULL, NULL, &code, err);
    if (status != HONE_OK || code == 0)
        return status;
    if (time_now_ms() >= s->away_until)
        s->away_until = time_now_ms() + AWAY_MS;
    return claimed ? write_number(folder, "stop", number, err) : HONE_OK;
}

/* What was lost is on a node that Slurm has cleaned up, or that is gone. */
static hone_status sweep(struct executor *self, const char *folder, const char *id,
                         int64_t *ended_out, hone_error *err)
{
    (void)self;
    (void)folder;
    (void)id;
    (void)err;
    *ended_out = 0;
    return HONE_OK;
}

static int watch(struct executor *self, const char *folder)
{
    (void)self;
    (void)folder;
    return -1;
}

struct executor *slurm_executor_new(const struct slurm_options *options, hone_error *err)
{
    struct slurm *s = mem_array(1, sizeof *s);
    if (s == NULL) {
        error_memory(err);
        return NULL;
    }
    s->plug = (struct executor){
        .start = start, .poll = poll_attempt, .stop = stop, .sweep = sweep, .watch = watch};
    s->options = *options;
    buf_init(&s->listing, LISTING_MAX);
    return &s->plug;
}

void slurm_executor_free(struct executor *executor)
{
    struct slurm *s = (struct slurm *)executor;
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n_jobs; i++)
        mem_free(s->jobs[i].folder);
    mem_free(s->jobs);
    buf_release(&s->listing);
    mem_free(s);
}
