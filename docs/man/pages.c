/*
 * pages.c: made and run while hone is built: prints the manual pages (mdoc) and the shells'
 * completions from the tables that `hone help` prints too (commands.def, manual.def).
 *
 *     pages man hone         hone(1)
 *     pages man ask_tell     hone-ask-tell(1)
 *     pages bash             completion for bash; also zsh, fish
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct command {
    const char *id, *usage, *summary; /* a heading has a summary only */
};

static const struct command commands[] = {
#define GROUP(title)                {.summary = title},
#define COMMAND(id, usage, summary) {#id, usage, summary},
#include "cli/commands.def"
    {.id = NULL},
};

enum { LINE_WIDTH = 72 };

enum kind { ABOUT, OPTION, EXAMPLE, EXIT };

struct manual {
    enum kind kind;
    const char *id, *head, *text;
};

static const struct manual manual[] = {
#define ABOUT(id, text)         {ABOUT, #id, NULL, text},
#define OPTION(id, flag, text)  {OPTION, #id, flag, text},
#define EXAMPLE(id, line, text) {EXAMPLE, #id, line, text},
#define EXIT(id, code, text)    {EXIT, #id, code, text},
#include "cli/manual.def"
    {.id = NULL},
};

static int name_length(const struct command *c)
{
    return (int)strcspn(c->usage, " ");
}

/* ---- mdoc ---- */

/** One character of text: roff sees a backslash and a hyphen in its own way. */
static void put_char(char c)
{
    if (c == '\\')
        fputs("\\e", stdout);
    else if (c == '-')
        fputs("\\-", stdout);
    else
        putchar(c);
}

/** Words in quotes, so that no macro is seen in them. */
static void put_word(const char *word, size_t len)
{
    putchar('"');
    for (size_t i = 0; i < len; i++) {
        if (word[i] == '"')
            fputs("\\(dq", stdout);
        else
            put_char(word[i]);
    }
    putchar('"');
}

static bool ends_sentence(const char *text)
{
    return strchr(".:?", *text) != NULL && text[1] == ' ' && isupper((unsigned char)text[2]);
}

/** Sentences, each on a line of its own, or on several where it is long. */
static void put_text(const char *text)
{
    int column = 0;
    while (*text != '\0') {
        if (column == 0 && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        if (*text == ' ' && column + 1 + (int)strcspn(text + 1, " ") > LINE_WIDTH) {
            putchar('\n');
            text++;
            column = 0;
            continue;
        }
        bool ends = ends_sentence(text);
        put_char(*text++);
        column++;
        if (ends) {
            putchar('\n');
            text++;
            column = 0;
        }
    }
    putchar('\n');
}

/** "--sort K" as Fl and Ar, "STUDY" as Ar, "--" and small words as they are. */
static void put_words(const char *words, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = 0;
        while (i + n < len && words[i + n] != ' ')
            n++;
        const char *word = words + i;
        if (word[0] == '-' && n > 1 && !(n == 2 && word[1] == '-')) {
            fputs(" Fl ", stdout);
            put_word(word + 1, n - 1);
        } else if (n == 1 && word[0] == '|') {
            fputs(" |", stdout);
        } else if (isupper((unsigned char)word[0])) {
            fputs(" Ar ", stdout);
            put_word(word, n);
        } else {
            fputs(" Cm ", stdout);
            put_word(word, n);
        }
        i += n + (i + n < len);
    }
    putchar('\n');
}

static void put_synopsis(const struct command *c)
{
    printf(".Nm hone\n.Cm %.*s\n", name_length(c), c->usage);
    const char *at = c->usage + name_length(c);
    while (*(at += strspn(at, " ")) != '\0') {
        bool is_optional = *at == '[';
        size_t len = is_optional ? strcspn(at + 1, "]") : strcspn(at, " ");
        fputs(is_optional ? ".Op" : ".", stdout);
        if (!is_optional) {
            /* A macro line begins with the macro itself. */
            fputs(at[0] == '-' && len > 1         ? "Fl "
                  : isupper((unsigned char)at[0]) ? "Ar "
                                                  : "Cm ",
                  stdout);
            put_word(at[0] == '-' && len > 1 ? at + 1 : at,
                     at[0] == '-' && len > 1 ? len - 1 : len);
            putchar('\n');
            at += len;
            continue;
        }
        put_words(at + 1, len);
        at += len + 2;
    }
}

