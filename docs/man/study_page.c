/*
 * study_page.c: made and run while hone is built: prints study.yaml(5) from keys.def, the table
 * that the reader itself goes by.
 */
#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "spec/keys.h"

struct row {
    const char *path;
    enum key_type type;
    double lo, hi;
    const char *initial, *words;
    unsigned flags;
    const char *example, *meaning;
};

static const struct row rows[] = {
#define KEY(path, type, field, has, lo, hi, initial, words, flags, example, meaning)               \
    {path, type, lo, hi, initial, words, flags, example, meaning},
#include "spec/keys.def"
#undef KEY
};

/* One character as mdoc takes it. */
static void put_char(char c)
{
    if (c == '\\')
        fputs("\\e", stdout);
    else if (c == '-')
        fputs("\\-", stdout);
    else if (c == '"')
        fputs("\\(dq", stdout);
    else
        putchar(c);
}

/* A macro's argument. */
static void put_word(const char *word)
{
    putchar('"');
    for (; *word != '\0'; word++)
        put_char(*word);
    putchar('"');
}

/* Sentences, each on a line of its own. */
static void put_text(const char *text)
{
    bool begins = true;
    for (; *text != '\0'; text++) {
        if (begins && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        begins = false;
        put_char(*text);
        if (strchr(".:?", *text) != NULL && text[1] == ' ' &&
            (isupper((unsigned char)text[2]) || text[2] == '{')) {
            putchar('\n');
            text++;
            begins = true;
        }
    }
    putchar('\n');
}

static const char *type_text(enum key_type type)
{
    switch (type) {
    case KEY_BOOL:
        return "True or false.";
    case KEY_INT:
    case KEY_COUNT:
        return "A whole number";
    case KEY_NUMBER:
        return "A number";
    case KEY_PERCENT:
        return "A share, as 1% or 0.01";
    case KEY_DURATION:
        return "A time: seconds, or with units as 250ms, 90s, 20m, 1h30m, 2d";
    case KEY_BYTES:
        return "A size: bytes, or with a unit as 512MiB, 8GiB";
    case KEY_TEXT:
    case KEY_CHOICE:
    case KEY_ENUM:
    case KEY_FLAG:
    case KEY_SECTION:
    case KEY_OWN:
    case KEY_DOC:
    case KEY_ALIAS:
    case KEY_LATER:
        break;
    }
    return "";
}

/* "A whole number from 1 to 10000." */
static void put_type(const struct row *row)
{
    const char *type = type_text(row->type);
    if (row->type == KEY_BOOL) {
        puts(type);
    } else if (type[0] != '\0') {
        fputs(type, stdout);
        if (row->type == KEY_DURATION || row->type == KEY_BYTES || row->type == KEY_PERCENT)
            puts(".");
        else if (isinf(row->lo))
            puts(".");
        else if (isinf(row->hi))
            puts(row->lo == ABOVE_ZERO ? " more than 0." : " of at least 0.");
        else if (row->hi >= 9e18)
            puts(" from 0 to 2^63 \\- 1.");
        else
            printf(" from %.0f to %.0f.\n", row->lo, row->hi);
    }
}

/* "One of a, b, c; not available yet: d." */
static void put_words(const struct row *row)
{
    if (row->words == NULL || row->type == KEY_SECTION || row->type == KEY_ALIAS ||
        row->type == KEY_LATER)
        return;
    for (int later = 0; later < 2; later++) {
        const char *separator = later ? "Not available yet: " : "One of ";
        bool any = false;
        for (const char *word = row->words; *word != '\0'; word += *word == '|') {
            size_t len = strcspn(word, "|");
            if ((*word == '-') == (later == 1)) {
                printf("%s", separator);
                for (size_t i = (size_t)later; i < len; i++)
                    put_char(word[i]);
                separator = ", ";
                any = true;
            }
            word += len;
        }
        if (any)
            puts(".");
    }
}

static void put_key(const struct row *row)
{
    printf(".It Ic ");
    put_word(row->path);
    putchar('\n');
    put_text(row->meaning);
    put_type(row);
    put_words(row);
    if (row->type == KEY_LATER) {
        fputs("Not available yet; there is: ", stdout);
        for (const char *p = row->words; *p != '\0'; p++)
            put_char(*p);
        puts(".");
        return;
    }
    if ((row->flags & KEY_REQUIRED) != 0)
        puts("Required.");
    if (row->initial != NULL) {
        printf("Default:\n.Li \\&");
        for (const char *p = row->initial; *p != '\0'; p++)
            put_char(*p);
        puts(" .");
    }
    if ((row->flags & KEY_MAY_CHANGE) != 0)
        puts("May be changed when a study goes on.");
    printf("Example:\n.Dl ");
    const char *point = strrchr(row->path, '.');
    for (const char *p = point != NULL ? point + 1 : row->path; *p != '\0'; p++)
        put_char(*p);
    fputs(": ", stdout);
    for (const char *p = row->example; *p != '\0'; p++)
        put_char(*p);
    putchar('\n');
}

/* clang-format off */
static const char head[] =
    ".\\\" Made from tuner/spec/keys.def.\n"
    ".Dd November 24, 2026\n"
    ".Dt STUDY.YAML 5\n"
    ".Os hone\n"
    ".Sh NAME\n"
    ".Nm study.yaml\n"
    ".Nd what hone runs, varies and makes large or small\n"
    ".Sh DESCRIPTION\n"
    "A study file is YAML 1.2.\n"
    "It names the command of a trial, the parameters that are varied, and the objective.\n"
    ".Bd -literal -offset indent\n"
    "command: python3 train.py\n"
    "objective: {metric: val:accuracy, goal: maximize}\n"
    "parameters:\n"
    "  lr: log 1e\\-5..1e\\-1\n"
    "  batch_size: [16, 32, 64]\n"
    "max_trials: 20\n"
    ".Ed\n"
    ".Pp\n"
    "All mistakes in a file are shown at once, a line each, with the file's name and the line.\n"
    "Unknown keys are mistakes.\n"
    ".Ic \"hone init\"\n"
    "writes a first file,\n"
    ".Ic \"hone check\"\n"
    "looks for mistakes, and\n"
    ".Ic \"hone schema\"\n"
    "prints a JSON Schema with which editors complete and check.\n"
    ".Pp\n"
    "Each key is an option of\n"
    ".Ic \"hone run\"\n"
    "too, with or without a file:\n"
    ".Fl \\-max-trials Ar 40 ,\n"
    ".Fl \\-limits.trial-time Ar 2h .\n"
    "A value that is a map or a list is written as in YAML, in braces or brackets.\n"
    ".Pp\n"
    "Values are typed as YAML's core schema has it: 1 and 1e\\-5 are numbers, '1' is a text,\n"
    "true and false are booleans; yes, no, on and off are texts.\n"
    "Anchors and aliases work; tags do not.\n"
    "A file has at most 1 MiB.\n"
    ".Sh KEYS\n"
    "A key with a point stands inside of a map:\n"
    ".Ic limits.grace\n"
    "is the key\n"
    ".Ic grace\n"
    "of the map\n"
    ".Ic limits .\n"
    "The keys of\n"
    ".Ic parameters\n"
    "are those of each parameter's long form.\n"
    "All of them exist since hone 0.1.\n"
    ".Bl -tag -width Ds\n";

static const char tail[] =
    ".El\n"
    ".Sh SHORT FORMS OF PARAMETERS\n"
    "In a file and after\n"
    ".Fl p Ar NAME Ns =\n"
    "a parameter can be written as\n"
    ".Bl -tag -width Ds\n"
    ".It Li 1..12\n"
    "an int, since both are written as whole numbers;\n"
    ".It Li 0..1.0\n"
    "a float;\n"
    ".It Li log 1e\\-5..1e\\-3\n"
    "on a scale: log, reverse\\-log or auto;\n"
    ".It Li 0..100 step 5\n"
    "with a step;\n"
    ".It Li sgd,adam\n"
    "a choice, in a file also as the list [sgd, adam];\n"
    ".It Li ordinal: 64,128,256\n"
    "ordered values;\n"
    ".It Li 0.1..0.5 if use_dropout=True\n"
    "with a condition; several are joined by\n"
    ".Dq and ,\n"
    "several values of one by commas.\n"
    ".El\n"
    ".Pp\n"
    "On the command line the points may be a colon: log:1e\\-5:1e\\-3, 0:100:5.\n"
    ".Sh SEE ALSO\n"
    ".Xr hone 1 ,\n"
    ".Xr hone-check 1 ,\n"
    ".Xr hone-init 1 ,\n"
    ".Xr hone-run 1\n";
/* clang-format on */

int main(void)
{
    fputs(head, stdout);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        put_key(&rows[i]);
    fputs(tail, stdout);
    return fflush(stdout) == 0 ? 0 : 1;
}
