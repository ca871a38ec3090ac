/*
 * command.c: from what the person wrote to the words that a trial runs.
 *
 * Words are split by the rules of the POSIX shell (XCU 2.2, 2.6.5) for quotes and backslashes;
 * nothing is expanded. "{lr}" is a placeholder only when lr is a parameter: braces of other
 * programs (awk, JSON) stay as they are, and so does the shell's "${lr}".
 */
#include "spec/read_int.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

#define COMMAND_LIMIT ((size_t)1 << 20)

/* ---- Reading ---- */

/* A word of the shell's language that would do something there and does nothing here. */
static void warn_of_shell(struct reader *r, const struct node *node, char c)
{
    warning(r, node, "command",
            "\"%c\" is passed on as it is, since no shell is run; for a shell, set shell: true", c);
}

/* Copy one word, from *text on, to `out`. @return the text after it, NULL when a quote is open */
static const char *next_word(const char *p, struct buf *out, char *special)
{
    for (; *p != '\0' && strchr(" \t\n", *p) == NULL; p++) {
        if (*p == '\\' && p[1] != '\0') {
            if (*++p != '\n')
                buf_char(out, *p);
        } else if (*p == '\'') {
            size_t len = strcspn(p + 1, "'");
            if (p[1 + len] == '\0')
                return NULL;
            buf_add(out, p + 1, len);
            p += 1 + len;
        } else if (*p == '"') {
            for (p++; *p != '"'; p++) {
                if (*p == '\0')
                    return NULL;
                if (*p == '\\' && p[1] != '\0' && strchr("$`\"\\\n", p[1]) != NULL) {
                    if (*++p == '\n')
                        continue;
                }
                buf_char(out, *p);
            }
        } else {
            if (*special == '\0' && strchr("|&;<>$`", *p) != NULL)
                *special = *p;
            buf_char(out, *p);
        }
    }
    return p;
}

static void split_words(struct reader *r, const struct node *node, json_t *words)
{
    struct buf word;
    buf_init(&word, COMMAND_LIMIT);
    char special = '\0';
    const char *p = node->text + strspn(node->text, " \t\n");
    while (*p != '\0') {
        const char *begin = p;
        buf_clear(&word);
        p = next_word(p, &word, &special);
        if (p == NULL) {
            problem(r, node, "command", "a quote is not closed in %s", quoted(r, begin));
            break;
        }
        if (word.failed || json_array_append_new(words, json_string(word.data)) != 0)
            r->no_memory = true;
        p += strspn(p, " \t\n");
    }
    if (special != '\0')
        warn_of_shell(r, node, special);
    buf_release(&word);
}

void read_command(struct reader *r, const struct node *node)
{
    if (node == NULL)
        return;
    struct spec *spec = r->spec;
    json_t *words = json_array();
    if (node->kind == NODE_MAP || (spec->shell && node->kind != NODE_SCALAR)) {
        problem(r, node, "command", "needs %s, %s",
                spec->shell ? "one text when shell is true" : "a text or a list of words",
                got(r, node));
    } else if (node->kind == NODE_LIST) {
        for (const struct node *item = node->first; item != NULL; item = item->next) {
            if (item->kind != NODE_SCALAR)
                problem(r, item, "command", "a word is a text, %s", got(r, item));
            else if (json_array_append_new(words, json_string(item->text)) != 0)
                r->no_memory = true;
        }
    } else if (!spec->shell) {
        split_words(r, node, words);
    } else if (json_array_append_new(words, json_string(node->text)) != 0) {
        r->no_memory = true;
    }
    size_t n = json_array_size(words);
    const char *first = n > 0 ? json_string_value(json_array_get(words, 0)) : "";
    if (node->kind != NODE_MAP && first[strspn(first, " \t\n")] == '\0' && r->n_problems == 0)
        problem(r, node, "command", "has no word to run");
    spec->command = keep(r, n + 1, sizeof *spec->command);
    for (size_t i = 0; i < n && spec->command != NULL; i++) {
        spec->command[i] = keep_text(r, json_string_value(json_array_get(words, i)));
        if (spec->command[i] == NULL)
            break;
        spec->n_command = i + 1;
    }
    if (spec->shell && n == 1) {
        canonical_set(r, "command", json_incref(json_array_get(words, 0)));
        json_decref(words);
    } else {
        canonical_set(r, "command", words);
    }
}

/* ---- Placeholders ---- */

