/* cli.h: a command is one file in this folder and one line in commands.def. */
#ifndef HONE_CLI_CLI_H
#define HONE_CLI_CLI_H

#include <stdbool.h>

#include "store/store.h"

/* Exit statuses (docs/man/hone.1). */
enum { EXIT_DONE = 0, EXIT_NOTHING = 1, EXIT_USAGE = 2, EXIT_SYSTEM = 3, EXIT_INTERRUPTED = 130 };

/** Options that every command takes; main.c has taken them out of argv. */
struct globals {
    const char
        *store_url; /* --store, else $HONE_STORE, else NULL: the default of the working folder */
    bool json, quiet, color;
};

struct command {
    const char *name;
    const char *usage;   /* "status STUDY [--watch]" */
    const char *summary; /* one line, lower case */
    /** argv[0] is the command's name, the rest its arguments. Returns the exit status. */
    int (*run)(int argc, char **argv, const struct globals *globals);
};

/* #define COMMAND(id, usage, summary): every command has int cmd_ID(int, char **, const struct
 * globals *). */

/** Print "hone: TEXT" on stderr and return `status`. */
int fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * Open the store and find a study by its name or by the path of its file. On failure prints the
 * error, and returns NULL with the exit status in *status_out.
 */
struct store *open_study(const struct globals *globals, const char *study,
                         struct study_row *row_out, int *status_out);

/** The default store's address: .hone/hone.db of the working folder, or a local one when that is on
 * a network file system. mem_free. */
char *default_store_url(const struct globals *globals);

#endif
