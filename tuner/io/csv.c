/* csv.c: see csv.h. A quote inside a quoted field is doubled; \n and \r\n end a record. */
#include "io/csv.h"

#include <string.h>

void csv_init(struct csv *csv, const char *text, size_t len)
{
    *csv = (struct csv){.at = text, .end = text + len, .line = 1};
    buf_init(&csv->field, CSV_LONGEST_FIELD);
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        csv->at += 3;
}

void csv_release(struct csv *csv)
{
    buf_release(&csv->field);
}

bool csv_next_record(struct csv *csv)
{
    while (csv->at < csv->end && (*csv->at == '\n' || *csv->at == '\r')) {
        csv->line += *csv->at == '\n';
        csv->at++;
    }
    return csv->at < csv->end;
}

/* The part in quotes; csv->at is behind the opening one. */
static hone_status read_quoted(struct csv *csv, hone_error *err)
{
    int64_t line = csv->line;
    for (;; csv->at++) {
        if (csv->at >= csv->end)
            return error_set(err, HONE_EINVAL, "%lld: a quote is not closed", (long long)line);
        if (*csv->at == '"') {
            csv->at++;
            if (csv->at >= csv->end || *csv->at != '"')
                return HONE_OK;
        }
        csv->line += *csv->at == '\n';
        buf_char(&csv->field, *csv->at);
    }
}

hone_status csv_field(struct csv *csv, bool *last_out, hone_error *err)
{
    int64_t line = csv->line;
    bool quoted = csv->at < csv->end && *csv->at == '"';
    buf_clear(&csv->field);
    if (quoted) {
        csv->at++;
        hone_status status = read_quoted(csv, err);
        if (status)
            return status;
    }
    const char *start = csv->at;
    while (csv->at < csv->end && *csv->at != ',' && *csv->at != '\n' && *csv->at != '\r')
        csv->at++;
    if (quoted && csv->at > start)
        return error_set(err, HONE_EINVAL, "%lld: text after a closing quote",
                         (long long)csv->line);
    buf_add(&csv->field, start, (size_t)(csv->at - start));
    if (csv->field.failed)
        return error_set(err, HONE_EINVAL, "%lld: a field is longer than %d bytes", (long long)line,
                         CSV_LONGEST_FIELD);
    *last_out = csv->at >= csv->end || *csv->at != ',';
    if (!*last_out) {
        csv->at++;
        return HONE_OK;
    }
    if (csv->at < csv->end && *csv->at == '\r')
        csv->at++;
    if (csv->at < csv->end && *csv->at == '\n')
        csv->at++;
    csv->line++;
    return HONE_OK;
}

void csv_put(FILE *out, const char *text)
{
    size_t len = strlen(text);
    if (len > 0 && strpbrk(text, ",\"\r\n") == NULL && text[0] != ' ' && text[len - 1] != ' ') {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}