/* The parameter whose "{NAME}" begins at p, or NULL. `before` is the character before p. */
static const struct parameter *placeholder(const struct spec *spec, const char *p, char before,
                                           size_t *len_out)
{
    if (*p != '{' || (spec->shell && before == '$'))
        return NULL;
    size_t len = strcspn(p + 1, "{}");
    if (p[1 + len] != '}')
        return NULL;
    for (size_t i = 0; i < spec->n_parameters; i++) {
        const char *name = spec->parameters[i].name;
        if (strlen(name) == len && memcmp(name, p + 1, len) == 0) {
            *len_out = len + 2;
            return &spec->parameters[i];
        }
    }
    return NULL;
}

/* A name in braces that is nearly a parameter's is more likely a slip than another program's. */
void check_command(struct reader *r, const struct node *node)
{
    const struct spec *spec = r->spec;
    const char **names = arena_array(&r->scratch, spec->n_parameters, sizeof *names);
    if (node == NULL || names == NULL)
        return;
    for (size_t i = 0; i < spec->n_parameters; i++)
        names[i] = spec->parameters[i].name;
    for (size_t i = 0; i < spec->n_command; i++) {
        const char *word = spec->command[i];
        for (const char *p = strchr(word, '{'); p != NULL; p = strchr(p + 1, '{')) {
            size_t len = strcspn(p + 1, "{}");
            char before = p > word ? p[-1] : '\0';
            if (p[1 + len] != '}' || len == 0 || len > 255 || before == '$' ||
                placeholder(spec, p, before, &len) != NULL)
                continue;
            const char *name = phrase(r, "%.*s", (int)len, p + 1);
            if (str_is_name(name) && str_nearest(name, names, spec->n_parameters) != NULL)
                warning(r, node, "command", "{%s} is no parameter, and is passed on as it is%s",
                        name, hint(r, name, names, spec->n_parameters));
        }
    }
}

static const hone_setting *find_setting(const hone_setting *settings, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

/* "-1.5e-05" as "-0.000015": Python's argparse takes the first form for an option. */
static void add_negative(struct buf *out, const char *text)
{
    const char *e = strstr(text, "e-");
    int64_t exponent;
    if (e == NULL || !str_int64(e + 2, strlen(e + 2), &exponent) || exponent > 20) {
        buf_text(out, text);
        return;
    }
    buf_text(out, "-0.");
    for (int64_t i = 1; i < exponent; i++)
        buf_char(out, '0');
    for (const char *p = text + 1; p < e; p++)
        if (*p != '.')
            buf_char(out, *p);
}

static void add_value(struct buf *out, hone_value value)
{
    char text[32];
    if (value.kind == HONE_VALUE_TEXT) {
        buf_text(out, value.text);
    } else if (value.number == floor(value.number) && fabs(value.number) <= 9007199254740992.0) {
        buf_printf(out, "%lld", (long long)value.number);
    } else {
        str_from_double(text, value.number);
        if (value.number < 0)
            add_negative(out, text);
        else
            buf_text(out, text);
    }
}

static bool is_safe(const char *word)
{
    return word[0] != '\0' &&
           word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "_@%+=:,./-")] == '\0';
}

/* A word as a POSIX shell reads it back. */
static void add_quoted(struct buf *out, const char *word)
{
    if (is_safe(word)) {
        buf_text(out, word);
        return;
    }
    buf_char(out, '\'');
    for (const char *p = word; *p != '\0'; p++) {
        if (*p == '\'')
            buf_text(out, "'\\''");
        else
            buf_char(out, *p);
    }
    buf_char(out, '\'');
}

static void add_value_quoted(struct buf *out, hone_value value)
{
    struct buf text;
    buf_init(&text, COMMAND_LIMIT);
    add_value(&text, value);
    add_quoted(out, text.data);
    out->failed |= text.failed;
    buf_release(&text);
}

/**
 * Copy a word with its placeholders filled in.
 * @param placed  gets true for each parameter that has a placeholder
 * @return false when the word has the placeholder of an inactive parameter (not with a shell)
 */
static bool fill_in(const struct spec *spec, const char *word, const hone_setting *settings,
                    size_t n, struct buf *out, bool *placed)
{
    bool all_active = true;
    size_t len = 1;
    for (const char *p = word; *p != '\0'; p += len) {
        const struct parameter *parameter = placeholder(spec, p, p > word ? p[-1] : '\0', &len);
        if (parameter == NULL) {
            len = 1;
            buf_char(out, *p);
            continue;
        }
        placed[parameter - spec->parameters] = true;
        const hone_setting *setting = find_setting(settings, n, parameter->name);
        if (setting == NULL)
            all_active = false;
        else if (spec->shell)
            add_value_quoted(out, setting->value);
        else
            add_value(out, setting->value);
    }
    return all_active || spec->shell;
}

