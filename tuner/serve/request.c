/* request.c: a request's target and headers. */
#include "serve/request.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

bool request_target(struct request *request, const char *target)
{
    /* A whole address, as a proxy is sent, counts from its path on. */
    if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
        target = strstr(target, "://") + 3;
        target += strcspn(target, "/?");
    }
    size_t n = strcspn(target, "?");
    request->path = n == 0 ? mem_text("/") : mem_text_n(target, n);
    request->query_text = mem_text(target[n] == '?' ? target + n + 1 : "");
    return request->path != NULL && request->query_text != NULL && request->path[0] == '/' &&
           pairs_read(request->query_text, strlen(request->query_text), false, &request->query);
}

const char *request_header(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->n_headers; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

const char *request_query(const struct request *request, const char *name)
{
    return pairs_find(&request->query, name);
}

void request_release(struct request *request)
{
    mem_free(request->path);
    mem_free(request->query_text);
    pairs_release(&request->query);
    *request = (struct request){0};
}
