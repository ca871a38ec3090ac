/*
 * http.h: HTTP/1.1 on libmicrohttpd: a few threads, each with its share of the connections. Bodies
 * come in pieces and are never held whole, but for those of JSON requests, which are limited.
 */
#ifndef HONE_SERVE_HTTP_H
#define HONE_SERVE_HTTP_H

#include "serve/serve.h"

enum {
    HTTP_THREADS = 4,
    HTTP_CONNECTIONS_MAX = 1024,
    HTTP_HEAD_MAX = 64 * 1024, /* bytes of a request's line and headers, together with our own */
    HTTP_BODY_RATE_MIN = 1024, /* bytes a second that a body must have on average */
    HTTP_TIMEOUT_S = 60,       /* default of `timeout_s` */
    HTTP_STOP_S = 10           /* how long requests at work may take when the service ends */
};

struct http;

/**
 * Listen. NULL: HONE_EIO: the address is taken; HONE_EINVAL: no such address.
 * @param listen  "HOST:PORT"; port 0 takes a free one. serve->port becomes the port.
 * @param cert, key  files in PEM form for TLS, or NULL
 */
struct http *http_start(struct serve *serve, const char *listen, const char *cert, const char *key,
                        hone_error *err);
/** Close connections that are too slow; to be called each second. */
void http_tend(struct http *http);
/** Take no more connections, let requests at work end, and close. */
void http_stop(struct http *http);

#endif
