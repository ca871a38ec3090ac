/* request.h: what a client sent before its body. */
#ifndef HONE_SERVE_REQUEST_H
#define HONE_SERVE_REQUEST_H

#include "serve/uri.h"

enum { REQUEST_HEADERS_MAX = 100 };

struct header {
    const char *name, *value;
};

struct request {
    const char *method;
    char *path;                                 /* as sent, before the question mark */
    char *query_text;                           /* as sent, behind it; "" */
    struct pairs query;                         /* decoded */
    struct header headers[REQUEST_HEADERS_MAX]; /* borrowed from the connection */
    size_t n_headers;
};

/** Take a request's target apart. False: malformed. Release it in either case. */
bool request_target(struct request *request, const char *target);
/** The first header of this name, in any case of letters; or NULL. */
const char *request_header(const struct request *request, const char *name);
/** The value of a query parameter, or NULL. */
const char *request_query(const struct request *request, const char *name);
void request_release(struct request *request);

#endif
