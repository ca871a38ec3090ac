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
    const char *id;      /* "ask_tell": key of manual.def */
    const char *usage;   /* "status STUDY [--watch]": begins with the name that people write */
    const char *summary; /* one line, lower case */
    /** argv[0] is the command's name, the rest its arguments. Returns the exit status. */
    int (*run)(int argc, char **argv, const struct globals *globals);
};

/* #define COMMAND(id, usage, summary): every command has int cmd_ID(int, char **, const struct
 * globals *). */
#define GROUP(title)
#define COMMAND(id, usage, summary)                                                                \
    int cmd_##id(int argc, char **argv, const struct globals *globals);
#include "cli/commands.def"
#undef COMMAND
#undef GROUP

/** The commands, in the order of `hone help`; a heading has a summary only. Ends in an empty one.
 */
extern const struct command commands[];
/** The command of this name, or NULL. */
const struct command *command_find(const char *name);
/** The length of its name, the first word of its usage. */
int command_name_length(const struct command *command);
/** fail() for a word that is no command, with the nearest one as a hint. */
int unknown_command(const char *word);

/** Print "hone: TEXT" on stderr and return `status`. */
int fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * Open the store and find a study by its name or by the path of its file. On failure prints the
 * error, and returns NULL with the exit status in *status_out.
 */
struct store *open_study(const struct globals *globals, const char *study,
                         struct study_row *row_out, int *status_out);

/** Whether a word names a study by its file: it has a "/" or ends in .yaml or .yml. */
bool is_study_file(const char *study);

/** Open the store for reading. On failure prints the error, and returns NULL with the exit status.
 */
struct store *open_store(const struct globals *globals, int *status_out);

/** The default store's address: .hone/hone.db of the working folder, or a local one when that is on
 * a network file system. mem_free. */
char *default_store_url(const struct globals *globals);

#endif
