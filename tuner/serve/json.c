/* json.c: the services that speak JSON: who asks, may they, and serve_action(). */
#include "serve/exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "io/json.h"
#include "io/time.h"
#include "s3/digest.h"

void serve_answer_error(struct serve_answer *answer, int status, const char *code, const char *fmt,
                        ...)
{
    va_list args, again;
    char *room;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    room = n < 0 ? NULL : mem_array((size_t)n + 1, 1);
    if (room != NULL)
        vsnprintf(room, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(args);
    mem_free(answer->message);
    json_decref(answer->body);
    *answer = (struct serve_answer){.status = status, .message = room};
    snprintf(answer->code, sizeof answer->code, "%s", code);
}

void serve_answer_release(struct serve_answer *answer)
{
    json_decref(answer->body);
    mem_free(answer->message);
    *answer = (struct serve_answer){0};
}

/* Whether an action only looks, by the first word of its name. */
static bool is_for_reading(const char *action)
{
    static const char *const words[] = {"Describe", "List",     "Get",          "Filter",
                                        "Search",   "BatchGet", "BatchDescribe"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(action, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

static void give(struct exchange *x, const struct serve_answer *answer)
{
    const char *asked = request_header(&x->request, "content-type");
    bool version_0 = asked != NULL && strncmp(asked, "application/x-amz-json-1.0", 26) == 0;
    if (answer->code[0] != '\0') {
        int status = answer->status == 0 ? 400 : answer->status;
        answer_begin(x, status,
                     version_0 ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1");
        buf_text(&x->reply.body, "{\"__type\":");
        buf_json(&x->reply.body, answer->code);
        buf_text(&x->reply.body, ",\"message\":");
        buf_json(&x->reply.body, answer->message == NULL ? "" : answer->message);
        buf_text(&x->reply.body, "}");
        if (status >= 500)
            atomic_fetch_add(&x->serve->failed, 1);
        return;
    }
    char *text = answer->body == NULL ? NULL : json_write(answer->body);
    if (answer->body != NULL && text == NULL) {
        answer_error(x, 500, "InternalFailure", "out of memory");
        return;
    }
    answer_begin(x, answer->status == 0 ? 200 : answer->status,
                 version_0 ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1");
    if (text != NULL)
        buf_text(&x->reply.body, text);
    mem_free(text);
}

void json_answer(struct exchange *x, const char *service)
{
    char hash[DIGEST_HEX_MAX];
    hone_error err = {0};
    const char *target = request_header(&x->request, "x-amz-target");
    const char *dot = strchr(target, '.');
    const char *action = dot == NULL ? target : dot + 1;
    snprintf(x->action, sizeof x->action, "%s.%.80s", service, action);
    digest_hex(DIGEST_SHA256, x->body.data, x->body.len, hash);
    if (service[0] == '\0') {
        /* Which service's signature it must be is not known: nobody is told more. */
        answer_error(x, 400, "UnknownOperationException", "no such service");
        return;
    }
    if (!access_check(x, service, "/", hash))
        return;
    if (!x->who.admin && !is_for_reading(action)) {
        answer_refusal(x, REFUSE_RIGHTS, action);
        return;
    }
    json_t *body = x->body.len == 0 ? json_object() : json_read(x->body.data, x->body.len, &err);
    struct store *store = NULL;
    if (!json_is_object(body)) {
        answer_error(x, 400, "SerializationException", "%s",
                     body == NULL ? err.text : "the body is not an object");
    } else if ((store = serve_store_take(x->serve, &err)) == NULL) {
        answer_error(x, 503, "ServiceUnavailable", "%s", err.text);
    } else {
        struct serve_answer answer = {0};
        serve_action(&(struct serve_call){.place = &x->serve->place,
                                          .store = store,
                                          .service = service,
                                          .action = action,
                                          .body = body,
                                          .region = x->sig.region,
                                          .account = x->serve->place.account,
                                          .principal = x->who.name,
                                          .admin = x->who.admin,
                                          .now_ms = time_now_ms()},
                     &answer);
        give(x, &answer);
        serve_answer_release(&answer);
        serve_store_give(x->serve, store);
    }
    json_decref(body);
}
