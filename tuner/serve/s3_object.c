/* s3_object.c: getting, putting, copying and deleting one object. */
#include "serve/s3_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/xml.h"

void s3_http_time(int64_t ms, char out[40])
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;
    time_t seconds = (time_t)(ms / 1000);
    gmtime_r(&seconds, &tm);
    snprintf(out, 40, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday % 100,
             months[tm.tm_mon], (tm.tm_year + 1900) % 10000, tm.tm_hour % 100, tm.tm_min % 100,
             tm.tm_sec % 100);
}

/* The time of a header, in ms; -1 when it is none. */
static int64_t http_time(const char *text)
{
    struct tm tm = {0};
    const char *end = text == NULL ? NULL : strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    return end == NULL || *end != '\0' ? -1 : (int64_t)timegm(&tm) * 1000;
}

bool s3_etag_read(const char *text, char out[S3_ETAG_MAX])
{
    size_t n = strlen(text);
    if (n >= 2 && text[0] == '"' && text[n - 1] == '"') {
        text++;
        n -= 2;
    }
    if (n >= S3_ETAG_MAX)
        return false;
    memcpy(out, text, n);
    out[n] = '\0';
    return true;
}

void s3_etag_header(struct exchange *x, const char *etag)
{
    char quoted[S3_ETAG_MAX + 2];
    snprintf(quoted, sizeof quoted, "\"%s\"", etag);
    answer_header(x, "ETag", quoted);
}

void s3_put_read(const struct request *request, struct s3_put *out, json_t **meta_out,
                 char match[S3_ETAG_MAX])
{
    static const char *const kept[] = {"cache-control", "content-disposition", "content-language",
                                       "expires"};
    const char *if_none = request_header(request, "if-none-match");
    const char *if_match = request_header(request, "if-match");
    json_t *meta = json_object();
    for (size_t i = 0; i < request->n_headers; i++) {
        const struct header *header = &request->headers[i];
        char name[128];
        size_t n = strlen(header->name);
        bool keep = strncasecmp(header->name, "x-amz-meta-", 11) == 0;
        for (size_t k = 0; k < sizeof kept / sizeof kept[0]; k++)
            keep = keep || strcasecmp(header->name, kept[k]) == 0;
        if (!keep || n >= sizeof name)
            continue;
        for (size_t k = 0; k <= n; k++)
            name[k] = header->name[k] >= 'A' && header->name[k] <= 'Z'
                          ? (char)(header->name[k] + 32)
                          : header->name[k];
        json_object_set_new(meta, name, json_string(header->value));
    }
    *meta_out = meta;
    *out = (struct s3_put){.type = request_header(request, "content-type"),
                           .meta = json_object_size(meta) == 0 ? NULL : meta,
                           .if_none = if_none != NULL && strcmp(if_none, "*") == 0};
    if (if_match != NULL)
        out->if_match = s3_etag_read(if_match, match) ? match : "";
}

bool s3_meta_fits(struct exchange *x, json_t *meta)
{
    size_t said = 0;
    const char *key;
    json_t *value;
    json_object_foreach(meta, key, value) said += strlen(key) + json_string_length(value);
    if (said > S3_META_MAX)
        answer_error(x, 400, "MetadataTooLarge", "metadata headers have more than %d bytes",
                     S3_META_MAX);
    return said <= S3_META_MAX;
}

void s3_put_object(struct exchange *x)
{
    hone_error err = {0};
    struct s3_put put;
    struct s3_object object = {0};
    json_t *meta;
    char match[S3_ETAG_MAX];
    if (request_header(&x->request, "x-amz-copy-source") != NULL) {
        s3_copy_object(x);
        return;
    }
    s3_put_read(&x->request, &put, &meta, match);
    if (s3_meta_fits(x, meta)) {
        struct s3_write *write = x->s3->write;
        x->s3->write = NULL;
        hone_status status = s3_write_commit(write, x->s3->bucket, x->s3->key, &put, &object, &err);
        if (status != HONE_OK) {
            s3_failure(x, status, &err);
        } else {
            answer_begin(x, 200, NULL);
            s3_etag_header(x, object.etag);
        }
    }
    json_decref(meta);
    s3_object_release(&object);
}

void s3_delete_object(struct exchange *x)
{
    hone_error err = {0};
    hone_status status = s3_delete(x->serve->s3, x->s3->bucket, x->s3->key, &err);
    if (status != HONE_OK)
        s3_failure(x, status, &err);
    else
        answer_begin(x, 204, NULL);
}

/* ---- Getting ---- */

static bool etag_is_among(const char *list, const char *etag)
{
    while (*list != '\0') {
        char one[S3_ETAG_MAX + 8];
        list += strspn(list, ", ");
        size_t n = strcspn(list, ",");
        size_t len = n;
        while (len > 0 && list[len - 1] == ' ')
            len--;
        if (len == 1 && list[0] == '*')
            return true;
        if (len > 0 && len < sizeof one) {
            char bare[S3_ETAG_MAX];
            memcpy(one, list, len);
            one[len] = '\0';
            const char *strong = strncmp(one, "W/", 2) == 0 ? one + 2 : one;
            if (s3_etag_read(strong, bare) && strcmp(bare, etag) == 0)
                return true;
        }
        list += n;
    }
    return false;
}

