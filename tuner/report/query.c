/*
 * query.c: see query.h. The parser writes nodes into one array; a node's operands stand before it.
 * Depth is limited, so that no expression exhausts the stack.
 */
#include "report/query.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

enum { MOST_NODES = 500, DEEPEST = 50 };

enum operation {
    OP_NUMBER,
    OP_TEXT,
    OP_NAME,
    OP_NEGATE,
    OP_ADD,
    OP_SUBTRACT,
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_EQUAL,
    OP_UNEQUAL,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_NOT,
    OP_AND,
    OP_OR
};

struct node {
    enum operation op;
    size_t a, b; /* operands */
    double number;
    char *text; /* TEXT, NAME */
};

struct query {
    size_t n, root;
    struct node nodes[MOST_NODES];
};

struct parser {
    struct query *query;
    const char *start, *at;
    query_knows *knows;
    void *context;
    hone_error *err;
    int depth;
};

static bool fail_at(struct parser *p, const char *expected)
{
    if (*p->at == '\0')
        error_set(p->err, HONE_EINVAL, "%s is missing at the end of \"%s\"", expected, p->start);
    else
        error_set(p->err, HONE_EINVAL, "%s expected at \"%s\"", expected, p->at);
    return false;
}

static bool add_node(struct parser *p, struct node node, size_t *out)
{
    if (p->query->n == MOST_NODES) {
        mem_free(node.text);
        error_set(p->err, HONE_EINVAL, "the expression has more than %d parts", MOST_NODES);
        return false;
    }
    *out = p->query->n;
    p->query->nodes[p->query->n++] = node;
    return true;
}

