/*
 * where_parse.c: from the text of an expression to a checked tree.
 *
 * Recursive descent, one function a level of precedence. Each function gives the node it made and
 * the node's type; the first problem is kept with its column, and everything then unwinds. Depth,
 * length and size are limited, so that no text can exhaust the stack.
 */
#include "space/where_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

#define MAX_LENGTH 4096
#define MAX_DEPTH  100 /* two for each pair of parentheses */

enum type {
    TYPE_NUMBER,
    TYPE_TEXT,
    TYPE_EITHER, /* a choice with numbers and texts */
    TYPE_CONDITION
};

enum token {
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_TEXT,
    TOKEN_NAME,   /* a name or a word of the language */
    TOKEN_QUOTED, /* a back-quoted name */
    TOKEN_SYMBOL
};

struct parser {
    const struct hone_space *space;
    struct where *where;
    const char *p;      /* unread text */
    enum token token;   /* the next one */
    const char *at;     /* where it starts */
    size_t len;         /* bytes of it; of a text or quoted name: what is inside the quotes */
    const char *inside; /* start of those bytes */
    double number;
    size_t texts_used;
    unsigned depth;
    hone_status status;
    hone_error *err;
};

/* What a parsing function gives back. */
struct part {
    size_t node;
    enum type type;
};

static const struct part nothing = {NO_NODE, TYPE_NUMBER};

static size_t column_of(const struct parser *s, const char *at)
{
    return (size_t)(at - s->where->expression) + 1;
}

static struct part fail_at(struct parser *s, size_t column, const char *fmt, ...) HONE_PRINTF(3, 4);

