/*
 * store.c: how fast is the store? Run it on the disk that matters: bench-store FOLDER (default .),
 * or on a database without a store, postgresql://..., where the store is left to be looked at.
 *
 * commits       small transactions one after another: a trial, its attempt, an event, a few values
 * trials/s      the life of a trial with 10 observations, 3 commits, a memo of 1 kB in its event
 * observations  1,000 of them in one transaction, as after a resume
 * counts, find  what `hone status` reads, and opening the file, at 10,000 trials
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/file.h"
#include "store/store.h"

static hone_error err;

static void ok(hone_status status, const char *what)
{
    if (status == HONE_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, err.text);
    exit(1);
}
#define OK(call) ok((call), #call)

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static char search[] = "search", params[] = "{\"lr\":0.00023,\"batch_size\":4,\"filters\":16}",
            values[] = "[0.8123]", host[] = "vm", why[] = "expected improvement",
            cursor[] = "{\"offset\":12345,\"line\":99}";
static char memo[1100];

static void put_trial(struct store *store, int64_t number, bool ended)
{
    struct trial_row row = {.number = number,
                            .origin = search,
                            .params = params,
                            .why = why,
                            .started_at = 1795514400000,
                            .state = ended ? HONE_TRIAL_COMPLETED : HONE_TRIAL_RUNNING,
                            .values = ended ? values : NULL,
                            .ended_at = ended ? 1795514409000 : 0};
    OK(store_put_trial(store, &row, &err));
}

static void put_attempt(struct store *store, int64_t trial, bool ended)
{
    struct attempt_row row = {.trial = trial,
                              .number = 1,
                              .node = host,
                              .pid = 4711,
                              .cursor = cursor,
                              .started_at = 1795514400000,
                              .exit_code = ended ? 0 : -1,
                              .state = ended ? ATTEMPT_SUCCEEDED : ATTEMPT_RUNNING,
                              .ended_at = ended ? 1795514409000 : 0};
    OK(store_put_attempt(store, &row, &err));
}

static void put_observations(struct store *store, int64_t trial, int64_t first, size_t n)
{
    struct observation rows[1000];
    for (size_t i = 0; i < n; i++)
        rows[i] = (struct observation){.trial = trial,
                                       .attempt = 1,
                                       .metric = "val:dice",
                                       .seq = first + (int64_t)i,
                                       .step = (double)i,
                                       .at = 1795514401000,
                                       .value = 0.1234567 + 0.001 * (double)i};
    OK(store_put_observations(store, rows, n, &err));
}

static void put_event(struct store *store, enum event_kind kind, int64_t trial, char *body)
{
    struct event event = {.at = 1795514400000, .kind = kind, .trial = trial, .body = body};
    OK(store_put_event(store, &event, &err));
}

/* The three commits of a trial's life: asked, half way, told. */
static void live(struct store *store, int64_t study, int64_t trial)
{
    OK(store_begin(store, study, 1, &err));
    put_event(store, EVENT_ASK, trial, memo);
    put_trial(store, trial, false);
    put_attempt(store, trial, false);
    OK(store_commit(store, &err));
    OK(store_begin(store, study, 1, &err));
    put_attempt(store, trial, false);
    put_observations(store, trial, 0, 5);
    OK(store_commit(store, &err));
    OK(store_begin(store, study, 1, &err));
    put_observations(store, trial, 5, 5);
    put_attempt(store, trial, true);
    put_trial(store, trial, true);
    put_event(store, EVENT_TELL, trial, values);
    OK(store_commit(store, &err));
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *times, size_t n)
{
    qsort(times, n, sizeof *times, by_size);
    return times[n / 2];
}

static void time_status(const char *url, int64_t study)
{
    double open_s[15], find_s[15], counts_s[15];
    for (size_t i = 0; i < 15; i++) {
        struct study_counts counts;
        struct study_row row;
        double t0 = now_s();
        struct store *store = store_open(url, false, &err);
        double t1 = now_s();
        OK(store_study_find(store, "bench", &row, &err));
        double t2 = now_s();
        OK(store_counts(store, study, &counts, &err));
        double t3 = now_s();
        store_close(store);
        study_row_release(&row);
        open_s[i] = t1 - t0;
        find_s[i] = t2 - t1;
        counts_s[i] = t3 - t2;
    }
    printf("at 10,000 trials: open %.2f ms, find %.2f ms, counts %.2f ms\n",
           1e3 * median(open_s, 15), 1e3 * median(find_s, 15), 1e3 * median(counts_s, 15));
}

int main(int argc, char **argv)
{
    enum { COMMITS = 4000, TRIALS = 10000 };
    static char name[] = "bench", uid[] = "bench-uid", spec[] = "{}";
    struct study_row study = {.name = name, .uid = uid, .spec = spec};
    struct owner me = {.host = "vm", .pid = 1, .boot_id = "b"};
    char folder[] = "bench-store.XXXXXX", url[300];
    struct stat st;
    uint64_t epoch;

    bool server = argc > 1 && strncmp(argv[1], "postgres", 8) == 0;
    if (argc > 1 && !server && chdir(argv[1]) != 0)
        return 1;
    memset(memo, 'm', sizeof memo - 1);
    if (!server && mkdtemp(folder) == NULL)
        return 1;
    snprintf(url, sizeof url, server ? "%s" : "%s/hone.db", server ? argv[1] : folder);
    struct store *store = store_open(url, true, &err);
    if (store == NULL) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    OK(store_study_create(store, &study, &err));
    OK(store_lease_take(store, study.id, 0, &me, 0, 1, &epoch, &err));

    double t = now_s();
    for (int64_t i = 0; i < TRIALS; i++)
        live(store, study.id, i);
    t = now_s() - t;
    printf("trials: %.0f/s (%.0f commits/s)\n", TRIALS / t, 3 * TRIALS / t);

    t = now_s();
    for (int64_t i = 0; i < COMMITS; i++) {
        OK(store_begin(store, study.id, epoch, &err));
        put_attempt(store, i, true);
        put_observations(store, i, 100, 3);
        OK(store_commit(store, &err));
    }
    t = now_s() - t;
    printf("commits of an attempt and 3 observations: %.0f/s\n", COMMITS / t);

    t = now_s();
    OK(store_begin(store, study.id, epoch, &err));
    put_observations(store, 0, 1000, 1000);
    OK(store_commit(store, &err));
    t = now_s() - t;
    printf("1,000 observations in one transaction: %.2f ms\n", 1e3 * t);

    time_status(url, study.id);
    store_close(store);
    if (stat(url, &st) == 0)
        printf("file: %.1f MB\n", 1e-6 * (double)st.st_size);
    OK(file_remove_tree(folder, &err));
    return 0;
}
