/*
 * fuzz_ask_tell.c: a client's lines, whatever they are, get one line of valid JSON each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/protocol.h"
#include "fuzz.h"
#include "io/json.h"

/* A long ask is legal, and only slow. */
static bool asks_for_many(const char *line, size_t len)
{
    static const char key[] = "\"ask\"";
    for (size_t i = 0; i + sizeof key < len; i++) {
        if (memcmp(line + i, key, sizeof key - 1) != 0)
            continue;
        size_t digits = 0;
        for (size_t k = i + sizeof key - 1; k < len && strchr(" :\t0123456789", line[k]); k++)
            digits += line[k] >= '0' && line[k] <= '9';
        if (digits > 2)
            return true;
    }
    return false;
}

static void check_reply(const struct buf *reply)
{
    hone_error err;
    if (reply->failed)
        return; /* longer than the limit */
    json_t *json = NULL;
    if (reply->len > 1 && memchr(reply->data, '\n', reply->len) == reply->data + reply->len - 1)
        json = json_read(reply->data, reply->len, &err);
    if (!json_is_object(json)) {
        fprintf(stderr, "not one line of JSON: %s\n", reply->data);
        abort();
    }
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session session = {0};
    struct buf reply;
    buf_init(&reply, (size_t)1 << 24);
    const char *p = (const char *)data, *end = p + size;
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((newline != NULL ? newline : end) - p);
        if (!asks_for_many(p, len)) {
            buf_clear(&reply);
            session_answer(&session, p, len, &reply);
            check_reply(&reply);
        }
        p += len + 1;
    }
    session_release(&session);
    buf_release(&reply);
    return 0;
}