static void put_options(const char *id)
{
    bool any = false;
    for (const struct manual *m = manual; m->id != NULL; m++) {
        if (m->kind != OPTION || strcmp(m->id, id) != 0)
            continue;
        if (!any)
            puts(".Bl -tag -width Ds");
        any = true;
        fputs(".It", stdout);
        put_words(m->head, strlen(m->head));
        put_text(m->text);
    }
    if (any)
        puts(".El");
}

static void put_exits(const char *id)
{
    for (const struct manual *m = manual; m->id != NULL; m++) {
        if (m->kind != EXIT || strcmp(m->id, id) != 0)
            continue;
        printf(".It %s\n", m->head);
        put_text(m->text);
    }
}

static void put_examples(const char *id)
{
    bool any = false;
    for (const struct manual *m = manual; m->id != NULL; m++) {
        if (m->kind != EXAMPLE || strcmp(m->id, id) != 0)
            continue;
        if (!any)
            puts(".Sh EXAMPLES");
        any = true;
        putchar(m->text[0] >= 'a' && m->text[0] <= 'z' ? m->text[0] - 32 : m->text[0]);
        put_text(m->text + 1);
        fputs(".Pp\n.Dl ", stdout);
        for (const char *c = m->head; *c != '\0'; c++) {
            if (*c == '"')
                fputs("\\(dq", stdout);
            else
                put_char(*c);
        }
        puts(m[1].kind == EXAMPLE && m[1].id != NULL && strcmp(m[1].id, id) == 0 ? "\n.Pp" : "");
    }
}

static void put_title(const char *name)
{
    fputs(".\\\" Made from tuner/cli/commands.def and manual.def.\n.Dd November 24, 2026\n.Dt ",
          stdout);
    for (; *name != '\0' && *name != ' '; name++)
        putchar(toupper((unsigned char)*name));
    puts(" 1\n.Os");
}

static void print_command(const struct command *c)
{
    char name[64];
    snprintf(name, sizeof name, "hone-%.*s", name_length(c), c->usage);
    put_title(name);
    printf(".Sh NAME\n.Nm %s\n.Nd ", name);
    put_text(c->summary);
    puts(".Sh SYNOPSIS");
    put_synopsis(c);
    puts(".Sh DESCRIPTION");
    bool first = true;
    for (const struct manual *m = manual; m->id != NULL; m++) {
        if (m->kind != ABOUT || strcmp(m->id, c->id) != 0)
            continue;
        if (!first)
            puts(".Pp");
        put_text(m->text);
        first = false;
    }
    if (first) {
        putchar(toupper((unsigned char)c->summary[0]));
        printf("%s.\n", c->summary + 1);
    }
    put_options(c->id);
    puts(".Pp\nThe options that every command takes are in\n.Xr hone 1 .");
    puts(".Sh EXIT STATUS\n.Bl -tag -width Ds\n.It 0\nDone.");
    put_exits(c->id);
    puts(".It 2\nWrong usage, a wrong study file, or no such study.\n"
         ".It 3\nThe store or the system failed.\n.El");
    put_examples(c->id);
    puts(".Sh SEE ALSO\n.Xr hone 1 ,\n.Xr study.yaml 5");
}

