/*
 * mem.c: allocation that fails softly, on demand of a test, and never overflows.
 *
 * An arena is a list of blocks. Allocation moves forward through the list and adds a block, twice
 * as large as the last, only at its end; a reset goes back to the first. So an ask that needs as
 * much as the last one allocates nothing.
 */
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Only tests write these; in a program they stay zero, so that threads share nothing. */
static size_t fail_countdown;
static bool fail_sticky;

void mem_fail_at(size_t n, int sticky)
{
    fail_countdown = n;
    fail_sticky = sticky != 0;
}

static bool must_fail(void)
{
    if (fail_countdown == 0)
        return false;
    if (fail_countdown == 1) {
        if (!fail_sticky)
            fail_countdown = 0;
        return true;
    }
    fail_countdown--;
    return false;
}

static bool total_bytes(size_t n, size_t size, size_t *out)
{
    if (size != 0 && n > PTRDIFF_MAX / size)
        return false;
    *out = n * size > 0 ? n * size : 1;
    return true;
}

void *mem_array(size_t n, size_t size)
{
    size_t bytes;
    if (!total_bytes(n, size, &bytes) || must_fail())
        return NULL;
    return calloc(1, bytes);
}

void *mem_resize(void *block, size_t n, size_t size)
{
    size_t bytes;
    if (!total_bytes(n, size, &bytes) || must_fail())
        return NULL;
    return realloc(block, bytes);
}

void mem_free(void *block)
{
    free(block);
}

char *mem_text_n(const char *text, size_t n)
{
    char *copy = n < SIZE_MAX ? mem_array(n + 1, 1) : NULL;
    if (copy != NULL && n > 0)
        memcpy(copy, text, n);
    return copy;
}

char *mem_text(const char *text)
{
    return mem_text_n(text, strlen(text));
}

#define ARENA_ALIGN 64
#define ARENA_FIRST ((size_t)16 * 1024)

struct arena_block {
    struct arena_block *next;
    size_t size; /* usable bytes from data */
    char *data;  /* aligned */
};

static struct arena_block *block_new(size_t size)
{
    if (size > PTRDIFF_MAX - sizeof(struct arena_block) - ARENA_ALIGN || must_fail())
        return NULL;
    struct arena_block *block = malloc(sizeof *block + ARENA_ALIGN + size);
    if (block == NULL)
        return NULL;
    block->next = NULL;
    block->size = size;
    block->data = (char *)(block + 1);
    block->data += (ARENA_ALIGN - (uintptr_t)block->data % ARENA_ALIGN) % ARENA_ALIGN;
    return block;
}

void *arena_array(struct arena *arena, size_t n, size_t size)
{
    size_t bytes;
    if (!total_bytes(n, size, &bytes) || bytes > PTRDIFF_MAX - ARENA_ALIGN)
        return NULL;
    bytes = (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;

    while (arena->current != NULL && arena->current->size - arena->used < bytes &&
           arena->current->next != NULL) {
        arena->current = arena->current->next;
        arena->used = 0;
    }
    if (arena->current == NULL || arena->current->size - arena->used < bytes) {
        size_t want = arena->current != NULL ? 2 * arena->current->size : ARENA_FIRST;
        struct arena_block *block = block_new(want > bytes ? want : bytes);
        if (block == NULL)
            return NULL;
        if (arena->current != NULL)
            arena->current->next = block;
        else
            arena->first = block;
        arena->current = block;
        arena->used = 0;
    }
    char *out = arena->current->data + arena->used;
    arena->used += bytes;
    memset(out, 0, bytes);
    return out;
}

void arena_reset(struct arena *arena)
{
    arena->current = arena->first;
    arena->used = 0;
}

void arena_release(struct arena *arena)
{
    struct arena_block *block = arena->first;
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct arena){0};
}
