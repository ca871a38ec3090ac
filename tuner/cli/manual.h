/*
 * manual.h: what a command does, in words. One table, manual.def, is printed by `hone help`, made
 * into the man pages, and into the shells' completions.
 */
#ifndef HONE_CLI_MANUAL_H
#define HONE_CLI_MANUAL_H

#include <stdio.h>

#include "cli/cli.h"

enum manual_kind { MANUAL_ABOUT, MANUAL_OPTION, MANUAL_EXAMPLE, MANUAL_EXIT };

/** A row of manual.def. */
struct manual {
    enum manual_kind kind;
    const char *id;   /* the command's id, or "hone" for what every command has */
    const char *head; /* OPTION: "--sort K"; EXAMPLE: the command line; EXIT: "1"; ABOUT: NULL */
    const char *text; /* plain sentences */
};

/** All rows; ends in an empty one. */
extern const struct manual manual[];

/** All commands with their summaries, and the global options. */
void manual_overview(FILE *out);
/** One command: usage, what it does, options, examples. */
void manual_page(FILE *out, const struct command *command);

#endif