/* Whether a word is one placeholder and nothing else. */
static bool is_placeholder(const struct spec *spec, const char *word)
{
    size_t len;
    return placeholder(spec, word, '\0', &len) != NULL && word[len] == '\0';
}

static bool is_placed(const struct spec *spec, const bool *placed, const char *name)
{
    for (size_t i = 0; i < spec->n_parameters; i++)
        if (placed[i] && strcmp(spec->parameters[i].name, name) == 0)
            return true;
    return false;
}

/* All words into `out`, each ended by a NUL; returns their number. */
static size_t add_words(const struct spec *spec, const hone_setting *settings, size_t n,
                        struct buf *out, bool *placed)
{
    size_t n_words = 0, last = 0; /* where the last word begins */
    bool last_is_option = false;
    for (size_t i = 0; i < spec->n_command; i++) {
        size_t begin = out->len;
        if (fill_in(spec, spec->command[i], settings, n, out, placed)) {
            buf_char(out, '\0');
            last = begin;
            last_is_option = i > 0 && spec->command[i][0] == '-';
            n_words++;
            continue;
        }
        bool with_option = last_is_option && is_placeholder(spec, spec->command[i]);
        out->len = with_option ? last : begin;
        n_words -= with_option;
        last_is_option = false;
    }
    for (size_t i = 0; i < n; i++) {
        if (is_placed(spec, placed, settings[i].name))
            continue;
        buf_printf(out, "--%s", settings[i].name);
        buf_char(out, '\0');
        add_value(out, settings[i].value);
        buf_char(out, '\0');
        n_words += 2;
    }
    return n_words;
}

/* The text for the shell: placeholders filled in, the other parameters appended to its last line.
 */
static void add_shell_text(const struct spec *spec, const hone_setting *settings, size_t n,
                           struct buf *out, bool *placed)
{
    fill_in(spec, spec->command[0], settings, n, out, placed);
    while (out->len > 0 && strchr(" \t\n", out->data[out->len - 1]) != NULL)
        out->data[--out->len] = '\0';
    for (size_t i = 0; i < n; i++) {
        if (is_placed(spec, placed, settings[i].name))
            continue;
        buf_printf(out, " --%s ", settings[i].name);
        add_value_quoted(out, settings[i].value);
    }
}

/* Texts that follow each other, each ended by a NUL, as an array in one block. */
static char **to_array(const struct buf *texts, size_t n)
{
    if (texts->failed)
        return NULL;
    size_t head = (n + 1) * sizeof(char *);
    char **words = mem_array(head + texts->len + 1, 1);
    if (words == NULL)
        return NULL;
    char *at = (char *)words + head;
    if (texts->len > 0)
        memcpy(at, texts->data, texts->len);
    for (size_t i = 0; i < n; i++) {
        words[i] = at;
        at += strlen(at) + 1;
    }
    return words;
}

char **spec_command(const struct spec *spec, const hone_setting *settings, size_t n_settings)
{
    char **words = NULL;
    size_t n = 0;
    struct buf texts;
    buf_init(&texts, COMMAND_LIMIT);
    bool *placed = mem_array(spec->n_parameters, sizeof *placed);
    if (placed == NULL)
        goto out;
    if (spec->shell) {
        buf_add(&texts, "/bin/sh\0-c\0", 11);
        add_shell_text(spec, settings, n_settings, &texts, placed);
        buf_char(&texts, '\0');
        n = 3;
    } else {
        n = add_words(spec, settings, n_settings, &texts, placed);
    }
    words = to_array(&texts, n);
out:
    mem_free(placed);
    buf_release(&texts);
    return words;
}

char *spec_command_line(const struct spec *spec, const hone_setting *settings, size_t n_settings)
{
    struct buf line;
    buf_init(&line, COMMAND_LIMIT);
    char **words = NULL;
    bool *placed = mem_array(spec->n_parameters, sizeof *placed);
    if (placed == NULL)
        goto out;
    if (spec->shell) {
        add_shell_text(spec, settings, n_settings, &line, placed);
        goto out;
    }
    words = spec_command(spec, settings, n_settings);
    line.failed |= words == NULL;
    for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
        if (i > 0)
            buf_char(&line, ' ');
        add_quoted(&line, words[i]);
    }
out:
    line.failed |= placed == NULL;
    mem_free(placed);
    mem_free(words);
    return buf_take(&line);
}
