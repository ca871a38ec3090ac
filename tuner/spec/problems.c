/* problems.c: what is wrong with a study, a line each. */
#include "spec/spec.h"

#include <stdarg.h>

#define LINE_MAX 2000

/* A line that finds no memory is lost; the reader's NULL then says that something is wrong. */
static void add(size_t *n, char ***lines, const char *fmt, va_list args) HONE_PRINTF(3, 0);

static void add(size_t *n, char ***lines, const char *fmt, va_list args)
{
    char text[LINE_MAX];
    vsnprintf(text, sizeof text, fmt, args);
    char *copy = mem_text(text);
    char **more = copy != NULL ? mem_resize(*lines, *n + 1, sizeof **lines) : NULL;
    if (more == NULL) {
        mem_free(copy);
        return;
    }
    *lines = more;
    more[(*n)++] = copy;
}

void problems_add(struct problems *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add(&p->n, &p->lines, fmt, args);
    va_end(args);
}

void problems_warn(struct problems *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add(&p->n_warnings, &p->warnings, fmt, args);
    va_end(args);
}

static void release(size_t n, char **lines)
{
    for (size_t i = 0; i < n; i++)
        mem_free(lines[i]);
    mem_free(lines);
}

void problems_release(struct problems *p)
{
    release(p->n, p->lines);
    release(p->n_warnings, p->warnings);
    *p = (struct problems){0};
}

void problems_print(const struct problems *p, const char *what, FILE *to)
{
    for (size_t i = 0; i < p->n_warnings; i++)
        fprintf(to, "hone: warning: %s\n", p->warnings[i]);
    for (size_t i = 0; i < p->n; i++)
        fprintf(to, "%s\n", p->lines[i]);
    if (p->n > 0)
        fprintf(to, "hone: %s: %zu %s\n", what != NULL ? what : "flags", p->n,
                p->n == 1 ? "error" : "errors");
}
