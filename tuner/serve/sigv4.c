/*
 * sigv4.c: AWS Signature Version 4. The request is written in one canonical form; its SHA-256, the
 * time and the scope (day, region, service) make the text that is signed; the signing key is an
 * HMAC chain over the scope's parts, so that it is good for one day, region and service.
 *
 * Source: "Signature Version 4 signing process" and "Signing and authenticating REST requests"
 *     (version 2) of the AWS general reference.
 */
#include "serve/sigv4.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

enum { CANONICAL_MAX = 1 << 20 };

void sigv4_release(struct sigv4 *sig)
{
    mem_free(sig->signed_headers);
    *sig = (struct sigv4){0};
}

int64_t sigv4_time(const char *text)
{
    struct tm tm = {0};
    static const char form[] = "ddddddddTddddddZ";
    for (size_t i = 0; i < sizeof form; i++)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return -1;
    const char *end = strptime(text, "%Y%m%dT%H%M%SZ", &tm);
    return end == NULL || *end != '\0' ? -1 : (int64_t)timegm(&tm) * 1000;
}

/* ---- Reading ---- */

static bool copy_part(char *out, size_t room, const char *text, size_t n)
{
    if (n == 0 || n >= room)
        return false;
    memcpy(out, text, n);
    out[n] = '\0';
    return true;
}

