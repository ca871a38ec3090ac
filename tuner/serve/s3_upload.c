/* s3_upload.c: objects in parts. */
#include "serve/s3_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "serve/xml.h"

static const char *upload_id(struct exchange *x)
{
    const char *id = request_query(&x->request, "uploadId");
    if (id != NULL && s3_upload_exists(x->serve->s3, x->s3->bucket, x->s3->key, id))
        return id;
    answer_error(x, 404, "NoSuchUpload",
                 "The specified multipart upload does not exist. The upload ID may be invalid, or "
                 "the upload may have been aborted or completed.");
    return NULL;
}

void s3_create_upload(struct exchange *x)
{
    hone_error err = {0};
    struct s3_put put;
    json_t *meta;
    char match[S3_ETAG_MAX], id[S3_UPLOAD_ID_MAX];
    s3_put_read(&x->request, &put, &meta, match);
    if (!s3_meta_fits(x, meta)) {
        json_decref(meta);
        return;
    }
    hone_status status = s3_upload_begin(x->serve->s3, x->s3->bucket, x->s3->key, &put, id, &err);
    json_decref(meta);
    if (status != HONE_OK) {
        s3_failure(x, status, &err);
        return;
    }
    s3_begin_xml(x);
    buf_printf(&x->reply.body, "<InitiateMultipartUploadResult><Bucket>%s</Bucket>", x->s3->bucket);
    xml_element(&x->reply.body, "Key", x->s3->key);
    xml_element(&x->reply.body, "UploadId", id);
    buf_text(&x->reply.body, "</InitiateMultipartUploadResult>");
}

void s3_put_part(struct exchange *x)
{
    hone_error err = {0};
    struct s3_part part;
    int64_t number;
    const char *text = request_query(&x->request, "partNumber");
    const char *id = upload_id(x);
    if (id == NULL)
        return;
    if (!str_int64(text, strlen(text), &number) || number < 1 || number > S3_PARTS_MAX) {
        answer_error(x, 400, "InvalidArgument",
                     "Part number must be an integer between 1 and %d, inclusive", S3_PARTS_MAX);
        return;
    }
    if (request_header(&x->request, "x-amz-copy-source") != NULL) {
        s3_copy_object(x);
        return;
    }
    struct s3_write *write = x->s3->write;
    x->s3->write = NULL;
    hone_status status = s3_upload_part(write, x->s3->bucket, id, (int)number, &part, &err);
    if (status != HONE_OK) {
        s3_failure(x, status, &err);
        return;
    }
    answer_begin(x, 200, NULL);
    s3_etag_header(x, part.etag);
}

static hone_status add_part(void *context, const struct s3_part *part, hone_error *err)
{
    (void)err;
    struct exchange *x = context;
    char when[32];
    s3_time(part->modified_ms, when);
    buf_printf(&x->reply.body,
               "<Part><PartNumber>%d</PartNumber><LastModified>%s</LastModified>"
               "<ETag>&quot;%s&quot;</ETag><Size>%llu</Size></Part>",
               part->number, when, part->etag, (unsigned long long)part->size);
    return HONE_OK;
}

void s3_list_parts(struct exchange *x)
{
    hone_error err = {0};
    const char *id = upload_id(x);
    if (id == NULL)
        return;
    s3_begin_xml(x);
    buf_printf(&x->reply.body, "<ListPartsResult><Bucket>%s</Bucket>", x->s3->bucket);
    xml_element(&x->reply.body, "Key", x->s3->key);
    xml_element(&x->reply.body, "UploadId", id);
    buf_printf(&x->reply.body, "<MaxParts>%d</MaxParts><IsTruncated>false</IsTruncated>",
               S3_PARTS_MAX);
    hone_status status = s3_upload_parts(x->serve->s3, x->s3->bucket, id, add_part, x, &err);
    buf_text(&x->reply.body, "</ListPartsResult>");
    if (status != HONE_OK)
        s3_failure(x, status, &err);
}

void s3_abort_upload(struct exchange *x)
{
    hone_error err = {0};
    const char *id = upload_id(x);
    if (id == NULL)
        return;
    hone_status status = s3_upload_abort(x->serve->s3, x->s3->bucket, id, &err);
    if (status != HONE_OK)
        s3_failure(x, status, &err);
    else
        answer_begin(x, 204, NULL);
}

/* ---- Joining ---- */

struct part_list {
    struct s3_part *parts;
    size_t n;
    bool out_of_order;
};

static bool part_element(void *context, const char *path, const char *text)
{
    struct part_list *list = context;
    if (text == NULL) {
        if (strcmp(path, "CompleteMultipartUpload/Part") != 0)
            return true;
        return list->n++ < S3_PARTS_MAX;
    }
    if (list->n == 0)
        return true;
    struct s3_part *part = &list->parts[list->n - 1];
    if (strcmp(path, "CompleteMultipartUpload/Part/PartNumber") == 0) {
        int64_t number;
        if (!str_int64(text, strlen(text), &number) || number < 1 || number > S3_PARTS_MAX)
            return false;
        part->number = (int)number;
    } else if (strcmp(path, "CompleteMultipartUpload/Part/ETag") == 0) {
        return s3_etag_read(text, part->etag);
    } else if (strcmp(path, "CompleteMultipartUpload/Part") == 0) {
        if (list->n > 1 && part->number <= part[-1].number)
            list->out_of_order = true;
        return part->number > 0 && part->etag[0] != '\0';
    }
    return true;
}

static void complete(struct exchange *x, const char *id, const struct part_list *list)
{
    hone_error err = {0};
    struct s3_object object = {0};
    hone_status status = s3_upload_complete(x->serve->s3, x->s3->bucket, x->s3->key, id,
                                            list->parts, list->n, &object, &err);
    if (status == HONE_EINVAL) {
        answer_error(x, 400, "InvalidPart",
                     "One or more of the specified parts could not be found: "
                     "%s",
                     err.text);
    } else if (status == HONE_ESTATE) {
        answer_error(x, 400, "EntityTooSmall",
                     "Your proposed upload is smaller than the minimum allowed size: %s", err.text);
    } else if (status != HONE_OK) {
        s3_failure(x, status, &err);
    } else {
        s3_begin_xml(x);
        buf_printf(&x->reply.body, "<CompleteMultipartUploadResult><Bucket>%s</Bucket>",
                   x->s3->bucket);
        xml_element(&x->reply.body, "Key", x->s3->key);
        buf_printf(&x->reply.body, "<ETag>&quot;%s&quot;</ETag></CompleteMultipartUploadResult>",
                   object.etag);
    }
    s3_object_release(&object);
}

void s3_complete_upload(struct exchange *x)
{
    const char *id = upload_id(x);
    if (id == NULL)
        return;
    struct part_list list = {.parts = mem_array(S3_PARTS_MAX + 1, sizeof(struct s3_part))};
    const struct xml_visitor visitor = {&list, part_element};
    if (list.parts == NULL)
        answer_error(x, 500, "InternalError", "out of memory");
    else if (!xml_read(x->body.data, x->body.len, &visitor) || list.n == 0)
        answer_error(x, 400, "MalformedXML", "a list of 1 to %d parts is wanted", S3_PARTS_MAX);
    else if (list.out_of_order)
        answer_error(x, 400, "InvalidPartOrder", "The list of parts was not in ascending order.");
    else
        complete(x, id, &list);
    mem_free(list.parts);
}
