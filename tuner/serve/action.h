/*
 * action.h: the seam between the service's door and what it offers. The door (http, sigv4, route)
 * reads a request, knows who asks, and calls serve_action() for each action of a JSON service; the
 * actions know nothing of HTTP or signatures.
 */
#ifndef HONE_SERVE_ACTION_H
#define HONE_SERVE_ACTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "hone.h"

struct store;

/** What does not change while the service runs. */
struct serve_place {
    const char *store_url;   /* as tuners are given it */
    const char *s3_root;     /* folder of objects, absolute; or NULL */
    const char *s3_endpoint; /* a server of objects instead, or NULL */
    const char *account;     /* "000000000000" */
    const char *images;      /* file of image -> command, or NULL */
};

/** One request. Everything is borrowed until the answer is given. */
struct serve_call {
    const struct serve_place *place;
    struct store *store;   /* open, for this call alone: of one thread at a time */
    const char *service;   /* "sagemaker", "logs", "monitoring" */
    const char *action;    /* "CreateTrainingJob"; any text that the client sent */
    json_t *body;          /* an object */
    const char *region;    /* of the signature: it is in ARNs */
    const char *account;   /* twelve digits */
    const char *principal; /* the credential's name */
    bool
        admin; /* may change things; the door refuses others every action that is not for reading */
    int64_t now_ms;
};

/** What is sent back: a body, or an error. Zero-initialised by the caller, who releases it. */
struct serve_answer {
    int status;    /* HTTP; 200 when 0 */
    json_t *body;  /* owned; NULL with status 200 is an empty body */
    char code[64]; /* an error when not empty: "ValidationException"; status is then 400 when 0 */
    char *message; /* of the error; mem_free */
};

/** Carry out an action. An action that is not offered is UnknownOperationException. */
void serve_action(const struct serve_call *call, struct serve_answer *answer);

/** Make the answer an error; the message is formatted, and may be long. */
void serve_answer_error(struct serve_answer *answer, int status, const char *code, const char *fmt,
                        ...) __attribute__((format(printf, 4, 5)));
void serve_answer_release(struct serve_answer *answer);

#endif
