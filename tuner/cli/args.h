/* args.h: a command's words, sorted into flags and operands; and the one line that a wrong use
 * gets. */
#ifndef HONE_CLI_ARGS_H
#define HONE_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** An option that a command takes: a switch when `on` is given, else one with a value. */
struct flag {
    const char *name;   /* "--watch" or "-f"; an option with two forms has two entries */
    bool *on;           /* set to true */
    const char **value; /* set to the text after "=", or to the next word */
};

/**
 * Sort argv[1 ...] into flags and operands. "--name=value" and "--name value" mean the same, "--"
 * ends the flags, and a negative number is an operand.
 *
 * @param operands  room for `max` words
 * @param n_out     their number; may be NULL when min = max
 * @return EXIT_DONE, or EXIT_USAGE after usage_error()
 */
int args_read(int argc, char **argv, const struct flag *flags, size_t n_flags,
              const char **operands, int min, int max, int *n_out);

/** Print "hone: COMMAND: TEXT (usage: hone ...)" on stderr and return EXIT_USAGE. */
int usage_error(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Read a trial's number, or usage_error() and false. */
bool args_trial(const char *command, const char *word, int64_t *out);

#endif
