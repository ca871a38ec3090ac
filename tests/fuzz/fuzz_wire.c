/*
 * fuzz_wire.c: any bytes as what the service reads of bodies: a form, XML, chunks. Whatever they
 * are, each reader ends and keeps its limits; chunks decode the same in pieces as in one.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "serve/chunked.h"
#include "serve/uri.h"
#include "serve/xml.h"

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static bool count(void *context, const char *path, const char *text)
{
    (void)context;
    demand(strlen(path) < XML_DEPTH_MAX * (XML_NAME_MAX + 1));
    demand(text == NULL || strlen(text) <= XML_TEXT_MAX);
    return true;
}

static bool keep(void *context, const void *data, size_t n)
{
    buf_add(context, data, n);
    return true;
}

static enum chunked_problem decode(const char *data, size_t size, size_t piece, struct buf *out)
{
    enum chunked_problem problem = CHUNKED_GOOD;
    struct chunked *chunked = chunked_new(NULL, NULL, keep, out);
    for (size_t at = 0; chunked != NULL && at < size; at += piece)
        problem = chunked_feed(chunked, data + at, size - at < piece ? size - at : piece);
    chunked_free(chunked);
    return problem;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const struct xml_visitor visitor = {NULL, count};
    struct pairs pairs;
    struct buf whole, pieces;
    bool read = xml_read(text, size, &visitor);
    (void)read;
    if (pairs_read(text, size, true, &pairs)) {
        demand(pairs.n <= URI_PAIRS_MAX);
        for (size_t i = 0; i < pairs.n; i++) {
            buf_init(&whole, 3 * size + 1);
            buf_init(&pieces, 3 * size + 1);
            uri_encode(pairs.all[i].value, strlen(pairs.all[i].value), false, &whole);
            demand(uri_decode(whole.data, whole.len, false, &pieces));
            demand(strcmp(pieces.data, pairs.all[i].value) == 0);
            buf_release(&whole);
            buf_release(&pieces);
        }
        pairs_release(&pairs);
    }
    buf_init(&whole, size + 1);
    buf_init(&pieces, size + 1);
    demand(decode(text, size, size + 1, &whole) == decode(text, size, 3, &pieces));
    demand(whole.len == pieces.len && memcmp(whole.data, pieces.data, whole.len) == 0);
    buf_release(&whole);
    buf_release(&pieces);
    return 0;
}
