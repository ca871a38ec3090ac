/*
 * study_run.c: taking a study up, seeing it through, and saying how it went.
 */
#include "cli/study_run.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/process.h"
#include "io/time.h"
#include "loop/lease.h"
#include "loop/loop.h"
#include "report/closing.h"
#include "report/live.h"
#include "report/parents.h"
#include "report/text.h"

static int status_of_error(const hone_error *err)
{
    return err->status == HONE_EINVAL ? EXIT_USAGE : EXIT_SYSTEM;
}

/* ---- Creating ---- */

/* 128 random bits in hexadecimal: which study it is, wherever it goes. */
static char *new_uid(void)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];
    char text[33] = "";
    FILE *random = fopen("/dev/urandom", "re");
    bool ok = random && fread(bytes, sizeof bytes, 1, random) == 1;
    if (random)
        fclose(random);
    for (size_t i = 0; ok && i < sizeof bytes; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return ok ? mem_text(text) : NULL;
}

hone_status study_create(struct store *store, const struct spec *spec, struct study_row *row,
                         hone_error *err)
{
    struct parents parents; /* a study that could not start is not made */
    hone_status status = parents_read(&parents, spec, store, err);
    if (status)
        return status;
    parents_release(&parents);
    char *folder = anchor_text(store, spec->folder);
    struct buf stats;
    buf_init(&stats, 16384);
    buf_text(&stats, "{\"folder\":");
    buf_json(&stats, folder ? folder : ".");
    buf_text(&stats, "}");
    mem_free(folder);
    *row = (struct study_row){.uid = new_uid(),
                              .name = mem_text(spec->name),
                              .spec = mem_text(spec->text),
                              .seed = spec->has_seed ? spec->options.seed : tuner_new_seed(),
                              .state = STUDY_RUNNING,
                              .wanted = true,
                              .created_at = time_now_ms(),
                              .stats = buf_take(&stats)};
    buf_release(&stats);
    if (!row->uid || !row->name || !row->spec || !row->stats) {
        study_row_release(row);
        return error_memory(err);
    }
    status = store_study_create(store, row, err);
    if (status)
        study_row_release(row);
    return status;
}

/* ---- Saying ---- */

static void print_start(struct tuner *tuner, const struct store *store, bool resumed)
{
    const struct study_row *study = tuner_study(tuner);
    const struct spec *spec = tuner_spec(tuner);
    struct live_view view;
    tuner_view(tuner, &view);
    int64_t done = 0;
    for (int s = HONE_TRIAL_COMPLETED; s <= HONE_TRIAL_CANCELLED; s++)
        done += view.by_state[s];
    printf("study %s: %lld trial%s, %lld at a time", study->name, (long long)spec->max_trials,
           spec->max_trials == 1 ? "" : "s", (long long)spec->max_parallel);
    if (resumed)
        printf("; goes on after %lld trials", (long long)done);
    printf("\n  folder  ");
    text_print(stdout, tuner_folder(tuner));
    if (store_is_local(store_url(store))) {
        printf("\n  store   ");
        text_print(stdout, store_url(store));
        printf(" on %s, since the folder is on a network file system", process_host());
    }
    printf("\n  seed    %llu\n", (unsigned long long)study->seed);
    if (in_background())
        printf("  watch   hone attach %s\n  stop    hone stop %s\n", study->name, study->name);
    else
        printf("  stop    Ctrl-C, or: hone stop %s\n", study->name);
    printf("  resume  the same command again, or: hone resume %s\n", study->name);
}

/* Finds a failed trial, to be pointed at. */
static hone_status failed_visit(void *context, const struct trial_row *row, hone_error *err)
{
    (void)err;
    int64_t *failed = context;
    if (row->state == HONE_TRIAL_FAILED && *failed < 0)
        *failed = row->number;
    return HONE_OK;
}

/* What can be done next. */
static hone_status print_next(struct store *store, const struct study_row *row, int64_t best,
                              hone_error *err)
{
    int64_t failed = -1;
    if (best >= 0) {
        printf("\nnext: hone trials %s --sort value\n", row->name);
        return HONE_OK;
    }
    hone_status status = store_trials(store, row->id, -1, failed_visit, &failed, err);
    if (failed >= 0)
        printf("\nnext: hone show %s %lld\n", row->name, (long long)failed);
    return status;
}

int study_print_end(struct store *store, const char *name, bool quiet)
{
    hone_error err = {0};
    struct study_row row = {0};
    struct study_view view = {0};
    int64_t best = -1, now = time_now_ms();
    hone_status status = store_study_find(store, name, &row, &err);
    if (!status && quiet) {
        status = study_view_read(store, &row, false, now, &view, &err);
        best = view.best;
        study_view_release(&view);
    } else if (!status) {
        status = closing_print(store, &row, now, stdout, text_columns(), &best, &err);
        if (!status)
            status = print_next(store, &row, best, &err);
    }
    if (status)
        fail(EXIT_SYSTEM, "%s", err.text);
    fflush(stdout);
    study_row_release(&row);
    return status ? EXIT_SYSTEM : best >= 0 ? EXIT_DONE : EXIT_NOTHING;
}

/* ---- Driving ---- */

