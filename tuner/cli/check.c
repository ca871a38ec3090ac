/*
 * check.c: hone check [STUDY.yaml] [--extremes] [--time DURATION]: what would go wrong in a night,
 * in a minute.
 */
#include "cli/cli.h"

#include <signal.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/args.h"
#include "cli/corners.h"
#include "cli/seen.h"
#include "cli/tryout.h"
#include "io/time.h"
#include "report/parents.h"
#include "report/text.h"
#include "space/space.h"
#include "spec/spec.h"

enum { LOG_READ = 256 * 1024, LINES_SHOWN = 10 };
static const double CHECK_S = 600.0, CORNER_S = 120.0;

/* How a script ended, as `hone show` would say it. */
static void end_text(const struct attempt_status *s, const char *limit, char out[400])
{
    const char *signal_name = sigabbrev_np(s->exit_signal);
    if (s->phase == PHASE_LOST)
        snprintf(out, 400, "its supervisor was killed");
    else if (s->cause == END_NOT_STARTED)
        snprintf(out, 400, "could not be started: %s", s->problem);
    else if (s->cause == END_MEMORY)
        snprintf(out, 400, "out of memory: over limits.memory");
    else if (s->cause == END_TIME || s->cause == END_SILENCE)
        snprintf(out, 400, "over limits.%s", s->cause == END_TIME ? "trial_time" : "silence");
    else if (s->exit_signal != 0)
        snprintf(out, 400, "signal %d (SIG%s)", s->exit_signal,
                 signal_name == NULL ? "?" : signal_name);
    else if (s->exit_code != 0)
        snprintf(out, 400, "exit %d", s->exit_code);
    else
        snprintf(out, 400, "exit 0%s", limit);
}

static void print_last_lines(const struct tryout *t, size_t lines)
{
    size_t len = 0;
    char *log = tryout_log(t, LOG_READ, &len);
    if (log == NULL)
        return;
    while (len > 0 && (log[len - 1] == '\n' || log[len - 1] == '\r'))
        len--;
    size_t from = len;
    for (size_t seen = 0; from > 0; from--)
        if (log[from - 1] == '\n' && ++seen == lines)
            break;
    printf(lines == 1 ? "  last line: " : "last lines of the log:\n");
    text_print_log(stdout, log + from, len - from);
    putchar('\n');
    mem_free(log);
}

/* What the log has instead of the metric. */
static void print_suggestion(const struct tryout *t, const struct metric_spec *m)
{
    struct seen seen = {0};
    size_t len = 0;
    char *log = tryout_log(t, LOG_READ, &len);
    if (log != NULL)
        seen_read(log, len, &seen);
    mem_free(log);
    printf("  looked for: ");
    if (m->is_default) {
        text_print(stdout, m->name);
        printf("=NUMBER or ");
        text_print(stdout, m->name);
    } else if (m->pattern != NULL) {
        text_print(stdout, m->pattern);
    }
    printf("%s\n", m->is_default            ? ": NUMBER"
                   : m->kind == METRIC_JSON ? " in lines that are JSON objects"
                   : m->kind == METRIC_FILE ? " in its file"
                                            : "");
    size_t nearest = seen_nearest(&seen, m->name);
    if (nearest < seen.n) {
        printf("  did you mean ");
        text_print(stdout, seen.at[nearest].text);
        printf("?\n");
    }
    if (seen.n == 0 || (nearest < seen.n && seen.n == 1))
        return;
    printf("  the log has: ");
    for (size_t i = 0; i < seen.n; i++) {
        printf("%s", i > 0 ? ", " : "");
        text_print(stdout, seen.at[i].text);
    }
    putchar('\n');
}

/* Returns whether all objectives and constraints were found and are numbers that a search can use.
 */
static bool print_findings(const struct spec *spec, const struct tryout *t,
                           const struct finding *findings, enum tryout_end end, double time_s)
{
    bool all = true;
    int width = 0;
    char took[32], value[32];
    for (size_t i = 0; i < spec->n_metrics; i++)
        if (text_width(spec->metrics[i].name) > width)
            width = text_width(spec->metrics[i].name);
    for (size_t i = 0; i < spec->n_metrics; i++) {
        const struct finding *f = &findings[i];
        const struct metric_spec *m = &spec->metrics[i];
        bool is_needed = spec_is_outcome(spec, m->name);
        text_print(stdout, m->name);
        printf("%*s  ", width - text_width(m->name), "");
        if (f->is) {
            duration_text(f->after_s, took);
            text_number(value, f->value);
            printf("%s after %s, in: ", value, took);
            text_print(stdout, f->line);
            putchar('\n');
            if (is_needed && !isfinite(f->value) && !spec->ignore_nonfinite) {
                printf("  not finite: a trial that ends with this value has failed\n");
                all = false;
            }
            continue;
        }
        all = all && !is_needed;
        if (tryout_lines(t) == 0)
            printf("not found: the script printed nothing");
        else
            printf("not found in %lld line%s", (long long)tryout_lines(t),
                   tryout_lines(t) == 1 ? "" : "s");
        if (end == TRYOUT_TIMED_OUT) {
            duration_text(time_s, took);
            printf(" in %s (--time allows longer)", took);
        }
        putchar('\n');
        print_suggestion(t, m);
    }
    const char *const *warnings;
    size_t n = tryout_warnings(t, &warnings);
    for (size_t i = 0; i < n; i++) {
        printf("warning: ");
        text_print(stdout, warnings[i]);
        putchar('\n');
    }
    return all;
}

