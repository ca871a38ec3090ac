/*
 * edit.c: hone edit STUDY [FILE] [OPTION ...] [--yes]: other settings for a study that lives.
 *
 * The new settings are those of a study file, or those that the study has; options as of hone run
 * add to them or take their place. With neither, they are written into a file and an editor is
 * started. What differs is shown before anything is done, and kept with the study.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/request.h"
#include "io/file.h"
#include "io/json.h"
#include "io/time.h"
#include "loop/lease.h"
#include "loop/loop.h"
#include "report/text.h"
#include "spec/written.h"

enum { FILE_MAX = 1 << 20 };

struct editing {
    const struct globals *globals;
    struct store *store;
    struct study_row row;
    struct spec *stored, *now;
    const char *file; /* study file with the new settings, or NULL */
    bool yes;
};

/* ---- Where the new settings come from ---- */

/* `what` names the text in messages. */
static bool said(struct problems *problems, const char *what)
{
    bool any = problems->n > 0;
    problems_print(problems, what, stderr);
    problems_release(problems);
    return any;
}

/* A study file need not say again what never changes: as which study it began. */
static struct spec *as_study(const struct editing *e, const struct spec *read,
                             struct problems *problems)
{
    static const char *const kept[] = {"seed", "warm_start"};
    struct spec *out = NULL;
    json_t *stored = json_read(e->stored->text, strlen(e->stored->text), NULL);
    json_t *now = json_read(read->text, strlen(read->text), NULL);
    for (size_t i = 0; stored && now && i < sizeof kept / sizeof kept[0]; i++)
        if (!json_object_get(now, kept[i]) && json_object_get(stored, kept[i]))
            json_object_set(now, kept[i], json_object_get(stored, kept[i]));
    if (now)
        json_object_set_new(now, "study", json_string(e->row.name));
    char *text = stored && now ? json_write(now) : NULL;
    if (text)
        out = spec_read_text(text, strlen(text), e->stored->folder, problems);
    mem_free(text);
    json_decref(now);
    json_decref(stored);
    return out;
}

/* From a file, or from what the study has, with options. */
static int read_given(struct editing *e, int argc, char **argv)
{
    struct problems problems = {0};
    struct spec *read =
        e->file ? spec_read_file_flags(e->file, argc, argv, &problems)
                : spec_read_text_flags(e->stored->text, e->stored->folder, argc, argv, &problems);
    if (said(&problems, e->file) || !read)
        return EXIT_USAGE;
    e->now = as_study(e, read, &problems);
    spec_free(read);
    return said(&problems, e->file) || !e->now ? EXIT_USAGE : EXIT_DONE;
}

static hone_status write_settings(const struct editing *e, const char *path, hone_error *err)
{
    struct buf text;
    buf_init(&text, FILE_MAX);
    buf_printf(&text,
               "# Settings of study %s. They are taken over when you have saved them and left the\n"
               "# editor; what would change is shown first. Keys: study.yaml(5).\n",
               e->row.name);
    hone_status status = spec_written(e->stored, &text, err);
    if (!status)
        status = file_write(path, text.data, text.len, false, err);
    buf_release(&text);
    return status;
}

/* $VISUAL or $EDITOR, which may be a command with options. */
static int run_editor(const char *path)
{
    const char *editor = getenv("VISUAL");
    if (!editor || !*editor)
        editor = getenv("EDITOR");
    if (!editor || !*editor)
        editor = "vi";
    struct buf line;
    buf_init(&line, 4096);
    buf_printf(&line, "%s \"$1\"", editor);
    pid_t pid = line.failed ? -1 : fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", line.data, "hone edit", path, (char *)NULL);
        _exit(127);
    }
    buf_release(&line);
    int how = 0;
    while (pid > 0 && waitpid(pid, &how, 0) < 0 && errno == EINTR)
        ;
    if (pid > 0 && WIFEXITED(how) && WEXITSTATUS(how) == 0)
        return EXIT_DONE;
    return fail(EXIT_USAGE, "the editor failed (%s): nothing was changed; $EDITOR names another",
                editor);
}

static bool agrees(const char *question, bool usual)
{
    char answer[16] = "";
    printf("%s ", question);
    fflush(stdout);
    if (!fgets(answer, sizeof answer, stdin))
        return false;
    return answer[0] == 'y' || answer[0] == 'Y' || (usual && answer[0] == '\n');
}

static int read_edited(struct editing *e, const char *path)
{
    char *none[] = {NULL, NULL};
    int status = run_editor(path);
    while (status == EXIT_DONE) {
        e->file = path;
        if (read_given(e, 1, none) == EXIT_DONE)
            return EXIT_DONE;
        if (!isatty(STDIN_FILENO) || !agrees("Edit it again? [Y/n]", true))
            return fail(EXIT_USAGE, "nothing was changed");
        status = run_editor(path);
    }
    return status;
}

