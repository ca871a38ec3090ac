/* access.c: who asks, by the request's signature. */
#include "serve/exchange.h"

#include <string.h>

#include "io/time.h"

static void refuse(struct exchange *x, enum sigv4_problem problem, const char *why)
{
    switch (problem) {
    case SIGV4_GOOD:
        break;
    case SIGV4_ABSENT:
        answer_refusal(x, REFUSE_ABSENT, NULL);
        break;
    case SIGV4_MALFORMED:
        answer_refusal(x, REFUSE_MALFORMED, why);
        break;
    case SIGV4_MISMATCH:
        answer_refusal(x, REFUSE_MISMATCH, NULL);
        break;
    case SIGV4_SKEW:
        answer_refusal(x, REFUSE_SKEW, NULL);
        break;
    case SIGV4_EXPIRED:
        answer_refusal(x, REFUSE_EXPIRED, NULL);
        break;
    }
}

bool access_is_known(const struct exchange *x)
{
    char why[128];
    struct sigv4 sig;
    struct credential who;
    bool known = sigv4_read(&x->request, &sig, why) == SIGV4_GOOD &&
                 credentials_find(x->serve->credentials, sig.key, &who);
    sigv4_release(&sig);
    return known;
}

bool access_check(struct exchange *x, const char *service, const char *resource,
                  const char *payload)
{
    char why[128];
    struct credential who;
    sigv4_release(&x->sig);
    enum sigv4_problem problem = sigv4_read(&x->request, &x->sig, why);
    if (problem != SIGV4_GOOD) {
        refuse(x, problem, why);
        return false;
    }
    if (!credentials_find(x->serve->credentials, x->sig.key, &who)) {
        answer_refusal(x, REFUSE_KEY, NULL);
        return false;
    }
    bool s3 = x->protocol == PROTOCOL_S3;
    if (strcmp(x->sig.service, service) != 0 ||
        (x->serve->only_region != NULL && strcmp(x->sig.region, x->serve->only_region) != 0)) {
        answer_refusal(x, REFUSE_SCOPE,
                       strcmp(x->sig.service, service) != 0 ? service : x->serve->only_region);
        return false;
    }
    problem = sigv4_check(&x->request, &x->sig, who.secret, resource, payload, !s3, time_now_ms());
    if (problem != SIGV4_GOOD) {
        refuse(x, problem, "x-amz-content-sha256 is required");
        return false;
    }
    x->who = who;
    return true;
}