static void skip_space(struct parser *p)
{
    p->at += strspn(p->at, " \t\n");
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/** Take a sign or a word if it comes next. */
static bool take(struct parser *p, const char *token)
{
    skip_space(p);
    size_t len = strlen(token);
    if (strncmp(p->at, token, len) != 0 || (is_word(token[0]) && is_word(p->at[len])))
        return false;
    p->at += len;
    return true;
}

static bool parse_or(struct parser *p, size_t *out);

/** 'text', "text" or `name`: no escapes. */
static bool parse_quoted(struct parser *p, size_t *out)
{
    char quote = *p->at;
    const char *end = strchr(p->at + 1, quote);
    if (end == NULL) {
        error_set(p->err, HONE_EINVAL, "no closing %c after %s", quote, p->at);
        return false;
    }
    char *text = mem_text_n(p->at + 1, (size_t)(end - p->at - 1));
    if (text == NULL) {
        error_memory(p->err);
        return false;
    }
    p->at = end + 1;
    if (quote == '`' && !p->knows(p->context, text)) {
        error_set(p->err, HONE_EINVAL, "no field \"%s\"", text);
        mem_free(text);
        return false;
    }
    return add_node(p, (struct node){.op = quote == '`' ? OP_NAME : OP_TEXT, .text = text}, out);
}

static bool parse_name(struct parser *p, size_t *out)
{
    size_t len = 0;
    while (is_word(p->at[len]))
        len++;
    char *text = mem_text_n(p->at, len);
    if (text == NULL) {
        error_memory(p->err);
        return false;
    }
    if (!p->knows(p->context, text)) {
        error_set(p->err, HONE_EINVAL, "no field \"%s\" (a text stands in quotes: '%s')", text,
                  text);
        mem_free(text);
        return false;
    }
    p->at += len;
    return add_node(p, (struct node){.op = OP_NAME, .text = text}, out);
}

static bool parse_number(struct parser *p, size_t *out)
{
    size_t len = strspn(p->at, "0123456789.");
    if (p->at[len] == 'e' || p->at[len] == 'E') {
        size_t sign = p->at[len + 1] == '+' || p->at[len + 1] == '-';
        size_t digits = strspn(p->at + len + 1 + sign, "0123456789");
        len += digits > 0 ? 1 + sign + digits : 0;
    }
    double number;
    if (!str_double(p->at, len, &number))
        return fail_at(p, "a number");
    p->at += len;
    return add_node(p, (struct node){.op = OP_NUMBER, .number = number}, out);
}

static bool parse_unary(struct parser *p, size_t *out)
{
    if (take(p, "-")) {
        size_t a;
        if (p->depth++ > DEEPEST)
            return fail_at(p, "something simpler");
        bool good = parse_unary(p, &a);
        p->depth--;
        return good && add_node(p, (struct node){.op = OP_NEGATE, .a = a}, out);
    }
    if (take(p, "("))
        return parse_or(p, out) && (take(p, ")") || fail_at(p, "\")\""));
    skip_space(p);
    if (*p->at == '\'' || *p->at == '"' || *p->at == '`')
        return parse_quoted(p, out);
    if (isdigit((unsigned char)*p->at) || *p->at == '.')
        return parse_number(p, out);
    if (is_word(*p->at))
        return parse_name(p, out);
    return fail_at(p, "a name, number or text");
}

static bool parse_product(struct parser *p, size_t *out)
{
    size_t b;
    bool good = parse_unary(p, out);
    while (good) {
        enum operation op = take(p, "*") ? OP_MULTIPLY : take(p, "/") ? OP_DIVIDE : OP_NUMBER;
        if (op == OP_NUMBER)
            break;
        good = parse_unary(p, &b) && add_node(p, (struct node){.op = op, .a = *out, .b = b}, out);
    }
    return good;
}

static bool parse_sum(struct parser *p, size_t *out)
{
    size_t b;
    bool good = parse_product(p, out);
    while (good) {
        enum operation op = take(p, "+") ? OP_ADD : take(p, "-") ? OP_SUBTRACT : OP_NUMBER;
        if (op == OP_NUMBER)
            break;
        good = parse_product(p, &b) && add_node(p, (struct node){.op = op, .a = *out, .b = b}, out);
    }
    return good;
}

static bool take_compare(struct parser *p, enum operation *out)
{
    static const struct {
        const char *sign;
        enum operation op;
    } signs[] = {{"==", OP_EQUAL},         {"!=", OP_UNEQUAL}, {"<=", OP_LESS_EQUAL},
                 {">=", OP_GREATER_EQUAL}, {"<", OP_LESS},     {">", OP_GREATER},
                 {"=", OP_EQUAL}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (take(p, signs[i].sign)) {
            *out = signs[i].op;
            return true;
        }
    }
    return false;
}

static bool is_truth(enum operation op)
{
    return op >= OP_EQUAL;
}

/* "lr and 3" says nothing; "(lr + 3) * 2 < 1" does, so parentheses alone cannot ask for a truth. */
static bool needs_truth(struct parser *p, size_t node)
{
    return is_truth(p->query->nodes[node].op) || fail_at(p, "a comparison, such as < or ==,");
}

static bool parse_not(struct parser *p, size_t *out)
{
    size_t a, b, pair;
    enum operation op;
    if (take(p, "not")) {
        if (p->depth++ > DEEPEST)
            return fail_at(p, "something simpler");
        bool good = parse_not(p, &a) && needs_truth(p, a);
        p->depth--;
        return good && add_node(p, (struct node){.op = OP_NOT, .a = a}, out);
    }
    if (!parse_sum(p, &a))
        return false;
    *out = a;
    bool first = true;
    while (take_compare(p, &op)) {
        if (!parse_sum(p, &b) || !add_node(p, (struct node){.op = op, .a = a, .b = b}, &pair))
            return false;
        if (!first && !add_node(p, (struct node){.op = OP_AND, .a = *out, .b = pair}, &pair))
            return false;
        *out = pair;
        a = b;
        first = false;
    }
    return true;
}

static bool parse_and(struct parser *p, size_t *out)
{
    size_t b;
    bool good = parse_not(p, out);
    while (good && take(p, "and"))
        good = needs_truth(p, *out) && parse_not(p, &b) && needs_truth(p, b) &&
               add_node(p, (struct node){.op = OP_AND, .a = *out, .b = b}, out);
    return good;
}

static bool parse_or(struct parser *p, size_t *out)
{
    size_t b;
    if (p->depth++ > DEEPEST)
        return fail_at(p, "something simpler");
    bool good = parse_and(p, out);
    while (good && take(p, "or"))
        good = needs_truth(p, *out) && parse_and(p, &b) && needs_truth(p, b) &&
               add_node(p, (struct node){.op = OP_OR, .a = *out, .b = b}, out);
    p->depth--;
    return good;
}

struct query *query_new(const char *expression, query_knows *knows, void *context, hone_error *err)
{
    struct query *query = mem_array(1, sizeof *query);
    if (query == NULL) {
        error_memory(err);
        return NULL;
    }
    struct parser p = {.query = query,
                       .start = expression,
                       .at = expression,
                       .knows = knows,
                       .context = context,
                       .err = err};
    bool good = parse_or(&p, &query->root);
    skip_space(&p);
    if (good && *p.at != '\0')
        good = fail_at(&p, "the end");
    good = good && needs_truth(&p, query->root);
    if (good)
        return query;
    query_free(query);
    return NULL;
}

void query_free(struct query *query)
{
    if (query == NULL)
        return;
    for (size_t i = 0; i < query->n; i++)
        mem_free(query->nodes[i].text);
    mem_free(query);
}

struct evaluation {
    const struct query *query;
    query_lookup *lookup;
    void *context;
};

static struct query_value value_of(const struct evaluation *e, size_t i)
{
    const struct node *node = &e->query->nodes[i];
    if (node->op == OP_NUMBER)
        return (struct query_value){.kind = QUERY_NUMBER, .number = node->number};
    if (node->op == OP_TEXT)
        return (struct query_value){.kind = QUERY_TEXT, .text = node->text};
    if (node->op == OP_NAME)
        return e->lookup(e->context, node->text);
    if (is_truth(node->op))
        return (struct query_value){.kind = QUERY_MISSING};

    struct query_value a = value_of(e, node->a);
    struct query_value b = node->op == OP_NEGATE ? a : value_of(e, node->b);
    if (a.kind != QUERY_NUMBER || b.kind != QUERY_NUMBER)
        return (struct query_value){.kind = QUERY_MISSING};
    double result = node->op == OP_NEGATE     ? -a.number
                    : node->op == OP_ADD      ? a.number + b.number
                    : node->op == OP_SUBTRACT ? a.number - b.number
                    : node->op == OP_MULTIPLY ? a.number * b.number
                                              : a.number / b.number;
    return (struct query_value){.kind = QUERY_NUMBER, .number = result};
}

static bool compare(enum operation op, struct query_value a, struct query_value b)
{
    if (a.kind == QUERY_MISSING || b.kind == QUERY_MISSING)
        return false;
    if (a.kind != b.kind)
        return op == OP_UNEQUAL;
    double d = a.kind == QUERY_NUMBER ? a.number - b.number : (double)strcmp(a.text, b.text);
    if (a.kind == QUERY_NUMBER && a.number == b.number)
        d = 0; /* infinities */
    return op == OP_EQUAL        ? d == 0
           : op == OP_UNEQUAL    ? d != 0
           : op == OP_LESS       ? d < 0
           : op == OP_LESS_EQUAL ? d <= 0
           : op == OP_GREATER    ? d > 0
                                 : d >= 0;
}

static bool holds(const struct evaluation *e, size_t i)
{
    const struct node *node = &e->query->nodes[i];
    if (node->op == OP_NOT)
        return !holds(e, node->a);
    if (node->op == OP_AND)
        return holds(e, node->a) && holds(e, node->b);
    if (node->op == OP_OR)
        return holds(e, node->a) || holds(e, node->b);
    return compare(node->op, value_of(e, node->a), value_of(e, node->b));
}

bool query_holds(const struct query *query, query_lookup *lookup, void *context)
{
    struct evaluation e = {.query = query, .lookup = lookup, .context = context};
    return holds(&e, query->root);
}