/* KEY/20261124/REGION/SERVICE/aws4_request */
static bool read_scope(const char *text, size_t len, struct sigv4 *out)
{
    struct {
        char *to;
        size_t room;
    } parts[] = {{out->key, sizeof out->key},
                 {out->date, sizeof out->date},
                 {out->region, sizeof out->region},
                 {out->service, sizeof out->service}};
    const char *end = text + len;
    for (size_t i = 0; i < 4; i++) {
        const char *slash = memchr(text, '/', (size_t)(end - text));
        if (slash == NULL || !copy_part(parts[i].to, parts[i].room, text, (size_t)(slash - text)))
            return false;
        text = slash + 1;
    }
    for (const char *p = out->region; *p != '\0'; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-'))
            return false;
    return end - text == 12 && memcmp(text, "aws4_request", 12) == 0;
}

static enum sigv4_problem malformed(char why[128], const char *text)
{
    snprintf(why, 128, "%s", text);
    return SIGV4_MALFORMED;
}

static enum sigv4_problem check_times(struct sigv4 *out, char why[128])
{
    out->signed_at_ms = sigv4_time(out->time);
    if (out->signed_at_ms < 0)
        return malformed(why, "X-Amz-Date must be in the form YYYYMMDD'T'HHMMSS'Z'");
    if (strncmp(out->time, out->date, 8) != 0 || strlen(out->date) != 8)
        return malformed(why,
                         "Date in Credential scope does not match YYYYMMDD of the request's date");
    return SIGV4_GOOD;
}

/* Authorization: AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=... */
static enum sigv4_problem read_header(const struct request *request, const char *text,
                                      struct sigv4 *out, char why[128])
{
    bool credential = false, signature = false;
    if (strncmp(text, ALGORITHM, sizeof ALGORITHM - 1) != 0 || text[sizeof ALGORITHM - 1] != ' ')
        return malformed(why, "Authorization must be of algorithm " ALGORITHM);
    text += sizeof ALGORITHM;
    while (*text != '\0') {
        text += strspn(text, ", ");
        size_t n = strcspn(text, ",");
        size_t end = n;
        while (end > 0 && text[end - 1] == ' ')
            end--;
        if (strncmp(text, "Credential=", 11) == 0 && end >= 11) {
            credential = read_scope(text + 11, end - 11, out);
        } else if (strncmp(text, "SignedHeaders=", 14) == 0 && end > 14) {
            mem_free(out->signed_headers);
            out->signed_headers = mem_text_n(text + 14, end - 14);
        } else if (strncmp(text, "Signature=", 10) == 0 && end >= 10) {
            signature = copy_part(out->signature, sizeof out->signature, text + 10, end - 10);
        }
        text += n;
    }
    const char *date = request_header(request, "x-amz-date");
    if (!credential)
        return malformed(why, "Authorization header requires a 'Credential' parameter of the form "
                              "KEY/DATE/REGION/SERVICE/aws4_request");
    if (!signature)
        return malformed(why, "Authorization header requires a 'Signature' parameter");
    if (out->signed_headers == NULL)
        return malformed(why, "Authorization header requires a 'SignedHeaders' parameter");
    if (date == NULL || !copy_part(out->time, sizeof out->time, date, strlen(date)))
        return malformed(why, "Authorization header requires an 'X-Amz-Date' header");
    out->payload = request_header(request, "x-amz-content-sha256");
    return check_times(out, why);
}

static enum sigv4_problem read_presigned(const struct request *request, struct sigv4 *out,
                                         char why[128])
{
    const char *credential = request_query(request, "X-Amz-Credential");
    const char *date = request_query(request, "X-Amz-Date");
    const char *expires = request_query(request, "X-Amz-Expires");
    const char *headers = request_query(request, "X-Amz-SignedHeaders");
    const char *signature = request_query(request, "X-Amz-Signature");
    const char *algorithm = request_query(request, "X-Amz-Algorithm");
    out->presigned = true;
    if (algorithm == NULL || strcmp(algorithm, ALGORITHM) != 0 || credential == NULL ||
        date == NULL || headers == NULL || signature == NULL)
        return malformed(why, "a presigned address has X-Amz-Algorithm, -Credential, -Date, "
                              "-SignedHeaders, -Expires and -Signature");
    if (!read_scope(credential, strlen(credential), out) ||
        !copy_part(out->time, sizeof out->time, date, strlen(date)) ||
        !copy_part(out->signature, sizeof out->signature, signature, strlen(signature)))
        return malformed(why, "X-Amz-Credential is KEY/DATE/REGION/SERVICE/aws4_request");
    if (expires == NULL || !str_int64(expires, strlen(expires), &out->expires_s) ||
        out->expires_s < 0 || out->expires_s > SIGV4_EXPIRE_MAX)
        return malformed(why, "X-Amz-Expires must be between 0 and 604800 seconds");
    out->signed_headers = mem_text(headers);
    out->payload = request_header(request, "x-amz-content-sha256");
    if (out->payload == NULL)
        out->payload = PAYLOAD_UNSIGNED;
    return check_times(out, why);
}

static enum sigv4_problem read_version_2(const struct request *request, struct sigv4 *out,
                                         char why[128])
{
    const char *key = request_query(request, "AWSAccessKeyId");
    const char *expires = request_query(request, "Expires");
    const char *signature = request_query(request, "Signature");
    out->presigned = out->version_2 = true;
    if (signature == NULL || !copy_part(out->key, sizeof out->key, key, strlen(key)) ||
        !copy_part(out->signature, sizeof out->signature, signature, strlen(signature)))
        return malformed(why, "a presigned address has AWSAccessKeyId, Signature and Expires");
    if (expires == NULL || !str_int64(expires, strlen(expires), &out->expires_s))
        return malformed(why, "Expires is in seconds since 1970");
    snprintf(out->region, sizeof out->region, "us-east-1");
    snprintf(out->service, sizeof out->service, "s3");
    out->payload = PAYLOAD_UNSIGNED;
    return SIGV4_GOOD;
}

enum sigv4_problem sigv4_read(const struct request *request, struct sigv4 *out, char why[128])
{
    const char *header = request_header(request, "authorization");
    *out = (struct sigv4){0};
    why[0] = '\0';
    if (header != NULL)
        return read_header(request, header, out, why);
    if (request_query(request, "X-Amz-Signature") != NULL ||
        request_query(request, "X-Amz-Algorithm") != NULL)
        return read_presigned(request, out, why);
    if (request_query(request, "AWSAccessKeyId") != NULL)
        return read_version_2(request, out, why);
    return SIGV4_ABSENT;
}

/* ---- The canonical form ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* name=value, both escaped, sorted, joined by "&"; without the signature itself. */
static bool add_query(struct buf *out, const struct request *request)
{
    char *lines[URI_PAIRS_MAX];
    size_t n = 0;
    bool ok = true;
    for (size_t i = 0; i < request->query.n && ok; i++) {
        const struct pair *pair = &request->query.all[i];
        struct buf line;
        if (strcmp(pair->name, "X-Amz-Signature") == 0)
            continue;
        buf_init(&line, CANONICAL_MAX);
        uri_encode(pair->name, strlen(pair->name), false, &line);
        buf_char(&line, '=');
        uri_encode(pair->value, strlen(pair->value), false, &line);
        ok = (lines[n] = buf_take(&line)) != NULL;
        n += ok;
        buf_release(&line);
    }
    /* "=" sorts after some characters of names: "a=" and "a-b=". A name never holds it escaped, so
     * a byte below all others in its place gives the order of names. */
    for (size_t i = 0; i < n; i++)
        *strchr(lines[i], '=') = '\x01';
    qsort(lines, n, sizeof *lines, by_text);
    for (size_t i = 0; i < n; i++) {
        *strchr(lines[i], '\x01') = '=';
        buf_printf(out, "%s%s", i == 0 ? "" : "&", lines[i]);
        mem_free(lines[i]);
    }
    return ok;
}

/* A header's value with blanks at its ends cut off and others joined to one. */
static void add_value(struct buf *out, const char *value)
{
    value += strspn(value, " \t");
    size_t len = strlen(value);
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;
    for (size_t i = 0; i < len; i++)
        if (value[i] != ' ' || value[i - 1] != ' ')
            buf_char(out, value[i]);
}

/* name:value of each signed header. False: one of them was not sent. */
static bool add_headers(struct buf *out, const struct request *request, const char *names)
{
    while (*names != '\0') {
        size_t n = strcspn(names, ";");
        bool found = false;
        for (size_t i = 0; i < request->n_headers; i++) {
            const struct header *header = &request->headers[i];
            if (strlen(header->name) != n || strncasecmp(header->name, names, n) != 0)
                continue;
            if (found)
                buf_char(out, ',');
            else
                buf_printf(out, "%.*s:", (int)n, names);
            add_value(out, header->value);
            found = true;
        }
        if (!found)
            return false;
        buf_char(out, '\n');
        names += n + (names[n] == ';');
    }
    return true;
}

static bool is_signed(const char *names, const char *name)
{
    size_t n = strlen(name);
    for (; *names != '\0'; names += strcspn(names, ";"), names += *names == ';')
        if (strncmp(names, name, n) == 0 && (names[n] == ';' || names[n] == '\0'))
            return true;
    return false;
}

/* Whatever a request says by a header of AWS must be signed: else somebody could add to it. */
static bool all_are_signed(const struct request *request, const struct sigv4 *sig)
{
    for (size_t i = 0; i < request->n_headers; i++) {
        char name[128];
        const char *sent = request->headers[i].name;
        size_t n = strlen(sent);
        bool amz = strncasecmp(sent, "x-amz-", 6) == 0 && strcasecmp(sent, "x-amz-content-sha256");
        if (!amz && strcasecmp(sent, "host") != 0)
            continue;
        if (n >= sizeof name)
            return false;
        for (size_t k = 0; k <= n; k++)
            name[k] = sent[k] >= 'A' && sent[k] <= 'Z' ? (char)(sent[k] + 32) : sent[k];
        if (!is_signed(sig->signed_headers, name))
            return false;
    }
    return true;
}

bool sigv4_key(const struct sigv4 *sig, const char *secret, unsigned char out[DIGEST_MAX])
{
    char first[256];
    const char *const parts[] = {sig->date, sig->region, sig->service, "aws4_request"};
    int n = snprintf(first, sizeof first, "AWS4%s", secret);
    const void *key = first;
    size_t key_len = (size_t)n;
    if ((size_t)n >= sizeof first)
        return false;
    for (size_t i = 0; i < 4; i++) {
        unsigned char next[DIGEST_MAX];
        if (digest_hmac(DIGEST_SHA256, key, key_len, parts[i], strlen(parts[i]), next) == 0)
            return false;
        memcpy(out, next, DIGEST_MAX);
        key = out;
        key_len = DIGEST_MAX;
    }
    return true;
}

static enum sigv4_problem check_4(const struct request *request, const struct sigv4 *sig,
                                  const char *secret, const char *payload, bool twice)
{
    struct buf text;
    char hash[DIGEST_HEX_MAX], wanted[DIGEST_HEX_MAX];
    unsigned char key[DIGEST_MAX], mac[DIGEST_MAX];
    if (sig->signed_headers == NULL || !is_signed(sig->signed_headers, "host") ||
        !all_are_signed(request, sig))
        return SIGV4_MISMATCH;
    buf_init(&text, CANONICAL_MAX);
    buf_printf(&text, "%s\n", request->method);
    if (twice)
        uri_encode(request->path, strlen(request->path), true, &text);
    else
        buf_text(&text, request->path);
    buf_char(&text, '\n');
    bool ok = add_query(&text, request);
    buf_char(&text, '\n');
    ok = ok && add_headers(&text, request, sig->signed_headers);
    buf_printf(&text, "\n%s\n%s", sig->signed_headers, payload);
    digest_hex(DIGEST_SHA256, text.data, text.len, hash);
    ok = ok && !text.failed;
    buf_clear(&text);
    buf_printf(&text, ALGORITHM "\n%s\n%s/%s/%s/aws4_request\n%s", sig->time, sig->date,
               sig->region, sig->service, hash);
    ok = ok && !text.failed && sigv4_key(sig, secret, key) &&
         digest_hmac(DIGEST_SHA256, key, sizeof key, text.data, text.len, mac) == DIGEST_MAX;
    buf_release(&text);
    if (!ok)
        return SIGV4_MISMATCH;
    hex_write(mac, DIGEST_MAX, wanted);
    return secret_equal(wanted, sig->signature) ? SIGV4_GOOD : SIGV4_MISMATCH;
}

/* The x-amz- headers of version 2: name:value, sorted. */
static bool add_amz_headers(struct buf *out, const struct request *request)
{
    char *lines[REQUEST_HEADERS_MAX];
    size_t n = 0;
    bool ok = true;
    for (size_t i = 0; i < request->n_headers && ok; i++) {
        struct buf line;
        const char *name = request->headers[i].name;
        if (strncasecmp(name, "x-amz-", 6) != 0)
            continue;
        buf_init(&line, CANONICAL_MAX);
        for (; *name != '\0'; name++)
            buf_char(&line, *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name);
        buf_char(&line, ':');
        add_value(&line, request->headers[i].value);
        ok = (lines[n] = buf_take(&line)) != NULL;
        n += ok;
        buf_release(&line);
    }
    qsort(lines, n, sizeof *lines, by_text);
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s\n", lines[i]);
        mem_free(lines[i]);
    }
    return ok;
}

