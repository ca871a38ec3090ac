/* gpus.c: the machine's GPUs; gpus.h says where they are known from. */
#include "exec/gpus.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "io/command.h"
#include "io/file.h"

enum { MOST_BYTES = 1 << 16 };

struct inventory {
    struct gpu gpus[GPUS_MAX]; /* by index */
    char indices[GPUS_MAX][8];
    size_t n;
};

/* What nvidia-smi prints; nothing where it is not there or fails. */
static void ask_driver(struct buf *text)
{
    static const double LIMIT_S = 60.0; /* a driver that hangs has no GPUs to give */
    const char *argv[] = {"nvidia-smi", "--query-gpu=index,uuid,memory.total",
                          "--format=csv,noheader,nounits", NULL};
    int code = -1;
    if (command_run(argv, LIMIT_S, text, NULL, &code, NULL) != HONE_OK || code != 0)
        buf_clear(text);
}

/* Copy the field that begins at *at, without the spaces around it; *at moves behind its comma. */
static void take_field(const char **at, const char *end, char *out, size_t size)
{
    const char *from = *at, *comma = memchr(from, ',', (size_t)(end - from));
    const char *to = comma != NULL ? comma : end;
    *at = comma != NULL ? comma + 1 : end;
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r'))
        to--;
    snprintf(out, size, "%.*s", (int)(to - from), from);
}

static void read_inventory(const char *text, struct inventory *all)
{
    all->n = 0;
    while (*text != '\0' && all->n < GPUS_MAX) {
        const char *end = text + strcspn(text, "\n"), *at = text;
        struct gpu *gpu = &all->gpus[all->n];
        char *index = all->indices[all->n];
        take_field(&at, end, index, sizeof all->indices[0]);
        take_field(&at, end, gpu->name, sizeof gpu->name);
        if (gpu->name[0] == '\0')
            memcpy(gpu->name, index, sizeof all->indices[0]);
        all->n += index[0] != '\0';
        text = end + (*end == '\n');
    }
}

/* The GPU that an entry of CUDA_VISIBLE_DEVICES names: an index, or the beginning of a UUID. */
static const struct gpu *find(const struct inventory *all, const char *entry)
{
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->indices[i], entry) == 0 ||
            (entry[0] == 'G' && strncmp(all->gpus[i].name, entry, strlen(entry)) == 0))
            return &all->gpus[i];
    return NULL;
}

/* Keep what CUDA_VISIBLE_DEVICES leaves, in its order. Without an inventory its entries are all
 * that is known of the machine. */
static size_t keep_visible(const struct inventory *all, const char *visible, struct gpu *out)
{
    size_t n = 0;
    const char *end = visible + strlen(visible);
    while (visible < end && n < GPUS_MAX) {
        struct gpu entry;
        take_field(&visible, end, entry.name, sizeof entry.name);
        const struct gpu *known = find(all, entry.name);
        if (entry.name[0] == '\0' || entry.name[0] == '-' || (known == NULL && all->n > 0))
            break;
        out[n++] = known != NULL ? *known : entry;
    }
    return n;
}

size_t gpus_visible(const char *inventory, const char *visible, struct gpu *out)
{
    struct inventory all;
    read_inventory(inventory, &all);
    if (visible != NULL)
        return keep_visible(&all, visible, out);
    memcpy(out, all.gpus, all.n * sizeof *out);
    return all.n;
}

hone_status gpus_list(const struct gpu **gpus_out, size_t *n_out, hone_error *err)
{
    static struct gpu ours[GPUS_MAX];
    static size_t n;
    static bool known;
    const char *path = getenv("HONE_GPU_INVENTORY");
    struct buf text;
    buf_init(&text, MOST_BYTES);
    hone_status status = HONE_OK;
    if (known)
        ;
    else if (path != NULL && *path != '\0')
        status = file_read(path, &text, err);
    else
        ask_driver(&text);
    if (status == HONE_OK && text.failed)
        status = error_memory(err);
    if (status == HONE_OK && !known) {
        n = gpus_visible(text.data, getenv("CUDA_VISIBLE_DEVICES"), ours);
        known = true;
    }
    buf_release(&text);
    *gpus_out = ours;
    *n_out = n;
    return status;
}
