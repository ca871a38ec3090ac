/*
 * main.c: the program hone: takes the options that every command has out of the words, finds the
 * command, runs it.
 *
 * The global options may stand before or after the command, up to a "--": what follows it belongs
 * to somebody else's program. Nothing is opened or computed before a command asks for it, so that
 * `hone version` costs a process start.
 */
#include "cli/cli.h"

#include "cli/manual.h"
#include "report/text.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fail(int status, const char *fmt, ...)
{
    char text[1000];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    fflush(stdout);
    fputs("hone: ", stderr);
    text_print(stderr, text);
    fputc('\n', stderr);
    return status;
}

/* A file that is opened while 0, 1 or 2 is free would become our standard output. */
static void open_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

static bool wants_color(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return (no_color == NULL || no_color[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0 &&
           isatty(STDOUT_FILENO);
}

/** Take the global options out of argv; *help is set by --help and -h. */
static int read_globals(int *argc, char **argv, struct globals *globals, bool *help)
{
    int kept = 1;
    bool ours = true;
    for (int i = 1; i < *argc; i++) {
        char *word = argv[i];
        ours = ours && strcmp(word, "--") != 0;
        if (!ours) {
            argv[kept++] = word;
        } else if (strcmp(word, "--json") == 0) {
            globals->json = true;
        } else if (strcmp(word, "--quiet") == 0) {
            globals->quiet = true;
        } else if (strcmp(word, "--no-color") == 0) {
            globals->color = false;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            *help = true;
        } else if (strncmp(word, "--store=", 8) == 0) {
            globals->store_url = word + 8;
        } else if (strcmp(word, "--store") == 0) {
            if (i + 1 == *argc)
                return fail(EXIT_USAGE, "--store needs an address, such as sqlite:PATH");
            globals->store_url = argv[++i];
        } else {
            argv[kept++] = word;
        }
    }
    argv[kept] = NULL;
    *argc = kept;
    if (globals->store_url != NULL && globals->store_url[0] == '\0')
        return fail(EXIT_USAGE, "--store needs an address, such as sqlite:PATH");
    return EXIT_DONE;
}

static int dispatch(int argc, char **argv, const struct globals *globals, bool help)
{
    if (argc < 2) {
        manual_overview(help ? stdout : stderr);
        return help ? EXIT_DONE : EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0)
        return cmd_version(1, argv + 1, globals);
    if (argv[1][0] == '-')
        return fail(EXIT_USAGE,
                    "no option \"%s\" before the command; 'hone help' lists the options", argv[1]);
    const struct command *c = command_find(argv[1]);
    if (c == NULL)
        return unknown_command(argv[1]);
    if (help) {
        manual_page(stdout, c);
        return EXIT_DONE;
    }
    return c->run(argc - 1, argv + 1, globals);
}

int main(int argc, char **argv)
{
    open_standard_descriptors();
    struct globals globals = {.color = wants_color()};
    const char *url = getenv("HONE_STORE");
    if (url != NULL && url[0] != '\0')
        globals.store_url = url;

    bool help = false;
    int status = read_globals(&argc, argv, &globals, &help);
    if (status == EXIT_DONE)
        status = dispatch(argc, argv, &globals, help);
    /* A full disk behind a redirection must not look like success. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && (status == EXIT_DONE || status == EXIT_NOTHING))
        status = fail(EXIT_SYSTEM, "standard output could not be written");
    return status;
}
