/* query.c: STS and IAM: a form in, XML out. Only what the SDKs ask before they start: who am I, and
 * may that role do this. */
#include "serve/exchange.h"

#include <stdio.h>
#include <string.h>

#include "s3/digest.h"
#include "serve/xml.h"

enum { ACTION_NAMES_MAX = 100 };

static void begin(struct exchange *x, const char *action, const char *xmlns)
{
    answer_begin(x, 200, "text/xml");
    buf_printf(&x->reply.body, "<%sResponse xmlns=\"%s\"><%sResult>", action, xmlns, action);
}

static void end(struct exchange *x, const char *action)
{
    buf_printf(&x->reply.body,
               "</%sResult><ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>"
               "</%sResponse>",
               action, x->id, action);
}

void sts_answer(struct exchange *x, const struct pairs *parameters)
{
    static const char xmlns[] = "https://sts.amazonaws.com/doc/2011-06-15/";
    const char *action = pairs_find(parameters, "Action");
    struct buf *out = &x->reply.body;
    if (strcmp(action, "GetCallerIdentity") != 0) {
        answer_error(x, 400, "InvalidAction", "STS action %.80s is not offered", action);
        return;
    }
    begin(x, action, xmlns);
    buf_printf(out, "<Arn>arn:aws:sts::%s:assumed-role/" SERVE_ROLE "/", x->serve->place.account);
    xml_text(out, x->who.name);
    buf_text(out, "</Arn><UserId>AROAHONE:");
    xml_text(out, x->who.name);
    buf_printf(out, "</UserId><Account>%s</Account>", x->serve->place.account);
    end(x, action);
}

static void get_role(struct exchange *x, const char *role)
{
    static const char policy[] =
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{"
        "\"Service\":\"sagemaker.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}";
    struct buf *out = &x->reply.body;
    char hash[DIGEST_HEX_MAX];
    digest_hex(DIGEST_SHA256, role, strlen(role), hash);
    buf_text(out, "<Role><Path>/</Path>");
    xml_element(out, "RoleName", role);
    buf_printf(out, "<RoleId>AROA%.16s</RoleId><Arn>arn:aws:iam::%s:role/", hash,
               x->serve->place.account);
    xml_text(out, role);
    buf_text(out, "</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>");
    uri_encode(policy, sizeof policy - 1, false, out);
    buf_text(out,
             "</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration></Role>");
}

/* Every role may do everything: hone knows rights of keys, not of roles. */
static void simulate_policy(struct exchange *x, const struct pairs *parameters)
{
    struct buf *out = &x->reply.body;
    buf_text(out, "<IsTruncated>false</IsTruncated><EvaluationResults>");
    for (int i = 1; i <= ACTION_NAMES_MAX; i++) {
        char name[40];
        snprintf(name, sizeof name, "ActionNames.member.%d", i);
        const char *action = pairs_find(parameters, name);
        if (action == NULL)
            break;
        buf_text(out, "<member>");
        xml_element(out, "EvalActionName", action);
        buf_text(out, "<EvalResourceName>*</EvalResourceName><EvalDecision>allowed</EvalDecision>"
                      "</member>");
    }
    buf_text(out, "</EvaluationResults>");
}

/* [\w+=,.@-]{1,64} */
static bool role_name_ok(const char *role)
{
    size_t n =
        strspn(role, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-");
    return n > 0 && n <= 64 && role[n] == '\0';
}

void iam_answer(struct exchange *x, const struct pairs *parameters)
{
    static const char xmlns[] = "https://iam.amazonaws.com/doc/2010-05-08/";
    const char *action = pairs_find(parameters, "Action");
    const char *role = pairs_find(parameters, "RoleName");
    if (strcmp(action, "GetRole") == 0) {
        if (role == NULL || !role_name_ok(role)) {
            answer_error(x, 400, "ValidationError", "RoleName has 1 to 64 of A-Z a-z 0-9 _+=,.@-");
            return;
        }
        begin(x, action, xmlns);
        get_role(x, role);
        end(x, action);
    } else if (strcmp(action, "SimulatePrincipalPolicy") == 0) {
        begin(x, action, xmlns);
        simulate_policy(x, parameters);
        end(x, action);
    } else {
        answer_error(x, 400, "InvalidAction", "IAM action %.80s is not offered", action);
    }
}

void query_answer(struct exchange *x)
{
    struct pairs parameters;
    char hash[DIGEST_HEX_MAX];
    if (!pairs_read(x->body.data, x->body.len, true, &parameters)) {
        answer_error(x, 400, "MalformedInput", "the form is malformed, or has more than %d fields",
                     URI_PAIRS_MAX);
        return;
    }
    const char *version = pairs_find(&parameters, "Version");
    const char *action = pairs_find(&parameters, "Action");
    bool iam = version != NULL && strcmp(version, "2010-05-08") == 0;
    const char *service = iam ? "iam" : "sts";
    digest_hex(DIGEST_SHA256, x->body.data, x->body.len, hash);
    snprintf(x->action, sizeof x->action, "%s.%.80s", service, action == NULL ? "" : action);
    if (!access_check(x, service, "/", hash))
        ; /* answered */
    else if (action == NULL || version == NULL || (!iam && strcmp(version, "2011-06-15") != 0))
        answer_error(x, 400, "InvalidAction",
                     "offered are STS of version 2011-06-15 and IAM of version 2010-05-08");
    else if (iam)
        iam_answer(x, &parameters);
    else
        sts_answer(x, &parameters);
    pairs_release(&parameters);
}