static int read_by_editor(struct editing *e)
{
    hone_error err = {0};
    char path[4096];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%.4000s/hone-edit-XXXXXX.yaml",
             folder && *folder ? folder : "/tmp");
    int fd = mkstemps(path, 5);
    if (fd < 0)
        return fail(EXIT_SYSTEM, "create %s: %s", path, strerror(errno));
    close(fd);
    int status =
        write_settings(e, path, &err) ? fail(EXIT_SYSTEM, "%s", err.text) : read_edited(e, path);
    unlink(path);
    return status;
}

/* ---- Showing and doing it ---- */

static void show(const struct edit *edit)
{
    for (size_t i = 0; i < edit->change.n; i++) {
        printf("  ");
        text_print(stdout, edit->change.lines[i]);
        putchar('\n');
    }
    int64_t out = edit->n_trials - edit->n_fit;
    if (edit->n_trials > 0 && out == 0)
        printf("a new search learns from all %lld trials so far\n", (long long)edit->n_trials);
    else if (edit->n_trials > 0)
        printf(
            "a new search learns from %lld of %lld trials so far; %lld %s possible any more, and "
            "%s in the tables\n",
            (long long)edit->n_fit, (long long)edit->n_trials, (long long)out,
            out == 1 ? "is not" : "are not", out == 1 ? "stays" : "stay");
}

static int ask(struct editing *e)
{
    json_t *whole = json_pack("{s:s, s:s}", "spec", e->now->text, "from", e->stored->text);
    char *body = whole ? json_write(whole) : NULL;
    int status =
        body ? ask_tuner(e->store, &e->row, "edit", body) : fail(EXIT_SYSTEM, "out of memory");
    mem_free(body);
    json_decref(whole);
    return status;
}

static int apply(struct editing *e, const struct edit *edit)
{
    hone_error err = {0};
    bool held = lease_is_held(&e->row, time_now_ms());
    int status = EXIT_DONE;
    if (held)
        status = ask(e);
    else if (study_edit(e->store, &e->row, edit, e->now, &err))
        status = fail(EXIT_SYSTEM, "%s", err.text);
    if (status != EXIT_DONE || e->globals->quiet)
        return status;
    printf("study %s is changed", e->row.name);
    printf(held ? "\n" : "; go on: hone resume %s\n", e->row.name);
    return status;
}

static int edit(struct editing *e)
{
    hone_error err = {0};
    struct edit edit;
    if (edit_read(&edit, e->store, &e->row, e->stored, e->now, &err))
        return fail(err.status == HONE_EINVAL ? EXIT_USAGE : EXIT_SYSTEM, "%s", err.text);
    int status = EXIT_DONE;
    if (edit.change.n == 0) {
        status = fail(EXIT_NOTHING, "nothing differs from the settings of study %s", e->row.name);
        edit_release(&edit);
        return status;
    }
    if (!e->globals->quiet || !e->yes)
        show(&edit);
    fflush(stdout);
    if (!e->yes && !isatty(STDIN_FILENO)) {
        status = usage_error("edit", "without a terminal it needs --yes");
    } else if (!e->yes && !agrees("Change the study so? [y/N]", false)) {
        printf("nothing was changed\n");
        status = EXIT_NOTHING;
    }
    if (status == EXIT_DONE)
        status = apply(e, &edit);
    edit_release(&edit);
    return status;
}

/* ---- The command ---- */

/* Take our own words out of argv; what is left, with argv[0], is the study's. */
static int take_own(struct editing *e, int argc, char **argv, const char **study)
{
    int n = 1;
    bool over = false; /* "--" was seen: the rest is the trials' command */
    for (int i = 1; i < argc; i++) {
        over = over || strcmp(argv[i], "--") == 0;
        if (!over && (strcmp(argv[i], "--yes") == 0 || strcmp(argv[i], "-y") == 0))
            e->yes = true;
        else if (!over && n == 1 && argv[i][0] != '-' && !*study)
            *study = argv[i];
        else if (!over && n == 1 && argv[i][0] != '-' && !e->file)
            e->file = argv[i];
        else
            argv[n++] = argv[i];
    }
    argv[n] = NULL;
    return n;
}

int cmd_edit(int argc, char **argv, const struct globals *globals)
{
    hone_error err = {0};
    const char *study = NULL;
    struct editing e = {.globals = globals};
    argc = take_own(&e, argc, argv, &study);
    if (!study)
        return argc > 1 ? usage_error("edit", "no option \"%s\"", argv[1])
                        : usage_error("edit", "STUDY is missing");
    if (argc > 1 && argv[1][0] != '-')
        return usage_error("edit", "\"%s\" is one word too many", argv[1]);
    /* A study that is named by its file is to become what the file says now. */
    if (!e.file && is_study_file(study))
        e.file = study;
    int status;
    e.store = open_study(globals, study, &e.row, &status);
    if (!e.store)
        return status;
    e.stored = study_spec(e.store, &e.row, &err);
    status = !e.stored            ? fail(EXIT_SYSTEM, "%s", err.text)
             : e.file || argc > 1 ? read_given(&e, argc, argv)
                                  : read_by_editor(&e);
    if (status == EXIT_DONE)
        status = edit(&e);
    spec_free(e.now);
    spec_free(e.stored);
    study_row_release(&e.row);
    store_close(e.store);
    return status;
}