/* RFC 9110, section 13.2.2. 0: go on; else 304 or 412. */
static int condition(const struct request *request, const struct s3_object *object)
{
    const char *match = request_header(request, "if-match");
    const char *none = request_header(request, "if-none-match");
    int64_t since = http_time(request_header(request, "if-modified-since"));
    int64_t unless = http_time(request_header(request, "if-unmodified-since"));
    int64_t modified = object->modified_ms / 1000 * 1000;
    if (match != NULL && !etag_is_among(match, object->etag))
        return 412;
    if (match == NULL && unless >= 0 && modified > unless)
        return 412;
    if (none != NULL)
        return etag_is_among(none, object->etag) ? 304 : 0;
    return since >= 0 && modified <= since ? 304 : 0;
}

/* "bytes=A-B", "bytes=A-", "bytes=-N". 1: a range; 0: none that is understood; -1: outside. */
static int read_range(const char *text, uint64_t size, uint64_t *first, uint64_t *last)
{
    int64_t a, b;
    if (text == NULL || strncmp(text, "bytes=", 6) != 0)
        return 0;
    text += 6;
    size_t n = strcspn(text, "-");
    if (text[n] != '-' || strchr(text, ',') != NULL)
        return 0;
    const char *behind = text + n + 1;
    if (n == 0) {
        if (!str_int64(behind, strlen(behind), &b) || b < 0)
            return 0;
        if (b == 0 || size == 0)
            return -1;
        *first = (uint64_t)b >= size ? 0 : size - (uint64_t)b;
        *last = size - 1;
        return 1;
    }
    if (!str_int64(text, n, &a) || a < 0)
        return 0;
    b = INT64_MAX;
    if (*behind != '\0' && (!str_int64(behind, strlen(behind), &b) || b < a))
        return 0;
    if ((uint64_t)a >= size)
        return -1;
    *first = (uint64_t)a;
    *last = (uint64_t)b >= size ? size - 1 : (uint64_t)b;
    return 1;
}

/* The headers of an object, and those that the request wants in their place. */
static void describe(struct exchange *x, const struct s3_object *object)
{
    static const struct {
        const char *parameter, *header;
    } wanted[] = {{"response-content-type", "Content-Type"},
                  {"response-content-disposition", "Content-Disposition"},
                  {"response-content-language", "Content-Language"},
                  {"response-cache-control", "Cache-Control"},
                  {"response-expires", "Expires"}};
    char when[40];
    const char *name;
    json_t *value;
    const char *type = request_query(&x->request, wanted[0].parameter);
    s3_http_time(object->modified_ms, when);
    answer_header(x, "Last-Modified", when);
    s3_etag_header(x, object->etag);
    answer_header(x, "Accept-Ranges", "bytes");
    answer_header(x, "Content-Type",
                  type != NULL           ? type
                  : object->type != NULL ? object->type
                                         : "binary/octet-stream");
    json_object_foreach(object->meta, name, value) answer_header(x, name, json_string_value(value));
    for (size_t i = 1; i < sizeof wanted / sizeof wanted[0]; i++) {
        const char *text = request_query(&x->request, wanted[i].parameter);
        if (text != NULL)
            answer_header(x, wanted[i].header, text);
    }
}

static void give_object(struct exchange *x, int fd, const struct s3_object *object)
{
    uint64_t first = 0, last = 0;
    char text[80];
    int stop = condition(&x->request, object);
    int range = read_range(request_header(&x->request, "range"), object->size, &first, &last);
    if (stop == 412) {
        answer_error(x, 412, "PreconditionFailed",
                     "At least one of the pre-conditions you specified did not hold");
    } else if (stop == 304) {
        answer_begin(x, 304, NULL);
        s3_etag_header(x, object->etag);
    } else if (range < 0) {
        answer_error(x, 416, "InvalidRange", "The requested range is not satisfiable");
        snprintf(text, sizeof text, "bytes */%llu", (unsigned long long)object->size);
        answer_header(x, "Content-Range", text);
    } else {
        answer_begin(x, range > 0 ? 206 : 200, NULL);
        describe(x, object);
        if (range > 0) {
            snprintf(text, sizeof text, "bytes %llu-%llu/%llu", (unsigned long long)first,
                     (unsigned long long)last, (unsigned long long)object->size);
            answer_header(x, "Content-Range", text);
        }
        x->reply.fd = dup(fd);
        x->reply.offset = first;
        x->reply.length = range > 0 ? last - first + 1 : object->size;
        if (x->reply.fd < 0)
            answer_error(x, 503, "SlowDown", "too many open files");
    }
}

void s3_get_object(struct exchange *x)
{
    hone_error err = {0};
    struct s3_object object = {0};
    int fd = -1;
    hone_status status = s3_get(x->serve->s3, x->s3->bucket, x->s3->key, &fd, &object, &err);
    if (status != HONE_OK)
        s3_failure(x, status, &err);
    else
        give_object(x, fd, &object);
    if (fd >= 0)
        close(fd);
    s3_object_release(&object);
}

