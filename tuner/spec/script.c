/*
 * script.c: a tolerant reader of Python.
 *
 * It knows Python's words (names, numbers, strings of all kinds, comments, brackets) and nothing of
 * its grammar. So it finds every call `add_argument(...)` with literal arguments, however the file
 * is laid out, and is not bothered by what else the file holds, or by a file that is no Python.
 */
#include "spec/script.h"

#include <string.h>

#include "base/buf.h"
#include "base/str.h"

#define ITEMS_MAX  500
#define TEXT_LIMIT ((size_t)1 << 16)

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_NUMBER, TOKEN_STRING, TOKEN_OTHER };

struct lexer {
    struct arena *arena;
    const char *p, *end;
    enum token_kind kind; /* the current token */
    const char *text;     /* of a name, number or string (decoded); one character otherwise */
    struct script *script;
    struct script_metric **last_metric;
    struct script_option **last_option;
    size_t n_items;
    bool no_memory;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *copy_of(struct lexer *l, const char *text, size_t n)
{
    char *copy = arena_array(l->arena, n + 1, 1);
    if (copy == NULL) {
        l->no_memory = true;
        return "";
    }
    if (n > 0)
        memcpy(copy, text, n);
    return copy;
}

/* ---- Metrics in strings ---- */

static bool is_metric_character(char c)
{
    return (unsigned char)c < 0x80 &&
           (is_letter(c) || is_digit(c) || (c != '\0' && strchr(":./-", c) != NULL));
}

static void add_metric(struct lexer *l, const char *at, size_t len)
{
    while (len > 0 && !is_letter(*at)) { /* "-loss" */
        at++;
        len--;
    }
    if (len == 0 || len > 100 || l->n_items >= ITEMS_MAX)
        return;
    const char *name = copy_of(l, at, len);
    for (const struct script_metric *m = l->script->metrics; m != NULL; m = m->next)
        if (strcmp(m->name, name) == 0)
            return;
    struct script_metric *metric = arena_array(l->arena, 1, sizeof *metric);
    if (metric == NULL) {
        l->no_memory = true;
        return;
    }
    metric->name = name;
    *l->last_metric = metric;
    l->last_metric = &metric->next;
    l->n_items++;
}

/* Find "NAME=" and "NAME: " that stand before a value: "{", "%" or the end of the string. */
static void find_metrics(struct lexer *l, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p != '=' && *p != ':')
            continue;
        const char *value = p + 1 + strspn(p + 1, " ");
        if (*value != '{' && *value != '%' && *value != '\0')
            continue;
        const char *end = p, *begin;
        while (end > text && end[-1] == ' ')
            end--;
        for (begin = end; begin > text && is_metric_character(begin[-1]); begin--)
            ;
        /* "{name}={value}" has no name to be found. */
        if (begin < end && (begin == text || begin[-1] != '{'))
            add_metric(l, begin, (size_t)(end - begin));
    }
}

/* ---- Tokens ---- */

/* Take a string literal whose quote is at l->p into *text. */
static void take_string(struct lexer *l, bool raw, struct buf *text)
{
    char quote = *l->p;
    size_t n = l->end - l->p >= 3 && l->p[1] == quote && l->p[2] == quote ? 3 : 1;
    l->p += n;
    while (l->p < l->end) {
        if (*l->p == quote &&
            (n == 1 || (l->end - l->p >= 3 && l->p[1] == quote && l->p[2] == quote))) {
            l->p += n;
            return;
        }
        if (n == 1 && *l->p == '\n')
            return; /* not closed: the line ends it */
        if (*l->p == '\\' && !raw && l->p + 1 < l->end) {
            l->p++;
            if (*l->p != '\n')
                buf_char(text, *l->p == 'n' ? '\n' : *l->p == 't' ? ' ' : *l->p);
            l->p++;
            continue;
        }
        buf_char(text, *l->p++);
    }
}

static void skip_blanks(struct lexer *l)
{
    while (l->p < l->end) {
        if (*l->p == '#') {
            while (l->p < l->end && *l->p != '\n')
                l->p++;
        } else if (*l->p == '\\' || (*l->p >= '\0' && *l->p <= ' ')) {
            l->p++;
        } else {
            return;
        }
    }
}

/* Whether a string begins here, perhaps after r, b, f or u; *raw_out: with r. */
static bool at_string(const struct lexer *l, size_t *prefix_out, bool *raw_out)
{
    size_t n = 0;
    *raw_out = false;
    while (n < 3 && l->p + n < l->end && l->p[n] != '\0' && strchr("rRbBfFuU", l->p[n]) != NULL) {
        *raw_out |= l->p[n] == 'r' || l->p[n] == 'R';
        n++;
    }
    *prefix_out = n;
    return l->p + n < l->end && (l->p[n] == '"' || l->p[n] == '\'');
}

