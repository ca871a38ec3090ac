/* init.c: `hone init [SCRIPT] [--force]`: a commented study.yaml to start from. */
#include "cli/cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "io/file.h"
#include "spec/draft.h"

#define FILE_NAME  "study.yaml"
#define SCRIPT_MAX ((size_t)1 << 20)
#define STUDY_MAX  ((size_t)1 << 20)

/* Look at a script; only Python is understood, anything else has no options to be seen. */
static int read_script(const char *path, struct arena *arena, struct script *out)
{
    struct buf text;
    hone_error err = {0};
    int status = EXIT_DONE;
    size_t len = strlen(path);
    bool is_python = len > 3 && strcmp(path + len - 3, ".py") == 0;
    buf_init(&text, SCRIPT_MAX);
    if (file_read(path, &text, &err) != HONE_OK)
        status = fail(err.status == HONE_ENOTFOUND ? EXIT_USAGE : EXIT_SYSTEM, "%s", err.text);
    else if (is_python && script_read(text.data, text.len, arena, out, &err) != HONE_OK)
        status = fail(EXIT_SYSTEM, "%s", err.text);
    buf_release(&text);
    return status;
}

static int write_study(const struct buf *text, bool force)
{
    hone_error err = {0};
    if (!force && access(FILE_NAME, F_OK) == 0)
        return fail(EXIT_USAGE, FILE_NAME " exists; to write it anew: hone init --force");
    if (file_write(FILE_NAME, text->data, text->len, false, &err) != HONE_OK)
        return fail(EXIT_SYSTEM, "%s", err.text);
    return EXIT_DONE;
}

int cmd_init(int argc, char **argv, const struct globals *globals)
{
    bool force = false;
    const char *script_path = NULL;
    int n = 0;
    const struct flag flags[] = {{"--force", &force, NULL}};
    int status = args_read(argc, argv, flags, 1, &script_path, 0, 1, &n);
    if (status != EXIT_DONE)
        return status;

    struct arena arena = {0};
    struct script script = {0};
    struct buf text;
    size_t n_guessed = 0;
    buf_init(&text, STUDY_MAX);
    if (n > 0)
        status = read_script(script_path, &arena, &script);
    if (status == EXIT_DONE) {
        draft_study(&text, n > 0 ? script_path : NULL, &script, &n_guessed);
        status = text.failed ? fail(EXIT_SYSTEM, "out of memory") : write_study(&text, force);
    }
    if (status == EXIT_DONE && !globals->quiet) {
        if (n_guessed > 0)
            printf("wrote " FILE_NAME " with %zu %s guessed from %s; next: hone check\n", n_guessed,
                   n_guessed == 1 ? "parameter" : "parameters", script_path);
        else
            printf("wrote " FILE_NAME "; put in your command, metric and parameters, then: hone "
                   "check\n");
    }
    buf_release(&text);
    arena_release(&arena);
    return status;
}