static void print_hone(void)
{
    put_title("hone");
    puts(".Sh NAME\n.Nm hone\n.Nd hyperparameter tuning that a person can own\n"
         ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar argument ...\n.Sh DESCRIPTION");
    for (const struct manual *m = manual; m->id != NULL; m++)
        if (m->kind == ABOUT && strcmp(m->id, "hone") == 0) {
            put_text(m->text);
            puts(".Pp");
        }
    puts("The commands, each with a page of its own, are:");
    bool in_list = false;
    for (const struct command *c = commands; c->summary != NULL; c++) {
        if (c->id == NULL) {
            if (in_list)
                puts(".El");
            in_list = false;
            if (c[1].id == NULL)
                continue;
            printf(".Ss %s\n.Bl -tag -width hone-ask-tell\n", c->summary);
            in_list = true;
            continue;
        }
        printf(".It Xr hone-%.*s 1\n", name_length(c), c->usage);
        put_text(c->summary);
    }
    puts(in_list ? ".El\n.Ss Every command takes" : ".Ss Every command takes");
    put_options("hone");
    puts(".Sh ENVIRONMENT\n.Bl -tag -width Ds\n"
         ".It Ev HONE_STORE\nWhere studies are kept, when\n.Fl \\-store\nis not given.\n"
         ".It Ev NO_COLOR\nWhen it is set and not empty, there are no colours.\n"
         ".It Ev COLUMNS\nThe width of tables where the output is not a terminal.\n"
         ".It Ev XDG_STATE_HOME\nWhere the store goes when the working folder is on a network file "
         "system:\n.Pa $XDG_STATE_HOME/hone ,\nby default\n.Pa ~/.local/state/hone .\n.El\n"
         ".Sh FILES\n.Bl -tag -width Ds\n"
         ".It Pa .hone/hone.db\nThe studies: an SQLite database.\n"
         ".It Pa .hone/studies/NAME/trial-0007/\nA trial:\n.Pa params.json ,\n.Pa checkpoints/ ,\n"
         "and a folder each attempt,\n.Pa attempt-1/ ,\nwith its\n.Pa log\nand what it has written "
         "to\n.Pa model/\nand\n.Pa output/ .\n.El\n"
         ".Sh EXIT STATUS\n.Bl -tag -width Ds\n.It 0\nDone.\n"
         ".It 1\nNothing usable came out: no trial has completed, or a comparison failed.\n"
         ".It 2\nWrong usage, a wrong study file, or no such study.\n"
         ".It 3\nThe store or the system failed, or another tuner is at work on the study.\n"
         ".It 130\nInterrupted; the study can be resumed.\n.El");
    put_examples("hone");
    puts(".Sh SEE ALSO\n.Xr hone 3 ,\n.Xr study.yaml 5");
}

/* ---- Completions ---- */

/** Visit the flags of a command: "-f", "--sort". */
static void each_flag(const char *id, void (*visit)(const char *flag, size_t len, const char *text))
{
    for (const struct manual *m = manual; m->id != NULL; m++)
        if (m->kind == OPTION && strcmp(m->id, id) == 0 && strncmp(m->head, "--KEY", 5) != 0)
            visit(m->head, strcspn(m->head, " "), m->text);
}

static void flag_plain(const char *flag, size_t len, const char *text)
{
    (void)text;
    printf(" %.*s", (int)len, flag);
}

static bool takes_study(const struct command *c)
{
    return strstr(c->usage, "STUDY") != NULL;
}

static void print_bash(void)
{
    puts("# Completion of hone for bash.\n"
         "_hone_studies() { hone list 2>/dev/null | sed '1d;s/ .*//'; }\n"
         "_hone() {\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} options= studies=\n"
         "    if [ \"$COMP_CWORD\" -eq 1 ]; then");
    fputs("        COMPREPLY=($(compgen -W '", stdout);
    for (const struct command *c = commands; c->summary != NULL; c++)
        if (c->id != NULL)
            printf("%.*s ", name_length(c), c->usage);
    puts("' -- \"$word\"))\n        return\n    fi\n    case ${COMP_WORDS[1]} in");
    for (const struct command *c = commands; c->summary != NULL; c++) {
        if (c->id == NULL)
            continue;
        printf("    %.*s) options='", name_length(c), c->usage);
        each_flag(c->id, flag_plain);
        printf("'%s ;;\n", takes_study(c) ? " studies=yes" : "");
    }
    puts("    esac");
    fputs("    options=\"$options", stdout);
    each_flag("hone", flag_plain);
    puts("\"\n"
         "    case $word in\n"
         "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
         "    *)\n"
         "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
         "        [ -z \"$studies\" ] || "
         "COMPREPLY+=($(compgen -W \"$(_hone_studies)\" -- \"$word\"))\n"
         "        ;;\n"
         "    esac\n"
         "}\n"
         "complete -o filenames -F _hone hone");
}

/** The first sentence, fit for single quotes. */
static void put_sentence(const char *text)
{
    for (; *text != '\0' && !(*text == '.' && (text[1] == ' ' || text[1] == '\0')); text++) {
        if (*text == '\'')
            fputs("\\'", stdout);
        else if (*text == '[' || *text == ']' || *text == ':')
            putchar(' ');
        else
            putchar(*text);
    }
}

static void flag_fish(const char *flag, size_t len, const char *text)
{
    printf(flag[1] == '-' ? " -l %.*s" : " -s %.*s", (int)len - (flag[1] == '-' ? 2 : 1),
           flag + (flag[1] == '-' ? 2 : 1));
    printf("%s -d '", flag[len] == ' ' ? " -r" : "");
    put_sentence(text);
    putchar('\'');
}

static const struct command *current;

static void fish_line(const char *flag, size_t len, const char *text)
{
    if (current != NULL)
        printf("complete -c hone -n '__fish_seen_subcommand_from %.*s'", name_length(current),
               current->usage);
    else
        fputs("complete -c hone", stdout);
    flag_fish(flag, len, text);
    putchar('\n');
}

static void print_fish(void)
{
    puts("# Completion of hone for fish.");
    each_flag("hone", fish_line);
    for (current = commands; current->summary != NULL; current++) {
        if (current->id == NULL)
            continue;
        printf("complete -c hone -n __fish_use_subcommand -f -a %.*s -d '", name_length(current),
               current->usage);
        put_sentence(current->summary);
        puts("'");
        each_flag(current->id, fish_line);
        if (takes_study(current))
            printf("complete -c hone -n '__fish_seen_subcommand_from %.*s' "
                   "-a \"(hone list 2>/dev/null | sed '1d;s/ .*//')\"\n",
                   name_length(current), current->usage);
    }
}

static void flag_zsh(const char *flag, size_t len, const char *text)
{
    printf(" \\\n            $'%.*s[", (int)len, flag);
    put_sentence(text);
    printf("]%s'", flag[len] == ' ' ? ":value:_files" : "");
}

static void print_zsh(void)
{
    puts("#compdef hone\n# Completion of hone for zsh.\n"
         "_hone_studies() { compadd -- ${(f)\"$(hone list 2>/dev/null | sed '1d;s/ .*//')\"}; "
         "_files; }\n"
         "_hone() {\n    local -a commands\n    commands=(");
    for (const struct command *c = commands; c->summary != NULL; c++)
        if (c->id != NULL) {
            printf("        $'%.*s:", name_length(c), c->usage);
            put_sentence(c->summary);
            puts("'");
        }
    puts("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n"
         "        return\n    fi\n    case $words[2] in");
    for (const struct command *c = commands; c->summary != NULL; c++) {
        if (c->id == NULL)
            continue;
        printf("        %.*s)\n            _arguments", name_length(c), c->usage);
        each_flag("hone", flag_zsh);
        each_flag(c->id, flag_zsh);
        printf(" \\\n            '*:argument:%s' ;;\n",
               takes_study(c) ? "_hone_studies" : "_files");
    }
    puts("    esac\n}\n_hone \"$@\"");
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "bash") == 0) {
        print_bash();
    } else if (argc == 2 && strcmp(argv[1], "fish") == 0) {
        print_fish();
    } else if (argc == 2 && strcmp(argv[1], "zsh") == 0) {
        print_zsh();
    } else if (argc == 3 && strcmp(argv[1], "man") == 0 && strcmp(argv[2], "hone") == 0) {
        print_hone();
    } else if (argc == 3 && strcmp(argv[1], "man") == 0) {
        const struct command *c = commands;
        while (c->summary != NULL && (c->id == NULL || strcmp(c->id, argv[2]) != 0))
            c++;
        if (c->summary == NULL)
            return 2;
        print_command(c);
    } else {
        fputs("usage: pages man ID | bash | zsh | fish\n", stderr);
        return 2;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
