/*
 * fuzz.c: runs a fuzz target without libFuzzer: over every file of the corpus, then over random
 * mutations of them. Deterministic, so that a failure comes again.
 *
 *     fuzz_TARGET RUNS CORPUS-FOLDER
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "base/rng.h"

#define MAX_INPUTS  1000
#define INPUT_BYTES 65536

struct input {
    unsigned char *data;
    size_t size;
};

static struct input corpus[MAX_INPUTS];
static size_t n_corpus;

static int read_file(const char *path, struct input *out)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return -1;
    out->data = malloc(INPUT_BYTES);
    if (out->data != NULL)
        out->size = fread(out->data, 1, INPUT_BYTES, file);
    fclose(file);
    return out->data != NULL ? 0 : -1;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((const char *)a, (const char *)b);
}

static int read_corpus(const char *folder)
{
    static char paths[MAX_INPUTS][512];
    DIR *dir = opendir(folder);
    struct dirent *entry;
    if (dir == NULL)
        return -1;
    while ((entry = readdir(dir)) != NULL && n_corpus < MAX_INPUTS)
        if (entry->d_name[0] != '.')
            snprintf(paths[n_corpus++], sizeof paths[0], "%s/%s", folder, entry->d_name);
    closedir(dir);
    qsort(paths, n_corpus, sizeof paths[0], by_name); /* the order of a folder is anybody's */
    for (size_t i = 0; i < n_corpus; i++)
        if (read_file(paths[i], &corpus[i]) != 0)
            return -1;
    return n_corpus > 0 ? 0 : -1;
}

/* Things that parsers trip over. */
static const char *const words[] = {
    "{", "}", "[", "]",       "\"", ":",  ",",  "-1", "1e999", "null",     "\n",
    "0", "#", "'", "\\u0000", "&a", "*a", "- ", "\t", "\xFF",  "\xC3\xA9", "9223372036854775808",
    "  "};

static size_t insert(unsigned char *data, size_t size, size_t at, const void *what, size_t n)
{
    if (size + n > INPUT_BYTES)
        return size;
    memmove(data + at + n, data + at, size - at);
    memcpy(data + at, what, n);
    return size + n;
}

static size_t mutate(struct rng *rng, unsigned char *data, size_t size)
{
    size_t at = (size_t)rng_below(rng, size + 1);
    size_t rest = size - at;
    const struct input *other = &corpus[rng_below(rng, n_corpus)];
    switch (rng_below(rng, 6)) {
    case 0: /* one byte */
        if (rest > 0)
            data[at] = (unsigned char)rng_u32(rng);
        return size;
    case 1: { /* leave something out */
        size_t n = rest > 0 ? (size_t)rng_below(rng, rest < 40 ? rest : 40) : 0;
        memmove(data + at, data + at + n, rest - n);
        return size - n;
    }
    case 2: { /* a word */
        const char *word = words[rng_below(rng, sizeof words / sizeof words[0])];
        return insert(data, size, at, word, strlen(word));
    }
    case 3: { /* say something twice */
        unsigned char copy[200];
        size_t n = rest < sizeof copy ? rest : sizeof copy;
        memcpy(copy, data + at, n);
        return insert(data, size, at, copy, n);
    }
    case 4: { /* a piece of another input */
        size_t from = (size_t)rng_below(rng, other->size + 1), n = other->size - from;
        return insert(data, size, at, other->data + from, n < 300 ? n : 300);
    }
    default: /* the end is missing */
        return at;
    }
}

int main(int argc, char **argv)
{
    long runs = argc == 3 ? strtol(argv[1], NULL, 10) : -1;
    if (runs < 0 || read_corpus(argv[2]) != 0) {
        fprintf(stderr, "usage: %s RUNS CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    for (size_t i = 0; i < n_corpus; i++)
        LLVMFuzzerTestOneInput(corpus[i].data, corpus[i].size);
    static unsigned char data[INPUT_BYTES];
    for (long run = 0; run < runs; run++) {
        struct rng rng;
        rng_init(&rng, 1, RNG_TEST, (uint64_t)run);
        const struct input *start = &corpus[rng_below(&rng, n_corpus)];
        size_t size = start->size;
        memcpy(data, start->data, size);
        for (uint64_t n = 1 + rng_below(&rng, 8); n > 0; n--)
            size = mutate(&rng, data, size);
        LLVMFuzzerTestOneInput(data, size);
    }
    printf("%zu inputs of the corpus, %ld mutations\n", n_corpus, runs);
    return 0;
}