static void print_left(const struct tuner *tuner, bool quiet)
{
    size_t n = tuner_n_running(tuner);
    const char *name = tuner_study(tuner)->name;
    if (quiet)
        return;
    if (n)
        printf("left study %s; %zu %s on, and will be picked up\n", name, n,
               n == 1 ? "trial runs" : "trials run");
    else
        printf("left study %s\n", name);
    printf("resume: hone resume %s\n", name);
}

static int drive(struct store *store, struct tuner *tuner, const struct globals *globals)
{
    hone_error err = {0};
    bool interrupted = false;
    int status;
    struct live *live = live_new(globals->color, globals->quiet);
    enum drive_end end = tuner_drive(tuner, live, &interrupted, &err);
    live_free(live);
    const struct study_row *study = tuner_study(tuner);
    switch (end) {
    case DRIVE_FAILED:
        status = fail(status_of_error(&err), "%s", err.text);
        break;
    case DRIVE_LEFT:
        print_left(tuner, globals->quiet);
        status = EXIT_INTERRUPTED;
        break;
    case DRIVE_OVER:
    default:
        status = study_print_end(store, study->name, globals->quiet);
        if (study->state == STUDY_STOPPED) {
            if (!globals->quiet)
                printf("resume: hone resume %s\n", study->name);
            if (interrupted)
                status = EXIT_INTERRUPTED;
        }
        break;
    }
    return status;
}

static void on_broken_pipe(int number)
{
    (void)number;
}

/* Whoever reads what we print may go: the study goes on. A handler, since trials would inherit that
 * the signal is ignored. */
static void outlive_reader(void)
{
    struct sigaction action = {.sa_handler = on_broken_pipe, .sa_flags = SA_RESTART};
    sigaction(SIGPIPE, &action, NULL);
}

/* `row` is the study; the spec is the tuner's from here. */
static int take_up(struct store *store, const struct study_row *row, struct spec *spec,
                   const struct spec_change *change, const struct globals *globals)
{
    hone_error err = {0};
    bool resumed = row->started_at != 0;
    outlive_reader();
    struct tuner *tuner = tuner_open(store, row, spec, change, &err);
    if (!tuner)
        return fail(status_of_error(&err), "%s", err.text);
    if (!globals->quiet)
        print_start(tuner, store, resumed);
    for (size_t i = 0; change && i < change->n && !globals->quiet; i++)
        printf("  changed %s\n", change->lines[i]);
    fflush(stdout);
    char *log = path_join(tuner_folder(tuner), "tuner.log");
    background_started(log ? log : "/dev/null");
    mem_free(log);
    int status = drive(store, tuner, globals);
    tuner_close(tuner);
    return status;
}

/* The study exists: go on with it, when it is the same one. */
static int go_on(struct store *store, const struct study_row *row, struct spec *spec,
                 const struct globals *globals)
{
    hone_error err = {0};
    struct spec *stored = study_spec(store, row, &err);
    if (!stored) {
        spec_free(spec);
        return fail(EXIT_SYSTEM, "%s", err.text);
    }
    struct spec_change change = spec_compare(stored, spec);
    int status;
    bool held = lease_is_held(row, time_now_ms());
    if (change.n && !change.allowed) {
        for (size_t i = 0; i < change.n; i++)
            fprintf(stderr, "  %s\n", change.lines[i]);
        status = fail(EXIT_USAGE,
                      "study \"%s\" exists with other settings; hone edit changes it, with the "
                      "study file or the same options; another --name makes another study",
                      row->name);
        spec_free(spec);
    } else if (row->state == STUDY_FINISHED && change.n == 0 && !held) {
        if (!globals->quiet)
            printf("study %s has ended already; a larger max_trials would let it go on\n",
                   row->name);
        status = study_print_end(store, row->name, globals->quiet);
        spec_free(spec);
    } else {
        status = take_up(store, row, spec, &change, globals);
    }
    spec_change_release(&change);
    spec_free(stored);
    return status;
}

int study_run(struct store *store, struct spec *spec, const struct globals *globals)
{
    hone_error err = {0};
    struct study_row row = {0};
    int status;
    hone_status found = store_study_find(store, spec->name, &row, &err);
    if (found == HONE_ENOTFOUND) {
        hone_status made = study_create(store, spec, &row, &err);
        if (made == HONE_ESTATE) { /* somebody was faster: then it exists */
            found = store_study_find(store, spec->name, &row, &err);
        } else if (made) {
            spec_free(spec);
            return fail(status_of_error(&err), "%s", err.text);
        } else {
            status = take_up(store, &row, spec, NULL, globals);
            study_row_release(&row);
            return status;
        }
    }
    if (found) {
        spec_free(spec);
        return fail(EXIT_SYSTEM, "%s", err.text);
    }
    status = go_on(store, &row, spec, globals);
    study_row_release(&row);
    return status;
}

int study_resume(struct store *store, struct study_row *row, const struct globals *globals)
{
    hone_error err = {0};
    struct spec *spec = study_spec(store, row, &err);
    int status = spec ? go_on(store, row, spec, globals) : fail(EXIT_SYSTEM, "%s", err.text);
    study_row_release(row);
    return status;
}