static struct part fail_at(struct parser *s, size_t column, const char *fmt, ...)
{
    if (s->status != HONE_OK)
        return nothing;
    char text[300];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    /* The end of a long expression says less than the reason. */
    s->status =
        error_set(s->err, HONE_EINVAL, "where \"%.150s%s\", column %zu: %s", s->where->expression,
                  strlen(s->where->expression) > 150 ? "..." : "", column, text);
    return nothing;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void read_number(struct parser *s)
{
    const char *p = s->at;
    while (is_digit(*p) || *p == '.')
        p++;
    if ((*p == 'e' || *p == 'E') &&
        (is_digit(p[1]) || ((p[1] == '+' || p[1] == '-') && is_digit(p[2]))))
        for (p += 2; is_digit(*p); p++)
            ;
    s->token = TOKEN_NUMBER;
    s->len = (size_t)(p - s->at);
    s->p = p;
    if (is_letter(*p) || !str_double(s->at, s->len, &s->number))
        fail_at(s, column_of(s, s->at), "a number is expected, got \"%.*s\"",
                (int)s->len + (is_letter(*p) ? 1 : 0), s->at);
}

static void read_token(struct parser *s)
{
    while (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r')
        s->p++;
    s->at = s->inside = s->p;
    char c = *s->p;
    if (c == '\0') {
        s->token = TOKEN_END;
        s->len = 0;
    } else if (is_digit(c) || (c == '.' && is_digit(s->p[1]))) {
        read_number(s);
    } else if (is_letter(c)) {
        while (is_letter(*s->p) || is_digit(*s->p))
            s->p++;
        s->token = TOKEN_NAME;
        s->len = (size_t)(s->p - s->at);
    } else if (c == '\'' || c == '"' || c == '`') {
        const char *end = strchr(s->p + 1, c);
        s->token = c == '`' ? TOKEN_QUOTED : TOKEN_TEXT;
        if (end == NULL) {
            fail_at(s, column_of(s, s->at), "the quote %c is not closed", c);
            end = s->p + strlen(s->p) - 1;
        }
        s->inside = s->p + 1;
        s->len = end > s->p ? (size_t)(end - s->inside) : 0;
        s->p = end + 1;
    } else {
        static const char *const longer[] = {"==", "!=", "<=", ">=", "**"};
        s->len = 1;
        for (size_t i = 0; i < sizeof longer / sizeof longer[0]; i++)
            if (strncmp(s->p, longer[i], 2) == 0)
                s->len = 2;
        s->token = TOKEN_SYMBOL;
        s->p += s->len;
    }
}

static bool next_is(const struct parser *s, const char *text)
{
    return (s->token == TOKEN_SYMBOL || s->token == TOKEN_NAME) && s->len == strlen(text) &&
           strncmp(s->at, text, s->len) == 0;
}

static bool accept(struct parser *s, const char *text)
{
    if (s->status != HONE_OK || !next_is(s, text))
        return false;
    read_token(s);
    return true;
}

static struct part fail_unexpected(struct parser *s, const char *expected)
{
    if (s->token == TOKEN_END)
        return fail_at(s, column_of(s, s->at), "%s is expected at the end", expected);
    return fail_at(s, column_of(s, s->at), "%s is expected, got \"%.*s\"", expected,
                   (int)(s->p - s->at > 40 ? 40 : s->p - s->at), s->at);
}

static size_t add_node(struct parser *s, struct where_node node)
{
    struct where *where = s->where;
    if (s->status != HONE_OK)
        return NO_NODE;
    if (where->n == where->room) {
        size_t room = where->room > 0 ? 2 * where->room : 16;
        struct where_node *grown = mem_resize(where->nodes, room, sizeof *grown);
        if (grown == NULL) {
            s->status = error_memory(s->err);
            return NO_NODE;
        }
        where->nodes = grown;
        where->room = room;
    }
    where->nodes[where->n] = node;
    return where->n++;
}

static struct part make(struct parser *s, enum where_op op, size_t left, size_t right,
                        size_t column, enum type type)
{
    struct where_node node = {.op = op,
                              .left = left,
                              .right = right,
                              .first = NO_NODE,
                              .next = NO_NODE,
                              .column = column};
    return (struct part){add_node(s, node), type};
}

static size_t part_column(const struct parser *s, struct part part)
{
    return part.node == NO_NODE ? 0 : s->where->nodes[part.node].column;
}

static const char *const type_names[] = {"a number", "a text", "a value that may be a text",
                                         "a condition"};

static bool demand(struct parser *s, struct part part, enum type type, const char *by)
{
    if (s->status != HONE_OK)
        return false;
    if (part.type == type)
        return true;
    fail_at(s, part_column(s, part), "%s needs %s, not %s", by, type_names[type],
            type_names[part.type]);
    return false;
}

static struct part parse_or(struct parser *s);

static enum type type_of(const struct param *p)
{
    bool numbers = false, texts = false;
    if (p->values == NULL)
        return TYPE_NUMBER;
    for (uint64_t i = 0; i < p->n_cells; i++) {
        numbers = numbers || p->values[i].kind == HONE_VALUE_NUMBER;
        texts = texts || p->values[i].kind == HONE_VALUE_TEXT;
    }
    return numbers && texts ? TYPE_EITHER : numbers ? TYPE_NUMBER : TYPE_TEXT;
}

static struct part parse_name(struct parser *s)
{
    size_t column = column_of(s, s->at);
    for (size_t j = 0; j < s->space->n; j++) {
        const struct param *p = &s->space->params[j];
        if (strlen(p->name) != s->len || strncmp(p->name, s->inside, s->len) != 0)
            continue;
        struct part part = make(s, OP_PARAM, NO_NODE, NO_NODE, column, type_of(p));
        if (part.node != NO_NODE)
            s->where->nodes[part.node].param = j;
        read_token(s);
        return part;
    }
    return fail_at(s, column, "\"%.*s\" is no parameter%s", (int)(s->len > 60 ? 60 : s->len),
                   s->inside,
                   s->token == TOKEN_NAME && s->p[0] != '\0' && strchr("-.:", s->p[0]) != NULL
                       ? "; a name with - . or : is written in back quotes"
                       : "");
}

static struct part parse_text(struct parser *s)
{
    struct part part = make(s, OP_TEXT, NO_NODE, NO_NODE, column_of(s, s->at), TYPE_TEXT);
    if (part.node == NO_NODE)
        return nothing;
    /* texts has as many bytes as the expression: a constant and its NUL need less than its quotes.
     */
    char *copy = s->where->texts + s->texts_used;
    memcpy(copy, s->inside, s->len);
    copy[s->len] = '\0';
    s->texts_used += s->len + 1;
    s->where->nodes[part.node].text = copy;
    read_token(s);
    return part;
}

/* "a, b, ..." up to the closing symbol, as a list under `owner`. */
static size_t parse_list(struct parser *s, size_t owner, const char *close,
                         void (*check)(struct parser *, struct part, size_t))
{
    size_t n = 0, last = NO_NODE;
    do {
        struct part element = parse_or(s);
        if (s->status != HONE_OK)
            return 0;
        check(s, element, owner);
        if (last == NO_NODE)
            s->where->nodes[owner].first = element.node;
        else
            s->where->nodes[last].next = element.node;
        last = element.node;
        n++;
    } while (accept(s, ","));
    if (!accept(s, close)) {
        char expected[24];
        snprintf(expected, sizeof expected, "\",\" or \"%s\"", close);
        fail_unexpected(s, expected);
    }
    return n;
}

static void check_argument(struct parser *s, struct part argument, size_t owner)
{
    enum where_op op = s->where->nodes[owner].op;
    demand(s, argument, TYPE_NUMBER, op == OP_MIN ? "min" : op == OP_MAX ? "max" : "abs");
}

static struct part parse_function(struct parser *s, enum where_op op)
{
    size_t column = column_of(s, s->at);
    read_token(s);
    if (!accept(s, "("))
        return fail_unexpected(s, "\"(\"");
    struct part call = make(s, op, NO_NODE, NO_NODE, column, TYPE_NUMBER);
    if (call.node == NO_NODE)
        return nothing;
    size_t n = parse_list(s, call.node, ")", check_argument);
    if (s->status != HONE_OK)
        return nothing;
    if (op == OP_ABS) {
        if (n != 1)
            return fail_at(s, column, "abs takes one argument, got %zu", n);
        s->where->nodes[call.node].left = s->where->nodes[call.node].first;
    }
    return call;
}

static bool is_keyword(const struct parser *s)
{
    return next_is(s, "and") || next_is(s, "or") || next_is(s, "not") || next_is(s, "in");
}

static struct part parse_primary(struct parser *s)
{
    size_t column = column_of(s, s->at);
    if (s->status != HONE_OK)
        return nothing;
    if (s->token == TOKEN_NUMBER) {
        struct part part = make(s, OP_NUMBER, NO_NODE, NO_NODE, column, TYPE_NUMBER);
        if (part.node != NO_NODE)
            s->where->nodes[part.node].number = s->number;
        read_token(s);
        return part;
    }
    if (s->token == TOKEN_TEXT)
        return parse_text(s);
    if (s->token == TOKEN_NAME && *s->p == '(') {
        if (next_is(s, "min"))
            return parse_function(s, OP_MIN);
        if (next_is(s, "max"))
            return parse_function(s, OP_MAX);
        if (next_is(s, "abs"))
            return parse_function(s, OP_ABS);
        if (!is_keyword(s))
            return fail_at(s, column, "\"%.*s\" is no function; there are min, max and abs",
                           (int)(s->len > 60 ? 60 : s->len), s->at);
    }
    if (s->token == TOKEN_QUOTED || (s->token == TOKEN_NAME && !is_keyword(s)))
        return parse_name(s);
    if (accept(s, "(")) {
        struct part part = parse_or(s);
        if (s->status == HONE_OK && !accept(s, ")"))
            return fail_unexpected(s, "\")\"");
        return part;
    }
    return fail_unexpected(s, "a value");
}

static bool enter(struct parser *s)
{
    if (s->depth++ < MAX_DEPTH)
        return true;
    fail_at(s, column_of(s, s->at), "nested too deep");
    return false;
}

static struct part parse_sign(struct parser *s);

static struct part parse_power(struct parser *s)
{
    struct part base = parse_primary(s);
    size_t column = column_of(s, s->at);
    if (!accept(s, "**"))
        return base;
    struct part exponent = parse_sign(s); /* a ** -b, and to the right first */
    if (!demand(s, base, TYPE_NUMBER, "**") || !demand(s, exponent, TYPE_NUMBER, "**"))
        return nothing;
    return make(s, OP_POW, base.node, exponent.node, column, TYPE_NUMBER);
}

static struct part parse_sign(struct parser *s)
{
    if (!enter(s))
        return nothing;
    size_t column = column_of(s, s->at);
    struct part part;
    if (accept(s, "-")) {
        part = parse_sign(s);
        part = demand(s, part, TYPE_NUMBER, "-")
                   ? make(s, OP_MINUS, part.node, NO_NODE, column, TYPE_NUMBER)
                   : nothing;
    } else if (accept(s, "+")) {
        part = parse_sign(s);
        demand(s, part, TYPE_NUMBER, "+");
    } else {
        part = parse_power(s);
    }
    s->depth--;
    return part;
}

struct binary {
    const char *symbol;
    enum where_op op;
};

/* Left-associative operators between numbers. */
static struct part parse_chain(struct parser *s, const struct binary *ops, size_t n,
                               struct part (*operand)(struct parser *))
{
    struct part left = operand(s);
    for (size_t i = 0; i < n && s->status == HONE_OK; i++) {
        size_t column = column_of(s, s->at);
        if (!accept(s, ops[i].symbol))
            continue;
        struct part right = operand(s);
        if (!demand(s, left, TYPE_NUMBER, ops[i].symbol) ||
            !demand(s, right, TYPE_NUMBER, ops[i].symbol))
            return nothing;
        left = make(s, ops[i].op, left.node, right.node, column, TYPE_NUMBER);
        i = (size_t)-1; /* look at all operators again */
    }
    return left;
}

static struct part parse_product(struct parser *s)
{
    static const struct binary ops[] = {{"*", OP_MUL}, {"/", OP_DIV}, {"%", OP_MOD}};
    return parse_chain(s, ops, 3, parse_sign);
}

static struct part parse_sum(struct parser *s)
{
    static const struct binary ops[] = {{"+", OP_ADD}, {"-", OP_SUB}};
    return parse_chain(s, ops, 2, parse_product);
}

/* A comparison with a value that the parameter never has is a typing error in most cases. */
static bool check_listed(struct parser *s, struct part name, struct part constant)
{
    const struct where_node *param = &s->where->nodes[name.node];
    const struct where_node *text = &s->where->nodes[constant.node];
    if (param->op != OP_PARAM || text->op != OP_TEXT)
        return true;
    const struct param *p = &s->space->params[param->param];
    hone_error reason;
    double coordinate;
    if (space_encode(p, HONE_TEXT(text->text), &coordinate, &reason) == HONE_OK)
        return true;
    fail_at(s, text->column, "%s", reason.text);
    return false;
}

static bool check_equal(struct parser *s, struct part a, struct part b)
{
    if (s->status != HONE_OK)
        return false;
    if (a.type == TYPE_CONDITION || b.type == TYPE_CONDITION ||
        (a.type != b.type && a.type != TYPE_EITHER && b.type != TYPE_EITHER)) {
        fail_at(s, part_column(s, b), "%s can't be compared with %s", type_names[a.type],
                type_names[b.type]);
        return false;
    }
    return check_listed(s, a, b) && check_listed(s, b, a);
}

static void check_element(struct parser *s, struct part element, size_t owner)
{
    size_t left = s->where->nodes[owner].left;
    const struct where_node *node = &s->where->nodes[left];
    enum type type = node->op == OP_TEXT    ? TYPE_TEXT
                     : node->op == OP_PARAM ? type_of(&s->space->params[node->param])
                                            : TYPE_NUMBER;
    check_equal(s, (struct part){left, type}, element);
}

static struct part parse_in(struct parser *s, struct part left, size_t column, bool negated)
{
    if (left.type == TYPE_CONDITION)
        return fail_at(s, part_column(s, left), "in needs a value, not a condition");
    if (!accept(s, "["))
        return fail_unexpected(s, "\"[\"");
    struct part in = make(s, OP_IN, left.node, NO_NODE, column, TYPE_CONDITION);
    if (in.node == NO_NODE)
        return nothing;
    parse_list(s, in.node, "]", check_element);
    return negated ? make(s, OP_NOT, in.node, NO_NODE, column, TYPE_CONDITION) : in;
}

static bool accept_comparison(struct parser *s, struct binary *out)
{
    static const struct binary ops[] = {{"==", OP_EQ}, {"!=", OP_NE}, {"<=", OP_LE},
                                        {">=", OP_GE}, {"<", OP_LT},  {">", OP_GT}};
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (!accept(s, ops[i].symbol))
            continue;
        *out = ops[i];
        return true;
    }
    return false;
}

static struct part parse_comparison(struct parser *s)
{
    struct part left = parse_sum(s);
    size_t column = column_of(s, s->at);
    if (s->status != HONE_OK)
        return nothing;
    if (accept(s, "in"))
        return parse_in(s, left, column, false);
    if (accept(s, "not")) {
        if (!accept(s, "in"))
            return fail_unexpected(s, "\"in\"");
        return parse_in(s, left, column, true);
    }
    struct binary op;
    if (!accept_comparison(s, &op)) {
        if (next_is(s, "="))
            return fail_at(s, column, "equality is written ==");
        return left;
    }
    struct part right = parse_sum(s);
    bool ok = op.op == OP_EQ || op.op == OP_NE ? check_equal(s, left, right)
                                               : demand(s, left, TYPE_NUMBER, op.symbol) &&
                                                     demand(s, right, TYPE_NUMBER, op.symbol);
    if (!ok)
        return nothing;
    size_t second = column_of(s, s->at);
    struct binary again;
    if (accept_comparison(s, &again))
        return fail_at(s, second, "comparisons don't chain: write a < b and b < c");
    return make(s, op.op, left.node, right.node, column, TYPE_CONDITION);
}

static struct part parse_not(struct parser *s)
{
    if (!enter(s))
        return nothing;
    size_t column = column_of(s, s->at);
    struct part part;
    if (accept(s, "not")) {
        part = parse_not(s);
        part = demand(s, part, TYPE_CONDITION, "not")
                   ? make(s, OP_NOT, part.node, NO_NODE, column, TYPE_CONDITION)
                   : nothing;
    } else {
        part = parse_comparison(s);
    }
    s->depth--;
    return part;
}

static struct part parse_logic(struct parser *s, const char *word, enum where_op op,
                               struct part (*operand)(struct parser *))
{
    struct part left = operand(s);
    for (;;) {
        size_t column = column_of(s, s->at);
        if (!accept(s, word))
            return left;
        struct part right = operand(s);
        if (!demand(s, left, TYPE_CONDITION, word) || !demand(s, right, TYPE_CONDITION, word))
            return nothing;
        left = make(s, op, left.node, right.node, column, TYPE_CONDITION);
    }
}

static struct part parse_and(struct parser *s)
{
    return parse_logic(s, "and", OP_AND, parse_not);
}

static struct part parse_or(struct parser *s)
{
    return parse_logic(s, "or", OP_OR, parse_and);
}

hone_status where_compile(const struct hone_space *space, const char *expression,
                          struct where **out, hone_error *err)
{
    size_t length = strlen(expression);
    if (length > MAX_LENGTH)
        return error_set(err, HONE_EINVAL, "where: an expression has at most %d bytes, got %zu",
                         MAX_LENGTH, length);
    struct where *where = mem_array(1, sizeof *where);
    if (where == NULL)
        return error_memory(err);
    where->expression = mem_text(expression);
    where->texts = mem_array(length + 1, 1);
    struct parser s = {.space = space, .where = where, .p = where->expression, .err = err};
    if (where->expression == NULL || where->texts == NULL) {
        s.status = error_memory(err);
        goto out;
    }
    read_token(&s);
    struct part whole = parse_or(&s);
    if (s.status == HONE_OK && s.token != TOKEN_END)
        fail_unexpected(&s, "an operator");
    if (s.status == HONE_OK && whole.type != TYPE_CONDITION)
        fail_at(&s, part_column(&s, whole), "the expression is %s, not a condition",
                type_names[whole.type]);
    where->root = whole.node;
out:
    if (s.status != HONE_OK) {
        where_free(where);
        return s.status;
    }
    *out = where;
    return HONE_OK;
}
