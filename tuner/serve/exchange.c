/* exchange.c: the life of an exchange, and errors in the words of each protocol. */
#include "serve/exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/time.h"
#include "s3/digest.h"
#include "serve/xml.h"

struct exchange *exchange_new(struct serve *serve, const char *target)
{
    unsigned char bytes[16];
    struct exchange *x = mem_array(1, sizeof *x);
    if (x == NULL)
        return NULL;
    x->serve = serve;
    x->reply.fd = -1;
    x->began_ms = time_monotonic_ms();
    buf_init(&x->body, SERVE_JSON_MAX);
    buf_init(&x->reply.body, REPLY_MAX);
    if (random_bytes(bytes, sizeof bytes))
        hex_write(bytes, sizeof bytes, x->id);
    x->target_ok = request_target(&x->request, target);
    return x;
}

static void reply_clear(struct reply *reply)
{
    for (size_t i = 0; i < reply->n; i++) {
        mem_free(reply->headers[i].name);
        mem_free(reply->headers[i].value);
    }
    reply->n = 0;
    if (reply->fd >= 0)
        close(reply->fd);
    reply->fd = -1;
    buf_clear(&reply->body);
}

void exchange_free(struct exchange *x)
{
    if (x == NULL)
        return;
    reply_clear(&x->reply);
    buf_release(&x->reply.body);
    buf_release(&x->body);
    s3_service_free(x->s3);
    sigv4_release(&x->sig);
    request_release(&x->request);
    mem_free(x);
}

void answer_begin(struct exchange *x, int status, const char *type)
{
    reply_clear(&x->reply);
    x->reply.status = status;
    x->reply.type = type;
    x->answered = true;
    answer_header(x, x->protocol == PROTOCOL_S3 ? "x-amz-request-id" : "x-amzn-RequestId", x->id);
}

void answer_header(struct exchange *x, const char *name, const char *value)
{
    struct reply *reply = &x->reply;
    char *name_copy = mem_text(name), *value_copy = mem_text(value);
    /* What would end a header's line cannot be sent. */
    if (name_copy == NULL || value_copy == NULL || reply->n == REPLY_HEADERS_MAX ||
        value[strcspn(value, "\r\n")] != '\0') {
        mem_free(name_copy);
        mem_free(value_copy);
        return;
    }
    reply->headers[reply->n].name = name_copy;
    reply->headers[reply->n++].value = value_copy;
}

static void write_error(struct exchange *x, int status, const char *code, const char *message)
{
    struct buf *out = &x->reply.body;
    switch (x->protocol) {
    case PROTOCOL_JSON:
        buf_text(out, "{\"__type\":");
        buf_json(out, code);
        buf_text(out, ",\"message\":");
        buf_json(out, message);
        buf_text(out, "}");
        break;
    case PROTOCOL_QUERY:
        buf_printf(out, "<ErrorResponse><Error><Type>%s</Type>",
                   status < 500 ? "Sender" : "Receiver");
        xml_element(out, "Code", code);
        xml_element(out, "Message", message);
        buf_printf(out, "</Error><RequestId>%s</RequestId></ErrorResponse>", x->id);
        break;
    case PROTOCOL_S3:
        buf_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
        xml_element(out, "Code", code);
        xml_element(out, "Message", message);
        xml_element(out, "Resource", x->request.path == NULL ? "" : x->request.path);
        xml_element(out, "RequestId", x->id);
        buf_text(out, "</Error>");
        break;
    case PROTOCOL_WEB:
        buf_printf(out, "%s\n", message);
        break;
    }
}

void answer_error(struct exchange *x, int status, const char *code, const char *fmt, ...)
{
    static const char *const types[] = {[PROTOCOL_WEB] = "text/plain; charset=utf-8",
                                        [PROTOCOL_JSON] = "application/x-amz-json-1.1",
                                        [PROTOCOL_QUERY] = "text/xml",
                                        [PROTOCOL_S3] = "application/xml"};
    va_list args;
    char text[4096];
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    answer_begin(x, status, types[x->protocol]);
    if (x->request.method == NULL || strcmp(x->request.method, "HEAD") != 0)
        write_error(x, status, code, text);
}

void answer_refusal(struct exchange *x, enum refusal why, const char *detail)
{
    /* Status, then the codes of JSON services, query services and S3. */
    static const struct {
        int status;
        const char *json, *query, *s3, *text;
    } table[REFUSALS] = {
        [REFUSE_ABSENT] = {403, "MissingAuthenticationTokenException", "MissingAuthenticationToken",
                           "AccessDenied", "The request is not signed."},
        [REFUSE_MALFORMED] = {403, "IncompleteSignatureException", "IncompleteSignature",
                              "AuthorizationHeaderMalformed", "The signature is malformed"},
        [REFUSE_KEY] = {403, "UnrecognizedClientException", "InvalidClientTokenId",
                        "InvalidAccessKeyId", "The access key is not known here."},
        [REFUSE_MISMATCH] = {403, "InvalidSignatureException", "SignatureDoesNotMatch",
                             "SignatureDoesNotMatch",
                             "The request's signature is not that of this key's secret over this "
                             "request."},
        [REFUSE_SKEW] = {403, "InvalidSignatureException", "SignatureDoesNotMatch",
                         "RequestTimeTooSkewed",
                         "Signature expired: the request's time is more than 15 minutes from the "
                         "server's."},
        [REFUSE_EXPIRED] = {403, "InvalidSignatureException", "RequestExpired", "AccessDenied",
                            "Request has expired"},
        [REFUSE_SCOPE] = {403, "InvalidSignatureException", "SignatureDoesNotMatch",
                          "AuthorizationHeaderMalformed",
                          "Credential should be scoped to the right region and service"},
        [REFUSE_PAYLOAD] = {403, "InvalidSignatureException", "SignatureDoesNotMatch",
                            "XAmzContentSHA256Mismatch",
                            "The body is not the one that was signed."},
        [REFUSE_RIGHTS] = {403, "AccessDeniedException", "AccessDenied", "AccessDenied",
                           "This access key may only read"},
        [REFUSE_HOST] = {403, "AccessDeniedException", "AccessDenied", "AccessDenied",
                         "The Host header names no host of this service; hone serve --hosts adds "
                         "one"},
        [REFUSE_ORIGIN] = {403, "AccessDeniedException", "AccessDenied", "AccessDenied",
                           "A page of another origin may not use this service"},
        [REFUSE_TOO_LARGE] = {413, "RequestEntityTooLargeException", "RequestEntityTooLarge",
                              "EntityTooLarge", "The request's body is too large"},
    };
    const char *code = x->protocol == PROTOCOL_JSON    ? table[why].json
                       : x->protocol == PROTOCOL_QUERY ? table[why].query
                                                       : table[why].s3;
    int status = table[why].status;
    if (x->protocol == PROTOCOL_S3 &&
        (why == REFUSE_MALFORMED || why == REFUSE_SCOPE || why == REFUSE_PAYLOAD))
        status = 400;
    if (why == REFUSE_MALFORMED && x->protocol == PROTOCOL_S3 && x->sig.presigned)
        code = "AuthorizationQueryParametersError";
    if (detail != NULL && detail[0] != '\0')
        answer_error(x, status, code, "%s: %s", table[why].text, detail);
    else
        answer_error(x, status, code, "%s", table[why].text);
    atomic_fetch_add(&x->serve->refused, 1);
}
