/*
 * fuzz_s3_key.c: any text as an object's key: its path stays below the bucket, every name in it is
 * one that a file system takes, and the names give the key again.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "s3/s3_int.h"

static void demand(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf path, again;
    char *key = mem_text_n((const char *)data, size);
    buf_init(&path, PATH_LIMIT);
    buf_init(&again, PATH_LIMIT);
    if (key != NULL && s3_key_ok(key)) {
        demand(key_path(key, &path));
        for (char *rest = path.data; rest != NULL;) {
            bool goes_on, beside;
            char *name = strsep(&rest, "/");
            demand(name[0] != '\0' && strlen(name) < 255);
            demand(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
            demand(key_of_name(name, &again, &goes_on, &beside) && !beside);
            if (rest != NULL && !goes_on)
                buf_char(&again, '/');
        }
        demand(strcmp(again.data, key) == 0);
    }
    buf_release(&path);
    buf_release(&again);
    mem_free(key);
    return 0;
}
