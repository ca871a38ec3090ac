/*
 * door.c: which service a request is for, and whether its Host and Origin may ask at all.
 *
 * Host: a page on the web can make a browser look its own name up as 127.0.0.1, and then reach what
 * listens there; it sends its own name. So only plain addresses, localhost and names that the
 * person gave are served. Origin: what a page of another site sends carries it.
 */
#include "serve/exchange.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "s3/digest.h"

enum { HOST_MAX = 256 };

/* A host without its port, in lower case. */
static bool host_name(const char *text, char out[HOST_MAX])
{
    size_t n = text[0] == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":");
    if (n == 0 || n >= HOST_MAX || n > strlen(text))
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    out[n] = '\0';
    return true;
}

static bool is_address(const char *host)
{
    unsigned char bytes[16];
    char inner[HOST_MAX];
    if (host[0] != '[')
        return inet_pton(AF_INET, host, bytes) == 1;
    memcpy(inner, host + 1, strlen(host));
    inner[strcspn(inner, "]")] = '\0';
    return inet_pton(AF_INET6, inner, bytes) == 1;
}

/* Whether `host` is `name`, or BUCKET.name: then the bucket is copied. */
static bool is_host(const char *host, const char *name, char bucket[HOST_MAX])
{
    size_t n = strlen(host), m = strlen(name);
    bucket[0] = '\0';
    if (strcasecmp(host, name) == 0)
        return true;
    if (n <= m + 1 || host[n - m - 1] != '.' || strcasecmp(host + n - m, name) != 0)
        return false;
    memcpy(bucket, host, n - m - 1);
    bucket[n - m - 1] = '\0';
    return s3_bucket_name_ok(bucket);
}

static bool host_is_ours(const struct serve *serve, const char *host, char bucket[HOST_MAX])
{
    bucket[0] = '\0';
    if (is_address(host) || is_host(host, "localhost", bucket))
        return true;
    for (size_t i = 0; i < serve->n_hosts; i++)
        if (is_host(host, serve->hosts[i], bucket))
            return true;
    return false;
}

/* "http://HOST" of this very service. */
static bool origin_is_ours(const struct exchange *x, const char *origin, const char *host)
{
    const char *scheme = x->serve->tls ? "https://" : "http://";
    return strncasecmp(origin, scheme, strlen(scheme)) == 0 &&
           strcasecmp(origin + strlen(scheme), host) == 0;
}

static bool is_target(const char *target, const char *prefix)
{
    return target != NULL && strncmp(target, prefix, strlen(prefix)) == 0;
}

/* The service of a JSON request by its target, or NULL. */
static const char *json_service(const struct request *request)
{
    const char *target = request_header(request, "x-amz-target");
    if (is_target(target, "SageMaker."))
        return "sagemaker";
    if (is_target(target, "Logs_20140328."))
        return "logs";
    if (is_target(target, "GraniteServiceVersion20100801."))
        return "monitoring";
    return target == NULL ? NULL : "";
}

static enum protocol protocol_of(const struct request *request)
{
    const char *type = request_header(request, "content-type");
    bool post = strcmp(request->method, "POST") == 0 && strcmp(request->path, "/") == 0;
    if (request_header(request, "x-amz-target") != NULL)
        return PROTOCOL_JSON;
    if (post && type != NULL && strncmp(type, "application/x-www-form-urlencoded", 33) == 0)
        return PROTOCOL_QUERY;
    /* No bucket can be meant by these: a signed request for them is S3's. */
    bool page = strcmp(request->path, "/healthz") == 0 || strcmp(request->path, "/metrics") == 0;
    const char *authorization = request_header(request, "authorization");
    if (page && (authorization == NULL || strncmp(authorization, "AWS4-", 5) != 0))
        return PROTOCOL_WEB;
    return PROTOCOL_S3;
}

void door_head(struct exchange *x)
{
    char host[HOST_MAX], bucket[HOST_MAX] = "";
    if (!x->target_ok) {
        answer_error(x, 400, "InvalidURI", "the request's address is malformed");
        return;
    }
    x->protocol = protocol_of(&x->request);
    const char *sent = request_header(&x->request, "host");
    const char *origin = request_header(&x->request, "origin");
    const char *length = request_header(&x->request, "content-length");
    if (sent == NULL || !host_name(sent, host) || !host_is_ours(x->serve, host, bucket))
        answer_refusal(x, REFUSE_HOST, NULL);
    else if (origin != NULL && !origin_is_ours(x, origin, sent))
        answer_refusal(x, REFUSE_ORIGIN, NULL);
    else if (x->protocol == PROTOCOL_S3)
        s3_service_head(x, bucket);
    else if (length != NULL && (strlen(length) > 9 || strtoul(length, NULL, 10) > SERVE_JSON_MAX))
        answer_refusal(x, REFUSE_TOO_LARGE, NULL);
    else
        x->body_unwanted = x->protocol == PROTOCOL_WEB || !access_is_known(x);
}

void door_body(struct exchange *x, const char *data, size_t n)
{
    x->received += n;
    atomic_fetch_add(&x->serve->bytes_in, (long long)n);
    if (x->answered)
        return;
    if (x->protocol == PROTOCOL_S3) {
        s3_service_body(x, data, n);
        return;
    }
    if (x->body_unwanted)
        return;
    buf_add(&x->body, data, n);
    x->body_too_large = x->body_too_large || x->body.failed;
}

void door_end(struct exchange *x)
{
    if (x->answered)
        return;
    if (x->protocol == PROTOCOL_S3)
        s3_service_end(x);
    else if (x->body_too_large)
        answer_refusal(x, REFUSE_TOO_LARGE, NULL);
    else if (x->protocol == PROTOCOL_WEB)
        web_answer(x);
    else if (x->protocol == PROTOCOL_QUERY)
        query_answer(x);
    else
        json_answer(x, json_service(&x->request));
}