static void print_command(const struct spec *spec, const hone_setting *settings, size_t n)
{
    char *line = spec_command_line(spec, settings, n);
    printf("running: ");
    text_print(stdout, line == NULL ? "" : line);
    putchar('\n');
    fflush(stdout);
    mem_free(line);
}

/* What the study would run first. NULL: *err says why not. */
static const hone_trial *first_trial(const struct spec *spec, hone_optimizer *opt, hone_error *err)
{
    if (spec->n_start > 0 &&
        hone_enqueue(opt, spec->start[0].settings, spec->start[0].n, err) != HONE_OK)
        return NULL;
    return hone_ask(opt, err);
}

static int check_once(const struct spec *spec, struct tryout *t, double time_s)
{
    hone_error err = {0};
    enum tryout_end end;
    struct attempt_status exit;
    size_t n;
    int status = EXIT_DONE;
    char how[400];
    struct finding *findings = mem_array(spec->n_metrics, sizeof *findings);
    hone_optimizer *opt = hone_optimizer_new(spec->space, &spec->options, &err);
    const hone_trial *trial = opt == NULL ? NULL : first_trial(spec, opt, &err);
    if (findings == NULL || trial == NULL) {
        status = fail(EXIT_USAGE, "%s", findings == NULL ? "out of memory" : err.text);
        goto out;
    }
    const hone_setting *settings = hone_trial_settings(trial, &n);
    print_command(spec, settings, n);
    if (tryout_run(t, settings, n, false, time_s, findings, &end, &exit, &err) != HONE_OK) {
        status = fail(EXIT_SYSTEM, "%s", err.text);
        goto out;
    }
    if (end == TRYOUT_INTERRUPTED) {
        status = EXIT_INTERRUPTED;
        goto out;
    }
    bool found = print_findings(spec, t, findings, end, time_s);
    bool failed = end == TRYOUT_EXITED && (exit.cause != END_BY_ITSELF || exit.exit_code != 0);
    if (failed) {
        end_text(&exit, "", how);
        printf("the script failed: %s\n", how);
    }
    if (!found || failed) {
        print_last_lines(t, LINES_SHOWN);
        status = EXIT_NOTHING;
    } else {
        printf("all is well: hone run would find its objective%s\n",
               spec->n_objectives > 1 ? "s" : "");
    }
out:
    hone_optimizer_free(opt);
    mem_free(findings);
    return status;
}

/* ---- The corners -----------------------------------------------------------------------------
 */

/* Returns whether the script came through; *end_out may be TRYOUT_INTERRUPTED. */
static bool print_corner(const struct spec *spec, const struct tryout *t,
                         const struct finding *findings, enum tryout_end end,
                         const struct attempt_status *exit, double time_s)
{
    char text[400], number[32];
    if (end == TRYOUT_TIMED_OUT) {
        duration_text(time_s, number);
        printf("no value in %s (--time allows longer)\n", number);
        return true;
    }
    bool found = true;
    for (size_t m = 0; m < spec->n_metrics; m++)
        if (spec_is_outcome(spec, spec->metrics[m].name))
            found = found && findings[m].is;
    if (end == TRYOUT_EXITED && (exit->cause != END_BY_ITSELF || exit->exit_code != 0 || !found)) {
        end_text(exit, " without an objective value", text);
        printf("FAILED: %s\n", text);
        print_last_lines(t, 1);
        return false;
    }
    for (size_t m = 0; m < spec->n_metrics; m++) {
        if (strcmp(spec->objectives[0].metric, spec->metrics[m].name) != 0)
            continue;
        text_number(number, findings[m].value);
        duration_text(findings[m].after_s, text);
        printf("%s=%s after %s\n", spec->metrics[m].name, number, text);
    }
    return true;
}

static void print_settings(const hone_setting *settings, size_t n)
{
    char number[32];
    for (size_t i = 0; i < n; i++) {
        printf(" %s=", settings[i].name);
        if (settings[i].value.kind == HONE_VALUE_TEXT) {
            text_print(stdout, settings[i].value.text);
            continue;
        }
        text_number(number, settings[i].value.number);
        printf("%s", number);
    }
    printf(": ");
    fflush(stdout);
}

