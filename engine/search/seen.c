/*
 * seen.c: a hash table of rows that are equal to a tolerance.
 *
 * A tolerance and a hash do not go together, but nearly all of a row is exact: cells, categories
 * and which parameters are active. These are hashed, and of the continuous coordinates only the
 * first, cut into 2^20 bins; a search looks into two bins when the coordinate is near an edge.
 * Linear probing; a removal shifts the following slots back, so there are no tombstones.
 */
#include "search/seen.h"

#include <math.h>

#include "base/mem.h"

#define BINS 1048576.0

void seen_init(struct seen *seen, const struct hone_space *space)
{
    *seen = (struct seen){.space = space};
}

void seen_release(struct seen *seen)
{
    mem_free(seen->slots);
    seen_init(seen, seen->space);
}

static uint64_t mix(uint64_t hash, uint64_t x)
{
    hash = (hash ^ x) * 0x9E3779B97F4A7C15u;
    return hash ^ (hash >> 32);
}

/* The first continuous coordinate is hashed as if it were `offset` larger. */
static uint64_t hash_of(const struct hone_space *space, const double *row, double offset)
{
    uint64_t hash = 1;
    bool binned = false;
    for (size_t j = 0; j < space->n; j++) {
        uint64_t part = UINT64_MAX;
        if (row[j] >= 0.0 && space->params[j].n_cells > 0) {
            part = space_cell_of(&space->params[j], row[j]);
        } else if (row[j] >= 0.0) {
            part = binned ? 0 : 1 + (uint64_t)floor((row[j] + offset) * BINS + 0.5);
            binned = true;
        }
        hash = mix(hash, part);
    }
    return hash;
}

static void put(struct seen_slot *slots, size_t room, struct seen_slot slot)
{
    size_t i = (size_t)slot.hash & (room - 1);
    while (slots[i].row != NULL)
        i = (i + 1) & (room - 1);
    slots[i] = slot;
}

bool seen_reserve(struct seen *seen, size_t n)
{
    if (2 * n <= seen->room)
        return true;
    size_t room = seen->room > 0 ? seen->room : 32;
    while (room < 2 * n)
        room *= 2;
    struct seen_slot *slots = mem_array(room, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < seen->room; i++)
        if (seen->slots[i].row != NULL)
            put(slots, room, seen->slots[i]);
    mem_free(seen->slots);
    seen->slots = slots;
    seen->room = room;
    return true;
}

void seen_add(struct seen *seen, const double *row)
{
    put(seen->slots, seen->room,
        (struct seen_slot){.hash = hash_of(seen->space, row, 0.0), .row = row});
    seen->n++;
}

void seen_remove(struct seen *seen, const double *row)
{
    size_t mask = seen->room - 1;
    size_t hole = (size_t)hash_of(seen->space, row, 0.0) & mask;
    while (seen->slots[hole].row != row)
        hole = (hole + 1) & mask;
    for (size_t i = (hole + 1) & mask; seen->slots[i].row != NULL; i = (i + 1) & mask) {
        /* A slot may move back to the hole when its home is not after the hole. */
        size_t home = (size_t)seen->slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            seen->slots[hole] = seen->slots[i];
            hole = i;
        }
    }
    seen->slots[hole] = (struct seen_slot){0};
    seen->n--;
}

static bool has_with_hash(const struct seen *seen, const double *row, uint64_t hash)
{
    size_t mask = seen->room - 1;
    for (size_t i = (size_t)hash & mask; seen->slots[i].row != NULL; i = (i + 1) & mask)
        if (seen->slots[i].hash == hash && row_equal(seen->slots[i].row, row, seen->space->n))
            return true;
    return false;
}

bool seen_has(const struct seen *seen, const double *row)
{
    if (seen->n == 0)
        return false;
    uint64_t low = hash_of(seen->space, row, -ROW_EPS), high = hash_of(seen->space, row, ROW_EPS);
    return has_with_hash(seen, row, low) || (high != low && has_with_hash(seen, row, high));
}
