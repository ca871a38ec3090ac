/* fuzz_flags.c: any lines as the words of `hone run`, with and without a file below them. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "spec/spec.h"

#define WORDS_MAX 200

static void demand(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_text_n((const char *)data, size), *argv[WORDS_MAX], first[] = "run";
    int argc = 0;
    argv[argc++] = first;
    for (char *at = text; at != NULL && argc < WORDS_MAX;) {
        argv[argc++] = at;
        at = strchr(at, '\n');
        if (at != NULL)
            *at++ = '\0';
    }
    struct problems problems = {0};
    struct spec *spec = spec_read_flags(argc, argv, &problems);
    demand((spec == NULL) == (problems.n > 0));
    problems_release(&problems);
    if (spec != NULL) {
        struct spec *again =
            spec_read_text(spec->text, strlen(spec->text), spec->folder, &problems);
        demand(again != NULL && strcmp(again->text, spec->text) == 0);
        spec_free(again);
        problems_release(&problems);
    }
    spec_free(spec);
    mem_free(text);
    return 0;
}
