/* manual.c: the table of manual.def, and its form for `hone help`. */
#include "cli/manual.h"

#include "report/text.h"

#include <string.h>

const struct manual manual[] = {
#define ABOUT(id, text)         {MANUAL_ABOUT, #id, NULL, text},
#define OPTION(id, flag, text)  {MANUAL_OPTION, #id, flag, text},
#define EXAMPLE(id, line, text) {MANUAL_EXAMPLE, #id, line, text},
#define EXIT(id, code, text)    {MANUAL_EXIT, #id, code, text},
#include "cli/manual.def"
#undef ABOUT
#undef EXIT
#undef OPTION
#undef EXAMPLE
    {.id = NULL},
};

enum { WIDTH = 80, NAME_COLUMN = 12, FLAG_COLUMN = 24 };

/** Print the options of one command, or the global ones ("hone"), under a heading. */
static void print_options(FILE *out, const char *id, const char *heading)
{
    bool first = true;
    for (const struct manual *m = manual; m->id != NULL; m++) {
        if (m->kind != MANUAL_OPTION || strcmp(m->id, id) != 0)
            continue;
        if (first)
            fprintf(out, "\n%s\n", heading);
        first = false;
        int width = (int)strlen(m->head);
        fprintf(out, "  %s", m->head);
        /* A long flag has its text on the next line. */
        if (width > FLAG_COLUMN - 4)
            fprintf(out, "\n%*s", FLAG_COLUMN, "");
        else
            fprintf(out, "%*s", FLAG_COLUMN - 2 - width, "");
        text_wrap(out, m->text, FLAG_COLUMN, WIDTH);
    }
}

/** The exit statuses that mean something special here. */
static void print_exits(FILE *out, const char *id)
{
    bool first = true;
    for (const struct manual *m = manual; m->id != NULL; m++) {
        if (m->kind != MANUAL_EXIT || strcmp(m->id, id) != 0)
            continue;
        fprintf(out, "%s  %-4s", first ? "\nExit status\n" : "", m->head);
        text_wrap(out, m->text, 6, WIDTH);
        first = false;
    }
}

void manual_overview(FILE *out)
{
    fputs("hone: hyperparameter tuning that a person can own\n\n"
          "usage: hone COMMAND [ARGUMENTS]\n",
          out);
    for (const struct command *c = commands; c->summary != NULL; c++) {
        if (c->run == NULL && c[1].run == NULL)
            continue; /* a heading without commands */
        if (c->run == NULL)
            fprintf(out, "\n%s\n", c->summary);
        else
            fprintf(out, "  %-*.*s%s\n", NAME_COLUMN, command_name_length(c), c->usage, c->summary);
    }
    print_options(out, "hone", "Every command takes");
    fputs("\n'hone help COMMAND' explains a command and shows an example.\n", out);
}

void manual_page(FILE *out, const struct command *command)
{
    fprintf(out, "usage: hone %s\n\n%s\n", command->usage, command->summary);
    for (const struct manual *m = manual; m->id != NULL; m++) {
        if (m->kind == MANUAL_ABOUT && strcmp(m->id, command->id) == 0) {
            fputc('\n', out);
            text_wrap(out, m->text, 0, WIDTH);
        }
    }
    print_options(out, command->id, "Options");
    print_exits(out, command->id);
    bool first = true;
    for (const struct manual *m = manual; m->id != NULL; m++) {
        if (m->kind != MANUAL_EXAMPLE || strcmp(m->id, command->id) != 0)
            continue;
        fprintf(out, "%s  %s\n      ", first ? "\nExamples\n" : "", m->head);
        text_wrap(out, m->text, 6, WIDTH);
        first = false;
    }
}
