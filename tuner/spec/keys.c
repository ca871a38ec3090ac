/* keys.c: keys.def as an array, and how to find one's way in it. */
#include "spec/keys.h"

#include <math.h>
#include <string.h>

#include "spec/spec.h"

/* No key is held by the arena, which is the first member. */
#define NONE arena

#define KEY(path, type, field, has, lo, hi, initial, words, flags, example, meaning)               \
    {path,                                                                                         \
     type,                                                                                         \
     offsetof(struct spec, field),                                                                 \
     offsetof(struct spec, has),                                                                   \
     lo,                                                                                           \
     hi,                                                                                           \
     initial,                                                                                      \
     words,                                                                                        \
     flags,                                                                                        \
     example,                                                                                      \
     meaning},
const struct key keys[] = {
#include "spec/keys.def"
};
#undef KEY

const size_t n_keys = sizeof keys / sizeof keys[0];

const struct key *key_find(const char *path)
{
    for (size_t i = 0; i < n_keys; i++)
        if (strcmp(keys[i].path, path) == 0)
            return &keys[i];
    return NULL;
}

bool key_is_inside(const struct key *key, const char *section)
{
    size_t len = strlen(section);
    if (len == 0)
        return strchr(key->path, '.') == NULL;
    return strncmp(key->path, section, len) == 0 && key->path[len] == '.';
}

const char *key_leaf(const struct key *key)
{
    const char *point = strrchr(key->path, '.');
    return point != NULL ? point + 1 : key->path;
}

const char *key_next_word(const char *words, const char **cursor, size_t *len_out, bool *later_out)
{
    const char *word = *cursor == NULL ? words : *cursor;
    if (*word == '|')
        word++;
    if (*word == '\0')
        return NULL;
    *later_out = *word == '-';
    if (*later_out)
        word++;
    *len_out = strcspn(word, "|");
    *cursor = word + *len_out;
    return word;
}
