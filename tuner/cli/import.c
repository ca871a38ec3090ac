/*
 * import.c: hone import: the trials of a file become trials of a study.
 *
 * The file is read and checked against the spec before anything is opened for writing; a study that
 * does not exist is made then; all trials are written in one transaction, under the study's lease,
 * which is let go by the same transaction.
 */
#include "report/import.h"

#include "base/mem.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/study_run.h"
#include "io/file.h"
#include "io/time.h"
#include "loop/lease.h"
#include "report/study_view.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct job {
    const struct globals *globals;
    const char *study, *path; /* as given */
    const char *theirs;       /* which study of the file, or NULL */
    struct store *store;
    struct study_row row;
    struct spec *spec;
    struct import import;
};

static int store_failure(const hone_error *err)
{
    return fail(err->status == HONE_EINVAL || err->status == HONE_ENOTFOUND ? EXIT_USAGE
                                                                            : EXIT_SYSTEM,
                "%s", err->text);
}

/** Read the study file that names a study; find the study, or make it once the trials are known to
 * be good. */
static int open_by_file(struct job *job)
{
    hone_error err = {0};
    struct problems problems = {0};
    if (access(job->study, F_OK) != 0)
        return fail(EXIT_USAGE, "no study file %s", job->study);
    struct spec *spec = spec_read_file(job->study, &problems);
    problems_print(&problems, job->study, stderr);
    problems_release(&problems);
    if (spec == NULL)
        return EXIT_USAGE;
    int status = EXIT_DONE;
    if (import_read(&job->import, spec, job->path, job->theirs, &err) != HONE_OK)
        status = store_failure(&err);
    char *url = default_store_url(job->globals);
    if (status == EXIT_DONE && url == NULL)
        status = fail(EXIT_SYSTEM, "out of memory");
    if (status == EXIT_DONE && (job->store = store_open(url, true, &err)) == NULL)
        status = store_failure(&err);
    mem_free(url);
    if (status == EXIT_DONE) {
        hone_status found = store_study_find(job->store, spec->name, &job->row, &err);
        if (found == HONE_ENOTFOUND)
            found = study_create(job->store, spec, &job->row, &err);
        if (found != HONE_OK)
            status = store_failure(&err);
    }
    import_release(&job->import);
    spec_free(spec);
    return status;
}

static hone_status write_all_trials(struct job *job, hone_error *err)
{
    struct study_counts counts;
    int64_t now = time_now_ms();
    hone_status status =
        lease_take_once(job->store, &job->row, now, (int64_t)(job->spec->lease_s * 1000), err);
    if (status == HONE_OK)
        status = import_drop_known(&job->import, job->store, job->row.id, err);
    if (status == HONE_OK)
        status = store_counts(job->store, job->row.id, &counts, err);
    if (status != HONE_OK)
        return status;
    int64_t first = counts.imported + counts.warm;
    for (int s = HONE_TRIAL_RUNNING; s <= HONE_TRIAL_CANCELLED; s++)
        first += counts.by_state[s];
    status = store_begin(job->store, job->row.id, job->row.epoch, err);
    if (status != HONE_OK)
        return status;
    status = import_write(&job->import, job->store, first, now, job->row.epoch, err);
    return lease_end_once(job->store, &job->row, status, err);
}

static void print_counts(const struct import *import, const char *study)
{
    printf("imported %zu trial%s into %s", import->n, import->n == 1 ? "" : "s", study);
    if (import->n_known > 0)
        printf("; %zu %s there already", import->n_known, import->n_known == 1 ? "was" : "were");
    if (import->n_left_out > 0)
        printf("; left out %zu that %s running, cancelled or without a value", import->n_left_out,
               import->n_left_out == 1 ? "was" : "were");
    putchar('\n');
}

static int import_trials(struct job *job)
{
    hone_error err = {0};
    job->spec = stored_spec(&job->row, &err);
    if (job->spec == NULL)
        return fail(EXIT_SYSTEM, "%s", err.text);
    if (import_read(&job->import, job->spec, job->path, job->theirs, &err) != HONE_OK)
        return store_failure(&err);
    if (job->import.unused[0] != '\0')
        fprintf(stderr, "hone: warning: not used, since the study has none of these: %s\n",
                job->import.unused);
    if (job->import.n == 0)
        return fail(EXIT_NOTHING, "%s has no trial that could be imported", job->path);
    if (write_all_trials(job, &err) != HONE_OK)
        return fail(EXIT_SYSTEM, "%s", err.text);
    if (job->globals->json)
        printf("{\"imported\": %zu, \"known\": %zu, \"left_out\": %zu}\n", job->import.n,
               job->import.n_known, job->import.n_left_out);
    else if (!job->globals->quiet)
        print_counts(&job->import, job->row.name);
    return EXIT_DONE;
}

int cmd_import(int argc, char **argv, const struct globals *globals)
{
    const char *words[2], *theirs = NULL;
    const struct flag flags[] = {{.name = "--study", .value = &theirs}};
    int status = args_read(argc, argv, flags, 1, words, 2, 2, NULL);
    if (status != EXIT_DONE)
        return status;
    struct job job = {.globals = globals, .study = words[0], .path = words[1], .theirs = theirs};
    if (is_study_file(job.study))
        status = open_by_file(&job);
    else if ((job.store = open_study(globals, job.study, &job.row, &status)) == NULL)
        return status;
    if (status == EXIT_DONE)
        status = import_trials(&job);
    import_release(&job.import);
    spec_free(job.spec);
    study_row_release(&job.row);
    store_close(job.store);
    return status;
}
