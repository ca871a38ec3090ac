/* commands.c: the table of commands, made from commands.def. */
#include "cli/cli.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum { MOST_COMMANDS = 64 };

const struct command commands[] = {
#define GROUP(title)                {.summary = title},
#define COMMAND(id, usage, summary) {#id, usage, summary, cmd_##id},
#include "cli/commands.def"
#undef COMMAND
#undef GROUP
    {0},
};

int command_name_length(const struct command *command)
{
    return (int)strcspn(command->usage, " ");
}

const struct command *command_find(const char *name)
{
    size_t len = strlen(name);
    for (const struct command *c = commands; c->summary != NULL; c++)
        if (c->run != NULL && (size_t)command_name_length(c) == len &&
            memcmp(c->usage, name, len) == 0)
            return c;
    return NULL;
}

int unknown_command(const char *word)
{
    char names[MOST_COMMANDS][32];
    const char *candidates[MOST_COMMANDS];
    size_t n = 0;
    for (const struct command *c = commands; c->summary != NULL && n < MOST_COMMANDS; c++) {
        if (c->run == NULL)
            continue;
        snprintf(names[n], sizeof names[n], "%.*s", command_name_length(c), c->usage);
        candidates[n] = names[n];
        n++;
    }
    const char *nearest = str_nearest(word, candidates, n);
    if (nearest != NULL)
        return fail(EXIT_USAGE, "no command \"%s\"; did you mean \"%s\"?", word, nearest);
    return fail(EXIT_USAGE, "no command \"%s\"; 'hone help' lists them", word);
}