static void next(struct lexer *l)
{
    size_t prefix;
    bool raw;
    skip_blanks(l);
    if (l->p >= l->end || l->no_memory) {
        l->kind = TOKEN_END;
        l->text = "";
        return;
    }
    const char *start = l->p;
    if (at_string(l, &prefix, &raw)) {
        struct buf text;
        buf_init(&text, TEXT_LIMIT);
        /* Strings that follow each other are one. */
        do {
            l->p += prefix;
            take_string(l, raw, &text);
            skip_blanks(l);
        } while (at_string(l, &prefix, &raw));
        l->kind = TOKEN_STRING;
        l->text = copy_of(l, text.data, text.len);
        buf_release(&text);
        find_metrics(l, l->text);
        return;
    }
    if (is_letter(*l->p)) {
        while (l->p < l->end && (is_letter(*l->p) || is_digit(*l->p)))
            l->p++;
        l->kind = TOKEN_NAME;
    } else if (is_digit(*l->p) || (*l->p == '.' && l->p + 1 < l->end && is_digit(l->p[1]))) {
        while (l->p < l->end &&
               (is_letter(*l->p) || is_digit(*l->p) || *l->p == '.' ||
                ((*l->p == '-' || *l->p == '+') && (l->p[-1] == 'e' || l->p[-1] == 'E'))))
            l->p++;
        l->kind = TOKEN_NUMBER;
    } else {
        l->p++;
        l->kind = TOKEN_OTHER;
    }
    l->text = copy_of(l, start, (size_t)(l->p - start));
}

static bool is(const struct lexer *l, const char *other)
{
    return l->kind == TOKEN_OTHER && strcmp(l->text, other) == 0;
}

/* ---- Arguments ---- */

static bool ends_argument(const struct lexer *l)
{
    return l->kind == TOKEN_END || is(l, ",") || is(l, ")") || is(l, "]") || is(l, "}");
}

static bool opens(const struct lexer *l)
{
    return is(l, "(") || is(l, "[") || is(l, "{");
}

/* Go on to the end of an argument, over whatever brackets it holds. */
static void skip_argument(struct lexer *l)
{
    size_t depth = 0;
    while (l->kind != TOKEN_END && (depth > 0 || !ends_argument(l))) {
        if (opens(l))
            depth++;
        else if (depth > 0 && (is(l, ")") || is(l, "]") || is(l, "}")))
            depth--;
        next(l);
    }
}

/* Python's 1_000 and 1e-3 as a number. */
static bool number_of(const char *text, double *out)
{
    char digits[64];
    size_t n = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '_')
            continue;
        if (n == sizeof digits - 1)
            return false;
        digits[n++] = *p;
    }
    return str_double(digits, n, out);
}

/* A literal, or NONE for any other expression; the lexer ends behind the argument. */
static struct literal read_literal(struct lexer *l)
{
    struct literal out = {.kind = LITERAL_NONE, .text = ""};
    bool negative = is(l, "-");
    if (negative)
        next(l);
    if (l->kind == TOKEN_NUMBER && number_of(l->text, &out.number)) {
        out.kind = LITERAL_NUMBER;
        out.text = l->text;
        if (negative)
            out.number = -out.number;
    } else if (l->kind == TOKEN_STRING && !negative) {
        out = (struct literal){.kind = LITERAL_TEXT, .text = l->text};
    } else if (l->kind == TOKEN_NAME &&
               (strcmp(l->text, "True") == 0 || strcmp(l->text, "False") == 0)) {
        out.kind = l->text[0] == 'T' ? LITERAL_TRUE : LITERAL_FALSE;
        out.text = l->text;
    }
    if (!ends_argument(l))
        next(l);
    if (!ends_argument(l))
        out.kind = LITERAL_NONE; /* an expression that only begins so */
    skip_argument(l);
    return out;
}

/* choices=[...] or (...) */
static void read_choices(struct lexer *l, struct script_option *option)
{
    enum { CHOICES_MAX = 50 };
    if (!is(l, "[") && !is(l, "(")) {
        skip_argument(l);
        return;
    }
    option->n_choices = 0; /* the last of two keywords counts */
    option->choices = arena_array(l->arena, CHOICES_MAX, sizeof *option->choices);
    if (option->choices == NULL) {
        l->no_memory = true;
        return;
    }
    next(l);
    while (l->kind != TOKEN_END && !is(l, "]") && !is(l, ")")) {
        struct literal literal = read_literal(l);
        if (literal.kind != LITERAL_NONE && option->n_choices < CHOICES_MAX)
            option->choices[option->n_choices++] = literal;
        if (is(l, ","))
            next(l);
        else if (is(l, "}"))
            break;
    }
    next(l);
    skip_argument(l);
}

