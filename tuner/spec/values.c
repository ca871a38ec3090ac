/*
 * values.c: from one node to one value, and notes about what is wrong.
 *
 * Notes are kept until the end, since keys are not read in the order of their lines.
 */
#include "spec/read_int.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "io/file.h"
#include "io/json.h"
#include "io/time.h"

#define NOTES_MAX 2000
#define NOTE_MAX  ((size_t)1500)
#define QUOTE_MAX ((size_t)60)

/* ---- Notes ---- */

/* Whether the flag itself already says what the line is about. */
static bool flag_says(const char *flag, const char *subject)
{
    if (flag == NULL)
        return false;
    if (strncmp(flag, "--", 2) != 0 || strcmp(flag, "--") == 0 || strcmp(flag, "--maximize") == 0 ||
        strcmp(flag, "--minimize") == 0)
        return true;
    const char *a = flag + 2, *b = subject;
    while (*a != '\0' && (*a == *b || (*a == '-' && *b == '_'))) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

static void note(struct reader *r, bool is_warning, const struct node *at, const char *subject,
                 const char *text)
{
    if (at == NULL)
        at = r->root;
    r->n_problems += !is_warning;
    if (++r->n_notes > NOTES_MAX)
        return;
    struct buf line;
    buf_init(&line, NOTE_MAX);
    if (at != NULL && at->flag != NULL)
        buf_printf(&line, "%s: ", at->flag);
    else if (r->path != NULL && at != NULL)
        buf_printf(&line, "%s:%d: ", r->path, at->line);
    if (subject != NULL && !(at != NULL && flag_says(at->flag, subject)))
        buf_printf(&line, "%s: ", subject);
    buf_text(&line, text);

    struct note *next = arena_array(&r->scratch, 1, sizeof *next);
    char *copy = arena_array(&r->scratch, line.len + 1, 1);
    if (next == NULL || copy == NULL || line.failed) {
        r->no_memory = true;
    } else {
        memcpy(copy, line.data, line.len);
        *next =
            (struct note){.line = at != NULL ? at->line : 0, .warning = is_warning, .text = copy};
        if (r->last != NULL)
            r->last->next = next;
        else
            r->first = next;
        r->last = next;
    }
    buf_release(&line);
}

#define NOTE(r, is_warning, at, subject, fmt)                                                      \
    do {                                                                                           \
        char text[NOTE_MAX / 2];                                                                   \
        va_list args;                                                                              \
        va_start(args, fmt);                                                                       \
        vsnprintf(text, sizeof text, fmt, args);                                                   \
        va_end(args);                                                                              \
        note(r, is_warning, at, subject, text);                                                    \
    } while (0)

void problem(struct reader *r, const struct node *at, const char *subject, const char *fmt, ...)
{
    NOTE(r, false, at, subject, fmt);
}

void warning(struct reader *r, const struct node *at, const char *subject, const char *fmt, ...)
{
    NOTE(r, true, at, subject, fmt);
}

/* ---- Memory and texts ---- */

void *keep(struct reader *r, size_t n, size_t size)
{
    void *block = arena_array(&r->spec->arena, n, size);
    r->no_memory |= block == NULL;
    return block;
}

char *keep_text(struct reader *r, const char *text)
{
    size_t n = strlen(text);
    char *copy = keep(r, n + 1, 1);
    if (copy != NULL)
        memcpy(copy, text, n);
    return copy;
}

char *keep_path(struct reader *r, const char *path)
{
    if (path == NULL || r->spec->folder == NULL)
        return NULL;
    char *joined = path[0] == '/' ? mem_text(path) : path_join(r->spec->folder, path);
    char *absolute = joined != NULL ? path_absolute(joined) : NULL;
    char *kept = absolute != NULL ? keep_text(r, absolute) : NULL;
    r->no_memory |= kept == NULL;
    mem_free(joined);
    mem_free(absolute);
    return kept;
}

const char *phrase(struct reader *r, const char *fmt, ...)
{
    char text[NOTE_MAX / 2];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    char *copy = arena_array(&r->scratch, len + 1, 1);
    if (copy == NULL) {
        r->no_memory = true;
        return "";
    }
    memcpy(copy, text, len);
    return copy;
}

const char *quoted(struct reader *r, const char *text)
{
    size_t len = strlen(text);
    const char *dots = "";
    if (len > QUOTE_MAX) {
        len = QUOTE_MAX;
        while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
            len--;
        dots = "...";
    }
    char *copy = arena_array(&r->scratch, len + 8, 1);
    if (copy == NULL) {
        r->no_memory = true;
        return "";
    }
    char *p = copy;
    *p++ = '"';
    for (size_t i = 0; i < len; i++)
        *p++ = (unsigned char)text[i] < 0x20 || text[i] == 0x7F ? ' ' : text[i];
    *p++ = '"';
    memcpy(p, dots, strlen(dots));
    return copy;
}

const char *got(struct reader *r, const struct node *node)
{
    if (node->kind == NODE_LIST)
        return "got a list";
    if (node->kind == NODE_MAP)
        return "got a map";
    if (node_is_null(node))
        return "got nothing";
    double x;
    if (node_is_number(node, &x))
        return phrase(r, "got %.60s", node->text);
    return phrase(r, "got %s", quoted(r, node->text));
}

const char *hint(struct reader *r, const char *word, const char *const *known, size_t n)
{
    /* A letter or two are near to too much. */
    const char *near = strlen(word) > 2 ? str_nearest(word, known, n) : NULL;
    return near != NULL ? phrase(r, "; did you mean \"%s\"?", near) : "";
}

void canonical_set(struct reader *r, const char *key, json_t *value)
{
    /* jansson takes a NULL value for a failure. */
    if (json_object_set_new(r->canonical, key, value) != 0)
        r->no_memory = true;
}

void check_keys(struct reader *r, const struct node *map, const char *subject,
                const char *const *known, size_t n)
{
    for (const struct node *entry = map->first; entry != NULL; entry = entry->next) {
        const struct node *same = map->first;
        while (strcmp(same->key, entry->key) != 0)
            same = same->next;
        if (same != entry && entry->flag != NULL)
            problem(r, entry, subject, "key %s stands here twice", quoted(r, entry->key));
        else if (same != entry)
            problem(r, entry, subject, "key %s stands here twice, first in line %d",
                    quoted(r, entry->key), same->line);
        bool is_known = known == NULL;
        for (size_t i = 0; i < n && !is_known; i++)
            is_known = strcmp(known[i], entry->key) == 0;
        if (!is_known)
            problem(r, entry, subject, "unknown key %s%s", quoted(r, entry->key),
                    hint(r, entry->key, known, n));
    }
}

/* ---- Scalars ---- */

const char *read_text(struct reader *r, const struct node *node, const char *subject,
                      const char *needed)
{
    if (node->kind == NODE_SCALAR && !node_is_null(node) && node->text[0] != '\0')
        return node->text;
    problem(r, node, subject, "needs %s, %s", needed, got(r, node));
    return NULL;
}

bool read_number(struct reader *r, const struct node *node, const char *subject, double *out)
{
    double x = 0;
    if (!node_is_number(node, &x) || !isfinite(x)) {
        bool in_quotes = node->kind == NODE_SCALAR && !node->plain && node->text[0] != '\0';
        problem(r, node, subject, "needs a number, %s%s", got(r, node),
                in_quotes ? " in quotes" : "");
        return false;
    }
    *out = x;
    return true;
}

bool read_value(struct reader *r, const struct node *node, const char *subject, hone_value *out)
{
    double x = 0;
    if (node->kind != NODE_SCALAR || node_is_null(node)) {
        problem(r, node, subject, "a value is a number or a text, %s", got(r, node));
        return false;
    }
    if (node_is_number(node, &x)) {
        if (!isfinite(x)) {
            problem(r, node, subject, "a value is a finite number or a text, %s", got(r, node));
            return false;
        }
        *out = HONE_NUMBER(x);
        return true;
    }
    char *text = keep_text(r, node->text);
    if (text == NULL)
        return false;
    *out = HONE_TEXT(text);
    return true;
}

/* "a, b or c" of the words that are available (later = false), or of those that are not. */
static const char *word_list(struct reader *r, const char *words)
{
    struct buf list;
    buf_init(&list, NOTE_MAX);
    const char *cursor = NULL, *word;
    size_t len;
    bool later;
    while ((word = key_next_word(words, &cursor, &len, &later)) != NULL) {
        if (later)
            continue;
        if (list.len > 0)
            buf_text(&list, ", ");
        buf_add(&list, word, len);
    }
    const char *text = phrase(r, "%s", list.data);
    buf_release(&list);
    return text;
}

int read_word(struct reader *r, const struct node *node, const char *subject, const char *words)
{
    const char *cursor = NULL, *word, *near[16];
    size_t len, n = 0;
    bool later;
    if (node->kind != NODE_SCALAR) {
        problem(r, node, subject, "needs one of %s, %s", word_list(r, words), got(r, node));
        return -1;
    }
    for (int i = 0; (word = key_next_word(words, &cursor, &len, &later)) != NULL; i++) {
        const char *copy = phrase(r, "%.*s", (int)len, word);
        if (strcmp(copy, node->text) == 0) {
            if (!later)
                return i;
            problem(r, node, NULL, "%s %s is not available yet; there is: %s", subject,
                    quoted(r, node->text), word_list(r, words));
            return -1;
        }
        if (n < sizeof near / sizeof near[0] && !later)
            near[n++] = copy;
    }
    problem(r, node, subject, "needs one of %s, %s%s", word_list(r, words), got(r, node),
            hint(r, node->text, near, n));
    return -1;
}

static const char *bounds(struct reader *r, const struct key *key)
{
    char lo[32], hi[32];
    str_from_double(lo, key->lo);
    str_from_double(hi, key->hi);
    bool above = key->lo == ABOVE_ZERO;
    if (isinf(key->lo) && isinf(key->hi))
        return "";
    if (isfinite(key->lo) && isinf(key->hi))
        return above ? " more than 0" : phrase(r, " of at least %s", lo);
    if (key->hi >= 9e18)
        return phrase(r, " from %s to 2^63 - 1", lo);
    return above ? phrase(r, " more than 0 and at most %s", hi)
                 : phrase(r, " from %s to %s", lo, hi);
}

static bool within(const struct key *key, double x)
{
    return x >= key->lo && x <= key->hi;
}

static bool whole(const struct node *node, int64_t *out)
{
    double x;
    if (node_is_integer(node))
        return str_int64(node->text + (node->text[0] == '+'),
                         strlen(node->text) - (node->text[0] == '+'), out);
    if (!node_is_number(node, &x) || !(fabs(x) <= 9007199254740992.0) || x != floor(x))
        return false;
    *out = (int64_t)x;
    return true;
}

static bool percent(const struct node *node, double *out)
{
    if (node_is_number(node, out))
        return true;
    size_t len = node->kind == NODE_SCALAR ? strlen(node->text) : 0;
    if (len < 2 || node->text[len - 1] != '%')
        return false;
    len--;
    while (len > 0 && node->text[len - 1] == ' ')
        len--;
    if (!str_double(node->text, len, out))
        return false;
    *out /= 100;
    return true;
}

/* The text of a plain or quoted scalar for the readers of time.h; "" where there is none. */
static const char *scalar_text(const struct node *node)
{
    return node->kind == NODE_SCALAR ? node->text : "";
}

static json_t *json_of_number(double x)
{
    return json_of_value(HONE_NUMBER(x));
}

static const char *needed_of(struct reader *r, const struct key *key)
{
    switch (key->type) {
    case KEY_INT:
    case KEY_COUNT:
        return phrase(r, "a whole number%s", bounds(r, key));
    case KEY_NUMBER:
        return phrase(r, "a number%s", bounds(r, key));
    case KEY_PERCENT:
        return "a share such as 1% or 0.01, more than 0 and at most 1";
    case KEY_DURATION:
        if (key->lo == LEAST_TIME)
            return "a time such as 90s, 20m or 2h, more than 0";
        if (key->hi == MOST_TIME)
            return phrase(r, "a time such as 90s, 20m or 2h, at least %g s", key->lo);
        return phrase(r, "a time such as 90s, 20m or 2h, from %g s to %g h", key->lo,
                      key->hi / 3600);
    case KEY_BYTES:
        return "a size such as 512MiB or 8GiB, at least 1MiB";
    case KEY_BOOL:
        return "true or false";
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
    return "a text";
}

static void later(struct reader *r, const struct key *key, const struct node *node)
{
    if (key->initial != NULL && node->kind == NODE_SCALAR && strcmp(node->text, key->initial) == 0)
        return;
    problem(r, node, NULL, "%s is not available yet; there is: %s", key->path, key->words);
}

/* What a key is called in messages: "strategy" for strategy.name, which a plain value stands for.
 */
static const char *subject_of(struct reader *r, const struct key *key)
{
    const char *leaf = key_leaf(key);
    if (leaf == key->path)
        return key->path;
    const char *section = phrase(r, "%.*s", (int)(leaf - key->path - 1), key->path);
    const struct key *outer = key_find(section);
    bool is_short = outer != NULL && outer->words != NULL && strcmp(outer->words, leaf) == 0;
    return is_short ? section : key->path;
}

void read_key(struct reader *r, const struct key *key, const struct node *node)
{
    void *field = (char *)r->spec + key->field;
    json_t *json = NULL;
    bool fine = false, flag = false;
    int64_t n = 0;
    uint64_t bytes = 0;
    double x = 0;
    int word;
    switch (key->type) {
    case KEY_TEXT:
        fine = node->kind == NODE_SCALAR && !node_is_null(node) && node->text[0] != '\0';
        if (fine) {
            *(char **)field = keep_text(r, node->text);
            json = json_string(node->text);
        }
        break;
    case KEY_BOOL:
        fine = node_is_boolean(node, &flag);
        if (fine) {
            *(bool *)field = flag;
            json = json_boolean(flag);
        }
        break;
    case KEY_INT:
    case KEY_COUNT:
        fine = whole(node, &n) && within(key, (double)n);
        if (fine && key->type == KEY_INT)
            *(int64_t *)field = n;
        else if (fine)
            *(uint64_t *)field = (uint64_t)n;
        if (fine)
            json = json_integer(n);
        break;
    case KEY_NUMBER:
    case KEY_PERCENT:
    case KEY_DURATION:
        fine = key->type == KEY_DURATION  ? duration_parse(scalar_text(node), &x)
               : key->type == KEY_PERCENT ? percent(node, &x)
                                          : node_is_number(node, &x);
        fine = fine && isfinite(x) && within(key, x);
        if (fine) {
            *(double *)field = x;
            json = json_of_number(x);
        }
        break;
    case KEY_BYTES:
        fine = bytes_parse(scalar_text(node), &bytes) && within(key, (double)bytes);
        if (fine) {
            *(uint64_t *)field = bytes;
            json = json_integer((json_int_t)bytes);
        }
        break;
    case KEY_CHOICE:
    case KEY_ENUM:
    case KEY_FLAG:
        word = read_word(r, node, subject_of(r, key), key->words);
        if (word < 0)
            return;
        fine = true;
        if (key->type == KEY_CHOICE)
            *(char **)field = keep_text(r, node->text);
        else if (key->type == KEY_ENUM)
            *(int *)field = word;
        else
            *(bool *)field = word == 1;
        json = json_string(node->text);
        break;
    case KEY_ALIAS:
        read_key(r, key_find(key->words), node);
        return;
    case KEY_LATER:
        later(r, key, node);
        return;
    case KEY_SECTION:
    case KEY_OWN:
    case KEY_DOC:
        return;
    }
    if (!fine) {
        problem(r, node, subject_of(r, key), "needs %s, %s", needed_of(r, key), got(r, node));
        return;
    }
    canonical_set(r, key->path, json);
    if (key->has != 0)
        *((bool *)r->spec + key->has) = true;
}