static int check_corners(const struct spec *spec, struct tryout *t, double time_s)
{
    hone_error err = {0};
    struct corners corners = {0};
    int status = EXIT_DONE;
    size_t n_failed = 0;
    struct finding *findings = mem_array(spec->n_metrics, sizeof *findings);
    hone_setting *settings = mem_array(spec->n_parameters, sizeof *settings);
    if (findings == NULL || settings == NULL ||
        corners_find(spec->space, &corners, &err) != HONE_OK) {
        status = fail(EXIT_SYSTEM, "out of memory");
        goto out;
    }
    for (size_t i = 0; i < corners.n_missed; i++) {
        printf("warning: no configuration with ");
        text_print(stdout, corners.missed[i]);
        printf(" satisfies `where`\n");
    }
    for (size_t i = 0; i < corners.n; i++) {
        enum tryout_end end;
        struct attempt_status exit;
        size_t n = space_settings_of(spec->space, corners.rows + i * corners.n_params, settings);
        printf("%zu/%zu", i + 1, corners.n);
        print_settings(settings, n);
        if (tryout_run(t, settings, n, true, time_s, findings, &end, &exit, &err) != HONE_OK) {
            status = fail(EXIT_SYSTEM, "%s", err.text);
            goto out;
        }
        if (end == TRYOUT_INTERRUPTED) {
            printf("interrupted\n");
            status = EXIT_INTERRUPTED;
            goto out;
        }
        n_failed += !print_corner(spec, t, findings, end, &exit, time_s);
    }
    printf("%zu corner%s tried, %zu failed\n", corners.n, corners.n == 1 ? "" : "s", n_failed);
    status = n_failed > 0 ? EXIT_NOTHING : EXIT_DONE;
out:
    corners_release(&corners);
    mem_free(settings);
    mem_free(findings);
    return status;
}

/* What the study would begin with: whether its parents are there, and fit. */
static int check_parents(const struct spec *spec, const struct globals *globals)
{
    struct parents parents;
    hone_error err = {0};
    if (spec->n_warm_parents == 0)
        return EXIT_DONE;
    char *url = default_store_url(globals);
    struct store *store = url != NULL ? store_open(url, false, &err) : NULL;
    bool none = store == NULL && err.status == HONE_ENOTFOUND; /* the first study makes it */
    int status = EXIT_DONE;
    if (store == NULL && !none)
        status = fail(EXIT_SYSTEM, "%s", url != NULL ? err.text : "out of memory");
    else if (parents_read(&parents, spec, store, &err) != HONE_OK)
        status = fail(err.status == HONE_EINVAL ? EXIT_USAGE : EXIT_SYSTEM, "%s", err.text);
    else {
        printf("warm start: %zu trial%s of earlier studies", parents.n_trials,
               parents.n_trials == 1 ? "" : "s");
        if (parents.n_not_fitting > 0)
            printf("; %zu do not fit", parents.n_not_fitting);
        putchar('\n');
        parents_release(&parents);
    }
    store_close(store);
    mem_free(url);
    return status;
}

int cmd_check(int argc, char **argv, const struct globals *globals)
{
    bool extremes = false;
    const char *time = NULL, *file = "study.yaml";
    const struct flag flags[] = {{"--extremes", .on = &extremes}, {"--time", .value = &time}};
    hone_error err = {0};
    int n = 0;
    int status = args_read(argc, argv, flags, 2, &file, 0, 1, &n);
    double time_s = extremes ? CORNER_S : CHECK_S;
    if (status != EXIT_DONE)
        return status;
    if (time != NULL && !duration_parse(time, &time_s))
        return usage_error("check", "--time needs a duration such as 90s or 10m, got %s", time);

    struct problems problems = {0};
    struct spec *spec = spec_read_file(file, &problems);
    problems_print(&problems, file, stderr);
    problems_release(&problems);
    if (spec == NULL)
        return EXIT_USAGE;
    printf("%s: no mistakes, %zu parameter%s, %zu metric%s\n", file, spec->n_parameters,
           spec->n_parameters == 1 ? "" : "s", spec->n_metrics, spec->n_metrics == 1 ? "" : "s");
    status = check_parents(spec, globals);
    if (status != EXIT_DONE) {
        spec_free(spec);
        return status;
    }
    struct tryout *t = tryout_new(spec, isatty(STDERR_FILENO) && !globals->quiet, &err);
    if (t == NULL)
        status = fail(err.status == HONE_EINVAL ? EXIT_USAGE : EXIT_SYSTEM, "%s", err.text);
    else
        status = extremes ? check_corners(spec, t, time_s) : check_once(spec, t, time_s);
    tryout_free(t);
    spec_free(spec);
    return status;
}