/* Parts of the query that version 2 signs as part of what is asked for, sorted. */
static void add_subresources(struct buf *out, const struct request *request)
{
    static const char *const names[] = {"acl",
                                        "delete",
                                        "location",
                                        "partNumber",
                                        "policy",
                                        "response-cache-control",
                                        "response-content-disposition",
                                        "response-content-encoding",
                                        "response-content-language",
                                        "response-content-type",
                                        "response-expires",
                                        "tagging",
                                        "uploadId",
                                        "uploads",
                                        "versionId",
                                        "versioning"};
    char join = '?';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = request_query(request, names[i]);
        if (value == NULL)
            continue;
        buf_printf(out, "%c%s%s%s", join, names[i], value[0] == '\0' ? "" : "=", value);
        join = '&';
    }
}

static enum sigv4_problem check_2(const struct request *request, const struct sigv4 *sig,
                                  const char *secret, const char *resource)
{
    struct buf text;
    unsigned char mac[DIGEST_MAX];
    char wanted[64];
    const char *md5 = request_header(request, "content-md5");
    const char *type = request_header(request, "content-type");
    buf_init(&text, CANONICAL_MAX);
    buf_printf(&text, "%s\n%s\n%s\n%lld\n", request->method, md5 == NULL ? "" : md5,
               type == NULL ? "" : type, (long long)sig->expires_s);
    bool ok = add_amz_headers(&text, request);
    buf_text(&text, resource);
    add_subresources(&text, request);
    size_t n = ok && !text.failed
                   ? digest_hmac(DIGEST_SHA1, secret, strlen(secret), text.data, text.len, mac)
                   : 0;
    buf_release(&text);
    if (n == 0)
        return SIGV4_MISMATCH;
    base64_write(mac, n, wanted);
    return secret_equal(wanted, sig->signature) ? SIGV4_GOOD : SIGV4_MISMATCH;
}

enum sigv4_problem sigv4_check(const struct request *request, const struct sigv4 *sig,
                               const char *secret, const char *resource, const char *payload,
                               bool twice, int64_t now_ms)
{
    if (payload == NULL)
        payload = sig->payload;
    if (payload == NULL)
        return SIGV4_MALFORMED;
    enum sigv4_problem problem = sig->version_2 ? check_2(request, sig, secret, resource)
                                                : check_4(request, sig, secret, payload, twice);
    /* Times are told only to somebody who knows the secret. */
    if (problem != SIGV4_GOOD)
        return problem;
    if (sig->version_2)
        return now_ms / 1000 > sig->expires_s ? SIGV4_EXPIRED : SIGV4_GOOD;
    int64_t skew = now_ms - sig->signed_at_ms;
    if (sig->presigned)
        return skew < -SIGV4_SKEW_MS          ? SIGV4_SKEW
               : skew > sig->expires_s * 1000 ? SIGV4_EXPIRED
                                              : SIGV4_GOOD;
    return skew < -SIGV4_SKEW_MS || skew > SIGV4_SKEW_MS ? SIGV4_SKEW : SIGV4_GOOD;
}
