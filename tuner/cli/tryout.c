/*
 * tryout.c: running a study's script once. It sees what a trial would see, runs under a shim as a
 * trial would, and is ended cleanly as soon as there is nothing more to learn.
 */
#include "cli/tryout.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "exec/metrics.h"
#include "io/file.h"
#include "io/json.h"
#include "io/process.h"
#include "io/time.h"
#include "loop/environment.h"

enum { LOOK_MS = 50, READ_BYTES = 1 << 20 };
static const double GRACE_S = 10.0;  /* the script has nothing to save */
static const double ORPHAN_S = 60.0; /* should we be killed */

struct tryout {
    struct spec spec; /* a copy with a shorter grace; what it points to is the caller's */
    bool show;
    char *home, *alive, *folder; /* folder: of the last run */
    int64_t n_runs;
    struct metric_reader *reader;
    struct metric_cursor *cursor;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

static struct metric_reader *reader_of(const struct spec *spec, hone_error *err)
{
    struct metric_reader *reader = NULL;
    struct metric_pattern *patterns = mem_array(spec->n_metrics, sizeof *patterns);
    if (patterns == NULL) {
        error_memory(err);
        return NULL;
    }
    for (size_t i = 0; i < spec->n_metrics; i++) {
        const struct metric_spec *m = &spec->metrics[i];
        patterns[i] = (struct metric_pattern){.name = m->name,
                                              .kind = m->kind == METRIC_JSON   ? PATTERN_JSON
                                                      : m->kind == METRIC_FILE ? PATTERN_FILE
                                                                               : PATTERN_REGEX,
                                              .pattern = m->pattern,
                                              .path = m->path};
    }
    reader =
        metric_reader_new(patterns, spec->n_metrics, spec->step_pattern, spec->step_metric, err);
    mem_free(patterns);
    return reader;
}

struct tryout *tryout_new(const struct spec *spec, bool show, hone_error *err)
{
    struct tryout *t = mem_array(1, sizeof *t);
    if (t == NULL) {
        error_memory(err);
        return NULL;
    }
    t->spec = *spec;
    t->spec.grace_s = fmin(spec->grace_s, GRACE_S);
    t->spec.orphan_s = ORPHAN_S;
    t->spec.slot_cpus = 0; /* somebody waits for us */
    t->spec.slot_memory_bytes = 0;
    t->spec.slot_gpus = 0;
    t->show = show;
    t->reader = reader_of(spec, err);
    if (t->reader == NULL)
        goto fail;
    if (file_make_folder(".hone", err) != HONE_OK)
        goto fail;
    t->home = path_absolute(".hone/check-XXXXXX");
    if (t->home == NULL || mkdtemp(t->home) == NULL) {
        error_errno(err, HONE_EIO, "make a folder in .hone");
        mem_free(t->home);
        t->home = NULL;
        goto fail;
    }
    t->alive = path_join(t->home, "alive");
    if (t->alive == NULL) {
        error_memory(err);
        goto fail;
    }
    if (file_write(t->alive, "", 0, false, err) != HONE_OK)
        goto fail;
    return t;
fail:
    tryout_free(t);
    return NULL;
}

void tryout_free(struct tryout *t)
{
    if (t == NULL)
        return;
    if (t->home != NULL && file_remove_tree(t->home, NULL) == HONE_OK)
        (void)rmdir(".hone"); /* only when it is empty: then it was made for this */
    metric_cursor_free(t->cursor);
    metric_reader_free(t->reader);
    mem_free(t->home);
    mem_free(t->alive);
    mem_free(t->folder);
    mem_free(t);
}

/* ---- One run ---------------------------------------------------------------------------------
 */

struct watching {
    const struct spec *spec;
    struct finding *findings;
    double elapsed_s;
};

static hone_status see(void *context, const struct metric_value *value, hone_error *err)
{
    struct watching *w = context;
    struct finding *f = &w->findings[value->metric];
    (void)err;
    if (f->is)
        return HONE_OK;
    *f = (struct finding){.is = true, .value = value->value, .after_s = w->elapsed_s};
    snprintf(f->line, sizeof f->line, "%.*s", (int)value->line_len, value->line);
    return HONE_OK;
}

/* How many metrics there are to find, and how many were. */
static void count(const struct watching *w, bool outcomes_only, size_t *wanted, size_t *found)
{
    *wanted = *found = 0;
    for (size_t i = 0; i < w->spec->n_metrics; i++) {
        if (outcomes_only && !spec_is_outcome(w->spec, w->spec->metrics[i].name))
            continue;
        ++*wanted;
        *found += w->findings[i].is;
    }
}

static hone_status begin(struct tryout *t, const hone_setting *settings, size_t n, hone_error *err)
{
    hone_status status = HONE_OK;
    char place[64], id[128];
    json_t *object = json_of_settings(settings, n);
    char *params = object == NULL ? NULL : json_write(object);
    json_decref(object);
    metric_cursor_free(t->cursor);
    mem_free(t->folder);
    snprintf(place, sizeof place, "trial-%04lld/attempt-1", (long long)t->n_runs);
    snprintf(id, sizeof id, "check-%d-%lld-%lld-1", (int)getpid(),
             (long long)process_start(getpid()), (long long)t->n_runs);
    t->cursor = metric_cursor_new(t->reader, NULL, NULL, err);
    t->folder = path_join(t->home, place);
    if (t->cursor == NULL || t->folder == NULL || params == NULL) {
        status = error_memory(err);
        goto out;
    }
    struct attempt_place attempt = {.spec = &t->spec,
                                    .study = t->spec.name,
                                    .seed = t->spec.options.seed,
                                    .trial = t->n_runs++,
                                    .number = 1,
                                    .id = id,
                                    .folder = t->folder,
                                    .alive = t->alive,
                                    .params = params,
                                    .settings = settings,
                                    .n_settings = n,
                                    .executor = local_executor()};
    status = attempt_start(&attempt, err);
out:
    mem_free(params);
    return status;
}

static void show_progress(const struct tryout *t, const struct watching *w, size_t found,
                          size_t wanted)
{
    if (t->show)
        fprintf(stderr, "\r\x1b[K%.0f s, %lld lines, %zu of %zu metrics found", w->elapsed_s,
                (long long)metric_cursor_lines(t->cursor), found, wanted);
}

/* Look until the script has gone; ends it when there is nothing more to learn. */
static hone_status watch(struct tryout *t, struct watching *w, bool outcomes_only, double time_s,
                         enum tryout_end *end_out, struct attempt_status *exit_out, hone_error *err)
{
    int64_t began = time_monotonic_ms();
    struct pollfd shim = {.fd = local_watch(t->folder), .events = POLLIN};
    hone_status status = HONE_OK;
    bool stopped = false, more = true;
    *end_out = TRYOUT_EXITED;
    while (status == HONE_OK) {
        size_t wanted, found;
        w->elapsed_s = (double)(time_monotonic_ms() - began) / 1000.0;
        (void)utimensat(AT_FDCWD, t->alive, NULL, 0);
        status = local_poll(t->folder, exit_out, err);
        bool ended = exit_out->phase == PHASE_ENDED || exit_out->phase == PHASE_LOST;
        for (more = true; more && status == HONE_OK;)
            status =
                metric_read(t->reader, t->cursor, t->folder, ended, READ_BYTES, see, w, &more, err);
        count(w, outcomes_only, &wanted, &found);
        show_progress(t, w, found, wanted);
        if (status != HONE_OK && local_stop(t->folder, NULL) != HONE_OK)
            break;
        if (ended || status != HONE_OK)
            break;
        bool late = time_s > 0.0 && w->elapsed_s > time_s;
        if (!stopped && (found == wanted || late || interrupted)) {
            *end_out = interrupted       ? TRYOUT_INTERRUPTED
                       : found == wanted ? TRYOUT_FOUND
                                         : TRYOUT_TIMED_OUT;
            stopped = true;
            status = local_stop(t->folder, err);
        }
        poll(&shim, shim.fd >= 0 ? 1 : 0, LOOK_MS);
    }
    if (t->show)
        fputs("\r\x1b[K", stderr);
    if (shim.fd >= 0)
        close(shim.fd);
    return status;
}

hone_status tryout_run(struct tryout *t, const hone_setting *settings, size_t n, bool outcomes_only,
                       double time_s, struct finding *findings, enum tryout_end *end_out,
                       struct attempt_status *exit_out, hone_error *err)
{
    struct sigaction on = {.sa_handler = on_interrupt}, old_int, old_term;
    struct watching w = {.spec = &t->spec, .findings = findings};
    for (size_t i = 0; i < t->spec.n_metrics; i++)
        findings[i] = (struct finding){0};
    interrupted = 0;
    sigaction(SIGINT, &on, &old_int);
    sigaction(SIGTERM, &on, &old_term);
    hone_status status = begin(t, settings, n, err);
    if (status == HONE_OK)
        status = watch(t, &w, outcomes_only, time_s, end_out, exit_out, err);
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGTERM, &old_term, NULL);
    return status;
}

int64_t tryout_lines(const struct tryout *t)
{
    return metric_cursor_lines(t->cursor);
}

size_t tryout_warnings(const struct tryout *t, const char *const **out)
{
    return metric_cursor_warnings(t->cursor, out);
}

char *tryout_log(const struct tryout *t, size_t most, size_t *len_out)
{
    struct stat st;
    char *path = path_join(t->folder, "log");
    char *text = mem_array(most + 1, 1);
    ssize_t n = -1;
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (text != NULL && fd >= 0 && fstat(fd, &st) == 0)
        n = pread(fd, text, most, st.st_size > (off_t)most ? st.st_size - (off_t)most : 0);
    if (fd >= 0)
        close(fd);
    mem_free(path);
    if (n <= 0) {
        mem_free(text);
        return NULL;
    }
    text[n] = '\0';
    *len_out = (size_t)n;
    return text;
}