/* ---- Copying ---- */

/* x-amz-copy-source: [/]bucket/key in percent escapes. */
static bool read_source(const char *text, char **bucket_out, char **key_out)
{
    struct buf decoded;
    text += *text == '/';
    size_t len = strcspn(text, "?"); /* ?versionId= */
    buf_init(&decoded, 4096);
    bool ok = uri_decode(text, len, false, &decoded);
    size_t n = strcspn(decoded.data, "/");
    ok = ok && decoded.data[n] == '/' && decoded.data[n + 1] != '\0';
    *bucket_out = ok ? mem_text_n(decoded.data, n) : NULL;
    *key_out = ok ? mem_text(decoded.data + n + 1) : NULL;
    buf_release(&decoded);
    return ok && *bucket_out != NULL && *key_out != NULL;
}

static bool copy_conditions_hold(const struct request *request, const struct s3_object *object)
{
    const char *match = request_header(request, "x-amz-copy-source-if-match");
    const char *none = request_header(request, "x-amz-copy-source-if-none-match");
    return (match == NULL || etag_is_among(match, object->etag)) &&
           (none == NULL || !etag_is_among(none, object->etag));
}

/* Bring the piece of the source that is wanted into the write. */
static hone_status copy_bytes(struct exchange *x, int fd, const struct s3_object *source,
                              hone_error *err)
{
    uint64_t first = 0, last = 0;
    const char *text = request_header(&x->request, "x-amz-copy-source-range");
    if (text == NULL)
        return s3_write_file(x->s3->write, fd, err);
    if (read_range(text, source->size, &first, &last) <= 0 || lseek(fd, (off_t)first, SEEK_SET) < 0)
        return error_set(err, HONE_EINVAL, "x-amz-copy-source-range: %s", text);
    char block[16384];
    for (uint64_t left = last - first + 1; left > 0;) {
        ssize_t n = read(fd, block, left < sizeof block ? (size_t)left : sizeof block);
        if (n <= 0)
            return error_set(err, HONE_EIO, "read the source");
        hone_status status = s3_write_add(x->s3->write, block, (size_t)n, err);
        if (status != HONE_OK)
            return status;
        left -= (uint64_t)n;
    }
    return HONE_OK;
}

static void copy_from(struct exchange *x, int fd, const struct s3_object *source)
{
    hone_error err = {0};
    struct s3_put put;
    struct s3_object object = {0};
    struct s3_part part = {0};
    json_t *meta;
    char match[S3_ETAG_MAX], when[32];
    const char *directive = request_header(&x->request, "x-amz-metadata-directive");
    const char *number = request_query(&x->request, "partNumber");
    s3_put_read(&x->request, &put, &meta, match);
    if (!s3_meta_fits(x, meta)) {
        json_decref(meta);
        return;
    }
    if (directive == NULL || strcmp(directive, "REPLACE") != 0) {
        put.type = source->type;
        put.meta = source->meta;
    }
    hone_status status = copy_bytes(x, fd, source, &err);
    struct s3_write *write = x->s3->write;
    if (status == HONE_OK) {
        x->s3->write = NULL;
        if (number != NULL)
            status = s3_upload_part(write, x->s3->bucket, request_query(&x->request, "uploadId"),
                                    (int)strtol(number, NULL, 10), &part, &err);
        else
            status = s3_write_commit(write, x->s3->bucket, x->s3->key, &put, &object, &err);
    }
    json_decref(meta);
    if (status != HONE_OK) {
        s3_failure(x, status, &err);
    } else {
        const char *name = number != NULL ? "CopyPartResult" : "CopyObjectResult";
        s3_time(number != NULL ? part.modified_ms : object.modified_ms, when);
        s3_begin_xml(x);
        buf_printf(&x->reply.body,
                   "<%s><LastModified>%s</LastModified><ETag>&quot;%s&quot;</ETag></%s>", name,
                   when, number != NULL ? part.etag : object.etag, name);
    }
    s3_object_release(&object);
}

void s3_copy_object(struct exchange *x)
{
    hone_error err = {0};
    struct s3_object source = {0};
    char *bucket = NULL, *key = NULL;
    int fd = -1;
    if (!read_source(request_header(&x->request, "x-amz-copy-source"), &bucket, &key)) {
        answer_error(x, 400, "InvalidArgument", "x-amz-copy-source is bucket/key, escaped");
    } else {
        hone_status status = s3_get(x->serve->s3, bucket, key, &fd, &source, &err);
        if (status == HONE_ENOTFOUND)
            answer_error(x, 404,
                         s3_bucket_exists(x->serve->s3, bucket) ? "NoSuchKey" : "NoSuchBucket",
                         "the source of the copy does not exist");
        else if (status != HONE_OK)
            s3_failure(x, status, &err);
        else if (!copy_conditions_hold(&x->request, &source))
            answer_error(x, 412, "PreconditionFailed", "the source is another one");
        else
            copy_from(x, fd, &source);
    }
    if (fd >= 0)
        close(fd);
    s3_object_release(&source);
    mem_free(bucket);
    mem_free(key);
}
