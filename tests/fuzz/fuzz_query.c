/*
 * fuzz_query.c: any text as the expression of `hone trials --where`: it is refused in one line, or
 * it holds or not; its opposite is the opposite.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/query.h"

static bool knows(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "lr") == 0 || strcmp(name, "kind") == 0 || strcmp(name, "gone") == 0;
}

static struct query_value lookup(void *context, const char *name)
{
    (void)context;
    if (strcmp(name, "lr") == 0)
        return (struct query_value){.kind = QUERY_NUMBER, .number = 0.01};
    if (strcmp(name, "kind") == 0)
        return (struct query_value){.kind = QUERY_TEXT, .text = "a b"};
    return (struct query_value){.kind = QUERY_MISSING};
}

static void demand(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_error err = {0};
    char *text = mem_text_n((const char *)data, size);
    char *opposite = mem_array(size + 8, 1);
    demand(text != NULL && opposite != NULL);
    struct query *query = query_new(text, knows, NULL, &err);
    demand(query != NULL || err.text[0] != '\0');
    if (query != NULL) {
        snprintf(opposite, size + 8, "not (%s)", text);
        struct query *other = query_new(opposite, knows, NULL, &err);
        /* The opposite may be too deep or too long, where the text was just not. */
        demand(other == NULL ||
               query_holds(other, lookup, NULL) != query_holds(query, lookup, NULL));
        query_free(other);
    }
    query_free(query);
    mem_free(text);
    mem_free(opposite);
    return 0;
}
