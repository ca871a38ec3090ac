/*
 * chunked.h: bodies in AWS's own chunks, which may be signed one by one:
 *
 *     HEX-LENGTH[;chunk-signature=HEX]\r\n BYTES \r\n ... 0[;chunk-signature=HEX]\r\n
 *     [NAME:VALUE\r\n ... [x-amz-trailer-signature:HEX\r\n]] \r\n
 *
 * Fed in pieces of any size.
 */
#ifndef HONE_SERVE_CHUNKED_H
#define HONE_SERVE_CHUNKED_H

#include "serve/sigv4.h"

enum { CHUNK_LINE_MAX = 8192, CHUNK_TRAILERS_MAX = 20 };

enum chunked_problem { CHUNKED_GOOD, CHUNKED_MALFORMED, CHUNKED_MISMATCH, CHUNKED_SINK };

struct chunked;

/** Gets the decoded bytes; false ends the decoding with CHUNKED_SINK. */
typedef bool chunked_sink(void *context, const void *data, size_t n);

/**
 * Begin. NULL when memory is out.
 * @param sig     the request's signature, of which the first chunk's goes on; NULL: chunks are not
 *                signed
 * @param secret  of that signature's key; or NULL
 */
struct chunked *chunked_new(const struct sigv4 *sig, const char *secret, chunked_sink *sink,
                            void *context);
/** Decode a piece. After a problem every call gives the same. */
enum chunked_problem chunked_feed(struct chunked *chunked, const char *data, size_t n);
/** Whether the last chunk and the trailers are there. */
bool chunked_is_whole(const struct chunked *chunked);
/** The value of a trailer by its name in lower case, or NULL. */
const char *chunked_trailer(const struct chunked *chunked, const char *name);
void chunked_free(struct chunked *chunked);

#endif
