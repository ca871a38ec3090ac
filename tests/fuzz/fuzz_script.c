/* fuzz_script.c: any bytes as a Python script; what `hone init` writes of it must be a study. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "spec/draft.h"
#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct script script;
    hone_error err;
    struct buf out;
    size_t n;
    buf_init(&out, 10 << 20);
    if (script_read((const char *)data, size, &arena, &script, &err) != HONE_OK)
        abort();
    draft_study(&out, "train.py", &script, &n);
    struct problems problems = {0};
    struct spec *spec = spec_read_text(out.data, out.len, "study.yaml", &problems);
    if (spec == NULL) {
        problems_print(&problems, "study.yaml", stderr);
        fputs(out.data, stderr);
        abort();
    }
    spec_free(spec);
    problems_release(&problems);
    buf_release(&out);
    arena_release(&arena);
    return 0;
}
