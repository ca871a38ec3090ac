/* short.c: "log 1e-5..1e-3" and its like as the map that they stand for. */
#include "spec/short.h"

#include <string.h>

struct shortened {
    struct arena *arena;
    const char *whole; /* for messages */
    int line;
    const char *flag;
    struct node *map;
    hone_error *err;
};

/* A part of the text, without the blanks around it. */
struct part {
    const char *at;
    size_t len;
};

static struct part trimmed(const char *at, size_t len)
{
    while (len > 0 && (*at == ' ' || *at == '\t')) {
        at++;
        len--;
    }
    while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
        len--;
    return (struct part){at, len};
}

/* Where `what` first stands outside of quotes; NULL when nowhere. */
static const char *find(struct part in, const char *what)
{
    size_t n = strlen(what);
    char quote = '\0';
    for (size_t i = 0; i + n <= in.len; i++) {
        char c = in.at[i];
        if (quote == '\0' && memcmp(in.at + i, what, n) == 0)
            return in.at + i;
        if (quote == '\0' && (c == '\'' || c == '"'))
            quote = c;
        else if (c == quote)
            quote = '\0';
    }
    return NULL;
}

static struct part before(struct part in, const char *at)
{
    return trimmed(in.at, (size_t)(at - in.at));
}

static struct part after(struct part in, const char *at, size_t len)
{
    return trimmed(at + len, in.len - (size_t)(at - in.at) - len);
}

static bool no_memory(struct shortened *s)
{
    error_memory(s->err);
    return false;
}

static bool wrong(struct shortened *s, const char *what, struct part part)
{
    error_set(s->err, HONE_EINVAL, "\"%.*s\" %s", (int)(part.len < 60 ? part.len : 60), part.at,
              what);
    return false;
}

static bool add(struct shortened *s, struct node *to, const char *key, struct node *node)
{
    if (node == NULL)
        return no_memory(s);
    node->key = key;
    node_append(to, node);
    return true;
}

static struct node *scalar(struct shortened *s, struct part part)
{
    bool in_quotes = part.len >= 2 && (part.at[0] == '\'' || part.at[0] == '"') &&
                     part.at[part.len - 1] == part.at[0];
    if (in_quotes)
        return node_scalar(s->arena, part.at + 1, part.len - 2, false, s->line, s->flag);
    return node_scalar(s->arena, part.at, part.len, true, s->line, s->flag);
}

static bool add_number(struct shortened *s, const char *key, struct part part)
{
    double x;
    struct node *node = scalar(s, part);
    if (node == NULL)
        return no_memory(s);
    if (!node_is_number(node, &x))
        return wrong(s, "is no number", part);
    return add(s, s->map, key, node);
}

/* "a,b,c" as a list at `key` of `to`. */
static bool add_values(struct shortened *s, struct node *to, const char *key, struct part part)
{
    struct node *list = node_new(s->arena, NODE_LIST, s->line, s->flag);
    if (!add(s, to, key, list))
        return false;
    for (;;) {
        const char *comma = find(part, ",");
        struct part value = comma != NULL ? before(part, comma) : part;
        if (value.len == 0)
            return wrong(s, "has an empty value", trimmed(s->whole, strlen(s->whole)));
        struct node *node = scalar(s, value);
        if (!add(s, list, NULL, node))
            return false;
        if (comma == NULL)
            return true;
        part = after(part, comma, 1);
    }
}

/* "A=1,2 and B=x" */
static bool add_conditions(struct shortened *s, struct part part)
{
    struct node *when = node_new(s->arena, NODE_MAP, s->line, s->flag);
    if (!add(s, s->map, "when", when))
        return false;
    for (;;) {
        const char *and = find(part, " and ");
        struct part one = and != NULL ? before(part, and) : part;
        const char *equals = find(one, "=");
        if (equals == NULL || before(one, equals).len == 0)
            return wrong(s, "is no condition of the form OTHER=VALUE", one);
        struct part name = before(one, equals);
        struct node *key = node_scalar(s->arena, name.at, name.len, true, s->line, s->flag);
        if (key == NULL)
            return no_memory(s);
        if (!add_values(s, when, key->text, after(one, equals, 1)))
            return false;
        if (and == NULL)
            return true;
        part = after(part, and, 5);
    }
}

/* Take "log " or "log:" off the front. */
static bool take_word(struct part *part, const char *word)
{
    size_t n = strlen(word);
    if (part->len <= n || memcmp(part->at, word, n) != 0 ||
        (part->at[n] != ':' && part->at[n] != ' '))
        return false;
    *part = trimmed(part->at + n + 1, part->len - n - 1);
    return true;
}

static bool add_range(struct shortened *s, struct part part)
{
    const char *dots = find(part, ".."), *colon = find(part, ":");
    const char *middle = dots != NULL ? dots : colon;
    size_t width = dots != NULL ? 2 : 1;
    if (middle == NULL)
        return wrong(s,
                     "is no range LOW..HIGH and no list of values (a fixed value belongs into the "
                     "command)",
                     trimmed(s->whole, strlen(s->whole)));
    struct part low = before(part, middle), high = after(part, middle, width), step = {NULL, 0};
    const char *at = find(high, " step ");
    size_t len = at != NULL ? 6 : 1;
    if (at == NULL)
        at = find(high, ":");
    if (at != NULL) {
        step = after(high, at, len);
        high = before(high, at);
    }
    return add_number(s, "min", low) && add_number(s, "max", high) &&
           (step.at == NULL || add_number(s, "step", step));
}

struct node *short_form(struct arena *arena, const char *text, int line, const char *flag,
                        hone_error *err)
{
    static const char *const scales[] = {"log", "reverse-log", "auto", "linear"};
    struct shortened s = {.arena = arena, .whole = text, .line = line, .flag = flag, .err = err};
    struct part part = trimmed(text, strlen(text));
    s.map = node_new(arena, NODE_MAP, line, flag);
    if (s.map == NULL) {
        no_memory(&s);
        return NULL;
    }

    const char *condition = find(part, " if ");
    if (condition != NULL) {
        struct part rest = after(part, condition, 4);
        part = before(part, condition);
        if (!add_conditions(&s, rest))
            return NULL;
    }
    if (take_word(&part, "ordinal")) {
        struct node *type = node_scalar(arena, "ordinal", 7, true, line, flag);
        return add(&s, s.map, "type", type) && add_values(&s, s.map, "values", part) ? s.map : NULL;
    }
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        if (!take_word(&part, scales[i]))
            continue;
        struct node *scale = node_scalar(arena, scales[i], strlen(scales[i]), true, line, flag);
        return add(&s, s.map, "scale", scale) && add_range(&s, part) ? s.map : NULL;
    }
    bool fine =
        find(part, ",") != NULL ? add_values(&s, s.map, "values", part) : add_range(&s, part);
    return fine ? s.map : NULL;
}
