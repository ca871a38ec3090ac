/*
 * fuzz_spec.c: any bytes as a study file. What is a study must come back from its stored text as
 * the same study, and give a command; what is none must have a problem.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "spec/spec.h"

static void demand(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct problems problems = {0};
    struct spec *spec = spec_read_text((const char *)data, size, "/lab/study.yaml", &problems);
    demand((spec == NULL) == (problems.n > 0));
    problems_release(&problems);
    if (spec == NULL)
        return 0;

    struct spec *again = spec_read_text(spec->text, strlen(spec->text), "/lab/", &problems);
    demand(again != NULL && strcmp(again->text, spec->text) == 0);
    struct spec_change change = spec_compare(spec, again);
    demand(change.n == 0 && change.allowed);
    spec_change_release(&change);

    for (size_t i = 0; i <= spec->n_start; i++) {
        size_t n = i < spec->n_start ? spec->start[i].n : 0;
        const hone_setting *settings = i < spec->n_start ? spec->start[i].settings : NULL;
        char **words = spec_command(spec, settings, n);
        char *line = spec_command_line(spec, settings, n);
        demand(words != NULL && line != NULL);
        mem_free(words);
        mem_free(line);
    }
    spec_free(again);
    spec_free(spec);
    problems_release(&problems);
    return 0;
}
