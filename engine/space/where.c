/* where.c: evaluating a compiled expression. The parser has checked the types. */
#include "space/where_int.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/numeric.h"

/* A number (conditions are 0 and 1) or, when text is not NULL, a text. */
struct operand {
    double number;
    const char *text;
};

void where_free(struct where *where)
{
    if (where == NULL)
        return;
    mem_free(where->expression);
    mem_free(where->texts);
    mem_free(where->nodes);
    mem_free(where);
}

const char *where_text(const struct where *where)
{
    return where->expression;
}

bool where_names(const struct where *where, size_t j)
{
    for (size_t i = 0; i < where->n; i++)
        if (where->nodes[i].op == OP_PARAM && where->nodes[i].param == j)
            return true;
    return false;
}

static bool equal(struct operand a, struct operand b)
{
    if (a.text == NULL || b.text == NULL)
        return a.text == b.text && a.number == b.number;
    return strcmp(a.text, b.text) == 0;
}

static double modulo(double a, double b)
{
    double r = fmod(a, b);
    return r != 0.0 && (r < 0.0) != (b < 0.0) ? r + b : r;
}

struct evaluation {
    const struct where *where;
    const struct hone_space *space;
    const double *row;
};

static struct operand evaluate(const struct evaluation *e, size_t index);

static struct operand evaluate_list(const struct evaluation *e, const struct where_node *node)
{
    struct operand out = {0};
    if (node->op == OP_IN) {
        struct operand left = evaluate(e, node->left);
        for (size_t i = node->first; i != NO_NODE && out.number == 0.0; i = e->where->nodes[i].next)
            out.number = equal(left, evaluate(e, i));
        return out;
    }
    out = evaluate(e, node->first);
    for (size_t i = e->where->nodes[node->first].next; i != NO_NODE; i = e->where->nodes[i].next) {
        double x = evaluate(e, i).number;
        if (node->op == OP_MIN ? x < out.number : x > out.number)
            out.number = x;
    }
    return out;
}

static double number_of(const struct evaluation *e, size_t index)
{
    return evaluate(e, index).number;
}

static struct operand value_of_param(const struct evaluation *e, size_t j)
{
    hone_value v = space_decode(&e->space->params[j], e->row[j]);
    if (v.kind == HONE_VALUE_TEXT)
        return (struct operand){.text = v.text};
    return (struct operand){.number = v.number};
}

/* Conditions have no side effects, so `and` and `or` may look at both sides. */
static struct operand evaluate(const struct evaluation *e, size_t index)
{
    const struct where_node *node = &e->where->nodes[index];
    size_t left = node->left, right = node->right;
    struct operand out = {0};
    switch (node->op) {
    case OP_NUMBER:
        out.number = node->number;
        break;
    case OP_TEXT:
        out.text = node->text;
        break;
    case OP_PARAM:
        return value_of_param(e, node->param);
    case OP_IN:
    case OP_MIN:
    case OP_MAX:
        return evaluate_list(e, node);
    case OP_OR:
        out.number = number_of(e, left) != 0.0 || number_of(e, right) != 0.0;
        break;
    case OP_AND:
        out.number = number_of(e, left) != 0.0 && number_of(e, right) != 0.0;
        break;
    case OP_NOT:
        out.number = number_of(e, left) == 0.0;
        break;
    case OP_EQ:
        out.number = equal(evaluate(e, left), evaluate(e, right));
        break;
    case OP_NE:
        out.number = !equal(evaluate(e, left), evaluate(e, right));
        break;
    case OP_LT:
        out.number = number_of(e, left) < number_of(e, right);
        break;
    case OP_LE:
        out.number = number_of(e, left) <= number_of(e, right);
        break;
    case OP_GT:
        out.number = number_of(e, left) > number_of(e, right);
        break;
    case OP_GE:
        out.number = number_of(e, left) >= number_of(e, right);
        break;
    case OP_ADD:
        out.number = number_of(e, left) + number_of(e, right);
        break;
    case OP_SUB:
        out.number = number_of(e, left) - number_of(e, right);
        break;
    case OP_MUL:
        out.number = number_of(e, left) * number_of(e, right);
        break;
    case OP_DIV:
        out.number = number_of(e, left) / number_of(e, right);
        break;
    case OP_MOD:
        out.number = modulo(number_of(e, left), number_of(e, right));
        break;
    case OP_POW:
        out.number = num_pow(number_of(e, left), number_of(e, right));
        break;
    case OP_MINUS:
        out.number = -number_of(e, left);
        break;
    case OP_ABS:
        out.number = fabs(number_of(e, left));
        break;
    }
    return out;
}

bool where_holds(const struct where *where, const struct hone_space *space, const double *row)
{
    for (size_t i = 0; i < where->n; i++)
        if (where->nodes[i].op == OP_PARAM && row[where->nodes[i].param] < 0.0)
            return true;
    struct evaluation e = {.where = where, .space = space, .row = row};
    return evaluate(&e, where->root).number != 0.0;
}
