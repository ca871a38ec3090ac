/* s3_bucket.c: buckets, and what is in them. */
#include "serve/s3_service.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/time.h"
#include "s3/digest.h"
#include "serve/xml.h"

#define XMLNS "http://s3.amazonaws.com/doc/2006-03-01/"

void s3_begin_xml(struct exchange *x)
{
    answer_begin(x, 200, "application/xml");
    buf_text(&x->reply.body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
}

void s3_time(int64_t ms, char out[32])
{
    time_text(ms, out);
}

void s3_failure(struct exchange *x, hone_status status, const hone_error *err)
{
    const char *key = x->s3->key;
    if (status == HONE_ENOTFOUND && !s3_bucket_exists(x->serve->s3, x->s3->bucket))
        answer_error(x, 404, "NoSuchBucket", "The specified bucket does not exist");
    else if (status == HONE_ENOTFOUND)
        answer_error(x, 404, "NoSuchKey", "The specified key does not exist.");
    else if (status == HONE_EINVAL && key != NULL && strlen(key) > S3_KEY_MAX)
        answer_error(x, 400, "KeyTooLongError", "%s", err->text);
    else if (status == HONE_EINVAL)
        answer_error(x, 400, "InvalidArgument", "%s", err->text);
    else if (status == HONE_ESTATE)
        answer_error(x, 412, "PreconditionFailed",
                     "At least one of the pre-conditions you specified did not hold");
    else {
        atomic_fetch_add(&x->serve->failed, 1);
        answer_error(x, 500, "InternalError", "%s", err->text);
    }
}

bool s3_bucket_is_missing(struct exchange *x)
{
    if (s3_bucket_exists(x->serve->s3, x->s3->bucket))
        return false;
    answer_error(x, 404, "NoSuchBucket", "The specified bucket does not exist");
    return true;
}

struct bucket_list {
    struct exchange *x;
    const char *prefix;
};

static hone_status add_bucket(void *context, const char *bucket, int64_t created_ms,
                              hone_error *err)
{
    (void)err;
    struct bucket_list *list = context;
    char when[32];
    if (list->prefix != NULL && strncmp(bucket, list->prefix, strlen(list->prefix)) != 0)
        return HONE_OK;
    s3_time(created_ms, when);
    buf_printf(&list->x->reply.body,
               "<Bucket><Name>%s</Name><CreationDate>%s</CreationDate></Bucket>", bucket, when);
    return HONE_OK;
}

void s3_list_buckets(struct exchange *x)
{
    hone_error err = {0};
    struct bucket_list list = {x, request_query(&x->request, "prefix")};
    s3_begin_xml(x);
    buf_printf(&x->reply.body,
               "<ListAllMyBucketsResult xmlns=\"" XMLNS "\"><Owner><ID>%s</ID></Owner><Buckets>",
               x->serve->place.account);
    hone_status status = s3_buckets(x->serve->s3, add_bucket, &list, &err);
    buf_text(&x->reply.body, "</Buckets></ListAllMyBucketsResult>");
    if (status != HONE_OK)
        s3_failure(x, status, &err);
}

void s3_head_bucket(struct exchange *x)
{
    if (s3_bucket_is_missing(x))
        return;
    answer_begin(x, 200, NULL);
    answer_header(x, "x-amz-bucket-region", x->sig.region);
}

void s3_create_bucket(struct exchange *x)
{
    hone_error err = {0};
    char location[260];
    hone_status status = s3_bucket_create(x->serve->s3, x->s3->bucket, &err);
    if (status == HONE_EINVAL) {
        answer_error(x, 400, "InvalidBucketName", "The specified bucket is not valid: %s",
                     err.text);
    } else if (status == HONE_ESTATE && strcmp(x->sig.region, "us-east-1") != 0) {
        answer_error(x, 409, "BucketAlreadyOwnedByYou",
                     "Your previous request to create the named bucket succeeded and you already "
                     "own it.");
    } else if (status != HONE_OK && status != HONE_ESTATE) {
        s3_failure(x, status, &err);
    } else {
        snprintf(location, sizeof location, "/%s", x->s3->bucket);
        answer_begin(x, 200, NULL);
        answer_header(x, "Location", location);
    }
}

void s3_delete_bucket(struct exchange *x)
{
    hone_error err = {0};
    hone_status status = s3_bucket_delete(x->serve->s3, x->s3->bucket, &err);
    if (status == HONE_ESTATE)
        answer_error(x, 409, "BucketNotEmpty", "The bucket you tried to delete is not empty");
    else if (status != HONE_OK)
        s3_failure(x, status, &err);
    else
        answer_begin(x, 204, NULL);
}

void s3_bucket_location(struct exchange *x)
{
    if (s3_bucket_is_missing(x))
        return;
    s3_begin_xml(x);
    /* us-east-1 is written as nothing. */
    buf_printf(&x->reply.body, "<LocationConstraint xmlns=\"" XMLNS "\">%s</LocationConstraint>",
               strcmp(x->sig.region, "us-east-1") == 0 ? "" : x->sig.region);
}

void s3_bucket_versioning(struct exchange *x)
{
    if (s3_bucket_is_missing(x))
        return;
    s3_begin_xml(x);
    buf_text(&x->reply.body, "<VersioningConfiguration xmlns=\"" XMLNS "\"/>");
}

/* ---- Listing ---- */

struct key_list {
    struct exchange *x;
    bool encoded; /* keys are written in percent escapes */
    struct buf groups;
    char last[S3_KEY_MAX * 2];
    size_t n;
};

static void put_key(const struct key_list *list, struct buf *out, const char *name, const char *key)
{
    buf_printf(out, "<%s>", name);
    if (list->encoded)
        uri_encode(key, strlen(key), true, out);
    else
        xml_text(out, key);
    buf_printf(out, "</%s>", name);
}

static hone_status add_key(void *context, const char *key, const struct s3_object *object,
                           hone_error *err)
{
    (void)err;
    struct key_list *list = context;
    char when[32];
    snprintf(list->last, sizeof list->last, "%s", key);
    list->n++;
    if (object == NULL) {
        buf_text(&list->groups, "<CommonPrefixes>");
        put_key(list, &list->groups, "Prefix", key);
        buf_text(&list->groups, "</CommonPrefixes>");
        return HONE_OK;
    }
    struct buf *out = &list->x->reply.body;
    s3_time(object->modified_ms, when);
    buf_text(out, "<Contents>");
    put_key(list, out, "Key", key);
    buf_printf(out,
               "<LastModified>%s</LastModified><ETag>&quot;%s&quot;</ETag><Size>%llu</Size>"
               "<StorageClass>STANDARD</StorageClass></Contents>",
               when, object->etag, (unsigned long long)object->size);
    return HONE_OK;
}

/* Tokens are base 16 of the last key given, so that no client takes one for a key. */
static char *token_read(const char *token)
{
    size_t n = strlen(token) / 2;
    char *key = n == 0 || n > S3_KEY_MAX ? NULL : mem_array(n + 1, 1);
    if (key != NULL && (!hex_read(token, n, (unsigned char *)key) || strlen(key) != n)) {
        mem_free(key);
        key = NULL;
    }
    return key;
}

static bool read_max(struct exchange *x, size_t *out)
{
    const char *text = request_query(&x->request, "max-keys");
    int64_t max = S3_LIST_MAX;
    if (text != NULL && (!str_int64(text, strlen(text), &max) || max < 0)) {
        answer_error(x, 400, "InvalidArgument", "max-keys is a number >= 0");
        return false;
    }
    *out = max > S3_LIST_MAX ? S3_LIST_MAX : (size_t)max;
    return true;
}

static void put_given(struct exchange *x, const struct key_list *list, const char *element,
                      const char *parameter)
{
    const char *value = request_query(&x->request, parameter);
    if (value != NULL)
        put_key(list, &x->reply.body, element, value);
}

/* Both listings; `after` is where this page begins. */
static void list_objects(struct exchange *x, const char *after, bool version_2)
{
    hone_error err = {0};
    bool more = false;
    struct buf *out = &x->reply.body;
    const char *encoding = request_query(&x->request, "encoding-type");
    struct s3_query query = {.prefix = request_query(&x->request, "prefix"),
                             .delimiter = request_query(&x->request, "delimiter"),
                             .after = after};
    if (encoding != NULL && strcmp(encoding, "url") != 0) {
        answer_error(x, 400, "InvalidArgument", "encoding-type is \"url\"");
        return;
    }
    if (!read_max(x, &query.max))
        return;
    struct key_list *list = mem_array(1, sizeof *list);
    if (list == NULL) {
        answer_error(x, 500, "InternalError", "out of memory");
        return;
    }
    list->x = x;
    list->encoded = encoding != NULL;
    buf_init(&list->groups, REPLY_MAX);
    s3_begin_xml(x);
    buf_printf(out, "<ListBucketResult xmlns=\"" XMLNS "\"><Name>%s</Name><MaxKeys>%zu</MaxKeys>",
               x->s3->bucket, query.max);
    if (query.prefix == NULL)
        buf_text(out, "<Prefix/>");
    put_given(x, list, "Prefix", "prefix");
    put_given(x, list, "Delimiter", "delimiter");
    put_given(x, list, version_2 ? "StartAfter" : "Marker", version_2 ? "start-after" : "marker");
    if (list->encoded)
        buf_text(out, "<EncodingType>url</EncodingType>");
    hone_status status =
        query.max == 0 ? HONE_OK
                       : s3_list(x->serve->s3, x->s3->bucket, &query, add_key, list, &more, &err);
    buf_add(out, list->groups.data, list->groups.len);
    buf_printf(out, "<IsTruncated>%s</IsTruncated>", more ? "true" : "false");
    if (version_2) {
        const char *token = request_query(&x->request, "continuation-token");
        buf_printf(out, "<KeyCount>%zu</KeyCount>", list->n);
        if (token != NULL)
            xml_element(out, "ContinuationToken", token);
        if (more) {
            char hex[4 * S3_KEY_MAX + 1];
            hex_write((const unsigned char *)list->last, strlen(list->last), hex);
            xml_element(out, "NextContinuationToken", hex);
        }
    } else if (more) {
        put_key(list, out, "NextMarker", list->last);
    }
    buf_text(out, "</ListBucketResult>");
    bool failed = list->groups.failed;
    buf_release(&list->groups);
    mem_free(list);
    if (status != HONE_OK)
        s3_failure(x, status, &err);
    else if (failed)
        answer_error(x, 500, "InternalError", "out of memory");
}

void s3_list_objects(struct exchange *x)
{
    if (!s3_bucket_is_missing(x))
        list_objects(x, request_query(&x->request, "marker"), false);
}

void s3_list_objects_2(struct exchange *x)
{
    const char *token = request_query(&x->request, "continuation-token");
    if (s3_bucket_is_missing(x))
        return;
    if (token == NULL) {
        list_objects(x, request_query(&x->request, "start-after"), true);
        return;
    }
    char *after = token_read(token);
    if (after == NULL)
        answer_error(x, 400, "InvalidArgument", "The continuation token provided is incorrect");
    else
        list_objects(x, after, true);
    mem_free(after);
}

/* ---- Deleting many ---- */

struct deletion {
    struct exchange *x;
    bool quiet;
    char key[XML_TEXT_MAX];
    size_t n;
};

static bool delete_element(void *context, const char *path, const char *text)
{
    struct deletion *deletion = context;
    struct exchange *x = deletion->x;
    hone_error err = {0};
    if (text == NULL)
        return true;
    if (strcmp(path, "Delete/Quiet") == 0)
        deletion->quiet = strcmp(text, "true") == 0;
    else if (strcmp(path, "Delete/Object/Key") == 0)
        snprintf(deletion->key, sizeof deletion->key, "%s", text);
    else if (strcmp(path, "Delete/Object") == 0) {
        if (++deletion->n > S3_LIST_MAX || deletion->key[0] == '\0')
            return false;
        hone_status status = s3_delete(x->serve->s3, x->s3->bucket, deletion->key, &err);
        if (status != HONE_OK || !deletion->quiet) {
            buf_printf(&x->reply.body, "<%s>", status == HONE_OK ? "Deleted" : "Error");
            xml_element(&x->reply.body, "Key", deletion->key);
            if (status != HONE_OK)
                buf_text(&x->reply.body, "<Code>InternalError</Code><Message/>");
            buf_printf(&x->reply.body, "</%s>", status == HONE_OK ? "Deleted" : "Error");
        }
        deletion->key[0] = '\0';
    }
    return true;
}

/* The first time through the list, nothing is done: a list that is wrong deletes nothing. */
static bool check_element(void *context, const char *path, const char *text)
{
    struct deletion *deletion = context;
    if (text != NULL && strcmp(path, "Delete/Quiet") == 0)
        deletion->quiet = strcmp(text, "true") == 0;
    if (text != NULL && strcmp(path, "Delete/Object/Key") == 0 && text[0] == '\0')
        return false;
    return text == NULL || strcmp(path, "Delete/Object") != 0 || ++deletion->n <= S3_LIST_MAX;
}

void s3_delete_objects(struct exchange *x)
{
    if (s3_bucket_is_missing(x))
        return;
    struct deletion *deletion = mem_array(1, sizeof *deletion);
    if (deletion == NULL) {
        answer_error(x, 500, "InternalError", "out of memory");
        return;
    }
    deletion->x = x;
    const struct xml_visitor check = {deletion, check_element}, act = {deletion, delete_element};
    bool good = xml_read(x->body.data, x->body.len, &check) && deletion->n > 0;
    if (good) {
        deletion->n = 0;
        s3_begin_xml(x);
        buf_text(&x->reply.body, "<DeleteResult xmlns=\"" XMLNS "\">");
        good = xml_read(x->body.data, x->body.len, &act);
        buf_text(&x->reply.body, "</DeleteResult>");
    }
    if (!good)
        answer_error(x, 400, "MalformedXML", "a list of 1 to %d keys is wanted", S3_LIST_MAX);
    mem_free(deletion);
}

static hone_status add_upload(void *context, const char *key, const char *id, int64_t begun_ms,
                              hone_error *err)
{
    (void)err;
    struct exchange *x = context;
    char when[32];
    s3_time(begun_ms, when);
    buf_text(&x->reply.body, "<Upload>");
    xml_element(&x->reply.body, "Key", key);
    buf_printf(&x->reply.body, "<UploadId>%s</UploadId><Initiated>%s</Initiated></Upload>", id,
               when);
    return HONE_OK;
}

void s3_list_uploads(struct exchange *x)
{
    hone_error err = {0};
    if (s3_bucket_is_missing(x))
        return;
    s3_begin_xml(x);
    buf_printf(&x->reply.body,
               "<ListMultipartUploadsResult xmlns=\"" XMLNS "\"><Bucket>%s</Bucket>"
               "<IsTruncated>false</IsTruncated>",
               x->s3->bucket);
    hone_status status = s3_uploads(x->serve->s3, x->s3->bucket, add_upload, x, &err);
    buf_text(&x->reply.body, "</ListMultipartUploadsResult>");
    if (status != HONE_OK)
        s3_failure(x, status, &err);
}
