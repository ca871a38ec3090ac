/*
 * exchange.h: one request and its answer. http.c fills it from the connection and calls, in order,
 * door_head(), door_body() for each piece, door_end(). The answer may be there after the head.
 */
#ifndef HONE_SERVE_EXCHANGE_H
#define HONE_SERVE_EXCHANGE_H

#include "base/buf.h"
#include "serve/request.h"
#include "serve/serve.h"
#include "serve/sigv4.h"

enum { REPLY_HEADERS_MAX = 64 };
#define REPLY_MAX ((size_t)64 << 20) /* bytes of an answer that is made in memory */

enum protocol { PROTOCOL_WEB, PROTOCOL_JSON, PROTOCOL_QUERY, PROTOCOL_S3 };

struct reply {
    int status;
    const char *type; /* Content-Type; borrowed for ever, or one of the headers */
    struct buf body;
    struct {
        char *name, *value;
    } headers[REPLY_HEADERS_MAX];
    size_t n;
    int fd; /* the body is a piece of this file; -1: it is in `body` */
    uint64_t offset, length;
};

struct exchange {
    struct serve *serve;
    struct request request;
    bool target_ok;
    enum protocol protocol;
    char action[128]; /* for the log: "sagemaker.CreateTrainingJob", "s3.PutObject" */
    struct sigv4 sig;
    struct credential who; /* name "" while nobody is known */
    struct buf body;
    bool body_unwanted; /* from nobody we know: it takes no memory */
    bool body_too_large;
    struct s3_exchange *s3; /* of PROTOCOL_S3 */
    struct reply reply;
    bool answered;
    char id[33];
    char client[64];
    int64_t began_ms;
    uint64_t received;
};

/** Why a request is refused; each protocol has its own words. */
enum refusal {
    REFUSE_ABSENT,
    REFUSE_MALFORMED,
    REFUSE_KEY,
    REFUSE_MISMATCH,
    REFUSE_SKEW,
    REFUSE_EXPIRED,
    REFUSE_SCOPE,
    REFUSE_PAYLOAD,
    REFUSE_RIGHTS,
    REFUSE_HOST,
    REFUSE_ORIGIN,
    REFUSE_TOO_LARGE,
    REFUSALS
};

struct exchange *exchange_new(struct serve *serve, const char *target);
void exchange_free(struct exchange *x);

void door_head(struct exchange *x);
void door_body(struct exchange *x, const char *data, size_t n);
void door_end(struct exchange *x);

/** Answer with an error of the exchange's protocol. */
void answer_error(struct exchange *x, int status, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/** Answer by a refusal; `detail` may be NULL. */
void answer_refusal(struct exchange *x, enum refusal why, const char *detail);
/** Begin an answer in place of what there was. */
void answer_begin(struct exchange *x, int status, const char *type);
void answer_header(struct exchange *x, const char *name, const char *value);

/** Whether the request names a key that there is: a look at the head, before anything is kept. */
bool access_is_known(const struct exchange *x);
/** Whether the signature is good for this service; else the exchange is answered. `payload` as in
 * sigv4_check(). */
bool access_check(struct exchange *x, const char *service, const char *resource,
                  const char *payload);

/* ---- The services ---- */
void web_answer(struct exchange *x);
void json_answer(struct exchange *x, const char *service);
void query_answer(struct exchange *x);
void sts_answer(struct exchange *x, const struct pairs *parameters);
void iam_answer(struct exchange *x, const struct pairs *parameters);

/** Take an S3 request up: who may, what is asked, where its body goes. */
void s3_service_head(struct exchange *x, const char *virtual_bucket);
void s3_service_body(struct exchange *x, const char *data, size_t n);
void s3_service_end(struct exchange *x);
void s3_service_free(struct s3_exchange *s3);

#endif
