/* mem.h: the only place that allocates. Every function returns NULL when memory is out; none
 * aborts. */
#ifndef HONE_BASE_MEM_H
#define HONE_BASE_MEM_H

#include <stddef.h>

/** Allocate n * size zeroed bytes; NULL when out of memory or when the product overflows. n = 0
 * gives 1 byte.
 */
void *mem_array(size_t n, size_t size);

/** Grow or shrink an array from mem_array(); new bytes are not zeroed; the old block stays valid on
 * NULL. */
void *mem_resize(void *block, size_t n, size_t size);

/** Free what the functions here gave; NULL does nothing. */
void mem_free(void *block);

/** Copy a text, or its first n bytes. */
char *mem_text(const char *text);
char *mem_text_n(const char *text, size_t n);

/**
 * Fault injection for tests: let the n-th allocation from now fail, and every later one when
 * `sticky`; n = 0 switches it off.
 */
void mem_fail_at(size_t n, int sticky);

/** Scratch memory that is freed in one go. Zero-initialise, then use; blocks are kept by
 * arena_reset(). */
struct arena {
    struct arena_block *first, *current;
    size_t used;
};

/** n * size zeroed bytes, aligned to 64; NULL when out of memory. Lives until reset or release. */
void *arena_array(struct arena *arena, size_t n, size_t size);
void arena_reset(struct arena *arena);
void arena_release(struct arena *arena);

#endif