/* type=NAME, also of a module: the last name counts. */
static void read_type(struct lexer *l, struct script_option *option)
{
    const char *name = "";
    while (!ends_argument(l)) {
        if (l->kind == TOKEN_NAME)
            name = l->text;
        if (opens(l))
            skip_argument(l);
        else
            next(l);
    }
    if (strcmp(name, "float") == 0)
        option->type = OPTION_FLOAT;
    else if (strcmp(name, "int") == 0)
        option->type = OPTION_INT;
    option->takes_bool = strcmp(name, "bool") == 0;
}

static void read_action(struct lexer *l, struct script_option *option)
{
    if (l->kind == TOKEN_STRING &&
        (strncmp(l->text, "store_", 6) == 0 || strcmp(l->text, "count") == 0 ||
         strcmp(l->text, "help") == 0 || strcmp(l->text, "version") == 0))
        option->type = OPTION_SWITCH;
    else if (l->kind == TOKEN_STRING && strcmp(l->text, "store") != 0)
        option->takes_many = true;
    for (; !ends_argument(l); next(l))
        if (l->kind == TOKEN_NAME && strcmp(l->text, "BooleanOptionalAction") == 0)
            option->type = OPTION_SWITCH;
}

static void read_keyword(struct lexer *l, const char *keyword, struct script_option *option)
{
    if (strcmp(keyword, "type") == 0) {
        read_type(l, option);
    } else if (strcmp(keyword, "default") == 0) {
        option->initial = read_literal(l);
    } else if (strcmp(keyword, "choices") == 0) {
        read_choices(l, option);
    } else if (strcmp(keyword, "help") == 0) {
        struct literal help = read_literal(l);
        option->help = help.kind == LITERAL_TEXT ? help.text : "";
    } else if (strcmp(keyword, "action") == 0) {
        read_action(l, option);
    } else if (strcmp(keyword, "required") == 0) {
        option->required = read_literal(l).kind == LITERAL_TRUE;
    } else {
        option->takes_many |= strcmp(keyword, "nargs") == 0;
        skip_argument(l);
    }
}

/* The first long form names an option; a name without "-" is a positional argument. */
static void read_name(struct lexer *l, struct script_option *option)
{
    struct literal literal = read_literal(l);
    if (literal.kind != LITERAL_TEXT || literal.text[0] == '\0')
        return;
    if (strncmp(literal.text, "--", 2) == 0) {
        if (option->name == NULL || option->only_short)
            option->name = literal.text + 2;
        option->only_short = false;
    } else if (option->name == NULL) {
        option->only_short = literal.text[0] == '-';
        option->positional = !option->only_short;
        option->name = literal.text + option->only_short;
    }
}

/* The arguments of a call; the lexer is at "(". */
static void read_call(struct lexer *l)
{
    struct script_option *option = arena_array(l->arena, 1, sizeof *option);
    if (option == NULL) {
        l->no_memory = true;
        return;
    }
    *option = (struct script_option){.help = "", .initial = {.text = ""}};
    next(l);
    while (l->kind != TOKEN_END && !is(l, ")")) {
        const char *before = l->p;
        if (l->kind == TOKEN_NAME) {
            const char *keyword = l->text;
            next(l);
            if (is(l, "=")) {
                next(l);
                read_keyword(l, keyword, option);
            } else {
                skip_argument(l);
            }
        } else {
            read_name(l, option);
        }
        /* What closes nothing here is passed over, so that every round goes on. */
        if (is(l, ",") || (l->p == before && !is(l, ")")) || is(l, "]") || is(l, "}"))
            next(l);
    }
    if (option->name == NULL || !str_is_name(option->name) || l->n_items >= ITEMS_MAX)
        return;
    *l->last_option = option;
    l->last_option = &option->next;
    l->n_items++;
}

hone_status script_read(const char *text, size_t len, struct arena *arena, struct script *out,
                        hone_error *err)
{
    *out = (struct script){0};
    struct lexer l = {.arena = arena, .p = text, .end = text + len, .script = out};
    l.last_metric = &out->metrics;
    l.last_option = &out->options;
    next(&l);
    while (l.kind != TOKEN_END) {
        bool call = l.kind == TOKEN_NAME && strcmp(l.text, "add_argument") == 0;
        next(&l);
        if (call && is(&l, "("))
            read_call(&l);
    }
    return l.no_memory ? error_memory(err) : HONE_OK;
}
