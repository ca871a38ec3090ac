/* pattern.c: regular expressions under limits; pattern.h says which and why. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "exec/pattern.h"

#include <pcre2.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"

static const uint32_t MATCH_LIMIT = 10000; /* (a+)+b on 64 kB: 0.1 ms; worse forms: 10 ms */
static const uint32_t TIGHT_LIMIT = 500;
static const double LINE_S = 0.01, TIGHT_LINE_S = 0.001; /* for a long line */
enum { SHORT_LINE = 4096, FIRST_STARTS = 16 };           /* starts at a time on longer lines, */
static const double CHEAP_S = 0.0005;                    /* doubled as long as that was cheap */
static const uint32_t DEPTH_LIMIT = 10000;               /* without JIT only */
static const uint32_t HEAP_LIMIT_KIB = 8192;             /* likewise */
static const size_t JIT_STACK_MIN = 1u << 15, JIT_STACK_MAX = 1u << 20;

struct pattern {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

struct pattern *pattern_new(const char *text, const char *what, hone_error *err)
{
    int reason;
    PCRE2_SIZE at;
    uint32_t groups = 0;
    struct pattern *p = mem_array(1, sizeof *p);
    if (p == NULL)
        goto no_memory;
    p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                            PCRE2_NEVER_UTF | PCRE2_USE_OFFSET_LIMIT, &reason, &at, NULL);
    if (p->code == NULL) {
        PCRE2_UCHAR words[200];
        pcre2_get_error_message(reason, words, sizeof words);
        error_set(err, HONE_EINVAL, "%s: %s at offset %zu of %s", what, (char *)words, at, text);
        goto fail;
    }
    pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    if (groups == 0) {
        error_set(err, HONE_EINVAL, "%s: no group around the number, as in loss=([0-9.]+), in %s",
                  what, text);
        goto fail;
    }
    pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE); /* where there is none, it works without */
    p->data = pcre2_match_data_create_from_pattern(p->code, NULL);
    p->context = pcre2_match_context_create(NULL);
    p->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
    if (p->data == NULL || p->context == NULL)
        goto no_memory;
    pcre2_set_depth_limit(p->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(p->context, HEAP_LIMIT_KIB);
    pcre2_jit_stack_assign(p->context, NULL, p->stack);
    return p;
no_memory:
    error_memory(err);
fail:
    pattern_free(p);
    return NULL;
}

void pattern_free(struct pattern *p)
{
    if (p == NULL)
        return;
    pcre2_match_data_free(p->data);
    pcre2_match_context_free(p->context);
    pcre2_jit_stack_free(p->stack);
    pcre2_code_free(p->code);
    mem_free(p);
}

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Search a long line some starts at a time. Returns as pcre2_match(). */
static int match_long(struct pattern *p, const char *line, size_t len, double budget_s)
{
    int n = PCRE2_ERROR_NOMATCH;
    double used = 0.0;
    size_t start = 0, starts = FIRST_STARTS;
    while (start <= len && n == PCRE2_ERROR_NOMATCH) {
        if (used > budget_s)
            return PCRE2_ERROR_MATCHLIMIT;
        double began = cpu_s();
        pcre2_set_offset_limit(p->context, start + starts - 1);
        n = pcre2_match(p->code, (PCRE2_SPTR)line, len, start, 0, p->data, p->context);
        double took = cpu_s() - began;
        used += took;
        start += starts;
        starts *= took < CHEAP_S ? 2 : 1;
    }
    return n;
}

enum pattern_end pattern_search(struct pattern *p, const char *line, size_t len, bool tight,
                                size_t *at, size_t *n)
{
    int end;
    pcre2_set_match_limit(p->context, tight ? TIGHT_LIMIT : MATCH_LIMIT);
    if (len > SHORT_LINE) {
        end = match_long(p, line, len, tight ? TIGHT_LINE_S : LINE_S);
    } else {
        pcre2_set_offset_limit(p->context, PCRE2_UNSET);
        end = pcre2_match(p->code, (PCRE2_SPTR)line, len, 0, 0, p->data, p->context);
    }
    if (end < 0)
        return end == PCRE2_ERROR_NOMATCH ? PATTERN_NONE : PATTERN_LIMIT;
    const PCRE2_SIZE *groups = pcre2_get_ovector_pointer(p->data);
    for (int i = 1; i < end; i++) { /* in a=(.)|b=(.) the second may be the first that matched */
        if (groups[2 * i] == PCRE2_UNSET)
            continue;
        *at = groups[2 * i];
        *n = groups[2 * i + 1] - groups[2 * i];
        return PATTERN_FOUND;
    }
    return PATTERN_NONE;
}
