/* args.c: see args.h. Every wrong use ends in one line that names the word and shows the usage. */
#include "cli/args.h"

#include "base/str.h"
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_FLAGS = 16 };

int usage_error(const char *command, const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const struct command *c = command_find(command);
    return fail(EXIT_USAGE, "%s: %s (usage: hone %s)", command, text,
                c != NULL ? c->usage : command);
}

static int unknown_option(const char *command, const char *word, const struct flag *flags, size_t n)
{
    const char *names[MOST_FLAGS];
    for (size_t i = 0; i < n && i < MOST_FLAGS; i++)
        names[i] = flags[i].name;
    const char *nearest = str_nearest(word, names, n < MOST_FLAGS ? n : MOST_FLAGS);
    if (nearest != NULL)
        return usage_error(command, "no option \"%s\"; did you mean \"%s\"?", word, nearest);
    return usage_error(command, "no option \"%s\"", word);
}

/** Take the flag at argv[*i], and its value with it. */
static int read_flag(int argc, char **argv, int *i, const struct flag *flags, size_t n_flags)
{
    const char *word = argv[*i];
    const char *equals = word[1] == '-' ? strchr(word, '=') : NULL;
    size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);

    for (size_t k = 0; k < n_flags; k++) {
        if (strlen(flags[k].name) != len || memcmp(flags[k].name, word, len) != 0)
            continue;
        if (flags[k].on != NULL) {
            if (equals != NULL)
                return usage_error(argv[0], "%s takes no value", flags[k].name);
            *flags[k].on = true;
            return EXIT_DONE;
        }
        if (equals == NULL && *i + 1 >= argc)
            return usage_error(argv[0], "%s needs a value", flags[k].name);
        *flags[k].value = equals != NULL ? equals + 1 : argv[++*i];
        return EXIT_DONE;
    }
    return unknown_option(argv[0], word, flags, n_flags);
}

static bool is_flag(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && (word[1] < '0' || word[1] > '9');
}

/* A usage names the operands in their order, behind the command's name. */
static int missing_operand(const char *command, int n)
{
    const struct command *c = command_find(command);
    const char *word = c != NULL ? c->usage : command;
    for (int i = 0; i <= n; i++)
        word += strcspn(word, " ") + (word[strcspn(word, " ")] != '\0');
    return usage_error(command, "%.*s is missing", (int)strcspn(word, " "), word);
}

int args_read(int argc, char **argv, const struct flag *flags, size_t n_flags,
              const char **operands, int min, int max, int *n_out)
{
    int n = 0;
    bool flags_over = false;
    for (int i = 1; i < argc; i++) {
        if (!flags_over && strcmp(argv[i], "--") == 0) {
            flags_over = true;
        } else if (!flags_over && is_flag(argv[i])) {
            int status = read_flag(argc, argv, &i, flags, n_flags);
            if (status != EXIT_DONE)
                return status;
        } else if (n == max) {
            return usage_error(argv[0], "\"%s\" is one word too many", argv[i]);
        } else {
            operands[n++] = argv[i];
        }
    }
    if (n < min)
        return missing_operand(argv[0], n);
    if (n_out != NULL)
        *n_out = n;
    return EXIT_DONE;
}

bool args_trial(const char *command, const char *word, int64_t *out)
{
    if (str_int64(word, strlen(word), out) && *out >= 0)
        return true;
    usage_error(command, "a trial is a number from 0 on, not \"%s\"", word);
    return false;
}
